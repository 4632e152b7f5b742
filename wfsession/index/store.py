"""The rows of transcripts into the index, and out of it: of a key in a file the last one.

Imports this room and the values of threads. Writes within the transaction of whoever calls. Rows of
many files are written together, as each statement has a price of its own, and that of the words a
high one.
"""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from wfsession.index.counting import count_once
from wfsession.index.fingerprints import Known
from wfsession.index.rows import Rows, to_seconds
from wfsession.threads.facts import Facts, Stretch, join, max_time, min_time

_RESPONSES = "INSERT OR REPLACE INTO responses VALUES(?,?,?,?,?,?,?,?,?,?,?,1)"
_CALLS = "INSERT OR REPLACE INTO tool_calls VALUES(?,?,?,?,?,?,?,1)"
_RESULTS = "INSERT OR REPLACE INTO tool_results VALUES(?,?,?,?,?,?,?,?,?,?,?,1)"
_MESSAGES = "INSERT INTO messages(thread, file, key, at, role, text, model) VALUES(?,?,?,?,?,?,?)"
_FILES = """
    UPDATE files SET
        size = ?, mtime_ns = ?, inode = ?, settled = ?, done = ?, tail = coalesce(?, tail),
        error = '', error_at = NULL, lines = ?, broken = broken + ?, too_long = too_long + ?,
        unusable = ?, unknown = ?, first = ?, last = ?, version = ?,
        ending = coalesce(?, ending), last_words = coalesce(?, last_words)
    WHERE id = ?
"""
_SPANS = "INSERT INTO git_spans VALUES(?,?,?,?,?,?)"
_FIND_MESSAGE = "SELECT id, text FROM messages WHERE thread = ? AND file = ? AND key = ?"
_FORGET_WORDS = "INSERT INTO words(words, rowid, text) VALUES('delete', ?, ?)"
_ADD_WORDS = "INSERT INTO words(rowid, text) SELECT id, text FROM messages WHERE id > ?"
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
    "DELETE FROM turns WHERE file = ?2",
    "DELETE FROM stories WHERE file = ?2",
)


def remove_rows(connection: sqlite3.Connection, thread: int, file: int) -> None:
    """Remove all rows of a file, but for its own in `files`."""
    for statement in _REMOVALS:
        connection.execute(statement, (thread, file))


def remove_files(connection: sqlite3.Connection, files: Iterable[Known]) -> None:
    """Remove files with all of their rows, and threads of which nothing is left."""
    threads = set()
    for one in files:
        remove_rows(connection, one.thread, one.file)
        connection.execute("DELETE FROM files WHERE id = ?", (one.file,))
        threads.add(one.thread)
    count_once(connection, sorted(threads))
    connection.executemany(
        "DELETE FROM threads WHERE id = ?1 AND NOT EXISTS(SELECT 1 FROM files WHERE thread = ?1)",
        [(thread,) for thread in threads],
    )


def give_number(connection: sqlite3.Connection, name: str) -> int:
    """Return the number of a thread, which is given one if it has none."""
    connection.execute("INSERT OR IGNORE INTO threads(name) VALUES(?)", (name,))
    found = connection.execute("SELECT id FROM threads WHERE name = ?", (name,))
    number: int = found.fetchone()[0]
    return number


def list_spawning(connection: sqlite3.Connection, thread: int, file: int) -> list[str]:
    """Return the keys of the calls of a file that start subagents."""
    found = connection.execute(
        "SELECT key FROM tool_calls WHERE thread = ? AND name IN ('Task', 'Agent') AND file = ?",
        (thread, file),
    )
    return [key for (key,) in found]


class Sheaf:
    """Rows of several files, and what is known of these, that are not written yet."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.responses: list[tuple[Any, ...]] = []
        self.calls: list[tuple[Any, ...]] = []
        self.results: list[tuple[Any, ...]] = []
        self.messages: list[tuple[Any, ...]] = []
        self.spans: list[tuple[Any, ...]] = []
        self.files: list[tuple[Any, ...]] = []

    def write(self) -> None:
        """Write them, and begin anew with none."""
        connection = self.connection
        if self.messages:
            last = connection.execute("SELECT max(id) FROM messages").fetchone()[0]
            connection.executemany(_MESSAGES, self.messages)
            connection.execute(_ADD_WORDS, (last or 0,))
            self.messages.clear()
        for statement, rows in (
            (_RESPONSES, self.responses),
            (_CALLS, self.calls),
            (_RESULTS, self.results),
            (_SPANS, self.spans),
            (_FILES, self.files),
        ):
            connection.executemany(statement, rows)
            rows.clear()


class Writer:
    """Adds the rows of one transcript to a sheaf, piece by piece.

    `first` and `last` are the earliest and the latest time on its lines, `ending` tells how it
    ends, None where no piece had anything to tell of it.
    """

    def __init__(self, sheaf: Sheaf, thread: int, file: int, is_new: bool) -> None:
        self.ending: tuple[str, str] | None = None
        self.facts, self.first, self.last = (
            (Facts(), None, None) if is_new else _read_facts(sheaf.connection, file)
        )
        self._sheaf = sheaf
        self._where = thread, file
        self._is_new = is_new
        self._has_messages = not is_new

    def add(self, rows: Rows) -> None:
        """Add what some lines say."""
        sheaf, where = self._sheaf, self._where
        sheaf.responses += [where + row for row in rows.responses]
        sheaf.calls += [where + row for row in rows.calls]
        sheaf.results += [where + row for row in rows.results]
        if rows.messages:
            if self._has_messages:
                self._forget(rows.messages)
            self._has_messages = True
            sheaf.messages += [where + row for row in rows.messages]
        self.facts = join(self.facts, rows.facts)
        self.first = min_time(self.first, rows.facts.first)
        self.last = max_time(self.last, rows.facts.last)
        if rows.ending is not None:
            self.ending = rows.ending

    def add_spans(self) -> None:
        """Add where the lines were written, in all pieces."""
        file = self._where[1]
        if not self._is_new:
            self._sheaf.connection.execute("DELETE FROM git_spans WHERE file = ?", (file,))
        self._sheaf.spans += [
            (file, number, one.cwd, one.branch, to_seconds(one.first), to_seconds(one.last))
            for number, one in enumerate(self.facts.stretches)
        ]

    def _forget(self, messages: list[tuple[Any, ...]]) -> None:
        """Remove the messages that others of the same keys come for, as their words must go too."""
        self._sheaf.write()
        connection, where = self._sheaf.connection, self._where
        for key, *_ in messages:
            known = connection.execute(_FIND_MESSAGE, (*where, key)).fetchone()
            if known:
                connection.execute(_FORGET_WORDS, known)
                connection.execute("DELETE FROM messages WHERE id = ?", known[:1])


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


def to_moment(seconds: float | None) -> datetime | None:
    """Return a time of the index as an aware one."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
