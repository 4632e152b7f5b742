"""What threads used and what that cost, summed by one thing or another.

Imports this room and threads.

Sums are over responses that count, each once. A cost is the list price of the API, by model and
time; where the price of any response is not known, that of the sum is not either.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import Literal

from attrs import fields, frozen

from wfsession.index.retries import list_retries
from wfsession.index.store import to_moment
from wfsession.index.threads import Catalog, File, Scope, choose_threads
from wfsession.threads.conversation import Totals, add_costs
from wfsession.threads.events import Response
from wfsession.threads.prices import Prices
from wfsession.threads.reader import STORY, TRANSCRIPTS
from wfsession.threads.status import Hint, right_size

By = Literal["day", "session", "thread", "model", "agent", "project", "run"]
# What the thread itself is called among its agents.
MAIN = "main"
# All zones are whole quarters of an hour from UTC.
_SLOT_S = 900
# Prices change at some moments: what lies between two of them is summed up before it is priced.
_RESPONSES = """
    SELECT file, CASE WHEN ?1 THEN CAST(at / 900 AS INTEGER) END AS slot, model, is_batch,
        (SELECT max(value) FROM json_each(?2) WHERE value <= at) AS since, at IS NULL,
        count(*), sum(input), sum(output), sum(cache_read), sum(write_5m), sum(write_1h)
    FROM responses WHERE counts = 1 AND (?3 IS NULL OR at >= ?3)
    GROUP BY file, slot, model, is_batch, since, at IS NULL
"""
_CALLS = """
    SELECT tool_calls.file, CASE WHEN ?1 THEN CAST(tool_calls.at / 900 AS INTEGER) END AS slot,
        CASE WHEN ?2 THEN model END AS its_model, count(*)
    FROM tool_calls LEFT JOIN responses ON ?2 AND responses.thread = tool_calls.thread
        AND responses.key = tool_calls.response AND responses.file = tool_calls.file
    WHERE tool_calls.counts = 1 AND (?3 IS NULL OR tool_calls.at >= ?3)
    GROUP BY tool_calls.file, slot, its_model
"""
_ERRORS = """
    SELECT tool_results.file, CASE WHEN ?1 THEN CAST(tool_results.at / 900 AS INTEGER) END AS slot,
        CASE WHEN ?2 THEN model END AS its_model, count(*)
    FROM tool_results
    LEFT JOIN tool_calls ON ?2 AND tool_calls.thread = tool_results.thread
        AND tool_calls.key = tool_results.key AND tool_calls.file = tool_results.file
    LEFT JOIN responses ON ?2 AND responses.thread = tool_calls.thread
        AND responses.key = tool_calls.response AND responses.file = tool_calls.file
    WHERE tool_results.counts = 1 AND is_error AND (?3 IS NULL OR tool_results.at >= ?3)
    GROUP BY tool_results.file, slot, its_model
"""


@frozen
class UsageRow:
    """Sums for a key; None for what has none: threads without a session, what is in no run."""

    key: str | None
    sums: Totals


@frozen
class Usage:
    """Sums by one thing, the rows in the order of their keys, and those over all.

    `unpriced` are the models whose price is not known. Of `from_stories` threads a session's kept
    story tells the sums, of no model, as their transcripts are gone.
    """

    by: By
    rows: tuple[UsageRow, ...]
    total: Totals
    unpriced: tuple[str, ...]
    from_stories: int = 0


@frozen
class Oversized:
    """A subagent that may have been given more than it needed; what it was, and the sums of it."""

    thread: str
    agent: str
    type: str
    model: str
    hints: tuple[Hint, ...]
    sums: Totals
    path: str


@frozen
class _Piece:
    """Sums of one file, in one slot of time, of one model."""

    file: File
    slot: int | None
    model: str | None
    responses: int = 0
    tool_calls: int = 0
    errors: int = 0
    retries: int = 0
    used: Response | None = None
    cost: float | None = 0.0


_Key = Callable[[_Piece], str | None]


def sum_usage(
    connection: sqlite3.Connection,
    catalog: Catalog,
    prices: Prices,
    by: By,
    scope: Scope | None = None,
    zone: tzinfo = UTC,
) -> Usage:
    """Sum up what was used.

    Args:
        connection: an index.
        catalog: its threads.
        prices: what responses cost.
        by: what to sum by. An agent is what kind of agent it is, and MAIN the thread itself.
        scope: which threads count, and since when; all if None.
        zone: where days begin.

    Returns:
        A row for each key that anything was used for, and the sums of all of them.

    Raises:
        ThreadNotFound, AmbiguousName: the scope's thread is none, or several are meant.
    """
    pieces = list(_list_pieces(connection, catalog, prices, by, scope or Scope()))
    key_of = _choose_key(connection, catalog, by, zone)
    groups: dict[str | None, list[_Piece]] = {}
    for piece in pieces:
        groups.setdefault(key_of(piece), []).append(piece)
    rows = (UsageRow(key, _sum(its)) for key, its in groups.items())
    return Usage(
        by=by,
        rows=tuple(sorted(rows, key=lambda row: (row.key is None, row.key or ""))),
        total=_sum(pieces),
        unpriced=tuple(sorted({one.model or "?" for one in pieces if one.cost is None})),
        from_stories=sum(one.file.kind == STORY for one in pieces),
    )


def sum_by_file(
    connection: sqlite3.Connection, catalog: Catalog, prices: Prices, scope: Scope | None = None
) -> dict[int, tuple[Totals, str]]:
    """Return the sums of each file, and the model that wrote most of it, by the file's id.

    Args:
        connection: an index.
        catalog: its threads.
        prices: what responses cost.
        scope: which threads count, and since when; all if None.

    Raises:
        ThreadNotFound, AmbiguousName: the scope's thread is none, or several are meant.
    """
    groups: dict[int, list[_Piece]] = {}
    for piece in _list_pieces(connection, catalog, prices, "thread", scope or Scope()):
        groups.setdefault(piece.file.id, []).append(piece)
    return {file: (_sum(its), _find_main_model(its)) for file, its in groups.items()}


def find_oversized(
    connection: sqlite3.Connection, catalog: Catalog, prices: Prices, scope: Scope | None = None
) -> tuple[Oversized, ...]:
    """Return the subagents for which a smaller model or less context may have done.

    It is a hint about costs, and says nothing of how good their work was.

    Args:
        connection: an index.
        catalog: its threads.
        prices: what responses cost, and which models are premium ones.
        scope: which threads count, and since when; all if None.

    Returns:
        The dearest first.

    Raises:
        ThreadNotFound, AmbiguousName: the scope's thread is none, or several are meant.
    """
    types = read_types(connection)
    by_file = sum_by_file(connection, catalog, prices, scope)
    found = []
    for file in catalog.files:
        if not file.agent or file.id not in by_file:
            continue
        its, model = by_file[file.id]
        hints = right_size(
            prices,
            model,
            its.cost_usd,
            input_tokens=its.input_tokens,
            cache_read_tokens=its.cache_read_tokens,
            output_tokens=its.output_tokens,
            tool_calls=its.tool_calls,
        )
        if hints:
            kind = types.get((file.thread, file.agent), "")
            found.append(Oversized(file.thread, file.agent, kind, model, hints, its, file.path))
    return tuple(sorted(found, key=lambda one: (-(one.sums.cost_usd or 0), one.path)))


def read_types(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Return what kind of agent each subagent is, by its thread and its id."""
    rows = connection.execute(
        "SELECT threads.name, agent, type FROM subagents JOIN files ON files.id = file"
        " JOIN threads ON threads.id = files.thread ORDER BY path"
    )
    return {(thread, agent): kind for thread, agent, kind in rows}


def _list_pieces(
    connection: sqlite3.Connection, catalog: Catalog, prices: Prices, by: By, scope: Scope
) -> Iterator[_Piece]:
    threads = choose_threads(catalog, scope)
    files = {file.id: file for file in catalog.files if file.thread in threads}
    since = scope.since.timestamp() if scope.since else None
    asked = (by == "day", _list_changes(prices), since)
    for row in connection.execute(_RESPONSES, asked):
        file, slot, model, is_batch, start, is_timeless, count, *tokens = row
        if file in files:
            moment = None if is_timeless else to_moment(start) or _BEGINNING
            put, out, read, for_5m, for_1h = tokens
            used = Response("", moment, model, put, out, read, for_5m, for_1h, bool(is_batch))
            cost = prices.cost_of(used)
            yield _Piece(files[file], slot, model, responses=count, used=used, cost=cost)
    yield from _list_stories(connection, files.values(), since)
    parts = (by == "day", by == "model", since)
    for file, slot, model, count in connection.execute(_CALLS, parts):
        if file in files:
            yield _Piece(files[file], slot, model, tool_calls=count)
    for file, slot, model, count in connection.execute(_ERRORS, parts):
        if file in files:
            yield _Piece(files[file], slot, model, errors=count)
    for one in list_retries(connection):
        if one.file in files and (since is None or (one.at is not None and one.at >= since)):
            slot = None if one.at is None else int(one.at // _SLOT_S)
            yield _Piece(files[one.file], slot, one.model, retries=1)


def _list_stories(
    connection: sqlite3.Connection, files: Iterable[File], since: float | None
) -> Iterator[_Piece]:
    """Yield the sums of threads whose transcripts are gone: of several stories the fullest."""
    stories: dict[str, dict[int, File]] = {}
    told = set()
    for file in files:
        if file.kind == STORY:
            stories.setdefault(file.thread, {})[file.id] = file
        elif file.kind in TRANSCRIPTS:
            told.add(file.thread)
    if not stories:
        return
    rows = {row[0]: row for row in connection.execute("SELECT * FROM stories")}
    for thread, its in stories.items():
        kept = [rows[number] for number in its if number in rows]
        if thread in told or not kept:
            continue
        number, at, responses, calls, errors, retries, put, out, read, written, cost = max(
            kept, key=lambda row: (*row[2:4], its[row[0]].path)
        )
        if since is not None and (at is None or at < since):
            continue
        used = Response("", to_moment(at), "", put, out, read, written, 0)
        slot = None if at is None else int(at // _SLOT_S)
        yield _Piece(its[number], slot, None, responses, calls, errors, retries, used, cost)


_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def _list_changes(prices: Prices) -> str:
    moments = {
        price.since.timestamp()
        for its in prices.by_model.values()
        for price in its
        if price.since is not None
    }
    return f"[{','.join(str(one) for one in sorted(moments))}]"


def _choose_key(connection: sqlite3.Connection, catalog: Catalog, by: By, zone: tzinfo) -> _Key:
    threads = catalog.threads
    if by == "day":
        return lambda piece: _name_day(piece.slot, zone)
    if by == "model":
        return lambda piece: piece.model or None
    if by == "session":
        return lambda piece: threads[piece.file.thread].session or None
    if by == "project":
        return lambda piece: threads[piece.file.thread].project or None
    if by == "run":
        return lambda piece: piece.file.run or None
    if by == "thread":
        return lambda piece: piece.file.thread
    types = read_types(connection)

    def name_agent(piece: _Piece) -> str | None:
        file = piece.file
        return types.get((file.thread, file.agent)) or None if file.agent else MAIN

    return name_agent


def _name_day(slot: int | None, zone: tzinfo) -> str | None:
    if slot is None:
        return None
    moment = datetime.fromtimestamp(slot * _SLOT_S, UTC)
    try:
        return moment.astimezone(zone).date().isoformat()
    except OverflowError:
        # It is the first or the last day of the calendar, which has no other for that zone.
        return moment.date().isoformat()


def _sum(pieces: list[_Piece]) -> Totals:
    used = [piece.used for piece in pieces if piece.used is not None]
    return Totals(
        responses=sum(piece.responses for piece in pieces),
        tool_calls=sum(piece.tool_calls for piece in pieces),
        errors=sum(piece.errors for piece in pieces),
        retries=sum(piece.retries for piece in pieces),
        input_tokens=sum(one.input_tokens for one in used),
        output_tokens=sum(one.output_tokens for one in used),
        cache_read_tokens=sum(one.cache_read_tokens for one in used),
        cache_write_tokens=sum(one.cache_write_tokens for one in used),
        cost_usd=add_costs(piece.cost for piece in pieces),
    )


def add_sums(many: Iterable[Totals]) -> Totals:
    """Return the sums of several; a cost that is not known makes all of it unknown."""
    listed = list(many)
    counts = {
        one.name: sum(getattr(sums, one.name) for sums in listed)
        for one in fields(Totals)
        if one.name != "cost_usd"
    }
    return Totals(**counts, cost_usd=add_costs(sums.cost_usd for sums in listed))


def _find_main_model(pieces: list[_Piece]) -> str:
    counts: dict[str, int] = {}
    for piece in pieces:
        if piece.used is not None:
            counts[piece.used.model] = counts.get(piece.used.model, 0) + piece.responses
    return max(sorted(counts), key=lambda model: counts[model], default="")
