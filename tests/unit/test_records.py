"""What a record's bytes say, and what is wrong with them."""

import json
import re
from typing import Any

import pytest
from hypothesis import given

from tests.samples import (
    MOMENT,
    PATH,
    SHAPE_A,
    SHAPE_B,
    SHAPE_C,
    SHAPE_D,
    STAMP,
    assign_all,
    at,
    read,
    setting,
)
from tests.strategies import dumps_styles, records
from wfsession.core.model import Checkpoint, Record, Transition, WrongField
from wfsession.core.records import apply_edit, encode_new_record, find_value, parse_record
from wfsession.core.splice import REMOVED, Appended, Path
from wfsession.errors import InvalidValue, RecordUnusable


def test_shape_a_is_read() -> None:
    record = read(SHAPE_A)
    assert record == Record(
        session_id="WFS-a",
        title="Anmeldung über OAuth",
        type="complex",
        phase="INIT",
        status="initialized",
        tasks_total=0,
        created=at(5),
        data=record.data,
    )


def test_shape_b_is_read() -> None:
    record = read(SHAPE_B)
    assert record == Record(
        session_id="WFS-a",
        title="Login",
        type="medium",
        phase="BRAINSTORM",
        status="paused",
        tasks_total=7,
        created=at(5),
        data=record.data,
    )


def test_shape_c_is_read() -> None:
    record = read(SHAPE_C)
    assert record == Record(
        session_id="WFS-a",
        title="User profile feature",
        type="medium",
        phase="IMPLEMENT",
        status="active",
        completed_phases=("PLAN",),
        current_tasks=("impl-1",),
        created=at(5),
        updated=at(7),
        renamed_from=("WFS-ü",),
        transitions=(Transition("PLAN", "IMPLEMENT", at(6, 0), {"plan": "IMPL_PLAN.md"}),),
        checkpoint=Checkpoint(
            at=at(7),
            trigger="user_request",
            phase="IMPLEMENT",
            tasks=("impl-1",),
            note="half way",
            artifacts={"notes": "notes.md"},
        ),
        last_checkpoint=at(7),
        data=record.data,
    )


def test_shape_d_is_read() -> None:
    record = read(SHAPE_D)
    assert record == Record(
        session_id="WFS-a",
        title="Profile",
        type="tdd",
        status="in_progress",
        tasks_total=4,
        tasks_done=1,
        created=at(5),
        updated=at(7),
        paused_at=at(6),
        resumed_at=at(6, 11),
        data=record.data,
    )


def test_a_new_record_is_of_shape_c_and_reads_as_it_was_made() -> None:
    data = encode_new_record("WFS-a", 'Ü "1"', "simple", MOMENT, "active")
    assert data.endswith(b'"\n  }\n}\n')
    record = read(data)
    assert record == Record(
        session_id="WFS-a",
        title='Ü "1"',
        type="simple",
        phase="PLAN",
        status="active",
        created=MOMENT,
        updated=MOMENT,
        data=record.data,
    )
    assert list(record.data) == [
        "session_id",
        "project",
        "type",
        "current_phase",
        "status",
        "progress",
        "meta",
    ]


def test_a_new_record_has_what_its_maker_adds() -> None:
    more = {"workdir": {"issue": "7"}}
    record = read(encode_new_record("WFS-a", "A", "simple", MOMENT, "paused", more))
    assert (record.title, record.data["workdir"]) == ("A", {"issue": "7"})


def test_a_title_that_is_not_valid_utf_8_makes_no_record() -> None:
    with pytest.raises(InvalidValue, match="title: it is not valid UTF-8"):
        encode_new_record("WFS-a", "\ud800", "simple", MOMENT, "active")


@given(records, dumps_styles())
def test_a_record_reads_the_same_in_every_style(holder: dict[str, Any], style: Any) -> None:
    record = parse_record(style.write(holder).replace("\ufeff\n", "\ufeff").encode())
    assert record == parse_record(json.dumps(holder).encode())
    assert isinstance(record, Record)
    assert record.wrong == ()
    assert record.title == holder.get("project", holder.get("description", ""))


def test_project_and_description_stand_in_for_each_other() -> None:
    assert read('{"project": "p", "description": "d"}').title == "p"
    assert read('{"description": "d"}').title == "d"
    assert read('{"project": "", "description": "d"}').title == "d"
    assert read('{"project": null, "description": "d"}').title == "d"
    assert read('{"project": 5, "description": "d"}').title == "d"
    assert read("{}").title == ""


CREATED: list[Path] = [
    ("meta", "created"),
    ("created_at",),
    ("created",),
    ("initialized_at",),
    ("timestamp",),
]


UPDATED: list[Path] = [("meta", "updated"), ("updated_at",), ("updated",)]


@pytest.mark.parametrize(
    ("field", "places"), [("created", CREATED), ("updated", UPDATED)], ids=["created", "updated"]
)
@pytest.mark.parametrize("unusable", [None, "soon", 17, REMOVED])
def test_the_first_place_that_tells_a_time_counts(
    field: str, places: list[Path], unusable: object
) -> None:
    times = {place: f"2025-09-0{day}T10:00:00Z" for day, place in enumerate(places, 1)}
    for day, place in enumerate(places, 1):
        assert getattr(read(json.dumps(assign_all({}, times))), field) == at(day)
        times[place] = unusable  # type: ignore[assignment]
    assert getattr(read(json.dumps(assign_all({}, times))), field) is None


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ('{"progress": {"total": 4}, "task_system": {"task_count": 7}}', 4),
        ('{"progress": {"total": 0}, "task_system": {"task_count": {"total": 7}}}', 0),
        ('{"task_system": {"task_count": 7}}', 7),
        ('{"task_system": {"task_count": {"total": 7}}}', 7),
        ('{"task_system": {"task_count": {}}}', None),
        ('{"task_system": {"task_count": null}}', None),
        ('{"progress": {"total": "4"}, "task_system": {"task_count": 7}}', 7),
        ("{}", None),
    ],
)
def test_the_number_of_tasks_is_the_progress_else_the_task_system(
    text: str, total: int | None
) -> None:
    assert read(text).tasks_total == total


TEXT, TIME, TEXTS = "text", "a time (RFC 3339)", "a list of texts"


COUNT, OBJECT, OBJECTS = "a whole number", "an object", "a list of objects"


FOUND: list[tuple[Any, str]] = [
    (5, "a number"),
    (1.5, "a number"),
    (True, "true or false"),
    (False, "true or false"),
    ("words", "text"),
    ("", "text"),
    ([], "a list"),
    ([1], "a list"),
    ([{}], "a list"),
    (["a", None], "a list"),
    ({}, "an object"),
    ({"x": 1}, "an object"),
]


RIGHT: dict[str, Any] = {
    TEXT: "x",
    TIME: STAMP,
    TEXTS: ["x"],
    COUNT: 3,
    OBJECT: {"y": 1},
    OBJECTS: [{}],
}


FIELDS: dict[Path, str] = {
    **dict.fromkeys([("session_id",), ("project",), ("description",), ("type",)], TEXT),
    **dict.fromkeys([("current_phase",), ("status",)], TEXT),
    **dict.fromkeys([("checkpoint", key) for key in ("trigger", "phase", "note")], TEXT),
    **dict.fromkeys([*CREATED, *UPDATED], TIME),
    **dict.fromkeys([(f"{verb}_at",) for verb in ("paused", "resumed", "completed")], TIME),
    **dict.fromkeys([("archived_at",), ("progress", "last_checkpoint")], TIME),
    ("checkpoint", "at"): TIME,
    **dict.fromkeys([("progress", "completed_phases"), ("progress", "current_tasks")], TEXTS),
    **dict.fromkeys([("renamed_from",), ("checkpoint", "tasks")], TEXTS),
    **dict.fromkeys([("progress", "total"), ("progress", "completed")], COUNT),
    ("task_system", "task_count", "total"): COUNT,
    **dict.fromkeys([("meta",), ("progress",), ("task_system",), ("checkpoint",)], OBJECT),
    ("checkpoint", "artifacts"): OBJECT,
    ("transitions",): OBJECTS,
}


def is_right(kind: str, value: Any) -> bool:
    return {
        TEXT: isinstance(value, str),
        TIME: False,
        TEXTS: value == [],
        COUNT: type(value) is int,
        OBJECT: isinstance(value, dict),
        OBJECTS: value in ([], [{}]) and isinstance(value, list),
    }[kind]


WRONG = [
    (path, value, kind, found)
    for path, kind in FIELDS.items()
    for value, found in FOUND
    if not is_right(kind, value)
]


wrong_ids = [f"{'.'.join(path)}={json.dumps(value)}" for path, value, _, _ in WRONG]


@pytest.mark.parametrize(("path", "value", "kind", "found"), WRONG, ids=wrong_ids)
def test_a_field_of_a_wrong_type_is_reported_and_kept_until_it_is_mended(
    path: Path, value: Any, kind: str, found: str
) -> None:
    if kind == TIME and isinstance(value, str):
        found = "text that is no time"
    if kind == TEXTS and isinstance(value, list):
        found = "a list with other things"
    text = json.dumps(assign_all({}, {path: value, ("other",): 1}))
    record = read(text)
    name = ".".join(path)
    assert record.wrong == (WrongField(name, kind, found),)

    with pytest.raises(RecordUnusable, match=f"{name} is {found} and must be ") as caught:
        apply_edit(text.encode(), setting(*path, to=RIGHT[kind]), PATH)
    assert (caught.value.path, caught.value.finding) == (PATH, "record-wrong-type")
    with pytest.raises(RecordUnusable, match=name):
        apply_edit(text.encode(), setting(*path, "deeper", to=1), PATH)
    for end in range(1, len(path)):
        with pytest.raises(RecordUnusable, match=name):
            apply_edit(text.encode(), setting(*path[:end], to={}), PATH)
        with pytest.raises(RecordUnusable, match=name):
            apply_edit(text.encode(), setting(*path[:end], to=REMOVED), PATH)

    changed = apply_edit(text.encode(), setting("other", to=2), PATH)
    assert changed.decode() == text.replace('"other": 1', '"other": 2')


@pytest.mark.parametrize("path", FIELDS)
def test_null_is_as_if_the_field_were_not_there(path: Path) -> None:
    text = json.dumps(assign_all({}, {path: None}))
    record = read(text)
    assert record.wrong == ()
    empty = Record(data=record.data, checkpoint=record.checkpoint)
    assert record == empty
    kind = FIELDS[path]
    changed = read(apply_edit(text.encode(), setting(*path, to=RIGHT[kind]), PATH))
    assert find_value(changed, path) == RIGHT[kind]


@pytest.mark.parametrize("path", FIELDS)
def test_no_edit_makes_a_field_wrong(path: Path) -> None:
    kind = FIELDS[path]
    for value, _ in FOUND:
        if not is_right(kind, value):
            with pytest.raises(InvalidValue, match=f"it must be {re.escape(kind)}") as caught:
                apply_edit(b'{"a": 1}', setting(*path, to=value), PATH)
            assert caught.value.field == ".".join(path)


def test_of_a_list_with_other_things_the_texts_are_read() -> None:
    record = read('{"renamed_from": ["a", 5, null, "u\\u0308"]}')
    assert record.renamed_from == ("a", "ü")
    assert [field.path for field in record.wrong] == ["renamed_from"]


def test_what_is_wrong_inside_a_transition_is_named_by_its_number() -> None:
    text = '{"transitions": [{}, {"completed_at": 5, "artifacts": [], "phase_completed": "A"}]}'
    record = read(text)
    assert record.wrong == (
        WrongField("transitions[1].completed_at", TIME, "a number"),
        WrongField("transitions[1].artifacts", OBJECT, "a list"),
    )
    assert [one.phase_completed for one in record.transitions] == ["", "A"]
    with pytest.raises(RecordUnusable, match=r"transitions\[1\]\.completed_at is a number"):
        apply_edit(text.encode(), setting("transitions", to=[]), PATH)
    longer = apply_edit(text.encode(), setting("transitions", to=Appended({})), PATH)
    assert longer.decode() == text.replace('"A"}]', '"A"}, {}]')


def test_a_task_count_that_is_no_number_and_no_object_is_wrong() -> None:
    for counted in ("{}", '{"total": 4}'):
        record = read('{"task_system": {"task_count": "7"}, "progress": ' + counted + "}")
        assert record.wrong == (WrongField("task_system.task_count", COUNT, "text"),)
