"""Whether something changed: what is news, and a look at the disk where nobody watches it for us.

Imports core's layout only. What is private to a root changes with every reader, and is no news.
"""

import os
from collections.abc import Iterator

from wfsession.core import layout

_PRIVATE = f"{os.sep}{layout.PRIVATE}"
# A session's tasks, and the transcripts of a thread's subagents, lie no deeper.
_DEPTH = 3

# What there is of a file: when it was written, and how large it is.
Stamps = dict[str, tuple[int, int]]


def is_news(path: str) -> bool:
    """Tell whether a change of a path is worth a word: what is private to a root is not."""
    return not (path.endswith(_PRIVATE) or f"{_PRIVATE}{os.sep}" in path)


def find_present(places: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Return which of some directories are there, each with the number of its file."""
    found = []
    for path in places:
        try:
            found.append((path, os.stat(path).st_ino))
        except OSError:
            continue  # it is not there now
    return tuple(found)


def look_around(places: tuple[str, ...]) -> Stamps:
    """Return what can be told of the files in some directories without opening any.

    Two such looks are equal as long as nothing changed that is worth a word.
    """
    return {path: stamp for place in places for path, stamp in _look(place, _DEPTH)}


def _look(directory: str, depth: int) -> Iterator[tuple[str, tuple[int, int]]]:
    try:
        entries = list(os.scandir(directory))
    except OSError:
        # It is not there now, or not for us to read.
        return
    for entry in entries:
        if not is_news(entry.path):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
            goes_on = depth > 1 and entry.is_dir(follow_symlinks=False)
        except OSError:
            continue  # it went away meanwhile
        yield entry.path, (status.st_mtime_ns, status.st_size)
        if goes_on:
            yield from _look(entry.path, depth - 1)
