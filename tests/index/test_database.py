"""Whatever becomes of the index's file, the question is answered, or fails with one sentence."""

import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wf import make_environment
from tests.indexing import HOLD_LOCK, Home, beside, say
from wfsession.errors import IndexUnavailable
from wfsession.index.ask import Answer
from wfsession.index.database import open_index
from wfsession.index.refresh import Progress

KEYS = "SELECT key FROM responses ORDER BY key"


def ask_keys(home: Home, **more: Any) -> Answer[list[tuple[str]]]:
    return home.ask(lambda index: index.execute(KEYS).fetchall(), **more)


@pytest.fixture
def home(home: Home) -> Home:
    home.put("one.jsonl", [say("m1")])
    ask_keys(home)
    return home


@pytest.fixture
def file(home: Home) -> Path:
    return Path(home.sources.path)


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(statement)


def test_only_its_owner_may_read_it(home: Home, file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_it_is_kept_from_one_question_to_the_next(home: Home, file: Path) -> None:
    inode = file.stat().st_ino
    assert ask_keys(home).refreshed.read == 0
    assert file.stat().st_ino == inode


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version = 999",
        "PRAGMA user_version = 0",
        "ALTER TABLE files DROP COLUMN last_words",
        "DROP INDEX files_by_thread",
        "DROP TABLE git_spans",
        "DROP TABLE words",
    ],
)
def test_one_of_another_version_is_made_anew(home: Home, file: Path, statement: str) -> None:
    change(file, statement)
    answer = ask_keys(home)
    assert (answer.value, answer.refreshed.read, answer.notes) == ([("m1",)], 1, ())


@pytest.mark.parametrize("keep_bytes", [0, 10, 100, 5000, 20_000])
@pytest.mark.parametrize("fill", [b"", b"\0", b"x"])
def test_one_that_is_damaged_is_made_anew(
    home: Home, file: Path, keep_bytes: int, fill: bytes
) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:keep_bytes] + fill * (len(data) - keep_bytes))
    assert ask_keys(home).value == [("m1",)]


def test_damage_that_only_the_question_finds_is_no_obstacle(home: Home, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'responses'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)
    answer = ask_keys(home)
    assert (answer.value, answer.refreshed.read, answer.notes) == ([("m1",)], 1, ())


def test_what_somebody_else_made_is_set_aside(home: Home, file: Path) -> None:
    file.unlink()
    change(file, "CREATE TABLE recipes(name); INSERT INTO recipes VALUES('soup')")
    assert ask_keys(home).value == [("m1",)]
    with closing(sqlite3.connect(f"{file}.aside")) as connection:
        assert connection.execute("SELECT name FROM recipes").fetchall() == [("soup",)]


def test_it_may_be_deleted_while_it_is_asked(home: Home, file: Path) -> None:
    def delete(index: sqlite3.Connection) -> list[tuple[str]]:
        for path in file.parent.iterdir():
            path.unlink()
        return index.execute(KEYS).fetchall()

    assert home.ask(delete).value == [("m1",)]
    assert ask_keys(home).refreshed.read == 1


def test_a_directory_in_its_place_is_told_of_and_the_question_answered(
    home: Home, file: Path
) -> None:
    file.unlink()
    file.mkdir()
    answer = ask_keys(home)
    assert answer.value == [("m1",)]
    assert str(file) in answer.notes[0]
    assert file.is_dir()


def test_a_cache_that_is_a_file_is_told_of_and_the_question_answered(home: Home) -> None:
    cache = Path(home.sources.cache)
    cache.rename(cache.with_name("aside"))
    cache.write_text("mine")
    answer = ask_keys(home)
    assert answer.value == [("m1",)]
    assert len(answer.notes) == 1
    assert cache.read_text() == "mine"


def test_who_cannot_write_it_says_what_is_the_matter(home: Home, file: Path) -> None:
    file.unlink()
    file.mkdir()
    with pytest.raises(IndexUnavailable) as caught:
        open_index(str(file))
    assert str(file) in str(caught.value)
    assert caught.value.hint


def test_readers_go_on_while_somebody_holds_it(home: Home, file: Path) -> None:
    home.append("one.jsonl", [say("m2")])
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("wfsession.index.database.BUSY_S", 0.05)
            answer = ask_keys(home)
        other.execute("ROLLBACK")
    assert answer.value == [("m1",)]
    assert "so far" in answer.notes[0]
    assert ask_keys(home).value == [("m1",), ("m2",)]


def test_who_waits_too_long_for_another_refresh_goes_on_without(home: Home, file: Path) -> None:
    home.append("one.jsonl", [say("m2")])
    with beside(HOLD_LOCK, f"{file}.refresh.lock"):
        told: list[Progress] = []
        answer = ask_keys(home, wait_s=0.05, watch=told.append)
    assert answer.value == [("m1",)]
    assert "another process" in answer.notes[0]
    assert told == [Progress(is_waiting=True)]
    assert ask_keys(home).value == [("m1",), ("m2",)]


FULL = f"""
import resource, signal, sys
from wfsession.index.ask import Sources, ask
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), {resource.RLIM_INFINITY}))
answer = ask(Sources(*sys.argv[1:3]), lambda index: index.execute({KEYS!r}).fetchall())
print(len(answer.value), *answer.notes)
"""


@pytest.mark.parametrize("size_bytes", [0, 5_000, 100_000])
def test_a_disk_that_is_full_is_told_of_and_the_question_answered(
    home: Home, size_bytes: int
) -> None:
    home.put("two.jsonl", [say(f"n{number}", "long " * 500) for number in range(200)])
    done = subprocess.run(
        [sys.executable, "-c", FULL, home.sources.home, home.sources.cache, str(size_bytes)],
        env=make_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("201 the index cannot be used")
    assert len(ask_keys(home).value) == 201


def test_a_question_may_be_asked_without_a_look_at_the_files(home: Home) -> None:
    home.append("one.jsonl", [say("m2")])
    assert ask_keys(home, refresh=False).value == [("m1",)]
