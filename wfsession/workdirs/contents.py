"""What is in a worktree that git's own listing leaves out. Reads only.

Other repositories, what is closed to us or somebody else's, and what git was told not to look at.
"""

import os
import stat

from attrs import frozen

from wfsession.git import Git

_REGULAR, _GITLINK = "100", "160000"


@frozen
class Contents:
    """What a walk found, as paths in the worktree.

    `nested` are directories that have a `.git` of their own, `foreign` what belongs to somebody
    else, `closed` directories that cannot be listed.
    """

    nested: tuple[str, ...]
    foreign: tuple[str, ...]
    closed: tuple[str, ...]


def walk_contents(top: str) -> Contents:
    """Look at every name below a directory; no symlink is followed."""
    nested, foreign, closed = list[str](), list[str](), list[str]()
    owner = os.geteuid()
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            names = os.listdir(os.path.join(top, below))
        except FileNotFoundError:
            continue  # gone this moment
        except OSError:
            closed.append(below or ".")
            continue
        for name in names:
            path = os.path.join(below, name)
            try:
                status = os.lstat(os.path.join(top, path))
            except FileNotFoundError:
                continue  # gone this moment
            except OSError:
                # Its names can be read, and nothing else.
                closed.append(path)
                continue
            if status.st_uid != owner:
                foreign.append(path)
            if name == ".git" and below:
                nested.append(below)
            elif stat.S_ISDIR(status.st_mode) and path != ".git":
                waiting.append(path)
    return Contents(*(tuple(sorted(paths)) for paths in (nested, foreign, closed)))


@frozen
class Tracked:
    """What the index says: paths of submodules, and files that differ where git does not look."""

    submodules: tuple[str, ...]
    hidden: tuple[str, ...]


def read_tracked(worktree: Git) -> Tracked:
    """Read the index of a worktree.

    Raises:
        GitFailed: as `Git.ask`.
    """
    submodules, flagged = list[str](), list[tuple[str, str, str]]()
    for line in worktree.ask("ls-files", "-v", "-s", "-z").split("\0"):
        if not line:
            continue
        facts, _, path = line.partition("\t")
        tag, mode, oid, _ = facts.split()
        if mode == _GITLINK:
            submodules.append(path)
        # A small letter: assume-unchanged; S: skip-worktree.
        elif tag.islower() or tag == "S":
            flagged.append((path, mode, oid))
    return Tracked(tuple(submodules), tuple(_find_hidden(worktree, flagged)))


def _find_hidden(worktree: Git, flagged: list[tuple[str, str, str]]) -> list[str]:
    """Return which of the files that git does not look at are there and differ."""
    differing, asked = list[str](), list[tuple[str, str]]()
    for path, mode, oid in flagged:
        try:
            status = os.lstat(os.path.join(worktree.directory, path))
        except (FileNotFoundError, NotADirectoryError):
            continue  # as in a sparse checkout: nothing is there to be lost
        except OSError:
            differing.append(path)
            continue
        is_plain = stat.S_ISREG(status.st_mode) and mode.startswith(_REGULAR)
        # A name that git's list of names cannot hold as it is counts as differing.
        if not is_plain or "\n" in path or path.startswith('"'):
            differing.append(path)
        else:
            asked.append((path, oid))
    if asked:
        names = os.fsencode("".join(f"{path}\n" for path, _ in asked))
        hashes = worktree.ask("hash-object", "--stdin-paths", stdin=names).split("\n")
        pairs = zip(asked, hashes, strict=True)
        differing += [path for (path, oid), found in pairs if found != oid]
    return sorted(differing)
