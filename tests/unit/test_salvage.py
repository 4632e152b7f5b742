"""What is read of a record that is no valid JSON, and where the rest comes from."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import objects
from wfsession.core.model import Record
from wfsession.core.records import parse_record
from wfsession.core.salvage import Salvaged, read_first_keys, rebuild

MADE = datetime(2025, 1, 2, tzinfo=UTC)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
DEEP = '{"a":' * 5000


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"a": 1, "b": [2, 3], "c": "cut o', {"a": 1, "b": [2, 3]}),
        (b'{"a": 1, "meta": {"created": "x", "upd', {"a": 1, "meta": {"created": "x"}}),
        (b'{"a": 1, "b', {"a": 1}),
        (b'{"a": 1, "b"', {"a": 1}),
        (b'{"a": 1, "b": ', {"a": 1}),
        (b'{"a": 1 <<<<<<< HEAD', {"a": 1}),
        (b'\xef\xbb\xbf\n{"a": 1,', {"a": 1}),
        (b'\x00\x00{"a": 1,', {"a": 1}),
        (b'{{"a', {}),
        (b'{"a": NaN, "b": 1}', {}),
        (b'{"a": 1, "b": "\\ud800", "c": 2', {"a": 1, "c": 2}),
        (b'[1, {"a": 1}', {}),
        (b"", {}),
        (b"\xff\xfe\x00", {}),
    ],
)
def test_the_first_members_are_read_up_to_what_cannot_be(
    data: bytes, found: dict[str, object]
) -> None:
    assert read_first_keys(data) == found


@pytest.mark.parametrize(
    "data", [DEEP, DEEP.replace("{", '{"b":1,'), "[" * 9000, '{"a":' + "[" * 9000]
)
def test_endless_nesting_breaks_nothing(data: str) -> None:
    read_first_keys(data.encode())


@given(objects, st.data())
def test_every_part_of_a_record_gives_only_members_of_the_whole(
    whole: dict[str, object], data: st.DataObject
) -> None:
    text = json.dumps(whole)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    found = read_first_keys(cut.encode())
    assert found.keys() <= whole.keys()
    for key in list(found)[:-1]:
        assert found[key] == whole[key]


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda some: b'{"a": 1, "b' + some))
def test_whatever_is_left_makes_a_record_that_can_be_used(data: bytes) -> None:
    salvaged = put_together(read_first_keys(data))
    assert isinstance(parse_record(json.dumps(salvaged.data).encode()), Record)


def put_together(
    remains: dict[str, object], name: str = "WFS-a", registered: dict[str, str] | None = None
) -> Salvaged:
    return rebuild(name, "paused", remains, registered or {}, MADE, NOW)


def test_of_nothing_a_whole_record_is_made_and_each_source_is_named() -> None:
    salvaged = put_together({})
    assert salvaged.data["session_id"] == salvaged.data["project"] == "WFS-a"
    assert salvaged.data["meta"] == {
        "created": "2025-01-02T00:00:00Z",
        "updated": "2026-01-02T00:00:00Z",
    }
    assert salvaged.origin["meta"] == "the times of the files"
    assert salvaged.origin["project"] == "the directory's name"
    assert salvaged.origin["type"] == salvaged.origin["progress"] == "nothing: the default"
    assert salvaged.origin.keys() == salvaged.data.keys()


def test_the_name_tells_the_time_before_the_files_do() -> None:
    salvaged = put_together({}, "WFS-a-20250905-100000")
    assert salvaged.data["meta"]["created"] == "2025-09-05T10:00:00Z"
    assert salvaged.origin["meta"] == "the directory's name"


def test_the_registry_gives_title_and_type() -> None:
    salvaged = put_together({}, registered={"description": "Login", "complexity": "simple"})
    assert (salvaged.data["project"], salvaged.data["type"]) == ("Login", "simple")
    assert salvaged.origin["project"] == salvaged.origin["type"] == "the registry"


def test_what_the_record_still_says_is_kept_and_beats_the_registry() -> None:
    remains: dict[str, object] = {
        "project": "Mine",
        "their_own": [1],
        "meta": {"created": "2020-01-01T00:00:00Z"},
    }
    salvaged = put_together(remains, registered={"description": "Login"})
    assert salvaged.data["project"] == "Mine"
    assert salvaged.data["their_own"] == [1]
    assert salvaged.data["meta"]["created"] == "2020-01-01T00:00:00Z"
    assert salvaged.origin["their_own"] == "the corrupt record"


def test_an_older_record_keeps_its_description_as_title() -> None:
    salvaged = put_together({"description": "Mine"}, registered={"description": "Login"})
    assert salvaged.data["project"] == "Mine"
    assert salvaged.origin["project"] == "the corrupt record"


def test_a_remainder_of_a_wrong_type_is_replaced() -> None:
    salvaged = put_together({"progress": 5})
    assert salvaged.data["progress"]["completed_phases"] == []
    assert salvaged.origin["progress"] == "nothing: the default"
