"""Lines of kept conversations, and kept stories -> rows. Writes within its caller's transaction.

Imports this room and the parsers of trace and threads. A message of a conversation is its parts,
a row for each but patches; who said them stands in `turns`, as the line that tells it may come
before them or after. Of a story there are the asks and answers of the thread itself, and its sums.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from io import FileIO
from typing import Any

from wfsession.index.rows import clean_text, to_seconds
from wfsession.index.sidefiles import Unusable
from wfsession.threads.lines import MAX_LINE_BYTES
from wfsession.threads.story_json import parse_story
from wfsession.trace.item import PATCH
from wfsession.trace.parts import KeptPart, parse_line

# Of a message whose line does not name it.
_NAMELESS = "?"
_FIND_TURN = "SELECT role, model FROM turns WHERE file = ? AND key = ?"
_PUT_TURN = "INSERT OR REPLACE INTO turns VALUES(?,?,?,?)"
_TELL_PARTS = """
    UPDATE messages SET role = ?, model = ? WHERE file = ? AND turn = ? AND turn <> ''
"""
_ADD_MESSAGES = """
    INSERT OR IGNORE INTO messages(thread, file, key, at, role, text, model, turn)
    VALUES(?,?,?,?,?,?,?,?)
"""
_ADD_WORDS = "INSERT INTO words(rowid, text) SELECT id, text FROM messages WHERE id > ?"
_Row = tuple[Any, ...]


def write_lines(
    connection: sqlite3.Connection, thread: int, file: int, lines: Iterable[Mapping[str, Any]]
) -> None:
    """Write what lines of a conversation say, behind those that were written of it before."""
    turns: dict[str, tuple[str, str]] = {}
    before: dict[str, tuple[str, str]] = {}
    parts = []
    for line in lines:
        found = parse_line(line)
        if found is None:
            continue
        key = found.message_id or _NAMELESS
        if key not in turns:
            known = connection.execute(_FIND_TURN, (file, key)).fetchone()
            if known:
                before[key] = known
            turns[key] = known or ("", "")
        role, model = turns[key]
        turns[key] = (
            role or ("" if isinstance(found, KeptPart) else found.role),
            (model or found.model),
        )
        if isinstance(found, KeptPart) and found.type != PATCH and found.text.strip():
            parts.append((key, found))
    new = [(file, key, *told) for key, told in turns.items() if before.get(key) != told]
    connection.executemany(_PUT_TURN, new)
    connection.executemany(
        _TELL_PARTS, [(*told, file, key) for _, key, *told in new if key in before]
    )
    _add(
        connection,
        (
            (thread, file, one.key, to_seconds(one.at), role, clean_text(one.text), model, key)
            for key, one in parts
            for role, model in (turns[key],)
        ),
    )


def write_story(connection: sqlite3.Connection, thread: int, file: int, stream: FileIO) -> None:
    """Write what a kept story says.

    Raises:
        Unusable: it is none.
        OSError: as the system says.
    """
    data = stream.read(MAX_LINE_BYTES + 1)
    story = parse_story(data) if len(data) <= MAX_LINE_BYTES else None
    if story is None:
        raise Unusable("is no story that can be read")
    sums = story.totals
    connection.execute(
        "INSERT INTO stories VALUES(?,?,?,?,?,?,?,?,?,?,?)",
        (
            file,
            to_seconds(story.started),
            sums.responses,
            sums.tool_calls,
            sums.errors,
            sums.retries,
            sums.input_tokens,
            sums.output_tokens,
            sums.cache_read_tokens,
            sums.cache_write_tokens,
            sums.cost_usd,
        ),
    )
    said = []
    for step in story.steps:
        at = to_seconds(step.ts)
        said.append((f"{step.n}:ask", at, "user", step.ask, ""))
        said.append((f"{step.n}", at, "assistant", step.text, step.model))
    said.append(("ask", to_seconds(story.ended), "user", story.open_ask, ""))
    _add(
        connection,
        (
            (thread, file, f"story:{key}", at, role, clean_text(text), model, "")
            for key, at, role, text, model in said
            if text.strip()
        ),
    )


def _add(connection: sqlite3.Connection, rows: Iterable[_Row]) -> None:
    last = connection.execute("SELECT max(id) FROM messages").fetchone()[0]
    connection.executemany(_ADD_MESSAGES, rows)
    connection.execute(_ADD_WORDS, (last or 0,))
