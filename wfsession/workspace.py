"""Workspace, the object that users hold: a root, and the operations on its sessions.

No logic of its own: each method finds out which session is meant, calls `core`, tells the
listeners and returns what was asked. Never prints.
"""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from wfsession.core import choose, creation, lifecycle, locate, progress
from wfsession.core.first_write import after_bringing_over, has_registry
from wfsession.core.locate import Environment
from wfsession.core.model import Event, Finding, LogEntry, Session, Snapshot
from wfsession.core.operation import DEFAULT_TIMEOUT_S
from wfsession.core.snapshot import Watch, read_session_now, read_snapshot
from wfsession.errors import (
    NoActiveSession,
    SessionNotFound,
    WfError,
    as_wf_error,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from wfsession.core.boxes import Box
    from wfsession.core.migrate import Migration
    from wfsession.core.model import Binding
    from wfsession.core.repair import Report
    from wfsession.core.selfheal import Arrival
    from wfsession.core.unboxing import Emptied, Restored
    from wfsession.threads.bindings import Thread

Listener = Callable[[Event], object]


class Workspace:
    """The sessions of one root. Holds no state of the disk: every call reads it anew.

    Threads may share one. Where a method takes `name=None`, the session is the one that
    WF_SESSION, the thread's binding or the marker give, in this order.
    """

    def __init__(
        self, root: str, environment: Environment, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        self.root = root
        self.timeout_s = timeout_s
        self._environment = environment
        self._listeners: list[Listener] = []
        self._is_stuck = False

    def __repr__(self) -> str:
        return f"Workspace({self.root!r})"

    def listen(self, listener: Listener) -> None:
        """Call a function with the Event of each operation, once that is done.

        One that raises is reported by `logging` (logger `wfsession`); nothing is undone.
        """
        self._listeners.append(listener)

    def _tell(self, event: Event) -> Session:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                import logging

                logging.getLogger("wfsession").exception("a listener failed on %r", event.kind)
        return event.session

    def _follow(self, event: Event, dry_run: bool) -> Event:
        """Bind the thread that asked to the session that it made active."""
        if not self._environment.thread:
            return event
        from wfsession.core.binding import follow

        return follow(self.root, event, self._environment.thread, self.timeout_s, dry_run)

    def resolve(self, name: str | None = None) -> locate.Resolution:
        """Find out which session is meant, and why; see `wf current --json`.

        Raises:
            SessionNotFound: `name` or WF_SESSION names no session.
        """
        with locate.open_root(self.root) as root:
            try:
                return locate.resolve(root, name, self._environment)
            except OSError as error:
                raise as_wf_error(self.root, error) from None

    def _name(self, name: str | None) -> str:
        if name is not None:
            return name
        session = self.resolve().session
        if session is None:
            raise NoActiveSession(self.root)
        return session

    def snapshot(self, archived: bool = True, watch: Watch | None = None) -> Snapshot:
        """Read the whole root once, sessions and markers; see `core.snapshot.read_snapshot`."""
        return read_snapshot(self.root, archived, watch)

    def sessions(self, archived: bool = False) -> tuple[Session, ...]:
        """Return the sessions in the root, by name; with the archived ones behind if asked."""
        return self.snapshot(archived).sessions

    def active(self) -> Session | None:
        """Return the session that is meant where none is named, or None."""
        name = self.resolve().session
        return self.get(name) if name is not None else None

    def get(self, name: str) -> Session:
        """Return a session, archived ones and former names included.

        Raises:
            SessionNotFound: there is none of that name.
        """
        with locate.open_root(self.root) as root:
            try:
                place = locate.find_session(root, name)
                session = read_session_now(root, place)
            except OSError as error:
                raise as_wf_error(self.root, error) from None
        if session is None:
            raise SessionNotFound(name, self.root)
        return session

    def previous(self) -> Session | None:
        """Return the paused session that was active last, or None."""
        return choose.find_previous(self.snapshot(archived=False))

    @after_bringing_over
    def create(
        self,
        title: str,
        *,
        name: str | None = None,
        type: Literal["simple", "medium", "complex"] = "medium",
        switch: bool = True,
        adopt: str | os.PathLike[str] | None = None,
        dry_run: bool = False,
    ) -> Session:
        """Create a session; see `core.creation.create`."""
        event = creation.create(
            self.root,
            title,
            name=name,
            kind=type,
            switch=switch,
            adopt=os.fspath(adopt) if adopt is not None else None,
            timeout_s=self.timeout_s,
            dry_run=dry_run,
        )
        return self._tell(self._follow(event, dry_run) if switch else event)

    @after_bringing_over
    def switch(self, name: str, *, dry_run: bool = False) -> Session:
        """Make a session the active one; see `core.lifecycle.switch`."""
        event = lifecycle.switch(self.root, name, timeout_s=self.timeout_s, dry_run=dry_run)
        return self._tell(self._follow(event, dry_run))

    @after_bringing_over
    def pause(self, name: str | None = None, *, dry_run: bool = False) -> Session:
        """Put a session aside; see `core.lifecycle.pause`."""
        name = self._name(name)
        event = lifecycle.pause(self.root, name, timeout_s=self.timeout_s, dry_run=dry_run)
        return self._tell(event)

    @after_bringing_over
    def resume(self, name: str | None = None, *, dry_run: bool = False) -> Session:
        """Take a paused session up again: the active one, else the last that was, if None.

        The session that is returned has the last checkpoint and the tasks in hand.

        Raises:
            NoActiveSession: `name` is None and no session is paused.
        """
        if name is None:
            name = self.resolve().session
        if name is None:
            previous = self.previous()
            if previous is None:
                raise NoActiveSession(self.root)
            name = previous.name
        event = lifecycle.resume(self.root, name, timeout_s=self.timeout_s, dry_run=dry_run)
        return self._tell(self._follow(event, dry_run))

    @after_bringing_over
    def complete(
        self,
        name: str | None = None,
        *,
        archive: bool = False,
        unfinished: Literal["refuse", "allow"] = "refuse",
        dry_run: bool = False,
    ) -> Session:
        """End a session; see `core.lifecycle.complete`."""
        event = lifecycle.complete(
            self.root,
            self._name(name),
            archive=archive,
            unfinished=unfinished,
            timeout_s=self.timeout_s,
            dry_run=dry_run,
        )
        return self._tell(event)

    @after_bringing_over
    def archive(self, name: str, *, dry_run: bool = False) -> Session:
        """Move a completed session to `completed/`; see `core.lifecycle.archive`."""
        event = lifecycle.archive(self.root, name, timeout_s=self.timeout_s, dry_run=dry_run)
        return self._tell(event)

    @after_bringing_over
    def reopen(self, name: str, *, dry_run: bool = False) -> Session:
        """Take a completed or archived session up again; see `core.lifecycle.reopen`."""
        event = lifecycle.reopen(self.root, name, timeout_s=self.timeout_s, dry_run=dry_run)
        return self._tell(self._follow(event, dry_run))

    @after_bringing_over
    def rename(self, name: str, new_name: str, *, dry_run: bool = False) -> Session:
        """Give a session another name; see `core.lifecycle.rename`."""
        event = lifecycle.rename(
            self.root, name, new_name, timeout_s=self.timeout_s, dry_run=dry_run
        )
        return self._tell(event)

    @after_bringing_over
    def set_phase(
        self,
        phase: str,
        name: str | None = None,
        *,
        artifacts: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> Session:
        """Move a session to a phase; see `core.progress.set_phase`."""
        event = progress.set_phase(
            self.root,
            self._name(name),
            phase,
            artifacts=artifacts,
            timeout_s=self.timeout_s,
            dry_run=dry_run,
        )
        return self._tell(event)

    @after_bringing_over
    def next_phase(
        self,
        name: str | None = None,
        *,
        artifacts: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> Session:
        """Move a session to its next phase; see `core.progress.next_phase`."""
        event = progress.next_phase(
            self.root,
            self._name(name),
            artifacts=artifacts,
            timeout_s=self.timeout_s,
            dry_run=dry_run,
        )
        return self._tell(event)

    @after_bringing_over
    def checkpoint(
        self,
        name: str | None = None,
        *,
        note: str = "",
        artifacts: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> Session:
        """Keep the state of the work; see `core.progress.checkpoint`."""
        event = progress.checkpoint(
            self.root,
            self._name(name),
            note=note,
            artifacts=artifacts,
            timeout_s=self.timeout_s,
            dry_run=dry_run,
        )
        return self._tell(event)

    @after_bringing_over
    def add_task(self, task: str, name: str | None = None, *, dry_run: bool = False) -> Session:
        """Take a task in hand; see `core.progress.add_task`."""
        name = self._name(name)
        event = progress.add_task(self.root, name, task, timeout_s=self.timeout_s, dry_run=dry_run)
        return self._tell(event)

    @after_bringing_over
    def finish_task(self, task: str, name: str | None = None, *, dry_run: bool = False) -> Session:
        """Put a task out of hand; see `core.progress.finish_task`."""
        name = self._name(name)
        event = progress.finish_task(
            self.root, name, task, timeout_s=self.timeout_s, dry_run=dry_run
        )
        return self._tell(event)

    @after_bringing_over
    def update(self, name: str, changes: Mapping[str, Any], *, dry_run: bool = False) -> Session:
        """Change fields of a record; see `core.progress.update`."""
        event = progress.update(self.root, name, changes, timeout_s=self.timeout_s, dry_run=dry_run)
        return self._tell(event)

    @after_bringing_over
    def bind(
        self, name: str | None = None, *, thread: str | None = None, dry_run: bool = False
    ) -> "Binding":
        """Bind a thread, the one of WF_THREAD if None, to a session; see `core.binding.bind`."""
        from wfsession.threads.bindings import bind_thread

        name = self._name(name)
        return bind_thread(self.root, thread, name, self._environment, self.timeout_s, dry_run)

    @after_bringing_over
    def unbind(self, thread: str | None = None, *, dry_run: bool = False) -> "Binding":
        """Let a thread follow the marker; see `core.binding.unbind`."""
        from wfsession.core.binding import unbind

        thread = self._environment.thread if thread is None else thread
        return unbind(self.root, thread, timeout_s=self.timeout_s, dry_run=dry_run)

    def threads(self, archived: bool = False) -> "tuple[Thread, ...]":
        """Return the threads that the root knows; see `threads.bindings.list_threads`."""
        from wfsession.threads.bindings import list_threads

        return list_threads(self.root, archived)

    @after_bringing_over
    def label_thread(self, thread: str, label: str, *, dry_run: bool = False) -> "Binding":
        """Give a thread a label; see `threads.bindings.label_thread`."""
        from wfsession.threads.bindings import label_thread

        return label_thread(self.root, thread, label, timeout_s=self.timeout_s, dry_run=dry_run)

    @after_bringing_over
    def close_thread(self, thread: str, *, dry_run: bool = False) -> "Binding":
        """Put down that a thread has ended; see `threads.bindings.close_thread`."""
        from wfsession.threads.bindings import close_thread

        return close_thread(self.root, thread, timeout_s=self.timeout_s, dry_run=dry_run)

    def undo(self, *, dry_run: bool = False) -> Event:
        """Take back the last operation, and return the event of that; see `core.undo.undo`."""
        from wfsession.core.undo import undo

        event = undo(self.root, timeout_s=self.timeout_s, dry_run=dry_run)
        event = self._follow(event, dry_run)
        self._tell(event)
        return event

    def log(self, session: str | None = None) -> tuple[LogEntry, ...]:
        """Return what was done in the root, the oldest first; see `core.undo.read_log`."""
        from wfsession.core.undo import read_log

        return read_log(self.root, session)

    def arrive(self, name: str | None = None) -> "Arrival":
        """Find the session that a command is to work in, and heal what needs no judgement.

        Raises:
            SessionNotFound: `name` or WF_SESSION names no session.
        """
        from wfsession.core.selfheal import arrive

        return arrive(self.root, name, self._environment)

    def migrate(self, *, active: str | None = None, dry_run: bool = False) -> "Migration":
        """Bring over what there is of older layouts; see `core.migrate.migrate`."""
        from wfsession.core.migrate import migrate

        return migrate(self.root, active=active, timeout_s=self.timeout_s, dry_run=dry_run)

    def bring_over(self) -> "Migration | None":
        """Migrate a root that holds a registry of the older kind, as its first write does.

        Returns:
            What was done; None where there is no registry, or it could not be brought over
            before: that is not tried again.
        """
        if self._is_stuck or not has_registry(self.root):
            return None
        try:
            return self.migrate()
        except WfError:
            self._is_stuck = True
            raise

    def diagnose(self) -> tuple[Finding, ...]:
        """Return what is wrong with the root, the gravest first; see `core.doctor`."""
        from wfsession.core.doctor import diagnose
        from wfsession.core.survey import read_survey

        return diagnose(read_survey(self.root))

    def heal(self, *, dry_run: bool = False) -> "Report":
        """Put the root right, as far as that needs no judgement; see `core.repair.heal`."""
        from wfsession.core.repair import heal

        return heal(self.root, timeout_s=self.timeout_s, dry_run=dry_run)

    def attic(self) -> "tuple[Box, ...]":
        """Return what was set aside, the newest first; see `core.boxes`."""
        from wfsession.core.boxes import list_boxes

        return list_boxes(self.root)

    def restore(self, name: str, *, dry_run: bool = False) -> "Restored":
        """Bring what was set aside back to where it was; see `core.unboxing.restore`."""
        from wfsession.core.unboxing import restore

        return restore(self.root, name, timeout_s=self.timeout_s, dry_run=dry_run)

    def empty_attic(
        self, names: "Collection[str] | None" = None, *, apply: bool = False
    ) -> "Emptied":
        """Delete what was set aside, all of it if `names` is None; see `core.unboxing.empty`."""
        from wfsession.core.unboxing import empty

        return empty(self.root, names, apply=apply, timeout_s=self.timeout_s)


def open_workspace(path: str | os.PathLike[str] | None = None) -> Workspace:
    """Open the root that belongs to a path (the current directory if None); creates nothing.

    Raises:
        RootNotFound: there is none at or above it.
        UnsafePath: `.workflow` is a file or a symlink there.
    """
    environment = locate.read_environment()
    start = os.fspath(path) if path is not None else None
    return Workspace(locate.find_root(start, environment.root), environment)


def init_workspace(path: str | os.PathLike[str] = ".") -> Workspace:
    """Make a project's root, and open it; one that is there is only opened.

    Raises:
        UnsafePath, DiskFailed: it cannot be made.
    """
    root, _ = creation.create_root(os.fspath(path))
    return Workspace(root, locate.read_environment())
