"""A project to stand in, and no waiting for the drive where the command runs in this process."""

import os
from pathlib import Path

import pytest

from tests.cli.shim import make_shim
from tests.cli.wf import SEED, forget_moments, wf
from tests.conftest import copy_fixture
from tests.hook import Player
from tests.recording import Recording, Tree, plant
from tests.talks import plant_talks
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


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Return a project with four sessions, as SEED says, in which nothing moved lately."""
    project = tmp_path_factory.mktemp("seed") / "project"
    copy_fixture("01-seed-markers", project)
    assert {path.name for path in (project / ".workflow").glob("WFS-*")} == SEED - {"WFS-old-thing"}
    # The first write makes what is private; not part of what these tests compare.
    assert wf("init", "--root", str(project)).code == 0
    forget_moments(project)
    return Recording(project).grow(0)


@pytest.fixture
def project(
    seed: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _sync_nothing: None
) -> Path:
    """Stand in a copy of `seed`, and return its directory."""
    here = tmp_path / "project"
    plant(seed, here)
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def player(project: Path, monkeypatch: pytest.MonkeyPatch) -> Player:
    """Return a conversation of an agent in that project."""
    return Player(monkeypatch, project)


@pytest.fixture
def talks(project: Path) -> Path:
    """Let two conversations have taken place, one of them in that project; return `.claude`."""
    return plant_talks(Path(os.environ["HOME"]), project)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bin/wf that hands over to a script which only says so."""
    return make_shim(tmp_path_factory.mktemp("program"), "echo handed over; exit 97")
