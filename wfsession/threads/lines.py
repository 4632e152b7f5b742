"""Files of one JSON object a line, as streams: from an offset, in bounded memory.

Imports `errors` and orjson. Reads only; knows nothing of what the objects mean. A line that is no
object is passed over and counted. At most a piece and the longest line that is allowed are held.
"""

import os
import stat
from collections.abc import Iterator
from io import FileIO
from json import JSONDecoder
from typing import Any, Protocol

import orjson
from attrs import frozen

from wfsession.errors import UnsafePath

MAX_LINE_BYTES = 64_000_000
_PIECE_BYTES = 1 << 20
# What may stand around objects; NULs are what a crash of the machine leaves of a line.
_SPACE = " \t\r\n\0\ufeff"
_DECODER = JSONDecoder(parse_int=float)


class Stream(Protocol):
    """Something to read bytes from, to its end."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and none at the end only."""


@frozen
class Skipped:
    """How many lines were passed over: `broken` are no object of JSON in UTF-8."""

    broken: int = 0
    too_long: int = 0

    def __add__(self, other: "Skipped") -> "Skipped":
        return Skipped(self.broken + other.broken, self.too_long + other.too_long)


@frozen
class Batch:
    """The objects of some lines, in their order.

    `end` is the offset in bytes behind the last of these lines: to go on from there gives what
    follows, and nothing twice.
    """

    objects: list[dict[str, Any]]
    end: int
    skipped: Skipped


def open_lines(path: str) -> FileIO:
    """Open a regular file to be read, without waiting for anybody.

    A symlink is followed, as people link the folders of their agents to other disks.

    Raises:
        UnsafePath: it is a pipe, a device or a directory.
        OSError: as the system says.
    """
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnsafePath(path, "is no regular file")
    return FileIO(descriptor)


def read_batches(stream: Stream, offset: int = 0) -> Iterator[Batch]:
    """Yield the objects of all whole lines, about a megabyte of the file at a time.

    Args:
        stream: what to read, standing at `offset` already.
        offset: where the stream stands, in bytes: 0, or the `end` of a batch.

    Yields:
        Batches; `end` never falls. What follows the last newline is taken as far as it is whole
        objects, and else left for the next time: objects and counts are the same in however many
        goes a file is read while it grows. (One that is too long is left too, and counted when
        its end is there.)
    """
    rest = _Rest()
    while piece := stream.read(_PIECE_BYTES):
        cut = piece.rfind(b"\n") + 1
        if not cut:
            rest.add(piece)
            continue
        objects: list[dict[str, Any]] = []
        start, skipped = rest.end(piece, objects)
        broken = _parse_lines(piece[start:cut].split(b"\n"), objects)
        offset += rest.size + cut
        yield Batch(objects, offset, skipped + Skipped(broken))
        rest = _Rest()
        rest.add(piece[cut:])
    objects = []
    used, _ = _take_run(rest.join(), objects)
    if objects:
        yield Batch(objects, offset + used, Skipped())


class _Rest:
    """The beginning of a line whose end was not read yet; nothing is kept of one too long."""

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self._pieces.append(piece)
        if self.size > MAX_LINE_BYTES:
            self._pieces.clear()

    def end(self, piece: bytes, objects: list[dict[str, Any]]) -> tuple[int, Skipped]:
        """Take the line whose end a piece begins with; return where the next begins in that."""
        if not self.size:
            return 0, Skipped()
        start = piece.index(b"\n") + 1
        if self.size + start - 1 > MAX_LINE_BYTES:
            return start, Skipped(too_long=1)
        line = b"".join([*self._pieces, piece[: start - 1]])
        return start, Skipped(_parse_lines([line], objects))

    def join(self) -> bytes:
        return b"".join(self._pieces)


def _parse_lines(lines: list[bytes], objects: list[dict[str, Any]]) -> int:
    """Take the objects of lines, and return how many lines have anything else in them."""
    broken = 0
    loads, take = orjson.loads, objects.append
    for line in lines:
        try:
            value = loads(line)
        except ValueError:
            # Nearly always the empty one behind the last newline.
            if line:
                broken += not _take_run(line, objects)[1]
            continue
        if type(value) is dict:
            take(value)
        else:
            broken += 1
    return broken


def _take_run(data: bytes, objects: list[dict[str, Any]]) -> tuple[int, bool]:
    """Take the whole objects that bytes begin with, and tell how many bytes, and if that is all.

    So a line that lost its newline, or was joined to the next by a crash, counts for what it holds.
    """
    text = data.decode("utf-8", "surrogateescape")
    place = taken = 0
    while (place := _pass_space(text, place)) < len(text):
        try:
            _, end = _DECODER.raw_decode(text, place)
            value = orjson.loads(text[place:end].encode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            break
        if type(value) is not dict:
            break
        objects.append(value)
        place = taken = end
    return len(text[:taken].encode("utf-8", "surrogateescape")), place == len(text)


def _pass_space(text: str, place: int) -> int:
    while place < len(text) and text[place] in _SPACE:
        place += 1
    return place
