"""The small files beside transcripts -> their rows: what a subagent is, a run's journal, its end.

Imports the parsers of threads. Each is read whole, and anew when it changed.
"""

import sqlite3
from io import FileIO

import orjson

from wfsession.index.rows import to_seconds
from wfsession.threads.lines import MAX_LINE_BYTES, Skipped, read_batches
from wfsession.threads.reader import Kind
from wfsession.threads.runfiles import parse_journal, parse_snapshot
from wfsession.threads.subagents import parse_meta

# A file that is only known to be there: its name says all.
NAMES_ONLY: frozenset[Kind] = frozenset({"script"})
SIDEFILES: frozenset[Kind] = frozenset({"subagent-meta", "run-agent-meta", "journal", "snapshot"})


class Unusable(Exception):
    """A file that holds nothing that can be used; says why."""


def write_sidefile(
    connection: sqlite3.Connection, kind: Kind, file: int, stream: FileIO, size_bytes: int
) -> tuple[int, Skipped]:
    """Write the rows of a small file, of which so many bytes are there.

    Returns:
        How many objects it had, and which lines were passed over.

    Raises:
        Unusable: it holds nothing that can be used; it may be half written.
        OSError: as the system says.
    """
    if kind == "journal":
        return _write_journal(connection, file, stream)
    if size_bytes > MAX_LINE_BYTES:
        raise Unusable(f"is longer than {MAX_LINE_BYTES:,} bytes")
    data = stream.read(size_bytes)
    if kind == "snapshot":
        _write_snapshot(connection, file, data)
    else:
        _write_meta(connection, file, data)
    return 1, Skipped()


def _write_journal(
    connection: sqlite3.Connection, file: int, stream: FileIO
) -> tuple[int, Skipped]:
    objects = []
    skipped = Skipped()
    for batch in read_batches(stream):
        objects += batch.objects
        skipped += batch.skipped
    connection.executemany(
        "INSERT INTO run_agents VALUES(?,?,?,?,?,?)",
        (
            (file, number, one.agent, one.label, one.phase, one.result)
            for number, one in enumerate(parse_journal(objects))
        ),
    )
    return len(objects), skipped


def _write_snapshot(connection: sqlite3.Connection, file: int, data: bytes) -> None:
    told = parse_snapshot(data)
    if told is None:
        raise Unusable("is no object of JSON")
    row = (
        file,
        told.name,
        told.status,
        told.task,
        to_seconds(told.started),
        to_seconds(told.ended),
        told.summary,
        told.error,
        told.script,
        told.result,
        orjson.dumps([[one.title, one.detail] for one in told.phases]),
        orjson.dumps(
            [[one.agent, one.label, one.phase, one.model, one.state] for one in told.agents]
        ),
    )
    connection.execute("INSERT INTO runs VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", row)


def _write_meta(connection: sqlite3.Connection, file: int, data: bytes) -> None:
    try:
        is_object = isinstance(orjson.loads(data), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise Unusable("is no object of JSON")
    meta = parse_meta(data)
    row = (file, meta.type, meta.description, meta.call, meta.depth, meta.parent)
    connection.execute("INSERT INTO subagents VALUES(?,?,?,?,?,?)", row)
