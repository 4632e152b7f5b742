"""Healing by itself: what is put right on the way, just before a command begins to work.

Only what needs no judgement, and of that only what was read anyway: orphaned markers, and the
record of the session that is meant, once nobody can still be writing them. Where nothing is
wrong, no call more is made. What cannot be healed now is left to the doctor.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

from wfsession.core import layout
from wfsession.core.activation import remove_marker
from wfsession.core.disk import Folder, identify
from wfsession.core.locate import Environment, Place, open_root, resolve
from wfsession.core.markers import Listing, MarkerFile, find_directory, read_markers
from wfsession.core.model import Session
from wfsession.core.names import nfc
from wfsession.core.operation import Moved, Operation
from wfsession.core.records import read_record
from wfsession.core.snapshot import read_session
from wfsession.errors import SessionNotFound, WfError, as_wf_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.core.repair import Repair

# A tool that synchronises folders may deliver a marker before its directory, and an editor may
# write a record in two halves.
_SETTLED_MARKER_NS = 60_000_000_000
_SETTLED_RECORD_NS = 2_000_000_000
# What taking the lock may make in a root.
_MADE_BY_LOCKING = frozenset({layout.PRIVATE, layout.IGNORE})


class Arrival(NamedTuple):
    """Where a command begins to work.

    `session` is None where none is meant. `note` is a sentence about a binding that could not be
    followed, `healed` one about what was put right; both may be empty.
    """

    session: Session | None
    note: str
    healed: str


class _Seen(NamedTuple):
    """One look at a root: the session that is meant, and the listing that was read for it."""

    listing: Listing
    place: Place | None
    session: Session | None
    note: str


def arrive(root_path: str, flag: str | None, environment: Environment) -> Arrival:
    """Find the session that a command is to work in, and heal what needs no judgement.

    Args:
        root_path: the root.
        flag: the name that the caller gave, or None.
        environment: what `read_environment` returned.

    Returns:
        The session as it is after the healing. Nothing is waited for: where the lock is held,
        the disk read-only or full, or permission missing, nothing is healed.

    Raises:
        SessionNotFound: the flag or WF_SESSION names no session.
        RootNotFound, UnsafePath, DiskFailed: the root cannot be read.

    On crash: each repair is done, or not; a copy of a record may lie in the attic besides.

    Source: protocol.md, 8.
    """
    with open_root(root_path) as root:
        try:
            seen = _look(root, flag, environment)
            done = _heal(root, seen)
            if done:
                seen = _look(root, flag, environment)
        except OSError as error:
            raise as_wf_error(root_path, error) from None
    healed = f"healed by itself: {'; '.join(done)}" if done else ""
    return Arrival(seen.session, seen.note, healed)


def _look(root: Folder, flag: str | None, environment: Environment) -> _Seen:
    listing = read_markers(root)
    found = resolve(root, flag, environment, listing)
    if found.place is None:
        return _Seen(listing, None, None, found.note)
    session = read_session(root, found.place, listing)
    if session is None:
        raise SessionNotFound(found.place.name, root.path)
    return _Seen(listing, found.place, session, found.note)


def _heal(root: Folder, seen: _Seen) -> list[str]:
    """Heal what has been wrong for long enough; return a clause for each repair."""
    now_ns = time.time_ns()
    orphans = [one for one in seen.listing.orphans if _is_settled(one, seen.listing, now_ns)]
    is_corrupt = _is_corrupt(seen.session, now_ns)
    done: list[str] = []
    if not orphans and not is_corrupt:
        return done
    try:
        with Operation(root, timeout_s=0, dry_run=False) as operation:
            repair = _prepare_rebuilding(operation, seen) if is_corrupt else None
            # Who else changes things may stamp them by another clock than ours.
            now_ns = min(now_ns, _read_clock(operation))
            done.extend(_remove_orphans(operation, seen.listing, orphans, now_ns))
            if repair is not None and _is_corrupt(seen.session, now_ns):
                done.extend(_rebuild_record(operation, repair))
            operation.sync(root)
    except (Moved, OSError, WfError):
        # Held, read-only, full, or not ours to change: the command does not depend on it.
        pass
    return done


def _is_settled(orphan: MarkerFile, listing: Listing, now_ns: int) -> bool:
    """Tell whether marker and root are unchanged for long; what is in the future is not."""
    return now_ns - max(orphan.mtime_ns, listing.mtime_ns) >= _SETTLED_MARKER_NS


def _is_corrupt(session: Session | None, now_ns: int) -> bool:
    """Tell whether the record of the session that is meant is corrupt, and is so for long."""
    if session is None or "record-corrupt" not in session.problems:
        return False
    return now_ns - session.record_mtime_ns >= _SETTLED_RECORD_NS


def _read_clock(operation: Operation) -> int:
    """Return the present by the clock of the root's file system."""
    name = operation.make_temporary("clock")
    operation.staging().create_marker(name)
    return operation.staging().stat(name).st_mtime_ns


def _remove_orphans(
    operation: Operation, listing: Listing, orphans: list[MarkerFile], now_ns: int
) -> Iterator[str]:
    from wfsession.core.legacy import list_expected, read_places

    # A marker may wait for a session that is still to be brought over.
    expected = list_expected(operation.root, read_places(operation.root, listing))
    names = operation.root.list_names()
    if {*names} - _MADE_BY_LOCKING != {*listing.names} - _MADE_BY_LOCKING:
        return  # the root moved: somebody may be delivering
    for orphan in orphans:
        if nfc(orphan.name) in expected:
            continue
        operation.hold_lock()
        if _is_settled(orphan, listing, now_ns) and _is_as_before(operation, orphan, names):
            attic = remove_marker(operation, orphan.entry)
            what = f"moved to {layout.ROOT}/{attic}" if attic else "removed"
            yield f"{orphan.entry} named no directory and was {what}"


def _is_as_before(operation: Operation, orphan: MarkerFile, names: list[str]) -> bool:
    status = operation.root.find(orphan.entry)
    if status is None or identify(status) != orphan.identity:
        return False
    return not find_directory(operation.root, orphan.name, names)


def _prepare_rebuilding(operation: Operation, seen: _Seen) -> "Repair | None":
    """Read the record once; the repair reads it a second time, and leaves another one alone."""
    from wfsession.core.doctor import locate_problem
    from wfsession.core.repair import Repair

    assert seen.place is not None
    assert seen.session is not None
    folder = operation.session(seen.place)
    contents, _ = read_record(folder)
    # A copy would go to the attic before the record turns out to be closed to us.
    if contents is None or not folder.is_writable("."):
        return None
    if contents.identity[2] != seen.session.record_mtime_ns:
        return None
    problem = "record-corrupt"
    path = locate_problem(seen.session, problem)
    return Repair(problem, "put it together again", path, seen.session, seen=contents)


def _rebuild_record(operation: Operation, repair: "Repair") -> Iterator[str]:
    from wfsession.core.repair import write_record

    applied = write_record(operation, repair)
    if applied is not None:
        yield (
            f"{repair.path} was damaged and was put together again from what could be read;"
            f" what there was is in {layout.ROOT}/{applied.attic}"
        )
