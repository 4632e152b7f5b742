"""Which rows count where several files of a thread have one of the same key: the last one.

Imports nothing of ours. The same thread may lie in two directories, and a file may repeat what
another has. Which is the last is told by what the rows say, and never by when they were read. What
a session keeps of a thread counts as far as its transcripts do not say it: a story where there are
none, of a conversation what they have not.
"""

import sqlite3
from collections.abc import Iterable

_FILES = """
    SELECT total(kind IN ('thread', 'subagent', 'run-agent')), total(kind = 'kept'),
        total(kind = 'story')
    FROM files WHERE thread = ?
"""
_LEAVE_STORIES_OUT = """
    UPDATE messages SET counts = 0 WHERE thread = ?1
        AND file IN (SELECT id FROM files WHERE thread = ?1 AND kind = 'story')
"""
_KEPT = "SELECT id, role, text FROM messages WHERE thread = ? AND turn <> '' AND counts = 1"
_SAID = "SELECT role, text FROM messages WHERE thread = ? AND turn = '' AND counts = 1"
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
        transcripts, kept, stories = connection.execute(_FILES, (thread,)).fetchone()
        files = transcripts + kept + stories
        for count_all, find_shared, order, leave_out in _TABLES:
            connection.execute(count_all, (thread,))
            if files < 2:
                continue
            for (key,) in connection.execute(find_shared, (thread,)).fetchall():
                *_, (last,) = connection.execute(order, (thread, key))
                connection.execute(leave_out, (thread, key, last))
        if transcripts and stories:
            connection.execute(_LEAVE_STORIES_OUT, (thread,))
        if kept and (transcripts or stories):
            _leave_kept_out(connection, thread)


def _leave_kept_out(connection: sqlite3.Connection, thread: int) -> None:
    """Let what was kept of a conversation not count where it is said elsewhere in the thread."""
    said = set()
    for role, text in connection.execute(_SAID, (thread,)):
        words = hash(" ".join(text.split()))
        # Of a part whose message is not known nobody can tell who said it.
        said |= {(role == "assistant", words), (None, words)}
    doubled = [
        (number,)
        for number, role, text in connection.execute(_KEPT, (thread,))
        if (role == "assistant" if role else None, hash(" ".join(text.split()))) in said
    ]
    connection.executemany("UPDATE messages SET counts = 0 WHERE id = ?", doubled)
