"""Everything about a root that the doctor looks at, read once.

Reads only: a snapshot, and what is of no concern to anybody but the doctor: strays, leftovers,
bindings, the lock, older layouts.
"""

import os
import stat
import time
from collections.abc import Iterator

from attrs import frozen

from wfsession.core import layout
from wfsession.core.cutshort import CutShort, list_cut_short
from wfsession.core.disk import Folder, is_regular
from wfsession.core.first_write import has_registry
from wfsession.core.journal import read_journal
from wfsession.core.legacy import list_expected, read_places
from wfsession.core.locate import find_bound, open_root, read_binding
from wfsession.core.lock import Lock
from wfsession.core.markers import Listing, read_markers
from wfsession.core.model import LogEntry, Snapshot
from wfsession.core.names import parse_marker
from wfsession.core.snapshot import read_snapshot
from wfsession.errors import LockTimeout, WfError, as_wf_error

_KINDS = {stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFREG: "file"}


@frozen
class Leftover:
    """An entry of `.wf/tmp`: what an operation that was cut short prepared."""

    name: str
    age_s: float


@frozen
class Stray:
    """An entry that begins like a marker and is none; `kind` is directory|symlink|file|special."""

    entry: str
    kind: str


@frozen
class Survey:
    """What `diagnose` looks at. Paths are relative to the root.

    `legacy` are the places of older layouts in which there is something that can be brought over,
    `expected` the names of sessions that will be in the root when it is.
    """

    snapshot: Snapshot
    strays: tuple[Stray, ...]
    leftovers: tuple[Leftover, ...]
    lost_bindings: tuple[tuple[str, str], ...]
    stale_holder: str
    unfinished: tuple[LogEntry, ...]
    cut_short: tuple[CutShort, ...]
    has_registry: bool
    legacy: tuple[str, ...]
    expected: frozenset[str]
    unwritable: tuple[str, ...]
    taken_ns: int


def read_survey(root_path: str) -> Survey:
    """Look a root over.

    Raises:
        RootNotFound, UnsafePath, DiskFailed: the root itself cannot be read.
    """
    snapshot = read_snapshot(root_path)
    with open_root(root_path) as root:
        try:
            stale_holder, entries = _read_held(root)
            listing = read_markers(root)
            places = read_places(root, listing)
            return Survey(
                snapshot=snapshot,
                strays=tuple(_list_strays(root, listing)),
                leftovers=tuple(_list_leftovers(root)),
                lost_bindings=tuple(_list_lost_bindings(root)),
                stale_holder=stale_holder,
                unfinished=tuple(one for one in entries if one.state == "unfinished"),
                cut_short=list_cut_short(snapshot.sessions, entries),
                has_registry=has_registry(root_path),
                legacy=tuple(place.name for place in places if place.has_legacy),
                expected=list_expected(root, places),
                unwritable=tuple(_list_unwritable(root, snapshot)),
                taken_ns=time.time_ns(),
            )
        except OSError as error:
            raise as_wf_error(root_path, error) from None


def _is_file(folder: Folder, name: str) -> bool:
    status = folder.find(name)
    return status is not None and is_regular(status)


def _list_strays(root: Folder, listing: Listing) -> Iterator[Stray]:
    for entry in sorted(listing.strays):
        status = root.find(entry)
        if status is None or (is_regular(status) and parse_marker(entry) is not None):
            continue  # gone, or put right, this moment
        yield Stray(entry, _KINDS.get(stat.S_IFMT(status.st_mode), "special"))


def _list_leftovers(root: Folder) -> list[Leftover]:
    try:
        with root.child(layout.PRIVATE) as private, private.child(layout.STAGING) as staging:
            found = []
            for name in sorted(staging.list_names()):
                status = staging.find(name)
                # A temporary workspace is no leftover: it was kept because something is in it.
                if status is not None and not name.startswith("workspace-"):
                    found.append(Leftover(name, time.time() - status.st_mtime))
            return found
    except OSError:
        # No private directory, or one that the lock's own check will complain of.
        return []


def _list_lost_bindings(root: Folder) -> list[tuple[str, str]]:
    lost = []
    try:
        with root.child(layout.THREADS) as threads:
            for thread in sorted(threads.list_names()):
                if not _is_file(threads, thread):
                    continue
                name = read_binding(root, thread)
                if name and find_bound(root, name) is None:
                    lost.append((thread, name))
    except OSError:
        # No bindings, or some that cannot be read and that nobody follows.
        pass
    return lost


def _read_held(root: Folder) -> tuple[str, tuple[LogEntry, ...]]:
    """Return what is only to be read while nobody works in the root, without waiting for that.

    Returns:
        Who is said to hold the lock, if that process is gone and it is held all the same; and
        the journal's entries: none where somebody is at work, whose own entry is unfinished.
    """
    lock = Lock(root, layout.PRIVATE, layout.LOCK)
    try:
        lock.acquire(0, create=False)
    except LockTimeout as error:
        return (error.holder if _is_gone(error.holder) else ""), ()
    except (OSError, WfError):
        # No lock yet, or one that nobody can take: nobody has it.
        pass
    try:
        return "", read_journal(root)
    except OSError:
        # A journal that cannot be read tells nothing.
        return "", ()
    finally:
        lock.release()


def _is_gone(holder: str) -> bool:
    words = holder.split()
    host = os.uname().nodename if hasattr(os, "uname") else ""
    if len(words) != 4 or words[3] != host or not words[1].isdecimal():
        return False
    try:
        os.kill(int(words[1]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        # Somebody else's, or the number of no process: it says nothing.
        return False
    return False


def _list_unwritable(root: Folder, snapshot: Snapshot) -> list[str]:
    in_root = (one for one in snapshot.sessions if one.location == "root")
    # What a symlink leads to is nobody's business here.
    names = [".", *(one.dirname for one in in_root if "unsafe-session" not in one.problems)]
    if root.find(layout.PRIVATE) is not None:
        names.append(layout.PRIVATE)
    return [name for name in names if not root.is_writable(name)]
