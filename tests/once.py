"""What several processes of one run of the tests need, and one of them makes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def make_once(
    factory: pytest.TempPathFactory, worker: str, name: str, make: Callable[[Path], object]
) -> Path:
    """Return a directory of this run of the tests in which `make` made something.

    Args:
        factory: where directories come from.
        worker: the fixture `worker_id`.
        name: the directory's, the same for all who want the same.
        make: fills it; called again only if it failed.
    """
    top = factory.getbasetemp()
    # With several workers each has a directory of its own, in that of the run.
    place = (top if worker == "master" else top.parent) / name
    with FileLock(f"{place}.lock"):
        if not place.exists():
            unfinished = place.with_name(f"{name}.part-{worker}")
            unfinished.mkdir(exist_ok=True)
            make(unfinished)
            unfinished.rename(place)
    return place
