"""Events of Claude Code's hooks, and of Codex's, which have their shape -> entries.

Imports this room. What the events leave out, the model and the message, the last lines of the
transcript tell; it is only read. Loads nothing heavy, as hooks ask at every edit.
Source: Claude Code's documentation of hooks.
"""

from collections.abc import Mapping
from typing import Any

from wfsession.trace.edits import make_claude_patch
from wfsession.trace.item import (
    PATCH,
    TEXT,
    Entry,
    Item,
    Problem,
    check_session,
    make_digest,
    make_message,
    make_part,
)
from wfsession.trace.patches import Unparsed, encode_patch
from wfsession.trace.tail import Tail

CODEX_TOOL = "apply_patch"


class Unusable(ValueError):
    """The event tells nothing that is kept. The message says why."""


def judge_event(event: Mapping[str, Any], now_ms: int) -> Item | Problem:
    """Return what an event of a hook tells of its conversation at `now_ms`, in ms since 1970."""
    session_id = event.get("session_id")
    try:
        check_session(event)
        entries = read_event(event, now_ms)
    except ValueError as error:
        return Problem(0, str(error), session_id if isinstance(session_id, str) else None)
    return Item(0, str(session_id), entries)


def read_event(event: Mapping[str, Any], now_ms: int) -> tuple[Entry, ...]:
    """Return what an event tells of its conversation.

    Args:
        event: as the hook gets it; its `session_id` is one that can be used.
        now_ms: the present, in ms since 1970.

    Raises:
        Unusable: it is another event, or does not tell what it is about.
    """
    name = event.get("hook_event_name")
    if name == "UserPromptSubmit":
        return _read_said(event, "prompt", "user", now_ms)
    if name == "Stop":
        return _read_said(event, "last_assistant_message", "assistant", now_ms)
    if name == "PostToolUse":
        return (_read_edit(event, now_ms),)
    raise Unusable(f"{str(name)[:40]!r} is no event of which anything is kept")


def _read_said(event: Mapping[str, Any], name: str, role: str, now_ms: int) -> tuple[Entry, ...]:
    text = event.get(name)
    if not isinstance(text, str) or not text:
        raise Unusable(f"{event['hook_event_name']} does not tell its {name}")
    session_id = event["session_id"]
    tail = Tail(event.get("transcript_path"))
    message_id = model = ""
    if role == "assistant":
        message_id, model = tail.find_answer(text)
    # Who says the same twice says it when the transcript is longer.
    message_id = message_id or f"{role}-{make_digest(session_id, text, tail.size_bytes)}"
    more = {"model_id": model} if model else {}
    message = make_message(session_id, message_id, role, now_ms, more)
    part = make_part(session_id, message_id, TEXT, text, now_ms, more, has_time=False)
    return message, part


def _read_edit(event: Mapping[str, Any], now_ms: int) -> Entry:
    tool, call = event.get("tool_name"), event.get("tool_use_id")
    more: dict[str, Any] = {"tool": tool}
    if tool == CODEX_TOOL:
        text = _find_codex_patch(event.get("tool_input"))
    else:
        patch = make_claude_patch(event)
        if isinstance(patch, Unparsed):
            raise Unusable(patch.reason)
        text = encode_patch(patch)
        more["path"] = patch.files[0].path
    tail = Tail(event.get("transcript_path"))
    message_id = model = ""
    if isinstance(call, str) and call:
        more["tool_use_id"] = call
        message_id, model = tail.find_call(call)
    session_id = event["session_id"]
    if model or isinstance(event.get("model"), str):
        more["model_id"] = model or event["model"]
    seen = call or make_digest(session_id, text, tail.size_bytes)
    message_id = message_id or f"tool-{seen}"
    return make_part(session_id, message_id, PATCH, text, now_ms, more, has_time=False)


def _find_codex_patch(given: object) -> str:
    values = given.values() if isinstance(given, dict) else [given]
    for value in values:
        if isinstance(value, str) and "*** Begin Patch" in value:
            return value
    raise Unusable(f"{CODEX_TOOL} does not tell its patch")
