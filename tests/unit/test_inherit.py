"""What a record inherits: only what it lacks, and what it has otherwise beside it."""

import json
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import records, values
from wfsession.core.inherit import Bequest, Words, list_overwritten, make_edit, make_record
from wfsession.core.model import Record
from wfsession.core.records import apply_edit, parse_record
from wfsession.errors import RecordUnusable

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def make_bequest(
    said: dict[str, Any],
    source: Literal["registry", "manifest"] = "registry",
    status: str | None = None,
    is_numbered: bool = False,
) -> Bequest:
    def say_status(before: str) -> str:
        return before if status is None else status

    return Bequest("WFS-a", is_numbered, (Words(source, said),), say_status)


def inherit(record: dict[str, Any], said: dict[str, Any], **more: Any) -> Any:
    """Return what a record says when it has inherited, twice with one outcome."""
    edit = make_edit(make_bequest(said, **more))
    data = apply_edit(json.dumps(record).encode(), edit, "record")
    assert apply_edit(data, edit, "record") == data
    return json.loads(data)


BARE = {"session_id": "WFS-a", "status": "paused"}


@pytest.mark.parametrize(
    ("record", "said", "expected"),
    [
        ({}, {"id": "WFS-a"}, {"session_id": "WFS-a"}),
        (BARE, {"description": "T"}, {**BARE, "project": "T"}),
        ({**BARE, "project": ""}, {"description": "T"}, {**BARE, "project": "T"}),
        ({**BARE, "description": "T"}, {"description": "T"}, {**BARE, "description": "T"}),
        (BARE, {"created": "2025-01-01"}, {**BARE, "meta": {"created": "2025-01-01"}}),
        (
            {**BARE, "timestamp": "2025-01-01T00:00:00Z"},
            {"created": "2025-01-01"},
            {**BARE, "timestamp": "2025-01-01T00:00:00Z"},
        ),
        (BARE, {"complexity": "simple"}, {**BARE, "type": "simple", "complexity": "simple"}),
        ({**BARE, "type": "tdd"}, {"complexity": "s"}, {**BARE, "type": "tdd", "complexity": "s"}),
        (BARE, {"description": "", "created": "", "complexity": ""}, BARE),
        (BARE, {"theirs": None}, BARE),
        (BARE, {"theirs": [1, {"a": None}]}, {**BARE, "theirs": [1, {"a": None}]}),
        ({**BARE, "theirs": None}, {"theirs": 1}, {**BARE, "theirs": 1}),
        ({**BARE, "theirs": 2**70}, {"theirs": 2**70}, {**BARE, "theirs": 2**70}),
    ],
)
def test_what_a_record_lacks_it_gets_and_what_it_has_it_keeps(
    record: dict[str, Any], said: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert inherit(record, said) == expected


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"project": "Ours"}, {"description": "Theirs"}),
        ({"created_at": "2024-01-01"}, {"created": "2025-01-01"}),
        ({"meta": {"created": 5}}, {"created": "2025-01-01"}),
        ({"meta": 5}, {"created": "2025-01-01"}),
        ({}, {"created": "some day"}),
        ({}, {"description": 5}),
        ({"owner": 1}, {"owner": {"a": 1}}),
        ({}, {"schema_version": 99}),
        ({}, {"progress": {"current_tasks": 5}}),
        ({"theirs": 5}, {"theirs": 2**70}),
        ({}, {"migrated_from": "somewhere"}),
    ],
)
def test_what_a_record_says_otherwise_or_could_not_hold_stands_beside_it(
    record: dict[str, Any], said: dict[str, Any]
) -> None:
    assert inherit({**BARE, **record}, said) == {
        **BARE,
        **record,
        "migrated_from": {"registry": said},
    }


def test_a_manifest_fills_keys_and_knows_no_other_names_for_them() -> None:
    said = {"session_id": "WFS-a", "description": "D", "created": "2024-01-01", "complexity": "s"}
    expected = {**BARE, "project": "P", **said}
    assert inherit({**BARE, "project": "P"}, said, source="manifest") == expected


@pytest.mark.parametrize(
    ("before", "said", "after", "expected"),
    [
        ("active", "active", "paused", {"status": "active", "registry": {"status": "active"}}),
        ("planning", "active", "planning", None),
        ("paused", "interrupted", "paused", None),
        ("paused", 5, "paused", {"registry": {"status": 5}}),
        ("", "completed", "completed", None),
        ("failed", "completed", "failed", None),
    ],
)
def test_a_status_that_is_replaced_or_not_heeded_is_remembered(
    before: str, said: object, after: str, expected: object
) -> None:
    record = {"session_id": "WFS-a", "status": before}
    found = inherit(record, {"status": said}, status=after)
    assert found["status"] == after
    assert found.get("migrated_from") == expected


def test_a_number_replaces_the_session_id_and_nothing_else_does() -> None:
    record = {"session_id": "WFS-was", "status": "paused"}
    assert inherit(record, {"id": "WFS-a"}) == record
    assert inherit(record, {}, is_numbered=True) == {**record, "session_id": "WFS-a"}


def test_a_field_of_a_wrong_type_is_left_to_the_doctor() -> None:
    record = {"session_id": 5, "status": [], "type": {}, "project": 1}
    said = {"description": "D", "complexity": "s"}
    found = inherit(record, said, status="paused", is_numbered=True)
    assert {key: found[key] for key in record} == record
    assert found["migrated_from"] == {"registry": {"description": "D"}}


def test_a_record_without_room_for_what_was_said_is_not_changed() -> None:
    data = json.dumps({**BARE, "migrated_from": "mine", "owner": 1}).encode()
    with pytest.raises(RecordUnusable):
        apply_edit(data, make_edit(make_bequest({"owner": 2})), "record")


def test_only_what_replaces_a_value_is_overwriting() -> None:
    record = parse_record(json.dumps({**BARE, "project": "", "type": None}).encode())
    assert isinstance(record, Record)
    said = {"description": "T", "complexity": "s", "created": "2025-01-01"}
    edit = make_edit(make_bequest(said, status="active"))
    assert list_overwritten(record, edit(record)) == [("status",)]


def test_a_new_record_has_what_was_said_and_what_every_record_has() -> None:
    said = {"description": "T", "created": "2025-01-01", "their": 2**70, "status": "completed"}
    bequest = make_bequest(said, status="completed")
    assert json.loads(make_record(bequest, {"notes": [1]}, None, NOW)) == {
        "session_id": "WFS-a",
        "project": "T",
        "type": "medium",
        "current_phase": "PLAN",
        "status": "completed",
        "progress": {"completed_phases": [], "current_tasks": [], "last_checkpoint": None},
        "meta": {"created": "2025-01-01", "updated": "2026-01-02T00:00:00Z"},
        "their": 2**70,
        "notes": [1],
    }


def make_deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("remains", "said"),
    [
        ({"schema_version": 99}, {}),
        ({}, {"deep": make_deep(5000)}),
        ({}, {"large": "x" * 8_000_000}),
    ],
)
def test_what_no_record_could_hold_makes_none(
    remains: dict[str, Any], said: dict[str, Any]
) -> None:
    with pytest.raises(RecordUnusable):
        make_record(make_bequest(said), remains, None, NOW)


@given(
    records,
    st.dictionaries(
        st.sampled_from(
            ["description", "created", "complexity", "owner", "status", "meta", "progress", "type"]
        ),
        values,
    ),
    st.sampled_from(["registry", "manifest"]),
)
def test_a_record_of_any_shape_keeps_every_value_and_nothing_that_was_said_is_lost(
    record: dict[str, Any], said: dict[str, Any], source: Literal["registry", "manifest"]
) -> None:
    found = inherit(record, said, source=source)
    for key, value in record.items():
        if value not in (None, "") and key != "meta":
            assert found[key] == value
    text = json.dumps(found)
    for key, value in said.items():
        if value not in (None, "") and not (key == "status" and value in ("active", "paused")):
            assert json.dumps(value) in text, key
