"""Markers that others remove, make and touch between any two calls of an operation."""

import json
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import wfsession
from tests.hands import play
from tests.trees_disk import (
    OLD_NS,
    RECORD,
    SECOND_NS,
    add_session,
    list_attic,
    list_markers,
    make_root,
    mark,
    photograph,
    read,
    read_json,
    states,
    touch,
    write_old,
)
from wfsession.core import activation, operation
from wfsession.core.model import Event
from wfsession.core.times import encode_time
from wfsession.errors import Conflict, DiskFailed, SessionNotFound
from wfsession.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path, "WFS-a", "WFS-b", "WFS-c")


@pytest.mark.parametrize("verb", ["set_mtime", "replace"])
def test_a_winner_that_is_removed_by_hand_during_a_switch_is_read_again(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    mark(root, "WFS-a")
    play(monkeypatch, verb, (root / ".active-WFS-a").unlink, name=".active-")

    workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-b"]


@pytest.mark.parametrize("verb", ["set_mtime", "replace"])
def test_a_winner_that_is_removed_while_a_session_is_created_makes_no_second_session(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    mark(root, "WFS-a")
    play(monkeypatch, verb, (root / ".active-WFS-a").unlink, name=".active-")

    assert workspace.create("new", name="WFS-new").state == "active"

    assert list_markers(root) == [".active-WFS-new"]
    assert sorted(states(root)) == ["WFS-a", "WFS-b", "WFS-c", "WFS-new"]


def test_a_winner_that_is_removed_while_a_session_is_reopened_does_not_stop_it(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session(root, "completed/WFS-old", "paused")
    mark(root, "WFS-a")
    play(monkeypatch, "set_mtime", (root / ".active-WFS-a").unlink, name=".active-")

    assert workspace.reopen("WFS-old").state == "active"
    assert list_markers(root) == [".active-WFS-old"]


def test_a_marker_that_will_not_stay_is_a_conflict_after_five_times(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a")

    def move_away() -> None:
        (root / ".active-WFS-a").unlink()

    play(monkeypatch, "set_mtime", move_away, times=99, name=".active-")
    put_back = play(monkeypatch, "list_names", lambda: mark(root, "WFS-a"), times=99)

    with pytest.raises(Conflict):
        workspace.switch("WFS-b")
    put_back.clear()
    with pytest.raises(Conflict):
        workspace.create("new")
    assert sorted(states(root)) == ["WFS-a", "WFS-b", "WFS-c", "WFS-new"]


def test_what_comes_in_the_place_of_our_new_marker_is_no_marker_and_keeps_its_time(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs"
    write_old(theirs, b"")
    marker = root / ".active-WFS-b"

    def take_the_place() -> None:
        marker.unlink()
        os.link(theirs, marker)

    # Else it depends on the clock whether its time is set at all.
    monkeypatch.setattr(activation, "newest_ns", lambda winner: time.time_ns() + 1_000_000_000)
    played = play(monkeypatch, "set_mtime", take_the_place, name=".active-WFS-b")
    workspace.switch("WFS-b")

    assert played == [1]
    assert list_markers(root) == [".active-WFS-b"]
    assert theirs.stat().st_mtime_ns == OLD_NS
    assert wfsession.current(root) == "WFS-b"


def test_a_marker_made_by_hand_just_before_ours_will_do(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touch_long_ago() -> None:
        path = root / ".active-WFS-b"
        path.touch()
        os.utime(path, ns=(OLD_NS, OLD_NS))

    play(monkeypatch, "create_marker", touch_long_ago)

    workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-b"]
    assert (root / ".active-WFS-b").stat().st_mtime_ns > OLD_NS


def test_a_new_marker_that_is_removed_at_once_is_not_made_a_second_time(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who saw it may have removed it, and would see it come back.
    play(monkeypatch, "create_marker", (root / ".active-WFS-b").unlink, after=True)

    told: list[Event] = []
    workspace.listen(told.append)

    assert workspace.switch("WFS-b").state == "paused"

    assert list_markers(root) == []
    assert told[0].notes == ("no session is active now: somebody removed the marker",)


def test_a_marker_made_by_hand_just_before_ours_and_removed_just_after_is_made(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = root / ".active-WFS-b"
    play(monkeypatch, "create_marker", lambda: mark(root, "WFS-b"))
    played = play(monkeypatch, "set_mtime", path.unlink)

    workspace.switch("WFS-b")

    assert played == [1]
    assert list_markers(root) == [".active-WFS-b"]


def test_a_marker_that_waits_for_its_directory_and_is_removed_is_made_again(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.switch("WFS-a")
    play(monkeypatch, "create_marker", (root / ".active-WFS-z").unlink, after=True)

    workspace.rename("WFS-a", "WFS-z")

    assert list_markers(root) == [".active-WFS-z"]


def test_a_loser_that_is_removed_by_hand_meanwhile_is_no_matter(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a", age_s=10)
    mark(root, "WFS-b", age_s=20)
    mark(root, "WFS-c", age_s=30)
    play(monkeypatch, "unlink", (root / ".active-WFS-c").unlink, name=".active-")
    play(monkeypatch, "unlink", (root / ".active-WFS-b").unlink, name=".active-WFS-c", after=True)

    workspace.pause("WFS-a")

    assert list_markers(root) == []


def test_a_session_that_goes_away_during_the_switch_gives_the_marker_back(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark(root, "WFS-a")
    gone = tmp_path / "away"
    play(monkeypatch, "replace", lambda: (root / "WFS-b").rename(gone), name=".active-", after=True)

    with pytest.raises(SessionNotFound):
        workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-a"]
    assert states(root) == {"WFS-a": "active", "WFS-c": "paused"}
    assert read_json(root / "WFS-a")["status"] == "paused"
    assert "paused_at" not in read_json(root / "WFS-a")


def test_where_both_sessions_went_away_the_switch_says_so(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark(root, "WFS-a")

    def take_both() -> None:
        (root / "WFS-a").rename(tmp_path / "a")
        (root / "WFS-b").rename(tmp_path / "b")

    play(monkeypatch, "replace", take_both, name=".active-", after=True)

    with pytest.raises(SessionNotFound):
        workspace.switch("WFS-b")
    assert list_markers(root) == [".active-WFS-b"]


def test_where_none_was_active_and_the_session_went_away_the_switch_says_so(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = tmp_path / "away"
    play(monkeypatch, "create_marker", lambda: (root / "WFS-b").rename(gone), after=True)

    with pytest.raises(SessionNotFound):
        workspace.switch("WFS-b")


def test_the_answer_names_what_is_active_now_where_somebody_moved_the_marker(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a")
    told: list[Event] = []
    workspace.listen(told.append)

    def outdo() -> None:
        touch(root, "WFS-c")
        late = time.time_ns() + SECOND_NS
        os.utime(root / ".active-WFS-c", ns=(late, late))

    play(monkeypatch, "replace", outdo, name=".active-", after=True)

    session = workspace.switch("WFS-b")

    assert session.state == "paused"
    assert "WFS-c is active now" in told[0].notes[0]


def test_a_marker_removed_right_after_the_switch_is_seen_in_the_answer(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a")
    play(monkeypatch, "replace", (root / ".active-WFS-b").unlink, name=".active-", after=True)

    assert workspace.switch("WFS-b").state == "paused"
    assert read(root).active is None


@pytest.mark.parametrize("name", ["WFS-new", "WFS-c"])
def test_a_rename_to_a_name_that_is_taken_meanwhile_leaves_the_markers_as_they_were(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    mark(root, "WFS-a")
    if name == "WFS-c":
        (root / "WFS-c").rename(root / "elsewhere")
    play(monkeypatch, "move", (root / name).mkdir, name="WFS-a")

    with pytest.raises(FileExistsError):
        workspace.rename("WFS-a", name)

    assert list_markers(root) == [".active-WFS-a"]
    assert read(root).active == "WFS-a"


def test_a_failure_of_the_disk_while_markers_move_names_the_marker(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.hands import fail

    mark(root, "WFS-a")
    before = photograph(root, ".wf")
    fail(monkeypatch, 30, "replace", name=".active-")

    with pytest.raises(DiskFailed) as caught:
        workspace.switch("WFS-b")

    assert caught.value.path == str(root / ".active-WFS-a")
    after = photograph(root, ".wf")
    assert after.keys() - before.keys() == {".gitignore"}
    assert read(root).active == "WFS-a"


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The time at which everything happens."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    monkeypatch.setattr(operation, "now", lambda: moment)
    return moment


def test_a_winner_with_content_is_outdone_though_the_private_directory_goes_away(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, moment: datetime
) -> None:
    """No record needs a change here, so that nothing is staged before the marker is."""
    stamp = encode_time(moment)
    says = {"status": "active", "resumed_at": stamp, "meta": {"updated": stamp}}
    write_old(root / "WFS-b" / RECORD, json.dumps(says).encode())
    write_old(root / "WFS-a" / RECORD, b"{")
    mark(root, "WFS-a", data=b"kept\n")
    play(monkeypatch, "list_names", lambda: shutil.rmtree(root / ".wf" / "tmp"))

    assert workspace.switch("WFS-b").state == "active"

    assert list_markers(root) == [".active-WFS-b"]
    assert [(box / "item").read_bytes() for box in list_attic(root)] == [b"kept\n"]


def test_a_marker_that_is_touched_while_its_session_is_created_will_do(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a")
    play(monkeypatch, "move", lambda: touch(root, "WFS-new"), name="session-", after=True)

    assert workspace.create("new").state == "active"
    assert read(root).active == "WFS-new"


def test_an_archive_that_says_nothing_new_moves_the_session_all_the_same(
    root: Path, workspace: Workspace, moment: datetime
) -> None:
    stamp = encode_time(moment)
    says = {"status": "completed", "archived_at": stamp, "meta": {"updated": stamp}}
    write_old(root / "WFS-c" / RECORD, json.dumps(says).encode())

    assert workspace.archive("WFS-c").state == "archived"
    assert (root / "completed" / "WFS-c" / RECORD).read_bytes() == json.dumps(says).encode()
