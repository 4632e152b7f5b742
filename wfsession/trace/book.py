"""The file of one conversation: what is in it already, and how lines come to it.

Imports core, settings and this room. Lines are only ever added, under a lock of
that conversation, which is not the root's: who switches does not wait for who talks. What a line
holds is known by its hash, and of messages by their names.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from io import FileIO
from typing import Any, NamedTuple

from wfsession.core import layout
from wfsession.core.disk import Folder
from wfsession.core.jsontext import parse_json
from wfsession.core.lock import Lock
from wfsession.core.private import make_private
from wfsession.errors import Conflict, LockTimeout
from wfsession.settings import TraceSettings

_LOCK = "trace-"
_PIECE_BYTES = 1 << 20
# How the line of a part begins, and what stands before its last 34 bytes.
_PART, _HASH = b'{"v":1,"kind":"part",', b'"hash":"'
_OF_THE_LINE = frozenset({"v", "kind", "hash"})
_NOBODY = b"*\n"


class Patience(NamedTuple):
    """How long to wait for a conversation that is busy.

    `attempts` tries of `timeout_s` seconds; between them `first_wait_s`, doubled each time, at most
    `longest_wait_s`.
    """

    attempts: int = 3
    timeout_s: float = 5.0
    first_wait_s: float = 0.1
    longest_wait_s: float = 1.0


def make_patience(settings: TraceSettings) -> Patience:
    """Return the patience that the settings ask for."""
    milliseconds = (settings.timeout_ms, settings.first_wait_ms, settings.longest_wait_ms)
    return Patience(max(settings.attempts, 1), *(number / 1000 for number in milliseconds))


@contextmanager
def hold_conversation(root: Folder, thread: str, patience: Patience) -> Iterator[Lock]:
    """Hold the lock of one conversation of a root while the block runs.

    Raises:
        LockTimeout: somebody else held it all that time.
        UnsafePath, OSError: it cannot be made.
    """
    make_private(root)
    lock = Lock(root, layout.PRIVATE, f"{_LOCK}{thread}")
    wait_s = patience.first_wait_s
    for attempt in range(1, patience.attempts + 1):
        try:
            lock.acquire(patience.timeout_s)
            break
        except LockTimeout as error:
            if attempt == patience.attempts:
                tries = f"{attempt} attempts of {patience.timeout_s:g} s"
                error.message = f"writing to the conversation {thread}: {error.message}, {tries}"
                error.hint = (
                    "hand it over again, nothing is doubled by that; or raise trace.attempts in"
                    " config.toml"
                )
                raise
        time.sleep(min(wait_s, patience.longest_wait_s))
        wait_s *= 2
    try:
        yield lock
    finally:
        lock.release()


def open_conversations(home: Folder, is_root: bool) -> Folder:
    """Open the directory of conversations in a session, or in the root, where nobody's are held.

    It is made if it is missing; that of the root is kept out of version control.
    """
    home.make_if_missing(layout.CONVERSATION)
    folder = home.child(layout.CONVERSATION)
    if is_root and folder.find(layout.IGNORE) is None:
        try:
            folder.create(layout.IGNORE, _NOBODY)
        except FileExistsError:
            pass  # somebody else was there first
    return folder


class Book:
    """What is known of a conversation's file, as far as it was read.

    `messages` has for each message the names of what is told of it; `lines` is how many there are.
    `is_torn` is whether the last one lacks its end, as a killed writer leaves it.
    """

    __slots__ = ("end", "hashes", "identity", "is_torn", "lines", "messages")

    def __init__(self) -> None:
        self.hashes: set[str] = set()
        self.messages: dict[tuple[str, str], frozenset[str]] = {}
        self.forget()

    def read_on(self, folder: Folder, name: str) -> None:
        """Read what came to the file since it was read last; all of it if it is another one."""
        try:
            descriptor, status = folder.open_file(name)
        except FileNotFoundError:
            self.forget()
            return
        with FileIO(descriptor) as stream:
            identity = status.st_dev, status.st_ino
            if identity != self.identity or status.st_size < self.end:
                self.forget(identity)
            if status.st_size == self.end:
                return
            stream.seek(self.end)
            rest = b""
            while piece := stream.read(_PIECE_BYTES):
                self.end += len(piece)
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._note_bytes(line)
            self.is_torn = bool(rest)
            self._note_bytes(rest)

    def _note_bytes(self, line: bytes) -> None:
        """Take a line for written; nothing where it is no object."""
        if not line:
            # What is behind the last newline, of a file that is whole.
            return
        if line.startswith(_PART) and line[-42:-34] == _HASH and line.endswith(b'"}'):
            # As we write it: of a part, which may be long, its hash is all that counts.
            self.hashes.add(line[-34:-2].decode(errors="replace"))
            self.lines += 1
            return
        try:
            found = parse_json(line)
        except ValueError:
            return
        if isinstance(found, dict):
            self.note(found)

    def forget(self, identity: tuple[int, int] = (0, 0)) -> None:
        """Know nothing, of the file with that device and inode or of none."""
        self.hashes.clear()
        self.messages.clear()
        self.identity, self.end, self.lines, self.is_torn = identity, 0, 0, False

    def note(self, line: Mapping[str, Any]) -> None:
        """Take a line for written."""
        self.lines += 1
        if line.get("kind") == "message":
            key, names = _read_message(line)
            known = self.messages.get(key)
            self.messages[key] = names if known is None else known | names
        else:
            self.hashes.add(str(line.get("hash")))

    def is_known(self, line: Mapping[str, Any]) -> bool:
        """Tell whether a line says nothing that is not there already."""
        if line.get("kind") == "message":
            key, names = _read_message(line)
            return names <= self.messages.get(key, frozenset())
        return line.get("hash") in self.hashes

    def append(self, folder: Folder, name: str, lines: Sequence[bytes]) -> None:
        """Write lines at the end of the file, durable, all or none; first the end of a torn one.

        Raises:
            UnsafePath, OSError: the file is as it was.

        On crash: some whole lines, and perhaps a part of one, behind which the next begins on a
        line of its own.
        """
        folder.append(name, b"".join(lines), durable=True, takes_back=True)
        status = folder.stat(name)
        self.identity, self.end = (status.st_dev, status.st_ino), status.st_size
        self.is_torn = False


def _read_message(line: Mapping[str, Any]) -> tuple[tuple[str, str], frozenset[str]]:
    """Return which message a line is of, and the names of what it tells."""
    told = tuple(line)
    values = line.values()
    if None in values or "" in values:
        told = tuple(name for name, value in line.items() if value not in (None, ""))
    return (str(line.get("session_id")), str(line.get("message_id"))), _make_names(told)


@lru_cache(maxsize=256)
def _make_names(told: tuple[str, ...]) -> frozenset[str]:
    """Return names as a set, the same one for the many messages that tell the same."""
    return frozenset(told) - _OF_THE_LINE


def check_lock(lock: Lock) -> None:
    """Make sure that a lock is still the one that others would take.

    Raises:
        Conflict: somebody deleted its file.
    """
    if not lock.is_ours():
        raise Conflict(lock.path)
