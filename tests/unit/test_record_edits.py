"""What a change does to the bytes of a record: itself, and nothing else."""

import contextlib
import difflib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from tests.samples import MOMENT, PATH, SHAPE_D, SHAPES, STAMP, assign_all, edit_of, read, setting
from tests.strategies import dumps_styles, paths, records, values
from wfsession.core import progress
from wfsession.core.edits import (
    become_active,
    become_archived,
    become_completed,
    become_paused,
    become_renamed,
)
from wfsession.core.records import LIMIT_BYTES, Edit, apply_edit, stamp_updated
from wfsession.core.splice import REMOVED, Appended, Path
from wfsession.errors import InvalidValue, RecordUnusable

EDITS: dict[str, Edit] = {
    "pause": become_paused(MOMENT),
    "activate": become_active(MOMENT),
    "complete": become_completed(MOMENT),
    "archive": become_archived(MOMENT),
    "rename": become_renamed(MOMENT, "WFS-a", "WFS-b"),
    "set phase PLAN": edit_of(progress.set_phase, "plan"),
    "set phase IMPLEMENT": edit_of(progress.set_phase, "IMPLEMENT"),
    "set phase REVIEW": edit_of(progress.set_phase, "REVIEW", artifacts={"log": "log.md"}),
    "next phase": edit_of(progress.next_phase),
    "checkpoint": edit_of(progress.checkpoint, note="später", artifacts={"a": "b"}),
    "add a task": edit_of(progress.add_task, "impl-2"),
    "update": edit_of(
        progress.update,
        {
            "x-last": {"a": [1, {"b": None}]},
            "x-big": None,
            "meta": {"x-by": "us"},
            "type": "simple",
        },
    ),
}


SHAPED = [(shape, name) for shape in SHAPES for name in EDITS]


def list_changed_lines(lines: list[str], assignments: Mapping[Path, Any]) -> set[int]:
    """Number the lines that the changed members take, and the one-line objects around them."""
    numbers: set[int] = set()
    for number, line in enumerate(lines):
        for path in assignments:
            is_member = f'"{path[-1]}":' in line
            if is_member or ("}" in line and any(f'"{key}":' in line for key in path)):
                numbers.add(number)
            if is_member and line.rstrip()[-1] in "{[":
                indent = line[: len(line) - len(line.lstrip())]
                closings = (indent + "}", indent + "]")
                end = next(n for n in range(number, len(lines)) if lines[n].startswith(closings))
                numbers |= set(range(number, end + 1))
    return numbers


@pytest.mark.parametrize(("shape", "name"), SHAPED)
def test_a_change_leaves_every_other_line_of_every_shape(shape: str, name: str) -> None:
    text = SHAPES[shape]
    assignments = EDITS[name](read(text))
    changed = apply_edit(text.encode(), EDITS[name], PATH).decode()

    old_lines, new_lines = text.splitlines(keepends=True), changed.splitlines(keepends=True)
    touched = list_changed_lines(old_lines, assignments)
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        with_commas = {line.rstrip() for line in new_lines[new_start:new_end]}
        for number in range(start, end) if what != "equal" else ():
            assert number in touched or old_lines[number].rstrip() + "," in with_commas
    assert changed.count("\r\n") == (changed.count("\n") if "\r\n" in text else 0)
    assert changed.startswith(text[:4])
    assert changed.endswith(text[-2:])


@pytest.mark.parametrize(("shape", "name"), SHAPED)
def test_a_change_is_made_and_no_other_and_the_order_of_keys_stays(shape: str, name: str) -> None:
    text = SHAPES[shape]
    assignments = EDITS[name](read(text))
    changed = apply_edit(text.encode(), EDITS[name], PATH).decode()
    expected = assign_all(json.loads(text.lstrip("\ufeff")), assignments)
    # As text, so that the order counts.
    assert json.dumps(json.loads(changed.lstrip("\ufeff"))) == json.dumps(expected)
    assert read(changed).wrong == ()


@pytest.mark.parametrize("shape", SHAPES)
def test_new_members_are_indented_as_their_neighbours(shape: str) -> None:
    text = SHAPES[shape]
    unit = {"A": "  ", "B": "\t", "C": "    ", "D": "  "}[shape]
    changed = apply_edit(text.encode(), setting("new", "deep", to=[{"x": 1}]), PATH).decode()
    end = "\r\n" if shape == "B" else "\n"
    expected = end.join(
        [
            f',{end}{unit}"new": {{',
            f'{unit * 2}"deep": [',
            f"{unit * 3}{{",
            f'{unit * 4}"x": 1',
            f"{unit * 3}}}",
            f"{unit * 2}]",
            f"{unit}}}{end}}}",
        ]
    )
    assert changed.rstrip().endswith(expected)


def test_a_completed_session_of_shape_d_line_by_line() -> None:
    changed = apply_edit(SHAPE_D.encode(), become_completed(MOMENT), PATH).decode()
    expected = (
        SHAPE_D.replace('"status": "in_progress"', '"status": "completed"')
        .replace('"updated_at": "2025-09-07T10:00:00.000Z"', f'"updated_at": "{STAMP}"')
        .replace('"completed_at": null', f'"completed_at": "{STAMP}"')
        .replace(
            '"percentage": 25.0}',
            f'"percentage": 25.0, "completed_phases": [], "last_checkpoint": "{STAMP}"}}',
        )
        .replace(
            '"schema_version": 1\n}',
            '"schema_version": 1,\n'
            '  "checkpoint": {\n'
            f'    "at": "{STAMP}",\n'
            '    "trigger": "session_end",\n'
            '    "phase": "",\n'
            '    "tasks": [],\n'
            '    "note": "",\n'
            '    "artifacts": {}\n'
            "  }\n}",
        )
    )
    assert changed == expected


@given(records, dumps_styles(), paths, values)
def test_any_change_of_any_record_is_as_if_it_were_written_anew(
    holder: dict[str, Any], style: Any, path: Path, value: Any
) -> None:
    data = style.write(holder).replace("\ufeff\n", "\ufeff").encode()
    try:
        changed = apply_edit(data, setting(*path, to=value), PATH)
    except (InvalidValue, RecordUnusable):
        return
    after = json.loads(changed.decode().lstrip("\ufeff"))
    assert after == assign_all(holder, {path: value}) or (value is None and after == holder)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_change_that_changes_nothing_gives_the_same_bytes(shape: str) -> None:
    data = SHAPES[shape].encode()
    record = read(data)
    same: dict[Path, Any] = {("status",): record.status, ("type",): record.type, ("absent",): None}
    gone: dict[Path, Any] = {("absent",): REMOVED, ("absent", "too"): REMOVED}
    assert apply_edit(data, lambda _: {**same, **gone}, PATH) == data
    assert apply_edit(data, lambda _: {}, PATH) == data


@pytest.mark.parametrize(
    ("old", "new"), [("true", 1), ("0", False), ("1.0", 1), ("1", 1.0), ("[true]", [1])]
)
def test_what_python_holds_for_equal_is_not_the_same_in_json(old: str, new: Any) -> None:
    data = f'{{"x": {old}}}'.encode()
    assert apply_edit(data, setting("x", to=new), PATH) == f'{{"x": {json.dumps(new)}}}'.encode()


@pytest.mark.parametrize(
    "value", [float("nan"), [float("inf")], {1, 2}, object(), b"x", "\ud800", {"\ud800": 1}]
)
def test_a_value_that_json_cannot_hold_is_refused_as_a_value(value: Any) -> None:
    with pytest.raises(InvalidValue, match="cannot be written as JSON") as caught:
        apply_edit(b"{}", setting("x", to=value), PATH)
    assert caught.value.field == "changes"


def nest(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 2),
        (("x",), 10**400),
        (("x",), "y" * LIMIT_BYTES),
        # Not too deep to be written, but for what reads it.
        (("x",) * 600, nest(600)),
        (("x",), nest(100_000)),
    ],
    ids=["schema", "number", "size", "depth", "abyss"],
)
def test_no_change_makes_a_record_that_cannot_be_read_again(path: Path, value: Any) -> None:
    with pytest.raises(InvalidValue, match=r"could not be read again|cannot be written as JSON"):
        apply_edit(b"{}", setting(*path, to=value), PATH)


def test_a_record_may_become_as_large_as_one_may_be_and_no_larger() -> None:
    assert LIMIT_BYTES == 8_000_000
    fitting = "y" * (LIMIT_BYTES - len(b'{"x": ""}'))
    assert len(apply_edit(b'{"x": ""}', setting("x", to=fitting), PATH)) == LIMIT_BYTES
    with pytest.raises(InvalidValue, match="it has 8,000,001 bytes"):
        apply_edit(b'{"x": ""}', setting("x", to=fitting + "y"), PATH)


def test_a_path_through_what_is_no_object_is_refused() -> None:
    with pytest.raises(RecordUnusable, match="it cannot be edited: x is no object"):
        apply_edit(b'{"x": 5}', setting("x", "y", to=1), PATH)
    with pytest.raises(RecordUnusable, match="it cannot be edited: x is no list"):
        apply_edit(b'{"x": {}}', setting("x", to=Appended(1)), PATH)


def test_a_record_too_deep_for_the_interpreter_is_changed_or_refused() -> None:
    data = b'{"x": ' + b"[" * 1000 + b"]" * 1000 + b"}"
    read(data)
    with contextlib.suppress(RecordUnusable):
        assert apply_edit(data, setting("y", to=1), PATH) == data[:-1] + b', "y": 1}'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{}", ("meta", "updated")),
        ('{"meta": null}', ("meta", "updated")),
        ('{"meta": {"updated": null}, "updated": "2025-09-05"}', ("updated",)),
        ('{"meta": {"updated": "2025-09-05"}, "updated_at": "2025-09-05"}', ("meta", "updated")),
        ('{"updated_at": "2025-09-05", "updated": "2025-09-05"}', ("updated_at",)),
        ('{"meta": 5, "updated_at": "2025-09-05"}', ("updated_at",)),
    ],
)
def test_the_last_change_is_told_where_the_record_tells_it(text: str, place: Path) -> None:
    assert stamp_updated(read(text), MOMENT) == {place: STAMP}


@pytest.mark.parametrize(
    "text", ['{"meta": 5}', '{"meta": {"updated": 5}}', '{"updated_at": "soon"}']
)
def test_the_last_change_is_not_told_over_a_field_of_a_wrong_type(text: str) -> None:
    assert stamp_updated(read(text), MOMENT) == {}
    changed = apply_edit(text.encode(), become_archived(MOMENT), PATH)
    assert changed.decode() == text[:-1] + f', "archived_at": "{STAMP}"}}'
