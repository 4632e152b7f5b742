"""Bad files, a bad machine, an index that others hold: questions are answered, and it is said."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

import wfsession
from tests.cli.wf import make_environment
from tests.faults.test_real_disks import mount
from tests.indexing import Home, beside, say
from tests.transcripts import encode
from wfsession.index import database
from wfsession.index.runs import list_runs
from wfsession.index.subagents import list_subagents
from wfsession.index.threads import read_catalog
from wfsession.index.unfinished import list_unfinished
from wfsession.index.usage import Usage, sum_usage
from wfsession.threads.prices import read_prices

PRICES = read_prices()
KEYS = "SELECT key FROM responses WHERE counts = 1 ORDER BY key"
AGENTS = ("a1a1a1a1a1a1a1a1", "b2b2b2b2b2b2b2b2")


def read_keys(home: Home, **more: Any) -> tuple[list[str], tuple[str, ...]]:
    """Return the keys of what was answered, and what is said beside."""
    answer = home.ask(lambda index: index.execute(KEYS).fetchall(), **more)
    said = (*answer.notes, *(f"{one.path}: {one.reason}" for one in answer.refreshed.problems))
    return [key for (key,) in answer.value], said


# Reads all, then loses the right to read one directory, as somebody who is not root.
FORBIDDEN = f"""
import os, sys
from wfsession.index.ask import Sources, ask
home, cache, folder, other = sys.argv[1:]
def tell():
    answer = ask(Sources(home, cache), lambda index: index.execute({KEYS!r}).fetchall())
    print(*(key for (key,) in answer.value), *answer.notes)
    print(*(f"{{one.path}}: {{one.reason}}" for one in answer.refreshed.problems), sep=", ")
tell()
os.chmod(folder, 0)
if os.geteuid() == 0:
    for place, _, names in os.walk(cache):
        os.chown(place, 65534, -1)
        for name in names:
            os.chown(os.path.join(place, name), 65534, -1)
    os.chmod(other, 0o666)
    os.seteuid(65534)
with open(other, "ab") as file:
    file.write(sys.stdin.buffer.read())
tell()
"""


@pytest.fixture
def open_home() -> Iterator[Home]:
    """Return a home that any user may walk into."""
    folder = Path(tempfile.mkdtemp(prefix="index-for-all-"))
    folder.chmod(0o755)
    yield Home(folder)
    subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=True)
    shutil.rmtree(folder)


def test_of_a_directory_that_may_not_be_read_what_was_known_stays(open_home: Home) -> None:
    home = open_home
    secret = home.put("../-secret/one.jsonl", [say("m1")])
    other = home.put("two.jsonl", [say("m2")])
    words = (home.sources.home, home.sources.cache, secret.parent.resolve(), other)
    done = subprocess.run(
        [sys.executable, "-c", FORBIDDEN, *map(str, words)],
        env=make_environment(),
        input=encode([say("m3")]),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().splitlines() == [
        "m1 m2",
        "",
        "m1 m2 m3",
        f"{home.project.parent}/-secret: Permission denied",
    ]


PEAK = """
import sys
from wfsession.index.ask import Sources, ask
from wfsession.index.verify import read_status
status = ask(Sources(*sys.argv[1:]), read_status).value
rows = dict(status.rows)
with open("/proc/self/status") as file:
    print(next(line.split()[1] for line in file if line.startswith("VmHWM")))
print(rows["responses"], status.skipped)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_a_line_of_200_megabytes_is_counted_and_never_held(home: Home) -> None:
    with home.put("one.jsonl", [say("m1")]).open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b'{"a":"')
        file.seek(200_000_000, os.SEEK_CUR)
        file.write(b'"}\n' + encode([say("m2")]))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, home.sources.home, home.sources.cache],
        env=make_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    peak_kb, responses, skipped = map(int, done.stdout.split())
    assert (responses, skipped) == (2, 1)
    assert peak_kb < 200_000


# As `PRAGMA locking_mode` has it, not even a reader gets in.
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.executescript("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT")
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


def test_an_index_that_another_process_keeps_to_itself_is_done_without(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.put("one.jsonl", [say("m1")])
    read_keys(home)
    home.append("one.jsonl", [say("m2")])
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    with beside(HOLD, home.sources.path):
        keys, (said,) = read_keys(home)
    assert keys == ["m1", "m2"]
    assert "locked" in said
    assert home.sources.path in said
    assert read_keys(home) == (["m1", "m2"], ())


@pytest.mark.parametrize("size_kb", [8, 120, 400])
def test_on_a_disk_that_is_full_the_question_is_answered(
    home: Home, tmp_path: Path, size_kb: int
) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    if not mount(place, f"size={size_kb}k"):
        pytest.skip("capability mount: this user may not mount a file system here")
    try:
        home.put("one.jsonl", [say(f"m{number}", "long " * 300) for number in range(300)])
        home.sources = evolve(home.sources, cache=str(place / "cache"))
        keys, (said,) = read_keys(home)
        assert len(keys) == 300
        assert str(place) in said
        assert "\n" not in said
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_lock_that_cannot_be_taken_does_not_stop_a_question(home: Home) -> None:
    home.put("one.jsonl", [say("m1")])
    read_keys(home)
    lock = Path(f"{home.sources.path}.refresh.lock")
    lock.unlink()
    lock.mkdir()
    keys, (said,) = read_keys(home)
    assert keys == ["m1"]
    assert str(lock) in said


def test_a_root_whose_name_is_no_utf_8_is_left_out_and_said_to_be(
    home: Home, tmp_path: Path
) -> None:
    place = os.fsdecode(os.fsencode(tmp_path) + b"/shop-\xff")
    os.mkdir(place)
    workspace = wfsession.init(place)
    workspace.create("One")
    held = Path(workspace.root, ".conversation")
    held.mkdir()
    (held / "pi--1.jsonl").write_bytes(encode([{"v": 1, "kind": "part", "text": "Hi"}]))
    home.with_roots(workspace.root)
    home.put("one.jsonl", [say("m1")])
    keys, (said,) = read_keys(home)
    assert keys == ["m1"]
    assert "shop-" in said
    assert "UTF-8" in said


def test_a_cache_whose_name_is_no_utf_8_has_an_index_as_any_other(
    home: Home, tmp_path: Path
) -> None:
    cache = os.fsdecode(os.fsencode(tmp_path) + b"/cache-\xff")
    home.sources = evolve(home.sources, cache=cache)
    home.put("one.jsonl", [say("m1")])
    assert read_keys(home) == (["m1"], ())
    assert os.path.isfile(home.sources.path)


@pytest.mark.parametrize(
    ("stamp", "day"),
    [
        ("9999-12-31T23:59:59.999999Z", "9999-12-31"),
        ("0001-01-01T00:00:00Z", "0001-01-01"),
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_the_first_and_the_last_day_of_the_calendar_are_days(
    home: Home, stamp: str, day: str, zone: str
) -> None:
    home.put("one.jsonl", [{**say("m1"), "timestamp": stamp}])

    def sum_days(index: sqlite3.Connection) -> Usage:
        return sum_usage(index, read_catalog(index), PRICES, "day", zone=ZoneInfo(zone))

    assert [row.key for row in home.ask(sum_days).value.rows] == [day]


def test_whether_a_run_goes_on_is_not_known_where_its_files_are_from_the_future(home: Home) -> None:
    folder = "one/subagents/workflows/wf_1-a"
    home.put("one.jsonl", [say("m1")])
    home.put(f"{folder}/journal.jsonl", [{"type": "started", "agentId": AGENTS[0], "key": "1"}])
    path = home.put(f"{folder}/agent-{AGENTS[0]}.jsonl", [say("m2")])
    now = datetime.fromtimestamp(path.stat().st_mtime, UTC) - timedelta(days=400)
    (entry,) = home.ask(lambda index: list_runs(index, read_catalog(index), now)).value
    assert (entry.run.status, entry.run.certain) == ("unknown", False)
    found = home.ask(lambda index: list_unfinished(index, read_catalog(index), now)).value
    assert {(one.kind, one.status) for one in found} == {("run", "unknown"), ("agent", "unknown")}


def test_subagents_that_are_each_others_parents_are_listed_and_summed(home: Home) -> None:
    home.put("one.jsonl", [say("m0", output=1)])
    for number, agent in enumerate(AGENTS):
        other = AGENTS[1 - number]
        home.put(f"one/subagents/agent-{agent}.jsonl", [say(f"m-{agent}", output=1)])
        meta = {"agentType": "Explore", "parentAgentId": other}
        home.put(f"one/subagents/agent-{agent}.meta.json", [meta])
    found = home.ask(lambda index: list_subagents(index, read_catalog(index), PRICES, "one")).value
    assert [one.link.agent for one in found] == list(AGENTS)
    assert {one.link.parent for one in found} == {None}
    usage = home.ask(lambda index: sum_usage(index, read_catalog(index), PRICES, "agent")).value
    assert usage.total.output_tokens == 3
