"""Where the root is, and which session a caller means: flag > environment > binding > marker.

Reads only, and loads nothing heavy. `read_environment` is the one place below the command line
that looks at the environment.
"""

import errno
import os

from wfsession.core import layout
from wfsession.core.disk import Folder, is_directory, is_regular
from wfsession.core.hint import find_active
from wfsession.core.markers import Listing, find_directory
from wfsession.core.names import (
    SESSION_PREFIX,
    encode_marker,
    find_thread_fault,
    is_session_name,
    nfc,
)
from wfsession.errors import RootNotFound, SessionNotFound, UnsafePath, as_wf_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.core.model import Location

# What the environment may say of us, in the order of `Environment`.
VARIABLES = ("WF_SESSION", "WF_ROOT", "WF_THREAD", "WF_RUN", "WF_PARENT_THREAD", "WF_LABEL")
_GIT_FILE_BYTES = 4096
_BINDING_BYTES = 1024
# No binding, or nothing that could be one.
_UNBOUND = (errno.ENOENT, errno.EACCES, errno.ENAMETOOLONG)


class Environment:
    """What the environment says of us; an empty value is unset, and empty here.

    `run`, `parent` and `label` are what a spawner declares of a thread that it starts.
    """

    __slots__ = ("label", "parent", "root", "run", "session", "thread")

    def __init__(
        self,
        session: str = "",
        root: str = "",
        thread: str = "",
        declared: tuple[str, str, str] = ("", "", ""),
    ) -> None:
        self.session = session
        self.root = root
        self.thread = thread
        self.run, self.parent, self.label = declared


def read_environment() -> Environment:
    """Read the VARIABLES."""
    session, root, thread, run, parent, label = (os.environ.get(one, "") for one in VARIABLES)
    return Environment(session, root, thread, (run, parent, label))


class Place:
    """Where a session's directory is: `location` is root|completed, `dirname` as on disk."""

    __slots__ = ("dirname", "location")

    def __init__(self, dirname: str, location: "Location") -> None:
        self.dirname = dirname
        self.location = location

    @property
    def name(self) -> str:
        """The session's name, in NFC."""
        return nfc(self.dirname)

    @property
    def directory(self) -> str:
        """The session's directory, as a path in the root."""
        is_archived = self.location == layout.COMPLETED
        return f"{layout.COMPLETED}/{self.dirname}" if is_archived else self.dirname

    def path_in(self, root: str) -> str:
        """The absolute path of the directory in the root at `root`."""
        return os.path.join(root, self.directory)


class Resolution:
    """Which session is meant, and why.

    `session`, `path` and `place` are None where none is active, `root` where there is none.
    `source` is flag|environment|binding|marker|none; `note` is a sentence for the caller about
    a binding that could not be followed, or empty.
    """

    __slots__ = ("note", "path", "place", "root", "session", "source")

    def __init__(self, root: str | None, place: Place | None, source: str, note: str = "") -> None:
        self.root = root
        self.place = place
        self.session = place.name if place else None
        self.path = place.path_in(root) if place and root else None
        self.source = source if place else "none"
        self.note = note


def find_root(start: str | None = None, environment_root: str = "") -> str:
    """Return the absolute path of the root that belongs to a path.

    Args:
        start: where to begin; the current directory where it is None.
        environment_root: WF_ROOT, which counts where `start` is None: a `.workflow` directory,
            or a directory that has one.

    Returns:
        The nearest `.workflow` upward; in a linked git worktree without one, the main
        worktree's.

    Raises:
        RootNotFound: there is none.
        UnsafePath: what is there is a file or a symlink.
        DiskFailed: a directory on the way cannot be read.
    """
    if start is None and environment_root:
        return _find_named_root(environment_root)
    try:
        here = _make_physical(start) if start is not None else os.getcwd()
        place = here
        while True:
            root = os.path.join(place, layout.ROOT)
            if _is_root(root):
                return root
            root = _find_main_worktree_root(place)
            if root:
                return root
            parent = os.path.dirname(place)
            if parent == place:
                raise RootNotFound(here)
            place = parent
    except OSError as error:
        raise as_wf_error(start or ".", error) from None


def _make_physical(path: str) -> str:
    absolute = os.path.abspath(path)
    if os.path.basename(absolute) != layout.ROOT:
        return os.path.realpath(absolute)
    # The root itself must be no symlink, so it is not resolved here.
    return os.path.join(os.path.realpath(os.path.dirname(absolute)), layout.ROOT)


def _find_named_root(named: str) -> str:
    path = _make_physical(named)
    inner = path if os.path.basename(path) == layout.ROOT else os.path.join(path, layout.ROOT)
    try:
        if _is_root(inner):
            return inner
    except OSError as error:
        raise as_wf_error(inner, error) from None
    raise RootNotFound(f"WF_ROOT ({named})")


def _is_root(path: str) -> bool:
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if is_directory(status):
        return True
    raise UnsafePath(
        path, "is no directory (or a symlink to one)", "set WF_ROOT to the real directory"
    )


def _find_main_worktree_root(place: str) -> str:
    """Return the main worktree's root where `place` is a linked git worktree, or ''."""
    words = _read_line(place, ".git").partition("gitdir: ")
    if words[0] or not words[2]:
        return ""
    git_dir = os.path.join(place, words[2])
    common = _read_line(git_dir, "commondir")
    repository = os.path.realpath(os.path.join(git_dir, common)) if common else ""
    if os.path.basename(repository) != ".git":
        return ""
    root = os.path.join(os.path.dirname(repository), layout.ROOT)
    return root if _is_root(root) else ""


def _read_line(directory: str, name: str) -> str:
    try:
        with Folder.open(os.path.realpath(directory)) as folder:
            line = folder.read(name, _GIT_FILE_BYTES).data.split(b"\n")[0]
    except OSError:
        # A directory (an ordinary repository), or nothing: no linked worktree.
        return ""
    return os.fsdecode(line)


def open_root(path: str) -> Folder:
    """Open a root; DiskFailed where the system refuses, UnsafePath where it is none."""
    try:
        return Folder.open(path)
    except FileNotFoundError:
        raise RootNotFound(path) from None
    except OSError as error:
        raise as_wf_error(path, error) from None


def find_place(root: Folder, name: str, marked: bool = False) -> Place | None:
    """Look for a session of that very name: in the root, then among the archived.

    Args:
        root: the open root.
        name: a name, in any Unicode form.
        marked: whether a marker names it, which makes any real directory a session.
    """
    if not is_session_name(name):
        return None
    dirname = _find_session_directory(root, nfc(name), marked or _has_marker(root, name))
    if dirname:
        return Place(dirname, "root")
    try:
        with root.child(layout.COMPLETED) as completed:
            dirname = _find_session_directory(completed, nfc(name), marked=False)
    except (FileNotFoundError, UnsafePath):
        # Without a real `completed` directory nothing is archived.
        dirname = ""
    return Place(dirname, layout.COMPLETED) if dirname else None


def _has_marker(root: Folder, name: str) -> bool:
    status = root.find(encode_marker(name))
    return status is not None and is_regular(status)


def _find_session_directory(folder: Folder, name: str, marked: bool) -> str:
    names = [] if name.isascii() else folder.list_names()
    dirname = find_directory(folder, name, names)
    if dirname and _ignores_case(folder, dirname):
        folded = dirname.casefold()
        dirname = next((other for other in folder.list_names() if other.casefold() == folded), "")
    if not dirname or marked or dirname.startswith(SESSION_PREFIX):
        return dirname
    with folder.child(dirname) as session:
        status = session.find(layout.RECORD)
    return dirname if status is not None and is_regular(status) else ""


def _ignores_case(folder: Folder, name: str) -> bool:
    """Tell whether the disk finds an entry by another spelling, so that ours may not be its."""
    other = folder.find(name.swapcase())
    return other is not None and os.path.samestat(other, folder.stat(name))


def find_renamed(root: Folder, name: str) -> Place | None:
    """Look for the session whose record says that it was once called `name`."""
    dirname = _find_former(root, name)
    if dirname:
        return Place(dirname, "root")
    try:
        with root.child(layout.COMPLETED) as completed:
            dirname = _find_former(completed, name)
    except (FileNotFoundError, UnsafePath):
        # As in `find_place`: no `completed`, nothing archived.
        dirname = ""
    return Place(dirname, layout.COMPLETED) if dirname else None


def _find_former(folder: Folder, name: str) -> str:
    from wfsession.core.records import read_former_names

    for dirname in sorted(folder.list_names()):
        if is_session_name(dirname) and nfc(name) in read_former_names(folder, dirname):
            return dirname
    return ""


def find_session(root: Folder, name: str, source: str = "") -> Place:
    """Return where the session is that a pin or an argument names (protocol.md, 6).

    Args:
        root: the open root.
        name: the name, or one that the session had before it was renamed.
        source: what named it, for the message; empty where the user did just now.

    Raises:
        SessionNotFound: there is none.
        UnsafePath: what has that name is a symlink or a file.
    """
    place = find_place(root, name) or (find_renamed(root, name) if name else None)
    if place is None:
        _refuse_unsafe(root, name)
        raise SessionNotFound(name, root.path, _list_nearest(root, name), source)
    return place


def _refuse_unsafe(root: Folder, name: str) -> None:
    """Raise where what is listed as a bad session is a symlink or a file."""
    if name.startswith(SESSION_PREFIX) and is_session_name(name):
        status = root.find(name)
        if status is not None and not is_directory(status):
            raise UnsafePath(root.join(name), "is a symlink or a file; a session is a directory")


def _list_nearest(root: Folder, name: str) -> tuple[str, ...]:
    """Return the names of sessions that look like one that does not exist, the nearest first."""
    from difflib import get_close_matches

    names = [nfc(entry) for entry in root.list_names() if entry.startswith(SESSION_PREFIX)]
    bare = {other.removeprefix(SESSION_PREFIX).casefold(): other for other in names}
    wanted = nfc(name).removeprefix(SESSION_PREFIX).casefold()
    return tuple(bare[near] for near in get_close_matches(wanted, bare, 3))


def resolve(
    root: Folder, flag: str | None, environment: Environment, listing: Listing | None = None
) -> Resolution:
    """Find out which session is meant, explicit before ambient.

    Args:
        root: the open root.
        flag: the name that the caller gave, or None.
        environment: what `read_environment` returned.
        listing: what `read_markers` returned, if that was asked already; None asks `find_active`.

    Raises:
        SessionNotFound: the flag or WF_SESSION names no session.
    """
    if flag is not None:
        return Resolution(root.path, find_session(root, flag), "flag")
    if environment.session:
        place = find_session(root, environment.session, "WF_SESSION")
        return Resolution(root.path, place, "environment")
    bound, note = _follow_binding(root, environment.thread)
    if bound:
        return Resolution(root.path, bound, "binding")
    if listing is not None:
        return Resolution(root.path, place_of_winner(listing), "marker", note)
    active = find_active(root)
    return Resolution(root.path, Place(active, "root") if active else None, "marker", note)


def place_of_winner(listing: Listing) -> Place | None:
    """Return where the active session is, or None."""
    return Place(listing.winner.dirname, "root") if listing.winner else None


def read_binding(root: Folder, thread: str) -> str | None:
    """Return the name that a thread's binding holds; None where it has none.

    An empty name is that of a thread that was unbound: it stays so until it is bound again.
    """
    try:
        with root.child(layout.THREADS) as threads:
            line = threads.read(thread, _BINDING_BYTES).data.split(b"\n")[0]
    except OSError as error:
        if isinstance(error, UnsafePath) or error.errno in _UNBOUND:
            return None
        # A disk that fails must not lead a thread to another session than its own.
        raise
    return os.fsdecode(line)


def find_bound(root: Folder, name: str | None) -> Place | None:
    """Return where the session is that a binding names, or None where it is gone, or archived."""
    if not name:
        return None
    place = find_place(root, name) or find_renamed(root, name)
    return place if place is not None and place.location == "root" else None


def _follow_binding(root: Folder, thread: str) -> tuple[Place | None, str]:
    if not thread:
        return None, ""
    if find_thread_fault(thread):
        return None, f"WF_THREAD is no <agent>--<id>: {thread[:80]!r}; the marker counts"
    name = read_binding(root, thread)
    place = find_bound(root, name)
    if place is None and name:
        return None, f"thread {thread} is bound to {name!r}, which is gone; the marker counts"
    return place, ""


def find_current(path: "str | os.PathLike[str] | None" = None) -> Resolution:
    """Answer "which session is this?" for a path or the current directory; see `resolve`."""
    environment = read_environment()
    try:
        start = os.fspath(path) if path is not None else None
        found = find_root(start, environment.root)
    except RootNotFound:
        if environment.session:
            raise
        return Resolution(None, None, "none")
    with open_root(found) as root:
        try:
            return resolve(root, None, environment)
        except OSError as error:
            raise as_wf_error(found, error) from None
