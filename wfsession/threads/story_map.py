"""Where a thread's work went: what it did of each kind, phases, context, cost, agents, files. Pure.

Imports stories only. It is drawn from a story, so it lacks what that leaves out, but for the sums.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from attrs import frozen

from wfsession.threads.conversation import Totals
from wfsession.threads.loose import shorten_label
from wfsession.threads.story import Step, Story, Subagent, Tool
from wfsession.threads.tools import Category

_EDIT_WEIGHT = 3
_TITLE_CHARACTERS = 80


@frozen
class MapEvent:
    """A call of a tool in the step `n`. One that failed is of the category error."""

    n: int
    ts: datetime | None
    category: Category | Literal["error"]
    label: str
    is_retry: bool


@frozen
class MapPhase:
    """Steps from one in which the agent said something to the next such, or to the next ask."""

    title: str
    first: int
    last: int
    started: datetime | None
    ended: datetime | None


@frozen
class Call:
    """A response: what the model had before it, in tokens, and what it cost (None: unknown)."""

    n: int
    ts: datetime | None
    context: int
    cost_usd: float | None


@frozen
class Window:
    """When a subagent was at work, and what it cost with those below it."""

    agent: str
    label: str
    started: datetime | None
    ended: datetime | None
    cost_usd: float | None


@frozen
class TouchedFile:
    """A file, how often it was read and edited, and how much that is: an edit is three reads."""

    path: str
    reads: int
    edits: int
    weight: int


@frozen
class StoryMap:
    """The map of a story. `categories` counts its events; `totals` and `active_s` are the story's.

    `events`, `phases` and `calls` are the thread's own; `windows` and `files` are of all agents
    that are told of. The largest `context` of a call is how full it became: it is no running sum.
    """

    events: tuple[MapEvent, ...]
    categories: dict[str, int]
    phases: tuple[MapPhase, ...]
    calls: tuple[Call, ...]
    windows: tuple[Window, ...]
    files: tuple[TouchedFile, ...]
    totals: Totals
    active_s: float
    omitted: int


def draw_map(story: Story) -> StoryMap:
    """Return the map of a story."""
    events = tuple(
        MapEvent(step.n, step.ts, _find_category(tool), tool.label, step.is_retry)
        for step in story.steps
        for tool in step.tools
    )
    return StoryMap(
        events=events,
        categories=dict(Counter(event.category for event in events)),
        phases=tuple(_list_phases(story)),
        calls=tuple(
            Call(step.n, step.ts, step.usage.context, step.usage.cost_usd)
            for step in story.steps
            if step.usage is not None
        ),
        windows=tuple(
            Window(one.agent, one.label, one.started, one.ended, one.totals.cost_usd)
            for one in _list_subagents(story)
        ),
        files=_list_files(story),
        totals=story.totals,
        active_s=story.active_s,
        omitted=story.omitted,
    )


def _find_category(tool: Tool) -> Category | Literal["error"]:
    return "error" if tool.status == "error" else tool.category


def _list_phases(story: Story) -> Iterator[MapPhase]:
    together: list[Step] = []
    for step in story.steps:
        if together and (step.text.strip() or step.ask):
            yield _make_phase(together)
            together = []
        together.append(step)
    if together:
        yield _make_phase(together)


def _make_phase(steps: list[Step]) -> MapPhase:
    times = [step.ts for step in steps if step.ts is not None]
    said = steps[0].text.strip().partition("\n")[0] or steps[0].ask
    return MapPhase(
        title=shorten_label(said, _TITLE_CHARACTERS),
        first=steps[0].n,
        last=steps[-1].n,
        started=min(times, default=None),
        ended=max(times, default=None),
    )


def _list_subagents(story: Story) -> Iterator[Subagent]:
    for one in (*(one for step in story.steps for one in step.subagents), *story.strays):
        yield one
        if one.story is not None:
            yield from _list_subagents(one.story)


def _list_files(story: Story) -> tuple[TouchedFile, ...]:
    told = [story, *(one.story for one in _list_subagents(story) if one.story is not None)]
    tools = [tool for one in told for step in one.steps for tool in step.tools if tool.path]
    reads = Counter(tool.path for tool in tools if tool.category == "read")
    edits = Counter(tool.path for tool in tools if tool.category == "edit")
    files = [
        TouchedFile(path, reads[path], edits[path], reads[path] + _EDIT_WEIGHT * edits[path])
        for path in reads | edits
    ]
    return tuple(sorted(files, key=lambda file: (-file.weight, file.path)))
