"""What a transcript says -> its rows in the index: of a key in a file the last one.

Imports the values of threads. Writes within the transaction of whoever calls.
"""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson
from attrs import frozen

from wfsession.threads.asks import find_open_end
from wfsession.threads.events import (
    Facts,
    Message,
    Parsed,
    Response,
    Row,
    Stretch,
    ToolCall,
    ToolResult,
    join,
    max_time,
    min_time,
)
from wfsession.threads.launches import find_agents
from wfsession.threads.loose import shorten
from wfsession.threads.subagents import SPAWNING

_ERROR_CHARACTERS = 300
_LAST_WORDS_CHARACTERS = 300
_RESPONSES = "INSERT OR REPLACE INTO responses VALUES(?,?,?,?,?,?,?,?,?,?,?,1)"
_CALLS = "INSERT OR REPLACE INTO tool_calls VALUES(?,?,?,?,?,?,?,1)"
_RESULTS = "INSERT OR REPLACE INTO tool_results VALUES(?,?,?,?,?,?,?,?,?,?,?,1)"
_MESSAGES = "INSERT INTO messages(thread, key, file, at, role, text, model) VALUES(?,?,?,?,?,?,?)"
_FIND_MESSAGE = "SELECT id, text FROM messages WHERE thread = ? AND key = ? AND file = ?"
_FORGET_WORDS = "INSERT INTO words(words, rowid, text) VALUES('delete', ?, ?)"
_ADD_WORDS = "INSERT INTO words(rowid, text) SELECT id, text FROM messages WHERE id > ?"
_ROWS = ("responses", "tool_calls", "tool_results", "messages")
# Of every kind of file; those of transcripts first.
_REMOVALS = (
    "DELETE FROM responses WHERE thread = ?1 AND file = ?2",
    "DELETE FROM tool_calls WHERE thread = ?1 AND file = ?2",
    "DELETE FROM tool_results WHERE thread = ?1 AND file = ?2",
    (
        "INSERT INTO words(words, rowid, text)"
        " SELECT 'delete', id, text FROM messages WHERE thread = ?1 AND file = ?2"
    ),
    "DELETE FROM messages WHERE thread = ?1 AND file = ?2",
    "DELETE FROM git_spans WHERE file = ?2",
    "DELETE FROM subagents WHERE file = ?2",
    "DELETE FROM run_agents WHERE file = ?2",
    "DELETE FROM runs WHERE file = ?2",
)


@frozen
class Ending:
    """How the lines of a file end: with which words of whom, and what they leave open."""

    ending: str = ""
    last_words: str = ""


def remove_rows(connection: sqlite3.Connection, thread: int, file: int) -> None:
    """Remove all rows of a file, but for its own in `files`."""
    for statement in _REMOVALS:
        connection.execute(statement, (thread, file))


class Writer:
    """Writes the rows of one transcript, piece by piece.

    `first` and `last` are the earliest and the latest time on its lines, `ending` tells how it
    ends, None where no piece had anything to tell of it.
    """

    def __init__(
        self, connection: sqlite3.Connection, thread: int, file: int, is_new: bool
    ) -> None:
        self.ending: Ending | None = None
        self.facts, self.first, self.last = (
            (Facts(), None, None) if is_new else _read_facts(connection, file)
        )
        self._connection = connection
        self._where = thread, file
        self._has_messages = not is_new
        self._spawning: set[str] = set()
        if not is_new:
            found = connection.execute(
                "SELECT key FROM tool_calls"
                " WHERE thread = ? AND name IN ('Task', 'Agent') AND file = ?",
                (thread, file),
            )
            self._spawning.update(key for (key,) in found)

    def add(self, parsed: Parsed) -> None:
        """Write what some lines say."""
        responses: dict[str, Any] = {}
        calls: dict[str, Any] = {}
        results: dict[str, Any] = {}
        messages: dict[str, Message] = {}
        thread, file = self._where
        for row in parsed.rows:
            key, at = row.key, row.at
            moment = at.timestamp() if at else None
            kind = type(row)
            if kind is Response:
                responses[key] = _make_response(thread, file, moment, row)  # type: ignore[arg-type]  # by its kind
            elif kind is ToolCall:
                if row.name in SPAWNING:  # type: ignore[union-attr]  # by its kind
                    self._spawning.add(key)
                calls[key] = (thread, key, file, moment, row.name, row.argument, row.response)  # type: ignore[union-attr]  # by its kind
            elif kind is ToolResult:
                results[key] = self._make_result(moment, row)  # type: ignore[arg-type]  # by its kind
            else:
                messages[key] = row  # type: ignore[assignment]  # by its kind
        connection = self._connection
        connection.executemany(_RESPONSES, responses.values())
        connection.executemany(_CALLS, calls.values())
        connection.executemany(_RESULTS, results.values())
        self._add_messages(messages)
        self._note_ending(parsed.rows)
        self.facts = join(self.facts, parsed.facts)
        self.first = min_time(self.first, parsed.facts.first)
        self.last = max_time(self.last, parsed.facts.last)

    def write_spans(self) -> None:
        """Write where the lines were written, in all pieces."""
        file = self._where[1]
        self._connection.execute("DELETE FROM git_spans WHERE file = ?", (file,))
        self._connection.executemany(
            "INSERT INTO git_spans VALUES(?,?,?,?,?,?)",
            (
                (file, number, one.cwd, one.branch, to_seconds(one.first), to_seconds(one.last))
                for number, one in enumerate(self.facts.stretches)
            ),
        )

    def _make_result(self, moment: float | None, row: ToolResult) -> tuple[Any, ...]:
        thread, file = self._where
        mentions = " ".join(find_agents(row.text)) if row.key in self._spawning else ""
        error = shorten(row.text, _ERROR_CHARACTERS) if row.is_error else ""
        told = (row.agent, row.task, row.run, mentions)
        return (thread, row.key, file, moment, row.is_error, error, len(row.text), *told)

    def _add_messages(self, messages: dict[str, Message]) -> None:
        if not messages:
            return
        connection = self._connection
        thread, file = self._where
        if self._has_messages:
            for key in messages:
                known = connection.execute(_FIND_MESSAGE, (thread, key, file)).fetchone()
                if known:
                    connection.execute(_FORGET_WORDS, known)
                    connection.execute("DELETE FROM messages WHERE id = ?", known[:1])
        self._has_messages = True
        last = connection.execute("SELECT max(id) FROM messages").fetchone()[0]
        connection.executemany(
            _MESSAGES,
            [
                (thread, key, file, to_seconds(one.at), one.role, _clean(one.text), one.model)
                for key, one in messages.items()
            ],
        )
        connection.execute(_ADD_WORDS, (last or 0,))

    def _note_ending(self, rows: Iterable[Row]) -> None:
        last = None
        for row in rows:
            if type(row) is not Response:
                last = row
        if last is None:
            return
        if isinstance(last, Message) and last.role == "assistant":
            words = " ".join(last.text[-_LAST_WORDS_CHARACTERS:].split())
            self.ending = Ending(find_open_end(last.text), words)
        else:
            self.ending = Ending()


def _make_response(thread: int, file: int, moment: float | None, row: Response) -> tuple[Any, ...]:
    return (
        thread,
        row.key,
        file,
        moment,
        row.model,
        row.input_tokens,
        row.output_tokens,
        row.cache_read_tokens,
        row.cache_write_5m_tokens,
        row.cache_write_1h_tokens,
        row.is_batch,
    )


def _clean(text: str) -> str:
    # SQLite's own functions end a text at the first NUL.
    return text.replace("\0", " ") if "\0" in text else text


def _read_facts(
    connection: sqlite3.Connection, file: int
) -> tuple[Facts, datetime | None, datetime | None]:
    """Return what is kept of a file's facts, and the earliest and the latest time of its lines."""
    lines, first, last, version, unknown, unusable = connection.execute(
        "SELECT lines, first, last, version, unknown, unusable FROM files WHERE id = ?", (file,)
    ).fetchone()
    spans = connection.execute(
        "SELECT cwd, branch, first, last FROM git_spans WHERE file = ? ORDER BY number", (file,)
    )
    stretches = tuple(
        Stretch(cwd, branch, to_moment(since), to_moment(until))
        for cwd, branch, since, until in spans
    )
    facts = Facts(
        lines=lines,
        stretches=stretches,
        version=version,
        unknown=orjson.loads(unknown) if unknown else {},
        unusable=unusable,
    )
    return facts, to_moment(first), to_moment(last)


def to_seconds(moment: datetime | None) -> float | None:
    """Return a time as the index has it."""
    return None if moment is None else moment.timestamp()


def to_moment(seconds: float | None) -> datetime | None:
    """Return a time of the index as an aware one."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
