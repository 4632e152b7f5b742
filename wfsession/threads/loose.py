"""What others wrote, taken from parsed JSON leniently: a value of the type that is meant, or none.

Pure. Imports core only. Nothing here raises, whatever it is given.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wfsession.core.times import parse_time

# More tokens or dollars than anything has, and few enough that no sum of them leaves 64 bits.
MOST = 10**12
# A path, a name, an id: what is longer is none.
MOST_CHARACTERS = 4096
# What is left of a path among other words: it fits on a line of a terminal.
PATH_CHARACTERS = 48
_NOTHING: dict[str, Any] = {}


def get_text(data: Mapping[str, Any], key: str) -> str:
    """Return a text of at most MOST_CHARACTERS, without what stands around it, or an empty one."""
    return as_text(data.get(key))


def as_text(value: object) -> str:
    """Return a value as `get_text` does."""
    return value.strip() if type(value) is str and len(value) <= MOST_CHARACTERS else ""


def get_long_text(data: Mapping[str, Any], key: str) -> str:
    """Return a text of any length, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def get_count(data: Mapping[str, Any], key: str) -> int | None:
    """Return a whole number from 0 to MOST, or None."""
    value = data.get(key)
    return value if type(value) is int and 0 <= value <= MOST else None


def get_object(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return an object, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, dict) else _NOTHING


def get_objects(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return what is an object in a list, or an empty list."""
    value = data.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def get_moment(data: Mapping[str, Any], key: str) -> datetime | None:
    """Return a time that is written as RFC 3339, or in milliseconds since 1970, or None."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return parse_time(value)
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def shorten(text: str, most: int) -> str:
    """Return a text on one line, of at most so many characters."""
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def shorten_label(text: str, most: int) -> str:
    """Return what `shorten` does, but of each long path in the text its end and not its start."""
    words = (
        shorten_path(word) if "/" in word and "://" not in word else word
        for word in text[: most * 4].split()
    )
    return shorten(" ".join(words), most)


def shorten_path(path: str, most: int = PATH_CHARACTERS) -> str:
    """Return at most so many characters of a path, from its end: which file it is stands there."""
    if len(path) <= most:
        return path
    end = path[len(path) - most + 1 :]
    return f"…{end[max(end.find('/', 0, -1), 0) :]}"
