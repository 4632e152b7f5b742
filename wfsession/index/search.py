"""Messages that have all of some words, the best first. Imports this room and threads.

They are those of transcripts, and what sessions keep beside: of conversations and stories.

Words are data: no sign in them has a meaning, and whatever is typed is a valid search. Each is
found where a word of the text begins with it; what the index does not split into words, Chinese
for instance, and signs alone, wherever it stands.
"""

import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from attrs import field, frozen

from wfsession.index.store import to_moment
from wfsession.index.threads import Catalog, Scope, choose_files
from wfsession.index.usage import MAIN
from wfsession.threads.events import Role
from wfsession.threads.reader import KEPT, STORY, Kind

_MOST = 20
_WORDS_IN_SNIPPET = 24
_BEFORE, _AFTER, _GAP = "\x02", "\x03", "…"
_ALL_MARKS = re.compile(f"[{_BEFORE}{_AFTER}]")
# Written without spaces, so that the index has whole sentences of them as one word.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_CHARACTERS_AROUND = 80
_COLUMNS = """
    SELECT messages.id, rank, messages.key, messages.at, role, messages.model, threads.name,
        files.agent, files.run, files.path, files.id, files.kind, files.name
"""
_JOINED = """
    JOIN files ON files.id = messages.file JOIN threads ON threads.id = messages.thread
    WHERE counts = 1 AND (?2 = '' OR role = ?2) AND (?3 IS NULL OR messages.at >= ?3)
"""
_BY_WORDS = f"""
    {_COLUMNS} FROM words JOIN messages ON messages.id = words.rowid {_JOINED}
    AND words MATCH ?1 ORDER BY rank
"""
# Ranked by time too, so that no more of them are held than are wanted.
_BY_TIME = f"""
    {_COLUMNS.replace("rank", "-coalesce(messages.at, 0)")} FROM messages {_JOINED}
    AND ?1 IS NULL ORDER BY 2
"""
_LABELS = """
    SELECT label FROM files JOIN run_agents ON file = files.id
    WHERE thread = (SELECT id FROM threads WHERE threads.name = ?1) AND kind = 'journal'
        AND run_agents.agent = ?2
    UNION ALL SELECT type FROM files JOIN subagents ON file = files.id
    WHERE thread = (SELECT id FROM threads WHERE threads.name = ?1)
        AND kind IN ('subagent-meta', 'run-agent-meta') AND files.agent = ?2
"""
_SNIPPET = """
    SELECT snippet(words, 0, ?, ?, ?, ?) FROM words WHERE words MATCH ? AND rowid = ?
"""


Source = Literal["transcript", "kept", "story"]


@frozen
class SearchFilter:
    """Which messages are meant; empty says nothing.

    `run` is the id of a run, `agent` an id of an agent, its type, or the label that it has in its
    run; `main` is the thread itself.
    """

    scope: Scope = field(factory=Scope)
    run: str = ""
    agent: str = ""
    role: Role | None = None


@frozen
class Hit:
    """A message that was found, in the file `path`.

    `source` tells what that is: a transcript, a conversation that a session keeps, or a story. Of a
    part that was kept without its message `role` is empty. `snippet` is on one line; `matches` are
    the ranges of characters in it that were looked for.
    """

    thread: str
    session: str
    run: str
    agent: str
    label: str
    role: Role | Literal[""]
    model: str
    at: datetime | None
    snippet: str
    matches: tuple[tuple[int, int], ...]
    key: str
    path: str
    source: Source


@frozen
class _Query:
    """What is looked for: by the index, and in the texts themselves."""

    match: str
    inside: tuple[str, ...]


def search(
    connection: sqlite3.Connection,
    catalog: Catalog,
    words: str,
    wanted: SearchFilter | None = None,
    most: int = _MOST,
) -> tuple[Hit, ...]:
    """Find messages.

    Args:
        connection: an index.
        catalog: its threads.
        words: what all must be in a message, apart by spaces.
        wanted: which messages; all if None.
        most: how many at most.

    Returns:
        The best first; of those that are as good the newest. Nothing where there are no words.

    Raises:
        ThreadNotFound, AmbiguousName: the scope's thread is none, or several are meant.
    """
    query = _make_query(words)
    if not query.match and not query.inside:
        return ()
    wanted = wanted or SearchFilter()
    scope = wanted.scope
    is_narrow = bool(scope.project or scope.session or scope.thread)
    files = choose_files(catalog, scope) if is_narrow else None
    hits = []
    for number, _, key, at, role, model, thread, agent, run, path, _, kind, name in _take_best(
        _find(connection, query, wanted, files), most
    ):
        snippet, matches = _make_snippet(connection, query, number)
        hits.append(
            Hit(
                thread=thread,
                session=name if kind == KEPT else catalog.find_session(thread),
                run=run,
                agent=agent,
                label=next(iter(_read_labels(connection, thread, agent)), ""),
                role=role,
                model=model,
                at=to_moment(at),
                snippet=snippet,
                matches=matches,
                key=key,
                path=path,
                source=_SOURCES.get(kind, "transcript"),
            )
        )
    return tuple(hits)


_Row = tuple[int, float, str, float | None, Role, str, str, str, str, str, int, Kind, str]
_SOURCES: Mapping[Kind, Source] = {KEPT: "kept", STORY: "story"}


def _make_query(words: str) -> _Query:
    match, inside = [], []
    for word in words.replace("\0", " ").split():
        has_letters = any(unicodedata.category(one)[0] in "LN" for one in word)
        if has_letters and not _UNSPACED.search(word):
            # In quotes all signs are text, but for the quote.
            match.append(f'"{word.replace(chr(34), chr(34) * 2)}"*')
        else:
            inside.append(word)
    return _Query(" AND ".join(match), tuple(inside))


def _find(
    connection: sqlite3.Connection,
    query: _Query,
    wanted: SearchFilter,
    files: frozenset[int] | None,
) -> Iterator[_Row]:
    since = wanted.scope.since.timestamp() if wanted.scope.since else None
    asked = (query.match or None, wanted.role or "", since)
    row: _Row
    for row in connection.execute(_BY_WORDS if query.match else _BY_TIME, asked):
        number, *_, thread, agent, run, _, file, _, _ = row
        if (files is not None and file not in files) or (wanted.run and run != wanted.run):
            continue
        if wanted.agent and not _is_agent(connection, wanted.agent, thread, agent):
            continue
        if query.inside and not _has_inside(connection, number, query.inside):
            continue
        yield row


def _is_agent(connection: sqlite3.Connection, wanted: str, thread: str, agent: str) -> bool:
    if not agent:
        return wanted == MAIN
    return wanted == agent or wanted in _read_labels(connection, thread, agent)


def _has_inside(connection: sqlite3.Connection, number: int, inside: tuple[str, ...]) -> bool:
    text = _read_text(connection, number).casefold()
    return all(one.casefold() in text for one in inside)


def _read_text(connection: sqlite3.Connection, number: int) -> str:
    text: str = connection.execute("SELECT text FROM messages WHERE id = ?", (number,)).fetchone()[
        0
    ]
    return text


def _take_best(rows: Iterator[_Row], most: int) -> list[_Row]:
    """Return the best rows; of those with one rank the newest, whatever the order they lie in."""
    found: list[_Row] = []
    for row in rows:
        if len(found) >= most and row[1] != found[-1][1]:
            break
        found.append(row)
    found.sort(key=lambda row: (row[1], -(row[3] or 0), row[9], row[2]))
    return found[:most]


def _make_snippet(
    connection: sqlite3.Connection, query: _Query, number: int
) -> tuple[str, tuple[tuple[int, int], ...]]:
    if query.match:
        asked = (_BEFORE, _AFTER, _GAP, _WORDS_IN_SNIPPET, query.match, number)
        marked = connection.execute(_SNIPPET, asked).fetchone()[0]
    else:
        marked = _cut_around(_read_text(connection, number), query.inside[0])
    return _take_marks_out(" ".join(marked.split()))


def _cut_around(text: str, word: str) -> str:
    place, end = _find_folded(text, word)
    start = max(0, place - _CHARACTERS_AROUND)
    before = _GAP + text[start:place] if start else text[:place]
    after = text[end : end + _CHARACTERS_AROUND]
    rest = _GAP if len(text) > end + _CHARACTERS_AROUND else ""
    return f"{before}{_BEFORE}{text[place:end]}{_AFTER}{after}{rest}"


def _find_folded(text: str, word: str) -> tuple[int, int]:
    """Return where in a text a word stands that is in it, whatever the case of either.

    A letter may become several by that, so that the places of what is compared are others.
    """
    folded = word.casefold()
    first = text.casefold().index(folded)
    last = first + len(folded) - 1
    start = end = size = 0
    for place, letter in enumerate(text):
        if size <= first:
            start = place
        size += len(letter.casefold())
        end = place + 1
        if size > last:
            break
    return start, end


def _take_marks_out(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    text, matches, start = "", [], None
    place = 0
    for mark in _ALL_MARKS.finditer(marked):
        text += marked[place : mark.start()]
        place = mark.end()
        if mark[0] == _BEFORE:
            start = len(text)
        elif start is not None:
            matches.append((start, len(text)))
            start = None
    return text + marked[place:], tuple(matches)


def _read_labels(connection: sqlite3.Connection, thread: str, agent: str) -> tuple[str, ...]:
    """Return what an agent is called: in its run, and by its type."""
    if not agent:
        return ()
    found = connection.execute(_LABELS, (thread, agent)).fetchall()
    return tuple(dict.fromkeys(label for (label,) in found if label))
