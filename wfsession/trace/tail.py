"""The last answers of a transcript: which message said a text or made a call, and by which model.

Asked at every edit, so it reads only the end of the file, of that only the lines that matter, and
loads nothing heavy: `threads.transcript` tells all that a transcript says. Imports core and the
lenient readers of threads.
Source: the types and keys of lines as Claude Code 2.1 writes them.
"""

import json
import os
from collections.abc import Iterator
from io import FileIO
from typing import Any, NamedTuple

from wfsession.core.disk import is_regular
from wfsession.threads.loose import get_object, get_objects, get_text

_TAIL_BYTES = 256_000
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_ANSWER = b'"assistant"'


class Source(NamedTuple):
    """The message that something comes from, and its model; each empty where it is not known."""

    message: str = ""
    model: str = ""


class Tail:
    """The end of a transcript, of `size_bytes`; of none where there is none that can be read."""

    def __init__(self, path: object) -> None:
        self.size_bytes = 0
        self._lines: list[bytes] = []
        if isinstance(path, str) and path:
            try:
                self._read(path)
            except (OSError, ValueError):
                pass  # what it would add is left out

    def _read(self, path: str) -> None:
        descriptor = os.open(path, _FLAGS)
        with FileIO(descriptor) as stream:
            if not is_regular(os.fstat(descriptor)):
                return
            self.size_bytes = stream.seek(0, 2)
            stream.seek(max(0, self.size_bytes - _TAIL_BYTES))
            self._lines = stream.read(_TAIL_BYTES).split(b"\n")

    def find_answer(self, text: str) -> Source:
        """Return where a text was said last."""
        for line in self._list_answers():
            if line.get("isApiErrorMessage") is not True and _read_text(line) == text.strip():
                return _read_source(line)
        return Source()

    def find_call(self, call: str) -> Source:
        """Return where a call was made; where that is not known, with the model that answered last.

        Args:
            call: its id.
        """
        made = Source()
        for line in self._list_answers(call.encode(errors="replace")):
            if any(get_text(one, "id") == call for one in _list_blocks(line, "tool_use")):
                made = _read_source(line)
                break
        return made if made.model else made._replace(model=self._find_last_model())

    def _find_last_model(self) -> str:
        for line in self._list_answers():
            usage = get_object(get_object(line, "message"), "usage").values()
            # What the agent's own program says for a model uses nothing.
            if any(type(count) is int and count > 0 for count in usage):
                return _read_source(line).model
        return ""

    def _list_answers(self, holding: bytes = b"") -> Iterator[dict[str, Any]]:
        """Yield the lines of answers that have some bytes in them, the last first."""
        for data in reversed(self._lines):
            if _ANSWER in data and holding in data:
                try:
                    line = json.loads(data)
                except (ValueError, RecursionError):
                    continue  # cut off, or still being written
                if isinstance(line, dict) and line.get("type") == "assistant":
                    yield line


def _read_source(line: dict[str, Any]) -> Source:
    message = get_object(line, "message")
    return Source(get_text(message, "id") or get_text(line, "uuid"), get_text(message, "model"))


def _read_text(line: dict[str, Any]) -> str:
    texts = [one.get("text") for one in _list_blocks(line, "text")]
    return "\n".join(text for text in texts if isinstance(text, str) and text).strip()


def _list_blocks(line: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    message = get_object(line, "message")
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if kind == "text" else []
    return [one for one in get_objects(message, "content") if one.get("type") == kind]
