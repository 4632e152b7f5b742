"""Why a workdir is kept: stable codes, each with its kind. Values only."""

from typing import Literal

from attrs import frozen

Kind = Literal["dirty", "unpushed", "both", "held"]

# `dirty` are files, `unpushed` commits; `both` may be either; what is `held` nobody may remove.
CODES: dict[str, tuple[Kind, str]] = {
    "staged": ("dirty", "changes are staged that no commit has"),
    "unstaged": ("dirty", "files differ from what was committed"),
    "conflicted": ("dirty", "files have conflicts that are not resolved"),
    "untracked": ("dirty", "there are files that git does not know"),
    "ignored": ("dirty", "there are ignored files beyond those of workdirs.allowed_ignored"),
    "hidden-change": ("dirty", "files differ that git was told not to look at"),
    "operation-in-progress": ("dirty", "a merge, a rebase or the like is not finished"),
    "stash": ("dirty", "a stash is, or may be, of this workdir"),
    "submodule": ("both", "a submodule has work of its own"),
    "nested-repository": ("both", "another repository lies in it"),
    "unpushed": ("unpushed", "its branch has commits that are nowhere else"),
    "detached": ("unpushed", "HEAD has commits that are nowhere else, and no branch"),
    "head-elsewhere": ("both", "HEAD is on another branch than the workdir's"),
    "locked": ("held", "somebody locked it"),
    "busy": ("held", "somebody works in it and holds its lock"),
    "in-use": ("held", "a process has its directory or a file in it open"),
    "in-use-unknown": ("held", "it cannot be told whether a process uses it"),
    "foreign-owner": ("held", "files in it belong to somebody else"),
    "unreadable": ("held", "a directory in it cannot be read"),
    "registration-broken": ("held", "git does not know it as a worktree of its cache"),
    "cache-missing": ("held", "the cache with its commits is missing or broken"),
    "taken-up": ("held", "it was taken up again meanwhile"),
    "remote-unreachable": ("unpushed", "the remote could not be asked what it has"),
    "cannot-tell": ("held", "git could not tell what is in it"),
    "cannot-move": ("held", "it could not be moved to the trash"),
}


@frozen
class Reason:
    """One thing that keeps a workdir. `detail` says which, and may be empty."""

    code: str
    detail: str = ""

    @property
    def kind(self) -> Kind:
        """What would be lost: `dirty` files, `unpushed` commits, either; or nobody may touch it."""
        return CODES[self.code][0]

    @property
    def sentence(self) -> str:
        """What it is, with the detail."""
        meaning = CODES[self.code][1]
        return f"{meaning}: {self.detail}" if self.detail else meaning


def join_names(names: list[str], most: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
