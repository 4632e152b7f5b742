"""What these tests look at is what other processes see, which no sync changes."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.memory import find_memory
from wfsession.core import disk, markers


@pytest.fixture(autouse=True)
def _wait_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the waiting out, for the drive and for others: most of the time that the tests take."""
    monkeypatch.setattr(disk, "_sync_descriptor", lambda descriptor: None)
    monkeypatch.setattr(markers, "_WAITS_S", (0.0,) * len(markers._WAITS_S))


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """Use memory where there is some: thousands of small trees are made here."""
    memory = find_memory()
    if memory is None:
        yield tmp_path
        return
    place = Path(tempfile.mkdtemp(prefix="wfsession-", dir=memory))
    yield place
    shutil.rmtree(place)
