"""The index behind an overview is read after each change, and not once more."""

import sqlite3
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import copy_fixture
from tests.indexing import Home, say
from wfsession.core.locate import Environment
from wfsession.index import database
from wfsession.index.ask import Answer, Sources
from wfsession.index.desk import Desk, View
from wfsession.overview.site import Site
from wfsession.threads.claude_code import READER
from wfsession.threads.events import Parsed
from wfsession.threads.prices import DEFAULT_TABLE, read_prices
from wfsession.threads.reader import Files
from wfsession.workdirs.places import Places
from wfsession.workspace import Workspace

THREAD, OTHER = "aaaaaaaa", "bbbbbbbb"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.put(f"{THREAD}.jsonl", [say("one")])
    return made


class Counting:
    """The reader of an agent, which counts how often all of its files are looked at."""

    agent = READER.agent

    def __init__(self) -> None:
        self.looks = 0

    def list_files(self, home: str) -> Files:
        self.looks += 1
        return READER.list_files(home)

    def parse_lines(self, objects: Iterable[dict[str, Any]]) -> Parsed:
        return READER.parse_lines(objects)


@pytest.fixture
def reader() -> Counting:
    return Counting()


@pytest.fixture
def site(home: Home, reader: Counting, tmp_path: Path) -> Site:
    project = tmp_path / "shop"
    copy_fixture("01-seed-markers", project)
    sources = Sources(home.sources.home, home.sources.cache, reader=reader)
    desk = Desk(sources, read_prices(DEFAULT_TABLE))
    return Site(
        open_workspace=lambda: Workspace(str(project / ".workflow"), Environment()),
        open_desk=lambda with_git: desk,
        places=Places(str(tmp_path / "c"), str(tmp_path / "d"), str(tmp_path / "s")),
        directory=str(project),
    )


def list_threads(site: Site) -> Answer[list[str]]:
    def look(view: View) -> list[str]:
        return sorted(view.catalog.threads)

    return site.ask(look)


def test_the_first_question_reads_and_the_next_do_not(home: Home, site: Site) -> None:
    assert list_threads(site).value == [THREAD]
    home.put(f"{OTHER}.jsonl", [say("two")])
    assert list_threads(site).value == [THREAD]
    site.tell_change()
    assert list_threads(site).value == [THREAD, OTHER]


def test_of_ten_that_ask_after_a_change_one_reads(home: Home, reader: Counting, site: Site) -> None:
    list_threads(site)
    home.put(f"{OTHER}.jsonl", [say("two")])
    site.tell_change()
    together = Barrier(10)

    def ask(_: int) -> Answer[list[str]]:
        together.wait()
        return list_threads(site)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, range(10)))
    assert sum(one.refreshed.read for one in answers) == 1
    assert reader.looks == 2
    assert all(one.value == [THREAD, OTHER] for one in answers)


def test_a_change_that_could_not_be_read_is_read_by_the_next(
    home: Home, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_threads(site)
    home.put(f"{OTHER}.jsonl", [say("two")])
    site.tell_change()
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    with closing(sqlite3.connect(site.open_desk(False).sources.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = list_threads(site)
    assert answer.value == [THREAD]
    assert "this is what it has so far" in answer.notes[0]
    assert list_threads(site).value == [THREAD, OTHER]


def test_an_index_that_somebody_deleted_is_made_anew(site: Site) -> None:
    list_threads(site)
    Path(site.open_desk(False).sources.path).unlink()
    assert list_threads(site).value == [THREAD]


def test_a_stamp_tells_a_touch_in_the_root_and_what_was_told(site: Site) -> None:
    stamps = [site.stamp()]
    workspace = site.open_workspace()
    assert workspace is not None
    Path(workspace.root, ".active-WFS-oauth-integration").touch()
    stamps.append(site.stamp())
    site.tell_change()
    stamps.append(site.stamp())
    assert len(set(stamps)) == 3
    assert site.stamp() == stamps[-1]
