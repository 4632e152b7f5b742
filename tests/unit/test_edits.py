"""What each operation says is to be different in a record, given what it says now."""

from typing import Any

import pytest

from tests.samples import MOMENT, STAMP
from wfsession.core.edits import (
    become_active,
    become_archived,
    become_completed,
    become_paused,
    become_renamed,
    make_checkpoint,
)
from wfsession.core.model import Record
from wfsession.core.records import Edit
from wfsession.core.splice import Path
from wfsession.core.states import ACTIVE_LIKE, COMPLETED_LIKE

UPDATED: dict[Path, Any] = {("meta", "updated"): STAMP}
KNOWN = sorted(ACTIVE_LIKE | COMPLETED_LIKE | {"", "paused", "interrupted"})
UNKNOWN = ["on hold", "blocked", "ACTIVE", "Paused", " "]

MOVES = {
    "paused": (become_paused(MOMENT), "paused_at"),
    "active": (become_active(MOMENT), "resumed_at"),
}


@pytest.mark.parametrize("status", KNOWN)
@pytest.mark.parametrize("becoming", MOVES)
def test_a_known_status_becomes_what_the_marker_says_with_the_time(
    becoming: str, status: str
) -> None:
    edit, stamp = MOVES[becoming]
    assert edit(Record(status=status)) == {
        ("status",): becoming,
        (stamp,): STAMP,
        **UPDATED,
    }


@pytest.mark.parametrize("status", UNKNOWN)
@pytest.mark.parametrize("becoming", MOVES)
def test_an_unknown_status_is_left_to_who_gave_it(becoming: str, status: str) -> None:
    edit, stamp = MOVES[becoming]
    assert edit(Record(status=status)) == {(stamp,): STAMP, **UPDATED}


@pytest.mark.parametrize("status", [*KNOWN, *UNKNOWN])
def test_a_completed_session_is_completed_whatever_its_status_was(status: str) -> None:
    record = Record(status=status, phase="REVIEW", completed_phases=("PLAN",), current_tasks=("t",))
    assert become_completed(MOMENT)(record) == {
        ("status",): "completed",
        ("completed_at",): STAMP,
        ("progress", "completed_phases"): ["PLAN", "REVIEW"],
        ("checkpoint",): {
            "at": STAMP,
            "trigger": "session_end",
            "phase": "REVIEW",
            "tasks": ["t"],
            "note": "",
            "artifacts": {},
        },
        ("progress", "last_checkpoint"): STAMP,
        **UPDATED,
    }


@pytest.mark.parametrize(
    ("phase", "before", "after"),
    [
        ("", (), []),
        ("", ("PLAN",), ["PLAN"]),
        ("REVIEW", (), ["REVIEW"]),
        ("PLAN", ("REVIEW", "PLAN"), ["REVIEW", "PLAN"]),
        ("DESIGN", ("PLAN",), ["PLAN", "DESIGN"]),
    ],
)
def test_the_phase_in_which_a_session_ends_is_completed_once(
    phase: str, before: tuple[str, ...], after: list[str]
) -> None:
    changes = become_completed(MOMENT)(Record(phase=phase, completed_phases=before))
    assert changes["progress", "completed_phases"] == after


def test_archiving_tells_the_time_and_leaves_the_status() -> None:
    for status in (*KNOWN, *UNKNOWN):
        assert become_archived(MOMENT)(Record(status=status)) == {
            ("archived_at",): STAMP,
            **UPDATED,
        }


@pytest.mark.parametrize(
    ("former", "expected"),
    [
        ((), ["WFS-a"]),
        (("WFS-0",), ["WFS-0", "WFS-a"]),
        # There and back again: a name is in the list once, and never the present one.
        (("WFS-b",), ["WFS-a"]),
        (("WFS-a", "WFS-0", "WFS-b"), ["WFS-0", "WFS-a"]),
    ],
)
def test_a_renamed_session_is_known_by_its_former_names(
    former: tuple[str, ...], expected: list[str]
) -> None:
    assert become_renamed(MOMENT, "WFS-a", "WFS-b")(Record(renamed_from=former)) == {
        ("session_id",): "WFS-b",
        ("renamed_from",): expected,
        **UPDATED,
    }


def test_a_checkpoint_keeps_the_phase_the_tasks_the_note_and_what_was_made() -> None:
    record = Record(phase="IMPLEMENT", current_tasks=("a", "b"))
    found = make_checkpoint(record, MOMENT, "user_request", "half way", {"log": "log.md"})
    assert found == {
        ("checkpoint",): {
            "at": STAMP,
            "trigger": "user_request",
            "phase": "IMPLEMENT",
            "tasks": ["a", "b"],
            "note": "half way",
            "artifacts": {"log": "log.md"},
        },
        ("progress", "last_checkpoint"): STAMP,
    }


@pytest.mark.parametrize(
    "edit",
    [
        become_paused(MOMENT),
        become_active(MOMENT),
        become_completed(MOMENT),
        become_archived(MOMENT),
        become_renamed(MOMENT, "WFS-a", "WFS-b"),
    ],
)
def test_an_edit_made_again_on_its_own_result_says_the_same(edit: Edit) -> None:
    first: Any = edit(Record(status="active", phase="PLAN"))
    after = Record(
        status=first.get(("status",), "active"),
        phase="PLAN",
        completed_phases=tuple(first.get(("progress", "completed_phases"), ())),
        renamed_from=tuple(first.get(("renamed_from",), ())),
    )
    assert edit(after) == first
