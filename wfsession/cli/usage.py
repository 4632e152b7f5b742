"""`wf usage`: what was used and what that costs, where less may have done, where a context went."""

from argparse import ArgumentParser
from typing import get_args

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.asking import add_all_projects, ask, open_desk
from wfsession.cli.call import Call
from wfsession.cli.figures import LocalZone, shorten_id, shorten_paths
from wfsession.cli.page import Column, Passage, Rows
from wfsession.cli.verb import Verb
from wfsession.core.locate import read_environment
from wfsession.errors import InvalidValue
from wfsession.index.as_json import encode_context, encode_oversized, encode_usage
from wfsession.index.context import ContextUse, read_context
from wfsession.index.desk import View
from wfsession.index.threads import Catalog, Scope, choose_threads
from wfsession.index.usage import By, Oversized, Sums, Usage, find_oversized, sum_usage
from wfsession.threads.prices import Prices, strip_model
from wfsession.words import join, tell_cost, tell_tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_SUMS = (
    Column("RESPONSES", drop=5, is_number=True),
    Column("CALLS", drop=6, is_number=True),
    Column("ERRORS", drop=7, is_number=True),
    Column("INPUT", drop=2, is_number=True),
    Column("OUTPUT", drop=1, is_number=True),
    Column("CACHE READ", drop=3, is_number=True),
    Column("CACHE WRITE", drop=4, is_number=True),
    Column("COST", is_number=True),
)
_OVERSIZED = (
    Column("AGENT", least=10),
    Column("MODEL", drop=1, least=10),
    Column("INPUT", drop=3, is_number=True),
    Column("OUTPUT", drop=4, is_number=True),
    Column("CALLS", drop=5, is_number=True),
    Column("COST", is_number=True),
    Column("HINT", least=16),
    Column("THREAD", drop=2),
)
_CONTEXT = (
    Column("SHARE", is_number=True),
    Column("CALLS", drop=2, is_number=True),
    Column("CHARACTERS", drop=1, is_number=True),
    Column("TOOL", least=6),
    Column("FILE", least=12),
)
_MOST_ROWS = 25
_NOBODY = {"session": "(no session)", "run": "(no run)", "day": "(no time)"}
_HINTS = {
    "over_powered": "a smaller model may do",
    "over_provisioned": "less context may do",
}


@frozen
class Summed(Answer):
    """What was used, by one thing."""

    usage: Usage
    prices: Prices
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return by, rows and total, and which prices they are."""
        as_of = self.prices.as_of.isoformat()
        return {
            **encode_usage(self.usage),
            "prices": {"source": self.prices.source, "as_of": as_of, "note": _tell_prices()},
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield a row for each key, and the total below them."""
        by = self.usage.by
        if is_terminal and not self.usage.rows:
            yield Passage("No conversation of this project is known; of all: --all-projects")
            return
        rows = [
            _make_row(self._name(row.key, is_terminal), row.sums, is_terminal)
            for row in self.usage.rows
        ]
        rows.append(_make_row("total", self.usage.total, is_terminal))
        yield Rows(
            (Column(by.upper(), least=14), *_SUMS), tuple(rows), marked=frozenset({len(rows) - 1})
        )
        if is_terminal:
            of = f"{self.prices.source}, {self.prices.as_of:%Y-%m-%d}"
            yield Passage(f"{_tell_prices()} ({of}).")

    def _name(self, key: str | None, is_terminal: bool) -> str:
        if key is None:
            return _NOBODY.get(self.usage.by, "?")
        if is_terminal and self.usage.by in ("thread", "model"):
            return shorten_id(key) if self.usage.by == "thread" else strip_model(key)
        return key


def _tell_prices() -> str:
    return "At the API's list prices: a subscriber pays otherwise"


def _make_row(name: str, sums: Sums, is_terminal: bool) -> tuple[str, ...]:
    tokens = (
        sums.input_tokens,
        sums.output_tokens,
        sums.cache_read_tokens,
        sums.cache_write_tokens,
    )
    return (
        name,
        str(sums.responses),
        str(sums.tool_calls),
        str(sums.errors),
        *(tell_tokens(number, is_terminal) for number in tokens),
        tell_cost(sums.cost_usd, is_terminal),
    )


@frozen
class RightSized(Answer):
    """Subagents for which less may have done, the dearest first."""

    found: tuple[Oversized, ...]
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return the subagents."""
        return {"subagents": [encode_oversized(one) for one in self.found]}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield a row for each."""
        if is_terminal and not self.found:
            yield Passage("Of no subagent there is a hint that less would have done.")
            return
        yield Rows(_OVERSIZED, tuple(_make_hint_row(one, is_terminal) for one in self.found))
        if is_terminal:
            yield Passage("A hint about costs: it says nothing of how good their work was.")


def _make_hint_row(one: Oversized, is_terminal: bool) -> tuple[str, ...]:
    sums = one.sums
    return (
        one.type or one.agent,
        strip_model(one.model) if is_terminal else one.model,
        tell_tokens(sums.input_tokens + sums.cache_read_tokens, is_terminal),
        tell_tokens(sums.output_tokens, is_terminal),
        str(sums.tool_calls),
        tell_cost(sums.cost_usd, is_terminal),
        join(_HINTS[hint] if is_terminal else hint for hint in one.hints),
        shorten_id(one.thread) if is_terminal else one.thread,
    )


@frozen
class Contents(Answer):
    """Where the context of a thread went."""

    used: ContextUse
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return the thread, how full its context became, and what was put into it."""
        return encode_context(self.used)

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield a row for each tool, and for each file of those that are about one."""
        used = self.used
        if is_terminal:
            yield f"Thread {used.thread}"
            much = tell_tokens(used.most_tokens, True)
            told = f"Its fullest context had {much} tokens, in {used.responses} responses."
            yield Passage(told)
        rows = used.rows[:_MOST_ROWS] if is_terminal else used.rows
        yield Rows(
            _CONTEXT,
            tuple(
                (
                    f"{row.share:.0%}",
                    str(row.calls),
                    str(row.characters),
                    row.tool,
                    shorten_paths(row.path) if is_terminal else row.path,
                )
                for row in rows
            ),
        )
        if len(rows) < len(used.rows):
            yield f"and {len(used.rows) - len(rows)} more rows: --json"
        if is_terminal:
            yield Passage("The shares are those of the characters of results: an estimate.")


def usage(call: Call) -> Answer:
    """Tell what was used, what may have been too much, or where a context went."""
    options, desk = call.options, open_desk(call)
    scope = Scope(project=desk.project)
    if options.right_size:
        found = ask(
            call,
            desk,
            lambda view: find_oversized(view.connection, view.catalog, view.prices, scope),
        )
        return RightSized(found, tuple(call.notes))
    if options.context is not None:
        wanted = options.context or read_environment().thread

        def read(view: View) -> ContextUse:
            thread = wanted or _find_last(view.catalog, scope)
            return read_context(view.connection, view.catalog, thread)

        return Contents(ask(call, desk, read), tuple(call.notes))
    by: By = options.by
    summed = ask(
        call,
        desk,
        lambda view: sum_usage(view.connection, view.catalog, view.prices, by, scope, LocalZone()),
    )
    if summed.unpriced:
        call.notes.append(
            f"no price is known of {join(summed.unpriced)}, nor the cost of what they are part of"
        )
    return Summed(summed, desk.prices, tuple(call.notes))


def _find_last(catalog: Catalog, scope: Scope) -> str:
    """Return the thread that was written last of those that are meant.

    Raises:
        InvalidValue: there is none.
    """
    names = choose_threads(catalog, scope)
    if not names:
        reason = "no conversation of this project is known"
        raise InvalidValue("--context", "", reason, "wf usage --all-projects --by thread")
    return max(names, key=lambda name: (catalog.threads[name].written, name))


def _add_usage(parser: ArgumentParser) -> None:
    views = parser.add_mutually_exclusive_group()
    views.add_argument(
        "--by", choices=get_args(By), default="model", help="what to sum by; the model if left out"
    )
    views.add_argument(
        "--right-size",
        action="store_true",
        help="subagents for which a smaller model, or less context, may have done",
    )
    views.add_argument(
        "--context",
        metavar="THREAD",
        nargs="?",
        const="",
        help="where a conversation's context went; the one that asks, or the last, if left out",
    )
    add_all_projects(parser)


VERBS = {
    "usage": Verb(
        "usage",
        "tell what was used: tokens, and what they cost",
        """\
Tokens, with what was read from the cache and written to it apart, and dollars at the
API's list prices; subagents and runs are part of it. A cost is `?`, and null as JSON,
where the price of any of it is not known. Days are those of the user's clock. In a
pipe: a line each, with tabs between key, responses, calls, errors, input, output,
cache read, cache write and dollars; the last line is the total.

  wf usage
  wf usage --by day --all-projects
  wf usage --right-size
  wf usage --context 0b9c41f2""",
        "[--by KEY | --right-size | --context [THREAD]] [--all-projects]",
        usage,
        _add_usage,
    )
}
