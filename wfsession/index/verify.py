"""Whether an index says what the files say: counted again, in another way; and how large it is.

Imports this room and threads. Reads all transcripts, and writes nothing.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime

import orjson
from attrs import frozen

from wfsession.index.kept import list_kept
from wfsession.index.store import to_moment
from wfsession.threads.reader import KEPT, TRANSCRIPTS, Problem, Reader

_COUNTS = (
    ("files", "SELECT count(*) FROM files"),
    ("threads", "SELECT count(*) FROM threads"),
    ("responses", "SELECT count(*) FROM responses WHERE counts = 1"),
    ("tool calls", "SELECT count(*) FROM tool_calls WHERE counts = 1"),
    ("results", "SELECT count(*) FROM tool_results WHERE counts = 1"),
    ("messages", "SELECT count(*) FROM messages WHERE counts = 1"),
    ("kept messages", "SELECT count(*) FROM messages WHERE turn <> '' AND counts = 1"),
    ("kept stories", "SELECT count(*) FROM stories"),
    ("agents of runs", "SELECT count(*) FROM run_agents"),
    ("sessions", "SELECT count(*) FROM sessions"),
    ("bindings", "SELECT count(*) FROM bindings"),
)


@frozen
class IndexStatus:
    """How large an index is, how old, and of which files it knows too little.

    `refreshed` is when something was brought in last. `rows` are counts by what they are of,
    `lines` of all files; `skipped` are lines that could not be used, `unknown` the types of lines
    that we do not know, with how many there are of each.
    """

    path: str
    size_bytes: int
    refreshed: datetime | None
    rows: tuple[tuple[str, int], ...]
    lines: int
    skipped: int
    unknown: tuple[tuple[str, int], ...]
    problems: tuple[Problem, ...]


@frozen
class Difference:
    """A file of which the index says something else than a count of its lines."""

    path: str
    what: str
    indexed: int
    counted: int


def read_status(connection: sqlite3.Connection) -> IndexStatus:
    """Return what an index has."""
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    lines, skipped = connection.execute(
        "SELECT total(lines), total(broken + too_long) FROM files"
    ).fetchone()
    refreshed = connection.execute("SELECT value FROM state WHERE name = 'refreshed'").fetchone()
    unknown: dict[str, int] = {}
    for (told,) in connection.execute("SELECT unknown FROM files WHERE unknown <> ''"):
        for name, count in orjson.loads(told).items():
            unknown[name] = unknown.get(name, 0) + count
    failed = connection.execute("SELECT path, error FROM files WHERE error <> '' ORDER BY path")
    return IndexStatus(
        path=path,
        size_bytes=sum(
            os.path.getsize(path + suffix)
            for suffix in ("", "-wal")
            if path and os.path.exists(path + suffix)
        ),
        refreshed=to_moment(refreshed[0]) if refreshed else None,
        rows=tuple((name, connection.execute(sql).fetchone()[0]) for name, sql in _COUNTS),
        lines=int(lines),
        skipped=int(skipped),
        unknown=tuple(sorted(unknown.items())),
        problems=tuple(Problem(*row) for row in failed),
    )


def verify_index(
    connection: sqlite3.Connection,
    reader: Reader,
    home: str,
    roots: Iterable[str] = (),
    watch: Callable[[int, int], object] | None = None,
) -> tuple[Difference, ...]:
    """Compare an index with the files of a home, and with what roots keep, line by line.

    Args:
        connection: an index that was just refreshed.
        reader: that of the agent.
        home: the directory that the agent keeps for its user.
        roots: those whose sessions it knows.
        watch: is told how many files were compared, of how many.

    Returns:
        Where they differ, by path. A file that grew meanwhile may be among them.
    """
    known = {
        path: counts
        for path, *counts in connection.execute(
            "SELECT path, count(responses.key), total(output), total(input + cache_read)"
            " FROM files LEFT JOIN responses ON responses.thread = files.thread AND file = files.id"
            " WHERE error = '' GROUP BY files.id"
        )
    }
    differences = []
    files = [file for file in reader.list_files(home).files if file.kind in TRANSCRIPTS]
    kept = [file for file in list_kept(connection, roots, []) if file.kind == KEPT]
    for number, file in enumerate(files, 1):
        counted = _count(file.path)
        indexed = known.get(file.path, [0, 0, 0])
        for what, one, other in zip(_COUNTED, indexed, counted, strict=True):
            if int(one) != other:
                differences.append(Difference(file.path, what, int(one), other))
        if watch is not None:
            watch(number, len(files) + len(kept))
    indexed_parts = dict(connection.execute(_COUNT_PARTS))
    for number, one_kept in enumerate(kept, len(files) + 1):
        path = one_kept.path
        parts = _count_parts(path)
        if indexed_parts.get(path, 0) != parts:
            differences.append(Difference(path, "messages", indexed_parts.get(path, 0), parts))
        if watch is not None:
            watch(number, len(files) + len(kept))
    return tuple(differences)


_COUNT_PARTS = """
    SELECT path, count(*) FROM messages JOIN files ON files.id = messages.file
    WHERE turn <> '' GROUP BY path
"""
_COUNTED = ("responses", "output tokens", "input tokens")


def _count(path: str) -> tuple[int, int, int]:
    """Count a file's responses and tokens from its lines alone."""
    last: dict[str, tuple[int, int]] = {}
    try:
        with open(path, "rb") as file:
            for line in file:
                if b'"usage"' in line:
                    _count_line(line, last)
    except OSError:
        # What cannot be read has no lines, and the index says so too.
        return 0, 0, 0
    return len(last), sum(out for out, _ in last.values()), sum(put for _, put in last.values())


def _count_parts(path: str) -> int:
    """Count what is said in a kept conversation from its lines alone."""
    said = set()
    with suppress(OSError), open(path, "rb") as file:
        for line in file:
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                part = orjson.loads(line)
                if part["kind"] == "part" and part["part_type"] != "patch" and part["text"].strip():
                    said.add(part["hash"])
    return len(said)


def _count_line(line: bytes, last: dict[str, tuple[int, int]]) -> None:
    try:
        value = orjson.loads(line)
        message = value["message"]
        usage = message["usage"]
        names = ("output_tokens", "input_tokens", "cache_read_input_tokens")
        output, put, read = (usage.get(name) or 0 for name in names)
        if value["type"] == "assistant" and any(
            (output, put, read, usage.get("cache_creation_input_tokens"))
        ):
            last[message.get("id") or value["uuid"]] = (output, put + read)
    except (ValueError, KeyError, TypeError, AttributeError):
        # No line of a response.
        return
