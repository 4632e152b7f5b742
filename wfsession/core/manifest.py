"""The manifest of an older archive, `manifest.json`: bytes in, entries and refusals out. Pure.

Each entry is read for itself, as each line of the registry is.
"""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from wfsession.core.names import nfc
from wfsession.core.registry import find_name_fault, load_json

MANIFEST = "manifest.json"
LIMIT_BYTES = 64_000_000


@frozen
class ManifestEntry:
    """What the manifest says of an archived session; `data` is the whole parsed entry."""

    name: str
    data: Mapping[str, Any] = field(repr=False)


@frozen
class Manifest:
    """The last entry of each name, and a clause for each thing that cannot be used."""

    entries: tuple[ManifestEntry, ...] = ()
    faults: tuple[str, ...] = ()


def parse_manifest(data: bytes) -> Manifest:
    """Return what a manifest's bytes say. Of several entries for one name the last counts."""
    try:
        parsed = load_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        return Manifest(faults=("it is no JSON",))
    if not isinstance(parsed, list):
        return Manifest(faults=("it is no list",))
    entries: dict[str, ManifestEntry] = {}
    faults: list[str] = []
    for number, item in enumerate(parsed, 1):
        is_object = isinstance(item, dict)
        fault = find_name_fault(item.get("session_id")) if is_object else "it is no object"
        if fault:
            faults.append(f"entry {number}: {fault}")
        else:
            name = nfc(item["session_id"])
            entries.pop(name, None)
            entries[name] = ManifestEntry(name, item)
    return Manifest(tuple(entries.values()), tuple(faults))
