"""Taking back the last operation, by the journal; and telling what was done.

The inverse of an operation is made of keys with the values that they are expected to have, and
of directories with the places where they are expected: where the root has moved on since,
nothing is done. Undoing is an operation itself, so undoing it brings back what it took.
Source: protocol.md, 7.
"""

from collections.abc import Iterator

from wfsession.core import layout
from wfsession.core.activation import (
    activate,
    activate_placed,
    deactivate,
    remove_marker_of,
    remove_orphans,
)
from wfsession.core.attic import ITEM, discard, open_parent
from wfsession.core.creation import move_directory
from wfsession.core.disk import Folder
from wfsession.core.edits import keep_former_name
from wfsession.core.journal import read_journal
from wfsession.core.lifecycle import move_to_completed, rename_directory
from wfsession.core.locate import Place, find_place, find_renamed, open_root
from wfsession.core.markers import Listing
from wfsession.core.model import ABSENT, Change, Event, Fault, LogEntry, Record, Session
from wfsession.core.names import nfc
from wfsession.core.operation import DEFAULT_TIMEOUT_S, Operation, Prepared, run
from wfsession.core.recording import read_holds
from wfsession.core.records import Assignments, Edit, read_former_names, read_record
from wfsession.core.snapshot import read_entry
from wfsession.core.splice import REMOVED
from wfsession.core.values import find_in, is_same
from wfsession.errors import CannotUndo, SessionNotFound, UnsafePath, as_wf_error

_WORDS = {
    "created": "the creation of",
    "switched": "the switch to",
    "paused": "the pausing of",
    "resumed": "the resuming of",
    "completed": "the completion of",
    "archived": "the archiving of",
    "reopened": "the reopening of",
    "renamed": "the renaming to",
    "changed": "the change of",
}


def tell_entry(entry: LogEntry, entries: tuple[LogEntry, ...]) -> str:
    """Return an operation as a phrase, "the switch to WFS-b"; `entries` are all of the journal."""
    by_id = {one.id: one for one in entries}
    first, is_undoing = entry, False
    while first.op == "undone" and first.undoes in by_id:
        first, is_undoing = by_id[first.undoes], not is_undoing
    phrase = f"{_WORDS.get(first.op, 'what was done about')} {first.session}"
    return f"the undoing of {phrase}" if is_undoing else phrase


def read_log(root_path: str, session: str | None = None) -> tuple[LogEntry, ...]:
    """Return what was done in a root, as far as its journal goes back, the oldest first.

    Args:
        root_path: the root.
        session: only what it had to do with, under its former names too; all if None.

    Raises:
        SessionNotFound: neither the root nor the journal knows such a session.
        RootNotFound, UnsafePath, DiskFailed: the root or its journal cannot be read.
    """
    with open_root(root_path) as root:
        try:
            entries = read_journal(root)
            if session is None:
                return entries
            known = _list_names(root, session)
        except OSError as error:
            raise as_wf_error(root_path, error) from None
    names = {nfc(session), *known}
    found = tuple(entry for entry in entries if names & set(_list_concerned(entry)))
    if not found and not known:
        raise SessionNotFound(session, root_path)
    return found


def _list_names(root: Folder, name: str) -> tuple[str, ...]:
    """Return a session's name and the names that it had; none where there is no such session."""
    place = find_place(root, name) or find_renamed(root, name)
    if place is None:
        return ()
    with open_parent(root, place.directory) as folder:
        return place.name, *read_former_names(folder, place.dirname)


def _list_concerned(entry: LogEntry) -> Iterator[str]:
    yield entry.session
    yield from (name for name in entry.active if name)
    for source, target in entry.moves:
        yield from (nfc(_last(source)), nfc(_last(target)))
    yield from (nfc(_last(change.directory)) for change in entry.changes)


def undo(root_path: str, *, timeout_s: float = DEFAULT_TIMEOUT_S, dry_run: bool = False) -> Event:
    """Take back the last operation on sessions: undo again, and it is back.

    What was created goes to the attic, as long as nothing was added to it. Repairs and
    migrations are no operations in this sense; what they set aside is in the attic.

    Returns:
        The event; `undone` is the entry of what was taken back.

    Raises:
        CannotUndo: there is nothing to take back, or the root has moved on since, or the last
            operation was cut short and the doctor has not seen to it; nothing was done.

    On crash: as the inverse operation's: a switch's, a move's, an edit's. The journal has it as
    unfinished.
    """

    def body(operation: Operation) -> Event:
        return _Undoing(operation, read_journal(operation.root)).carry_out()

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def _find_last(entries: tuple[LogEntry, ...], root_path: str) -> LogEntry:
    for entry in entries[::-1]:
        what = tell_entry(entry, entries)
        if entry.state == "unfinished":
            reason = "it was cut short, and may have left something behind"
            raise CannotUndo(what, reason, "wf doctor --fix")
        if entry.state == "done":
            if not entry.is_whole:
                raise CannotUndo(what, "its changes were too large to be kept")
            return entry
    raise CannotUndo("", f"nothing is known to have been done in {root_path}")


def _as_place(directory: str) -> Place:
    parent, _, dirname = directory.rpartition("/")
    return Place(dirname, layout.COMPLETED if parent else "root")


def _is_in_attic(path: str) -> bool:
    return path.startswith(f"{layout.ATTIC}/")


class _Undoing:
    """The inverse of one operation, in a root whose lock is held."""

    def __init__(self, operation: Operation, entries: tuple[LogEntry, ...]) -> None:
        self._operation = operation
        self._root = operation.root
        self._entry = entry = _find_last(entries, operation.root.path)
        self._what = tell_entry(entry, entries)
        self._listing = Listing(operation.root)
        # Where a directory was before the operation, and where it is since.
        self._to, self._at = entry.moves[0] if entry.moves else ("", "")
        self._kept = ""
        self._prepared: list[Prepared | None] = []

    def carry_out(self) -> Event:
        """Check, prepare, commit, publish, and tell; see `undo`."""
        operation, entry = self._operation, self._entry
        self._require_marker()
        if self._at:
            self._require_directory()
        for directory, changes in _group(entry.changes).items():
            self._prepare(directory, changes)
        place = self._find_place()
        as_it_was = self._read_before(place)
        active = (self._listing.active, self._listing.active)
        if self._moves_marker:
            active = entry.active[1], entry.active[0]
        moves = ((self._at, self._to or layout.ATTIC),) if self._at else ()
        operation.announce("undone", place.name, active, moves, undoes=entry.id)
        self._commit(place)
        operation.publish(*self._prepared)
        operation.sync(self._root)
        session = as_it_was if self._goes_away or operation.dry_run else None
        if session and self._kept:
            session = session._replace(path=self._root.join(self._kept))
        return operation.finish("undone", place, active[0], session=session)._replace(undone=entry)

    @property
    def _moves_marker(self) -> bool:
        return self._entry.active[0] != self._entry.active[1]

    @property
    def _goes_away(self) -> bool:
        """Whether the session was made by the operation, or brought in from the attic."""
        return bool(self._at) and (not self._to or _is_in_attic(self._to))

    @property
    def _is_renaming(self) -> bool:
        """Whether the session gets another name: its directory stays in the root."""
        return bool(self._to) and "/" not in self._at + self._to

    def _refuse(self, reason: str) -> CannotUndo:
        return CannotUndo(self._what, reason)

    def _find_place(self) -> Place:
        """Return where the session is afterwards; where it was, if it goes away."""
        if not self._at:
            return self._find(self._entry.session)
        return _as_place(self._at if self._goes_away else self._to)

    def _find(self, name: str) -> Place:
        place = find_place(self._root, name)
        if place is None:
            raise self._refuse(f"{name} is gone")
        return place

    def _require_marker(self) -> None:
        """Refuse where the marker is not where the operation left it, or cannot go back."""
        before, after = self._entry.active
        if before == after:
            return
        active = self._listing.active
        if active != after:
            reason = f"{active or 'no session'} is active now, and {after or 'none'} was after it"
            raise self._refuse(reason)
        is_brought_back = before == _as_place(self._to).name
        if before and not is_brought_back and self._find(before).location != "root":
            raise self._refuse(f"{before}, which was active before it, is archived now")

    def _require_directory(self) -> None:
        """Refuse where the directory is not as the operation left it, or cannot go back."""
        try:
            with (
                open_parent(self._root, self._at) as parent,
                parent.child(_last(self._at)) as folder,
            ):
                holds = read_holds(folder)
        except (FileNotFoundError, UnsafePath):
            raise self._refuse(f"{self._at} is not there any more") from None
        if self._entry.holds and holds != self._entry.holds:
            raise self._refuse(f"something in {self._at} was added or changed since")
        if not self._goes_away and self._is_taken(self._to):
            raise self._refuse(f"there is another {self._to} now")

    def _is_taken(self, path: str) -> bool:
        try:
            with open_parent(self._root, path) as parent:
                return parent.find(_last(path)) is not None
        except FileNotFoundError:
            return False

    def _prepare(self, directory: str, changes: list[Change]) -> None:
        """Prepare the record with the values that it had, if it has those that were left."""
        place = _as_place(directory)
        try:
            _, record = read_record(self._operation.session(place))
        except (SessionNotFound, FileNotFoundError):
            raise self._refuse(f"{directory} is not there any more") from None
        if isinstance(record, Fault):
            raise self._refuse(f"the record of {place.name} cannot be used: {record.reason}")
        for change in changes:
            if not is_same(find_in(record.data, change.path), change.after):
                key = ".".join(change.path)
                raise self._refuse(f"{key} of {place.name} was changed since")
        names = (place.name, _as_place(self._to).name) if self._is_renaming else None
        self._prepared.append(self._operation.prepare(place, _make_inverse(changes, names)))

    def _read_before(self, place: Place) -> Session:
        """Read the session while it is where the operation left it."""
        if not _is_in_attic(self._at):
            return self._operation.read(_as_place(self._at) if self._at else place, self._listing)
        with open_parent(self._root, self._at) as box:
            session = read_entry(box, Place(_last(self._at), "root"), self._listing, is_named=True)
        if session is None:
            raise self._refuse(f"{self._at} is not there any more")
        path = place.path_in(self._root.path)
        return session._replace(name=place.name, dirname=place.dirname, path=path, problems=())

    def _commit(self, place: Place) -> None:
        if not self._at:
            self._move_marker()
        elif _is_in_attic(self._at) or self._at.startswith(f"{layout.COMPLETED}/"):
            self._bring_in(place)
        elif self._is_renaming:
            self._rename(place)
        else:
            self._take_out(place)

    def _move_marker(self) -> None:
        before, after = self._entry.active
        if before == after:
            self._operation.begin()
        elif before is None:
            deactivate(self._operation, self._listing)
        else:
            activate(self._operation, self._listing, self._find(before))

    def _bring_in(self, place: Place) -> None:
        """Move a directory into the root, then its marker."""
        operation = self._operation
        operation.begin()
        remove_orphans(operation, self._listing, place.name)
        operation.note_step("move", self._at, place.directory)
        if not operation.dry_run:
            with open_parent(self._root, self._at) as parent:
                move_directory(parent, _last(self._at), place.dirname, self._root)
            if _is_in_attic(self._at):
                discard(self._root, self._at)
        self._follow(place)
        if self._moves_marker:
            activate_placed(operation, place)

    def _take_out(self, place: Place) -> None:
        """Move the marker, then a directory out of the root."""
        operation = self._operation
        was = _as_place(self._at)
        self._move_marker()
        if not self._moves_marker:
            remove_marker_of(operation, self._listing, was)
        if self._goes_away:
            box = operation.set_aside(self._at, "undone", f"{self._what} was undone")
            self._kept = f"{box}/{ITEM}"
            operation.correct(((self._at, self._kept),))
        else:
            move_to_completed(operation, was)
            self._follow(place)

    def _rename(self, place: Place) -> None:
        self._operation.begin()
        rename_directory(self._operation, self._listing, _as_place(self._at), place.dirname)
        self._follow(place)

    def _follow(self, place: Place) -> None:
        was = _as_place(self._at)
        for prepared in self._prepared:
            if prepared is not None and prepared.place.directory == was.directory:
                self._operation.follow(was, place, prepared)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _group(changes: tuple[Change, ...]) -> dict[str, list[Change]]:
    by_directory: dict[str, list[Change]] = {}
    for change in changes:
        by_directory.setdefault(change.directory, []).append(change)
    return by_directory


def _make_inverse(changes: list[Change], names: tuple[str, str] | None) -> Edit:
    """Return the edit that puts back what was, where the record still says what was left.

    `names` are the one that the session loses and the one that it gets back, if it is renamed:
    what was bound to the first one meanwhile finds it still.
    """

    def edit(record: Record) -> Assignments:
        inverse = {
            change.path: REMOVED if change.before is ABSENT else change.before
            for change in changes
            if is_same(find_in(record.data, change.path), change.after)
        }
        return {**inverse, **keep_former_name(record, *names)} if names else inverse

    return edit
