"""Phases, tasks, checkpoints and free changes, in the record and nowhere else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trees_disk import (
    RECORD,
    add_session,
    list_markers,
    make_root,
    photograph,
    read_json,
    write_old,
)
from wfsession.core import progress
from wfsession.core.model import Event
from wfsession.errors import InvalidValue, RecordUnusable, SessionNotFound
from wfsession.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path, "WFS-a", "WFS-b", active="WFS-a")


def write(root: Path, **fields: object) -> None:
    write_old(root / "WFS-a" / RECORD, json.dumps(fields).encode())


def test_a_phase_hands_over_to_the_next_with_its_artifacts(
    root: Path, workspace: Workspace
) -> None:
    told: list[Event] = []
    workspace.listen(told.append)

    session = workspace.next_phase(artifacts={"plan": "IMPL_PLAN.md"})
    workspace.next_phase(artifacts={"code": "src"})

    assert session.phase == "IMPLEMENT"
    record = read_json(root / "WFS-a")
    stamp = told[0].at.isoformat().replace("+00:00", "Z")
    assert record["current_phase"] == "REVIEW"
    assert record["progress"]["completed_phases"] == ["PLAN", "IMPLEMENT"]
    assert record["transitions"][0] == {
        "phase_completed": "PLAN",
        "next_phase": "IMPLEMENT",
        "completed_at": stamp,
        "artifacts": {"plan": "IMPL_PLAN.md"},
    }
    assert record["checkpoint"]["trigger"] == "phase_complete"
    assert record["checkpoint"]["artifacts"] == {"code": "src"}
    assert record["progress"]["last_checkpoint"] == record["checkpoint"]["at"]
    assert [(event.kind, event.changed, event.previous) for event in told] == [
        ("changed", True, "WFS-a")
    ] * 2
    assert list_markers(root) == [".active-WFS-a"]


def test_after_the_last_phase_comes_completion(root: Path, workspace: Workspace) -> None:
    write(root, current_phase="REVIEW")

    with pytest.raises(InvalidValue) as caught:
        workspace.next_phase()
    assert caught.value.hint == "wf complete"


@pytest.mark.parametrize(
    ("phase", "following"),
    [("", "PLAN"), ("INIT", "PLAN"), ("BRAINSTORM", "PLAN"), ("IMPLEMENTATION", "REVIEW")],
)
def test_phases_of_other_tools_are_followed_by_ours(
    root: Path, workspace: Workspace, phase: str, following: str
) -> None:
    write(root, current_phase=phase)

    assert workspace.next_phase().phase == following


def test_a_phase_that_nobody_knows_is_kept_and_may_be_left_by_name(
    root: Path, workspace: Workspace
) -> None:
    write(root, current_phase="DREAM")

    with pytest.raises(InvalidValue, match="DREAM") as caught:
        workspace.next_phase()
    assert caught.value.hint == "wf phase set PLAN"
    assert workspace.get("WFS-a").phase == "DREAM"
    workspace.set_phase("implement")
    assert read_json(root / "WFS-a")["progress"]["completed_phases"] == ["DREAM"]


def test_going_back_to_a_phase_hands_nothing_over_and_opens_it_again(
    root: Path, workspace: Workspace
) -> None:
    workspace.set_phase("REVIEW")
    workspace.set_phase("PLAN")

    record = read_json(root / "WFS-a")
    assert record["current_phase"] == "PLAN"
    assert record["progress"]["completed_phases"] == []
    assert len(record["transitions"]) == 1


def test_the_phase_that_it_has_is_no_change(root: Path, workspace: Workspace) -> None:
    told: list[Event] = []
    workspace.listen(told.append)
    before = (root / "WFS-a" / RECORD).read_bytes()

    workspace.set_phase("plan")

    assert (root / "WFS-a" / RECORD).read_bytes() == before
    assert not told[0].changed


def test_a_phase_of_nobodys_is_refused(workspace: Workspace) -> None:
    with pytest.raises(InvalidValue, match="PLAN, IMPLEMENT, REVIEW"):
        workspace.set_phase("dream")


def test_a_checkpoint_keeps_phase_tasks_and_note(root: Path, workspace: Workspace) -> None:
    workspace.add_task("impl-1")

    session = workspace.checkpoint(note="half way", artifacts={"draft": "a.md"})

    assert session.record is not None
    kept = session.record.checkpoint
    assert kept is not None
    assert (kept.trigger, kept.phase, kept.tasks, kept.note) == (
        "user_request",
        "PLAN",
        ("impl-1",),
        "half way",
    )
    assert dict(kept.artifacts) == {"draft": "a.md"}
    assert workspace.resume().record == session.record


def test_tasks_are_taken_in_hand_once_and_put_out_of_hand(root: Path, workspace: Workspace) -> None:
    told: list[Event] = []
    workspace.listen(told.append)

    workspace.add_task("impl-1")
    workspace.add_task("impl-1")
    workspace.add_task("impl-2")
    session = workspace.finish_task("impl-1")

    assert [event.changed for event in told] == [True, False, True, True]
    assert read_json(root / "WFS-a")["progress"]["current_tasks"] == ["impl-2"]
    assert (session.tasks.done, session.tasks.total, session.tasks.in_progress) == (1, 2, 1)


def test_a_record_that_counts_its_tasks_goes_on_counting(root: Path, workspace: Workspace) -> None:
    write(root, progress={"total": 7, "completed": 3, "current_tasks": ["x"]})

    workspace.add_task("y")
    workspace.finish_task("x")

    counted = read_json(root / "WFS-a")["progress"]
    assert (counted["total"], counted["completed"], counted["current_tasks"]) == (8, 4, ["y"])


def test_a_task_that_is_blank_or_not_in_hand_is_refused(root: Path, workspace: Workspace) -> None:
    with pytest.raises(InvalidValue):
        workspace.add_task(" ")
    with pytest.raises(InvalidValue, match="none is"):
        workspace.finish_task("impl-1")
    workspace.add_task("impl-2")
    with pytest.raises(InvalidValue, match="impl-2"):
        workspace.finish_task("impl-1")


def test_an_update_merges_objects_and_removes_what_is_none(
    root: Path, workspace: Workspace
) -> None:
    workspace.update("WFS-a", {"progress": {"percentage": 50}, "x": {"y": {}}, "type": None})

    record = read_json(root / "WFS-a")
    assert record["progress"]["percentage"] == 50
    assert record["progress"]["current_tasks"] == []
    assert record["x"] == {"y": {}}
    assert "type" not in record
    assert list(record)[:2] == ["session_id", "project"]


@pytest.mark.parametrize("key", ["session_id", "status"])
def test_what_the_operations_say_is_not_updated(workspace: Workspace, key: str) -> None:
    with pytest.raises(InvalidValue, match=key):
        workspace.update("WFS-a", {key: "x"})


@pytest.mark.parametrize("value", [float("nan"), object(), "\udcff", {1, 2}])
def test_what_json_cannot_hold_is_refused_and_nothing_is_written(
    root: Path, workspace: Workspace, value: object
) -> None:
    workspace.checkpoint()
    before = photograph(root, ".wf")

    with pytest.raises((InvalidValue, RecordUnusable)):
        workspace.update("WFS-a", {"x": value})

    assert photograph(root, ".wf") == before


def test_a_field_of_a_wrong_type_is_never_silently_replaced(
    root: Path, workspace: Workspace
) -> None:
    write(root, progress=[1], current_phase="PLAN")
    before = (root / "WFS-a" / RECORD).read_bytes()

    calls: list[Callable[[], object]] = [
        lambda: workspace.add_task("x"),
        workspace.next_phase,
        workspace.checkpoint,
        workspace.complete,
    ]
    for call in calls:
        with pytest.raises(RecordUnusable, match="progress"):
            call()

    assert (root / "WFS-a" / RECORD).read_bytes() == before
    assert list_markers(root) == [".active-WFS-a"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"schema": 9}'])
def test_a_record_that_cannot_be_used_is_not_changed(
    root: Path, workspace: Workspace, data: bytes
) -> None:
    write_old(root / "WFS-a" / RECORD, data)

    with pytest.raises(RecordUnusable):
        workspace.checkpoint()
    assert (root / "WFS-a" / RECORD).read_bytes() == data


def test_a_missing_record_is_not_made_up(root: Path, workspace: Workspace) -> None:
    (root / "WFS-a" / RECORD).unlink()

    with pytest.raises(RecordUnusable):
        workspace.checkpoint()
    assert not (root / "WFS-a" / RECORD).exists()


def test_a_session_that_does_not_exist_is_not_changed(workspace: Workspace) -> None:
    with pytest.raises(SessionNotFound):
        workspace.update("WFS-nobody", {"x": 1})


def test_the_trigger_of_a_checkpoint_is_the_callers(root: Path) -> None:
    progress.checkpoint(str(root), "WFS-a", trigger="session_end")

    assert read_json(root / "WFS-a")["checkpoint"]["trigger"] == "session_end"


def test_a_checkpoint_that_nobody_asked_for_keeps_what_was_said_at_the_last_of_its_phase(
    root: Path, workspace: Workspace
) -> None:
    workspace.checkpoint(note="half way", artifacts={"draft": "a.md"})

    def keep() -> tuple[str, dict[str, str]]:
        progress.checkpoint(str(root), "WFS-a", trigger="session_end", carries_over=True)
        kept = read_json(root / "WFS-a")["checkpoint"]
        return kept.get("note", ""), kept.get("artifacts", {})

    assert keep() == ("half way", {"draft": "a.md"})
    workspace.next_phase()
    assert keep() == ("", {})


def test_changing_a_session_that_is_not_active_leaves_the_marker_alone(
    root: Path, workspace: Workspace
) -> None:
    add_session(root, "WFS-done", "completed")

    workspace.update("WFS-b", {"x": 1})
    workspace.update("WFS-done", {"x": 1})

    assert list_markers(root) == [".active-WFS-a"]
