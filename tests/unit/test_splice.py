"""Values of a JSON text are changed, and nothing else of it."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.samples import assign
from tests.strategies import (
    KEYS,
    Dumps,
    JsonText,
    dumps_styles,
    json_texts,
    objects,
    paths,
    values,
)
from wfsession.core.splice import REMOVED, Appended, splice

Path = tuple[str, ...]
TABS = Dumps("\t", (",", ": "), "\n", "", "\n")


def as_number(text: str) -> tuple[str, str]:
    """A number as it is written, which is all that may be asked of one that no float holds."""
    return "number", text


def parse(text: str) -> Any:
    return json.loads(text.removeprefix("\ufeff"), parse_int=as_number, parse_float=as_number)


def as_written(value: Any) -> Any:
    return parse(json.dumps(value))


def parse_pairs(text: str) -> Any:
    return json.loads(
        text.removeprefix("\ufeff"),
        parse_int=as_number,
        parse_float=as_number,
        object_pairs_hook=lambda pairs: ("object", pairs),
    )


def blocks(holder: Any, path: Path, value: Any) -> bool:
    """Whether a path goes through what is no object, or what is appended to is no list."""
    for key in path[:-1]:
        holder = holder.get(key)
        if holder is None:
            return False
        if not isinstance(holder, dict):
            return True
    if not isinstance(value, Appended):
        return False
    return not isinstance(holder.get(path[-1]), list | None)


assigned = values | st.just(REMOVED) | st.builds(Appended, values)


@given(json_texts(), paths, assigned)
@example(JsonText('{"a":1,"a":2}', {}), ("a",), REMOVED)
# More digits than Python converts.
@example(JsonText('{"a": -' + "9" * 5000 + "}", {}), ("b",), 1)
@example(JsonText('{"a": {}}\n', {}), ("a", "b"), [1])
@example(JsonText('{"a":\n{}}', {}), ("a", "b"), Appended({}))
def test_a_splice_is_an_assignment(source: JsonText, path: Path, value: Any) -> None:
    before = parse(source.text)
    assume(not blocks(before, path, value))
    written = value
    if isinstance(value, Appended):
        written = Appended(as_written(value.item))
    elif value is not REMOVED:
        written = as_written(value)
    expected = assign(before, path, written)
    after = parse(splice(source.text, {path: value}))
    assert after == expected
    assert list(after) == list(expected), "the order of the members"


@given(json_texts(), st.data(), paths, assigned)
def test_what_stands_in_the_way_is_refused(
    source: JsonText, data: st.DataObject, rest: Path, value: Any
) -> None:
    known = sorted(path for path in source.spans if path)
    assume(known)
    path = data.draw(st.sampled_from(known))
    start, end = source.spans[path]
    solid = data.draw(st.sampled_from(["[]", "0", '"{}"', "false", "[{}]"]))
    text = source.text[:start] + solid + source.text[end:]
    with pytest.raises(TypeError, match=re.escape(f"{path[-1]} is no object")):
        splice(text, {(*path, *rest): value})


@pytest.mark.parametrize("solid", ["{}", '{"b": 1}', "0", '"[]"', "false"])
def test_nothing_is_appended_to_what_is_no_list(solid: str) -> None:
    with pytest.raises(TypeError, match="a is no list"):
        splice('{"a": ' + solid + "}", {("a",): Appended(1)})


@given(json_texts(), st.data(), values)
def test_a_new_value_leaves_every_other_character(
    source: JsonText, data: st.DataObject, value: Any
) -> None:
    known = sorted(path for path in source.spans if path)
    assume(known)
    path = data.draw(st.sampled_from(known))
    start, end = source.spans[path]
    changed = splice(source.text, {path: value})
    assert changed.startswith(source.text[:start])
    assert changed.endswith(source.text[end:])
    new = changed[start : len(changed) - len(source.text) + end]
    assert json.loads(new) == value


def is_one_piece_longer(longer: str, shorter: str) -> bool:
    """Whether the one is the other with one piece put in somewhere."""
    more = len(longer) - len(shorter)
    same = 0
    while same < len(shorter) and longer[same] == shorter[same]:
        same += 1
    return any(longer[at + more :] == shorter[at:] for at in range(same + 1))


@given(json_texts(), st.data(), st.sampled_from(KEYS), values)
def test_a_new_member_is_one_piece_and_removing_it_restores_the_text(
    source: JsonText, data: st.DataObject, key: str, value: Any
) -> None:
    text = source.text
    holders = sorted(
        path
        for path, (start, end) in source.spans.items()
        if text[start] == "{"
        and text[start + 1 : end - 1].strip()
        and (*path, key) not in source.spans
    )
    assume(holders)
    path = (*data.draw(st.sampled_from(holders)), key)
    changed = splice(text, {path: value})
    assert is_one_piece_longer(changed, text)
    assert splice(changed, {path: REMOVED}) == text


@given(json_texts(), st.data())
def test_removing_a_member_takes_one_piece_out(source: JsonText, data: st.DataObject) -> None:
    known = sorted(path for path in source.spans if path)
    assume(known)
    path = data.draw(st.sampled_from(known))
    changed = splice(source.text, {path: REMOVED})
    holder = parse_pairs(source.text)
    for key in path[:-1]:
        holder = dict(holder[1])[key]
    once = [name for name, _ in holder[1]].count(path[-1]) == 1
    assert is_one_piece_longer(source.text, changed) or not once
    assert splice(changed, {path: REMOVED}) == changed


@given(json_texts(), st.data(), st.sampled_from(["null", "true", "0", '"x"']), values)
def test_the_old_value_set_again_restores_the_text(
    source: JsonText, data: st.DataObject, scalar: str, value: Any
) -> None:
    known = sorted(path for path in source.spans if path)
    assume(known)
    path = data.draw(st.sampled_from(known))
    start, end = source.spans[path]
    text = source.text[:start] + scalar + source.text[end:]
    changed = splice(text, {path: value})
    assert splice(changed, {path: json.loads(scalar)}) == text


@given(objects, dumps_styles(), paths, assigned)
@example({"a": {"b": 1}}, Dumps("", (",", ": "), "\n", "", ""), ("a", "x"), [1, {"a": []}])
@example({"a": [1]}, Dumps(None, (",", ":"), "\n", "", "\n"), ("a",), Appended(2))
def test_what_is_new_looks_like_what_is_there(
    holder: dict[str, Any], style: Dumps, path: Path, value: Any
) -> None:
    """A text that json.dumps wrote is, after the change, what json.dumps would write."""
    assume(not blocks(holder, path, value))
    expected = assign(holder, path, value)
    # From an empty text, nobody can tell the style of the next one.
    assume(expected)
    assert splice(style.write(holder), {path: value}) == style.write(expected)


@given(json_texts(), st.dictionaries(paths, values, max_size=4))
def test_many_assignments_are_one_after_the_other(
    source: JsonText, assignments: dict[Path, Any]
) -> None:
    one_by_one = source.text
    try:
        for path, value in assignments.items():
            one_by_one = splice(one_by_one, {path: value})
    except TypeError:
        with pytest.raises(TypeError):
            splice(source.text, assignments)
    else:
        assert splice(source.text, assignments) == one_by_one


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, {1, 2}, b"x", object()])
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v], lambda v: {"x": v}, Appended])
def test_what_json_cannot_hold_is_refused(value: Any, wrap: Any) -> None:
    for text in ('{"a": []}', "{}", '{"a": null}'):
        with pytest.raises(ValueError, match="JSON"):
            splice(text, {("a",): wrap(value)})


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValueError, match="Circular"):
        splice("{}", {("a",): value})


def test_a_text_deeper_than_the_interpreter_goes_is_a_recursion_error() -> None:
    depth = 200_000
    with pytest.raises(RecursionError):
        splice('{"a": ' + "[" * depth + "]" * depth + "}", {("b",): 1})


def test_nothing_to_assign_gives_the_text_itself() -> None:
    assert splice(' {"a" :1 }', {}) == ' {"a" :1 }'


def test_many_duplicates_are_removed_however_many_there_are() -> None:
    text = "{" + '"a": 1, ' * 20_000 + '"b": 2' + ',\n"a": 3' * 20_000 + ', "c":4}'
    assert splice(text, {("a",): REMOVED}) == '{"b": 2, "c":4}'
    assert splice('{ "a": 1, "a": 2 }', {("a",): REMOVED}) == "{}"


STYLES: dict[str, tuple[str, dict[Path, Any], str]] = {
    "an inline object inside an indented one stays on its line": (
        '{\n  "meta": {"created": 1},\n  "x": []\n}\n',
        {("meta", "updated"): [2, {"a": 3}]},
        '{\n  "meta": {"created": 1, "updated": [2, {"a": 3}]},\n  "x": []\n}\n',
    ),
    "an indented object inside one line takes lines": (
        '{"meta": {\n    "created": 1\n  }}',
        {("meta", "updated"): 2},
        '{"meta": {\n    "created": 1,\n    "updated": 2\n  }}',
    ),
    "an empty object in one line is filled in that line": (
        '{"meta": {}, "x": {"y": { }}}\n',
        {("meta", "a"): {"b": 1}, ("x", "y", "z"): 1},
        '{"meta": {"a": {"b": 1}}, "x": {"y": {"z": 1}}}\n',
    ),
    "an empty object among lines is filled with lines": (
        '{\n    "meta": { }\n}',
        {("meta", "a"): 1},
        '{\n    "meta": {\n        "a": 1\n    }\n}',
    ),
    "an empty text gets lines": ("{}\n", {("a", "b"): 1}, '{\n  "a": {\n    "b": 1\n  }\n}\n'),
    "an inline list among lines stays inline": (
        '{\n  "tasks": ["a"],\n  "b": 1\n}',
        {("tasks",): ["a", "b"]},
        '{\n  "tasks": ["a", "b"],\n  "b": 1\n}',
    ),
    "items are appended as their neighbours stand": (
        '{\r\n\t"t": [\r\n\t\t{"n": 1}\r\n\t]\r\n}',
        {("t",): Appended({"n": 2, "m": {}})},
        '{\r\n\t"t": [\r\n\t\t{"n": 1},\r\n\t\t{"n": 2, "m": {}}\r\n\t]\r\n}',
    ),
    "items on lines are appended on lines": (
        '{\n  "t": [\n    {\n      "n": 1\n    }\n  ]\n}',
        {("t",): Appended({"n": 2})},
        '{\n  "t": [\n    {\n      "n": 1\n    },\n    {\n      "n": 2\n    }\n  ]\n}',
    ),
    "an item after a plain one on a line takes lines too": (
        '{\n  "t": [\n    1\n  ]\n}',
        {("t",): Appended({"n": 2})},
        '{\n  "t": [\n    1,\n    {\n      "n": 2\n    }\n  ]\n}',
    ),
    "an item after the only one of a line": ('{"t": [1]}', {("t",): Appended(2)}, '{"t": [1, 2]}'),
    "an item after two has their comma": (
        '{"t": [ 1,2]}',
        {("t",): Appended(3)},
        '{"t": [ 1,2,3]}',
    ),
    "lines in a text that begins on one are indented by two": (
        '{"a": {\n "b": 1\n}}',
        {("a", "c"): {"d": 1}},
        '{"a": {\n "b": 1,\n "c": {\n   "d": 1\n }\n}}',
    ),
    "the numbers of the items before are not rewritten": (
        '{"t":[1e400,{"n":123456789012345678901234567890}]}',
        {("t",): Appended({"n": 2})},
        '{"t":[1e400,{"n":123456789012345678901234567890},{"n":2}]}',
    ),
    "a list is made where there is none": (
        '{\n "a": null\n}',
        {("a", "b"): Appended(1)},
        '{\n "a": {\n  "b": [\n   1\n  ]\n }\n}',
    ),
    "a colon without a blank in lines": (
        '{\n"a":1\n}',
        {("b",): {"c": [1]}},
        '{\n"a":1,\n"b":{\n"c":[\n1\n]\n}\n}',
    ),
    "odd colons and commas are copied": (
        '{ "a" : 1 ,  "b" : 2 }',
        {("c",): 3},
        '{ "a" : 1 ,  "b" : 2 ,  "c" : 3 }',
    ),
    "of duplicate keys the last counts": ('{"a": 1, "a": 2}', {("a",): 3}, '{"a": 1, "a": 3}'),
    "a byte order mark stays": (
        '\ufeff{"a": "\\u00e9"}',
        {("b",): "é"},
        '\ufeff{"a": "\\u00e9", "b": "é"}',
    ),
    "the first of many is removed with its comma": (
        '{ "a":1, "b":2 }',
        {("a",): REMOVED},
        '{ "b":2 }',
    ),
    "the only one leaves an empty object": ('{\n  "a": 1\n}\n', {("a",): REMOVED}, "{}\n"),
    "removing what is not there does nothing": (
        '{"a": null}',
        {("b",): REMOVED, ("b", "c"): REMOVED, ("a", "c"): REMOVED},
        '{"a": null}',
    ),
}


@pytest.mark.parametrize("case", STYLES)
def test_style(case: str) -> None:
    text, assignments, expected = STYLES[case]
    assert splice(text, assignments) == expected


def test_a_member_of_each_level_has_the_indentation_of_its_neighbours() -> None:
    text = TABS.write({"a": {"b": {"c": 1}}})
    changed = splice(text, {("a", "b", "d"): 2, ("a", "e"): 3, ("f",): {"g": 4}})
    assert [line for line in changed.split("\n") if "2" in line or "3" in line or "4" in line] == [
        '\t\t\t"d": 2',
        '\t\t"e": 3',
        '\t\t"g": 4',
    ]
