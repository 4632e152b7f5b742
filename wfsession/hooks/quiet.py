"""The stamps by which `bin/wf` knows, without Python, that no open thread is to be told anything.

The shell does not know which thread asks: that stands in what the agent writes to standard input,
and JSON is nothing for a shell. So the stamps are for all open threads at once. `.wf/quiet` has an
empty file for each thing on which it depends what they are to be told: the root, its `.threads`,
`.wf/told`, each one's binding and record. A stamp has the time of its thing; as long as all of them
are equal to the second, nothing was changed since everybody knew how things stood.

`.wf/unkept` is such a stamp of the user's settings where these have no edit kept; the path of their
file stands in it.

Works without the lock. Whoever writes stamps looked before that; what changed since has another
time than its stamp. Loads nothing heavy.
"""

import os
import time

from wfsession.core import layout
from wfsession.core.disk import Folder
from wfsession.core.locate import open_root
from wfsession.core.markers import Listing, read_markers
from wfsession.errors import UnsafePath
from wfsession.hooks.present import read_present
from wfsession.hooks.told import FOLDER as TOLD
from wfsession.hooks.told import Told, list_told, read_told, write_told

QUIET = "quiet"
# An empty file beside the stamps' directory: what is said is kept, so prompts are no quiet events.
TRACED = "traced"
UNKEPT = "unkept"
ROOT, LATE = "root", "late"
# A change in the same moment may leave a time as it was, and some shells compare whole seconds.
_SETTLED_NS = 2_000_000_000
# A thread that does not ask for so long holds up the others no more than at their prompts.
_PATIENCE_NS = 3_600_000_000_000
_MOST_THREADS = 32

TYPE_CHECKING = False
if TYPE_CHECKING:
    Stamps = dict[str, os.stat_result]


class _Busy(Exception):
    """Something is to be told, or moves: no stamps now."""


def is_traced(root_path: str) -> bool:
    """Tell whether what is said in conversations was to be kept when the last of them began."""
    return os.path.exists(os.path.join(root_path, layout.PRIVATE, TRACED))


def set_traced(root: Folder, is_on: bool) -> None:
    """Put down whether what is said is to be kept. On crash: as before or as after."""
    with root.child(layout.PRIVATE) as private:
        if is_on and private.find(TRACED) is None:
            private.create(TRACED, b"")
        elif not is_on:
            _unlink(private, TRACED)


def rest_from_edits(root_path: str, path: str, status: os.stat_result) -> None:
    """Let the shell answer edits, until the settings change that have none kept.

    Args:
        root_path: the root.
        path: the file of the settings.
        status: that of the file, taken before it was read.

    On crash: as before; Python answers.
    """
    # What is linked may be changed by another link, to a file of whatever age.
    if os.path.realpath(path) != path:
        return
    try:
        with open_root(root_path) as root, root.child(layout.PRIVATE) as private:
            if _is_settled(status, _read_clock(private)):
                name = f"{UNKEPT}-{os.getpid()}-{os.urandom(6).hex()}"
                with private.child(layout.STAGING) as staging:
                    staging.create(name, os.fsencode(path) + b"\n")
                    staging.set_mtime(name, status.st_mtime_ns)
                    staging.replace(name, UNKEPT, private)
    except (OSError, UnsafePath):
        pass  # no `.wf`, or none that can be written: Python goes on to answer


def _is_settled(status: os.stat_result, now_ns: int) -> bool:
    return now_ns - max(status.st_mtime_ns, status.st_ctime_ns) >= _SETTLED_NS


def refresh(root: Folder) -> None:
    """Write the stamps where no open thread is to be told anything; take them away otherwise.

    On crash: the stamps are those from before, without the root's where that was to go, or some
    are missing: the shell hands over then.
    """
    try:
        with root.child(layout.PRIVATE) as private:
            try:
                stamps, has_late = _look(root, private)
                _write(private, stamps, has_late)
            except _Busy:
                _remove(private, ROOT)
    except FileNotFoundError:
        pass  # `.wf` went away: there are no stamps


def _look(root: Folder, private: Folder) -> "tuple[Stamps, bool]":
    """Return the status of all that counts, each taken before it was read."""
    now_ns = _read_clock(private)
    stamps = {ROOT: root.read_status()}
    _add(stamps, TOLD, private, TOLD)
    threads = list_told(private)
    if not threads or len(threads) > _MOST_THREADS:
        raise _Busy
    _add(stamps, "threads", root, layout.THREADS)
    listing = read_markers(root)
    waiting = [_look_at(root, private, thread, listing, stamps, now_ns) for thread in threads]
    if any(kind == "waits" for kind in waiting):
        raise _Busy
    if not all(_is_settled(one, now_ns) for one in stamps.values()):
        raise _Busy
    return stamps, LATE in waiting or private.find(TRACED) is not None


def _read_clock(private: Folder) -> int:
    """Return the present by whichever clock is behind, ours or that of the disk."""
    name = f"clock-{os.getpid()}-{os.urandom(6).hex()}"
    with private.child(layout.STAGING) as staging:
        staging.create_marker(name)
        disk_ns = staging.stat(name).st_mtime_ns
        staging.unlink(name)
    return min(disk_ns, time.time_ns())


def _add(stamps: "Stamps", name: str, folder: Folder, entry: str) -> None:
    status = folder.find(entry)
    if status is not None:
        stamps[name] = status


def _look_at(
    root: Folder, private: Folder, thread: str, listing: Listing, stamps: "Stamps", now_ns: int
) -> str:
    """Take in what a thread depends on; return still|waits|late."""
    try:
        with root.child(layout.THREADS) as folder:
            _add(stamps, f"b-{thread}", folder, thread)
    except (FileNotFoundError, UnsafePath):
        pass  # no bindings: `.threads` would move the root when it comes
    present = read_present(root, thread, listing)
    if present.place is not None:
        stamp, session = f"r-{present.place.dirname}", present.session
        with root.child(present.place.dirname) as folder:
            _add(stamps, stamp, folder, layout.RECORD)
        # Once more, as the time must have been taken before.
        present = read_present(root, thread, listing)
        if stamp not in stamps or present.session != session:
            raise _Busy
    if present.follows_marker and len(listing.candidates) > 1:
        # Of several, a touch makes another the winner and moves no directory.
        raise _Busy
    told = read_told(private, thread)
    if told is None:
        raise _Busy
    if told.is_still(present):
        return "still"
    if not told.waits_ns:
        write_told(private, thread, Told(told.session, told.state, told.phase, now_ns))
        return "waits"
    return LATE if now_ns - told.waits_ns > _PATIENCE_NS else "waits"


def _write(private: Folder, stamps: "Stamps", has_late: bool) -> None:
    """Put the stamps in place, the root's last: without it the others count nothing."""
    private.make_if_missing(QUIET)
    names = {*stamps, LATE} if has_late else {*stamps}
    with private.child(QUIET) as quiet, private.child(layout.STAGING) as staging:
        if _are_there(quiet, names, stamps):
            return
        _unlink(quiet, ROOT)
        for other in sorted({*quiet.list_names()} - names):
            _unlink(quiet, other)
        for name in [*sorted(names - {ROOT}), ROOT]:
            temporary = f"stamp-{os.getpid()}-{os.urandom(6).hex()}"
            staging.create_marker(temporary)
            if name in stamps:
                staging.set_mtime(temporary, stamps[name].st_mtime_ns)
            staging.replace(temporary, name, quiet)
        if not _are_there(quiet, names, stamps):
            # Somebody else wrote theirs at the same time.
            _unlink(quiet, ROOT)


def _are_there(quiet: Folder, names: set[str], stamps: "Stamps") -> bool:
    if {*quiet.list_names()} != names:
        return False
    return all(
        (stamp := quiet.find(name)) is not None and stamp.st_mtime_ns == status.st_mtime_ns
        for name, status in stamps.items()
    )


def _remove(private: Folder, name: str) -> None:
    try:
        with private.child(QUIET) as quiet:
            _unlink(quiet, name)
    except FileNotFoundError:
        pass  # there never were any


def _unlink(quiet: Folder, name: str) -> None:
    try:
        quiet.unlink(name)
    except FileNotFoundError:
        pass  # somebody else was there first
