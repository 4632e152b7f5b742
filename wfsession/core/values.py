"""The values of JSON, as they are parsed: sameness, ways of keys into an object, differences.

Pure. Imports the one value of the model that says that nothing is there.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from wfsession.core.model import ABSENT


def diff(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Yield where two objects differ: the way to the key, and the value before and after."""
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key, ABSENT), after.get(key, ABSENT)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from (((key, *path), one, other) for path, one, other in diff(old, new))
        elif not is_same(old, new):
            yield (key,), old, new


def find_in(data: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Return what an object has at a way of keys, or ABSENT."""
    value: Any = data
    for key in path:
        value = value.get(key, ABSENT) if isinstance(value, Mapping) else ABSENT
    return value


def is_same(old: Any, new: Any) -> bool:
    """Tell whether two values are one in JSON; to Python, but not there, 1 is 1.0 and true."""
    return old == new and repr(old) == repr(new)
