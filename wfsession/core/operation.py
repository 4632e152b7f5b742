"""One write: take the lock, read, prepare, commit, publish, sync.

What the operations of `lifecycle` and `progress` share. Nothing that others can see happens
before everything new is on the disk, the lock is still ours before each visible call, and a record
is replaced only if nobody else changed it since it was read. A dry run takes the same way, writes
nothing and gives the steps. Source: protocol.md, 4.
"""

import os
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from wfsession.core import layout
from wfsession.core.attic import set_aside
from wfsession.core.disk import FileContents, Folder
from wfsession.core.locate import Place, open_root
from wfsession.core.lock import Lock
from wfsession.core.markers import Listing
from wfsession.core.model import Event, Fault, Record, Session, Step
from wfsession.core.private import make_private
from wfsession.core.recording import Moves, Recording
from wfsession.core.records import LIMIT_BYTES, Edit, change_record, read_record
from wfsession.core.snapshot import read_session
from wfsession.core.times import now
from wfsession.errors import (
    CannotMove,
    Conflict,
    NameCollision,
    RecordUnusable,
    SessionNotFound,
    WfError,
    as_wf_error,
)

T = TypeVar("T")

TRIES = 5
DEFAULT_TIMEOUT_S = 30.0


class Moved(Exception):
    """The tree moved under an operation before it did anything: start again from reading."""


# After these, nothing is left that anybody would have to see to.
_REFUSALS = (Moved, SessionNotFound, NameCollision, CannotMove)


class Prepared:
    """A changed record, ready to be published. `only_if_active` is None where that is no matter."""

    __slots__ = ("before", "edit", "folder", "only_if_active", "place", "records", "temporary")

    def __init__(
        self,
        place: Place,
        folder: Folder,
        edit: Edit,
        before: FileContents,
        records: tuple[Record, Record],
        temporary: str,
        only_if_active: bool | None,
    ) -> None:
        self.place = place
        self.folder = folder
        self.edit = edit
        self.before = before
        self.records = records
        self.temporary = temporary
        self.only_if_active = only_if_active


def run(
    root_path: str,
    body: Callable[["Operation"], T],
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> T:
    """Run an operation under the lock of a root, and return what it returns.

    Args:
        root_path: the absolute path of the root.
        body: what to do; it starts again, five times at most, when it raises Moved.
        timeout_s: how long to wait for the lock, in seconds.
        dry_run: whether to write nothing, and only tell the steps.

    Raises:
        LockTimeout, Conflict, DiskFailed, UnsafePath: and what `body` raises.

    On crash: as the body's steps say; what was only prepared lies in `.wf/tmp`.
    """
    with open_root(root_path) as root:
        try:
            for _ in range(TRIES):
                try:
                    with Operation(root, timeout_s, dry_run) as operation:
                        return body(operation)
                except Moved:
                    continue
        except OSError as error:
            raise as_wf_error(root_path, error) from None
    raise Conflict(root_path)


class Operation:
    """What a running operation holds: the open root, the lock, what is prepared, what was done."""

    def __init__(self, root: Folder, timeout_s: float, dry_run: bool) -> None:
        self.root = root
        self.dry_run = dry_run
        self.moment: datetime = now()
        self.steps: list[Step] = []
        self.notes: list[str] = []
        self._timeout_s = timeout_s
        self._committed = False
        self._recording = Recording(root)
        self._lock = Lock(root, layout.PRIVATE, layout.LOCK)
        self._open: dict[str, Folder] = {}
        self._unsynced: list[Folder] = []
        self._temporary: list[str] = []

    def __enter__(self) -> "Operation":
        if not self.dry_run:
            self._take_lock()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind in _REFUSALS:
            self._recording.withdraw()
        self._discard_temporary()
        self._lock.release()
        for folder in self._open.values():
            folder.close()

    def _take_lock(self) -> None:
        while True:
            make_private(self.root)
            try:
                self._lock.acquire(self._timeout_s)
                return
            except FileNotFoundError:
                # `.wf` went away in between; it is made again.
                continue

    def _discard_temporary(self) -> None:
        """Remove what was prepared and not used; a crash leaves it to the doctor."""
        for name in self._temporary:
            try:
                self.staging().unlink(name)
            except OSError:
                pass  # published, or gone with `.wf`: not ours any more

    def hold_lock(self) -> bool:
        """Make sure, before a visible call, that we hold the lock that others see (protocol.md, 4).

        Returns:
            True where we held it all the time; False where it was taken again.

        Raises:
            Moved: it was lost, and nothing was done yet.
        """
        if self.dry_run or self._lock.is_ours():
            return True
        if not self._committed:
            raise Moved
        self._lock.release()
        self._close("staging")
        self._take_lock()
        return False

    def _keep(self, key: str, opened: Callable[[], Folder]) -> Folder:
        if key not in self._open:
            self._open[key] = opened()
        return self._open[key]

    def _close(self, key: str) -> None:
        folder = self._open.pop(key, None)
        if folder is not None:
            folder.close()

    def staging(self) -> Folder:
        """Open `.wf/tmp`, made by `run`."""

        def open_staging() -> Folder:
            with self.root.child(layout.PRIVATE) as private:
                return private.child(layout.STAGING)

        return self._keep("staging", open_staging)

    def completed(self) -> Folder:
        """Open `completed/`."""
        return self._keep(layout.COMPLETED, lambda: self.root.child(layout.COMPLETED))

    def session(self, place: Place) -> Folder:
        """Open a session's directory, once for the whole operation.

        Raises:
            SessionNotFound: it has gone.
        """
        parent = self.completed() if place.location == layout.COMPLETED else self.root
        try:
            return self._keep(_key(place), lambda: parent.child(place.dirname))
        except FileNotFoundError:
            raise SessionNotFound(place.name, self.root.path) from None

    def follow(self, place: Place, target: Place, prepared: Prepared | None) -> None:
        """Go on with a session whose directory was moved, and publish to its new place."""
        if prepared is not None:
            prepared.place = target
            if not self.dry_run:
                self._close(_key(place))
                prepared.folder = self.session(target)

    def read(self, place: Place, listing: Listing) -> Session:
        """Read a session as a value.

        Raises:
            SessionNotFound: its directory has gone.
        """
        session = read_session(self.root, place, listing)
        if session is None:
            raise SessionNotFound(place.name, self.root.path)
        return session

    def make_name(self, what: str) -> str:
        """Return a name for `.wf/tmp` that nobody else uses."""
        return f"{what}-{os.getpid()}-{os.urandom(6).hex()}"

    def make_temporary(self, what: str) -> str:
        """Return such a name for a file that is removed in the end if it is still there."""
        name = self.make_name(what)
        self._temporary.append(name)
        return name

    def note_step(self, verb: str, path: str, target: str = "") -> None:
        """Put down what is done next; in a dry run it is all that happens."""
        self.steps.append(Step(verb, path, target))

    def announce(
        self,
        op: str,
        session: str,
        active: tuple[str | None, str | None],
        moves: Moves = (),
        undoes: str = "",
    ) -> None:
        """Say for the journal what `begin` begins; see LogEntry."""
        self._recording.announce(op, self.moment, session, active, moves, undoes)

    def begin(self) -> None:
        """End the preparing: hold the lock, and from here on finish what is begun."""
        self.hold_lock()
        if not self.dry_run:
            self._write_intent()
        self._committed = True

    def _write_intent(self) -> None:
        try:
            self._recording.write_intent()
        except FileNotFoundError:
            # `.wf` went away in between.
            raise Moved from None

    def prepare(
        self, place: Place, edit: Edit, only_if_active: bool | None = None
    ) -> Prepared | None:
        """Write a session's changed record to `.wf/tmp`, synced.

        Args:
            place: the session.
            edit: the change.
            only_if_active: publish only while the session is (True) or is not (False) the
                active one, should the lock have been lost in between.

        Returns:
            What `publish` takes; None where the change changes nothing.

        Raises:
            RecordUnusable: the record cannot be read, or the change meets a wrong type.
        """
        folder = self.session(place)
        contents, record = read_record(folder)
        path = folder.join(layout.RECORD)
        if contents is None or isinstance(record, Fault):
            fault = record if isinstance(record, Fault) else Fault("record-unreadable", "")
            raise RecordUnusable(path, fault.finding, fault.reason)
        data, after = change_record(contents.data, record, edit, path)
        if data == contents.data:
            return None
        temporary = self.make_temporary("record")
        if not self.dry_run:
            self.stage(temporary, data, contents)
        self._recording.expect(place.directory, record, after)
        records = (record, after)
        return Prepared(place, folder, edit, contents, records, temporary, only_if_active)

    def stage(self, temporary: str, data: bytes, like: FileContents | None) -> None:
        """Write a file to `.wf/tmp`, synced; `like` gives it mode and owner."""
        try:
            self.staging().create(temporary, data, like)
        except FileNotFoundError:
            if not self._committed:
                raise Moved from None
            self.restage()
            self.staging().create(temporary, data, like)

    def restage(self) -> None:
        """Make `.wf/tmp` again: it went away in between, alone or with `.wf`."""
        self._close("staging")
        make_private(self.root)

    def prepare_leaving(self, place: Place | None, edit: Edit) -> Prepared | None:
        """Prepare the record of the session that stops being active, as far as it can be.

        A record that cannot be used must not keep anybody in its session: it stays as it is,
        and a note says so.
        """
        if place is None:
            return None
        try:
            return self.prepare(place, edit, only_if_active=False)
        except RecordUnusable as error:
            self.notes.append(f"the record of {place.name} was left as it is: {error}")
            return None

    def publish(self, *prepared: Prepared | None) -> None:
        """Replace records by what was prepared; one that fails keeps none of the others back.

        Raises:
            Conflict: somebody else changed a record each of five times.
            RecordUnusable: somebody else left it unusable in between.
        """
        failed: WfError | None = None
        for one in prepared:
            if one is not None:
                self.note_step("replace", f"{one.place.directory}/{layout.RECORD}")
                try:
                    if not self.dry_run:
                        self._publish(one)
                except (Conflict, RecordUnusable) as error:
                    failed = failed or error
        if failed is not None:
            self.sync()
            raise failed

    def _publish(self, prepared: Prepared) -> None:
        current: Prepared | None = prepared
        for _ in range(TRIES):
            if current is None:
                return
            if not self.hold_lock() and not self._still_holds(current):
                self.notes.append(f"{current.place.name} was moved on by somebody else meanwhile")
                return
            try:
                if self._is_untouched(current):
                    self.staging().replace(current.temporary, layout.RECORD, current.folder)
                    self._unsynced.append(current.folder)
                    self._recording.add(current.place.directory, *current.records)
                    return
            except FileNotFoundError:
                pass  # the record, or `.wf` with what was prepared, has gone: once more
            current = self.prepare(current.place, current.edit, current.only_if_active)
        raise Conflict(prepared.folder.join(layout.RECORD))

    def _is_untouched(self, prepared: Prepared) -> bool:
        try:
            contents = prepared.folder.read(layout.RECORD, LIMIT_BYTES)
        except OSError:
            # Whatever it is that came in its place, to prepare again will tell.
            return False
        return contents.is_same(prepared.before)

    def _still_holds(self, prepared: Prepared) -> bool:
        if prepared.only_if_active is None:
            return True
        return (Listing(self.root).active == prepared.place.name) == prepared.only_if_active

    def sync(self, *folders: Folder) -> None:
        """Make durable the names in `folders`, and of the records that were replaced."""
        if not self.dry_run:
            for folder in dict.fromkeys((*folders, *self._unsynced)):
                folder.sync()
        self._unsynced.clear()

    def set_aside(self, path: str, what: str, reason: str) -> str:
        """Move an entry of the root, given by its path in it, to the attic (protocol.md, 9).

        Returns:
            Its directory in the attic; empty in a dry run, or if it was taken away meanwhile.

        On crash: the entry is where it was, or in the attic; an attic directory may be empty.
        """
        self.note_step("set aside", path, layout.ATTIC)
        return "" if self.dry_run else set_aside(self.root, path, what, reason, self.moment)

    def correct(self, moves: Moves) -> None:
        """Say for the journal what was moved, where that could not be announced."""
        self._recording.correct(moves)

    def finish(
        self,
        kind: str,
        place: Place,
        previous: str | None,
        changed: bool = True,
        session: Session | None = None,
        listing: Listing | None = None,
    ) -> Event:
        """Return the event that tells what was done, with the session as it is now, or as given.

        `listing` is what was read when that was done; else all is listed again.
        """
        listing = listing or Listing(self.root)
        self._recording.write_done(listing.active)
        return Event(
            kind=kind,
            session=session or self.read(place, listing),
            previous=previous,
            at=self.moment,
            changed=changed,
            notes=(*self.notes, *self._recording.notes),
            steps=tuple(self.steps),
        )


def _key(place: Place) -> str:
    return f"{place.location} {place.dirname}"
