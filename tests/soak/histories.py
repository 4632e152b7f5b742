"""Histories without end: processes work in one root, and what they saw must have an order."""

import shutil
from pathlib import Path

import attrs

from tests.races.players import CASTS, SWITCHING, judge, play

_LARGE = 3000
# One history in so many is of a large root, which takes longer.
_ROUNDS_WITH_LARGE = 10


@attrs.define
class Figures:
    """What was done so far: how many histories, how many operations, the most to explain one."""

    histories: int = 0
    operations: int = 0
    configurations: int = 0

    def __str__(self) -> str:
        return (
            f"{self.histories} histories explained ({self.operations} operations,"
            f" at most {self.configurations} configurations for one history)"
        )


def play_round(place: Path, seed: str, figures: Figures) -> None:
    """Play one history of each cast, and hold that each has an order.

    Raises:
        AssertionError: one has none; it is kept in a file.
    """
    number = figures.histories
    casts = [(cast, 0) for cast in CASTS.values()]
    casts.append((SWITCHING, _LARGE if number % _ROUNDS_WITH_LARGE == 0 else 0))
    for cast, others in casts:
        place.mkdir()
        operations = play(place, cast, f"{seed} {number}", others)
        verdict = judge(operations, f"{seed} {number}")
        shutil.rmtree(place)
        figures.histories += 1
        figures.operations += len(operations)
        figures.configurations = max(figures.configurations, verdict.configurations)
