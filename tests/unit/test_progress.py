"""Phases with their hand-over, checkpoints, tasks and free changes, as changes of a record."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import MOMENT, SHAPES, STAMP, edit_of
from tests.strategies import objects
from wfsession.core import progress
from wfsession.core.model import Record
from wfsession.core.records import apply_edit, parse_record
from wfsession.core.splice import REMOVED, Appended
from wfsession.errors import InvalidValue, RecordUnusable

PATH = "/r/WFS-a/workflow-session.json"


def read(data: bytes) -> Record:
    record = parse_record(data)
    assert isinstance(record, Record)
    return record


def change(before: Any, operation: Any, *args: Any, **options: Any) -> Any:
    """Return the record, as JSON, after an operation at MOMENT."""
    data = json.dumps(before).encode()
    return json.loads(apply_edit(data, edit_of(operation, *args, **options), PATH))


def with_phase(phase: str, *done: str) -> dict[str, Any]:
    return {"current_phase": phase, "progress": {"completed_phases": list(done)}}


FORWARD = [
    ("INIT", (), "PLAN"),
    ("BRAINSTORM", (), "PLAN"),
    ("PLAN", (), "IMPLEMENT"),
    ("PLAN", ("INIT",), "REVIEW"),
    ("IMPLEMENT", ("PLAN",), "REVIEW"),
    ("IMPLEMENTATION", ("PLAN",), "REVIEW"),
    ("implement", ("PLAN",), "REVIEW"),
    ("DESIGN", (), "PLAN"),
    ("DESIGN", (), "REVIEW"),
    ("PLAN", ("INIT", "PLAN", "IMPLEMENT"), "IMPLEMENT"),
]


@pytest.mark.parametrize(("phase", "done", "following"), FORWARD)
def test_a_phase_forward_hands_over_to_the_next(
    phase: str, done: tuple[str, ...], following: str
) -> None:
    made = {"plan": "IMPL_PLAN.md"}
    after = change(with_phase(phase, *done), progress.set_phase, following, artifacts=made)
    kept = [one for one in done if one not in (phase, following)]
    assert after == {
        "current_phase": following,
        "progress": {"completed_phases": [*kept, phase], "last_checkpoint": STAMP},
        "meta": {"updated": STAMP},
        "transitions": [
            {
                "phase_completed": phase,
                "next_phase": following,
                "completed_at": STAMP,
                "artifacts": made,
            }
        ],
        "checkpoint": {
            "at": STAMP,
            "trigger": "phase_complete",
            "phase": phase,
            "tasks": [],
            "note": "",
            "artifacts": made,
        },
    }


@pytest.mark.parametrize(
    ("phase", "done", "former", "left"),
    [
        ("REVIEW", ("PLAN", "IMPLEMENT"), "IMPLEMENT", ["PLAN"]),
        ("REVIEW", ("PLAN", "IMPLEMENT"), "PLAN", ["IMPLEMENT"]),
        ("IMPLEMENT", ("PLAN",), "PLAN", []),
        ("IMPLEMENTATION", ("PLAN",), "PLAN", []),
        ("COMPLETE", ("PLAN", "REVIEW"), "REVIEW", ["PLAN"]),
        # Other words for the same phase.
        ("IMPLEMENTATION", ("PLAN",), "IMPLEMENT", ["PLAN"]),
        ("plan", (), "PLAN", []),
        # The first of all.
        ("", (), "PLAN", []),
    ],
)
def test_a_phase_back_or_a_first_one_completes_nothing_and_hands_nothing_over(
    phase: str, done: tuple[str, ...], former: str, left: list[str]
) -> None:
    after = change(with_phase(phase, *done), progress.set_phase, former)
    assert after["current_phase"] == former
    assert after["progress"] == {"completed_phases": left, "last_checkpoint": STAMP}
    assert "transitions" not in after
    assert after["checkpoint"]["phase"] == phase


@pytest.mark.parametrize("phase", progress.PHASES)
def test_the_phase_that_it_is_in_changes_nothing(phase: str) -> None:
    before = with_phase(phase, "INIT")
    assert change(before, progress.set_phase, phase.lower(), artifacts={"a": "b"}) == before


@pytest.mark.parametrize("phase", ["", "DESIGN", "INIT", "COMPLETE", "PLAN "])
def test_there_is_no_other_phase_to_go_to(phase: str) -> None:
    with pytest.raises(InvalidValue, match="is none of PLAN, IMPLEMENT, REVIEW") as caught:
        progress.set_phase("/r", "WFS-a", phase)
    assert (caught.value.field, caught.value.value) == ("phase", phase)
    assert caught.value.hint == "wf phase set PLAN"


@pytest.mark.parametrize(
    ("phase", "following"),
    [
        ("", "PLAN"),
        ("INIT", "PLAN"),
        ("BRAINSTORM", "PLAN"),
        ("PLAN", "IMPLEMENT"),
        ("plan", "IMPLEMENT"),
        ("IMPLEMENT", "REVIEW"),
        ("IMPLEMENTATION", "REVIEW"),
    ],
)
def test_the_next_phase_is_the_one_that_follows(phase: str, following: str) -> None:
    before = with_phase(phase)
    made = {"a": "b"}
    after = change(before, progress.next_phase, artifacts=made)
    assert after == change(before, progress.set_phase, following, artifacts=made)
    assert after["current_phase"] == following


@pytest.mark.parametrize(
    ("phase", "hint"),
    [
        ("REVIEW", "wf complete"),
        ("review", "wf complete"),
        ("COMPLETE", "wf complete"),
        ("DESIGN", "wf phase set PLAN"),
    ],
)
def test_nothing_is_known_to_follow_the_last_phase_or_an_unknown_one(phase: str, hint: str) -> None:
    with pytest.raises(InvalidValue, match=f"nothing is known to follow {phase}") as caught:
        change(with_phase(phase), progress.next_phase)
    assert caught.value.hint == hint


def test_an_unknown_phase_is_kept_among_those_that_were_completed() -> None:
    after = change(with_phase("DESIGN", "x-phase"), progress.set_phase, "IMPLEMENT")
    assert after["progress"]["completed_phases"] == ["x-phase", "DESIGN"]
    assert after["transitions"][0]["phase_completed"] == "DESIGN"


def test_hand_overs_are_appended_and_those_before_stay_as_they_are_written() -> None:
    data = (
        b'{"current_phase": "PLAN", "transitions": '
        b'[{"n": 123456789012345678901234567890, "phase_completed" : "\\u00dc"}]}'
    )
    edit = edit_of(progress.next_phase)
    changed = apply_edit(data, edit, PATH)
    assert b'[{"n": 123456789012345678901234567890, "phase_completed" : "\\u00dc"}, {"' in changed
    assert [one.phase_completed for one in read(changed).transitions] == ["Ü", "PLAN"]


def test_a_checkpoint_on_request_tells_where_the_work_is() -> None:
    before = {"current_phase": "PLAN", "progress": {"current_tasks": ["a"]}, "checkpoint": {"x": 1}}
    after = change(before, progress.checkpoint, note="n", artifacts={"a": "b"})
    assert after == {
        "current_phase": "PLAN",
        "progress": {"current_tasks": ["a"], "last_checkpoint": STAMP},
        "checkpoint": {
            "at": STAMP,
            "trigger": "user_request",
            "phase": "PLAN",
            "tasks": ["a"],
            "note": "n",
            "artifacts": {"a": "b"},
        },
        "meta": {"updated": STAMP},
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_checkpoint_says_is_read_again(shape: str) -> None:
    before = read(SHAPES[shape].encode())
    edit = edit_of(progress.checkpoint, note="half", trigger="session_end")
    after = read(apply_edit(SHAPES[shape].encode(), edit, PATH))
    assert after.checkpoint is not None
    assert after.checkpoint.at == after.last_checkpoint == after.updated == MOMENT
    assert after.checkpoint.phase == before.phase
    assert after.checkpoint.tasks == before.current_tasks
    assert (after.checkpoint.note, after.checkpoint.trigger) == ("half", "session_end")


def progress_after(before: dict[str, Any], operation: Any, task: str) -> Any:
    return change({"progress": before}, operation, task)["progress"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"current_tasks": ["t"], "total": 1, "completed": 0}),
        ({"current_tasks": ["s"]}, {"current_tasks": ["s", "t"], "total": 2, "completed": 0}),
        ({"completed": 3}, {"completed": 3, "current_tasks": ["t"], "total": 4}),
        ({"total": 4, "completed": 1}, {"total": 5, "completed": 1, "current_tasks": ["t"]}),
        ({"total": 4}, {"total": 5, "current_tasks": ["t"]}),
    ],
)
def test_a_task_taken_in_hand_is_one_more(before: dict[str, Any], after: Any) -> None:
    assert progress_after(before, progress.add_task, "t") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"total": 1, "completed": 1}),
        ({"total": 4, "completed": 1}, {"total": 4, "completed": 2}),
        ({"total": 4}, {"total": 4, "completed": 1}),
        ({"completed": 3}, {"completed": 4, "total": 4}),
    ],
)
def test_a_finished_task_is_one_more_that_is_done(before: dict[str, Any], after: Any) -> None:
    in_hand = {"current_tasks": ["t"]}
    found = progress_after({**before, **in_hand}, progress.finish_task, "t")
    assert found == {**after, "current_tasks": []}


def test_tasks_are_counted_from_the_total_of_the_task_system() -> None:
    before = {"task_system": {"task_count": {"total": 7}}}
    after = change(before, progress.add_task, "t")
    assert after["task_system"] == before["task_system"]
    assert after["progress"] == {"current_tasks": ["t"], "total": 8}


@given(st.lists(st.sampled_from(["a", "b", "c"]), unique=True), st.integers(0, 5))
def test_what_is_added_and_finished_is_out_of_hand_and_counted(hand: list[str], done: int) -> None:
    before = {"progress": {"current_tasks": hand, "completed": done}}
    after = change(change(before, progress.add_task, "t"), progress.finish_task, "t")
    assert after["progress"] == {
        "current_tasks": hand,
        "completed": done + 1,
        "total": len(hand) + done + 1,
    }


def test_a_task_in_hand_is_not_taken_again() -> None:
    before = {"progress": {"current_tasks": ["t"]}}
    assert change(before, progress.add_task, "t") == before


@pytest.mark.parametrize("task", ["", " ", "\n\t"])
def test_a_task_has_an_id(task: str) -> None:
    with pytest.raises(InvalidValue, match="task: it is empty"):
        progress.add_task("/r", "WFS-a", task)


@pytest.mark.parametrize(
    ("hand", "told"), [([], r"\(none is\)"), (["a", "b"], r"'t' is not in hand \(a, b\)")]
)
def test_a_task_that_is_not_in_hand_is_not_finished(hand: list[str], told: str) -> None:
    with pytest.raises(InvalidValue, match=told):
        change({"progress": {"current_tasks": hand}}, progress.finish_task, "t")


def test_a_change_merges_objects_removes_by_none_and_sets_the_rest() -> None:
    before = {"a": {"b": 1, "c": {"d": 2}}, "gone": 1, "list": [1, 2], "meta": {"by": "hand"}}
    changes: dict[str, Any] = {
        "a": {"c": {"d": None, "e": [None]}, "f": {"g": True}},
        "gone": None,
        "absent": None,
        "list": [3],
        "meta": {"more": {}},
    }
    assert change(before, progress.update, changes) == {
        "a": {"b": 1, "c": {"e": [None]}, "f": {"g": True}},
        "list": [3],
        "meta": {"by": "hand", "updated": STAMP, "more": {}},
    }


def merge(target: Any, patch: Any) -> Any:
    """Merge as RFC 7396 says, but for objects made only to have nothing removed from them."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def removes_from_nothing(target: Any, patch: Any) -> bool:
    if not isinstance(patch, dict):
        return False
    holder = target if isinstance(target, dict) else {}
    return any(
        (isinstance(value, dict) and value != {} and not isinstance(holder.get(key), dict))
        or removes_from_nothing(holder.get(key), value)
        for key, value in patch.items()
    )


@given(objects, objects)
def test_a_change_is_a_merge_patch(target: dict[str, Any], patch: dict[str, Any]) -> None:
    target.pop("meta", None)
    patch.pop("meta", None)
    if removes_from_nothing(target, patch):
        return
    after = change(target, progress.update, patch)
    after.pop("meta", None)
    assert after == merge(target, patch)


def test_an_empty_object_leaves_the_object_that_is_there() -> None:
    before = {"a": {"b": 1}, "c": 5, "d": None}
    assert change(before, progress.update, {"a": {}}) == before
    after = change(before, progress.update, {"a": {}, "c": {}, "d": {}, "e": {}})
    assert after == {"a": {"b": 1}, "c": {}, "d": {}, "e": {}, "meta": {"updated": STAMP}}


def test_nothing_to_change_changes_nothing() -> None:
    assert change({"a": 1}, progress.update, {}) == {"a": 1}


def test_a_value_may_say_itself_when_it_was_changed() -> None:
    after = change({}, progress.update, {"meta": {"updated": "2025-09-09T00:00:00Z"}})
    assert after == {"meta": {"updated": "2025-09-09T00:00:00Z"}}


@pytest.mark.parametrize("key", ["session_id", "status"])
def test_what_the_marker_decides_is_not_changed_by_hand(key: str) -> None:
    different: list[Any] = ["x", None, {}]
    for value in different:
        with pytest.raises(InvalidValue, match=f"{key}: only switch, pause") as caught:
            progress.update("/r", "WFS-a", {"a": 1, key: value})
        assert caught.value.field == key


@pytest.mark.parametrize("changes", [{1: 2}, {"a": {None: 1}}, {("a",): 1}])
def test_a_key_that_is_no_text_is_refused(changes: Any) -> None:
    with pytest.raises(InvalidValue, match="is no text"):
        progress.update("/r", "WFS-a", changes)


def test_a_change_does_not_replace_what_is_no_object() -> None:
    with pytest.raises(RecordUnusable, match="a is no object"):
        change({"a": 5}, progress.update, {"a": {"b": 1}})


def test_the_changes_of_a_phase_are_told_as_values() -> None:
    changes = edit_of(progress.next_phase)(Record(phase="PLAN"))
    assert isinstance(changes["transitions",], Appended)
    assert edit_of(progress.update, {"a": None})(Record())["a",] is REMOVED
