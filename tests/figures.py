"""Counts what was enumerated, for the summary at the end of a run.

With several processes each counts for itself; tests/conftest.py puts the counts together.
"""

from collections import Counter

FIGURES: Counter[str] = Counter()


def count(what: str, number: int = 1) -> None:
    """Add to one of the figures that are printed at the end."""
    FIGURES[what] += number
