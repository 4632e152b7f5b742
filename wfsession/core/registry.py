"""The legacy registry, `session_status.jsonl`: lines in, entries and refusals out.

Pure but for `read_*`. It was edited by hand and by language models; every line
is read for itself, and each that cannot be used is kept with its number and the reason.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from attrs import field, frozen

from wfsession.core.disk import Folder
from wfsession.core.layout import REGISTRY
from wfsession.core.names import find_fault, nfc
from wfsession.core.times import parse_time

LIMIT_BYTES = 64_000_000

_CONFLICT = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")


@frozen
class Entry:
    """What the registry says of a session. Texts are empty where it says nothing.

    `data` is the whole parsed line, with everything that we do not know.
    """

    name: str
    status: str
    description: str
    created: datetime | None
    complexity: str
    line: int
    data: Mapping[str, Any] = field(repr=False)


@frozen
class Rejected:
    """A line that cannot be used. `line` counts from 1, `reason` is a clause."""

    line: int
    reason: str
    text: bytes


@frozen
class Registry:
    """The last entry of each name, in the order of the lines, and the refused lines."""

    entries: tuple[Entry, ...] = ()
    rejected: tuple[Rejected, ...] = ()


def load_json(data: bytes) -> Any:
    """Return what a JSON text holds, whole numbers of any size among it.

    Raises:
        ValueError: it is no JSON, or none that a record could hold.
    """
    orjson.loads(data)
    try:
        # orjson is the stricter one, and makes floats of large numbers.
        return json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def find_name_fault(name: object) -> str:
    """Return why an id cannot be a session's name, or an empty text where it can."""
    if not isinstance(name, str) or not name:
        return "it has no id"
    fault = find_fault(nfc(name))
    return f"its id cannot be the name of a session: {fault}" if fault else ""


def parse_registry(data: bytes) -> Registry:
    """Return what a registry's bytes say. Of several lines for one name the last counts."""
    entries: dict[str, Entry] = {}
    rejected: list[Rejected] = []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        line = raw.strip()
        if not line:
            continue
        parsed = _parse_line(line, number)
        if isinstance(parsed, str):
            rejected.append(Rejected(number, parsed, raw))
        else:
            entries.pop(parsed.name, None)
            entries[parsed.name] = parsed
    return Registry(tuple(entries.values()), tuple(rejected))


def _parse_line(line: bytes, number: int) -> Entry | str:
    if line.startswith(_CONFLICT):
        return "it is the marker of a merge conflict"
    try:
        line.decode()
    except UnicodeDecodeError:
        return "it is not UTF-8"
    try:
        data = load_json(line)
    except ValueError:
        return "it is no JSON"
    if not isinstance(data, dict):
        return "it is no object"
    fault = find_name_fault(data.get("id"))
    if fault:
        return fault
    return Entry(
        name=nfc(data["id"]),
        status=_text(data.get("status")),
        description=_text(data.get("description")),
        created=parse_time(data.get("created")),
        complexity=_text(data.get("complexity")),
        line=number,
        data=data,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def read_registered(root: Folder, name: str) -> dict[str, str]:
    """Return what a root's registry says of a session, as texts by its own keys; {} for nothing."""
    try:
        registry = parse_registry(root.read(REGISTRY, LIMIT_BYTES).data)
    except OSError:
        # None there, or none that can be read: it says nothing.
        return {}
    for entry in registry.entries:
        if entry.name == name:
            return {"description": entry.description, "complexity": entry.complexity}
    return {}
