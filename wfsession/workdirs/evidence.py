"""What is unsaved in one workdir, or stands in the way of removing it. Changes nothing.

Asks git and the disk, each time anew; what cannot be told is a reason to keep. Imports nothing
that acts.
"""

import os
import re
from collections.abc import Iterator, Sequence

from attrs import frozen

from wfsession.errors import GitFailed, WfError
from wfsession.git import Access, Git
from wfsession.workdirs.contents import read_tracked, walk_contents
from wfsession.workdirs.links import Link, find_link, is_linked
from wfsession.workdirs.merged import Elsewhere, find_whereabouts
from wfsession.workdirs.places import Places
from wfsession.workdirs.reasons import Reason, join_names
from wfsession.workdirs.record import WorkdirRecord
from wfsession.workdirs.users import find_users
from wfsession.workdirs.worktree import make_git

_STATUS = (
    "status", "--porcelain=v2", "-z", "--branch", "--untracked-files=all", "--no-renames",
    "--ignored=matching", "--ignore-submodules=none",
)  # fmt: skip
_LIST_IGNORED = ("ls-files", "-z", "--others", "--ignored")
_STASHED = re.compile(r"(?:WIP on|On) ([^:]+): ")
_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@frozen
class Evidence:
    """What was found. Without any reasons the workdir may go.

    `head` is the commit that HEAD is at, `tip` that of the local branch, both empty where there is
    none. `tips` are these and those that HEAD was at before. `elsewhere` tells where the work of
    HEAD is; None where it has none, or is nowhere. `has_files` is False where there is no worktree
    any more.
    """

    record: WorkdirRecord
    path: str
    reasons: tuple[Reason, ...]
    has_files: bool = True
    link: Link | None = None
    head: str = ""
    tip: str = ""
    tips: tuple[str, ...] = ()
    elsewhere: Elsewhere | None = None


def gather(
    places: Places, record: WorkdirRecord, access: Access, allowed_ignored: Sequence[str]
) -> Evidence:
    """Look at a workdir.

    Args:
        places: where it is.
        record: its record.
        access: how git runs.
        allowed_ignored: patterns of `.gitignore` for ignored files that may go.
    """
    path = places.workdir(record.key)
    bare = places.bare(record.key.repository_name)
    held = [Reason("locked", record.locked.reason)] if record.locked else []
    try:
        link = None if os.path.islink(path) else find_link(bare, path)
    except WfError as error:
        return Evidence(record, path, (*held, Reason("cannot-tell", str(error))))
    if not os.path.lexists(path):
        return _gather_rest(Git(access, git_dir=bare), record, path, link, held)
    if link is None or not is_linked(path, link):
        return Evidence(record, path, (*held, Reason("registration-broken")))
    locked = os.path.join(link.git_dir, "locked")
    if os.path.lexists(locked):
        held.append(Reason("locked", "git worktree lock"))
    held += _find_use(path, access)
    if link.going_on:
        held.append(Reason("operation-in-progress", link.going_on))
    worktree = make_git(access, path)
    try:
        held += _look_inside(worktree, path, allowed_ignored)
    except GitFailed as error:
        held.append(Reason("cannot-tell", error.reason))
    return _gather_rest(Git(access, git_dir=bare), record, path, link, held)


def _find_use(path: str, access: Access) -> Iterator[Reason]:
    real = os.path.realpath(path)
    users = find_users((real,), access)
    if users is None:
        yield Reason("in-use-unknown")
    elif users[real]:
        yield Reason("in-use", join_names(users[real]))


def _look_inside(worktree: Git, path: str, allowed_ignored: Sequence[str]) -> Iterator[Reason]:
    """Yield what keeps the files of a worktree."""
    contents, tracked = walk_contents(path), read_tracked(worktree)
    yield from _tell("foreign-owner", contents.foreign)
    yield from _tell("unreadable", contents.closed)
    changed = list(_read_status(worktree, allowed_ignored))
    yield from changed
    yield from _tell("hidden-change", tracked.hidden)
    own = [one for one in contents.nested if one not in tracked.submodules]
    yield from _tell("nested-repository", own)
    if not any(reason.code == "submodule" for reason in changed):
        inside = [one for one in contents.nested if one in tracked.submodules]
        busy = [one for one in inside if _has_own_work(worktree, one, allowed_ignored)]
        yield from _tell("submodule", busy)


def _tell(code: str, names: Sequence[str]) -> Iterator[Reason]:
    if names:
        yield Reason(code, join_names(list(names)))


def _read_status(worktree: Git, allowed_ignored: Sequence[str]) -> Iterator[Reason]:
    found: dict[str, list[str]] = {}
    for line in worktree.ask(*_STATUS).split("\0"):
        for code, name in _read_entry(line):
            found.setdefault(code, []).append(name)
    for code, names in found.items():
        if code != "!":
            yield from _tell(code, names)
    if "!" in found:
        ignored = _list_files(worktree, "--exclude-standard")
        allowed = _list_files(worktree, *(f"--exclude={one}" for one in allowed_ignored))
        yield from _tell("ignored", sorted(ignored - allowed))


def _list_files(worktree: Git, *patterns: str) -> set[str]:
    if not patterns:
        return set()
    return set(worktree.ask(*_LIST_IGNORED, *patterns).split("\0")) - {""}


def _read_entry(line: str) -> Iterator[tuple[str, str]]:
    """Yield what an entry of git's status says, as codes with a path."""
    kind = line[:1]
    if kind == "!":
        yield "!", line[2:]
    elif kind == "?":
        yield "untracked", line[2:]
    elif kind == "u":
        yield "conflicted", line.split(" ", 10)[10]
    elif kind == "1":
        _, changes, submodule, *_, path = line.split(" ", 8)
        if submodule.startswith("S") and submodule != "S...":
            yield "submodule", path
        if changes[0] != ".":
            yield "staged", path
        if changes[1] != "." and submodule.startswith("N"):
            yield "unstaged", path


def _has_own_work(worktree: Git, name: str, allowed_ignored: Sequence[str]) -> bool:
    """Tell whether a submodule has anything that its remotes, and its files, have not."""
    inside = Git(worktree.access, directory=os.path.join(worktree.directory, name))
    if any(_read_status(inside, allowed_ignored)):
        return True
    return bool(inside.ask("rev-list", "--max-count=1", "HEAD", "--all", "--not", "--remotes"))


def _gather_rest(
    cache: Git, record: WorkdirRecord, path: str, link: Link | None, held: list[Reason]
) -> Evidence:
    """Add what commits there are, and whether they are elsewhere."""
    reasons = list(held)
    head, tip, elsewhere = "", "", None
    try:
        tip, has_stash = _read_refs(cache, record.local_branch)
        head = tip
        if link is not None and link.branch != record.local_branch:
            head = _find_head(Git(cache.access, git_dir=link.git_dir))
        if link is not None and link.branch not in ("", record.local_branch):
            reasons.append(Reason("head-elsewhere", link.branch))
        is_detached = link is not None and not link.branch
        for commit in dict.fromkeys(one for one in (head, tip) if one):
            found = find_whereabouts(cache, commit)
            if commit == head:
                elsewhere = found.elsewhere
            if found.elsewhere is None:
                code = "detached" if is_detached and commit == head else "unpushed"
                reasons.append(Reason(code, f"{found.unpushed} up to {commit[:10]}"))
        if has_stash:
            reasons += _find_stashes(cache, record)
    except GitFailed as error:
        reasons.append(Reason("cannot-tell", error.reason))
    earlier = () if link is None else _read_earlier(link)
    tips = tuple(dict.fromkeys(one for one in (head, tip, *earlier) if one))
    has_files = os.path.lexists(path)
    return Evidence(record, path, tuple(reasons), has_files, link, head, tip, tips, elsewhere)


def _read_refs(cache: Git, branch: str) -> tuple[str, bool]:
    """Return the commit of a local branch, or an empty text, and whether there are stashes."""
    names = (f"refs/heads/{branch}", "refs/stash")
    told = cache.ask("for-each-ref", "--format=%(objectname) %(refname)", *names)
    found = {name: oid for oid, _, name in (line.partition(" ") for line in told.split("\n"))}
    return found.get(names[0], ""), names[1] in found


def _find_head(git: Git) -> str:
    return git.find("rev-parse", "--verify", "--quiet", "HEAD^{commit}") or ""


def _find_stashes(cache: Git, record: WorkdirRecord) -> Iterator[Reason]:
    """Yield a reason for the stashes that are of this workdir, or of nobody knows which.

    All worktrees of a cache share them; only their texts say on which branch they were made.
    """
    told = cache.ask("log", "--walk-reflogs", "--format=%gs", "refs/stash", "--").split("\n")
    ours = [one for one in told if not _is_of_another(one, record.local_branch)]
    yield from _tell("stash", ours)


def _is_of_another(stash: str, branch: str) -> bool:
    found = _STASHED.match(stash)
    # Each branch of that kind is one workdir's, and git has it in one worktree only.
    return found is not None and found[1] != branch and found[1].startswith(("wf/", "wf-"))


def _read_earlier(link: Link) -> tuple[str, ...]:
    """Return the commits that HEAD of a worktree was at, the last one first."""
    try:
        with open(os.path.join(link.git_dir, "logs", "HEAD"), "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return ()  # nothing was put down
    found = (line.split(b" ", 2)[1:2] for line in reversed(lines))
    oids = (one[0].decode(errors="replace") for one in found if one)
    return tuple(dict.fromkeys(oid for oid in oids if _OID.fullmatch(oid) and oid.strip("0")))
