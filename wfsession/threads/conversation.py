"""The rows of transcripts, gathered: of each key the last one, and their sums. Pure.

Imports the values of this room.
"""

import math
from collections.abc import Iterable, Iterator

from attrs import frozen

from wfsession.threads.events import Message, Response, Row, ToolCall, ToolResult
from wfsession.threads.facts import Facts
from wfsession.threads.prices import PriceOf, round_cost
from wfsession.threads.tools import find_retries


@frozen
class Conversation:
    """The rows of one transcript, each kind by its keys, in the order of their first lines.

    `order` has all but the results, as their first lines stand: what a story follows.
    """

    responses: dict[str, Response]
    messages: dict[str, Message]
    calls: dict[str, ToolCall]
    results: dict[str, ToolResult]
    order: tuple[Response | Message | ToolCall, ...]
    facts: Facts

    def group_calls(self) -> list[list[ToolCall]]:
        """Return the calls of each response that has any."""
        groups: dict[str, list[ToolCall]] = {}
        for call in self.calls.values():
            # What nothing ties to a response is a step of its own.
            groups.setdefault(call.response or f" {call.key}", []).append(call)
        return list(groups.values())

    def find_last_word(self) -> Message | None:
        """Return the message after which nothing came, or None where it did not end with one."""
        last = self.order[-1] if self.order else None
        return last if isinstance(last, Message) else None


@frozen
class Totals:
    """Sums over responses. `cost_usd` is None where the price of any of them is not known."""

    responses: int = 0
    tool_calls: int = 0
    errors: int = 0
    retries: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float | None = 0.0


def gather(rows: Iterable[Row], facts: Facts) -> Conversation:
    """Return the rows of one transcript by their keys, whichever pieces they come from."""
    last: dict[tuple[type, str], Row] = {}
    for row in rows:
        last[type(row), row.key] = row
    found = Conversation({}, {}, {}, {}, tuple(_leave_results_out(last.values())), facts)
    for row in last.values():
        if isinstance(row, Response):
            found.responses[row.key] = row
        elif isinstance(row, Message):
            found.messages[row.key] = row
        elif isinstance(row, ToolCall):
            found.calls[row.key] = row
        else:
            found.results[row.key] = row
    return found


def _leave_results_out(rows: Iterable[Row]) -> Iterator[Response | Message | ToolCall]:
    for row in rows:
        if not isinstance(row, ToolResult):
            yield row


def sum_up(conversations: Iterable[Conversation], price_of: PriceOf) -> Totals:
    """Return the sums over conversations of one thread; what several of them have counts once.

    Args:
        conversations: the thread's own, and those of its agents.
        price_of: what a response cost, in US dollars, or None.
    """
    responses: dict[str, Response] = {}
    results: dict[str, bool] = {}
    calls: set[str] = set()
    retries: set[str] = set()
    for one in conversations:
        steps = one.group_calls()
        again = find_retries(steps, one.results)
        retries |= {step[0].key for step, is_retry in zip(steps, again, strict=True) if is_retry}
        responses |= one.responses
        calls |= one.calls.keys()
        results |= {key: result.is_error for key, result in one.results.items()}
    values = responses.values()
    return Totals(
        responses=len(responses),
        tool_calls=len(calls),
        errors=sum(results.values()),
        retries=len(retries),
        input_tokens=sum(one.input_tokens for one in values),
        output_tokens=sum(one.output_tokens for one in values),
        cache_read_tokens=sum(one.cache_read_tokens for one in values),
        cache_write_tokens=sum(one.cache_write_tokens for one in values),
        cost_usd=add_costs(price_of(one) for one in values),
    )


def add_costs(costs: Iterable[float | None]) -> float | None:
    """Return the sum, the same in any order; None where one is not known."""
    known = []
    for cost in costs:
        if cost is None:
            return None
        known.append(cost)
    return round_cost(math.fsum(known))
