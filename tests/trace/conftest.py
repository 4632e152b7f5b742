"""A repository to stand in, and git of the library for it."""

import os
from pathlib import Path

import pytest

from tests.trace.repository import Repository, make_repository
from wfsession.core import disk
from wfsession.git import Git, make_access


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Stand in a new repository, and return it."""
    made = make_repository(tmp_path / "shop")
    monkeypatch.chdir(made.path)
    return made


@pytest.fixture
def git_there(repository: Repository) -> Git:
    """Return git as the library calls it there."""
    return Git(make_access(os.environ))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a project with an empty root, which is returned; no test waits for the drive."""
    monkeypatch.setattr(disk, "_sync_descriptor", lambda descriptor: None)
    made = tmp_path / "talk" / ".workflow"
    made.mkdir(parents=True)
    monkeypatch.chdir(made.parent)
    return made
