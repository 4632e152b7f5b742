"""The hint `.wf/active`: who is active, good for as long as the root is as it was (protocol.md, 2).

A listing takes the longer the more sessions there are; to compare two times does not. The hint is
believed while device, inode and both times of the root are those that it names: whatever makes,
removes or renames a marker or a session moves them. To touch a marker does not, so there is a
hint only where at most one competes. Readers write it, where they can, and fail for nothing of
it. `bin/wf` reads it too. Loads nothing heavy. Source: protocol.md, 2; git's "racy index".
"""

import os
import time

from wfsession.core import layout
from wfsession.core.disk import Folder, is_directory, is_regular
from wfsession.core.markers import COARSE_GRAIN_NS, Listing, read_markers
from wfsession.core.names import encode_marker, is_session_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT_BYTES = 1024


def find_active(root: Folder) -> str:
    """Return the directory of the active session, or an empty text where none is active.

    Args:
        root: the open root.

    On crash: a new hint may lie in `.wf/tmp`.
    """
    believed = read_hint(root)
    if believed is not None:
        return believed
    listing = read_markers(root)
    winner = listing.winner
    renew_hint(root)
    return winner.dirname if winner else ""


def list_markers(root: Folder, listed: "Callable[[Folder], Listing]" = Listing) -> Listing:
    """Return a listing of the one marker that there is, if the hint is believed.

    Args:
        root: the open root.
        listed: how to list all of it otherwise.
    """
    believed = read_hint(root)
    if believed is None:
        return listed(root)
    return list_marker(root, believed)


def list_marker(root: Folder, dirname: str) -> Listing:
    """Return a listing of one session's directory and marker alone; of nothing without a name."""
    return Listing(root, [encode_marker(dirname), dirname] if dirname else [])


def read_hint(root: Folder) -> str | None:
    """Return what the hint says, as `find_active` does, or None where it is not to be believed.

    One that `bin/wf` would still believe, since that compares no more than one time, is removed.
    """
    try:
        with root.child(layout.PRIVATE) as private:
            contents = private.read(layout.HINT, _LIMIT_BYTES)
            status = root.read_status()
            name = _parse_hint(contents.data, status)
            if name is not None and _is_there(root, name):
                return name
            if contents.identity[2] == status.st_mtime_ns:
                private.unlink(layout.HINT)
    except OSError:
        # None there, or nothing that can be read or removed.
        pass
    return None


def _is_there(root: Folder, name: str) -> bool:
    """Tell whether a name has a marker and a directory: all that a hint can be held against."""
    if not name:
        return True
    marker, directory = root.find(encode_marker(name)), root.find(name)
    return (
        marker is not None
        and is_regular(marker)
        and directory is not None
        and is_directory(directory)
    )


def encode_hint(name: str, status: os.stat_result, entries: int) -> bytes:
    """Return the hint's bytes.

    Args:
        name: the active session's directory, or an empty text.
        status: the root's.
        entries: how many entries it has, by which `bin/wf` knows whether to list it.
    """
    return os.fsencode(f"{name}\n{_encode_stamp(status)}\n{entries}\n")


def _encode_stamp(status: os.stat_result) -> str:
    return f"{status.st_dev} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"


def _parse_hint(data: bytes, status: os.stat_result) -> str | None:
    """Return the name in a hint for a root of this status, or None."""
    match os.fsdecode(data).split("\n"):
        case [name, stamp, _, ""] if stamp == _encode_stamp(status):
            return name if not name or is_session_name(name) else None
    return None


def renew_hint(root: Folder) -> None:
    """Write the hint, if the root has rested for two seconds; whatever fails is no matter.

    On crash: the hint is the old one, or the new one; a part of the new one may lie in `.wf/tmp`.
    """
    try:
        # By the machine's clock at first, so that in a busy root nothing is written at all.
        if not _has_rested(root.read_status(), time.time_ns()):
            return
        with root.child(layout.PRIVATE) as private, private.child(layout.STAGING) as staging:
            name = f"hint-{os.getpid()}-{os.urandom(6).hex()}"
            staging.create_marker(name)
            try:
                if _fill_hint(root, private, staging, name):
                    staging.replace(name, layout.HINT, private)
            finally:
                _drop(staging, name)
    except OSError:
        # No private directory yet, or a full disk, or one that is read-only.
        pass


def _has_rested(status: os.stat_result, now_ns: int) -> bool:
    return now_ns - max(status.st_mtime_ns, status.st_ctime_ns) >= COARSE_GRAIN_NS


def _fill_hint(root: Folder, private: Folder, staging: Folder, name: str) -> bool:
    """Write a new hint into an empty file; tell whether it holds.

    The file was made before the root is listed, so its own time is the disk's clock before that:
    a change after the listing began has another stamp than the root had, however coarse.
    """
    before = root.read_status()
    if before.st_dev != private.read_status().st_dev:
        return False
    if not _has_rested(before, staging.stat(name).st_mtime_ns):
        return False
    listing = Listing(root)
    if len(listing.candidates) > 1 or _encode_stamp(root.read_status()) != _encode_stamp(before):
        return False
    active = listing.winner.dirname if listing.winner else ""
    staging.append(name, encode_hint(active, before, len(listing.names)), durable=False)
    staging.set_mtime(name, before.st_mtime_ns)
    return staging.stat(name).st_mtime_ns == before.st_mtime_ns


def _drop(staging: Folder, name: str) -> None:
    try:
        staging.unlink(name)
    except OSError:
        pass  # it is the hint by now, or is left for the doctor
