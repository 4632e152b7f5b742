"""Where a thread's context went: by tool, and by what the tool was used on.

Imports this room. Transcripts say how much each response had before it, and not of what: the shares
are those of the characters of results, and an estimate.
"""

import sqlite3

from attrs import frozen

from wfsession.index.threads import Catalog, find_thread

_SIZES = """
    SELECT tool_calls.name,
        CASE WHEN tool_calls.name IN ('Read', 'Edit', 'Write', 'NotebookEdit', 'MultiEdit')
            THEN argument ELSE '' END AS path,
        count(*), sum(tool_results.size)
    FROM tool_results
    JOIN tool_calls ON tool_calls.thread = tool_results.thread
        AND tool_calls.key = tool_results.key AND tool_calls.file = tool_results.file
    JOIN files ON files.id = tool_results.file
    WHERE tool_results.thread = (SELECT id FROM threads WHERE threads.name = ?1)
        AND tool_results.counts = 1 AND files.agent = ?2
    GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2
"""
_CONTEXTS = """
    SELECT max(input + cache_read + write_5m + write_1h), count(*) FROM responses
    JOIN files ON files.id = file
    WHERE responses.thread = (SELECT id FROM threads WHERE name = ?1)
        AND responses.counts = 1 AND files.agent = ?2
"""


@frozen
class ContextRow:
    """What a tool brought in: `path` is the file, for tools that are about one, and else empty.

    `share` is that of all characters of results, from 0 to 1.
    """

    tool: str
    path: str
    calls: int
    characters: int
    share: float


@frozen
class ContextUse:
    """Where the context of a thread, or of one of its agents, went, the largest first.

    `most_tokens` is the largest context that any response had.
    """

    thread: str
    agent: str
    most_tokens: int
    responses: int
    rows: tuple[ContextRow, ...]


def read_context(
    connection: sqlite3.Connection, catalog: Catalog, thread: str, agent: str = ""
) -> ContextUse:
    """Return where the context of a thread went.

    Args:
        connection: an index.
        catalog: its threads.
        thread: the thread's id, or how that begins.
        agent: the id of one of its subagents, whose context is meant; empty: the thread's own.

    Returns:
        The tools and files of its results, the largest first.

    Raises:
        ThreadNotFound, AmbiguousName: no thread is meant, or several.
    """
    asked = (find_thread(catalog, thread).name, agent)
    found = connection.execute(_SIZES, asked).fetchall()
    everything = sum(size for *_, size in found) or 1
    rows = tuple(
        ContextRow(tool, path, calls, size, size / everything) for tool, path, calls, size in found
    )
    most, responses = connection.execute(_CONTEXTS, asked).fetchone()
    return ContextUse(*asked, most or 0, responses, rows)
