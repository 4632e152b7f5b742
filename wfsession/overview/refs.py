"""Whether something was committed where threads were, without asking git.

Imports nothing of ours. Only a stamp is made of what git keeps: git itself is asked what it means.
"""

import os
from collections.abc import Iterator

# What there is of a repository: which of its files and directories were written when.
Refs = tuple[tuple[str, int], ...]
_LINK = "gitdir: "


def stamp_refs(directory: str) -> Refs:
    """Return what stays the same until a branch of a directory's repository moves.

    Each change of a branch makes and renames a file beside it, so that the directories tell. Empty
    where there is no repository.
    """
    git_dir = _find_git_dir(directory)
    if not git_dir:
        return ()
    common = os.path.join(git_dir, _read_line(os.path.join(git_dir, "commondir")) or ".")
    heads = os.path.join(common, "refs", "heads")
    places = (os.path.join(git_dir, "HEAD"), os.path.join(common, "packed-refs"))
    # Newer repositories keep all of their branches in one place.
    folders = (place for place, _, _ in os.walk(heads))
    return tuple(_stamp(*places, os.path.join(common, "reftable"), *folders))


def _find_git_dir(directory: str) -> str:
    while os.path.isabs(directory):
        path = os.path.join(directory, ".git")
        if os.path.isdir(path):
            return path
        line = _read_line(path)
        if line.startswith(_LINK):
            return os.path.join(directory, line.removeprefix(_LINK))
        above = os.path.dirname(directory)
        if above == directory:
            break
        directory = above
    return ""


def _read_line(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return os.fsdecode(stream.readline(4096)).rstrip("\n")
    except OSError:
        return ""  # a repository of the ordinary kind, or none


def _stamp(*paths: str) -> Iterator[tuple[str, int]]:
    for path in paths:
        try:
            yield path, os.stat(path).st_mtime_ns
        except OSError:
            continue  # not every repository has it
