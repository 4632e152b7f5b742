"""One server for the tests that leave it as it is, and places to start others in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.server import Place, Server, make_place, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(make_place(tmp_path_factory.mktemp("served"))) as started:
        yield started


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)
