"""A workspace for the tests of those who build on the library: a fixture of pytest.

In a `conftest.py`:

    pytest_plugins = ["wfsession.testing"]

Needs pytest, so nothing else of the library imports this.
"""

import os
from pathlib import Path

import pytest

from wfsession.core.locate import VARIABLES
from wfsession.workspace import Workspace, init_workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return the workspace of a new project, which is the current directory during the test.

    No session is in it, and of the environment nothing says which is meant; so what is called in
    the test finds this one, by `wfsession.open()` or by the command `wf` alike.
    """
    project = tmp_path / "project"
    project.mkdir()
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(project)
    return init_workspace(os.curdir)
