"""A project to stand in, and no waiting for the drive where the command runs in this process."""

from pathlib import Path

import pytest

from tests.cli.wf import SEED, forget_moments, wf
from tests.hook import Player
from wfsession.core import disk


@pytest.fixture
def _sync_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the waiting for the drive out: what these tests look at, no sync changes."""
    monkeypatch.setattr(disk, "_sync_descriptor", lambda descriptor: None)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _sync_nothing: None) -> Path:
    """Stand in an empty directory, and return it."""
    here = tmp_path / "empty"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def project(seed_tree: Path, monkeypatch: pytest.MonkeyPatch, _sync_nothing: None) -> Path:
    """Stand in a project with four sessions, as SEED says, and return its directory."""
    assert {path.name for path in (seed_tree / ".workflow").glob("WFS-*")} == SEED - {
        "WFS-old-thing"
    }
    monkeypatch.chdir(seed_tree)
    # The first write makes what is private; not part of what these tests compare.
    assert wf("init").code == 0
    forget_moments(seed_tree)
    return seed_tree


@pytest.fixture
def player(project: Path, monkeypatch: pytest.MonkeyPatch) -> Player:
    """Return a conversation of an agent in that project."""
    return Player(monkeypatch, project)
