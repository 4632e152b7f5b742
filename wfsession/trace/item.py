"""What agents hand over of a conversation, as lines of it: messages and their parts. Values; pure.

An *entry* is what becomes a line of a conversation's file. An *item* is what was handed over as
one, and may be several entries; what cannot be used is a *problem*. Loads nothing heavy, as hooks
make entries at every edit.
"""

import json
import sys
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from wfsession.core.names import find_thread_fault

# How the files of conversations end, and the version of their lines.
SUFFIX = ".jsonl"
VERSION = 1
PATCH, TEXT = "patch", "text"
PART_TYPES = frozenset({TEXT, "reasoning", PATCH, "question"})
ROLES = ("user", "assistant")
# What each line has of ours, so that what an item has of that name stands under `given`.
_OURS = frozenset({"v", "kind", "hash", "given", "unknown_type"})
_HASH_BYTES = 16
_MOST_SHOWN = 40
_NOTHING: Mapping[str, Any] = {}


class Entry(NamedTuple):
    """A line of a conversation, as its object: `v`, `kind`, what it says, `hash` of that."""

    line: Mapping[str, Any]

    @property
    def part_type(self) -> str:
        """What kind of part it is; empty for a message."""
        return str(self.line.get("part_type", ""))


def encode_line(line: Mapping[str, Any]) -> bytes:
    """Return a line of a conversation as bytes, with its end."""
    return _encode(line) + b"\n"


def _encode(value: object, sorts: bool = False) -> bytes:
    """Return JSON as orjson writes it.

    While nobody has loaded that, the standard library does: all that an event of a hook gives are
    texts and whole numbers, which both write alike.

    Raises:
        Bad: it is nested too deeply.
    """
    if "orjson" not in sys.modules:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sorts)
        return text.encode()
    import orjson

    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sorts else None)
    except TypeError:
        raise Bad("it is nested too deeply") from None


class Item(NamedTuple):
    """What was handed over as one: its position in the envelope, from 0, and its entries."""

    position: int
    session_id: str
    entries: tuple[Entry, ...]


class Problem(NamedTuple):
    """An item that was not kept, and why. `session_id` is None where it tells none."""

    position: int
    reason: str
    session_id: str | None


class Batch(NamedTuple):
    """Some items of one envelope. `agent` is the tool that it names, or empty."""

    agent: str
    found: tuple[Item | Problem, ...]


class Bad(ValueError):
    """One item cannot be used. The message says why."""


def check_session(item: Mapping[str, Any]) -> str:
    """Return whose conversation an item is of, in its agent's words.

    Raises:
        Bad: it does not tell, or that can be no name of a thread.
    """
    session_id = get_text(item, "session_id")
    fault = find_thread_fault(f"agent--{session_id}")
    if fault:
        raise Bad(f"session_id {show(session_id)} cannot be used: {fault}")
    return session_id


def get_text(item: Mapping[str, Any], name: str, may_be_empty: bool = False) -> str:
    """Return a text of an item.

    Raises:
        Bad: there is none.
    """
    value = item.get(name)
    if not isinstance(value, str):
        raise Bad(f"{name} is missing" if value is None else f"{name} is no text: {show(value)}")
    if not value and not may_be_empty:
        raise Bad(f"{name} is empty")
    return value


def show(value: object) -> str:
    """Return a value for a sentence about it, short."""
    shown = repr(value)
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"


def make_message(
    session_id: str,
    message_id: str,
    role: str,
    at_ms: int,
    more: Mapping[str, Any] = _NOTHING,
) -> Entry:
    """Return a message; `more` is what else is told of it, all of which is kept."""
    data = {"session_id": session_id, "message_id": message_id, "role": role}
    whole = {**data, "generated_at_unix_ms": at_ms, **_set_apart(more)}
    return _make_entry("message", whole, whole)


def make_part(
    session_id: str,
    message_id: str,
    part_type: str,
    text: str,
    at_ms: int,
    more: Mapping[str, Any] = _NOTHING,
    has_time: bool = True,
) -> Entry:
    """Return a part of a message; `more` is as for `make_message`.

    Args:
        session_id: the agent's word for its conversation.
        message_id: the message, which may not be known yet.
        part_type: any word; one that is none of PART_TYPES is marked.
        text: what it says, of any length.
        at_ms: when, in ms since 1970.
        more: what else is told of it.
        has_time: whether the time is the part's own: else the same part is the same at any time.
    """
    data: dict[str, Any] = {"session_id": session_id, "message_id": message_id}
    data |= {"part_type": part_type, "text": text}
    rest = _set_apart(more)
    told = {**data, **rest, **({"generated_at_unix_ms": at_ms} if has_time else {})}
    whole = {**data, "generated_at_unix_ms": at_ms, **rest}
    if part_type not in PART_TYPES:
        whole["unknown_type"] = True
    return _make_entry("part", whole, told)


def _make_entry(
    kind: Literal["message", "part"], data: Mapping[str, Any], told: Mapping[str, Any]
) -> Entry:
    text = _encode([kind, told], sorts=True)
    digest = blake2b(text, digest_size=_HASH_BYTES).hexdigest()
    return Entry({"v": VERSION, "kind": kind, **data, "hash": digest})


def _set_apart(more: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in more.items() if name not in _OURS}
    given = {name: value for name, value in more.items() if name in _OURS}
    return {**rest, "given": given} if given else rest


def make_digest(*words: object) -> str:
    """Return a short text that is the same for the same words."""
    return blake2b(_encode(words), digest_size=_HASH_BYTES).hexdigest()
