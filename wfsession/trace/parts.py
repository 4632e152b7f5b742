"""Lines of a kept conversation -> messages and parts of them, as values. Pure.

Imports the values of this room. What has a wrong type is as if it were left out: others may write
lines too. Of a message in several lines the first that tells something counts; a part of the same
key is the same part.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from wfsession.trace.item import make_digest


@frozen
class KeptMessage:
    """What a line tells of a message. Texts that are not known are empty."""

    message_id: str
    role: str
    model: str
    at: datetime | None


@frozen
class KeptPart:
    """A part of a message, which may stand before it, or without it.

    `key` is the same for the same part. `path` is the file of a patch, where it is told apart.
    """

    message_id: str
    key: str
    type: str
    text: str
    model: str
    path: str
    at: datetime | None
    is_known_type: bool


def parse_line(line: Mapping[str, Any]) -> KeptMessage | KeptPart | None:
    """Return what a line tells; None where it is neither."""
    message_id, model = _get_text(line, "message_id"), _get_text(line, "model_id")
    at_ms = line.get("generated_at_unix_ms")
    at = _make_time(at_ms) if type(at_ms) is int else None
    if line.get("kind") == "message":
        return KeptMessage(message_id, _get_text(line, "role"), model, at)
    if line.get("kind") != "part":
        return None
    kind, text, path = (_get_text(line, name) for name in ("part_type", "text", "path"))
    return KeptPart(
        message_id=message_id,
        key=_get_text(line, "hash") or make_digest(message_id, kind, text, path),
        type=kind,
        text=text,
        model=model,
        path=path,
        at=at,
        is_known_type=line.get("unknown_type") is not True,
    )


def _get_text(line: Mapping[str, Any], name: str) -> str:
    value = line.get(name)
    return value if isinstance(value, str) else ""


def _make_time(at_ms: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        # Further away than a calendar goes.
        return None
