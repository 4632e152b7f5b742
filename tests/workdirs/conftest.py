"""Places of its own for each test, and a repository to make workdirs of."""

import os
from pathlib import Path

import pytest

from tests.workdirs.repositories import Repository, make_repository
from tests.workdirs.workshop import Workshop
from wfsession.workdirs.git import Access, make_access
from wfsession.workdirs.places import Places


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bare repository with two branches, which nobody changes."""
    return make_repository(tmp_path_factory.mktemp("template") / "r.git")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(*(str(tmp_path / name) for name in ("cache", "data", "state")))


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Repository:
    """Return a copy of that repository: somebody's remote, with a clone that pushes to it."""
    return Repository.copy(template, tmp_path / "remote")


@pytest.fixture
def access() -> Access:
    return make_access(dict(os.environ))


@pytest.fixture
def shop(places: Places, repository: Repository) -> Workshop:
    return Workshop(places, repository)
