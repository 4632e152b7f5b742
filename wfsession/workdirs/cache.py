"""The bare cache of a repository: made once, refreshed under its lock, made anew when broken.

It has the remote's branches under `refs/remotes/origin`, and the agents' own under `refs/heads`.
Nothing in it is collected but by whoever cleans: objects that only a worktree knows stay.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from attrs import frozen

from wfsession.errors import GitFailed, as_wf_error
from wfsession.workdirs.aside import set_aside
from wfsession.workdirs.git import Access, Git, check_version
from wfsession.workdirs.key import name_repository
from wfsession.workdirs.links import list_links
from wfsession.workdirs.locks import hold
from wfsession.workdirs.places import Places
from wfsession.workdirs.rebuild import carry_over
from wfsession.workdirs.remote import Remote

REFSPEC = "+refs/heads/*:refs/remotes/origin/*"
# Beside a cache, while it is being made, and while it makes room for one.
NEW, OLD = ".new-", ".old"
_NAME = re.compile(r"(.+-[0-9a-f]{16})\.git(|\.new-.*|\.old)")
_STAMP = "wf-fetched"
_FETCH = ("fetch", "--quiet", "--prune", "--no-recurse-submodules", "--no-write-fetch-head")
_STALE_S = 60.0
_PATIENCE_S = 0.2
# What git says where the cache itself is at fault, and not the way to the remote.
_BROKEN = re.compile(
    r"bad object|object file .* is empty|is corrupt|corrupt loose|not a git repository: '"
    r"|did not send all necessary|does not point to a valid object|invalid sha1 pointer"
    r"|unable to (read|find) [0-9a-f]{7}|missing (blob|tree|commit|object)|bad ref|broken ref"
    r"|packfile .* (cannot|does not|is)|bad config|bad numeric config|could not parse|inflate"
    r"|unable to parse object|failed to read object|not valid: (HEAD|refs)"
)
_LOCKED = re.compile(r"(?:Unable to create|could not lock config file) '?(.+?)'?: File exists")


@frozen
class Cache:
    """A cache whose lock we hold by `descriptor`.

    `is_fresh` tells whether it was refreshed since it was asked for; `notes` say why not, and what
    else there is to say.
    """

    path: str
    git: Git
    remote: Remote
    descriptor: int
    is_fresh: bool
    notes: tuple[str, ...] = ()


@contextmanager
def open_cache(
    places: Places,
    remote: Remote,
    access: Access,
    *,
    timeout_s: float,
    filter_blobs: bool = False,
    is_broken: bool = False,
) -> Iterator[Cache]:
    """Hold the lock of a repository's cache, which is made, refreshed, or made anew before.

    Args:
        places: where it lies.
        remote: the repository.
        access: how it is opened.
        timeout_s: how long to wait for the lock, in seconds.
        filter_blobs: whether a cache that is made leaves out the contents of files until they
            are asked for.
        is_broken: whether it turned out to be, and is made anew at any rate.

    Raises:
        GitFailed: there is no cache, and none can be made.
        LockTimeout: somebody else held it all that time.

    On crash: the cache is as before or as after; what was being made lies beside, and goes next
    time.
    """
    asked_ns = time.time_ns()
    name = name_repository(remote.identity)
    path = places.bare(name)
    with hold(places.bare_lock(name), timeout_s) as descriptor:
        _tidy(places, path)
        git = Git(access, git_dir=path)
        notes: tuple[str, ...] = ()
        is_fresh = True
        if is_broken or not is_sound(path):
            notes = _make(places, remote, access, path, filter_blobs)
        else:
            try:
                _refresh(places, git, remote, asked_ns)
            except GitFailed as error:
                if is_fault_of_cache(error):
                    notes = _make(places, remote, access, path, filter_blobs)
                else:
                    is_fresh = False
                    notes = (f"the cache could not be refreshed ({error.reason}); used as it is",)
        yield Cache(path, git, remote, descriptor, is_fresh, notes)


def parse_cache_name(name: str) -> tuple[str, str]:
    """Return the repository that an entry of the directory of caches is of, and what follows.

    What follows is empty for a cache itself, else NEW with a number, or OLD; an entry that is
    neither is of no repository.
    """
    found = _NAME.fullmatch(name)
    return (found[1], found[2]) if found else ("", "")


def is_sound(path: str) -> bool:
    """Tell whether a cache has what each has; what is damaged deeper shows when it is used."""
    try:
        with open(os.path.join(path, "HEAD"), "rb") as file:
            head = file.read(5)
        with open(os.path.join(path, "config"), "rb") as file:
            config = file.read(1 << 20)
    except OSError:
        return False
    parts = all(os.path.isdir(os.path.join(path, name)) for name in ("objects", "refs"))
    return parts and bool(head.strip()) and REFSPEC.encode() in config and b"\0" not in config


def is_fault_of_cache(error: GitFailed) -> bool:
    """Tell whether what git says is about a damaged cache."""
    return _BROKEN.search(error.output) is not None


def _tidy(places: Places, path: str) -> None:
    """Take away what somebody left who was killed while a cache was made."""
    folder, name = os.path.split(path)
    if os.path.lexists(path + OLD):
        if os.path.lexists(path):
            set_aside(places, path + OLD)
        else:
            os.rename(path + OLD, path)
    for left in os.listdir(folder):
        if left.startswith(name + NEW):
            # A copy of what the remote has: nothing of anybody's is in it.
            shutil.rmtree(os.path.join(folder, left), ignore_errors=True)


def set_halves_aside(places: Places, path: str) -> int:
    """Set the entries of worktrees aside that are not whole: git stumbles over each.

    Returns:
        How many there were.
    """
    halves = [link for link in list_links(path) if not link.is_whole]
    if halves:
        # Somebody may be adding one by hand, who does not know of our lock.
        time.sleep(_PATIENCE_S)
        halves = [link for link in list_links(path) if link in halves]
    for link in halves:
        set_aside(places, link.git_dir)
    return len(halves)


def _refresh(places: Places, git: Git, remote: Remote, asked_ns: int) -> None:
    """Fetch, unless somebody did since this was asked for."""
    url, fetched_ns = _read_stamp(git.git_dir)
    if url != remote.url:
        _run(git, "config", "remote.origin.url", remote.url)
    if url == remote.url and fetched_ns >= asked_ns:
        return
    started_ns = time.time_ns()
    try:
        _run(git, *_FETCH, "origin")
    except GitFailed:
        if not set_halves_aside(places, git.git_dir):
            raise
        _run(git, *_FETCH, "origin")
    _write_stamp(git.git_dir, remote.url, started_ns)


def _run(git: Git, *words: str) -> None:
    """Run git, and once more where a lock file was in its way that nobody holds any more."""
    try:
        git.run(*words)
    except GitFailed as error:
        found = _LOCKED.search(error.output)
        if found is None:
            raise
        path = found[1].removesuffix(".lock") + ".lock"
        if not _is_stale(path):
            raise
        with suppress(OSError):
            os.unlink(path)
        git.run(*words)


def _is_stale(path: str) -> bool:
    try:
        return time.time() - os.lstat(path).st_mtime > _STALE_S
    except OSError:
        return True


def read_url(path: str) -> str:
    """Return from where a cache was fetched last, or an empty text."""
    return _read_stamp(path)[0]


def _read_stamp(path: str) -> tuple[str, int]:
    """Return from where a cache was fetched, and when, in nanoseconds; nothing if not known."""
    stamp = os.path.join(path, _STAMP)
    try:
        with open(stamp, "rb") as file:
            return file.read(1 << 16).decode(errors="replace"), os.fstat(file.fileno()).st_mtime_ns
    except OSError:
        return "", 0


def _write_stamp(path: str, url: str, at_ns: int) -> None:
    stamp = os.path.join(path, _STAMP)
    try:
        with open(stamp, "wb") as file:
            file.write(url.encode())
        os.utime(stamp, ns=(at_ns, at_ns))
    except OSError as error:
        raise as_wf_error(stamp, error) from None


def _make(
    places: Places, remote: Remote, access: Access, path: str, filter_blobs: bool
) -> tuple[str, ...]:
    """Make a cache, in the place of a broken one if there is one; return what there is to say."""
    check_version(access)
    new = f"{path}{NEW}{os.getpid()}"
    try:
        _clone(Git(access, git_dir=new), remote, new, filter_blobs)
        if not os.path.lexists(path):
            os.rename(new, path)
            return ()
        lost = carry_over(path, Git(access, git_dir=new))
        os.rename(path, path + OLD)
        os.rename(new, path)
    except OSError as error:
        raise as_wf_error(path, error) from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
    aside = set_aside(places, path + OLD)
    return (f"the cache was broken and was made anew; the old one: {aside}", *lost)


def _clone(git: Git, remote: Remote, path: str, filter_blobs: bool) -> None:
    started_ns = time.time_ns()
    Git(git.access).run("init", "--quiet", "--bare", "--initial-branch=main", "--", path)
    for name, value in (
        ("remote.origin.url", remote.url),
        ("remote.origin.fetch", REFSPEC),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
    ):
        git.run("config", name, value)
    how = ("--filter=blob:none",) if filter_blobs else ()
    try:
        git.run(*_FETCH, *how, "origin")
    except GitFailed as error:
        raise GitFailed(f"git fetch {remote.url}", error.reason, error.hint, error.output) from None
    update_default(git)
    _write_stamp(path, remote.url, started_ns)


def update_default(git: Git) -> None:
    """Note which branch the remote begins with, if it says so; it may have been renamed."""
    with suppress(GitFailed):
        git.run("remote", "set-head", "origin", "--auto")


def read_default(git: Git) -> str:
    """Return the branch that the remote begins with, as far as is known, or an empty text."""
    found = git.find("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    return (found or "").removeprefix("refs/remotes/origin/")
