"""Healing by itself: what is put right before a command begins, what must wait, and what is left.

Times are set, never waited for: what is `OLD` is settled by any clock, what is younger than a
minute (or, for a record, than two seconds) is not.
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import wfsession
from tests.hands import count_calls, play, run_in_child
from tests.selfheal import CUT, GONE, arrive, list_attic, make_orphan, see, spoil_record
from tests.trees_disk import (
    OLD_NS,
    RECORD,
    add_session,
    age,
    list_files,
    list_leftovers,
    list_markers,
    make_usual_root,
    mark,
    photograph,
    read_json,
    settle,
    write_old,
)
from wfsession.core import selfheal
from wfsession.errors import SessionNotFound
from wfsession.workspace import open_workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_usual_root(tmp_path)


# What is healed.


def test_where_nothing_is_wrong_the_root_is_listed_once_and_nothing_is_opened_for_writing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = photograph(root)
    workspace = open_workspace(root)
    calls = count_calls(monkeypatch, "list_names", "read", "open_lock_file", "child")
    arrival = workspace.arrive()
    # Twice listed: the root, and the session's directory.
    assert sorted(calls) == ["child", "list_names", "list_names", "read"]
    assert arrival.session is not None
    assert (arrival.session.name, arrival.healed) == ("WFS-a", "")
    assert photograph(root) == before


def test_what_must_wait_costs_no_call_either(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    age(make_orphan(root), 5)
    workspace = open_workspace(root)
    calls = count_calls(monkeypatch, "list_names", "read", "open_lock_file", "child")
    assert workspace.arrive().healed == ""
    assert sorted(calls) == ["child", "list_names", "list_names", "read"]


def test_an_orphan_is_removed_and_named(root: Path) -> None:
    make_orphan(root)
    assert arrive(root).healed == f"healed by itself: {GONE} named no directory and was removed"
    assert list_markers(root) == [".active-WFS-a"]
    assert list_leftovers(root) == []


def test_an_orphan_with_bytes_in_it_goes_to_the_attic(root: Path) -> None:
    mark(root, "WFS-gone", data=b"a note of mine")
    healed = arrive(root).healed
    assert f"{GONE} named no directory and was moved to .workflow/.attic/" in healed
    assert list_attic(root) == [b"a note of mine"]


def test_a_corrupt_record_is_put_together_again_and_read(root: Path) -> None:
    spoil_record(root)
    arrival = arrive(root)
    assert arrival.session is not None
    assert arrival.session.record is not None
    assert (arrival.session.title, arrival.session.state) == ("Kept", "active")
    assert read_json(root / "WFS-a")["their_own"] == 1
    assert list_attic(root) == [CUT]
    assert f"WFS-a/{RECORD} was damaged" in arrival.healed
    (box,) = (root / ".attic").iterdir()
    assert arrival.healed.endswith(f"what there was is in .workflow/.attic/{box.name}")


def test_all_that_was_healed_is_one_line(root: Path) -> None:
    make_orphan(root)
    mark(root, "WFS-gone-too")
    spoil_record(root)
    healed = arrive(root).healed
    assert healed.count("; ") == 3
    assert "\n" not in healed
    assert open_workspace(root).diagnose() == ()


def test_a_second_arrival_has_nothing_to_heal(root: Path) -> None:
    make_orphan(root)
    spoil_record(root)
    assert arrive(root).healed
    seen = photograph(settle(root))
    assert arrive(root).healed == ""
    assert photograph(root) == seen


def test_a_root_that_no_writer_has_been_in_is_healed_too(root: Path) -> None:
    make_orphan(root)
    assert not (root / ".wf").exists()
    assert arrive(root).healed


def test_without_an_active_session_orphans_go_all_the_same(root: Path) -> None:
    make_orphan(root)
    (root / ".active-WFS-a").unlink()
    settle(root)
    arrival = arrive(root)
    assert arrival.session is None
    assert list_markers(root) == []


def test_of_the_records_only_that_of_the_session_that_is_meant_is_looked_at(root: Path) -> None:
    other = spoil_record(root, "WFS-b")
    make_orphan(root)
    assert "WFS-b" not in arrive(root).healed
    assert other.read_bytes() == CUT
    assert "WFS-b" in arrive(root, "WFS-b").healed
    assert read_json(root / "WFS-b")["status"] == "paused"


def test_an_archived_session_that_is_named_is_healed_where_it_is(root: Path) -> None:
    spoil_record(root, "completed/WFS-old")
    arrival = arrive(root, "WFS-old")
    assert arrival.session is not None
    assert arrival.session.state == "archived"
    assert f"completed/WFS-old/{RECORD} was damaged" in arrival.healed


def test_several_markers_and_all_else_is_left_to_the_doctor(root: Path) -> None:
    mark(root, "WFS-b", age_s=7200)
    write_old(root / ".active-WFS-a~", b"")
    (root / "WFS-c" / RECORD).unlink()
    write_old(root / "WFS-a" / RECORD, b'{"session_id": "WFS-x", "progress": 5}')
    settle(root)
    before = photograph(root)
    assert arrive(root).healed == ""
    (root / "WFS-a" / RECORD).unlink()
    assert arrive(root).healed == ""
    assert photograph(root / "WFS-b") == {
        name.removeprefix("WFS-b/") if name != "WFS-b" else ".": what
        for name, what in before.items()
        if name.startswith("WFS-b")
    }


# What must wait.


def test_a_marker_that_is_delivered_before_its_directory_waits_for_it(root: Path) -> None:
    # A tool that synchronises folders keeps the times of what it delivers.
    write_old(root / GONE, b"")
    age(root, 5)
    assert arrive(root).healed == ""
    assert GONE in list_markers(root)
    # The minute is not over: its directory comes, with a marker that is newer than all others.
    add_session(root, "WFS-gone", "active")
    os.utime(root / GONE, ns=(OLD_NS, OLD_NS))
    age(root, 1)
    session = arrive(root).session
    assert session is not None
    assert session.name == "WFS-gone"


@pytest.mark.parametrize(
    ("marker_s", "root_s", "goes"),
    [
        (90, 90, True),
        (30, 90, False),
        (90, 30, False),
        (-30, 90, False),
        (90, -30, False),
        (-3600, 90, False),
    ],
)
def test_an_orphan_goes_only_if_marker_and_root_are_unchanged_for_a_minute(
    root: Path, marker_s: float, root_s: float, goes: bool
) -> None:
    age(make_orphan(root), marker_s)
    age(root, root_s)
    arrive(root)
    assert (GONE not in list_markers(root)) is goes


@pytest.mark.parametrize(("record_s", "heals"), [(20, True), (0.5, False), (-60, False)])
def test_a_corrupt_record_is_healed_only_if_it_is_unchanged_for_two_seconds(
    root: Path, record_s: float, heals: bool
) -> None:
    age(spoil_record(root), record_s)
    assert bool(arrive(root).healed) is heals
    assert (list_attic(root) == [CUT]) is heals


def test_the_clock_of_the_file_system_counts_where_ours_is_ahead_of_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(make_orphan(root), 5)
    age(root, 5)
    age(spoil_record(root), -5)
    ahead = SimpleNamespace(time_ns=lambda: time.time_ns() + 3600 * 10**9)
    monkeypatch.setattr(selfheal, "time", ahead)
    before = see(root)
    assert arrive(root).healed == ""
    assert see(root) == {**before, ".gitignore": see(root)[".gitignore"]}
    assert list_leftovers(root) == []


# What moved since it was looked at.


def touch(root: Path) -> None:
    os.utime(root / GONE)


def deliver_anew(root: Path) -> None:
    # Under its old name and time, as a tool that synchronises does it.
    write_old(root / "WFS-b" / "new", b"")
    os.utime(root / "WFS-b" / "new", ns=(OLD_NS - 3600 * 10**9,) * 2)
    os.replace(root / "WFS-b" / "new", root / GONE)


def deliver_directory(root: Path) -> None:
    (root / "WFS-gone").mkdir()


def deliver_directory_for_file(root: Path) -> None:
    (root / "WFS-gone").unlink()
    (root / "WFS-gone").mkdir()


def deliver_another(root: Path) -> None:
    (root / "WFS-next").mkdir()


@pytest.mark.parametrize(
    "act", [touch, deliver_anew, deliver_directory, deliver_directory_for_file, deliver_another]
)
@pytest.mark.parametrize("moment", ["lock", "clock"])
def test_an_orphan_stays_if_anything_moved_before_the_lock_was_ours(
    root: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[Path], None], moment: str
) -> None:
    if act is deliver_directory_for_file:
        write_old(root / "WFS-gone", b"a file")
    make_orphan(root)
    verb = {"lock": "open_lock_file", "clock": "create_marker"}[moment]
    played = play(monkeypatch, verb, lambda: act(root), name=moment)
    assert arrive(root).healed == ""
    assert played
    assert (root / GONE).exists()


def test_an_orphan_that_goes_meanwhile_is_nobodys(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_orphan(root)
    mark(root, "WFS-gone-too")
    # The names are read before.
    play(monkeypatch, "unlink", (root / ".active-WFS-gone-too").unlink, name=GONE)
    assert "gone-too" not in arrive(root).healed
    assert list_markers(root) == [".active-WFS-a"]


def rewrite_in_place(record: Path) -> None:
    write_old(record, b'{"project": "Cut elsewhere')


def rewrite_with_as_many_bytes(record: Path) -> None:
    # Nothing but the bytes tells.
    write_old(record, CUT.replace(b"Kept", b"Kemp"))


def finish_writing(record: Path) -> None:
    record.write_bytes(b'{"session_id": "WFS-a", "status": "active"}')


def replace(record: Path) -> None:
    write_old(record.with_name("new"), CUT)
    os.replace(record.with_name("new"), record)


def take_away(record: Path) -> None:
    record.unlink()


EARLY, LATE = ("create_marker", "clock"), ("create", "record-")


@pytest.mark.parametrize(
    ("act", "verb", "name"),
    [
        (rewrite_with_as_many_bytes, *EARLY),
        *((act, *EARLY) for act in (rewrite_in_place, finish_writing, replace, take_away)),
        *((act, *LATE) for act in (rewrite_in_place, finish_writing, replace, take_away)),
    ],
)
def test_a_record_that_is_another_one_in_the_second_reading_is_left_alone(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Path], None],
    verb: str,
    name: str,
) -> None:
    record = spoil_record(root)
    play(monkeypatch, verb, lambda: act(record), name=name)
    assert arrive(root).healed == ""
    after = list_files(root)
    act(spoil_record(root))
    assert list_files(root) == after


def test_a_record_that_went_before_the_first_reading_under_the_lock_is_nobodys(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = spoil_record(root)
    play(monkeypatch, "open_lock_file", record.unlink, name="lock")
    assert arrive(root).healed == ""
    assert not record.exists()


def test_a_record_that_was_touched_before_the_lock_was_ours_is_left_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = spoil_record(root)
    play(monkeypatch, "open_lock_file", lambda: age(record, 5), name="lock")
    assert arrive(root).healed == ""
    assert record.read_bytes() == CUT


def test_a_session_that_goes_meanwhile_is_an_error_as_ever(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = root.parent / "away"
    play(monkeypatch, "child", lambda: (root / "WFS-a").rename(away), name="WFS-a")
    with pytest.raises(SessionNotFound):
        arrive(root)


def test_two_that_arrive_at_once_heal_it_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil_record(root)
    # Else it is the first that moves the root, so that the second waits for its minute.
    (root / ".wf" / "tmp").mkdir(parents=True)
    make_orphan(root)
    play(monkeypatch, "open_lock_file", lambda: run_in_child(lambda: arrive(root)), name="lock")
    assert arrive(root).healed == ""
    assert list_attic(root) == [CUT]
    assert list_markers(root) == [".active-WFS-a"]


# What the library says.


def test_enter_heals_and_says_so_by_logging(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_orphan(root)
    spoil_record(root)
    with wfsession.enter("review", root) as context:
        assert context.record is not None
        assert context.record.title == "Kept"
    (said,) = caplog.records
    assert (said.name, said.levelno) == ("wfsession", logging.WARNING)
    assert said.getMessage().startswith("healed by itself: ")


def test_enter_says_nothing_where_nothing_was_healed(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with wfsession.enter("review", root):
        pass
    assert caplog.records == []
