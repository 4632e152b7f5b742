"""Which markers there are, and whose session is active (protocol.md, 2).

Reads only, and loads nothing heavy: this is what is asked before every command. `snapshot` turns
what is found here into values.
"""

import os
import time

from wfsession.core.disk import Folder, identify, is_directory, is_regular
from wfsession.core.layout import LOCK, PRIVATE
from wfsession.core.lock import Lock
from wfsession.core.names import MARKER_PREFIX, nfc, parse_marker
from wfsession.errors import LockTimeout, WfError

# Stamps are at most this much older than the change that they stand for; the coarse grain is
# that of file systems whose stamps have whole seconds.
GRAIN_NS = 20_000_000
COARSE_GRAIN_NS = 2_000_000_000
_WAITS_S = (0.0, 0.001, 0.004, 0.016)
_LOCK_WAIT_S = 0.2
# One listing in four beside a writer that never rests shows no marker: a rename hides it.
_LAST_TRIES = 10


class MarkerFile:
    """A regular file `.active-<name>` whose name a session could have.

    `name` and `dirname` are as they stand on disk; `dirname` is empty where there is no such
    real directory in the root: an orphan, which does not compete. `identity` is as `identify`
    gives it.
    """

    __slots__ = ("dirname", "entry", "identity", "links", "mtime_ns", "name", "size_bytes")

    def __init__(self, entry: str, name: str, dirname: str, status: os.stat_result) -> None:
        self.entry = entry
        self.name = name
        self.dirname = dirname
        self.identity = identify(status)
        self.mtime_ns = status.st_mtime_ns
        self.size_bytes = status.st_size
        self.links = status.st_nlink

    @property
    def is_plain(self) -> bool:
        """Tell whether it is an empty file of one name, which may be renamed and removed."""
        return self.size_bytes == 0 and self.links == 1


class Listing:
    """One listing of a root, or of those of its entries that are named.

    `candidates` are the markers that compete, the winner first; `orphans` have no directory;
    `strays` are the other entries that begin like a marker; `names` is every entry's name;
    `is_whole` tells whether all of the root was listed.
    """

    __slots__ = ("candidates", "is_whole", "mtime_ns", "names", "orphans", "strays", "was_still")

    def __init__(self, root: Folder, only: list[str] | None = None) -> None:
        before_ns = root.read_status().st_mtime_ns
        self.is_whole = only is None
        self.names = root.list_names() if only is None else only
        markers: list[MarkerFile] = []
        self.strays: list[str] = []
        for entry in self.names:
            if entry.startswith(MARKER_PREFIX):
                marker = _read_marker(root, entry, self.names)
                if marker is None:
                    self.strays.append(entry)
                else:
                    markers.append(marker)
        markers.sort(key=lambda marker: (-marker.mtime_ns, os.fsencode(marker.entry)))
        self.candidates = [marker for marker in markers if marker.dirname]
        self.orphans = [marker for marker in markers if not marker.dirname]
        self.mtime_ns = root.read_status().st_mtime_ns
        self.was_still = before_ns == self.mtime_ns

    @property
    def winner(self) -> MarkerFile | None:
        """The marker of the active session."""
        return self.candidates[0] if self.candidates else None

    @property
    def active(self) -> str | None:
        """The active session's name, in NFC."""
        return nfc(self.candidates[0].name) if self.candidates else None

    def is_sound(self, now_ns: int) -> bool:
        """Tell whether nothing can have moved while this was listed."""
        if not self.was_still:
            return False
        if len(self.candidates) == 1:
            return True
        whole_seconds = self.mtime_ns % 1_000_000_000 == 0
        grain_ns = COARSE_GRAIN_NS if whole_seconds else GRAIN_NS
        # A stamp further in the future than the grain moves back with the next change.
        return abs(now_ns - self.mtime_ns) >= grain_ns


def _read_marker(root: Folder, entry: str, names: list[str]) -> MarkerFile | None:
    name = parse_marker(entry)
    status = root.find(entry) if name is not None else None
    if name is None or status is None or not is_regular(status):
        return None
    return MarkerFile(entry, name, find_directory(root, name, names), status)


def find_directory(root: Folder, name: str, names: list[str]) -> str:
    """Return the entry that is the real directory of `name`, or an empty text.

    The spelling as given comes first, then any entry that is the same in NFC.
    """
    status = root.find(name)
    if status is not None:
        return name if is_directory(status) else ""
    if name.isascii():
        return ""
    for other in names:
        if not other.isascii() and nfc(other) == nfc(name):
            status = root.find(other)
            if status is not None and is_directory(status):
                return other
    return ""


def read_markers(root: Folder) -> Listing:
    """Read the markers of a root, as of one moment (protocol.md, 2).

    A listing during which something moved may show none, or one too many, of a rename; such
    ones are repeated, for 21 ms and then at most 200 ms of waiting for the writer.

    Args:
        root: the open root.

    Returns:
        The listing; its first candidate is the active session's marker.

    Source: protocol.md, 2.
    """
    single = None
    listing = Listing(root)
    for wait_s in _WAITS_S:
        if listing.is_sound(time.time_ns()):
            return listing
        only = listing.active if len(listing.candidates) == 1 else None
        if only is not None and only == single:
            return listing
        single = only
        time.sleep(wait_s)
        listing = Listing(root)
    return listing if listing.is_sound(time.time_ns()) else _read_locked(root)


def _read_locked(root: Folder) -> Listing:
    lock = Lock(root, PRIVATE, LOCK)
    try:
        lock.acquire(_LOCK_WAIT_S, create=False)
    except LockTimeout:
        return _read_busy(root)
    except (OSError, WfError):
        # No writer has been here, or this disk is read-only: the newest counts.
        return Listing(root)
    try:
        return Listing(root)
    finally:
        lock.release()


def _read_busy(root: Folder) -> Listing:
    """Read the markers beside writers that never rest: the newest counts; none only at the end."""
    listing = Listing(root)
    for _ in range(_LAST_TRIES):
        if listing.candidates or listing.is_sound(time.time_ns()):
            break
        listing = Listing(root)
    return listing
