"""Completing, archiving and reopening, each from every state."""

import json
from pathlib import Path

import pytest

import wfsession
from tests.trees_disk import (
    RECORD,
    USUAL_STATES,
    add_session,
    get,
    list_files,
    list_markers,
    make_root,
    mark,
    photograph,
    read_json,
    states,
    write_old,
)
from wfsession.core.model import Event
from wfsession.errors import RecordUnusable, SessionArchived, UnfinishedTasks, WrongState
from wfsession.workspace import Workspace


def test_completing_the_active_session_leaves_none_active(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    session = workspace.complete()

    assert states(root) == {**USUAL_STATES, "WFS-a": "completed"}
    assert list_markers(root) == []
    assert session.state == "completed"
    assert (events[0].kind, events[0].previous) == ("completed", "WFS-a")
    record = read_json(root / "WFS-a")
    stamp = events[0].at.isoformat().replace("+00:00", "Z")
    assert (record["status"], record["completed_at"]) == ("completed", stamp)
    assert record["progress"]["completed_phases"] == ["PLAN"]
    assert record["checkpoint"]["trigger"] == "session_end"


def test_completing_a_session_that_is_not_the_marked_one_leaves_the_marker_alone(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    mark(root, "WFS-b", age_s=7200)

    workspace.complete("WFS-b")

    assert states(root) == {**USUAL_STATES, "WFS-b": "completed"}
    assert list_markers(root) == [".active-WFS-a"]
    assert events[0].previous == "WFS-a"


def test_completing_twice_changes_nothing_the_second_time(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    workspace.complete("WFS-a")
    before = photograph(root, ".wf")

    workspace.complete("WFS-a")

    assert photograph(root, ".wf") == before
    assert (events[1].kind, events[1].changed) == ("completed", False)


def test_a_completed_session_that_was_marked_by_hand_can_be_completed_again(
    root: Path, workspace: Workspace
) -> None:
    mark(root, "WFS-done", age_s=0)
    assert states(root)["WFS-done"] == "active"

    workspace.complete("WFS-done")

    assert list_markers(root) == []
    assert states(root)["WFS-done"] == "completed"


def test_unfinished_tasks_stand_in_the_way_unless_they_are_allowed(
    root: Path, workspace: Workspace
) -> None:
    tasks = root / "WFS-a" / ".task"
    tasks.mkdir()
    for number, status in [(1, "completed"), (2, "pending"), (10, "in_progress"), (3, "cancelled")]:
        write_old(
            tasks / f"IMPL-{number}.json",
            json.dumps({"id": f"IMPL-{number}", "status": status}).encode(),
        )
    before = list_files(root)

    with pytest.raises(UnfinishedTasks) as caught:
        workspace.complete()

    assert caught.value.tasks == ("IMPL-2", "IMPL-10")
    assert list_markers(root) == [".active-WFS-a"]
    assert {**list_files(root), ".gitignore": b""} == {**before, ".gitignore": b""}
    assert workspace.complete(unfinished="allow").state == "completed"


def test_archiving_moves_a_completed_session(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    session = workspace.archive("WFS-done")

    assert states(root) == {
        **{name: state for name, state in USUAL_STATES.items() if name != "WFS-done"},
        "completed/WFS-done": "archived",
    }
    assert session.path == str(root / "completed" / "WFS-done")
    assert (events[0].kind, events[0].previous) == ("archived", "WFS-a")
    assert read_json(root / "completed" / "WFS-done")["archived_at"]
    assert (root / "completed" / "WFS-done" / "PLAN.md").read_text() == "the plan of WFS-done\n"
    assert list_markers(root) == [".active-WFS-a"]


def test_archiving_makes_completed_where_there_is_none(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-a", active="WFS-a")

    wfsession.open(tmp_path).complete(archive=True)

    assert states(root) == {"completed/WFS-a": "archived"}
    assert list_markers(root) == []


@pytest.mark.parametrize("verb", ["archive", "complete"])
def test_archiving_takes_the_losing_marker_away_first(
    root: Path, workspace: Workspace, verb: str
) -> None:
    mark(root, "WFS-done", age_s=7200)

    if verb == "archive":
        workspace.archive("WFS-done")
    else:
        workspace.complete("WFS-done", archive=True)

    assert list_markers(root) == [".active-WFS-a"]
    assert get(root, "completed/WFS-done").problems == ()


def test_completing_and_archiving_at_once_tells_of_both(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    workspace.complete("WFS-b", archive=True)
    workspace.complete("WFS-done", archive=True)

    assert [(event.kind, event.changed) for event in events] == [
        ("completed", True),
        ("archived", True),
    ]
    assert states(root)["completed/WFS-b"] == states(root)["completed/WFS-done"] == "archived"
    record = read_json(root / "completed" / "WFS-b")
    assert record["completed_at"] == record["archived_at"]


def test_archiving_what_is_archived_changes_nothing(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    workspace.archive("WFS-old")

    assert (events[0].kind, events[0].changed) == ("archived", False)
    assert states(root) == USUAL_STATES


@pytest.mark.parametrize("name", ["WFS-a", "WFS-b"])
def test_only_what_is_completed_can_be_archived(
    root: Path, workspace: Workspace, name: str
) -> None:
    with pytest.raises(WrongState) as caught:
        workspace.archive(name)

    assert caught.value.hint == f"wf complete --archive {name}"
    assert states(root) == USUAL_STATES


def test_completing_what_is_archived_is_refused(workspace: Workspace) -> None:
    with pytest.raises(SessionArchived):
        workspace.complete("WFS-old")


@pytest.mark.parametrize("name", ["WFS-done", "WFS-old"])
def test_reopening_makes_a_session_active_in_the_root(
    root: Path, workspace: Workspace, events: list[Event], name: str
) -> None:
    session = workspace.reopen(name)

    assert states(root)[name] == "active"
    assert states(root)["WFS-a"] == "paused"
    assert list_markers(root) == [f".active-{name}"]
    assert session.path == str(root / name)
    assert (events[0].kind, events[0].previous) == ("reopened", "WFS-a")
    assert read_json(root / name)["status"] == "active"
    assert read_json(root / "WFS-a")["status"] == "paused"


def test_reopening_brings_back_an_archived_session_whatever_its_record_says(
    root: Path, workspace: Workspace
) -> None:
    add_session(root, "completed/WFS-odd", "paused")

    assert workspace.reopen("WFS-odd").state == "active"
    assert states(root)["WFS-odd"] == "active"


@pytest.mark.parametrize("age_s", [0, 7200])
def test_reopening_with_an_orphaned_marker_waiting_leaves_one_marker(
    root: Path, workspace: Workspace, age_s: int
) -> None:
    mark(root, "WFS-old", age_s=age_s)

    workspace.reopen("WFS-old")

    assert list_markers(root) == [".active-WFS-old"]


def test_reopening_the_active_session_changes_nothing(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    workspace.reopen("WFS-a")

    assert (events[0].kind, events[0].changed) == ("reopened", False)
    assert states(root) == USUAL_STATES


def test_reopening_a_paused_session_says_how_to_go_on(workspace: Workspace) -> None:
    with pytest.raises(WrongState) as caught:
        workspace.reopen("WFS-b")

    assert caught.value.hint == "wf resume WFS-b"


def test_reopening_what_has_a_bad_record_moves_nothing(root: Path, workspace: Workspace) -> None:
    write_old(root / "completed" / "WFS-old" / RECORD, b"{")

    with pytest.raises(RecordUnusable):
        workspace.reopen("WFS-old")
    assert (root / "completed" / "WFS-old").is_dir()
    assert list_markers(root) == [".active-WFS-a"]
