"""Whether the work of a commit is safely elsewhere: on the remote, or merged as other commits.

Asks git; writes nothing, not even an object. A patch is compared byte for byte, with its file
names and modes, but not where in the files it is: git's own patch-ids leave out white space, and
`git cherry` wants the squash of a branch written as a commit first.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from typing import Literal

from attrs import frozen

from wfsession.workdirs.git import Git

Elsewhere = Literal["on-remote", "squash-merged", "rebase-merged"]

ORIGIN = "refs/remotes/origin"
_NOT_ORIGIN = ("--not", f"--glob={ORIGIN}/*")
_DIFF = (
    "diff-tree", "-r", "-p", "--root", "--binary", "--full-index", "--no-renames",
    "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=none",
)  # fmt: skip
_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# A branch with more commits than these was merged long ago, or never.
_MOST_COMMITS = 2000


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
    unpushed = cache.ask("rev-list", "--parents", commit, *_NOT_ORIGIN).splitlines()
    if not unpushed:
        return Whereabouts(commit, "on-remote")
    elsewhere = _find_merged(cache, commit, [line.split() for line in unpushed])
    return Whereabouts(commit, elsewhere, len(unpushed))


def _find_merged(cache: Git, commit: str, unpushed: list[list[str]]) -> Elsewhere | None:
    default = cache.find("rev-parse", "--verify", "--quiet", f"{ORIGIN}/HEAD^{{commit}}")
    if default is None or len(unpushed) > _MOST_COMMITS:
        return None
    base = cache.find("merge-base", default, commit)
    if base is None:
        return None
    whole = _make_patch(cache.ask(*_DIFF, base, commit))
    if whole and whole in set(_list_patches(cache, _list_candidates(cache, base, default, commit))):
        return "squash-merged"
    # With a merge among them, what was resolved in it would be no commit's.
    if any(len(one) != 2 for one in unpushed):
        return None
    commits = [one[0] for one in unpushed]
    wanted = dict(_list_patches_by_commit(cache, commits))
    if set(wanted) != set(commits) or "" in wanted.values():
        # A commit that changes nothing is found nowhere.
        return None
    others = cache.ask("rev-list", "--no-merges", default, f"^{base}").split()
    return "rebase-merged" if set(wanted.values()) <= set(_list_patches(cache, others)) else None


def _list_candidates(cache: Git, base: str, default: str, commit: str) -> list[str]:
    """Return the commits of the default branch that may be the squash, by its first file."""
    changed = cache.ask("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, commit)
    first = changed.partition("\0")[0]
    words = ("rev-list", "--no-merges", "--full-history", default, f"^{base}")
    return cache.ask(*words, "--", f":(top,literal){first}").split()


def _list_patches(cache: Git, commits: list[str]) -> Iterator[str]:
    return (patch for _, patch in _list_patches_by_commit(cache, commits))


def _list_patches_by_commit(cache: Git, commits: list[str]) -> Iterator[tuple[str, str]]:
    """Yield commits with their patches; of one that changes nothing that is empty."""
    if not commits:
        return
    told = cache.ask(*_DIFF, "--always", "--stdin", stdin="\n".join([*commits, ""]).encode())
    commit, lines = "", list[str]()
    for line in told.split("\n"):
        if _OID.fullmatch(line):
            if commit:
                yield commit, _make_patch("\n".join(lines))
            commit, lines = line, []
        else:
            lines.append(line)
    yield commit, _make_patch("\n".join(lines))


def _make_patch(diff: str) -> str:
    """Return the identity of a diff, wherever in the files it applies; empty for an empty one."""
    lines = (line for line in diff.split("\n") if not line.startswith("index "))
    text = "\n".join("@@" if line.startswith("@@ ") else line for line in lines).strip("\n")
    return hashlib.sha256(os.fsencode(text)).hexdigest() if text else ""
