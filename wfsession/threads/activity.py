"""How long somebody was at work, from when something happened. Pure; imports nothing of ours.

A spell is a stretch of time in which things happened without a long pause. Spells of many files can
be merged, so that no moment needs to be kept to tell how long all of them worked together.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from attrs import frozen

# A longer pause than this was none of the work, but for the time to come back to it.
LONGEST_PAUSE = timedelta(seconds=300)
_PAUSE_COUNTS_S = 30.0


@frozen
class Spell:
    """From the first to the last of moments that follow each other without a long pause."""

    start: datetime
    end: datetime


def merge_spells(spells: Iterable[Spell]) -> tuple[Spell, ...]:
    """Return the spells of all moments together: by time, with a long pause between each two."""
    merged: list[Spell] = []
    for spell in sorted(spells, key=lambda one: one.start):
        if merged and spell.start - merged[-1].end <= LONGEST_PAUSE:
            last = merged[-1]
            merged[-1] = Spell(last.start, max(last.end, spell.end))
        else:
            merged.append(spell)
    return tuple(merged)


def measure_active_s(spells: Iterable[Spell]) -> float:
    """Return the seconds from the first moment to the last, with each long pause cut to 30.

    Args:
        spells: those of all that worked together, in any order.
    """
    merged = merge_spells(spells)
    worked = sum((one.end - one.start).total_seconds() for one in merged)
    return worked + _PAUSE_COUNTS_S * max(0, len(merged) - 1)
