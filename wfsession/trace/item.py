"""What agents hand over of a conversation, as lines of it: messages and their parts. Values; pure.

An *entry* is what becomes a line of a conversation's file. An *item* is what was handed over as
one, and may be several entries; what cannot be used is a *problem*.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Literal

import orjson
from attrs import frozen

from wfsession.trace.written import VERSION

PATCH, TEXT = "patch", "text"
PART_TYPES = frozenset({TEXT, "reasoning", PATCH, "question"})
ROLES = ("user", "assistant")
# What each line has of ours, so that what an item has of that name stands under `given`.
_OURS = frozenset({"v", "kind", "hash", "given", "unknown_type"})
_HASH_BYTES = 16
_NOTHING: Mapping[str, Any] = {}


@frozen
class Entry:
    """A line of a conversation, as its object: `v`, `kind`, what it says, `hash` of that."""

    line: Mapping[str, Any]

    @property
    def part_type(self) -> str:
        """What kind of part it is; empty for a message."""
        return str(self.line.get("part_type", ""))


def encode_line(line: Mapping[str, Any]) -> bytes:
    """Return a line of a conversation as bytes, with its end."""
    return orjson.dumps(line) + b"\n"


@frozen
class Item:
    """What was handed over as one: its place in the envelope, from 0, and its entries."""

    index: int
    session_id: str
    entries: tuple[Entry, ...]


@frozen
class Problem:
    """An item that was not kept, and why. `session_id` is None where it tells none."""

    index: int
    reason: str
    session_id: str | None


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
    text = orjson.dumps([kind, told], option=orjson.OPT_SORT_KEYS)
    digest = blake2b(text, digest_size=_HASH_BYTES).hexdigest()
    return Entry({"v": VERSION, "kind": kind, **data, "hash": digest})


def _set_apart(more: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in more.items() if name not in _OURS}
    given = {name: value for name, value in more.items() if name in _OURS}
    return {**rest, "given": given} if given else rest


def make_digest(*words: object) -> str:
    """Return a short text that is the same for the same words."""
    return blake2b(orjson.dumps(words), digest_size=_HASH_BYTES).hexdigest()
