"""The map of a story as rectangles: lanes for phases, tools, subagents, context and cost. Pure.

Imports stories, and how long a pause may be. Lengths are in units of the drawing.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Literal

from attrs import frozen

from wfsession.threads.activity import LONGEST_PAUSE
from wfsession.threads.story import Story
from wfsession.threads.story_map import StoryMap
from wfsession.web.text import tell_cost

WIDTH, LABELS = 1000.0, 90.0
_LANE, _GAP = 36.0, 8.0
_LEAST = 3.0
# So long a folded pause is on the axis.
_FOLDED_S = 30.0


@frozen
class Box:
    """A rectangle of a kind, with what it stands for in words."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    title: str


@frozen
class Lane:
    """A lane: its name, and where it begins."""

    name: str
    y: float


@frozen
class Drawing:
    """A map. `gaps` are where on the axis a long pause was folded."""

    width: float
    height: float
    lane_height: float
    lanes: tuple[Lane, ...]
    boxes: tuple[Box, ...]
    gaps: tuple[float, ...]


class Axis:
    """Where moments lie, when each pause longer than five minutes is folded to half of one."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self._moments = sorted(set(moments))
        self._places = [0.0]
        self.folds: list[float] = []
        for before, after in zip(self._moments, self._moments[1:], strict=False):
            pause = after - before
            length = pause.total_seconds()
            if pause > LONGEST_PAUSE:
                length = _FOLDED_S
                self.folds.append(self._places[-1] + length / 2)
            self._places.append(self._places[-1] + length)
        self.length = self._places[-1] or 1.0

    def place(self, moment: datetime) -> float:
        """Return how far along a moment is, in seconds; one that is not known as its neighbour."""
        at = bisect_right(self._moments, moment) - 1
        return self._places[max(at, 0)] if self._moments else 0.0


_X = Callable[[int, datetime | None], float]


def draw_lanes(
    story: Story,
    drawn: StoryMap,
    axis: Literal["time", "step"],
    starters: Mapping[str, int] | None = None,
) -> Drawing:
    """Return the lanes of a map, by time or by step.

    Args:
        story: what is drawn.
        drawn: its map; windows that are not the story's own agents' may be among its windows.
        axis: along which.
        starters: at which steps such others began.
    """
    own = {one.agent: step.n for step in story.steps for one in step.subagents}
    began = {**own, **(starters or {})}
    names = ["phases", "tools", *(["subagents"] if drawn.windows else []), "context", "cost"]
    lanes = {name: n * (_LANE + _GAP) for n, name in enumerate(names)}
    folded = Axis(_list_moments(story, drawn))
    place = _place_by_step(story) if axis == "step" else _place_by_time(story, folded)
    boxes = [*_draw_phases(drawn, place, lanes["phases"])]
    boxes += _draw_tools(drawn, place, lanes["tools"])
    if drawn.windows:
        boxes += _draw_windows(began, drawn, place, lanes["subagents"])
    boxes += _draw_bars(drawn, place, lanes["context"], lanes["cost"])
    scale = (WIDTH - LABELS) / folded.length
    return Drawing(
        width=WIDTH,
        height=len(names) * (_LANE + _GAP),
        lane_height=_LANE,
        lanes=tuple(Lane(name, y) for name, y in lanes.items()),
        boxes=tuple(boxes),
        gaps=tuple(LABELS + at * scale for at in folded.folds) if axis == "time" else (),
    )


def _list_moments(story: Story, drawn: StoryMap) -> list[datetime]:
    moments = [step.ts for step in story.steps]
    moments += [moment for one in drawn.windows for moment in (one.started, one.ended)]
    return [one for one in moments if one is not None]


def _place_by_step(story: Story) -> _X:
    numbers = {step.n: place for place, step in enumerate(story.steps)}
    step = (WIDTH - LABELS - _LEAST) / max(len(numbers), 1)
    return lambda n, _: LABELS + numbers.get(n, 0) * step


def _place_by_time(story: Story, axis: Axis) -> _X:
    times = {step.n: step.ts for step in story.steps}
    scale = (WIDTH - LABELS - _LEAST) / axis.length

    def place(n: int, moment: datetime | None) -> float:
        known = moment or times.get(n)
        return LABELS + (axis.place(known) * scale if known else 0.0)

    return place


def _draw_phases(drawn: StoryMap, place: _X, y: float) -> Iterable[Box]:
    for one in drawn.phases:
        start, end = place(one.first, one.started), place(one.last, one.ended)
        title = f"steps {one.first} to {one.last}: {one.title}"
        yield Box("phase", start, y, max(end - start, _LEAST), _LANE, title)


def _draw_tools(drawn: StoryMap, place: _X, y: float) -> Iterable[Box]:
    for one in drawn.events:
        again = ", again" if one.is_retry else ""
        title = f"step {one.n}, {one.category}{again}: {one.label}"
        yield Box(one.category, place(one.n, one.ts), y, _LEAST, _LANE, title)


def _draw_windows(
    starters: Mapping[str, int], drawn: StoryMap, place: _X, y: float
) -> Iterable[Box]:
    height = max(_LANE / len(drawn.windows), 2.0)
    for number, one in enumerate(drawn.windows):
        n = starters.get(one.agent, 0)
        start = place(n, one.started)
        end = place(n, one.ended or one.started)
        cost = tell_cost(one.cost_usd)
        top = y + (number * height) % _LANE
        yield Box("task", start, top, max(end - start, _LEAST), height, f"{one.label}: {cost}")


def _draw_bars(drawn: StoryMap, place: _X, context: float, cost: float) -> Iterable[Box]:
    largest = max((call.context for call in drawn.calls), default=0) or 1
    dearest = max((call.cost_usd or 0.0 for call in drawn.calls), default=0.0) or 1.0
    for call in drawn.calls:
        x = place(call.n, call.ts)
        high = _LANE * call.context / largest
        title = f"step {call.n}: {call.context:,} tokens before it"
        yield Box("bar", x, context + _LANE - high, _LEAST, high, title)
        if call.cost_usd is not None:
            high = _LANE * call.cost_usd / dearest
            title = f"step {call.n}: {tell_cost(call.cost_usd)}"
            yield Box("bar", x, cost + _LANE - high, _LEAST, high, title)
