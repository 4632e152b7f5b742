"""How a thread's context grew, as a curve, and which models it was for. Pure.

Imports stories only. Lengths are in units of the drawing.
"""

from collections import Counter
from collections.abc import Iterator

from attrs import frozen

from wfsession.threads.story import Step

WIDTH, HEIGHT, LABELS = 1000.0, 120.0, 90.0
_STRIP, _GAP = 12.0, 6.0
# Half the line, which would be cut off at the edge.
_MARGIN = 1.0
# More models have one colour together.
COLOURS = 6


@frozen
class Shade:
    """A model: how many responses it gave, their share of 1, and which of the colours it has."""

    name: str
    responses: int
    share: float
    colour: int


@frozen
class Stretch:
    """Steps one after another that one model answered, on the strip below the curve."""

    shade: Shade
    x: float
    width: float
    first: int
    last: int


@frozen
class Growth:
    """The curve. It is in pieces where steps were left out; each is the points of a line.

    `largest` is the context at the top of it, in tokens; `omitted` whether steps are missing.
    """

    width: float
    height: float
    strip_y: float
    strip_height: float
    lines: tuple[str, ...]
    shades: tuple[Shade, ...]
    stretches: tuple[Stretch, ...]
    largest: int
    omitted: bool


def draw_growth(steps: tuple[Step, ...]) -> Growth | None:
    """Return how the context grew over steps; None where no step tells how large it was."""
    told = [step for step in steps if step.usage is not None]
    if not told:
        return None
    largest = max(step.usage.context for step in told if step.usage) or 1
    counts = Counter(step.model or "not known" for step in told).most_common()
    shades = tuple(
        Shade(name, number, number / len(told), min(place, COLOURS - 1))
        for place, (name, number) in enumerate(counts)
    )
    across = (WIDTH - LABELS) / max(len(told), 1)
    pieces = list(_split(steps))
    return Growth(
        width=WIDTH,
        height=HEIGHT,
        strip_y=HEIGHT - _STRIP,
        strip_height=_STRIP,
        lines=tuple(_draw_line(piece, across, largest) for piece in pieces),
        shades=shades,
        stretches=tuple(_draw_stretches(told, across, {one.name: one for one in shades})),
        largest=largest,
        omitted=len(pieces) > 1,
    )


def _split(steps: tuple[Step, ...]) -> Iterator[list[tuple[int, Step]]]:
    """Yield the steps that tell, each with its place, in pieces between which some are left out."""
    piece: list[tuple[int, Step]] = []
    place, last = 0, steps[0].n - 1
    for step in steps:
        if piece and step.n > last + 1:
            yield piece
            piece = []
        last = step.n
        if step.usage is not None:
            piece.append((place, step))
            place += 1
    if piece:
        yield piece


def _draw_line(piece: list[tuple[int, Step]], across: float, largest: int) -> str:
    room = HEIGHT - _STRIP - _GAP - 2 * _MARGIN
    points = []
    for place, step in piece:
        context = step.usage.context if step.usage else 0
        y = _MARGIN + room - room * context / largest
        left = LABELS + place * across
        points += [f"{left:.1f},{y:.1f}", f"{left + across:.1f},{y:.1f}"]
    return " ".join(points)


def _draw_stretches(told: list[Step], across: float, shades: dict[str, Shade]) -> Iterator[Stretch]:
    start = 0
    for place in range(1, len(told) + 1):
        model = told[start].model
        if place == len(told) or told[place].model != model:
            shade, first, last = shades[model or "not known"], told[start].n, told[place - 1].n
            x, width = LABELS + start * across, (place - start) * across
            yield Stretch(shade, x, width, first, last)
            start = place
