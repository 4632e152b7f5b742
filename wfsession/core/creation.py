"""Create a session: staged where nobody looks, then put in its place by one rename.

Gives an Event. Source: protocol.md, 1 and 5.
"""

import errno
import os
from collections.abc import Mapping
from typing import Any

from wfsession.core import layout
from wfsession.core.activation import activate_placed, remove_orphans
from wfsession.core.disk import Folder
from wfsession.core.edits import become_paused
from wfsession.core.locate import Place, place_of_winner
from wfsession.core.markers import Listing
from wfsession.core.model import Event, Record, Session, TaskCounts
from wfsession.core.names import check_name, encode_marker, fold, make_slug, nfc, number_name
from wfsession.core.operation import (
    DEFAULT_TIMEOUT_S,
    Moved,
    Operation,
    run,
)
from wfsession.core.private import make_private
from wfsession.core.records import TYPES, encode_new_record, read_former_names
from wfsession.core.times import make_stamp
from wfsession.errors import CannotMove, InvalidValue, NameCollision, UnsafePath, as_wf_error


def create(
    root_path: str,
    title: str,
    *,
    name: str | None = None,
    kind: str = "medium",
    switch: bool = True,
    adopt: str | None = None,
    more: Mapping[str, Any] | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Create a session.

    Args:
        root_path: the root.
        title: what the work is about; any text that is not blank.
        name: the session's name; made from the title, and numbered where taken, if None.
        kind: simple|medium|complex.
        switch: whether it becomes the active session.
        adopt: a directory that becomes the session's, instead of an empty one.
        more: keys of the caller's own that its record has from the start.
        timeout_s: how long to wait for the lock, in seconds.
        dry_run: whether only to tell the steps.

    Raises:
        InvalidName, InvalidValue: the name, title or kind cannot be used.
        NameCollision: the name was given, and is taken or was.
        CannotMove, UnsafePath: `adopt` cannot become a session's directory.

    On crash: nothing but staging; or the session, paused; or the session, active.
    """
    check_new(title, kind, name)

    def body(operation: Operation) -> Event:
        listing = Listing(operation.root)
        place = Place(_choose_name(operation, listing, title, name), "root")
        previous = place_of_winner(listing) if switch else None
        status = "active" if switch else "paused"
        data = encode_new_record(place.name, title, kind, operation.moment, status, more)
        with Stage(operation, data, adopt) as stage:
            leaving = operation.prepare_leaving(previous, become_paused(operation.moment))
            after = place.name if switch else listing.active
            operation.announce(
                "created", place.name, (listing.active, after), (("", place.dirname),)
            )
            operation.begin()
            remove_orphans(operation, listing, place.name)
            stage.move_to(place, numbered=name is None)
        previous_name = previous.name if previous else None
        if operation.dry_run:
            if switch:
                operation.note_step("activate", encode_marker(place.dirname))
            return _foretell(operation, place, title, kind, previous_name)
        if switch:
            activate_placed(operation, place)
            operation.publish(leaving)
        operation.sync()
        return operation.finish("created", place, previous_name)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def check_new(title: str, kind: str, name: str | None) -> None:
    """Accept what a new session is to be called and of what kind it is, before anything is done.

    Raises:
        InvalidName, InvalidValue: one of them cannot be used; see `create`.
    """
    if not title.strip():
        raise InvalidValue("title", title, "it is empty", 'wf new "OAuth integration"')
    if kind not in TYPES:
        raise InvalidValue("type", kind, f"{kind!r} is none of {', '.join(TYPES)}")
    if name is not None:
        check_name(name)


def create_root(project: str) -> tuple[str, bool]:
    """Make the root of a project: `.workflow` in its directory, with `.wf` and `.gitignore`.

    Args:
        project: an existing directory, in any form of path.

    Returns:
        The absolute path of the root, and whether it is new.

    Raises:
        UnsafePath: `.workflow` is a file or a symlink, or `project` is no directory.
        DiskFailed: the system refuses.

    On crash: a root without `.wf`, which the next write makes.
    """
    try:
        with Folder.open(os.path.realpath(project)) as folder:
            is_new = folder.make_if_missing(layout.ROOT)
            with folder.child(layout.ROOT) as root:
                make_private(root)
                return root.path, is_new
    except OSError as error:
        raise as_wf_error(os.path.abspath(project), error) from None


class Stage:
    """A session's directory before it has its place: a new one in `.wf/tmp`, or an adopted one."""

    def __init__(self, operation: Operation, data: bytes, adopt: str | None) -> None:
        self._operation = operation
        self._data = data
        self._adopt = adopt
        self._parent: Folder | None = None
        self._name = ""
        self._made = False
        self._written = False

    def __enter__(self) -> "Stage":
        try:
            if self._adopt is not None:
                self._open_adopted(self._adopt)
                self._fill()
            elif not self._operation.dry_run:
                self._make()
        except (OSError, Moved):
            self.__exit__()
            raise
        return self

    def _make(self) -> None:
        try:
            self._name = self._operation.make_name("session")
            self._parent = self._operation.staging()
            self._parent.make(self._name)
            self._made = True
            self._fill()
        except FileNotFoundError:
            # `.wf` went away in between.
            raise Moved from None

    def _fill(self) -> None:
        if self._parent is not None and not self._operation.dry_run:
            with self._parent.child(self._name) as folder:
                folder.create(layout.RECORD, self._data)
                self._written = True
                folder.sync()

    def _open_adopted(self, path: str) -> None:
        absolute = os.path.abspath(path)
        root = self._operation.root.path
        if f"{root}{os.sep}".startswith(f"{absolute.rstrip(os.sep)}{os.sep}"):
            raise UnsafePath(path, "holds the root, so it cannot become a session in it")
        parent, self._name = os.path.split(absolute)
        if os.path.relpath(absolute, root) in layout.OWN:
            raise UnsafePath(path, "belongs to the root, so it cannot become a session in it")
        self._parent = Folder.open(os.path.realpath(parent))
        with self._parent.child(self._name) as folder:
            if folder.find(layout.RECORD) is not None:
                raise UnsafePath(path, "is a session already", f"mv {path} {root}/")

    def move_to(self, place: Place, numbered: bool) -> None:
        """Give it its place, whose parent is there; durable afterwards.

        Raises:
            Moved: the name was taken meanwhile, and another number will do.
            NameCollision: it was taken meanwhile, and no other will do.
        """
        operation = self._operation
        source = self._adopt or f"{layout.PRIVATE}/{layout.STAGING}"
        target = os.path.relpath(place.path_in(operation.root.path), operation.root.path)
        operation.note_step("create" if self._adopt is None else "move", source, target)
        if self._parent is None or operation.dry_run:
            return
        into = operation.completed() if place.location == layout.COMPLETED else operation.root
        try:
            move_directory(self._parent, self._name, place.dirname, into)
        except NameCollision:
            if numbered:
                raise Moved from None
            raise
        except FileNotFoundError:
            # `.wf` went away in between, or what was adopted; the next reading tells.
            raise Moved from None
        self._made = self._written = False

    def __exit__(self, *_: object) -> None:
        if self._parent is None:
            return
        self._take_back(self._parent)
        if self._adopt is not None:
            self._parent.close()

    def _take_back(self, parent: Folder) -> None:
        try:
            if self._written:
                with parent.child(self._name) as folder:
                    folder.unlink(layout.RECORD)
            if self._made:
                parent.remove(self._name)
        except OSError:
            pass  # what is left in `.wf/tmp` is the doctor's


def move_directory(source: Folder, name: str, new_name: str, target: Folder) -> None:
    """Move a directory to where its name must be free, and sync both sides (protocol.md, 5).

    Raises:
        NameCollision: something has that name, be it an empty directory.
        CannotMove: the target is on another device; nothing is copied.
    """
    try:
        source.move(name, new_name, target)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise NameCollision(new_name, target.join(new_name)) from None
        if error.errno == errno.EXDEV:
            reason = "they are on different devices"
            raise CannotMove(source.join(name), target.join(new_name), reason) from None
        raise
    target.sync()
    if source is not target:
        source.sync()


def check_free(operation: Operation, listing: Listing, name: str, but: str = "") -> None:
    """Accept a name that nothing has or had.

    Args:
        operation: what runs.
        listing: the root as it is.
        name: the name.
        but: a session that may have it, in another spelling; empty for none.

    Raises:
        NameCollision: it is taken, in any spelling, or a session was renamed from it.
    """
    if fold(name) in _list_taken(operation, listing) - ({fold(but)} if but else set()):
        raise NameCollision(name, operation.root.join(name))
    if fold(name) in _list_former(operation, listing, but):
        raise NameCollision(name, operation.root.path, "a session was renamed from it")


def _choose_name(operation: Operation, listing: Listing, title: str, name: str | None) -> str:
    if name is not None:
        check_free(operation, listing, name)
        return name
    slug = make_slug(title, make_stamp(operation.moment))
    taken = _list_taken(operation, listing) | _list_former(operation, listing)
    number = 1
    while fold(number_name(slug, number)) in taken:
        number += 1
    return number_name(slug, number)


def _list_archived(operation: Operation) -> list[str]:
    try:
        return operation.completed().list_names()
    except (FileNotFoundError, UnsafePath):
        # Nothing archived, or a `completed` that is no real directory.
        return []


def _list_taken(operation: Operation, listing: Listing) -> set[str]:
    return {fold(entry) for entry in (*listing.names, *_list_archived(operation))}


def _list_former(operation: Operation, listing: Listing, but: str = "") -> set[str]:
    """Return, folded, the names that sessions had before they were renamed; `but` keeps its own."""
    places = [(operation.root, entry) for entry in listing.names if nfc(entry) != but]
    archived = _list_archived(operation)
    if archived:
        places += [(operation.completed(), entry) for entry in archived]
    return {
        fold(former)
        for folder, entry in places
        if not entry.startswith(".")
        for former in read_former_names(folder, entry)
    }


def _foretell(
    operation: Operation, place: Place, title: str, kind: str, previous: str | None
) -> Event:
    """Return the event of a dry run: the session as it would be."""
    session = Session(
        name=place.name,
        dirname=place.dirname,
        path=operation.root.join(place.dirname),
        location="root",
        state="active" if any(step.verb == "activate" for step in operation.steps) else "paused",
        title=title,
        type=kind,
        phase="PLAN",
        tasks=TaskCounts(),
        threads=0,
        created=operation.moment,
        updated=operation.moment,
        record=Record(session_id=place.name, title=title, type=kind, phase="PLAN"),
        record_mtime_ns=0,
    )
    steps = tuple(operation.steps)
    return Event("created", session, previous, operation.moment, steps=steps)
