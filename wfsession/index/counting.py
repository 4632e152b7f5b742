"""Which rows count where several files of a thread have one of the same key: the last one.

Imports nothing of ours. The same thread may lie in two directories, and a file may repeat what
another has. Which is the last is told by what the rows say, and never by when they were read.
"""

import sqlite3
from collections.abc import Iterable

_TRANSCRIPTS = (
    "SELECT count(*) FROM files WHERE thread = ? AND kind IN ('thread', 'subagent', 'run-agent')"
)
# For each table: count all again; find the keys that several have; order those of one key.
_TABLES = (
    (
        "UPDATE responses SET counts = 1 WHERE thread = ? AND counts = 0",
        "SELECT key FROM responses WHERE thread = ? GROUP BY key HAVING count(*) > 1",
        (
            "SELECT file FROM responses JOIN files ON files.id = file"
            " WHERE responses.thread = ? AND key = ?"
            " ORDER BY at IS NOT NULL, at, output, path"
        ),
        "UPDATE responses SET counts = 0 WHERE thread = ? AND key = ? AND file <> ?",
    ),
    (
        "UPDATE tool_calls SET counts = 1 WHERE thread = ? AND counts = 0",
        "SELECT key FROM tool_calls WHERE thread = ? GROUP BY key HAVING count(*) > 1",
        (
            "SELECT file FROM tool_calls JOIN files ON files.id = file"
            " WHERE tool_calls.thread = ? AND key = ? ORDER BY at IS NOT NULL, at, path"
        ),
        "UPDATE tool_calls SET counts = 0 WHERE thread = ? AND key = ? AND file <> ?",
    ),
    (
        "UPDATE tool_results SET counts = 1 WHERE thread = ? AND counts = 0",
        "SELECT key FROM tool_results WHERE thread = ? GROUP BY key HAVING count(*) > 1",
        (
            "SELECT file FROM tool_results JOIN files ON files.id = file"
            " WHERE tool_results.thread = ? AND key = ? ORDER BY at IS NOT NULL, at, path"
        ),
        "UPDATE tool_results SET counts = 0 WHERE thread = ? AND key = ? AND file <> ?",
    ),
    (
        "UPDATE messages SET counts = 1 WHERE thread = ? AND counts = 0",
        "SELECT key FROM messages WHERE thread = ? GROUP BY key HAVING count(*) > 1",
        (
            "SELECT file FROM messages JOIN files ON files.id = file"
            " WHERE messages.thread = ? AND key = ? ORDER BY at IS NOT NULL, at, path"
        ),
        "UPDATE messages SET counts = 0 WHERE thread = ? AND key = ? AND file <> ?",
    ),
)


def count_once(connection: sqlite3.Connection, threads: Iterable[int]) -> None:
    """Find anew which rows of threads count, after any file of theirs changed."""
    for thread in threads:
        files = connection.execute(_TRANSCRIPTS, (thread,)).fetchone()[0]
        for count_all, find_shared, order, leave_out in _TABLES:
            connection.execute(count_all, (thread,))
            if files < 2:
                continue
            for (key,) in connection.execute(find_shared, (thread,)).fetchall():
                *_, (last,) = connection.execute(order, (thread, key))
                connection.execute(leave_out, (thread, key, last))
