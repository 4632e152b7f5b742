"""Stands in for the operating system below `core/disk.py`: watches its calls, or lets one fail.

The calls are the system's, not the verbs of Folder, so that what a verb does inside is seen too: a
`replace` that became a removal and a creation is two calls here. A sync is seen where disk.py says
it, as what the system calls it differs; nothing is really synced.
"""

import errno
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import pytest

from wfsession.core import disk

SYNC = "fsync"
# What `open` is called here where it may make a file.
CREATE = "create"
# What each call changes, or reads, and with which numbers it may fail: those of its manual page.
_ANY = (errno.EIO, errno.EACCES)
_NEW_NAME = (*_ANY, errno.ENOSPC, errno.EROFS, errno.ENAMETOOLONG)
NUMBERS: dict[str, tuple[int, ...]] = {
    "open": (*_ANY, errno.ENAMETOOLONG, errno.EMFILE),
    CREATE: (*_NEW_NAME, errno.EMFILE),
    "listdir": (*_ANY, errno.EMFILE),
    "stat": (*_ANY, errno.ENAMETOOLONG),
    "fstat": (errno.EIO,),
    "access": (errno.EIO,),
    "lseek": (errno.EIO,),
    "read": (errno.EIO,),
    "write": (errno.EIO, errno.ENOSPC),
    "fchmod": (errno.EIO, errno.EROFS),
    "fchown": (errno.EIO, errno.EROFS),
    "replace": (*_NEW_NAME, errno.EXDEV),
    "rename": (*_NEW_NAME, errno.EXDEV),
    "mkdir": _NEW_NAME,
    "unlink": (*_ANY, errno.EROFS),
    "rmdir": (*_ANY, errno.EROFS),
    "utime": (*_ANY, errno.EROFS),
    SYNC: (errno.EIO, errno.ENOSPC),
}
EVERY_NUMBER = tuple(sorted({number for numbers in NUMBERS.values() for number in numbers}))
_CHANGING = frozenset({CREATE, "write", "replace", "rename", "mkdir", "unlink", "rmdir", "utime"})

Call = Callable[..., Any]
Watch = Callable[[str, Call, tuple[Any, ...], dict[str, Any]], Any]


class System:
    """The module `os`, whose calls go to a function that makes them or does not."""

    def __init__(self, watch: Watch) -> None:
        for name in NUMBERS:
            if name not in (SYNC, CREATE):
                setattr(self, name, partial(self._call, watch, name))
        self.supports_fd = {self.utime}

    def _call(self, watch: Watch, name: str, *args: Any, **options: Any) -> Any:
        real = getattr(os, name)
        name = CREATE if name == "open" and args[1] & os.O_CREAT else name
        return watch(name, real, args, options)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def watch_system(patch: pytest.MonkeyPatch, watch: Watch) -> None:
    """Let all calls of disk.py go to `watch(name, real call, arguments, options)`."""
    patch.setattr(disk, "os", System(watch))
    patch.setattr(disk, "_sync_descriptor", lambda fd: watch(SYNC, lambda _: None, (fd,), {}))


@attrs.define
class Fault:
    """Counts the calls, and lets the `at`-th fail with a number; 0 lets none fail.

    `names` are those of the calls, `has_changed` tells whether any of them changed the disk.
    """

    at: int = 0
    number: int = 0
    names: list[str] = attrs.field(factory=list)
    has_changed: bool = False

    def __call__(self, name: str, real: Call, args: tuple[Any, ...], options: Any) -> Any:
        self.names.append(name)
        if len(self.names) == self.at:
            raise OSError(self.number, os.strerror(self.number), *args[:1])
        self.has_changed = self.has_changed or name in _CHANGING
        return real(*args, **options)
