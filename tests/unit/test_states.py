"""The table of states: each row, which row goes before which, and that nothing falls through."""

import itertools
from typing import get_args

import pytest

from wfsession.core.model import Fault, Location, Record, State, WrongField
from wfsession.core.states import ACTIVE_LIKE, COMPLETED_LIKE, MarkerRank, classify

NAME = "WFS-a"
FAULTS = [
    "record-missing",
    "record-unreadable",
    "record-corrupt",
    "record-newer-schema",
    "unsafe-session",
]
ACTIVE = ["active", "planning", "initialized", "implementing", "reviewing", "in_progress", "ready"]
COMPLETED = ["completed", "failed", "archived"]
OTHER = ["paused", "interrupted", "", "on hold", "ACTIVE", "done"]
STATUSES = [*ACTIVE, *COMPLETED, *OTHER]
RANKS: list[MarkerRank] = ["winning", "losing", "none"]
LOCATIONS: list[Location] = ["root", "completed"]
WRONG = (WrongField("type", "text", "a number"),)

Answer = tuple[State, tuple[str, ...]]


def tell(
    status: str = "paused",
    marker: MarkerRank = "none",
    location: Location = "root",
    archiving: bool = False,
) -> Answer:
    return classify(NAME, location, Record(session_id=NAME, status=status), marker, archiving)


def test_the_kinds_of_status_are_those_of_the_protocol() -> None:
    assert set(ACTIVE) == ACTIVE_LIKE
    assert set(COMPLETED) == COMPLETED_LIKE


@pytest.mark.parametrize("finding", FAULTS)
@pytest.mark.parametrize("archiving", [False, True])
@pytest.mark.parametrize(
    ("marker", "more"), [("winning", ()), ("losing", ("several-markers",)), ("none", ())]
)
def test_in_the_root_a_record_that_cannot_be_used_is_bad_with_any_marker(
    finding: str, archiving: bool, marker: MarkerRank, more: tuple[str, ...]
) -> None:
    found = classify(NAME, "root", Fault(finding, "why"), marker, archiving)
    assert found == ("bad", (finding, *more))


@pytest.mark.parametrize("status", STATUSES)
def test_the_winning_marker_makes_any_readable_session_active(status: str) -> None:
    problems = () if status in ACTIVE else ("status-mismatch",)
    assert tell(status, "winning") == ("active", problems)


@pytest.mark.parametrize(
    ("status", "own"), [("completed", ()), ("failed", ()), ("archived", ("archive-cut-short",))]
)
def test_in_the_root_a_finished_session_that_does_not_win_is_completed(
    status: str, own: tuple[str, ...]
) -> None:
    assert tell(status, "none") == ("completed", own)
    assert tell(status, "losing") == ("completed", ("several-markers", *own))


@pytest.mark.parametrize("status", [*ACTIVE, *OTHER])
def test_in_the_root_every_other_session_that_does_not_win_is_paused(status: str) -> None:
    own = ("status-mismatch",) if status in ACTIVE else ()
    assert tell(status, "none") == ("paused", own)
    assert tell(status, "losing") == ("paused", ("several-markers", *own))


@pytest.mark.parametrize("status", STATUSES)
def test_an_archiving_cut_short_is_active_if_it_wins_and_completed_if_not(status: str) -> None:
    cut = "archive-cut-short"
    assert tell(status, "winning", archiving=True) == ("active", (cut,))
    assert tell(status, "none", archiving=True) == ("completed", (cut,))
    assert tell(status, "losing", archiving=True) == ("completed", ("several-markers", cut))


@pytest.mark.parametrize("archiving", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_among_the_completed_a_readable_session_is_archived(status: str, archiving: bool) -> None:
    problems = () if status in COMPLETED else ("status-mismatch",)
    assert tell(status, "none", "completed", archiving) == ("archived", problems)


@pytest.mark.parametrize("finding", FAULTS)
def test_among_the_completed_a_record_that_cannot_be_used_is_bad(finding: str) -> None:
    assert classify(NAME, "completed", Fault(finding, "why"), "none") == ("bad", (finding,))


@pytest.mark.parametrize("marker", ["winning", "losing"])
@pytest.mark.parametrize("status", STATUSES)
def test_a_marker_does_not_bring_back_what_is_archived(status: str, marker: MarkerRank) -> None:
    problems = () if status in COMPLETED else ("status-mismatch",)
    assert tell(status, marker, "completed") == ("archived", ("orphaned-marker", *problems))


@pytest.mark.parametrize("finding", FAULTS)
def test_with_a_marker_what_is_archived_is_archived_whatever_its_record(finding: str) -> None:
    found = classify(NAME, "completed", Fault(finding, "why"), "losing")
    assert found == ("archived", (finding, "orphaned-marker"))


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("marker", RANKS)
def test_a_field_of_a_wrong_type_is_one_finding_more_and_no_other_state(
    marker: MarkerRank, location: Location
) -> None:
    for status, archiving in itertools.product(STATUSES, (False, True)):
        state, problems = tell(status, marker, location, archiving)
        wrong = Record(session_id=NAME, status=status, wrong=WRONG)
        found = classify(NAME, location, wrong, marker, archiving)
        assert found == (state, ("record-wrong-type", *problems))


@pytest.mark.parametrize("location", LOCATIONS)
def test_another_id_is_one_finding_more_and_no_other_state(location: Location) -> None:
    state, problems = tell("completed", "none", location)
    record = Record(session_id="WFS-b", status="completed", wrong=WRONG)
    found = classify(NAME, location, record, "none")
    assert found == (state, ("record-wrong-type", "id-mismatch", *problems))


def test_an_id_in_another_unicode_form_or_none_is_no_mismatch() -> None:
    for session_id in ("WFS-u\u0308", "WFS-\xfc", ""):
        record = Record(session_id=session_id, status="paused")
        assert classify("WFS-\xfc", "root", record, "none") == ("paused", ())


def test_every_combination_has_a_state_and_no_finding_twice() -> None:
    records: list[Record | Fault] = [
        *(Fault(finding, "why") for finding in FAULTS),
        *(
            Record(session_id=session_id, status=status, wrong=wrong)
            for status in STATUSES
            for session_id in (NAME, "WFS-b", "")
            for wrong in ((), WRONG)
        ),
    ]
    for record, location, marker, archiving in itertools.product(
        records, LOCATIONS, RANKS, (False, True)
    ):
        state, problems = classify(NAME, location, record, marker, archiving)
        assert state in get_args(State)
        assert len(set(problems)) == len(problems)
        assert (state == "active") <= (marker == "winning")
        assert (state == "archived") <= (location == "completed")
