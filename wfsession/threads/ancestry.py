"""Who is below whom: cycles among parents, and depths. Pure, and for any number of any names.

Imports nothing. Parents are names of the same mapping, or empty or None for who has none.
"""

from collections.abc import Mapping


def find_cycles(parents: Mapping[str, str | None]) -> set[str]:
    """Return who is an ancestor of itself."""
    members: set[str] = set()
    done: set[str] = set()
    for start in parents:
        path: dict[str, None] = {}
        one: str | None = start
        while one and one not in path and one not in done:
            path[one] = None
            one = parents.get(one)
        if one in path:
            names = list(path)
            members.update(names[names.index(one) :])
        done.update(path)
    return members


def measure_depths(parents: Mapping[str, str | None]) -> dict[str, int]:
    """Return how deep each is, where there are no cycles: 1 for who has no parent here."""
    depths: dict[str, int] = {}
    for start in parents:
        path = []
        one: str | None = start
        while one and one in parents and one not in depths:
            path.append(one)
            one = parents[one]
        depth = depths.get(one or "", 0)
        for name in reversed(path):
            depth += 1
            depths[name] = depth
    return depths
