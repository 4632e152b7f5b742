"""Steps that tried again what just failed. Imports this room and threads.

They are those of a thread's story, but for one thing: there steps follow each other as their lines
do, here as their times. Only conversations in which something failed are looked at.
"""

import sqlite3
from collections.abc import Iterator
from itertools import pairwise

from attrs import frozen

from wfsession.index.store import to_moment
from wfsession.threads.events import ToolCall, ToolResult
from wfsession.threads.tools import find_retries

_FAILED = "SELECT thread, key FROM tool_results WHERE is_error AND counts = 1"
# A conversation may lie in several files: it is told by thread and agent.
_CALLS = """
    SELECT calls.thread, agent, key, response
    FROM tool_calls AS calls JOIN files ON files.id = calls.file
    WHERE counts = 1 AND (calls.thread, agent) IN (
        SELECT results.thread, files.agent FROM tool_results AS results
        JOIN files ON files.id = results.file WHERE is_error AND counts = 1)
    ORDER BY calls.thread, agent, calls.at, key
"""
_CALL = """
    SELECT file, at, name, argument, response FROM tool_calls
    WHERE thread = ? AND key = ? AND counts = 1
"""
_MODEL = "SELECT model FROM responses WHERE thread = ? AND key = ? AND counts = 1"


@frozen
class Retry:
    """A step that tried again what just failed: one of its files, its time, and its model."""

    file: int
    at: float | None
    model: str | None


def list_retries(connection: sqlite3.Connection) -> Iterator[Retry]:
    """Yield the retries of all threads."""
    failed: dict[int, dict[str, ToolResult]] = {}
    for thread, key in connection.execute(_FAILED):
        failed.setdefault(thread, {})[key] = ToolResult(key, None, True, "")
    for thread, steps in _list_conversations(connection):
        results = failed[thread]
        for before, step in pairwise(steps):
            if results.keys().isdisjoint(before):
                continue
            calls = [[_read_call(connection, thread, key) for key in one] for one in (before, step)]
            if find_retries(calls, results)[-1]:
                yield _make_retry(connection, thread, step[0])


def _list_conversations(connection: sqlite3.Connection) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield the conversations in which something failed: their thread, the keys of each step."""
    conversations: dict[tuple[int, str], dict[str, list[str]]] = {}
    for thread, agent, key, response in connection.execute(_CALLS):
        steps = conversations.setdefault((thread, agent), {})
        # What nothing ties to a response is a step of its own.
        steps.setdefault(response or f" {key}", []).append(key)
    for (thread, _), steps in conversations.items():
        yield thread, list(steps.values())


def _read_call(connection: sqlite3.Connection, thread: int, key: str) -> ToolCall:
    _, at, name, argument, response = connection.execute(_CALL, (thread, key)).fetchone()
    return ToolCall(key, to_moment(at), name, argument, response)


def _make_retry(connection: sqlite3.Connection, thread: int, key: str) -> Retry:
    file, at, *_, response = connection.execute(_CALL, (thread, key)).fetchone()
    (model,) = connection.execute(_MODEL, (thread, response)).fetchone() or (None,)
    return Retry(file, at, model)
