"""Changes of single values in a JSON text that leave every other byte as it is.

Pure: text in, text out. A record is edited by people and by other tools, so their order, their
indentation, their escapes and their numbers are kept; decoding and encoding the whole would
lose some of these. The scanning of values is the standard library's.
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

Path = tuple[str, ...]

REMOVED: Any = object()
"""As a value: take the member away."""

_BLANKS = " \t\r\n"
# Numbers are only scanned, however long they are.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
_DEFAULT_INDENT = "  "


class Appended:
    """As a value: the last item of the list that is there, or the only one of a new list."""

    __slots__ = ("item",)

    def __init__(self, item: Any) -> None:
        self.item = item


class _Member(NamedTuple):
    """Where a member of an object stands in the text: `key_at:end`, its value from `value_at`."""

    key: str
    key_at: int
    key_end: int
    value_at: int
    end: int


class _Lines(NamedTuple):
    """The lines in which something stands: how they begin, and whether it has them to itself."""

    indent: str
    is_open: bool


def splice(text: str, assignments: Mapping[Path, Any]) -> str:
    """Set members of the object that a JSON text holds.

    Args:
        text: a valid JSON text whose value is an object; a byte order mark is kept.
        assignments: for each path of keys the new value, REMOVED or Appended. Objects that a
            path goes through are made where they are absent or null. Of duplicate keys the last
            counts.

    Returns:
        The text with these values; everything else stands as it stood. New members come last
        in their object and look like their neighbours.

    Raises:
        TypeError: a path goes through a value that is no object, or what is to be appended to
            is no list.
        ValueError: a value cannot be written as JSON (NaN among them).
        RecursionError: the text is nested deeper than this interpreter can go.
    """
    for path, value in assignments.items():
        text = _assign(text, text.index("{"), path, value, _Lines("", True))
    return text


def _skip(text: str, at: int) -> int:
    while text[at] in _BLANKS:
        at += 1
    return at


def _list_members(text: str, at: int) -> list[_Member]:
    """List the members of the object whose brace stands at `at`, in a valid text."""
    members: list[_Member] = []
    at = _skip(text, at + 1)
    while text[at] != "}":
        if text[at] == ",":
            at = _skip(text, at + 1)
        key, key_end = _DECODER.raw_decode(text, at)
        value_at = _skip(text, _skip(text, key_end) + 1)
        _, end = _DECODER.raw_decode(text, value_at)
        members.append(_Member(key, at, key_end, value_at, end))
        at = _skip(text, end)
    return members


def _list_items(text: str, at: int) -> list[tuple[int, int]]:
    """List where the items of the list begin and end whose bracket stands at `at`."""
    items: list[tuple[int, int]] = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        if text[at] == ",":
            at = _skip(text, at + 1)
        _, end = _DECODER.raw_decode(text, at)
        items.append((at, end))
        at = _skip(text, end)
    return items


def _assign(text: str, at: int, path: Path, value: Any, outer: _Lines) -> str:
    """Set a member of the object whose brace stands at `at`, which itself stands in `outer`."""
    members = _list_members(text, at)
    member = next((m for m in reversed(members) if m.key == path[0]), None)
    lines = _read_lines(text, at, members[0].key_at, outer) if members else outer
    if member is None or (len(path) > 1 and text[member.value_at : member.end] == "null"):
        if value is REMOVED:
            return text
        for key in reversed(path[1:]):
            value = {key: _without_append(value)}
        if member is None:
            return _insert(text, at, members, path[0], _without_append(value), lines)
    elif len(path) > 1:
        if text[member.value_at] != "{":
            raise TypeError(f"{path[0]} is no object")
        return _assign(text, member.value_at, path[1:], value, lines)
    if value is REMOVED:
        return _remove(text, at, path[0])
    return _replace(text, member, value, lines)


def _without_append(value: Any) -> Any:
    return [value.item] if isinstance(value, Appended) else value


def _read_lines(text: str, at: int, first_at: int, outer: _Lines) -> _Lines:
    """Read how the members of an object, or the items of a list, stand: each on a line, or not.

    Args:
        text: the text.
        at: where its bracket stands.
        first_at: where the first of them begins.
        outer: the lines in which the whole stands.
    """
    gap = text[at + 1 : first_at]
    return _Lines(gap.rpartition("\n")[2], True) if "\n" in gap else _Lines(outer.indent, False)


def _is_filled(text: str, at: int, end: int) -> bool:
    """Tell whether a value is an object or a list with something in it."""
    return text[at] in "{[" and bool(text[at + 1 : end - 1].strip())


def _read_style(text: str) -> tuple[str, str]:
    """Return a level of a text's indentation, and what follows a colon: as in the first member."""
    at = text.index("{")
    members = _list_members(text, at)
    if not members:
        return _DEFAULT_INDENT, " "
    first = members[0]
    lines = _read_lines(text, at, first.key_at, _Lines("", False))
    is_tight = text[first.key_end : first.value_at] == ":"
    return lines.indent if lines.is_open else _DEFAULT_INDENT, "" if is_tight else " "


def _encode(text: str, value: Any, indent: str, multiline: bool) -> str:
    """Write a value in the style of a text; its lines but the first begin with `indent`."""
    unit, space = _read_style(text)
    separators = ("," if multiline else "," + space, ":" + space)
    try:
        encoded = json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            indent=unit if multiline else None,
            separators=separators,
        )
    except (RecursionError, TypeError) as error:
        raise ValueError(str(error)) from None
    return encoded.replace("\n", ("\r\n" if "\r\n" in text else "\n") + indent)


def _replace(text: str, member: _Member, value: Any, lines: _Lines) -> str:
    at, end = member.value_at, member.end
    is_filled = _is_filled(text, at, end)
    if isinstance(value, Appended):
        if text[at] != "[" and text[at:end] != "null":
            raise TypeError(f"{member.key} is no list")
        if is_filled:
            return _append(text, at, value.item, lines)
        value = [value.item]
    multiline = "\n" in text[at:end] if is_filled else lines.is_open
    return text[:at] + _encode(text, value, lines.indent, multiline) + text[end:]


def _append(text: str, at: int, item: Any, outer: _Lines) -> str:
    """Put an item at the end of the list whose bracket stands at `at`, which is not empty."""
    items = _list_items(text, at)
    last_at, last_end = items[-1]
    lines = _read_lines(text, at, items[0][0], outer)
    multiline = lines.is_open
    if _is_filled(text, last_at, last_end):
        multiline = "\n" in text[last_at:last_end]
    new = _encode(text, item, lines.indent, multiline)
    if len(items) > 1:
        comma = text[items[-2][1] : last_at]
    elif lines.is_open:
        comma = "," + text[at + 1 : last_at]
    else:
        comma = "," + _read_style(text)[1]
    return text[:last_end] + comma + new + text[last_end:]


def _insert(text: str, at: int, members: list[_Member], key: str, value: Any, lines: _Lines) -> str:
    if not members:
        end = text.index("}", at) + 1
        return text[:at] + _encode(text, {key: value}, lines.indent, lines.is_open) + text[end:]
    last = members[-1]
    colon = text[last.key_end : last.value_at]
    if len(members) > 1:
        comma = text[members[-2].end : last.key_at]
    elif lines.is_open:
        comma = "," + text[at + 1 : last.key_at]
    else:
        comma = "," if colon == ":" else ", "
    key_text = json.dumps(key, ensure_ascii=False)
    new = _encode(text, value, lines.indent, lines.is_open)
    return text[: last.end] + comma + key_text + colon + new + text[last.end :]


def _remove(text: str, at: int, key: str) -> str:
    """Take a member away, and earlier ones of the same key, which would come to light again."""
    members = _list_members(text, at)
    first_kept = next((n for n, member in enumerate(members) if member.key != key), None)
    if first_kept is None:
        return text[: at + 1] + text[text.index("}", members[-1].end) :]
    pieces = [text[: members[0].key_at]]
    start = members[first_kept].key_at
    for before, member in pairwise(members[first_kept:]):
        if member.key == key:
            pieces.append(text[start : before.end])
            start = member.end
    return "".join((*pieces, text[start:]))
