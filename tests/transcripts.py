"""Lines of transcripts as Claude Code writes them, and what they say read back."""

import json
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from wfsession.threads.conversation import Conversation, gather
from wfsession.threads.events import Parsed, Row
from wfsession.threads.facts import Facts, join
from wfsession.threads.lines import Skipped, read_batches
from wfsession.threads.transcript import parse_lines

THREAD = "0b7e4c1a-9d52-4f0e-b6a3-2c9f1d7e8a90"
Line = dict[str, Any]
_USAGE = {
    "input": "input_tokens",
    "output": "output_tokens",
    "read": "cache_read_input_tokens",
    "written": "cache_creation_input_tokens",
}
_NOTHING: dict[str, Any] = {
    "input_tokens": 0,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
}


def stamp(second: int) -> str:
    hours, rest = divmod(second, 3600)
    return f"2026-09-14T{hours:02}:{rest // 60:02}:{rest % 60:02}.000Z"


def line(kind: str, second: int | None = None, **more: Any) -> Line:
    given = {} if second is None else {"timestamp": stamp(second)}
    return {"type": kind, "sessionId": THREAD, **given, **more}


def user(content: Any, second: int | None = None, **more: Any) -> Line:
    return line("user", second, message={"role": "user", "content": content}, **more)


def answer(
    key: str,
    *blocks: Line,
    second: int | None = None,
    model: str = "claude-sonnet-5",
    usage: dict[str, int] | None = None,
    **more: Any,
) -> Line:
    """Return a line of a response; `usage` has input, output, read, written."""
    message: Line = {"id": key, "role": "assistant", "model": model, "content": list(blocks)}
    if usage is not None:
        message["usage"] = {_USAGE[name]: count for name, count in usage.items()}
    return line("assistant", second, message=message, **more)


def text(words: str) -> Line:
    return {"type": "text", "text": words}


def call(key: str, name: str, **given: Any) -> Line:
    return {"type": "tool_use", "id": key, "name": name, "input": given}


def result(
    key: str,
    content: Any = "ok",
    *,
    error: Any = None,
    second: int | None = None,
    told: Any = None,
) -> Line:
    block = {"type": "tool_result", "tool_use_id": key, "content": content}
    if error is not None:
        block["is_error"] = error
    more = {} if told is None else {"toolUseResult": told}
    return user([block], second, **more)


def add_retries(home: Path) -> None:
    """Let each third transcript of a home end with steps of which some try again what failed."""
    paths = sorted(
        path for path in home.glob("projects/**/*.jsonl") if path.name != "journal.jsonl"
    )
    for path in paths[::3]:
        said = (
            # A retry that fails too, its retry, and what only looks like one.
            ("make  test", True),
            ("make test", True),
            ("make test", False),
            ("make test", True),
            ("make tests", False),
            # The same but for what nobody is shown.
            ("x" * 130 + "a", True),
            ("x" * 130 + "b", False),
        )
        lines = []
        for number, (command, fails) in enumerate(said):
            key = f"{path.name}-{number}"
            # Two at once, in another order each time.
            blocks = [
                call(f"{key}-1", "Bash", command=command),
                call(f"{key}-2", "Bash", command="ls"),
            ]
            lines.append(answer(key, *blocks[:: 1 - number % 2 * 2], second=10 * number))
            lines[-1]["message"]["usage"] = _NOTHING | {"output_tokens": 1}
            lines.append(result(f"{key}-1", error=fails, second=10 * number + 1))
        with path.open("ab") as file:
            file.write(encode(lines))


def encode(lines: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in lines)


def write(path: Path, lines: Iterable[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(lines))
    return path


def read_pieces(data: bytes, cuts: Iterable[int] = ()) -> tuple[list[Row], Facts, Skipped]:
    """Read a file that had grown to each cut when it was looked at, and then to its end."""
    rows: list[Row] = []
    facts, skipped, offset = Facts(), Skipped(), 0
    for end in (*sorted(cuts), len(data)):
        for batch in read_batches(BytesIO(data[offset:end]), offset):
            parsed = parse_lines(batch.objects)
            rows += parsed.rows
            facts = join(facts, parsed.facts)
            skipped += batch.skipped
            offset = batch.end
    return rows, facts, skipped


def parse(*lines: Line) -> Parsed:
    return parse_lines(lines)


def converse(*lines: Line) -> Conversation:
    parsed = parse_lines(lines)
    return gather(parsed.rows, parsed.facts)


def only(rows: Iterable[Row], kind: type) -> list[Any]:
    return [row for row in rows if isinstance(row, kind)]
