"""Messages and parts as agents hand them over, envelopes of them, and what is kept read back."""

import io
import json
from pathlib import Path
from typing import Any

from wfsession.trace.book import Patience
from wfsession.trace.envelopes import read_envelope
from wfsession.trace.intake import Counts, Intake
from wfsession.trace.item import Batch, Item, Problem

NOW_MS = 1_795_369_901_624
AT_MS = 1_700_000_000_000
PATIENCE = Patience(attempts=1, timeout_s=30.0)
Data = dict[str, Any]


def message(message_id: Any = "m1", session_id: Any = "s1", **more: Any) -> Data:
    return {
        "session_id": session_id,
        "message_id": message_id,
        "role": "user",
        "generated_at_unix_ms": AT_MS,
        **more,
    }


def part(
    text: str | None = "hello", message_id: str = "m1", session_id: str = "s1", **more: Any
) -> Data:
    return {
        "session_id": session_id,
        "message_id": message_id,
        "part_type": "text",
        "text": text,
        "generated_at_unix_ms": AT_MS,
        **more,
    }


def mix(*payloads: Data, tool: str = "opencode") -> Data:
    """Return a mixed envelope: what has a part's type is a part of a message."""
    typed = [
        {"type": "message.part" if "part_type" in one else "message", **one} for one in payloads
    ]
    return {"tool_name": tool, "payloads": typed}


def encode(envelope: Any) -> bytes:
    return envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()


def read(envelope: Any) -> list[Batch]:
    return list(read_envelope(io.BytesIO(encode(envelope)).read, NOW_MS))


def judge(envelope: Any) -> list[Item | Problem]:
    return [one for batch in read(envelope) for one in batch.found]


def lines_of(found: Item | Problem) -> list[Data]:
    assert isinstance(found, Item), found
    return [dict(entry.line) for entry in found.entries]


def take(root: Path, *envelopes: Any, **options: Any) -> Counts:
    """Hand envelopes over to one intake, and return what became of their items."""
    intake = Intake(str(root), options.pop("patience", PATIENCE), **options)
    for envelope in envelopes:
        for batch in read(envelope):
            intake.take(batch)
    return intake.counts


def tell(counts: Counts) -> tuple[int, int, int]:
    """Return persisted, duplicate, skipped, which add up."""
    found = counts.persisted, counts.duplicate, counts.skipped
    assert counts.attempted == sum(found)
    return found


def kept(home: Path, thread: str = "opencode--s1", is_torn: bool = False) -> list[Data]:
    """Return the lines of a conversation, none twice, and all whole but where it `is_torn`."""
    path = home / ".conversation" / f"{thread}.jsonl"
    if not path.exists():
        return []
    data = path.read_bytes()
    assert data.endswith(b"\n")
    found = [json.loads(line) for line in data.splitlines() if not is_torn or line.endswith(b"}")]
    hashes = [line["hash"] for line in found if line["kind"] == "part"]
    assert len(set(hashes)) == len(hashes)
    return found


def bind(root: Path, thread: str = "opencode--s1", session: str = "WFS-a") -> Path:
    """Bind a thread by hand, and return the directory of its session."""
    home = root / session
    home.mkdir(exist_ok=True)
    (root / ".threads").mkdir(exist_ok=True)
    (root / ".threads" / thread).write_text(f"{session}\n")
    return home
