"""Envelopes -> items: the documented ones of messages and parts, and events of hooks. Pure.

    {"type": "message.updated" | "message.part.updated", "payloads": [...]}
    {"tool_name": "opencode", "payloads": [{"type": "message" | "message.part", ...}]}
    {"hook_event_name": "PostToolUse", ...}

Imports this room. Each item is judged by itself: one that cannot be used spoils no other. Reads as
a stream, a batch at a time.
"""

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from attrs import define, field

from wfsession.core.names import find_thread_fault
from wfsession.errors import InvalidValue
from wfsession.trace.claude_events import judge_event
from wfsession.trace.item import (
    PATCH,
    ROLES,
    Bad,
    Batch,
    Entry,
    Item,
    Problem,
    check_session,
    get_text,
    make_message,
    make_part,
    show,
)
from wfsession.trace.stream import MAX_ITEM_BYTES, Broken, Member, Payload, split_envelope

MESSAGE, PART = "message", "message.part"
_SAME_KIND = {"message.updated": MESSAGE, "message.part.updated": PART}
# Times that 64 bits hold, whoever reads them.
_MOST_MS = 2**63 - 1
_BATCH_BYTES = 1 << 20
# So much is held of an envelope that says what it is behind its items.
_MOST_HELD_BYTES = 2 * MAX_ITEM_BYTES
_EVENT = "hook_event_name"


def read_envelope(read: Callable[[int], bytes], now_ms: int) -> Iterator[Batch]:
    """Yield what an envelope holds, in its order, about a megabyte at a time.

    Args:
        read: returns up to so many bytes, and none at the end only.
        now_ms: the present, in ms since 1970: events of hooks have no time.

    Raises:
        InvalidValue: it is no such envelope, or is cut off. Whole batches from before that were
            yielded; the last of it is not.
    """
    reading = _Reading()
    try:
        for part in split_envelope(read):
            if isinstance(part, Member):
                reading.take_member(part)
            else:
                reading.hold(part)
            if reading.is_full:
                yield reading.judge()
        yield reading.end(now_ms)
    except Broken as error:
        reason = f"it is no envelope: {error}"
        hint = 'as in {"tool_name": "opencode", "payloads": [...]}; docs/conversations.md'
        raise InvalidValue("standard input", None, reason, hint) from None


@define
class _Reading:
    """What was read of an envelope and not judged yet."""

    members: dict[str, Any] = field(factory=dict)
    held: list[bytes | None] = field(factory=list)
    size_bytes: int = 0
    judged: int = 0
    has_payloads: bool = False

    def take_member(self, part: Member) -> None:
        try:
            name = orjson.loads(part.key)
            self.members[name] = orjson.loads(part.value)
        except ValueError:
            raise Broken("a value in it is no JSON, or no UTF-8") from None

    def hold(self, part: Payload) -> None:
        self.has_payloads = True
        self.held.append(part.value)
        self.size_bytes += len(part.value or b"")
        if self.size_bytes > _MOST_HELD_BYTES:
            raise Broken("its type or tool_name must stand before so many payloads")

    @property
    def is_full(self) -> bool:
        """Whether a batch can be judged."""
        return self.size_bytes >= _BATCH_BYTES and bool({"type", "tool_name"} & {*self.members})

    def end(self, now_ms: int) -> Batch:
        if self.members.get(_EVENT) is not None and not self.has_payloads:
            agent, found = self._find_agent() or "claude-code", judge_event(self.members, now_ms)
            return Batch(agent, (found,))
        if "payloads" in self.members and self.members["payloads"] != []:
            raise Broken("its payloads are no list")
        return self.judge()

    def _find_agent(self) -> str:
        # In an event of a hook, `tool_name` is the tool that the agent used.
        agent = "" if _EVENT in self.members else self.members.get("tool_name", "")
        if not isinstance(agent, str) or "--" in agent or find_thread_fault(f"{agent or 'a'}--1"):
            raise Broken(f"tool_name cannot be the name of an agent: {show(agent)}")
        return agent

    def judge(self) -> Batch:
        agent, kind = self._find_agent(), ""
        if "type" in self.members:
            kind = _SAME_KIND.get(str(self.members["type"]), "")
            if not kind:
                raise Broken(f"its type is {show(self.members['type'])}, which is not known")
        elif not agent:
            raise Broken("it has none of type, tool_name and hook_event_name")
        first = self.judged
        found = tuple(_judge(index, one, kind) for index, one in enumerate(self.held, first))
        self.judged += len(self.held)
        self.held, self.size_bytes = [], 0
        return Batch(agent, found)


def _judge(index: int, data: bytes | None, kind: str) -> Item | Problem:
    session_id = None
    try:
        if data is None:
            raise Bad(f"it has more than {MAX_ITEM_BYTES:,} bytes")
        item = _parse(data)
        session_id = item.get("session_id")
        named = item.pop("type", None)
        if kind and named is not None:
            raise Bad("it has a type of its own, in an envelope that has one")
        if not kind and named not in (MESSAGE, PART):
            raise Bad(f"its type must be message or message.part, and is {show(named)}")
        session = check_session(item)
        entries = (_read_message if (kind or named) == MESSAGE else _read_part)(item)
    except Bad as error:
        return Problem(index, str(error), session_id if isinstance(session_id, str) else None)
    return Item(index, session, entries)


def _parse(data: bytes) -> dict[str, Any]:
    try:
        item = orjson.loads(data)
    except ValueError as error:
        raise Bad(f"it is no JSON in UTF-8: {error}") from None
    if not isinstance(item, dict):
        raise Bad("it is no object")
    return item


def _get_time(item: Mapping[str, Any]) -> int:
    at_ms = item.get("generated_at_unix_ms")
    if at_ms is None:
        raise Bad("generated_at_unix_ms is missing")
    if type(at_ms) is not int or not 0 <= at_ms <= _MOST_MS:
        raise Bad(f"generated_at_unix_ms must be a whole number from 0, and is {show(at_ms)}")
    return at_ms


def _leave_out(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    known = {"session_id", "message_id", "generated_at_unix_ms", *names}
    return {name: value for name, value in item.items() if name not in known}


def _read_message(item: Mapping[str, Any]) -> tuple[Entry, ...]:
    session_id, message_id = get_text(item, "session_id"), get_text(item, "message_id")
    role, at_ms = get_text(item, "role"), _get_time(item)
    if role not in ROLES:
        raise Bad(f"role must be user or assistant, and is {show(role)}")
    more = _leave_out(item, "role")
    diffs: list[Any] = []
    summary = more.get("summary")
    if isinstance(summary, dict) and isinstance(summary.get("diffs"), list):
        diffs = summary["diffs"]
        rest = {name: value for name, value in summary.items() if name != "diffs"}
        more = {**more, "summary": rest} if rest else _leave_out(more, "summary")
    message = make_message(session_id, message_id, role, at_ms, more)
    parts = (_read_diff(one, message, item.get("model_id")) for one in diffs)
    return (message, *parts)


def _read_diff(diff: object, message: Entry, model: object) -> Entry:
    """Return a diff that a message sums up as a patch part of it."""
    found = diff if isinstance(diff, dict) else {"patch": diff}
    more = {name: value for name, value in found.items() if name not in {"patch", "diff", "file"}}
    path, before, after = found.get("file"), found.get("before"), found.get("after")
    text = found.get("patch", found.get("diff"))
    if not isinstance(text, str) and isinstance(before, str) and isinstance(after, str):
        text = _compare(path if isinstance(path, str) else "", before, after)
        more = {name: value for name, value in more.items() if name not in {"before", "after"}}
    if isinstance(path, str):
        more["path"] = path
    if isinstance(model, str):
        more["model_id"] = model
    if not isinstance(text, str):
        more["diff"], text = found, ""
    known = {"session_id", "message_id", "part_type", "text", "generated_at_unix_ms"}
    more = {name: value for name, value in more.items() if name not in known}
    line = message.line
    session_id, message_id = line["session_id"], line["message_id"]
    at_ms = line["generated_at_unix_ms"]
    return make_part(session_id, message_id, PATCH, text, at_ms, more, has_time=False)


def _compare(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        _split_lines(before),
        _split_lines(after),
        os.path.join("a", path) if before else "/dev/null",
        os.path.join("b", path) if after else "/dev/null",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _split_lines(text: str) -> list[str]:
    """Return the lines of a text with their ends, which are newlines and nothing else."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1].removesuffix("\n")
    return lines if lines[-1] else lines[:-1]


def _read_part(item: Mapping[str, Any]) -> tuple[Entry, ...]:
    part = make_part(
        get_text(item, "session_id"),
        get_text(item, "message_id"),
        get_text(item, "part_type"),
        get_text(item, "text", may_be_empty=True),
        _get_time(item),
        _leave_out(item, "part_type", "text"),
    )
    return (part,)
