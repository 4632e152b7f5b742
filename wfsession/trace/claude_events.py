"""Events of Claude Code's hooks, and of Codex's, which have their shape -> entries.

Imports core, threads and this room. What the events leave out, the model and the message, the last
lines of the transcript tell; it is only read.
Source: Claude Code's documentation of hooks.
"""

from collections.abc import Mapping
from typing import Any

from wfsession.threads.events import Message, Response, ToolCall
from wfsession.threads.lines import open_lines, read_batches
from wfsession.threads.transcript import parse_lines
from wfsession.trace.edits import TOOLS, make_claude_patch
from wfsession.trace.item import PATCH, TEXT, Entry, make_digest, make_message, make_part
from wfsession.trace.patches import Unparsed, encode_patch

CODEX_TOOL = "apply_patch"
_TAIL_BYTES = 256_000


class Unusable(ValueError):
    """The event tells nothing that is kept. The message says why."""


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
    tail = _Tail(event)
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
        if tool not in TOOLS:
            raise Unusable(f"{str(tool)[:40]!r} is no tool that edits")
        patch = make_claude_patch(event)
        if isinstance(patch, Unparsed):
            raise Unusable(patch.reason)
        text = encode_patch(patch)
        more["path"] = patch.files[0].path
    tail = _Tail(event)
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


class _Tail:
    """The last lines of the transcript that an event names; nothing where there is none."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.size_bytes = 0
        self._calls: list[ToolCall] = []
        self._messages: list[Message] = []
        self._models: dict[str, str] = {}
        path = event.get("transcript_path")
        if isinstance(path, str) and path:
            try:
                self._read(path)
            except (OSError, ValueError):
                pass  # there is none, or none that can be read: what it would add is left out

    def _read(self, path: str) -> None:
        with open_lines(path) as stream:
            self.size_bytes = stream.seek(0, 2)
            stream.seek(max(0, self.size_bytes - _TAIL_BYTES))
            for batch in read_batches(stream):
                for row in parse_lines(batch.objects).rows:
                    if isinstance(row, ToolCall):
                        self._calls.append(row)
                    elif isinstance(row, Response):
                        self._models[row.key] = row.model
                    elif isinstance(row, Message) and row.role == "assistant":
                        self._messages.append(row)

    def find_answer(self, text: str) -> tuple[str, str]:
        """Return the id and the model of the message that said this last; empty where unknown."""
        for message in reversed(self._messages):
            if message.text.strip() == text.strip():
                return message.response, message.model
        return "", ""

    def find_call(self, call: str) -> tuple[str, str]:
        """Return the id and the model of the message that made a call; empty where unknown."""
        made = next((row for row in reversed(self._calls) if row.key == call), None)
        message = made.response if made is not None else ""
        last = next(reversed(self._models.values()), "")
        return message, self._models.get(message, last)
