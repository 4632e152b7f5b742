"""What these tests look at is what other processes see, which no sync changes."""

import pytest

from wfsession.core import disk


@pytest.fixture(autouse=True)
def _sync_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the waiting for the drive out, which would be most of the time that the tests take."""
    monkeypatch.setattr(disk, "_sync_descriptor", lambda descriptor: None)
