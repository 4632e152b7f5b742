"""Notes of the attic, the paths that they may name, and the names of boxes that people type."""

import json
import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.core.attic import Note, encode_note, parse_note
from wfsession.core.boxes import Box, match_box
from wfsession.core.unboxing import find_origin_fault
from wfsession.errors import AmbiguousName, NotInAttic

MOMENT = datetime(2025, 9, 7, 10, 0, tzinfo=UTC)
MARKER, RECORD, OTHER = (
    "20250907-100000-stray-marker-aaaaaa",
    "20250907-100001-record-bbbbbb",
    "20250908-100000-record-aaaaab",
)


def make_box(name: str) -> Box:
    return Box(name, f"/r/.attic/{name}", MOMENT, "x", "", "file", 0)


BOXES = tuple(map(make_box, (MARKER, RECORD, OTHER)))


@given(st.binary(min_size=1, max_size=40).filter(lambda path: b"\0" not in path))
def test_a_note_says_every_path_to_the_byte(path: bytes) -> None:
    origin = os.fsdecode(path)
    assert parse_note(encode_note(MOMENT, origin, "why")) == Note(MOMENT, origin, "why")


def test_a_path_that_is_no_text_is_shown_to_people_and_kept_in_hexadecimal_digits() -> None:
    assert json.loads(encode_note(MOMENT, "WFS-\udcff/é", "why")) == {
        "at": "2025-09-07T10:00:00Z",
        "from": "WFS-\\xff/é",
        "reason": "why",
        "from_hex": b"WFS-\xff/\xc3\xa9".hex(),
    }


def test_a_path_that_is_text_stands_there_once() -> None:
    assert set(json.loads(encode_note(MOMENT, "WFS-é", "why"))) == {"at", "from", "reason"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"at": 1, "from": 2, "reason": [], "from_hex": {}}',
        b'{"at": "yesterday", "from": null}',
    ],
)
def test_what_a_note_does_not_say_is_empty(data: bytes) -> None:
    assert parse_note(data) == Note()


@pytest.mark.parametrize("digits", ["xy", "f", "", 5])
def test_digits_that_are_none_leave_what_is_shown(digits: object) -> None:
    note = json.dumps({"from": "WFS-a", "from_hex": digits}).encode()
    assert parse_note(note).origin == "WFS-a"


@pytest.mark.parametrize("origin", ["a", "a/b", ".active-x", "completed/a/b", "a/.wf", "..a", "é"])
def test_a_path_in_the_root_is_a_place_to_go_back_to(origin: str) -> None:
    assert find_origin_fault(origin) == ""


@pytest.mark.parametrize(
    "origin",
    [
        *("", "/etc/passwd", "..", "../x", "a/../b", "a/..", ".", "./a", "a//b", "a/", "/", "a\0b"),
        *(".wf", ".wf/lock", ".WF/tmp/x", ".attic", ".attic/x/item", ".Attic/y"),
    ],
)
def test_a_path_out_of_the_root_or_into_what_is_private_is_refused(origin: str) -> None:
    assert find_origin_fault(origin)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (MARKER, MARKER),
        ("aaaaaa", MARKER),
        ("aaaaab", OTHER),
        ("BBBBBB", RECORD),
        ("stray", MARKER),
        ("20250908", OTHER),
        ("record-b", RECORD),
    ],
)
def test_a_box_is_found_by_any_part_that_no_other_has(text: str, name: str) -> None:
    assert match_box(BOXES, text, "/r/.attic").name == name


def test_the_end_of_a_name_counts_before_a_part_of_another() -> None:
    inside = make_box("20250907-100000-record-aaaaaa".replace("100000", "123456"))
    at_the_end = make_box("20250907-100000-record-123456")
    assert match_box((inside, at_the_end), "123456", "").name == at_the_end.name


def test_the_case_of_letters_does_not_matter() -> None:
    boxes = (make_box("20250907-100000-Undo-aaaaaa"), *BOXES)
    for text in (boxes[0].name, "undo", "UNDO-A"):
        assert match_box(boxes, text, "").name == boxes[0].name


def test_a_part_that_several_have_names_them() -> None:
    with pytest.raises(AmbiguousName) as caught:
        match_box(BOXES, "record", "/r/.attic")
    assert caught.value.matches == (RECORD, OTHER)


@pytest.mark.parametrize("text", ["", "nothing"])
def test_a_part_that_none_has_is_not_in_the_attic(text: str) -> None:
    with pytest.raises(NotInAttic, match=r"/r/\.attic"):
        match_box(BOXES, text, "/r/.attic")


def test_the_name_of_a_box_says_what_it_is_and_how_to_call_it() -> None:
    box = make_box(MARKER)
    assert (box.what, box.short_name) == ("stray-marker", "aaaaaa")
