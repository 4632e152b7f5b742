"""A trial of a disk: a directory of its own inside another, and two processes beside this one.

All that is in the directory is made in the trial, and all of it is removed in the end, however
the end comes.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import frozen

from wfsession.core.bystander import Bystander
from wfsession.core.disk import Folder, is_directory

_PREFIX = ".wf-verify-"
_OTHERS = 2
# Long past, and odd in every digit.
OLD_NS = 1_700_000_000_123_456_789


@frozen
class Trial:
    """The open directory, in which nothing else happens, and the other processes."""

    folder: Folder
    others: list[Bystander]


@frozen
class Seen:
    """What a check saw: whether its assumption holds (None: it cannot be told), and a sentence."""

    holds: bool | None
    text: str


@frozen
class Assumption:
    """Something that the protocol assumes of a disk, and the check of it.

    `promise` is what hangs on it, for people; empty where nothing does.
    """

    name: str
    promise: str
    check: Callable[[Trial], Seen]


@contextmanager
def open_trial(directory: str) -> Iterator[Trial]:
    """Make a directory in another, and remove it again.

    Raises:
        UnsafePath, OSError: as the system says.

    On crash: the directory stays, `.wf-verify-` and some digits by name.
    """
    name = f"{_PREFIX}{os.urandom(6).hex()}"
    others: list[Bystander] = []
    with Folder.open(directory) as parent:
        parent.make(name)
        try:
            with parent.child(name) as folder:
                try:
                    for _ in range(_OTHERS):
                        others.append(Bystander(folder.path))
                    yield Trial(folder, others)
                finally:
                    for other in others:
                        other.kill()
                    _clear(folder)
        finally:
            parent.remove(name)


def _clear(folder: Folder) -> None:
    for name in folder.list_names():
        if is_directory(folder.stat(name)):
            with folder.child(name) as inner:
                _clear(inner)
            folder.remove(name)
        else:
            folder.unlink(name)
