"""Stories, approaches and maps <-> JSON. Pure: `parse_story` reads what `encode_story` wrote.

Imports the values of this room. Only stories are read back: the others are made from them.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar, get_args

import attrs
import orjson

from wfsession.core.times import encode_time, parse_time
from wfsession.threads.conversation import Totals
from wfsession.threads.loose import MOST, get_count
from wfsession.threads.story import Cut, Step, Story, Subagent, Tool, Usage
from wfsession.threads.tools import Category, Sign

VERSION = 1
T = TypeVar("T")
# Deeper than any story is told, and shallower than Python's stack.
_DEEPEST = 20
_OPTIONAL = frozenset(
    {"ask", "error", "sign", "path", "subagents", "strays", "branches", "cut", "open_ask"}
)
_COUNTS = tuple(one.name for one in attrs.fields(Totals) if one.name != "cost_usd")
_STATUSES = ("ok", "error", "pending")


class _Malformed(ValueError):
    """Something in a story that `encode_story` does not write."""


def to_data(value: Any) -> Any:
    """Return a frozen value of this room as JSON's: times as RFC 3339, without what is empty."""
    if attrs.has(type(value)):
        pairs = ((one.name, getattr(value, one.name)) for one in attrs.fields(type(value)))
        return {name: to_data(inner) for name, inner in pairs if inner or name not in _OPTIONAL}
    if isinstance(value, tuple):
        return [to_data(inner) for inner in value]
    return encode_time(value) if isinstance(value, datetime) else value


def encode_story(story: Story) -> bytes:
    """Return a story as JSON with a newline at its end."""
    return orjson.dumps({"version": VERSION, **to_data(story)}) + b"\n"


def parse_story(data: bytes) -> Story | None:
    """Return the story that `encode_story` wrote, or None where it is none, or of a later version.

    Keys that we do not know are passed over.
    """
    try:
        value = orjson.loads(data)
        if not isinstance(value, dict) or value.get("version") != VERSION:
            return None
        return _parse_story(value, 0)
    except ValueError:
        return None


def _parse_story(value: Mapping[str, Any], depth: int) -> Story:
    if depth > _DEEPEST:
        raise _Malformed
    return Story(
        steps=_list(value, "steps", lambda one: _parse_step(one, depth)),
        omitted=_count(value, "omitted"),
        open_ask=_text(value, "open_ask"),
        started=_time(value, "started"),
        ended=_time(value, "ended"),
        active_s=_number(value, "active_s") or 0.0,
        totals=_parse_totals(_object(value, "totals")),
        strays=_list(value, "strays", lambda one: _parse_subagent(one, depth)),
    )


def _parse_step(value: Mapping[str, Any], depth: int) -> Step:
    return Step(
        n=_count(value, "n"),
        ts=_time(value, "ts"),
        text=_text(value, "text"),
        tools=_list(value, "tools", _parse_tool),
        is_error=_flag(value, "is_error"),
        is_retry=_flag(value, "is_retry"),
        model=_text(value, "model"),
        ask=_text(value, "ask"),
        usage=_parse_usage(_object(value, "usage")) if value.get("usage") is not None else None,
        subagents=_list(value, "subagents", lambda one: _parse_subagent(one, depth)),
    )


def _parse_tool(value: Mapping[str, Any]) -> Tool:
    return Tool(
        name=_text(value, "name"),
        label=_text(value, "label"),
        status=_one_of(value, "status", _STATUSES),
        category=_one_of(value, "category", get_args(Category)),
        sign=_one_of(value, "sign", get_args(Sign)),
        path=_text(value, "path"),
        error=_text(value, "error"),
    )


def _parse_usage(value: Mapping[str, Any]) -> Usage:
    return Usage(_count(value, "context"), _count(value, "output"), _number(value, "cost_usd"))


def _parse_subagent(value: Mapping[str, Any], depth: int) -> Subagent:
    has_story = value.get("story") is not None
    return Subagent(
        agent=_text(value, "agent"),
        label=_text(value, "label"),
        type=_text(value, "type"),
        started=_time(value, "started"),
        ended=_time(value, "ended"),
        totals=_parse_totals(_object(value, "totals")),
        story=_parse_story(_object(value, "story"), depth + 1) if has_story else None,
        cut=_one_of(value, "cut", get_args(Cut)),
    )


def _parse_totals(value: Mapping[str, Any]) -> Totals:
    counts = {name: _count(value, name) for name in _COUNTS}
    return Totals(**counts, cost_usd=_number(value, "cost_usd"))


def _list(
    value: Mapping[str, Any], key: str, parse: Callable[[Mapping[str, Any]], T]
) -> tuple[T, ...]:
    items = value.get(key, [])
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise _Malformed
    return tuple(parse(one) for one in items)


def _object(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    inner = value.get(key)
    if not isinstance(inner, dict):
        raise _Malformed
    return inner


def _text(value: Mapping[str, Any], key: str) -> str:
    text = value.get(key, "")
    if not isinstance(text, str):
        raise _Malformed
    return text


def _count(value: Mapping[str, Any], key: str) -> int:
    count = get_count(value, key)
    if count is None:
        raise _Malformed
    return count


def _number(value: Mapping[str, Any], key: str) -> float | None:
    number = value.get(key)
    if number is not None and (type(number) not in (int, float) or not 0 <= number <= MOST):
        raise _Malformed
    return number


def _flag(value: Mapping[str, Any], key: str) -> bool:
    return value.get(key) is True


def _time(value: Mapping[str, Any], key: str) -> datetime | None:
    return parse_time(value.get(key))


def _one_of(value: Mapping[str, Any], key: str, known: tuple[Any, ...]) -> Any:
    # Only a text that may be empty may be left out.
    text = value.get(key, "")
    if text not in known:
        raise _Malformed
    return text
