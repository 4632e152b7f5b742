"""`wf status`, which bare `wf` is: where am I, what else is open, what do I type next?"""

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call
from wfsession.cli.look import sort_sessions
from wfsession.cli.page import Pairs
from wfsession.cli.portrait import (
    encode_checkpoint,
    encode_session,
    list_in_hand,
    tell_checkpoint,
    tell_title,
)
from wfsession.cli.verb import Verb
from wfsession.core.model import Session, Snapshot
from wfsession.core.progress import PHASES
from wfsession.errors import RootNotFound
from wfsession.words import is_serious, join, tell_age, tell_problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_MOST = 5
_SOURCES = {
    "flag": "named by --session",
    "environment": "named by WF_SESSION",
    "binding": "this thread is bound to it",
}


@frozen
class NoProject(Answer):
    """There is no root here: how to begin."""

    def to_data(self) -> "Data":
        """Return the same keys as Status has, with nothing in them."""
        return {
            "root": None,
            "active": None,
            "source": "none",
            "tasks_in_hand": [],
            "checkpoint": None,
            "open": [],
            "problems": [],
            "next": ['wf new "what it is about"'],
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield how to begin."""
        yield "There is no .workflow directory here or above, so there is no session yet."
        yield 'To begin one here: wf new "what it is about"'
        yield "More: wf help"


@frozen
class Status(Answer):
    """The session that is meant here, and what is around it."""

    snapshot: Snapshot
    session: Session | None
    source: str
    in_hand: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[Session, ...]:
        """The other sessions that can be gone on with."""
        return tuple(
            one
            for one in sort_sessions(self.snapshot)
            if one.state in ("active", "paused") and not self._is_this(one)
        )

    def _is_this(self, other: Session) -> bool:
        return self.session is not None and other.path == self.session.path

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """Names, and the ids of what is wrong with them; only what is worth seeing to."""
        of_sessions = [
            (one.name, problem)
            for one in self.snapshot.sessions
            for problem in one.problems
            if is_serious(problem)
        ]
        orphans = [
            (marker.entry, "orphaned-marker")
            for marker in self.snapshot.markers
            if not marker.is_candidate
        ]
        return (*of_sessions, *orphans)

    def list_next(self) -> tuple[str, ...]:
        """Return what one would type next, the likeliest first."""
        session = self.session
        if session is None:
            paused = [one for one in self.open if one.state == "paused"]
            return ("wf resume", "wf switch NAME") if paused else ('wf new "what it is about"',)
        if session.state == "bad":
            return (f"wf show {session.name}",)
        if session.state == "archived":
            return (f"wf reopen {session.name}",)
        if self.in_hand:
            return (f"wf task done {self.in_hand[0]}", 'wf checkpoint -m "…"')
        is_last = session.phase.upper() in (PHASES[-1], "COMPLETE")
        return ("wf complete",) if is_last else ("wf task add ID", "wf phase next")

    def to_data(self) -> "Data":
        """Return root, active and what else there is to know of it."""
        session = self.session
        record = session.record if session else None
        return {
            "root": self.snapshot.root,
            "active": encode_session(session) if session else None,
            "source": self.source,
            "tasks_in_hand": list(self.in_hand),
            "checkpoint": encode_checkpoint(record.checkpoint if record else None),
            "open": [encode_session(one) for one in self.open],
            "problems": [{"name": name, "problem": id_} for name, id_ in self.problems],
            "next": list(self.list_next()),
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the page."""
        session = self.session
        if session is None:
            yield f"No session is active in {self.snapshot.root}"
        else:
            why = _SOURCES.get(self.source, "active")
            yield f"{session.name} ({why if session.state != 'bad' else 'bad'})"
        yield Pairs((*self._tell_session(), *self._tell_others(), *self._tell_next()))

    def _tell_session(self) -> "Iterator[tuple[str, str]]":
        session = self.session
        if session is None:
            return
        if session.state == "bad":
            yield "problem", f"it {session.fault.removeprefix('it ')}"
            return
        if tell_title(session):
            yield "title", session.title
        if session.state in ("completed", "archived"):
            yield "state", session.state
        done = session.record.completed_phases if session.record else ()
        after = f", after {join(done)}" if done else ""
        yield "phase", f"{session.phase or 'none'}{after}"
        counts = session.tasks
        in_hand = f"in hand: {join(self.in_hand, _MOST)}" if self.in_hand else "none in hand"
        yield (
            "tasks",
            f"{counts.done} of {counts.total} done, {in_hand}" if counts.total else "none",
        )
        yield "checkpoint", tell_checkpoint(session.record, self.snapshot.taken_at)

    def _tell_others(self) -> "Iterator[tuple[str, str]]":
        label = "also open" if self.session else "open"
        for one in self.open[:_MOST]:
            age = tell_age(one.updated, self.snapshot.taken_at)
            marked = "the marked one, " if one.state == "active" else ""
            yield label, f"{one.name} ({marked}{age})"
            label = ""
        if len(self.open) > _MOST:
            yield "", f"and {len(self.open) - _MOST} more: wf list"
        label = "problems"
        for name, problem in self.problems[:_MOST]:
            if not (self.session and name == self.session.name and self.session.state == "bad"):
                yield label, f"{name}: {_tell_problem(name, problem)}"
                label = ""

    def _tell_next(self) -> "Iterator[tuple[str, str]]":
        label = "next"
        for command in self.list_next():
            yield label, command
            label = ""


def _tell_problem(name: str, problem: str) -> str:
    if name.startswith("."):
        return "this marker names no session in the root"
    return tell_problem(problem)


def status(call: Call) -> Answer:
    """Tell where one is."""
    try:
        workspace = call.workspace
    except RootNotFound:
        if call.is_pinned:
            raise
        return NoProject()
    found = call.look()
    session = workspace.get(found.session) if found.session is not None else None
    snapshot = workspace.snapshot(archived=False)
    in_hand = list_in_hand(session) if session else ()
    return Status(snapshot, session, found.source, in_hand, tuple(call.notes))


VERBS = {
    "status": Verb(
        "status",
        "tell where you are, what else is open, what to type next",
        """\
The active session with its phase, its tasks in hand and the last checkpoint; the
sessions that can be gone on with; and what is wrong, if anything is. The same as
`wf` alone.

  wf""",
        "",
        status,
        takes_session=True,
    )
}
