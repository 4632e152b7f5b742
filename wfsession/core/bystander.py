"""The other process in a trial of a disk: looks, claims names and takes the lock when told to.

`Bystander` is the end of who tells; `serve` is what runs in the other process. What each role
does works on an open directory and can be called anywhere.
"""

import errno
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from wfsession.core.disk import Folder
from wfsession.core.lock import Lock
from wfsession.errors import LockTimeout

RECORD = "record"
BODY_BYTES = 4096
_PRIVATE, _LOCK = "private", "lock"
_PATIENCE_S = 30.0
_READY, _STOP = "ready", "stop"

IsOver = Callable[[], bool]


def name_marker(number: int) -> str:
    """Return the name that the marker of a trial has after `number` renamings."""
    return f".active-{number}"


def make_body(number: int) -> bytes:
    """Return bytes of which each part tells whether it belongs to the others."""
    return b"%08d" % number * (BODY_BYTES // 8)


def watch_marker(folder: Folder, last: int, is_over: IsOver) -> tuple[int, int]:
    """Look after a marker that goes through the names from 0 to `last`, one after the other.

    It can have gone on, but not back: where neither the name that it had nor any later one is
    there, there was a moment at which it had no name.

    Returns:
        How many names were looked up, and how often it had none.
    """
    looks, gaps, at = 0, 0, 0
    ends = False
    while not ends:
        ends = is_over()
        number = at
        while number <= last and folder.find(name_marker(number)) is None:
            number += 1
        looks += 1 + number - at
        if number > last:
            gaps += 1
        else:
            at = number
    return looks, gaps


def watch_record(folder: Folder, is_over: IsOver) -> tuple[int, int, int]:
    """Read a file that is replaced again and again.

    Returns:
        How often it was read, how often it was not there, and how often it was no whole one.
    """
    looks = gaps = torn = 0
    ends = False
    while not ends:
        ends = is_over()
        looks += 1
        try:
            data = folder.read(RECORD, 2 * BODY_BYTES).data
        except FileNotFoundError:
            gaps += 1
        else:
            torn += len(data) != BODY_BYTES or data != data[:8] * (BODY_BYTES // 8)
    return looks, gaps, torn


def claim(folder: Folder, names: list[str]) -> list[str]:
    """Create each name that nobody has created, and return those."""
    made = []
    for name in names:
        try:
            folder.create_marker(name)
        except FileExistsError:
            continue
        made.append(name)
    return made


def make_lock(folder: Folder) -> Lock:
    """Return the lock of a trial, whose directory is made if it is missing."""
    folder.make_if_missing(_PRIVATE)
    return Lock(folder, _PRIVATE, _LOCK)


def can_take(lock: Lock, timeout_s: float = 0) -> bool:
    """Take a lock, and tell whether that went well."""
    try:
        lock.acquire(timeout_s)
    except LockTimeout:
        return False
    return True


@contextmanager
def _keep_interrupts() -> Iterator[None]:
    """Let what is started be deaf to Ctrl-C, which is for whoever started it."""
    if not hasattr(signal, "pthread_sigmask"):  # pragma: no cover - Windows
        yield
        return
    # It comes up with the first process, and then unblocks what is blocked here.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Bystander:
    """Another process that works in a directory, until it is killed or this one ends."""

    def __init__(self, path: str) -> None:
        # Not forked: whoever calls may have threads.
        context = get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=serve, args=(other, path), daemon=True)
        with _keep_interrupts():
            self._process.start()
        other.close()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def watch(self, act: Callable[[], object], role: str, *arguments: Any) -> Any:
        """Do something while it plays one of its roles, and return what it saw.

        Raises:
            OSError: what one of both met, or that it does not answer.
        """
        try:
            self._connection.send((role, arguments))
            self._hear()
            try:
                act()
            finally:
                self._connection.send(_STOP)
                seen = self._hear()
        except (EOFError, ConnectionError):
            raise ChildProcessError(errno.ECHILD, "the other process has ended") from None
        if isinstance(seen, OSError):
            raise seen
        return seen

    def _hear(self) -> Any:
        if self._connection.poll(_PATIENCE_S):
            return self._connection.recv()
        raise TimeoutError(
            errno.ETIMEDOUT, f"no answer from the other process in {_PATIENCE_S:g} s"
        )

    def kill(self) -> None:
        """End it at once, whatever it does, and wait until it has."""
        self._process.kill()
        self._process.join()
        self._connection.close()


class _Roles:
    """What the other process can be told to do, each given when to stop."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lock: Lock | None = None

    def watch_marker(self, is_over: IsOver, last: int) -> tuple[int, int]:
        return watch_marker(self._folder, last, is_over)

    def watch_record(self, is_over: IsOver) -> tuple[int, int, int]:
        return watch_record(self._folder, is_over)

    def claim(self, is_over: IsOver, names: list[str]) -> list[str]:
        return claim(self._folder, names)

    def take_lock(self, is_over: IsOver) -> bool:
        """Keep it, too: it is let go of with the process."""
        self._lock = make_lock(self._folder)
        return can_take(self._lock)


def serve(connection: Connection, path: str) -> None:
    """Do what is told, until nobody is left to tell it; what runs in the other process."""
    with Folder.open(path) as folder:
        roles = _Roles(folder)
        try:
            while True:
                role, arguments = connection.recv()
                connection.send(_READY)
                try:
                    seen = getattr(roles, role)(connection.poll, *arguments)
                except OSError as error:
                    seen = error
                connection.recv()
                connection.send(seen)
        except (EOFError, ConnectionError):
            pass  # who told has gone
