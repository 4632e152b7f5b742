"""What can still be read of a record that is no valid JSON, and where the rest comes from.

Pure. A truncated record still has its first keys; nothing is guessed that is not said where it
came from.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from attrs import frozen

from wfsession.core.times import encode_time, parse_name_suffix

_KEY = re.compile(r'[\s,{]*"')
_COLON = re.compile(r"\s*:\s*")
# How deep an object that was cut off is followed.
_DEPTH = 20


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _parse_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


# NaN and its like are no JSON, and numbers that are too large become one of them.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_parse_float)


@frozen
class Salvaged:
    """A record put together again: its data, and for each key the source of its value.

    `origin` is the corrupt record|the registry|the directory's name|the times of the files|
    nothing: the default.
    """

    data: Mapping[str, Any]
    origin: Mapping[str, str]


def read_first_keys(data: bytes) -> dict[str, Any]:
    """Return the members of an object's text up to the first that cannot be read.

    An object that is cut off inside a member gives that member's own first members.
    """
    text = data.decode(errors="replace").removeprefix("\ufeff").lstrip("\x00 \t\r\n")
    found = _read_members(text, 1, _DEPTH) if text.startswith("{") else {}
    return {key: value for key, value in found.items() if _is_json(key, value)}


def _is_json(key: str, value: Any) -> bool:
    """Tell whether a record could hold it: no half of a surrogate pair, no endless nesting."""
    try:
        orjson.dumps({key: value})
    except orjson.JSONEncodeError:
        return False
    return True


def _read_members(text: str, at: int, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while key_at := _KEY.match(text, at):
        at = key_at.end() - 1
        try:
            key, at = _DECODER.raw_decode(text, at)
            colon = _COLON.match(text, at)
            if colon is None:
                break
            at = colon.end()
            found[key], at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            if depth and text[at : at + 1] == "{":
                found[key] = _read_members(text, at + 1, depth - 1)
            break
    return found


def rebuild(
    name: str,
    status: str,
    remains: Mapping[str, Any],
    registered: Mapping[str, Any],
    created: datetime,
    moment: datetime,
) -> Salvaged:
    """Put a session's record together again.

    Args:
        name: the session's name.
        status: what its place says, where the record says nothing any more.
        remains: what the corrupt record still says; all of it is kept.
        registered: what a legacy registry says of it, in its own keys.
        created: when it was made, as its name or the times of its files say.
        moment: now.
    """
    by_name = parse_name_suffix(name)
    when, when_from = (
        (by_name, "the directory's name") if by_name else (created, "the times of the files")
    )
    default = "nothing: the default"
    described = remains.get("description")
    title, title_from = (
        (described, "the corrupt record")
        if isinstance(described, str)
        else (registered.get("description") or name, _either(registered, "description"))
    )
    sources: dict[str, tuple[Any, str]] = {
        "session_id": (name, "the directory's name"),
        "project": (title, title_from),
        "type": (registered.get("complexity") or "medium", _default(registered, "complexity")),
        "current_phase": ("PLAN", default),
        "status": (status, "the directory's place"),
        "progress": (
            {"completed_phases": [], "current_tasks": [], "last_checkpoint": None},
            default,
        ),
        "meta": ({"created": encode_time(when)}, when_from),
    }
    data = dict(remains)
    origin = dict.fromkeys(remains, "the corrupt record")
    for key, (value, source) in sources.items():
        if not isinstance(data.get(key), type(value)):
            data[key], origin[key] = value, source
    data["meta"] = {**data["meta"], "updated": encode_time(moment)}
    return Salvaged(data, origin)


def _either(registered: Mapping[str, Any], key: str) -> str:
    return "the registry" if registered.get(key) else "the directory's name"


def _default(registered: Mapping[str, Any], key: str) -> str:
    return "the registry" if registered.get(key) else "nothing: the default"
