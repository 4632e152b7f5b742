"""Lines of Claude Code's transcripts -> rows. Pure: parsed JSON in, frozen values out.

Imports the values of this room and its lenient readers. Never raises, whatever a line holds: what
cannot be used is left out and counted.
Source: the types and keys of lines as Claude Code 2.1 writes them.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any

from wfsession.threads.asks import strip_ask
from wfsession.threads.events import (
    Message,
    Parsed,
    Response,
    Role,
    Row,
    ToolCall,
    ToolResult,
)
from wfsession.threads.facts import Gathering
from wfsession.threads.launches import find_launch
from wfsession.threads.loose import MOST, get_text

# The argument that tells most of a call, the first that it has.
_ARGUMENTS = (
    "file_path",
    "notebook_path",
    "command",
    "pattern",
    "query",
    "url",
    "description",
    "path",
    "skill",
    "name",
    "subagent_type",
)
_ARGUMENT_CHARACTERS = 2000
# Types of lines that say nothing of what this room tells.
_PASSED = frozenset(
    """
    system attachment queue-operation ai-title last-prompt mode permission-mode pr-link
    file-history-snapshot
    """.split()
)
_WRITTEN = "cache_creation_input_tokens"
_FOR_5M, _FOR_1H = "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"


def parse_lines(objects: Iterable[dict[str, Any]]) -> Parsed:
    """Return what lines of one file say.

    The pieces of a file may be parsed as they come, each on its own: the rows of all pieces in
    their order, and their facts joined (`facts.join`), are those of the whole file. Later rows
    replace earlier ones of their kind that have the same key: a response is written in several
    lines, the last of which has its usage; duplicated lines give their rows twice.

    Args:
        objects: the objects of lines that follow each other.

    Returns:
        The rows: a `Response` for each line with usage above zero, keyed by the message's id, or
        by the line's uuid; a `Message` for each line with text; a `ToolCall` and a `ToolResult`,
        keyed by the call's id, for each that the line holds.
    """
    reading = _Reading()
    for line in objects:
        reading.take(line)
    return Parsed(reading.rows, reading.facts.make_facts())


class _Reading:
    """What was read of the lines so far."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.facts = Gathering()

    def take(self, line: dict[str, Any]) -> None:
        at = self.facts.note_line(line.get("timestamp"))
        cwd = line.get("cwd")
        if cwd is not None:
            self.facts.note_place(cwd, line.get("gitBranch"), line.get("version"), at)
        kind = line.get("type")
        if kind == "assistant":
            self._take_assistant(line, at)
        elif kind == "user":
            self._take_user(line, at)
        elif kind == "summary":
            self._take_summary(line, at)
        elif not (isinstance(kind, str) and kind in _PASSED):
            self.facts.note_unknown(kind)

    def _take_summary(self, line: dict[str, Any], at: datetime | None) -> None:
        text = line.get("summary")
        if isinstance(text, str) and text:
            key = get_text(line, "leafUuid") or _make_key(at, text)
            self.rows.append(Message(f"summary:{key}", at, "summary", text))
        else:
            self.facts.unusable += 1

    def _take_assistant(self, line: dict[str, Any], at: datetime | None) -> None:
        message = line.get("message")
        if not isinstance(message, dict):
            self.facts.unusable += 1
            return
        uuid = get_text(line, "uuid")
        key = get_text(message, "id") or uuid
        model = get_text(message, "model")
        usage = message.get("usage")
        if isinstance(usage, dict):
            self._take_usage(usage, message, key, at, model)
        elif usage is not None:
            self.facts.unusable += 1
        texts: list[str] = []
        for block in self._list_blocks(message.get("content")):
            kind = block.get("type")
            if kind == "text":
                self._add_text(block, texts)
            elif kind == "tool_use":
                self._take_call(block, at, key)
        if texts:
            role: Role = "error" if line.get("isApiErrorMessage") is True else "assistant"
            text = "\n".join(texts)
            self.rows.append(Message(uuid or _make_key(at, text), at, role, text, key, model))

    def _take_usage(
        self,
        usage: dict[str, Any],
        message: dict[str, Any],
        key: str,
        at: datetime | None,
        model: str,
    ) -> None:
        put, got = self._count(usage, "input_tokens"), self._count(usage, "output_tokens")
        read = self._count(usage, "cache_read_input_tokens")
        for_1h = for_5m = 0
        split = usage.get("cache_creation")
        if isinstance(split, dict):
            for_1h, for_5m = self._count(split, _FOR_1H), self._count(split, _FOR_5M)
        if _WRITTEN in usage:
            # Where the two disagree, the sum is what was counted, and the split a detail of it.
            written = self._count(usage, _WRITTEN)
            for_1h = min(for_1h, written)
            for_5m = written - for_1h
        if not (put or got or read or for_1h or for_5m):
            return
        if not key:
            self.facts.unusable += 1
            return
        is_batch = usage.get("service_tier") == "batch"
        stop = get_text(message, "stop_reason")
        self.rows.append(Response(key, at, model, put, got, read, for_5m, for_1h, is_batch, stop))

    def _count(self, usage: dict[str, Any], name: str) -> int:
        value = usage.get(name)
        if type(value) is int and 0 <= value <= MOST:
            return value
        self.facts.unusable += value is not None
        return 0

    def _take_call(self, block: dict[str, Any], at: datetime | None, response: str) -> None:
        key, name = get_text(block, "id"), get_text(block, "name")
        if not (key and name):
            self.facts.unusable += 1
            return
        self.rows.append(ToolCall(key, at, name, _find_argument(block.get("input")), response))

    def _take_user(self, line: dict[str, Any], at: datetime | None) -> None:
        message = line.get("message")
        if not isinstance(message, dict):
            self.facts.unusable += 1
            return
        texts: list[str] = []
        results = []
        content = message.get("content")
        if isinstance(content, str):
            texts.append(content)
        else:
            for block in self._list_blocks(content):
                kind = block.get("type")
                if kind == "tool_result":
                    results.append(block)
                elif kind == "text":
                    self._add_text(block, texts)
        for block in results:
            self._take_result(block, at, line.get("toolUseResult") if len(results) == 1 else None)
        if texts and line.get("isMeta") is not True:
            self._take_ask(line, at, "\n".join(texts))

    def _take_ask(self, line: dict[str, Any], at: datetime | None, text: str) -> None:
        text = strip_ask(text)
        if not text:
            return
        role: Role = "prompt" if line.get("isSidechain") is True else "user"
        if line.get("isCompactSummary") is True:
            role = "summary"
        self.rows.append(Message(get_text(line, "uuid") or _make_key(at, text), at, role, text))

    def _take_result(self, block: dict[str, Any], at: datetime | None, told: object) -> None:
        key = get_text(block, "tool_use_id")
        if not key:
            self.facts.unusable += 1
            return
        content = block.get("content")
        texts: list[str] = []
        if isinstance(content, str):
            texts.append(content)
        elif content is not None:
            for part in self._list_blocks(content):
                if part.get("type") == "text":
                    self._add_text(part, texts)
        text = texts[0] if len(texts) == 1 else "\n".join(texts)
        is_error = block.get("is_error") is True
        self.rows.append(ToolResult(key, at, is_error, text, *find_launch(told, text)))

    def _list_blocks(self, content: object) -> list[dict[str, Any]]:
        if isinstance(content, str):
            return [{"type": "text", "text": content}]
        if not isinstance(content, list):
            self.facts.unusable += 1
            return []
        for block in content:
            if type(block) is not dict:
                self.facts.unusable += 1
                return [one for one in content if type(one) is dict]
        return content

    def _add_text(self, block: dict[str, Any], texts: list[str]) -> None:
        text = block.get("text")
        if not isinstance(text, str):
            self.facts.unusable += 1
        elif text:
            texts.append(text)


def _find_argument(given: object) -> str:
    if isinstance(given, dict):
        for name in _ARGUMENTS:
            value = given.get(name)
            if isinstance(value, str) and value:
                return value[:_ARGUMENT_CHARACTERS].strip()
    return ""


def _make_key(at: datetime | None, text: str) -> str:
    """Return a key for a line that has none: the same for the same line."""
    return blake2b(f"{at} {text}".encode(), digest_size=16).hexdigest()
