"""The subagents of a thread: who started whom, by which call, and what each used.

Imports this room and threads.
"""

import sqlite3

from attrs import frozen

from wfsession.index.threads import Catalog, File, Scope, find_thread
from wfsession.index.usage import sum_by_file
from wfsession.threads.conversation import Totals
from wfsession.threads.events import ToolCall, ToolResult
from wfsession.threads.prices import Prices
from wfsession.threads.subagents import MAIN, Link, Meta, Spawner, link_subagents

_CALLS = """
    SELECT file, key, name FROM tool_calls
    WHERE thread = ?1 AND name IN ('Task', 'Agent')
    UNION SELECT file, key, name FROM tool_calls
    WHERE thread = ?1 AND key IN (SELECT call FROM subagents JOIN files ON files.id = file
        WHERE files.thread = ?1)
    UNION SELECT file, key, name FROM tool_calls
    WHERE thread = ?1 AND key IN (SELECT key FROM tool_results WHERE thread = ?1 AND agent <> '')
"""
_RESULTS = """
    SELECT file, key, agent, mentions FROM tool_results
    WHERE thread = ? AND (agent <> '' OR mentions <> '' OR task <> '' OR run <> '')
"""


@frozen
class Subagent:
    """A subagent, where it belongs, and the sums of its transcript."""

    link: Link
    type: str
    description: str
    model: str
    sums: Totals
    path: str


def list_subagents(
    connection: sqlite3.Connection, catalog: Catalog, prices: Prices, thread: str
) -> tuple[Subagent, ...]:
    """Return the subagents of a thread that are in no run of a workflow.

    Args:
        connection: an index.
        catalog: its threads.
        prices: what responses cost.
        thread: the thread's id, or how that begins.

    Returns:
        Each once, in the order of their ids; who is its own ancestor has no parent.

    Raises:
        ThreadNotFound, AmbiguousName: no thread is meant, or several.
    """
    name = find_thread(catalog, thread).name
    files: dict[str, File] = {}
    others: dict[int, str] = {}
    for file in sorted(catalog.files, key=lambda one: one.path):
        if file.thread == name and file.kind in ("thread", "subagent"):
            others[file.id] = file.agent or MAIN
            if file.agent:
                files[file.agent] = file
    metas = {agent: Meta() for agent in sorted(files)}
    for agent, *told in connection.execute(
        "SELECT agent, type, description, call, depth, parent FROM subagents"
        " JOIN files ON files.id = file JOIN threads ON threads.id = files.thread"
        " WHERE threads.name = ? AND kind = 'subagent-meta' ORDER BY path",
        (name,),
    ):
        if agent in metas:
            metas[agent] = Meta(*told)
    links = link_subagents(metas, _read_spawners(connection, name, others))
    sums = sum_by_file(connection, catalog, prices, Scope(thread=name))
    found = []
    for link in links:
        meta, file = metas[link.agent], files[link.agent]
        its, model = sums.get(file.id, (Totals(), ""))
        found.append(Subagent(link, meta.type, meta.description, model, its, file.path))
    return tuple(found)


def _read_spawners(
    connection: sqlite3.Connection, thread: str, agents: dict[int, str]
) -> list[Spawner]:
    number = connection.execute("SELECT id FROM threads WHERE name = ?", (thread,)).fetchone()
    calls: dict[int, dict[str, ToolCall]] = {}
    results: dict[int, dict[str, ToolResult]] = {}
    for file, key, name in connection.execute(_CALLS, number):
        calls.setdefault(file, {})[key] = ToolCall(key, None, name, "", "")
    for file, key, agent, mentions in connection.execute(_RESULTS, number):
        results.setdefault(file, {})[key] = ToolResult(key, None, False, mentions, agent=agent)
    return [
        Spawner(agent, calls.get(file, {}), results.get(file, {})) for file, agent in agents.items()
    ]
