"""Whether the work of a commit is safely elsewhere: on the remote, or merged as other commits.

Asks git; writes nothing, not even an object. A patch is compared byte for byte, with its file
names and modes, but not where in the files it is: git's own patch-ids leave out white space, and
`git cherry` wants the squash of a branch written as a commit first.
"""

import hashlib
import os
import re
from typing import Literal

from attrs import frozen

from wfsession.git import Git

Elsewhere = Literal["on-remote", "squash-merged", "rebase-merged"]

ORIGIN = "refs/remotes/origin"
_NOT_ORIGIN = ("--not", f"--glob={ORIGIN}/*")
_DIFF = (
    "diff-tree", "-r", "-p", "--root", "--binary", "--full-index", "--no-renames",
    "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=none",
)  # fmt: skip
_NAMES = ("log", "--no-walk", "--format=", "--name-only", "--no-renames", "-z", "--stdin")
_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# A branch with more commits than these was merged long ago, or never.
_MOST_COMMITS = 2000
# With more files than these, all commits are looked at: a command's line has an end.
_MOST_NAMES = 500


@frozen
class Whereabouts:
    """Where the work of a commit is besides; `elsewhere` is None where that is nowhere.

    `unpushed` is how many commits no branch of the remote has as they are.
    """

    commit: str
    elsewhere: Elsewhere | None
    unpushed: int = 0


def find_whereabouts(cache: Git, commit: str) -> Whereabouts:
    """Tell whether the work of a commit is on the remote, as far as the last fetch knows.

    Args:
        cache: git in the bare cache.
        commit: its full name.

    Returns:
        Where it is. A squash or rebase that changed anything while merging, a merge among the
        commits, and a default branch that is not known leave it nowhere: on doubt.

    Raises:
        GitFailed: as `Git.ask`.
    """
    unpushed = cache.ask("rev-list", commit, *_NOT_ORIGIN).split()
    if not unpushed:
        return Whereabouts(commit, "on-remote")
    return Whereabouts(commit, _find_merged(cache, commit, unpushed), len(unpushed))


def _find_merged(cache: Git, commit: str, unpushed: list[str]) -> Elsewhere | None:
    default = cache.find("rev-parse", "--verify", "--quiet", f"{ORIGIN}/HEAD^{{commit}}")
    if default is None or len(unpushed) > _MOST_COMMITS:
        return None
    base = cache.find("merge-base", default, commit)
    if base is None:
        return None
    whole = _make_patch(cache.ask(*_DIFF, base, commit))
    changed = cache.ask("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, commit)
    # Whichever commit is the squash, it changes the first of the files.
    first = changed.split("\0")[:1]
    if whole and whole in _list_patches(cache, _list_commits(cache, base, default, first)):
        return "squash-merged"
    wanted = _list_patches(cache, unpushed)
    # A commit that changes nothing is found nowhere, and a merge does not tell what it changes.
    if "" in wanted or len(wanted) != len(unpushed):
        return None
    names = cache.ask(*_NAMES, stdin="\n".join([*unpushed, ""]).encode()).split("\0")
    others = _list_commits(cache, base, default, sorted({*names} - {""}))
    return "rebase-merged" if set(wanted) <= set(_list_patches(cache, others)) else None


def _list_commits(cache: Git, base: str, default: str, names: list[str]) -> list[str]:
    """Return the commits of the default branch since the base that change one of some files."""
    words = ("rev-list", "--no-merges", "--full-history", default, f"^{base}", "--")
    few = names if len(names) <= _MOST_NAMES else []
    return cache.ask(*words, *(f":(top,literal){name}" for name in few)).split()


def _list_patches(cache: Git, commits: list[str]) -> list[str]:
    """Return the patches of some commits; of one that changes nothing that is empty."""
    if not commits:
        return []
    told = cache.ask(*_DIFF, "--always", "--stdin", stdin="\n".join([*commits, ""]).encode())
    diffs: list[list[str]] = []
    for line in told.split("\n"):
        if _OID.fullmatch(line):
            diffs.append([])
        elif diffs:
            diffs[-1].append(line)
    return [_make_patch("\n".join(lines)) for lines in diffs]


def _make_patch(diff: str) -> str:
    """Return the identity of a diff, wherever in the files it applies; empty for an empty one."""
    lines = (line for line in diff.split("\n") if not line.startswith("index "))
    text = "\n".join("@@" if line.startswith("@@ ") else line for line in lines).strip("\n")
    return hashlib.sha256(os.fsencode(text)).hexdigest() if text else ""
