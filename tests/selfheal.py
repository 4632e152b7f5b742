"""Roots that heal by themselves, and looks at what was done; for the tests of `core.selfheal`."""

from pathlib import Path

from tests.trees_disk import RECORD, list_files, mark, put_record
from wfsession.core.selfheal import Arrival
from wfsession.workspace import open_workspace

GONE = ".active-WFS-gone"
CUT = b'{"project": "Kept", "their_own": 1, "status": "act'


def arrive(root: Path, name: str | None = None) -> Arrival:
    return open_workspace(root).arrive(name)


def make_orphan(root: Path) -> Path:
    return mark(root, "WFS-gone")


def spoil_record(root: Path, name: str = "WFS-a") -> Path:
    put_record(root / name, CUT)
    return root / name / RECORD


def list_attic(root: Path) -> list[bytes]:
    return [path.read_bytes() for path in root.glob(".attic/*/item")]


def see(root: Path) -> dict[str, bytes]:
    """Return all files but the notes of the attic."""
    return {name: data for name, data in list_files(root).items() if "note.json" not in name}
