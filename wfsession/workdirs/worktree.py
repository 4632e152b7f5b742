"""A worktree of a cache: registered, filled, put right, brought up to date. Its lock is held.

What a person or an agent may have put there is never overwritten: files are written from nothing
only where we know that nobody has worked there yet.
"""

import os
import shutil
from typing import Literal

from attrs import frozen

from wfsession.core.disk import make_directories
from wfsession.errors import GitFailed, InvalidValue, as_wf_error
from wfsession.workdirs.aside import set_aside
from wfsession.workdirs.cache import Cache, read_default, set_halves_aside, update_default
from wfsession.workdirs.git import Access, Git
from wfsession.workdirs.key import Key
from wfsession.workdirs.links import (
    Link,
    find_link,
    finish,
    is_linked,
    lead_to,
    list_links,
    make_link,
    note_emptied,
    unlock_unfinished,
)
from wfsession.workdirs.places import Places

_REMOTE = "refs/remotes/origin/"
_LOCAL = "refs/heads/"
_NO_LFS = tuple(
    word
    for name, value in (("required", "false"), ("smudge", ""), ("process", ""), ("clean", ""))
    for word in ("-c", f"filter.lfs.{name}={value}")
)
State = Literal["created", "reused", "repaired"]


@frozen
class Worktree:
    """A worktree that is registered, and perhaps not filled yet.

    `state` is repaired where something of one was missing that had been made before.
    """

    path: str
    link: Link
    git: Git
    state: State
    notes: tuple[str, ...] = ()


def open_worktree(cache: Cache, path: str) -> Worktree | None:
    """Return a worktree with which all is well, or None."""
    link = find_link(cache.path, path)
    if link is None or not os.path.isdir(path) or not is_linked(path, link):
        return None
    if link.is_unfinished or not link.has_index:
        return None
    return Worktree(path, link, _make_git(cache.git.access, path), "reused")


def make_worktree(
    places: Places, cache: Cache, key: Key, base: str | None, former_branch: str
) -> Worktree:
    """Register a worktree, or what is left of one; the cache's lock is held.

    Args:
        places: where it lies.
        cache: the cache that it is cut from.
        key: what it is for.
        base: where a branch begins that the remote does not have; None for the remote's default.
        former_branch: the local branch that its record names, or empty.

    Raises:
        InvalidValue: `base` names nothing, or is needed.
        GitFailed, DiskFailed: it cannot be made.

    On crash: nothing, or a branch, or an entry without its directory; the next call goes on.
    """
    path = places.workdir(key)
    set_halves_aside(places, cache.path)
    found = find_link(cache.path, path)
    had_files = _has_files(path)
    notes: tuple[str, ...] = ()
    is_new = found is None and not had_files
    if found is None:
        branch, notes = _make_branch(cache, key, base, former_branch)
        found = make_link(cache.path, path, branch, is_unfinished=not had_files)
    elif found.has_index and not had_files:
        note_emptied(found)
    try:
        make_directories(path).close()
        if not is_linked(path, found):
            _clear_way(places, path)
            lead_to(path, found)
    except OSError as error:
        raise as_wf_error(path, error) from None
    is_new = is_new or (found.is_unfinished and not found.is_emptied)
    state: State = "created" if is_new else "repaired"
    return Worktree(path, found, _make_git(cache.git.access, path), state, notes)


def _make_git(access: Access, path: str) -> Git:
    has_lfs = shutil.which("git-lfs", path=access.environment.get("PATH")) is not None
    return Git(access, directory=path, options=() if has_lfs else _NO_LFS)


def _has_files(path: str) -> bool:
    try:
        return any(name != ".git" for name in os.listdir(path))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise as_wf_error(path, error) from None


def _clear_way(places: Places, path: str) -> None:
    """Set aside a `.git` that is a repository of its own, or a link."""
    place = os.path.join(path, ".git")
    if os.path.islink(place) or os.path.isdir(place):
        set_aside(places, place)


def _make_branch(
    cache: Cache, key: Key, base: str | None, former_branch: str
) -> tuple[str, tuple[str, ...]]:
    """Return the local branch for a worktree, made if it is missing, and what there is to say."""
    names = dict.fromkeys(
        (former_branch, *key.local_branches) if former_branch else key.local_branches
    )
    wanted = [f"{_LOCAL}{name}" for name in names]
    known = _read_refs(cache.git, *wanted, f"{_REMOTE}{key.branch}")
    taken = {link.branch for link in list_links(cache.path)}
    for name in names:
        if f"{_LOCAL}{name}" in known and name not in taken:
            return name, ()
    notes: tuple[str, ...] = ()
    start = known.get(f"{_REMOTE}{key.branch}", "")
    if not start:
        start, notes = _find_start(cache, key, base)
    if not start:
        return key.local_branches[0], notes
    for name in key.local_branches:
        try:
            cache.git.run("branch", "--no-track", "--end-of-options", name, start)
        except GitFailed:
            if name == key.local_branches[-1]:
                raise
        else:
            return name, notes
    raise AssertionError("the last one was made, or raised")


def _find_start(cache: Cache, key: Key, base: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the commit where a branch begins that is new to the remote; empty where it has none.

    Raises:
        InvalidValue: `base` names nothing, or is needed.
    """
    git = cache.git
    if base is None and cache.is_fresh:
        update_default(git)
    name = base if base is not None else read_default(git)
    if name:
        places = (f"{_REMOTE}{name}", name) if base is not None else (f"{_REMOTE}{name}",)
        for one in places:
            words = ("--verify", "--quiet", "--end-of-options", f"{one}^{{commit}}")
            commit = git.find("rev-parse", *words)
            if commit is not None:
                commit = commit.splitlines()[-1]
                return commit, (f"{key.branch} is new: it begins at {name} ({commit[:10]})",)
    if base is not None:
        reason = f"{base!r} is no branch, tag or commit of {cache.remote.url}"
        raise InvalidValue("base", base, reason, f"git ls-remote {cache.remote.url}")
    if git.ask("for-each-ref", "--count=1", "refs/remotes", "refs/tags"):
        reason = f"{cache.remote.url} does not say which branch it begins with"
        raise InvalidValue("base", None, reason, "name one: --base BRANCH")
    return "", (f"{cache.remote.url} has no commits yet",)


def _read_refs(git: Git, *refs: str) -> dict[str, str]:
    said = git.ask("for-each-ref", "--format=%(objectname) %(refname)", "--", *refs)
    pairs = (line.split(" ", 1) for line in said.splitlines())
    return {ref: commit for commit, ref in pairs if ref in refs}


def fill(tree: Worktree, descriptor: int) -> tuple[str, ...]:
    """Write the files of a worktree that nobody worked in yet; of another only the index.

    Args:
        tree: as `make_worktree` gave it.
        descriptor: the lock of the workdir, which git holds on to should we be killed.

    Returns:
        What there is to say.

    Raises:
        GitFailed: as where the disk is full; the next call goes on.

    On crash: some of the files are there, the worktree is still unfinished.
    """
    git, link = tree.git, tree.link
    if git.find("rev-parse", "--verify", "--quiet", "HEAD") is None:
        finish(link)
        return ()
    if link.is_unfinished:
        unlock_unfinished(link)
        from_index = ("checkout-index", "--quiet", "--force", "--index", "--all")
        words = from_index if link.is_emptied else ("reset", "--quiet", "--hard")
        git.run(*words, keep=(descriptor,))
        finish(link)
    elif not link.has_index:
        git.run("reset", "--quiet", keep=(descriptor,))
    return _look_around(tree)


def _look_around(tree: Worktree) -> tuple[str, ...]:
    """Return what a clone by hand would need a further step for."""
    notes = []
    if os.path.lexists(os.path.join(tree.path, ".gitmodules")):
        notes.append("it has submodules, which are not there: git submodule update --init")
    if tree.git.options:
        try:
            with open(os.path.join(tree.path, ".gitattributes"), "rb") as file:
                if b"filter=lfs" in file.read(1 << 20):
                    notes.append("git-lfs is not installed: its files are pointers")
        except OSError:
            pass  # there is none
    return tuple(notes)


def update(
    tree: Worktree, key: Key, local_branch: str, descriptor: int
) -> tuple[str, tuple[str, ...]]:
    """Bring a worktree up to what the remote has, if nothing stands against it.

    Returns:
        The commit that it is at, empty where there is none; and why it was left as it is, if it
        was.
    """
    local, theirs = f"{_LOCAL}{local_branch}", f"{_REMOTE}{key.branch}"
    if tree.link.branch != local_branch:
        where = f"on {tree.link.branch}" if tree.link.branch else "on no branch"
        head = tree.git.find("rev-parse", "--verify", "--quiet", "HEAD") or ""
        return head, (f"it is {where} and not on {local_branch}: left as it is",)
    known = _read_refs(tree.git, local, theirs)
    head, target = known.get(local, ""), known.get(theirs, "")
    if target in ("", head):
        return head, ()
    going_on = tree.link.going_on
    if going_on:
        return head, (f"{going_on} is going on there: left as it is",)
    if not head:
        return _begin(tree, key, local_branch, target, descriptor)
    counted = tree.git.ask("rev-list", "--count", "--left-right", f"{local}...{theirs}")
    ahead, behind = map(int, counted.split())
    if not behind:
        return head, ()
    behind_by = f"{behind} commit{'s' if behind != 1 else ''} behind {key.branch}"
    if ahead:
        return head, (f"it is {behind_by} and {ahead} ahead of it: left as it is",)
    if tree.git.ask("status", "--porcelain", "--untracked-files=no", "-z"):
        return head, (f"it is {behind_by}, and has changes: left as it is",)
    words = ("merge", "--quiet", "--ff-only", "--no-overwrite-ignore", theirs)
    try:
        tree.git.run(*words, keep=(descriptor,))
    except GitFailed as error:
        return head, (f"it is {behind_by}: left as it is, as {error.reason}",)
    return target, ()


def _begin(
    tree: Worktree, key: Key, local_branch: str, target: str, descriptor: int
) -> tuple[str, tuple[str, ...]]:
    """Give a worktree of a repository that was empty the first commits of the branch."""
    if _has_files(tree.path) or tree.link.has_index:
        return "", (f"{key.branch} has commits now, and there are files here: left as it is",)
    tree.git.run("branch", "--no-track", "--end-of-options", local_branch, target)
    tree.git.run("reset", "--quiet", "--hard", keep=(descriptor,))
    return target, ()
