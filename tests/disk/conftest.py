"""What these tests look at is what other processes see, which no sync changes."""

from pathlib import Path

import pytest

import wfsession
from tests.trees_disk import add_session, make_root, make_usual_root
from wfsession.core import disk
from wfsession.core.model import Event
from wfsession.workspace import Workspace


@pytest.fixture(autouse=True)
def _sync_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the waiting for the drive out, which would be most of the time that the tests take."""
    monkeypatch.setattr(disk, "_sync_descriptor", lambda descriptor: None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with a session in each state; a module whose tests need another has its own."""
    return make_usual_root(tmp_path)


@pytest.fixture
def standing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a root where one stands, with WFS-a, which is active, WFS-b, and WFS-old, archived."""
    root = make_root(tmp_path / "project", "WFS-a", "WFS-b", active="WFS-a")
    add_session(root, "completed/WFS-old", "completed")
    monkeypatch.chdir(root.parent)
    return root


@pytest.fixture
def workspace(root: Path) -> Workspace:
    """Return that root, opened."""
    return wfsession.open(root)


@pytest.fixture
def events(workspace: Workspace) -> list[Event]:
    told: list[Event] = []
    workspace.listen(told.append)
    return told
