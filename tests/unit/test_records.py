"""What a record's bytes say, and what is wrong with them."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import (
    MOMENT,
    PATH,
    SHAPE_A,
    SHAPE_B,
    SHAPE_C,
    SHAPE_D,
    SHAPES,
    STAMP,
    assign_all,
    at,
    fail,
    read,
    setting,
)
from tests.strategies import dumps_styles, records
from wfsession.core.model import Checkpoint, Fault, Record, Transition, WrongField
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


CORRUPT = {
    "empty": b"",
    "blank": b" \r\n\t",
    "only a byte order mark": b"\xef\xbb\xbf",
    "a number": b"17",
    "a text": b'"WFS-a"',
    "true": b"true",
    "null": b"null",
    "a list": b"[{}]",
    "nothing behind a comma": b'{"a": 1,}',
    "two objects": b"{}{}",
    "a comment": b'{} // "a"',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "no UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf{}",
    "a raw line end in a text": b'{"a": "x\ny"}',
    "half a pair": b'{"a": "\\ud800"}',
    "a merge conflict": b'<<<<<<< HEAD\n{"a": 1}\n=======\n{"a": 2}\n>>>>>>> other\n',
    "open brackets": b"[" * 100_000,
    "deep lists": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a": ' * 100_000 + b"1" + b"}" * 100_000,
    "zero bytes": b"\0" * 4096,
}


def change_anything(record: Record) -> dict[Path, Any]:
    return {("status",): "changed", ("new",): 1}


@pytest.mark.parametrize("case", CORRUPT)
def test_bytes_that_are_no_object_are_corrupt_and_are_not_changed(case: str) -> None:
    fault = fail(CORRUPT[case])
    assert fault.finding == "record-corrupt"
    assert fault.reason
    with pytest.raises(RecordUnusable) as caught:
        apply_edit(CORRUPT[case], change_anything, PATH)
    assert (caught.value.finding, caught.value.path) == ("record-corrupt", PATH)
    assert fault.reason in str(caught.value)


@pytest.mark.parametrize("case", ["empty", "blank", "only a byte order mark"])
def test_a_record_without_anything_in_it_says_so(case: str) -> None:
    assert fail(CORRUPT[case]).reason == "it is empty"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"[]", "a list"),
        (b'""', "text"),
        (b"0", "a number"),
        (b"0.5", "a number"),
        (b"false", "true or false"),
        (b"null", "null"),
    ],
)
def test_a_record_that_is_no_object_says_what_it_is(data: bytes, found: str) -> None:
    assert fail(data).reason == f"it holds {found}, no object"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_record_cut_off_anywhere_is_corrupt(shape: str) -> None:
    data = SHAPES[shape].rstrip().encode()
    for size in range(len(data)):
        assert fail(data[:size]).finding == "record-corrupt"
    assert isinstance(parse_record(data), Record)


@given(st.binary() | st.sampled_from(list(SHAPES.values())).map(str.encode), st.data())
def test_no_bytes_make_reading_fail(data: bytes, random: st.DataObject) -> None:
    place = random.draw(st.integers(0, len(data)))
    damaged = data[:place] + random.draw(st.binary(max_size=4)) + data[place + 1 :]
    assert isinstance(parse_record(damaged), Record | Fault)


@pytest.mark.parametrize("key", ["schema_version", "schema"])
@pytest.mark.parametrize("version", ["2", "1.5", "99", "1e3"])
def test_a_record_of_a_future_schema_is_not_read_and_not_changed(key: str, version: str) -> None:
    data = f'{{"{key}": {version}, "status": "active"}}'.encode()
    assert fail(data).finding == "record-newer-schema"
    assert f"its {key} is " in fail(data).reason
    with pytest.raises(RecordUnusable) as caught:
        apply_edit(data, change_anything, PATH)
    assert caught.value.finding == "record-newer-schema"


@pytest.mark.parametrize("version", ["1", "0", "-1", "true", "null", '"2"', "[2]", '{"v": 2}'])
def test_other_schemas_are_ours_or_mean_something_else(version: str) -> None:
    assert read(f'{{"schema_version": {version}, "schema": {version}}}').wrong == ()


def test_a_byte_order_mark_is_accepted_and_kept() -> None:
    data = b'\xef\xbb\xbf{"status": "active"}'
    assert read(data).status == "active"
    assert apply_edit(data, setting("status", to="x"), PATH) == b'\xef\xbb\xbf{"status": "x"}'


def test_of_duplicate_keys_the_last_counts_and_is_changed() -> None:
    data = b'{"status": 5, "status": "active", "a": {"b": 1}, "a": {"b": 2}}'
    record = read(data)
    assert (record.status, record.wrong) == ("active", ())
    changed = apply_edit(data, lambda _: {("status",): "x", ("a", "b"): 3}, PATH)
    assert changed == b'{"status": 5, "status": "x", "a": {"b": 1}, "a": {"b": 3}}'


def test_the_data_of_a_record_cannot_be_changed_by_who_reads_it() -> None:
    with pytest.raises(TypeError):
        read("{}").data["status"] = "x"  # type: ignore[index]
