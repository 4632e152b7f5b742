"""Attics made by hand."""

import json
from pathlib import Path
from typing import Any

from tests.trees_disk import RECORD, add_session, make_usual_root, settle
from wfsession.workspace import open_workspace

BOX = "20250905-100000-record-0a1b2c"
LATER = "20250906-100000-stray-marker-0a1b2d"
RECORD_B = f"WFS-b/{RECORD}"


def make_written_root(project: Path) -> Path:
    """Make the usual root as it is after a first write, which makes what is private."""
    root = make_usual_root(project)
    open_workspace(root).switch("WFS-a")
    return settle(root)


def add_box(root: Path, name: str, item: bytes | None, **note: Any) -> Path:
    """Put a file into the attic, or nothing yet where `item` is None. Returns its box."""
    box = root / ".attic" / name
    box.mkdir(parents=True)
    (box / "note.json").write_text(json.dumps({"at": "2025-09-05T10:00:00Z", **note}))
    if item is not None:
        (box / "item").write_bytes(item)
    settle(root)
    return box


def add_session_box(root: Path, name: str, session: str = "WFS-new") -> Path:
    """Put the directory of a paused session, with a task, into the attic. Returns its box."""
    box = add_box(root, name, None, **{"from": session, "reason": "undone"})
    add_session(root, session).rename(box / "item")
    (box / "item" / ".task").mkdir()
    (box / "item" / ".task" / "t.json").write_text('{"id": "t"}')
    settle(root)
    return box
