"""An envelope as a stream: its members, and the items of its list `payloads`, one at a time. Pure.

Imports nothing of ours. Cuts bytes, and leaves to others what they mean: so an item that is no
JSON, no UTF-8 or nested too deeply is one bad item, and the others stand. Holds one item at a time.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, NoReturn

# What is longer would make a line that readers of conversations pass over.
MAX_ITEM_BYTES = 32_000_000
PAYLOADS = b'"payloads"'
_PIECE_BYTES = 1 << 18
_QUOTE = ord('"')
# All of a text to its end, or to that of the piece, by the engine alone: texts are full of escapes.
_IN_TEXT = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*")
_IN_NESTED = re.compile(rb'["{}\[\]]')
_AFTER_PLAIN = re.compile(rb"[,}\]]")


class Broken(ValueError):
    """What came is no JSON object. The message says why."""


class Member(NamedTuple):
    """A member of the envelope but the items: its key and value as JSON."""

    key: bytes
    value: bytes


class Payload(NamedTuple):
    """An item, as JSON; None where it has more than MAX_ITEM_BYTES."""

    value: bytes | None


def split_envelope(read: Callable[[int], bytes]) -> Iterator[Member | Payload]:
    """Yield the parts of an envelope in their order.

    Args:
        read: returns up to so many bytes, and none at the end only.

    Raises:
        Broken: it is no JSON object, or ends in the middle of one.
    """
    source = _Source(read)
    if source.next() != b"{":
        source.fail("it is no JSON object" if source.has_read else "there is nothing")
    if source.peek() == b"}":
        source.next()
    else:
        while True:
            key = source.take_value() if source.peek() == b'"' else source.fail("a name is missing")
            source.expect(b":")
            if key == PAYLOADS and source.peek() == b"[":
                yield from _split_items(source)
            else:
                value = source.take_value()
                if key is None or value is None:
                    source.fail(f"a value has more than {MAX_ITEM_BYTES:,} bytes")
                yield Member(key, value)
            if source.expect(b",}") == b"}":
                break
    if source.peek():
        source.fail("there is more behind it")


def _split_items(source: "_Source") -> Iterator[Payload]:
    source.next()
    if source.peek() == b"]":
        source.next()
        return
    while True:
        yield Payload(source.take_value())
        if source.expect(b",]") == b"]":
            return


class _Source:
    """The bytes that were read and not used yet."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._data = b""
        self._at = 0
        self._start = self._size = 0
        self._kept: list[bytes] = []
        self.has_read = False

    def fail(self, reason: str) -> NoReturn:
        raise Broken(reason)

    def _refill(self) -> bool:
        """Forget what is held, all of which was passed, and read on; tell whether there is more."""
        self._at -= len(self._data)
        self._data = self._read(_PIECE_BYTES)
        self.has_read = self.has_read or bool(self._data)
        return bool(self._data)

    def peek(self) -> bytes:
        """Return the next byte that is no space, without passing it; empty at the end."""
        while True:
            found = _SPACE.match(self._data, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._data):
                return self._data[self._at : self._at + 1]
            if not self._refill():
                return b""

    def next(self) -> bytes:
        """Return the next byte that is no space, and pass it."""
        byte = self.peek()
        self._at += len(byte)
        return byte

    def expect(self, wanted: bytes) -> bytes:
        """Pass the next byte, which must be one of these, and return it."""
        byte = self.next()
        if not byte or byte not in wanted:
            what = "it ends in the middle" if not byte else f"{byte!r} stands where none belongs"
            self.fail(what)
        return byte

    def take_value(self) -> bytes | None:
        """Return the next value, or None where it is too long; passed it is in any case."""
        first = self.peek()
        if first in b",:]}":
            self.fail("a value is missing" if first else "it ends in the middle")
        self._kept = []
        self._size = 0
        self._start = self._at
        if first == b'"':
            self._pass_text()
        elif first in b"{[":
            self._pass_nested()
        else:
            self._at = self._search(_AFTER_PLAIN).start()
        self._keep(self._at)
        return b"".join(self._kept) if self._size <= MAX_ITEM_BYTES else None

    def _keep(self, end: int) -> None:
        """Keep what was passed of the value, unless it is too long."""
        self._size += end - self._start
        if self._size <= MAX_ITEM_BYTES:
            self._kept.append(self._data[self._start : end])
        self._start = 0

    def _read_on(self) -> None:
        self._keep(len(self._data))
        if not self._refill():
            self.fail("it ends in the middle")

    def _search(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        while (found := pattern.search(self._data, self._at)) is None:
            self._at = max(self._at, len(self._data))
            self._read_on()
        return found

    def _pass_text(self) -> None:
        self._at += 1
        while True:
            found = _IN_TEXT.match(self._data, self._at)
            self._at = found.end() if found else self._at
            left = len(self._data) - self._at
            if left > 0 and self._data[self._at] == _QUOTE:
                self._at += 1
                return
            # A backslash is left where what it escapes is in the next piece.
            self._at += 2 * int(left == 1)
            self._read_on()

    def _pass_nested(self) -> None:
        depth = 0
        while True:
            found = self._search(_IN_NESTED)
            self._at = found.start()
            if found[0] == b'"':
                self._pass_text()
                continue
            self._at += 1
            depth += 1 if found[0] in b"{[" else -1
            if not depth:
                return
