"""What a root holds of older layouts: a registry, old places of sessions, manifests.

Reads only, and follows no symlink. What looks like a session and cannot be brought over is
refused here, with the reason; what belongs to somebody else is not even named.
"""

from attrs import frozen

from wfsession.core import layout
from wfsession.core.disk import FileContents, Folder, identify, is_directory, is_regular
from wfsession.core.layout import REGISTRY
from wfsession.core.manifest import LIMIT_BYTES as MANIFEST_LIMIT_BYTES
from wfsession.core.manifest import MANIFEST, Manifest, parse_manifest
from wfsession.core.markers import Listing
from wfsession.core.model import Location, Session
from wfsession.core.names import SESSION_PREFIX, find_fault, fold, is_session_name, nfc
from wfsession.core.registry import LIMIT_BYTES, Registry, parse_registry
from wfsession.core.snapshot import read_folder
from wfsession.errors import UnsafePath

# Where what is in each belongs now; of two sessions of one name the first keeps it.
OLD_PLACES: dict[str, Location] = {
    "active": "root",
    "sessions": "root",
    "archives": "completed",
    ".archives": "completed",
}

Identity = tuple[int, int, int, int]


@frozen
class Rejection:
    """What cannot be brought over: a path in the root, a line of it or None, and a clause."""

    source: str
    line: int | None
    reason: str


@frozen
class Found:
    """A session's directory where it is now.

    `place` is the directory of the root that it is in, empty for the root itself; `obstacle`
    says why it cannot be moved to where it belongs, empty where it can or is there already.
    """

    place: str
    session: Session
    obstacle: str = ""

    @property
    def path(self) -> str:
        """Its path in the root."""
        return f"{self.place}/{self.session.dirname}" if self.place else self.session.dirname

    @property
    def is_movable(self) -> bool:
        """Tell whether it is in an old place that it can leave."""
        return self.place in OLD_PLACES and not self.obstacle


@frozen
class OldPlace:
    """A directory of an older layout. `identity` is that of its manifest, if it can be read."""

    name: str
    names: frozenset[str] = frozenset()
    found: tuple[Found, ...] = ()
    manifest: Manifest | None = None
    identity: Identity | None = None
    rejected: tuple[Rejection, ...] = ()
    is_readable: bool = True

    @property
    def manifest_path(self) -> str:
        """The path in the root of its manifest."""
        return f"{self.name}/{MANIFEST}"

    @property
    def has_legacy(self) -> bool:
        """Tell whether anything in it can be brought over."""
        return self.manifest is not None or any(one.is_movable for one in self.found)


@frozen
class Legacy:
    """All that there is of older layouts, and the sessions beside it.

    `found` are all sessions, those in their right places first. `marked` is the directory of the
    active session, or empty; `waiting` are the names of markers without a directory in the root,
    the newest first. `taken` are the names in the root and in `completed/`, folded.
    `registry` is None where there is none, or (`has_obstacle`) none that can be read.
    """

    found: tuple[Found, ...]
    places: tuple[OldPlace, ...]
    registry: Registry | None
    identity: Identity | None
    has_obstacle: bool
    marked: str
    waiting: tuple[str, ...]
    taken: frozenset[str]
    rejected: tuple[Rejection, ...]


def read_legacy(root: Folder, listing: Listing) -> Legacy:
    """Read what a root holds of older layouts.

    Args:
        root: the open root.
        listing: its entries and markers.
    """
    contents, refused = _read_file(root, REGISTRY, REGISTRY, LIMIT_BYTES)
    registry = parse_registry(contents.data) if contents else None
    named = {entry.name for entry in registry.entries} if registry else set()
    archived = _list_archived(root)
    places = read_places(root, listing)
    here = _find_sessions(root, listing.names, "root", listing, named)
    if archived:
        with root.child(layout.COMPLETED) as completed:
            here += _find_sessions(completed, archived, "completed", listing, named)
    return Legacy(
        found=(*here, *(one for place in places for one in place.found)),
        places=places,
        registry=registry,
        identity=contents.identity if contents else None,
        has_obstacle=bool(refused),
        marked=listing.winner.dirname if listing.winner else "",
        waiting=tuple(nfc(marker.name) for marker in listing.orphans),
        taken=frozenset(fold(name) for name in (*listing.names, *archived)),
        rejected=(*refused, *(one for place in places for one in place.rejected)),
    )


def _list_archived(root: Folder) -> list[str]:
    try:
        with root.child(layout.COMPLETED) as completed:
            return completed.list_names()
    except OSError:
        # Nothing archived, or a `completed` that is no real directory.
        return []


def _find_sessions(
    folder: Folder, names: list[str], location: Location, listing: Listing, named: set[str]
) -> list[Found]:
    marked = {marker.dirname for marker in listing.candidates}
    marked |= {name for name in names if nfc(name) in named}
    rows = read_folder(folder, names, location, listing, marked)
    place = layout.COMPLETED if location == "completed" else ""
    return [Found(place, row) for row in rows if "unsafe-session" not in row.problems]


def _read_file(
    folder: Folder, name: str, path: str, limit_bytes: int
) -> tuple[FileContents | None, tuple[Rejection, ...]]:
    """Return a file's bytes; or None, with the reason if there is something of that name."""
    try:
        return folder.read(name, limit_bytes), ()
    except FileNotFoundError:
        return None, ()
    except UnsafePath as error:
        return None, (Rejection(path, None, f"it {error.reason}"),)
    except OSError as error:
        return None, (Rejection(path, None, f"it cannot be read ({error.strerror})"),)


def read_places(root: Folder, listing: Listing) -> tuple[OldPlace, ...]:
    """Read the directories of older layouts that a root has."""
    found = []
    for name, location in OLD_PLACES.items():
        status = root.find(name)
        if status is not None and not is_regular(status):
            found.append(_read_place(root, name, location, listing))
    return tuple(found)


def list_expected(root: Folder, places: tuple[OldPlace, ...]) -> frozenset[str]:
    """Return the names that markers may wait for: those of the registry, and of old places."""
    contents, _ = _read_file(root, REGISTRY, REGISTRY, LIMIT_BYTES)
    registry = parse_registry(contents.data) if contents else Registry()
    away = (one for place in places for one in place.found if one.is_movable)
    names = {one.session.name for one in away if one.session.location == "root"}
    return frozenset(names | {entry.name for entry in registry.entries})


def _read_place(root: Folder, name: str, location: Location, listing: Listing) -> OldPlace:
    try:
        with root.child(name) as folder:
            return _read_entries(root, folder, name, location, listing)
    except UnsafePath as error:
        reason = f"it {error.reason}"
    except OSError as error:
        reason = f"it cannot be read ({error.strerror})"
    return OldPlace(name, rejected=(Rejection(name, None, reason),), is_readable=False)


def _read_entries(
    root: Folder, folder: Folder, name: str, location: Location, listing: Listing
) -> OldPlace:
    names = folder.list_names()
    obstacle, device = _find_target(root, location)
    found: list[Found] = []
    rejected: list[Rejection] = []
    for row in read_folder(folder, names, location, listing):
        path = f"{name}/{row.dirname}"
        if "unsafe-session" in row.problems:
            rejected.append(Rejection(path, None, f"it {row.fault}"))
            continue
        elsewhere = folder.stat(row.dirname).st_dev != device
        why = obstacle or ("it is on another device than the root" if elsewhere else "")
        found.append(Found(name, row, why))
        if why:
            rejected.append(Rejection(path, None, why))
    for entry in names:
        if not is_session_name(entry) and _looks_like_session(folder, entry):
            fault = find_fault(nfc(entry))
            reason = f"its name cannot be that of a session: {fault}"
            rejected.append(Rejection(f"{name}/{entry}", None, reason))
    contents, refused = _read_manifest(folder, name, location, obstacle)
    return OldPlace(
        name=name,
        names=frozenset(names),
        found=tuple(found),
        manifest=parse_manifest(contents.data) if contents else None,
        identity=contents.identity if contents else None,
        rejected=(*sorted(rejected, key=lambda one: one.source), *refused),
    )


def _read_manifest(
    folder: Folder, name: str, location: Location, obstacle: str
) -> tuple[FileContents | None, tuple[Rejection, ...]]:
    if location != "completed":
        return None, ()
    path = f"{name}/{MANIFEST}"
    contents, refused = _read_file(folder, MANIFEST, path, MANIFEST_LIMIT_BYTES)
    if contents and obstacle:
        return None, (Rejection(path, None, obstacle),)
    return contents, refused


def _find_target(root: Folder, location: Location) -> tuple[str, int]:
    """Return what stands in the way of a move to a place, and the device that the place is on."""
    status = root.find(layout.COMPLETED) if location == "completed" else None
    if status is None:
        return "", root.read_status().st_dev
    if not is_directory(status):
        return f"{layout.COMPLETED} is no directory that it could be moved to", status.st_dev
    return "", status.st_dev


def _looks_like_session(folder: Folder, name: str) -> bool:
    """Tell whether an entry whose name is no session's is meant to be one."""
    status = folder.find(name)
    if status is None or is_regular(status):
        return False
    if name.startswith(SESSION_PREFIX):
        return True
    try:
        with folder.child(name) as session:
            inner = session.find(layout.RECORD)
            return inner is not None and is_regular(inner)
    except OSError:
        # A link to somewhere, or not ours to look into.
        return False


def is_unchanged(folder: Folder, name: str, identity: Identity | None) -> bool:
    """Tell whether a file is still the one that was read."""
    status = folder.find(name)
    return status is not None and identify(status) == identity
