"""Changes of single values in a JSON text that leave every other byte as it is.

Pure: text in, text out. A record is edited by people and by other tools, so their order, their
indentation, their escapes and their numbers are kept; decoding and encoding the whole would
lose some of these. The scanning of values is the standard library's.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

Path = tuple[str, ...]

REMOVED: Any = object()
"""As a value: take the member away."""

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_DEFAULT_INDENT = "  "


class _Member:
    """Where a member of an object stands in the text: `key_at:end`, its value from `value_at`."""

    __slots__ = ("end", "key", "key_at", "key_end", "value_at")

    def __init__(self, key: str, key_at: int, key_end: int, value_at: int, end: int) -> None:
        self.key = key
        self.key_at = key_at
        self.key_end = key_end
        self.value_at = value_at
        self.end = end


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


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


def splice(text: str, assignments: Mapping[Path, Any]) -> str:
    """Set members of the object that a JSON text holds.

    Args:
        text: a valid JSON text whose value is an object; a byte order mark is kept.
        assignments: for each path of keys the new value, or REMOVED. Objects that a path goes
            through are made where they are absent or null. Of duplicate keys the last counts.

    Returns:
        The text with these values; everything else stands as it stood. New members come last
        in their object and look like their neighbours.

    Raises:
        TypeError: a path goes through a value that is no object.
        ValueError: a value cannot be written as JSON (NaN among them).
        RecursionError: the text is nested deeper than this interpreter can go.
    """
    for path, value in assignments.items():
        text = _assign(text, text.index("{"), path, value, "")
    return text


def _assign(text: str, at: int, path: Path, value: Any, outer_indent: str) -> str:
    members = _list_members(text, at)
    member = next((m for m in reversed(members) if m.key == path[0]), None)
    own_indent = _read_indent(text, at, members)
    if member is None:
        if value is REMOVED:
            return text
        for key in reversed(path[1:]):
            value = {key: value}
        return _insert(text, at, members, path[0], value, outer_indent)
    if len(path) == 1:
        if value is REMOVED:
            return _remove(text, at, members, member)
        old = text[member.value_at : member.end]
        multiline = "\n" in old or (old in ("[]", "{}", "null") and own_indent is not None)
        new = _encode(text, value, own_indent or outer_indent, multiline)
        return text[: member.value_at] + new + text[member.end :]
    if text[member.value_at] == "{":
        return _assign(text, member.value_at, path[1:], value, own_indent or outer_indent)
    if text[member.value_at : member.end] != "null":
        raise TypeError(path[0])
    if value is REMOVED:
        return text
    for key in reversed(path[1:]):
        value = {key: value}
    return _assign(text, at, path[:1], value, outer_indent)


def _read_indent(text: str, at: int, members: list[_Member]) -> str | None:
    """Return what stands before each member's line, or None where all are on one line."""
    if not members:
        return None
    gap = text[at + 1 : members[0].key_at]
    return gap.rpartition("\n")[2] if "\n" in gap else None


def _read_unit(text: str) -> str:
    """Return one level of the text's indentation."""
    at = text.index("{")
    return _read_indent(text, at, _list_members(text, at)) or _DEFAULT_INDENT


def _encode(text: str, value: Any, indent: str, multiline: bool) -> str:
    if not multiline or not isinstance(value, dict | list) or not value:
        compact = '":' in text and not re.search(r'":[ \t\r\n]', text)
        separators = (",", ":") if compact else (", ", ": ")
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=separators)
    lines = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=_read_unit(text))
    return lines.replace("\n", ("\r\n" if "\r\n" in text else "\n") + indent)


def _insert(
    text: str, at: int, members: list[_Member], key: str, value: Any, outer_indent: str
) -> str:
    key_text = json.dumps(key, ensure_ascii=False)
    if not members:
        return _fill(text, at, key, value, outer_indent)
    last = members[-1]
    indent = _read_indent(text, at, members)
    colon = text[last.key_end : last.value_at]
    new = _encode(text, value, indent or outer_indent, indent is not None)
    if len(members) > 1:
        comma = text[members[-2].end : last.key_at]
    elif indent is not None:
        comma = "," + text[at + 1 : last.key_at]
    else:
        comma = "," if colon == ":" else ", "
    return text[: last.end] + comma + key_text + colon + new + text[last.end :]


def _fill(text: str, at: int, key: str, value: Any, outer_indent: str) -> str:
    """Put the first member into an empty object, on lines of its own where its text has lines."""
    end = text.index("}", at) + 1
    new = _encode(text, {key: value}, outer_indent, "\n" in text or at == text.index("{"))
    return text[:at] + new + text[end:]


def _remove(text: str, at: int, members: list[_Member], member: _Member) -> str:
    index = members.index(member)
    if index > 0:
        start, end = members[index - 1].end, member.end
    elif len(members) > 1:
        start, end = member.key_at, members[1].key_at
    else:
        start, end = at + 1, text.index("}", member.end)
    text = text[:start] + text[end:]
    # An earlier member of the same key would come to light again.
    rest = _list_members(text, at)
    again = next((m for m in reversed(rest) if m.key == member.key), None)
    return _remove(text, at, rest, again) if again else text
