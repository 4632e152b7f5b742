"""A root read as a whole: the sample tree, the table of states, and what must not be read."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.conftest import FIXTURES
from tests.hands import fail, play
from tests.trees_disk import (
    RECORD,
    add_session,
    get,
    make_root,
    mark,
    read,
    settle,
    states,
    write_old,
)

EXPECTED = json.loads((FIXTURES / "01-seed-markers" / "EXPECT.json").read_bytes())


def test_the_sample_tree_reads_as_it_is_expected_to(seed_tree: Path) -> None:
    snapshot = wfsession.open(seed_tree).snapshot()
    here = [row.name for row in snapshot.sessions if row.location == "root"]
    archived = [row.name for row in snapshot.sessions if row.state == "archived"]
    found = {row.name: list(row.problems) for row in snapshot.sessions if row.problems}

    assert snapshot.active == EXPECTED["active"]
    assert here == EXPECTED["sessions"]
    assert archived == EXPECTED["archived"]
    assert found == {"WFS-user-profile": ["status-mismatch"]}
    assert wfsession.current(seed_tree) == EXPECTED["active"]


ACTIVE_LIKE = "active planning initialized implementing reviewing in_progress ready".split()


COMPLETED_LIKE = ["completed", "failed", "archived"]


OTHERS = ["paused", "interrupted", "", "made-up"]


def _mark_as(root: Path, marker: str) -> None:
    """Give WFS-x a marker that wins, or loses to another's, or none."""
    if marker != "none":
        mark(root, "WFS-x", age_s=60)
    if marker == "losing":
        add_session(root, "WFS-winner", "active")
        mark(root, "WFS-winner", age_s=0)


@pytest.mark.parametrize("status", [*ACTIVE_LIKE, *COMPLETED_LIKE, *OTHERS])
def test_the_winning_marker_makes_active_whatever_the_record_says(
    tmp_path: Path, status: str
) -> None:
    root = make_root(tmp_path)
    add_session(root, "WFS-x", status)
    _mark_as(root, "winning")

    row = get(root, "WFS-x")

    assert row.state == "active"
    assert row.problems == (() if status in ACTIVE_LIKE else ("status-mismatch",))


@pytest.mark.parametrize("marker", ["losing", "none"])
@pytest.mark.parametrize("status", COMPLETED_LIKE)
def test_without_the_winning_marker_a_completed_record_is_completed(
    tmp_path: Path, status: str, marker: str
) -> None:
    root = make_root(tmp_path)
    add_session(root, "WFS-x", status)
    _mark_as(root, marker)

    row = get(root, "WFS-x")

    assert row.state == "completed"
    assert ("several-markers" in row.problems) == (marker == "losing")
    assert ("archive-cut-short" in row.problems) == (status == "archived")


@pytest.mark.parametrize("marker", ["losing", "none"])
@pytest.mark.parametrize("status", [*ACTIVE_LIKE, *OTHERS])
def test_without_the_winning_marker_any_other_record_is_paused(
    tmp_path: Path, status: str, marker: str
) -> None:
    root = make_root(tmp_path)
    add_session(root, "WFS-x", status)
    _mark_as(root, marker)

    row = get(root, "WFS-x")

    assert row.state == "paused"
    assert ("several-markers" in row.problems) == (marker == "losing")
    assert ("status-mismatch" in row.problems) == (status in ACTIVE_LIKE)


def _remove(record: Path) -> None:
    record.unlink()


def _make_unsafe(record: Path) -> None:
    record.rename(record.with_name("elsewhere.json"))
    record.symlink_to("elsewhere.json")


def _make_directory(record: Path) -> None:
    record.unlink()
    record.mkdir()


def _make_fifo(record: Path) -> None:
    record.unlink()
    os.mkfifo(record)


def _make_socket(record: Path) -> None:
    record.unlink()
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        # The path of a socket may be hundred bytes long at the most.
        os.chdir(record.parent)
        server.bind(record.name)
        os.chdir(here)


def _make_huge(record: Path) -> None:
    with record.open("r+b") as file:
        file.truncate(100_000_000)


def _write(data: bytes) -> Callable[[Path], None]:
    return lambda record: write_old(record, data)


USELESS_RECORDS = [
    ("record-missing", _remove),
    ("record-unreadable", _make_unsafe),
    ("record-unreadable", _make_directory),
    ("record-unreadable", _make_fifo),
    ("record-unreadable", _make_socket),
    ("record-unreadable", _make_huge),
    ("record-corrupt", _write(b"")),
    ("record-corrupt", _write(b"\xff\xfe{}")),
    ("record-corrupt", _write(b'{"session_id": "WFS-x"')),
    ("record-corrupt", _write(b"[1]")),
    ("record-corrupt", _write(b"null")),
    ("record-corrupt", _write(b"[" * 100_000)),
    ("record-newer-schema", _write(b'{"schema_version": 2}')),
]


@pytest.mark.parametrize("marker", ["winning", "losing", "none"])
@pytest.mark.parametrize(("finding", "spoil"), USELESS_RECORDS)
def test_a_record_that_cannot_be_used_makes_a_bad_session_and_breaks_nothing(
    tmp_path: Path, finding: str, spoil: Callable[[Path], None], marker: str
) -> None:
    root = make_root(tmp_path, "WFS-other")
    spoil(add_session(root, "WFS-x") / RECORD)
    _mark_as(root, marker)

    snapshot = read(root)
    row = get(root, "WFS-x")

    assert (row.state, row.problems[0], row.record) == ("bad", finding, None)
    assert row.fault
    assert (snapshot.active == "WFS-x") == (marker == "winning")
    assert states(root)["WFS-other"] == "paused"


@pytest.mark.parametrize("marker", ["winning", "losing", "none"])
def test_a_field_of_a_wrong_type_leaves_the_state_as_it_is(tmp_path: Path, marker: str) -> None:
    root = make_root(tmp_path)
    add_session(root, "WFS-x", meta=[], type=7)
    _mark_as(root, marker)

    row = get(root, "WFS-x")

    assert row.state == ("active" if marker == "winning" else "paused")
    assert "record-wrong-type" in row.problems
    assert row.type == ""


@pytest.mark.parametrize("marker", ["winning", "losing", "none"])
def test_a_session_whose_archiving_was_cut_short_is_completed_unless_it_is_active(
    tmp_path: Path, marker: str
) -> None:
    root = make_root(tmp_path)
    (add_session(root, "WFS-x", "paused") / ".archiving").touch()
    _mark_as(root, marker)

    row = get(root, "WFS-x")

    assert row.state == ("active" if marker == "winning" else "completed")
    assert "archive-cut-short" in row.problems


@pytest.mark.parametrize("status", [*ACTIVE_LIKE, *COMPLETED_LIKE, *OTHERS])
def test_what_is_in_completed_is_archived(tmp_path: Path, status: str) -> None:
    root = make_root(tmp_path)
    add_session(root, "completed/WFS-x", status)

    row = get(root, "completed/WFS-x")

    assert row.state == "archived"
    assert row.problems == (() if status in COMPLETED_LIKE else ("status-mismatch",))
    assert states(root) == {"completed/WFS-x": "archived"}


@pytest.mark.parametrize(("finding", "spoil"), USELESS_RECORDS)
def test_an_archived_record_that_cannot_be_used_makes_a_bad_session(
    tmp_path: Path, finding: str, spoil: Callable[[Path], None]
) -> None:
    root = make_root(tmp_path)
    spoil(add_session(root, "completed/WFS-x") / RECORD)

    row = get(root, "completed/WFS-x")

    assert (row.state, row.problems) == ("bad", (finding,))


def test_a_marker_of_an_archived_session_is_an_orphan_and_activates_nothing(
    tmp_path: Path,
) -> None:
    root = make_root(tmp_path, "WFS-a", active="WFS-a")
    add_session(root, "completed/WFS-x", "completed")
    mark(root, "WFS-x", age_s=0)

    assert read(root).active == "WFS-a"
    row = get(root, "completed/WFS-x")
    assert (row.state, row.problems) == ("archived", ("orphaned-marker",))


def test_a_bad_archived_session_with_a_marker_is_archived_and_both_are_told(
    tmp_path: Path,
) -> None:
    root = make_root(tmp_path)
    write_old(add_session(root, "completed/WFS-x") / RECORD, b"{")
    mark(root, "WFS-x")

    row = get(root, "completed/WFS-x")
    assert (row.state, row.problems) == ("archived", ("record-corrupt", "orphaned-marker"))


def test_a_session_in_both_places_has_two_rows(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-x", active="WFS-x")
    add_session(root, "completed/WFS-x", "completed")

    rows = read(root).sessions

    assert [(row.location, row.state) for row in rows] == [
        ("root", "active"),
        ("completed", "archived"),
    ]
    assert all("duplicate-session" in row.problems for row in rows)
    assert all("orphaned-marker" not in row.problems for row in rows)


def test_a_marker_of_nothing_is_no_session_and_activates_nothing(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-a", active="WFS-a")
    mark(root, "WFS-gone", age_s=0)

    snapshot = read(root)

    assert snapshot.active == "WFS-a"
    assert [row.name for row in snapshot.sessions] == ["WFS-a"]
    assert [(marker.name, marker.is_candidate) for marker in snapshot.markers] == [
        ("WFS-a", True),
        ("WFS-gone", False),
    ]


@pytest.mark.parametrize("has_marker", [True, False])
def test_a_symlink_or_a_file_in_the_place_of_a_session_is_bad(
    tmp_path: Path, has_marker: bool
) -> None:
    root = make_root(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / RECORD).write_text('{"status": "paused"}')
    (root / "WFS-link").symlink_to(outside)
    (root / "WFS-broken").symlink_to("nowhere")
    (root / "WFS-file").touch()
    (root / "just-a-link").symlink_to(outside)
    if has_marker:
        mark(root, "WFS-link")
    settle(root)

    snapshot = read(root)

    assert snapshot.active is None
    assert {row.name: (row.state, row.problems) for row in snapshot.sessions} == {
        "WFS-link": ("bad", ("unsafe-session",)),
        "WFS-broken": ("bad", ("unsafe-session",)),
        "WFS-file": ("bad", ("unsafe-session",)),
    }


def test_what_has_no_record_and_no_marker_and_another_name_is_somebody_elses(
    tmp_path: Path,
) -> None:
    root = make_root(tmp_path, "WFS-a")
    for name in ["notes", "issues", ".lite-plan", "marked", "linked"]:
        (root / name).mkdir()
    (root / "linked" / RECORD).symlink_to("../WFS-a/" + RECORD)
    (root / "odd").mkdir()
    (root / "odd" / RECORD).mkdir()
    add_session(root, "plain-name")
    mark(root, "marked")

    assert states(root) == {"WFS-a": "paused", "plain-name": "paused", "marked": "bad"}
    assert read(root).active == "marked"


def test_a_session_that_may_not_be_opened_is_listed_as_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path, "WFS-a", "WFS-b")
    add_session(root, "secret")
    for name in ("WFS-a", "secret"):
        fail(monkeypatch, 13, "child", name=name)

    assert states(root) == {"WFS-a": "bad", "WFS-b": "paused"}
    assert get(root, "WFS-a").problems == ("record-unreadable",)


def test_a_record_that_may_not_be_read_is_listed_as_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path, "WFS-a")
    fail(monkeypatch, 13, "read", name=RECORD)

    assert get(root, "WFS-a").problems == ("record-unreadable",)


def test_completed_that_is_no_directory_holds_nothing(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    add_session(outside, "WFS-x", "completed")
    root = make_root(tmp_path, "WFS-a")
    (root / "completed").symlink_to(outside)

    assert states(root) == {"WFS-a": "paused"}


def test_a_session_that_goes_away_during_the_listing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path, "WFS-a", "WFS-b")
    play(monkeypatch, "child", lambda: (root / "WFS-a").rename(tmp_path / "away"), name="WFS-a")

    assert states(root) == {"WFS-b": "paused"}


def test_a_link_that_goes_away_during_the_listing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path, "WFS-b")
    link = root / "WFS-a"
    link.symlink_to("nowhere")
    play(monkeypatch, "find", link.unlink, name="WFS-a")

    assert states(root) == {"WFS-b": "paused"}


def test_a_root_that_moved_while_it_was_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path, "WFS-a", "WFS-b", active="WFS-a")

    def switch_by_hand() -> None:
        (root / ".active-WFS-a").rename(root / ".active-WFS-b")

    # After the markers were listed, before the records are read.
    play(monkeypatch, "child", switch_by_hand)

    assert states(root) == {"WFS-a": "paused", "WFS-b": "active"}


def test_a_root_that_never_rests_is_read_four_times_and_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path, "WFS-a", active="WFS-a")
    played = play(monkeypatch, "child", (root / "busy").touch, times=100, name="WFS-a")
    moved = play(monkeypatch, "child", (root / "busy").unlink, times=100, name="WFS-a", after=True)

    assert read(root).active == "WFS-a"
    assert len(played) == len(moved) == 4


def test_the_archived_are_left_out_where_nobody_asks_for_them(seed_tree: Path) -> None:
    workspace = wfsession.open(seed_tree)

    assert {row.location for row in workspace.sessions()} == {"root"}
    assert {row.location for row in workspace.sessions(archived=True)} == {"root", "completed"}


def test_threads_are_counted_where_there_are_any(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-a", "WFS-b")
    threads = root / "WFS-a" / ".threads"
    threads.mkdir()
    (threads / "claude--1.json").touch()
    (threads / "claude--2.json").touch()
    (threads / "note.txt").touch()
    (root / "WFS-b" / ".threads").touch()

    assert get(root, "WFS-a").threads == 2
    assert get(root, "WFS-b").threads == 0


def test_the_times_of_a_session_fall_back_to_its_name_and_its_files(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    for name in ("WFS-x", "WFS-x-20251128172537"):
        write_old(add_session(root, name) / RECORD, b"{}")

    named = get(root, "WFS-x-20251128172537")
    assert named.created.isoformat() == "2025-11-28T17:25:37+00:00"
    assert named.updated.isoformat() == "2023-11-14T22:13:20+00:00"
    assert get(root, "WFS-x").created.year >= 2025
    assert get(root, "WFS-x").title == "WFS-x"


def test_whoever_waits_for_a_long_listing_is_told_how_far_it_is(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    for number in range(1000):
        (root / f"WFS-{number}").mkdir()
    told: list[tuple[int, int]] = []
    listed = wfsession.open(tmp_path).snapshot(watch=lambda *how_far: told.append(how_far))
    assert len(listed.sessions) == 1000
    assert told == [(1000, 1000)]
