"""Conversations -> the story of a thread: its steps, with the subagents in them. Pure.

Imports this room. What is too deep, too much or its own ancestor is left out, and said to be.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from attrs import Factory, define, frozen

from wfsession.threads.activity import Spell, measure_active_s, merge_spells
from wfsession.threads.conversation import Conversation, Totals, sum_up
from wfsession.threads.events import Message, Response, ToolCall
from wfsession.threads.facts import min_time
from wfsession.threads.loose import shorten
from wfsession.threads.prices import PriceOf
from wfsession.threads.story import Cut, Step, Story, Subagent, Tool, Usage
from wfsession.threads.subagents import Link, Meta
from wfsession.threads.tools import find_category, find_retries, find_sign, has_path, make_label

_TEXT_CHARACTERS = 20_000
_ERROR_CHARACTERS = 600
_LABEL_CHARACTERS = 120


@frozen
class Limits:
    """How much of a story is kept.

    `steps` of each story, `tail` of them from its end; `depth` levels of subagents; after
    `budget` steps of subagents no further subagent is told of in steps.
    """

    steps: int = 400
    tail: int = 50
    depth: int = 3
    budget: int = 4_000


@frozen
class Child:
    """A subagent: what is known of it, where it belongs, and what it said and did."""

    meta: Meta
    link: Link
    conversation: Conversation


_NO_LIMITS = Limits()


def build_story(
    main: Conversation,
    children: Mapping[str, Child],
    price_of: PriceOf,
    *,
    run_agents: Iterable[Conversation] = (),
    limits: Limits = _NO_LIMITS,
) -> Story:
    """Tell what a thread did.

    Args:
        main: the thread's own conversation.
        children: its subagents by their ids, those of subagents too.
        price_of: what a response cost, in US dollars, or None.
        run_agents: the agents of its workflow runs: they count in the sums and the time.
        limits: how much of it is kept.

    Returns:
        The story; its sums are over everything, whatever is cut.
    """
    teller = _Teller(children, price_of, limits)
    told = teller.tell(main, ())
    strays = tuple(teller.introduce_strays())
    everybody = [main, *(one.conversation for one in children.values()), *run_agents]
    spells = merge_spells(spell for one in everybody for spell in one.facts.spells)
    return _make_story(told, spells, sum_up(everybody, price_of), strays)


@frozen
class _Told:
    """What became of one conversation."""

    steps: tuple[Step, ...]
    omitted: int
    open_ask: str


def _make_story(
    told: _Told, spells: tuple[Spell, ...], totals: Totals, strays: tuple[Subagent, ...] = ()
) -> Story:
    return Story(
        steps=told.steps,
        omitted=told.omitted,
        open_ask=told.open_ask,
        started=spells[0].start if spells else None,
        ended=spells[-1].end if spells else None,
        active_s=measure_active_s(spells),
        totals=totals,
        strays=strays,
    )


@define
class _Draft:
    """A step while its lines are gathered."""

    ask: str
    at: datetime | None
    texts: list[str] = Factory(list)
    calls: list[ToolCall] = Factory(list)
    model: str = ""
    usage: Usage | None = None
    is_error: bool = False


class _Teller:
    """Tells the conversations of one thread, and keeps count of what was told."""

    def __init__(self, children: Mapping[str, Child], price_of: PriceOf, limits: Limits) -> None:
        self._children = children
        self._price_of = price_of
        self._limits = limits
        self._left = limits.budget
        self._introduced: set[str] = set()
        self._by_call: dict[str, list[str]] = {}
        self._by_parent: dict[str, list[str]] = {}
        for agent, child in children.items():
            if child.link.call:
                self._by_call.setdefault(child.link.call, []).append(agent)
            if child.link.parent:
                self._by_parent.setdefault(child.link.parent, []).append(agent)

    def tell(self, conversation: Conversation, above: tuple[str, ...]) -> _Told:
        """Tell a conversation; `above` are the subagent whose it is, and those above that one."""
        drafts, open_ask = _gather_drafts(conversation, self._price_of)
        keep, tail = self._limits.steps, self._limits.tail
        omitted = max(0, len(drafts) - keep)
        steps = []
        retries = find_retries([draft.calls for draft in drafts], conversation.results)
        for n, (draft, is_retry) in enumerate(zip(drafts, retries, strict=True), 1):
            if omitted and keep - tail < n <= keep - tail + omitted:
                continue
            tools = tuple(_make_tool(call, conversation) for call in draft.calls)
            steps.append(
                Step(
                    n=n,
                    ts=draft.at,
                    text=_cut("\n".join(draft.texts), _TEXT_CHARACTERS),
                    tools=tools,
                    is_error=draft.is_error or any(one.status == "error" for one in tools),
                    is_retry=is_retry,
                    model=draft.model,
                    ask=draft.ask,
                    usage=draft.usage,
                    subagents=tuple(self._introduce_all(draft.calls, above)),
                )
            )
        return _Told(tuple(steps), omitted, open_ask)

    def introduce_strays(self) -> Iterator[Subagent]:
        """Tell of the subagents of whom no step is known to have started them."""
        for agent, child in self._children.items():
            is_stray = child.link.parent is None or not child.link.call
            if is_stray and agent not in self._introduced:
                yield self._introduce(agent, ())

    def _introduce_all(
        self, calls: Iterable[ToolCall], above: tuple[str, ...]
    ) -> Iterator[Subagent]:
        for call in calls:
            for agent in self._by_call.get(call.key, ()):
                # A call that is in two transcripts started one subagent.
                if agent in above or agent not in self._introduced:
                    yield self._introduce(agent, above)

    def _introduce(self, agent: str, above: tuple[str, ...]) -> Subagent:
        self._introduced.add(agent)
        child = self._children[agent]
        facts = child.conversation.facts
        totals = sum_up(self._list_family(agent), self._price_of)
        cut = self._find_cut(agent, above)
        story = None
        if not cut:
            told = self.tell(child.conversation, (*above, agent))
            self._left -= len(told.steps)
            story = _make_story(told, facts.spells, totals)
        return Subagent(
            agent=agent,
            label=shorten(child.meta.description, _LABEL_CHARACTERS),
            type=child.meta.type,
            started=facts.first,
            ended=facts.last,
            totals=totals,
            story=story,
            cut=cut,
        )

    def _find_cut(self, agent: str, above: tuple[str, ...]) -> Cut:
        if agent in above:
            return "cycle"
        if len(above) >= self._limits.depth:
            return "depth_capped"
        return "budget_capped" if self._left <= 0 else ""

    def _list_family(self, agent: str) -> Iterator[Conversation]:
        """Yield the conversations of an agent and of all below it."""
        waiting = [agent]
        while waiting:
            one = waiting.pop()
            yield self._children[one].conversation
            waiting += self._by_parent.get(one, ())


def _gather_drafts(conversation: Conversation, price_of: PriceOf) -> tuple[list[_Draft], str]:
    """Return a draft for each response, and what was asked after the last."""
    drafts: dict[str, _Draft] = {}
    asks: list[str] = []
    for row in conversation.order:
        if isinstance(row, Message) and row.role not in {"assistant", "error"}:
            if row.role != "summary":
                asks.append(row.text)
            continue
        key = row.key if isinstance(row, Response) else row.response
        # What nothing ties to a response is a step of its own.
        key = key or f" {len(drafts)}"
        draft = drafts.get(key)
        if draft is None:
            draft = drafts[key] = _Draft(_cut("\n\n".join(asks), _TEXT_CHARACTERS), row.at)
            asks = []
        _add_row(draft, row, price_of)
    return list(drafts.values()), _cut("\n\n".join(asks), _TEXT_CHARACTERS)


def _add_row(draft: _Draft, row: Response | Message | ToolCall, price_of: PriceOf) -> None:
    draft.at = min_time(draft.at, row.at)
    if isinstance(row, Response):
        draft.usage = Usage(row.context_tokens, row.output_tokens, price_of(row))
        draft.model = row.model
    elif isinstance(row, Message):
        draft.texts.append(row.text)
        draft.model = draft.model or row.model
        draft.is_error = draft.is_error or row.role == "error"
    else:
        draft.calls.append(row)


def _make_tool(call: ToolCall, conversation: Conversation) -> Tool:
    result = conversation.results.get(call.key)
    return Tool(
        name=call.name,
        label=make_label(call),
        status="pending" if result is None else "error" if result.is_error else "ok",
        category=find_category(call.name),
        sign=find_sign(call),
        path=call.argument if has_path(call.name) else "",
        error=_cut(result.text.strip(), _ERROR_CHARACTERS) if result and result.is_error else "",
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
