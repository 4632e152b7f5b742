"""Acting as a thread, and what a session keeps of one."""

import json
from pathlib import Path
from typing import Any

import pytest

from wfsession.core import operation
from wfsession.core.locate import Environment
from wfsession.core.times import parse_time
from wfsession.workspace import Workspace

THREAD = "claude-code--0b9c41f2-77aa"


def as_thread(root: Path, thread: str = THREAD, session: str = "") -> Workspace:
    return Workspace(str(root), Environment(session=session, thread=thread))


def current(root: Path, thread: str = THREAD) -> tuple[str | None, str]:
    found = as_thread(root, thread).resolve()
    return found.session, found.source


def read_kept(root: Path, session: str, thread: str = THREAD) -> dict[str, Any]:
    kept = json.loads((root / session / ".threads" / f"{thread}.json").read_bytes())
    return dict(kept)


def at(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """Let all operations happen at a moment."""
    found = parse_time(moment)
    assert found is not None
    monkeypatch.setattr(operation, "now", lambda: found)
