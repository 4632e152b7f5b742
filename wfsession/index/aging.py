"""Transcripts that their agent will soon delete, of threads that work on a session. Imports trace.

Each is named once, whatever came of it: then it is put down here, and not looked at again unless
it is written to.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import datetime

from attrs import frozen

from wfsession.errors import IndexUnavailable
from wfsession.index.database import open_index, write
from wfsession.trace.stories import AGING

# From the bindings, of which there are few; a story that was written later tells all of it.
_LIST = """
    SELECT bindings.root, bindings.thread, bindings.session, files.path, size, mtime_ns
    FROM bindings
    JOIN sessions ON sessions.root = bindings.root AND sessions.name = bindings.session
    CROSS JOIN threads ON threads.name = substr(bindings.thread, length(?1) + 1)
    CROSS JOIN files ON files.thread = threads.id AND kind = 'thread'
    WHERE substr(bindings.thread, 1, length(?1)) = ?1 AND state <> 'archived'
        AND files.mtime_ns < ?2 AND NOT EXISTS(SELECT 1 FROM aged WHERE aged.root = bindings.root
            AND aged.path = files.path AND aged.mtime_ns = files.mtime_ns)
        AND NOT EXISTS(SELECT 1 FROM files story WHERE story.thread = files.thread
            AND story.kind = 'story' AND story.mtime_ns >= files.mtime_ns)
    ORDER BY mtime_ns, files.path
"""


@frozen
class Aged:
    """A transcript that may be deleted soon, with the thread, and the session that it works on."""

    root: str
    thread: str
    session: str
    path: str
    size_bytes: int
    mtime_ns: int


def list_aged(connection: sqlite3.Connection, agent: str, at: datetime) -> tuple[Aged, ...]:
    """Return the transcripts of an agent that are older than AGING at a moment, oldest first."""
    before_ns = int((at - AGING).timestamp() * 1_000_000_000)
    return tuple(Aged(*row) for row in connection.execute(_LIST, (f"{agent}--", before_ns)))


def note_aged(path: str, tried: Iterable[Aged]) -> None:
    """Put down in the index at a path that nobody has to look at these again.

    That it cannot be is no error: they are looked at once more.
    """
    rows = [(one.root, one.path, one.mtime_ns) for one in tried]
    with (
        suppress(IndexUnavailable, sqlite3.Error),
        closing(open_index(path)) as connection,
        write(connection),
    ):
        connection.executemany("INSERT OR REPLACE INTO aged VALUES(?,?,?)", rows)
