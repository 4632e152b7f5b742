"""One consistent read of a root: all its sessions and markers, as values.

Reads only. One listing of the root, one directory and one record a session; what cannot be
used is listed as bad and breaks nothing.
"""

import os
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager

from wfsession.core import layout
from wfsession.core.attic import open_below
from wfsession.core.disk import FileContents, Folder, is_regular
from wfsession.core.hint import list_markers
from wfsession.core.jsontext import prepare_for
from wfsession.core.locate import Place, open_root
from wfsession.core.markers import Listing, MarkerFile, read_markers
from wfsession.core.model import (
    Fault,
    Location,
    Marker,
    Record,
    Session,
    Snapshot,
    State,
    TaskCounts,
)
from wfsession.core.names import SESSION_PREFIX, fold, is_session_name, nfc
from wfsession.core.records import read_record
from wfsession.core.states import MarkerRank, classify
from wfsession.core.tasks import count_tasks
from wfsession.core.times import from_ns, now, parse_name_suffix
from wfsession.errors import UnsafePath, as_wf_error

_TRIES = 4
_STEP = 1000

Watch = Callable[[int, int], object]
"""Is told how many entries of a directory were read, and how many there are."""


def read_snapshot(root_path: str, archived: bool = True, watch: Watch | None = None) -> Snapshot:
    """Read a root.

    Args:
        root_path: the absolute path of the root.
        archived: whether to read what is in `completed/` too.
        watch: is called after each thousand entries.

    Returns:
        The snapshot. Where directories moved while it was read, it was read again, four times
        at the most.

    Raises:
        RootNotFound, UnsafePath, DiskFailed: the root itself cannot be read.
    """
    with open_root(root_path) as root:
        try:
            for _ in range(_TRIES):
                before_ns = root.read_status().st_mtime_ns
                snapshot = _read_once(root, archived, watch)
                if root.read_status().st_mtime_ns == before_ns:
                    break
        except OSError as error:
            raise as_wf_error(root_path, error) from None
    return snapshot


def _read_once(root: Folder, archived: bool, watch: Watch | None) -> Snapshot:
    listing = read_markers(root)
    marked = {marker.dirname or marker.name for marker in listing.candidates + listing.orphans}
    rows = read_folder(root, listing.names, "root", listing, marked, watch)
    if archived:
        try:
            with root.child(layout.COMPLETED) as completed:
                names = completed.list_names()
                rows += read_folder(completed, names, "completed", listing, marked, watch)
        except (FileNotFoundError, PermissionError, UnsafePath):
            # Nothing archived, or a `completed` that is no real directory or may not be read.
            pass
    return Snapshot(
        root=root.path,
        active=listing.active,
        sessions=tuple(_mark_twins(rows)),
        markers=tuple(_to_value(marker) for marker in listing.candidates + listing.orphans),
        taken_at=now(),
    )


def _to_value(marker: MarkerFile) -> Marker:
    return Marker(
        entry=marker.entry,
        name=marker.name,
        mtime_ns=marker.mtime_ns,
        size_bytes=marker.size_bytes,
        links=marker.links,
        is_candidate=bool(marker.dirname),
    )


def read_folder(
    folder: Folder,
    names: list[str],
    location: Location,
    listing: Listing,
    marked: Set[str] = frozenset(),
    watch: Watch | None = None,
) -> list[Session]:
    """Read the sessions of one directory.

    Args:
        folder: the open directory.
        names: its entries.
        location: where its sessions are, or belong.
        listing: the markers.
        marked: entries that are sessions, or bad ones, even without a record or the prefix.
        watch: is called after each thousand entries.
    """
    prepare_for(len(names))
    rows = []
    for number, dirname in enumerate(sorted(names), 1):
        if watch is not None and number % _STEP == 0:
            watch(number, len(names))
        if is_session_name(dirname):
            is_named = dirname.startswith(SESSION_PREFIX) or dirname in marked
            session = read_entry(folder, Place(dirname, location), listing, is_named)
            if session is not None:
                rows.append(session)
    return rows


def read_entry(folder: Folder, place: Place, listing: Listing, is_named: bool) -> Session | None:
    """Read an entry of a folder as a session, or None where it is none.

    Args:
        folder: where it lies.
        place: its name, and what its location counts as.
        listing: the markers.
        is_named: whether its name, or a marker, makes it a session whatever it holds.
    """
    try:
        return _read_directory(folder, place, listing, is_named)
    except UnsafePath as error:
        # Any file may stand in a root; only one that looks like a session is worth a row.
        return _make_bad(folder, place, "unsafe-session", error.reason) if is_named else None
    except FileNotFoundError:
        return None
    except OSError as error:
        if not is_named and isinstance(error, PermissionError):
            return None  # somebody's own directory
        # A disk that fails must not make a session vanish from a listing.
        reason = f"cannot be read ({error.strerror})"
        denied = _make_bad(folder, place, "record-unreadable", reason)
        return denied._replace(is_denied=True) if denied else None


@contextmanager
def open_session(session: Session) -> Iterator[Folder]:
    """Open the directory of a session that was read, by way of its root.

    Raises:
        UnsafePath: something else is in the place of a directory on the way.
        OSError: as the system says, FileNotFoundError among them.
    """
    base = os.path.dirname(session.path)
    if session.location == layout.COMPLETED:
        base = os.path.dirname(base)
    with (
        Folder.open(base) as top,
        open_below(top, os.path.relpath(session.path, base)) as folder,
    ):
        yield folder


def read_session(root: Folder, place: Place, listing: Listing) -> Session | None:
    """Read one session that is known to be one, or None where its directory has gone."""
    if place.location == layout.COMPLETED:
        with root.child(layout.COMPLETED) as completed:
            return read_entry(completed, place, listing, is_named=True)
    return read_entry(root, place, listing, is_named=True)


def read_session_now(root: Folder, place: Place) -> Session | None:
    """Read one session, and who is active; None where its directory has gone."""
    if place.location == layout.COMPLETED:
        # A marker may wait for it, of which no hint tells.
        return read_session(root, place, read_markers(root))
    return read_session(root, place, list_markers(root, read_markers))


def _read_directory(
    folder: Folder, place: Place, listing: Listing, is_named: bool
) -> Session | None:
    with folder.child(place.dirname) as session:
        names = session.list_names()
        if not is_named and layout.RECORD not in names:
            return None
        contents, record = read_record(session)
        if not is_named and contents is None and not _has_record(session):
            return None
        rank = _rank(listing, place)
        state, problems = classify(
            place.name, place.location, record, rank, layout.ARCHIVING in names
        )
        return _make_session(session, place, names, contents, record, state, problems)


def _has_record(session: Folder) -> bool:
    status = session.find(layout.RECORD)
    return status is not None and is_regular(status)


def _rank(listing: Listing, place: Place) -> MarkerRank:
    if place.location == "root":
        for marker in listing.candidates:
            if marker.dirname == place.dirname:
                return "winning" if marker is listing.winner else "losing"
        return "none"
    in_root = any(nfc(marker.dirname) == place.name for marker in listing.candidates)
    orphaned = any(nfc(marker.name) == place.name for marker in listing.orphans)
    return "losing" if orphaned and not in_root else "none"


def _make_session(
    session: Folder,
    place: Place,
    names: list[str],
    contents: FileContents | None,
    record: Record | Fault,
    state: State,
    problems: tuple[str, ...],
) -> Session:
    usable = record if isinstance(record, Record) else None
    created = usable.created if usable else None
    changed_ns = contents.identity[2] if contents else session.read_status().st_mtime_ns
    if created is None:
        created = parse_name_suffix(place.name) or from_ns(session.read_status().st_mtime_ns)
    return Session(
        name=place.name,
        dirname=place.dirname,
        path=session.path,
        location=place.location,
        state=state,
        title=(usable.title if usable else "") or place.name,
        type=usable.type if usable else "",
        phase=usable.phase if usable else "",
        tasks=count_tasks(session, layout.TASKS in names, usable),
        threads=_count_threads(session) if layout.THREADS in names else 0,
        created=created,
        updated=(usable.updated if usable else None) or from_ns(changed_ns),
        record=usable,
        record_mtime_ns=changed_ns,
        problems=problems,
        fault="" if isinstance(record, Record) else record.reason,
        is_denied=isinstance(record, Fault) and record.is_denied,
    )


def _count_threads(session: Folder) -> int:
    try:
        with session.child(layout.THREADS) as threads:
            return sum(name.endswith(".json") for name in threads.list_names())
    except OSError:
        # What is no directory, or may not be read, counts nothing.
        return 0


def _make_bad(folder: Folder, place: Place, finding: str, reason: str) -> Session | None:
    status = folder.find(place.dirname)
    if status is None:
        return None
    moment = from_ns(status.st_mtime_ns)
    return Session(
        name=place.name,
        dirname=place.dirname,
        path=folder.join(place.dirname),
        location=place.location,
        state="bad",
        title=place.name,
        type="",
        phase="",
        tasks=TaskCounts(),
        threads=0,
        created=moment,
        updated=moment,
        record=None,
        record_mtime_ns=status.st_mtime_ns,
        problems=(finding,),
        fault=reason,
    )


def _mark_twins(rows: list[Session]) -> list[Session]:
    """Add what can only be seen of several sessions together.

    That is `duplicate-session` where a real directory of one name is in both places, and
    `name-collision` where two names of one place differ only in case or in Unicode form.
    """
    by_fold: dict[str, list[Session]] = {}
    for row in rows:
        by_fold.setdefault(fold(row.name), []).append(row)
    if len(by_fold) == len(rows):
        return rows
    return [_add_twins(row, by_fold[fold(row.name)]) for row in rows]


def _add_twins(row: Session, alike: list[Session]) -> Session:
    others = [other for other in alike if other is not row]
    problems = list(row.problems)
    if any(_are_twins(row, other) for other in others):
        problems.append("duplicate-session")
    if any(other.location == row.location for other in others):
        problems.append("name-collision")
    return row._replace(problems=tuple(problems))


def _are_twins(row: Session, other: Session) -> bool:
    is_unsafe = "unsafe-session" in (*row.problems, *other.problems)
    return row.name == other.name and row.location != other.location and not is_unsafe
