"""Only what changed is opened, what cannot be read stops nothing, and what breaks off can go on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wf import make_environment
from tests.indexing import Home, age, ask_for, dump_rebuilt, say
from tests.transcripts import encode, line
from wfsession.index import ahead, refresh, rows
from wfsession.index.refresh import Progress
from wfsession.threads.lines import open_lines

NOTHING = "SELECT 1"


def read_keys(home: Home) -> list[str]:
    sql = "SELECT key FROM responses WHERE counts = 1 ORDER BY key"
    return [key for (key,) in home.ask(lambda index: index.execute(sql).fetchall()).value]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that a refresh opens, as it does."""
    paths: list[str] = []

    def note(path: str) -> Any:
        paths.append(os.path.basename(path))
        return open_lines(path)

    monkeypatch.setattr(refresh, "open_lines", note)
    return paths


def test_a_file_that_is_as_known_is_not_opened(home: Home, opened: list[str]) -> None:
    home.put("one.jsonl", [say("m1")])
    home.put("two.jsonl", [say("m2")])
    assert read_keys(home) == ["m1", "m2"]
    opened.clear()
    home.append("two.jsonl", [say("m3")])
    assert read_keys(home) == ["m1", "m2", "m3"]
    assert opened == ["two.jsonl"]
    assert home.ask(lambda _: None).refreshed.read == 0


def test_of_a_file_that_grew_only_what_is_new_is_read(home: Home) -> None:
    home.put("one.jsonl", [say("m1", "long " * 10_000)])
    home.ask(lambda _: None)
    added = encode([say("m2")])
    home.append("one.jsonl", added)
    assert home.ask(lambda _: None).refreshed.size_bytes == len(added)


def test_a_file_that_was_replaced_by_a_longer_one_is_read_anew(home: Home) -> None:
    path = home.put("one.jsonl", [say("m1"), say("m2")])
    read_keys(home)
    inode = path.stat().st_ino
    path.write_bytes(encode([say("n1", "quite another"), say("n2"), say("n3")]))
    age(path)
    assert path.stat().st_ino == inode
    assert read_keys(home) == ["n1", "n2", "n3"]


def test_a_file_that_was_written_within_one_tick_is_looked_at_again(home: Home) -> None:
    path = home.file("one.jsonl")
    path.write_bytes(encode([say("m1")]))
    status = path.stat()
    assert read_keys(home) == ["m1"]
    path.write_bytes(encode([say("m2")]))
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    assert read_keys(home) == ["m2"]


@pytest.mark.parametrize("ahead_s", [60, 400_000_000])
def test_a_clock_that_goes_ahead_is_no_reason_to_miss_anything(home: Home, ahead_s: int) -> None:
    path = home.put("one.jsonl", [say("m1")])
    moment = time.time() + ahead_s
    os.utime(path, (moment, moment))
    assert read_keys(home) == ["m1"]
    home.append("one.jsonl", [say("m2")])
    os.utime(path, (moment, moment))
    assert read_keys(home) == ["m1", "m2"]


def test_what_arrives_late_with_an_old_time_is_read(home: Home) -> None:
    home.put("one.jsonl", [say("m1")])
    read_keys(home)
    os.utime(home.put("two.jsonl", [say("m2")]), (1, 1))
    assert read_keys(home) == ["m1", "m2"]


def test_the_last_line_of_a_response_counts_in_whichever_file_it_is(home: Home) -> None:
    lines = [say("m1", output=9, second=2), say("m1", output=4, second=1)]
    for name, one in zip(("one.jsonl", "../-home-sam-copy/one.jsonl"), lines, strict=True):
        home.put(name, [one])
    sql = "SELECT output FROM responses WHERE counts = 1"
    assert home.ask(lambda index: index.execute(sql).fetchall()).value == [(9,)]
    home.file("one.jsonl").unlink()
    assert home.ask(lambda index: index.execute(sql).fetchall()).value == [(4,)]


def test_one_key_in_two_threads_is_two_responses(home: Home) -> None:
    home.put("one.jsonl", [say("m1")])
    home.put("two.jsonl", [say("m1")])
    assert read_keys(home) == ["m1", "m1"]


def test_a_home_that_is_not_there_has_nothing(home: Home) -> None:
    home.project.rmdir()
    home.project.parent.rmdir()
    assert read_keys(home) == []
    home.path.rmdir()
    assert read_keys(home) == []


def test_what_cannot_be_read_keeps_its_rows_and_is_told_of_and_tried_again(home: Home) -> None:
    home.put("one.jsonl", [say("m1")])
    home.put("two.jsonl", [say("m2")])
    read_keys(home)
    path = home.file("one.jsonl")
    path.rename(home.file("aside"))
    os.mkfifo(path)
    answer = home.ask(lambda _: None)
    assert [problem.path for problem in answer.refreshed.problems] == [str(path)]
    path.unlink()
    home.file("aside").rename(path)
    assert read_keys(home) == ["m1", "m2"]


@pytest.mark.parametrize("bad", [b"\xff\xfe{", b"null", b"", b'{"status": "comp'])
def test_a_bad_file_stops_nothing_and_is_read_when_it_is_good(home: Home, bad: bytes) -> None:
    home.put("one.jsonl", [say("m1")])
    snapshot = home.put("one/workflows/wf_1-a.json", bad)
    answer = home.ask(lambda index: index.execute("SELECT path, error FROM files").fetchall())
    assert (str(snapshot), "is no object of JSON") in answer.value
    assert [one.path for one in answer.refreshed.problems] == [str(snapshot)]
    home.put("one/workflows/wf_1-a.json", b'{"status": "completed"}')
    sql = "SELECT status, files.error FROM runs JOIN files ON files.id = file"
    assert home.ask(lambda index: index.execute(sql).fetchall()).value == [("completed", "")]


def test_a_disk_that_fails_in_the_midst_of_a_file_leaves_no_half_of_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.put("one.jsonl", [say("m1")])

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(rows, "hash_tail", fail)
        answer = home.ask(lambda index: index.execute("SELECT key FROM responses").fetchall())
        assert answer.value == []
        assert answer.refreshed.problems[0].reason == "Input/output error"
    assert home.dump() == dump_rebuilt(home)
    assert read_keys(home) == ["m1"]


def test_it_says_how_far_it_is(home: Home) -> None:
    for number in range(3):
        home.put(f"{number}.jsonl", [say("m1")])
    told: list[Progress] = []
    home.ask(lambda _: None, watch=told.append)
    size = sum(path.stat().st_size for path in home.project.iterdir())
    assert told[-1] == Progress(3, 3, size, size)


def test_it_says_so_before_a_batch_is_done(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "_STEP_BYTES", 1)
    for number in range(3):
        home.put(f"{number}.jsonl", [say("m1")])
    told: list[int] = []
    home.ask(lambda _: None, watch=lambda progress: told.append(progress.files))
    assert told == [1, 2, 3, 3]


def test_what_is_broken_off_leaves_whole_files_and_goes_on(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_BATCH_FILES", 1)
    for number in range(3):
        home.put(f"{number}.jsonl", [say("m1")])

    def interrupt(progress: Progress) -> None:
        if progress.files == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        home.ask(lambda _: None, watch=interrupt)
    kept = home.ask(lambda index: index.execute("SELECT key FROM responses").fetchall())
    assert kept.refreshed.read == 1
    assert home.dump() == dump_rebuilt(home)


KILLED = """
import os, signal, sys
from wfsession.index import ahead, refresh, rows
from wfsession.index.ask import Sources, ask
took = refresh._Refresh._take
def take(self, *task):
    if self._read == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return took(self, *task)
refresh._Refresh._take = take
ahead._BATCH_FILES = 3
ask(Sources(*sys.argv[1:]), lambda _: None)
"""


def test_who_is_killed_in_the_midst_leaves_an_index_that_goes_on(home: Home) -> None:
    for number in range(6):
        home.put(f"{number}.jsonl", [say("m1")])
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, home.sources.home, home.sources.cache],
        check=False,
        env=make_environment(),
    )
    assert killed.returncode == -signal.SIGKILL
    answer = home.ask(lambda _: None)
    assert answer.refreshed.read == 3
    assert home.dump() == dump_rebuilt(home)


@pytest.fixture
def much_to_read(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return a home that other processes read ahead."""
    monkeypatch.setattr(ahead, "_MUCH_BYTES", 0)
    monkeypatch.setattr(ahead, "_BATCH_FILES", 3)
    monkeypatch.setattr(ahead, "_LONG_BYTES", 2_000)
    monkeypatch.setattr("threading.active_count", lambda: 1)
    for number in range(10):
        home.put(f"{number}.jsonl", [say(f"m{number}", "long " * 50 * number), ask_for("x")])
    return home


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all is read by one process")
def test_what_other_processes_read_is_the_same(much_to_read: Home) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rows, "read_batches", None)
        with pytest.raises(TypeError):
            much_to_read.ask(lambda _: None)
    assert much_to_read.dump() == dump_rebuilt(much_to_read)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all is read by one process")
def test_that_other_processes_end_is_no_obstacle(much_to_read: Home) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ahead, "read_transcript", lambda *_: os._exit(1))
        assert len(read_keys(much_to_read)) == 10
    assert much_to_read.dump() == dump_rebuilt(much_to_read)


def test_a_file_of_two_gigabytes_with_nothing_in_it_is_passed_over(home: Home) -> None:
    with home.put("one.jsonl", [say("m1")]).open("ab") as file:
        file.truncate(2 << 30)
    with home.put("two.jsonl", [say("m2")]).open("ab") as file:
        file.write(b'"' + b"x" * 100_000_000 + b'"\n' + encode([say("m3")]))
    assert read_keys(home) == ["m1", "m2", "m3"]


def test_a_home_behind_a_link_is_the_same_home(home: Home, tmp_path: Path) -> None:
    home.put("one.jsonl", [say("m1")])
    link = tmp_path / "link"
    link.symlink_to(home.path)
    assert type(home.sources)(str(link), home.sources.cache).path == home.sources.path


def test_a_name_that_is_no_utf_8_is_told_of(home: Home) -> None:
    home.put("one.jsonl", [say("m1")])
    with open(os.fsencode(home.project) + b"/\xff.jsonl", "wb") as file:
        file.write(encode([say("m2")]))
    answer = home.ask(lambda index: index.execute("SELECT key FROM responses").fetchall())
    assert answer.value == [("m1",)]
    assert "no UTF-8" in answer.refreshed.problems[0].reason


def test_nul_characters_and_surrogates_are_no_obstacle(home: Home) -> None:
    home.put("one.jsonl", [say("m1", "before\0after"), ask_for("x"), line("novel")])
    home.append("one.jsonl", b'{"type":"user","message":{"content":"\\ud800"}}\n')
    sql = "SELECT text FROM messages ORDER BY id"
    found = [words for (words,) in home.ask(lambda index: index.execute(sql).fetchall()).value]
    assert found == ["before after", "x"]
