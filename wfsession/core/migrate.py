"""Bringing older layouts over: registry, old places and manifests become sessions and records.

`migrate` plans by `heirs`, and carries the plan out under the lock. The order of the steps is
such that a further run finishes what one that was cut short began: what decides goes last.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from attrs import evolve, field, frozen

from wfsession.core import layout
from wfsession.core.activation import (
    activate,
    clear_target,
    create_marker,
    newest_ns,
    remove_marker,
    remove_orphans,
)
from wfsession.core.creation import Stage, move_directory
from wfsession.core.disk import FileContents, Folder
from wfsession.core.heirs import Heir, Inheritance, divide, sort_rejected
from wfsession.core.inherit import Bequest, list_overwritten, make_edit, make_record
from wfsession.core.layout import REGISTRY
from wfsession.core.legacy import Legacy, OldPlace, Rejection, is_unchanged, read_legacy
from wfsession.core.locate import Place
from wfsession.core.manifest import MANIFEST
from wfsession.core.markers import Listing
from wfsession.core.model import Fault, Record, Step
from wfsession.core.names import encode_marker, nfc
from wfsession.core.operation import DEFAULT_TIMEOUT_S, TRIES, Moved, Operation, run
from wfsession.core.records import apply_edit, read_record
from wfsession.core.rewriting import keep_record, put_record, stage_record
from wfsession.core.salvage import read_first_keys
from wfsession.errors import CannotMove, Conflict, InvalidValue, NameCollision, RecordUnusable

_REASONS = {
    REGISTRY: "its lines are in the records of the sessions",
    MANIFEST: "its entries are in the records of the archived sessions",
    "": "it held sessions of an older layout, and is empty now",
    layout.RECORD: "values of it are replaced by what an older layout says",
}


@frozen
class Migration:
    """What a migration did, or (dry run) would do.

    `migrated` are the sessions that were moved or made, of which the older layout said something,
    or whose record changed; `active` is the active session afterwards; `choices` are those that
    it could be where nothing decides. `backup` is the absolute path of the directory in the attic
    that has the registry, or else a manifest. `notes` are sentences for whoever asked.
    """

    migrated: tuple[str, ...] = ()
    active: str | None = None
    rejected: tuple[Rejection, ...] = ()
    choices: tuple[str, ...] = ()
    backup: str | None = None
    steps: tuple[Step, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()


def migrate(
    root_path: str,
    *,
    active: str | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Migration:
    """Bring over what a root holds of older layouts.

    Args:
        root_path: the root.
        active: which of the `choices` is the active session; none of several if None.
        timeout_s: how long to wait for the lock, in seconds.
        dry_run: whether only to tell the steps.

    Returns:
        What was done. Without steps nothing was written: there was nothing to do.

    Raises:
        InvalidValue: `active` is none of the choices.
        LockTimeout, Conflict, DiskFailed, UnsafePath, RootNotFound: it cannot go on.

    On crash: part of it is done; a further run does the rest, with the same outcome.
    """
    story = _Story()

    def body(operation: Operation) -> Migration:
        return _Carrier(operation, active, story).carry_out()

    foretold = run(root_path, body, dry_run=True)
    if dry_run or not foretold.steps:
        return foretold
    story = _Story()
    return run(root_path, body, timeout_s=timeout_s)


class _Story:
    """What was done so far, by this try or by one that had to start again from reading."""

    def __init__(self) -> None:
        self.migrated: set[str] = set()
        self.rejected: list[Rejection] = []
        self.steps: list[Step] = []
        self.backups: list[str] = []


class _Carrier:
    """Carries a plan out, step by step, in a running operation."""

    def __init__(self, operation: Operation, active: str | None, story: _Story) -> None:
        self._operation = operation
        self._root = operation.root
        self._listing = Listing(operation.root)
        self._legacy: Legacy = read_legacy(operation.root, self._listing)
        self._plan: Inheritance = divide(self._legacy, active)
        self._story = story

    def carry_out(self) -> Migration:
        """Do everything that there is to do, and tell it."""
        try:
            # Without one of these there is nothing of an older layout here.
            if self._legacy.registry or any(map(self._is_to_do, self._legacy.places)):
                self._do_steps()
        finally:
            self._story.steps += self._operation.steps
        heir = self._plan.active
        story = self._story
        return Migration(
            migrated=tuple(sorted(story.migrated)),
            active=heir.name if heir and heir.is_active else self._listing.active,
            rejected=sort_rejected((*self._plan.rejected, *story.rejected)),
            choices=self._plan.choices,
            backup=story.backups[-1] if story.backups else None,
            steps=tuple(story.steps),
            notes=(*self._plan.notes, *self._operation.notes),
        )

    def _is_to_do(self, place: OldPlace) -> bool:
        return place.has_legacy or (place.is_readable and not place.names)

    def _do_steps(self) -> None:
        for heir in self._plan.heirs:
            if heir.found is not None:
                self._fill_record(heir, heir.found.path)
        self._mark()
        for heir in self._plan.heirs:
            if heir.found is None:
                self._make_session(heir)
        # Before the directories move: an entry finds its session by the place that it is in.
        for place in self._legacy.places:
            if place.manifest is not None:
                with self._open(place.name) as folder:
                    self._put_away(place.manifest_path, "manifest", folder, place.identity)
        for heir in self._plan.heirs:
            if heir.is_moved:
                self._move(heir)
        for place in self._legacy.places:
            self._put_away_place(place)
        if self._legacy.registry is not None:
            self._put_away(REGISTRY, "registry", self._root, self._legacy.identity)

    @contextmanager
    def _open(self, place: str) -> Iterator[Folder]:
        """Open a directory of the root, or (empty) the root itself; start again if it has gone."""
        if not place:
            yield self._root
            return
        try:
            folder = self._root.child(place)
        except FileNotFoundError:
            raise Moved from None
        with folder:
            yield folder

    def _fill_record(self, heir: Heir, path: str) -> None:
        """Give a record what it lacks; make one where there is none."""
        bequest = heir.bequest
        try:
            self._write_record(heir, bequest, path)
        except (InvalidValue, RecordUnusable) as error:
            self._refuse(heir, error)
            # Its name and its status are to be right all the same.
            with suppress(InvalidValue, RecordUnusable):
                self._write_record(heir, evolve(bequest, words=()), path)

    def _refuse(self, heir: Heir, error: InvalidValue | RecordUnusable) -> None:
        reason = f"what it says could not be written: {error}"
        for source, line in heir.sources:
            self._story.rejected.append(Rejection(source, line, reason))

    def _write_record(self, heir: Heir, bequest: Bequest, path: str) -> None:
        place, _, dirname = path.rpartition("/")
        try:
            with self._open(place) as parent, parent.child(dirname) as folder:
                if self._replace_record(heir, bequest, folder, f"{path}/{layout.RECORD}"):
                    self._story.migrated.add(heir.name)
        except FileNotFoundError:
            raise Moved from None

    def _replace_record(self, heir: Heir, bequest: Bequest, folder: Folder, path: str) -> bool:
        operation = self._operation
        for _ in range(TRIES):
            contents, record = read_record(folder)
            data, is_overwritten = self._compose(heir, bequest, contents, record, path)
            if not data:
                return False
            staged = "" if operation.dry_run else stage_record(operation, data, contents)
            if is_overwritten and contents is not None:
                keep_record(operation, path, contents.data, _REASONS[layout.RECORD])
            operation.note_step("replace" if contents else "create", path)
            try:
                if staged:
                    put_record(operation, staged, folder, contents)
                return True
            except Moved:
                operation.hold_lock()
        raise Conflict(operation.root.join(path))

    def _compose(
        self,
        heir: Heir,
        bequest: Bequest,
        contents: FileContents | None,
        record: Record | Fault,
        path: str,
    ) -> tuple[bytes, bool]:
        """Return a record's new bytes, empty where it stays, and whether a value is replaced."""
        if isinstance(record, Record) and contents is not None:
            edit = make_edit(bequest)
            overwritten = list_overwritten(record, edit(record))
            data = apply_edit(contents.data, edit, path)
            return (b"" if data == contents.data else data), bool(overwritten)
        finding = record.finding if isinstance(record, Fault) else ""
        if finding == "record-missing":
            return self._make_record(heir, bequest, {}), False
        if not bequest.words:
            # The doctor's: nothing that was said elsewhere waits for it.
            return b"", False
        if finding == "record-corrupt" and contents is not None:
            return self._make_record(heir, bequest, read_first_keys(contents.data)), True
        reason = record.reason if isinstance(record, Fault) else ""
        raise RecordUnusable(path, finding, reason)

    def _make_record(self, heir: Heir, bequest: Bequest, remains: dict[str, object]) -> bytes:
        session = heir.found.session if heir.found else None
        return make_record(bequest, remains, session, self._operation.moment)

    def _make_session(self, heir: Heir) -> None:
        """Make a session of which there is only what a line or an entry says."""
        operation = self._operation
        try:
            data = self._make_record(heir, heir.bequest, {})
        except RecordUnusable as error:
            self._refuse(heir, error)
            return
        if not operation.dry_run and heir.is_archived:
            self._root.make_if_missing(layout.COMPLETED)
        with Stage(operation, data, None) as stage:
            operation.hold_lock()
            self._clear_orphans(heir)
            stage.move_to(Place(heir.dirname, heir.location), numbered=True)
        self._story.migrated.add(heir.name)

    def _clear_orphans(self, heir: Heir) -> None:
        if not heir.is_archived and not heir.is_active:
            remove_orphans(self._operation, self._listing, heir.name)

    def _mark(self) -> None:
        """Let the marker of the active session be there before its directory is."""
        operation, listing, heir = self._operation, self._listing, self._plan.active
        operation.hold_lock()
        for marker in reversed(listing.candidates[1:]):
            remove_marker(operation, marker.entry)
        if heir is None or listing.candidates:
            return
        entry = encode_marker(heir.dirname)
        if heir.found is not None and not heir.is_moved:
            activate(operation, listing, Place(heir.dirname, "root"))
        elif not any(one.is_plain and nfc(one.name) == heir.name for one in listing.orphans):
            clear_target(operation, entry)
            create_marker(operation, entry, newest_ns(None))
        operation.sync(self._root)

    def _move(self, heir: Heir) -> None:
        """Move a session to where it belongs."""
        operation = self._operation
        assert heir.found is not None
        dirname = heir.found.session.dirname
        operation.hold_lock()
        self._clear_orphans(heir)
        operation.note_step("move", heir.found.path, heir.path)
        try:
            if not operation.dry_run:
                if heir.is_archived:
                    self._root.make_if_missing(layout.COMPLETED)
                target = layout.COMPLETED if heir.is_archived else ""
                with self._open(heir.found.place) as old, self._open(target) as new:
                    move_directory(old, dirname, heir.dirname, new)
        except (FileNotFoundError, NameCollision):
            raise Moved from None
        except CannotMove as error:
            operation.steps.pop()
            self._story.rejected.append(Rejection(heir.found.path, None, str(error)))
            if heir.is_active:
                heir.is_active = False
                remove_marker(operation, encode_marker(heir.dirname))
            return
        self._story.migrated.add(heir.name)

    def _put_away(
        self, path: str, what: str, folder: Folder, identity: tuple[int, int, int, int] | None
    ) -> None:
        """Set aside a file that was read, unless somebody wrote to it since."""
        operation = self._operation
        operation.hold_lock()
        name = os.path.basename(path)
        if not operation.dry_run and not is_unchanged(folder, name, identity):
            raise Moved
        attic = operation.set_aside(path, what, _REASONS[name])
        if attic:
            self._story.backups.append(self._root.join(attic))

    def _put_away_place(self, place: OldPlace) -> None:
        operation = self._operation
        moved = {
            heir.found.session.dirname
            for heir in self._plan.heirs
            if heir.found is not None and heir.found.place == place.name and heir.is_moved
        }
        if place.manifest is not None:
            moved.add(MANIFEST)
        if place.names - moved or not place.is_readable:
            return
        if not operation.dry_run:
            operation.hold_lock()
            with self._open(place.name) as folder:
                if folder.list_names():
                    return
        operation.set_aside(place.name, "layout", _REASONS[""])
