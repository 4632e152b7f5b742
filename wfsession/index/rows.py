"""Lines of a transcript -> rows as the tables have them, but for whose they are. No database.

Imports the parsers of threads, and reads the files that it is given. What is here may run in
another process.
"""

import os
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import FileIO
from typing import Any

from attrs import frozen

from wfsession.index.fingerprints import Stamp, hash_tail, is_settled, make_stamp
from wfsession.threads.asks import find_open_end
from wfsession.threads.events import Message, Parsed, Response, Row, ToolCall, ToolResult
from wfsession.threads.facts import Facts
from wfsession.threads.launches import find_agents
from wfsession.threads.lines import Skipped, open_lines, read_batches
from wfsession.threads.loose import shorten
from wfsession.threads.reader import Reader
from wfsession.threads.subagents import SPAWNING

_ERROR_CHARACTERS = 300
_LAST_WORDS_CHARACTERS = 300
# As a number, the last moment of the calendar is rounded up to one that it does not have.
_LATEST_S = 253_402_300_799.0
_Values = list[tuple[Any, ...]]


@frozen
class Rows:
    """What some lines say, each key of a kind once, from the column `key` on.

    `ending` is what the last of them leaves open, and its words; None where none of them tells.
    """

    responses: _Values
    calls: _Values
    results: _Values
    messages: _Values
    facts: Facts
    ending: tuple[str, str] | None


@frozen
class Piece:
    """The rows of some lines; `end` is the offset behind them, `tail` a hash of what ends there."""

    rows: Rows
    end: int
    tail: bytes
    skipped: Skipped


@frozen
class Transcript:
    """A whole file, as it was read."""

    stamp: Stamp
    is_settled: bool
    pieces: tuple[Piece, ...]


def read_transcript(reader: Reader, path: str) -> Transcript | OSError:
    """Read a whole file; return the error where it cannot be, as it is told to another process."""
    try:
        with open_lines(path) as stream:
            stamp = make_stamp(os.fstat(stream.fileno()))
            settled = is_settled(stamp, time.time_ns())
            return Transcript(stamp, settled, tuple(read_pieces(reader, stream, 0, ())))
    except OSError as error:
        return error


def read_pieces(
    reader: Reader, stream: FileIO, start: int, spawning: Iterable[str]
) -> Iterator[Piece]:
    """Yield what the lines of a file say, about a megabyte at a time.

    Args:
        reader: that of its agent.
        stream: the file.
        start: where to begin: 0, or the end of a piece.
        spawning: the keys of the calls before that which start subagents.

    Raises:
        OSError: as the system says.
    """
    known = set(spawning)
    stream.seek(start)
    for batch in read_batches(stream, start):
        rows = make_rows(reader.parse_lines(batch.objects), known)
        yield Piece(rows, batch.end, hash_tail(stream.fileno(), batch.end), batch.skipped)


def make_rows(parsed: Parsed, spawning: set[str]) -> Rows:
    """Return the rows of some lines; `spawning` gains the calls in them that start subagents."""
    responses: dict[str, tuple[Any, ...]] = {}
    calls: dict[str, tuple[Any, ...]] = {}
    results: dict[str, tuple[Any, ...]] = {}
    messages: dict[str, tuple[Any, ...]] = {}
    last: Row | None = None
    for row in parsed.rows:
        key, at = row.key, to_seconds(row.at)
        if isinstance(row, Response):
            responses[key] = _list_response(row, at)
            continue
        last = row
        if isinstance(row, ToolCall):
            if row.name in SPAWNING:
                spawning.add(key)
            calls[key] = (key, at, row.name, row.argument, row.response)
        elif isinstance(row, ToolResult):
            results[key] = _list_result(row, at, key in spawning)
        else:
            # Within one piece too, the last of a key is where its last line is.
            messages.pop(key, None)
            messages[key] = (key, at, row.role, clean_text(row.text), row.model)
    return Rows(
        [*responses.values()],
        [*calls.values()],
        [*results.values()],
        [*messages.values()],
        parsed.facts,
        None if last is None else _find_ending(last),
    )


def _list_response(row: Response, at: float | None) -> tuple[Any, ...]:
    return (
        row.key,
        at,
        row.model,
        row.input_tokens,
        row.output_tokens,
        row.cache_read_tokens,
        row.cache_write_5m_tokens,
        row.cache_write_1h_tokens,
        row.is_batch,
    )


def _list_result(row: ToolResult, at: float | None, is_spawning: bool) -> tuple[Any, ...]:
    mentions = " ".join(find_agents(row.text)) if is_spawning else ""
    error = shorten(row.text, _ERROR_CHARACTERS) if row.is_error else ""
    told = (row.agent, row.task, row.run, mentions)
    return (row.key, at, row.is_error, error, len(row.text), *told)


def clean_text(text: str) -> str:
    """Return a text as the index has it."""
    # SQLite's own functions end a text at the first NUL.
    return text.replace("\0", " ") if "\0" in text else text


def _find_ending(last: Row) -> tuple[str, str]:
    if isinstance(last, Message) and last.role == "assistant":
        return find_open_end(last.text), " ".join(last.text[-_LAST_WORDS_CHARACTERS:].split())
    return "", ""


def to_seconds(moment: datetime | None) -> float | None:
    """Return a time as the index has it."""
    return None if moment is None else min(moment.timestamp(), _LATEST_S)
