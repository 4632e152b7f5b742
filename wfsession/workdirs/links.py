"""How a worktree and its cache know of each other: `worktrees/<id>` there, a file `.git` here.

Reads and writes the small files that git documents (gitrepository-layout). An entry is put
together beside and renamed into its place, so that no git ever reads half of one: `worktree add`
writes its files one by one, and a fetch or another add that looks meanwhile fails.
"""

import os
from collections.abc import Iterator

from attrs import frozen

from wfsession.core.disk import make_directories
from wfsession.errors import as_wf_error
from wfsession.workdirs.files import list_entries, replace_file

_FOLDER = "worktrees"
_STAGING = "wf-new"
_UNFINISHED = "wf-unfinished"
_EMPTIED = "emptied"
_COMMON = "../.."
# What git keeps in such an entry while something is going on that is not to be disturbed.
_GOING_ON = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
}


@frozen
class Link:
    """A worktree's entry in a cache. `path` is the worktree that it names, or empty."""

    git_dir: str
    path: str
    head: str
    has_common: bool

    @property
    def is_whole(self) -> bool:
        """Whether git can read it: else no other worktree can be added, and nothing fetched.

        A HEAD of zeros is what `worktree add` begins with.
        """
        return bool(self.path and self.head.strip("0") and self.has_common)

    @property
    def is_unfinished(self) -> bool:
        """Whether its files were to be written, and never were in full: nobody worked there."""
        return os.path.lexists(os.path.join(self.git_dir, _UNFINISHED))

    @property
    def is_emptied(self) -> bool:
        """Whether it is unfinished since its files were lost: what was staged counts then."""
        return _read(os.path.join(self.git_dir, _UNFINISHED)) == _EMPTIED

    @property
    def branch(self) -> str:
        """The local branch that it is on; empty if it is on none."""
        prefix = "ref: refs/heads/"
        return self.head.removeprefix(prefix) if self.head.startswith(prefix) else ""

    @property
    def going_on(self) -> str:
        """What is in progress there, in words, or nothing."""
        for name, what in _GOING_ON.items():
            if os.path.lexists(os.path.join(self.git_dir, name)):
                return what
        return ""

    @property
    def has_index(self) -> bool:
        """Whether it has an index."""
        return os.path.lexists(os.path.join(self.git_dir, "index"))


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read(1 << 16)).strip()
    except OSError:
        return ""  # as good as one that says nothing


def read_link(git_dir: str) -> Link:
    """Return the entry in a directory of a cache; whatever is missing is empty."""
    link = _read(os.path.join(git_dir, "gitdir"))
    head = _read(os.path.join(git_dir, "HEAD"))
    path = os.path.dirname(os.path.join(git_dir, link)) if link else ""
    return Link(git_dir, path, head, bool(_read(os.path.join(git_dir, "commondir"))))


def list_links(bare: str) -> Iterator[Link]:
    """Yield every entry of a cache, whole or not, by name."""
    folder = os.path.join(os.path.realpath(bare), _FOLDER)
    for name in list_entries(folder):
        yield read_link(os.path.join(folder, name))


def find_link(bare: str, path: str) -> Link | None:
    """Return the entry of a worktree, whether or not its own `.git` leads there; or None."""
    real = os.path.realpath(path)
    usual = read_link(os.path.join(os.path.realpath(bare), _FOLDER, os.path.basename(path)))
    if usual.is_whole and os.path.realpath(usual.path) == real:
        return usual
    whole = (link for link in list_links(bare) if link.is_whole)
    return next((link for link in whole if os.path.realpath(link.path) == real), None)


def is_linked(path: str, link: Link) -> bool:
    """Tell whether a worktree's own `.git` leads to an entry."""
    found = _read(os.path.join(path, ".git"))
    if not found.startswith("gitdir: "):
        return False
    target = os.path.join(path, found.removeprefix("gitdir: "))
    return os.path.realpath(target) == os.path.realpath(link.git_dir)


def make_link(bare: str, path: str, branch: str, *, is_unfinished: bool) -> Link:
    """Make the entry of a worktree, by whoever holds the lock of the cache.

    Args:
        bare: the cache, without an entry of that name.
        path: the worktree, there or not.
        branch: the local branch that it is on, there or not.
        is_unfinished: whether its files are still to be written.

    On crash: there is no entry, or the whole of it; what was put together lies in `wf-new`.
    """
    bare, name = os.path.realpath(bare), os.path.basename(path)
    git_dir = os.path.join(bare, _FOLDER, name)
    files = {
        "HEAD": f"ref: refs/heads/{branch}\n",
        "commondir": f"{_COMMON}\n",
        "gitdir": f"{os.path.join(os.path.realpath(path), '.git')}\n",
        **({_UNFINISHED: ""} if is_unfinished else {}),
    }
    try:
        with make_directories(os.path.join(bare, _STAGING, name)) as staged:
            for left in staged.list_names():
                staged.unlink(left)
            for file, text in files.items():
                staged.create(file, os.fsencode(text))
            staged.sync()
        with (
            make_directories(os.path.join(bare, _STAGING)) as staging,
            make_directories(os.path.join(bare, _FOLDER)) as folder,
        ):
            staging.move(name, name, folder)
            folder.sync()
    except OSError as error:
        raise as_wf_error(git_dir, error) from None
    return read_link(git_dir)


def lead_to(path: str, link: Link) -> None:
    """Make a directory a worktree, by its `.git` that leads to an entry.

    On crash: it leads there, or where it led before.
    """
    # Put together beside: a file that a crash left in it would be one of the worktree.
    above = os.path.dirname(path)
    replace_file(os.path.join(path, ".git"), os.fsencode(f"gitdir: {link.git_dir}\n"), above)


def note_emptied(link: Link) -> None:
    """Note that a worktree has an index, and no file.

    On crash: that is noted or not.
    """
    replace_file(os.path.join(link.git_dir, _UNFINISHED), _EMPTIED.encode())


def finish(link: Link) -> None:
    """Note that the files of a worktree are written."""
    _unlink(os.path.join(link.git_dir, _UNFINISHED))


def unlock_unfinished(link: Link) -> None:
    """Take away the lock of the index that a git left which was killed while it wrote the files."""
    _unlink(os.path.join(link.git_dir, "index.lock"))


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass  # that is all we want
    except OSError as error:
        raise as_wf_error(path, error) from None
