"""What these tests look at is what other processes see, which no sync changes."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wfsession.core import disk

_MEMORY = Path("/dev/shm")


@pytest.fixture(autouse=True)
def _sync_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the waiting for the drive out, which would be most of the time that the tests take."""
    monkeypatch.setattr(disk, "_sync_descriptor", lambda descriptor: None)


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """Use memory where there is some: thousands of small trees are made here."""
    if not os.access(_MEMORY, os.W_OK):
        yield tmp_path
        return
    place = Path(tempfile.mkdtemp(prefix="wfsession-", dir=_MEMORY))
    yield place
    shutil.rmtree(place)
