"""The journal's lines: what is written can be read, and what cannot be read is skipped."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import objects
from wfsession.core.journal import (
    LINE_BYTES,
    encode_done,
    encode_intent,
    encode_settled,
    encode_withdrawn,
    parse_journal,
)
from wfsession.core.model import ABSENT, Change, LogEntry
from wfsession.core.times import parse_time
from wfsession.core.values import diff, find_in, is_same

INTENT = LogEntry(
    id="1a",
    op="completed",
    at=parse_time("2026-01-02T03:04:05Z"),
    session="WFS-ü",
    active=("WFS-ü", None),
    moves=(("WFS-ü", "completed/WFS-ü"),),
    changes=(
        Change("completed/WFS-ü", ("status",), "active", "completed"),
        Change("completed/WFS-ü", ("meta", "x"), ABSENT, None),
        Change("completed/WFS-ü", ("gone",), [1, {"a": 2.5}], ABSENT),
    ),
)
DONE = INTENT._replace(state="done", holds={"PLAN.md": (3, 12_345)})


def test_an_intent_alone_is_an_unfinished_operation() -> None:
    assert parse_journal(encode_intent(INTENT)) == (INTENT,)


def test_an_operation_comes_back_as_it_was_written() -> None:
    assert parse_journal(encode_intent(INTENT) + encode_done(INTENT, DONE)) == (DONE,)


def test_the_second_line_says_only_what_came_out_otherwise() -> None:
    moved = DONE._replace(moves=(("WFS-ü", ".attic/box/item"),), active=("WFS-ü", "WFS-b"))
    line = encode_done(INTENT, moved)

    assert parse_journal(encode_intent(INTENT) + line) == (moved,)
    assert set(json.loads(line)["post"]) == {"active", "moves", "holds"}
    other = DONE._replace(changes=INTENT.changes[:1])
    assert parse_journal(encode_intent(INTENT) + encode_done(INTENT, other)) == (other,)


def test_an_undoing_knows_its_place_in_the_attic_only_when_it_is_done() -> None:
    intent = INTENT._replace(op="undone", moves=(("WFS-ü", ".attic"),), changes=())
    done = intent._replace(moves=(("WFS-ü", ".attic/20260102-undone-1a/item"),), state="done")

    assert parse_journal(encode_intent(intent)) == (intent,)
    assert parse_journal(encode_intent(intent) + encode_done(intent, done)) == (done,)
    line = encode_done(intent, intent)
    assert parse_journal(encode_intent(intent) + line) == (intent,)


def test_what_was_withdrawn_never_was_and_what_was_settled_is_said_so() -> None:
    line = encode_intent(INTENT)

    assert parse_journal(line + encode_withdrawn("1a")) == ()
    assert parse_journal(line + encode_settled("1a")) == (INTENT._replace(state="settled"),)
    assert parse_journal(encode_withdrawn("1a") + encode_settled("1a")) == ()


def test_the_oldest_comes_first() -> None:
    other = INTENT._replace(id="2b")
    lines = encode_intent(other) + encode_intent(INTENT) + encode_done(other, other)

    assert [entry.id for entry in parse_journal(lines)] == ["2b", "1a"]


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_line_that_was_cut_off_is_skipped_and_spoils_no_other(cut: int) -> None:
    whole = encode_intent(INTENT)
    other = INTENT._replace(id="2b")

    assert parse_journal(whole[:-cut] + b"\n" + encode_intent(other)) == (
        (other,) if cut > 1 else (INTENT, other)
    )


BAD_INTENTS: list[dict[str, Any]] = [
    {"op": 5},
    {"session": None},
    {"undoes": []},
    {"intent": None},
    {"intent": {}},
    {"intent": {"active": "abc", "moves": [], "changes": []}},
    {"intent": {"active": [1, None], "moves": [], "changes": []}},
    {"intent": {"active": [None, None], "moves": [["a"]], "changes": []}},
    {"intent": {"active": [None, None], "moves": [["a", 5]], "changes": []}},
    {"intent": {"active": [None, None], "moves": [["WFS-a", "../WFS-a"]], "changes": []}},
    {"intent": {"active": [None, None], "moves": [[".wf", "WFS-a"]], "changes": []}},
    {"intent": {"active": [None, None], "moves": [["WFS-a", ".attic"]], "changes": []}},
    {"intent": {"active": [None, None], "moves": [["WFS-a", ".attic/../item"]], "changes": []}},
    {
        "intent": {
            "active": [None, None],
            "moves": [],
            "changes": [{"directory": "/a", "path": ["x"]}],
        }
    },
    {"intent": {"active": [None, None], "moves": [], "changes": ["x"]}},
    {"intent": {"active": [None, None], "moves": [], "changes": [{"directory": "a"}]}},
    {"intent": {"active": [None, None], "moves": [], "changes": [{"directory": 1, "path": []}]}},
    {"id": 5},
]


@pytest.mark.parametrize("change", BAD_INTENTS, ids=str)
def test_a_line_that_somebody_edited_is_as_good_as_one_that_was_cut_off(
    change: dict[str, Any],
) -> None:
    line = json.dumps({**json.loads(encode_intent(INTENT)), **change}).encode()

    assert parse_journal(line + b"\n" + encode_done(INTENT, DONE)) == ()


ELSEWHERE = (
    "..",
    "../WFS-a",
    "/etc",
    "completed/../WFS-a",
    "completed",
    "completed/",
    "WFS-a/..",
    "WFS-a/x",
    ".wf",
    ".wf/tmp",
    ".attic",
    ".attic/..",
    ".attic/box/../item",
    ".attic/box/item/x",
    ".attic/../item",
    "a\0b",
    ".",
)


@pytest.mark.parametrize("path", ELSEWHERE)
def test_no_line_leads_to_what_is_no_session(path: str) -> None:
    other = INTENT._replace(op="renamed", changes=())
    moves = [((path, "WFS-a"),)]
    if path != ".attic":
        moves.append((("WFS-a", path),))
    for move in moves:
        line = encode_intent(other._replace(moves=move))
        assert parse_journal(line) == ()
        done = encode_done(other, other._replace(moves=move))
        assert parse_journal(encode_intent(other) + done) == (other,)
    change = (Change(path, ("status",), "a", "b"),)
    assert parse_journal(encode_intent(INTENT._replace(changes=change))) == ()


def test_a_directory_that_is_to_be_set_aside_has_no_box_yet() -> None:
    undoing = INTENT._replace(op="undone", moves=(("WFS-a", ".attic"),), changes=())

    assert parse_journal(encode_intent(undoing)) == (undoing,)


@pytest.mark.parametrize(
    "post",
    [{}, {"active": 5}, {"active": None, "moves": 5}, {"active": None, "holds": {"a": "xyz"}}, []],
    ids=str,
)
def test_an_outcome_that_somebody_edited_leaves_the_operation_unfinished(post: Any) -> None:
    line = json.dumps({"id": "1a", "done": True, "post": post}).encode()

    assert parse_journal(encode_intent(INTENT) + line) == (INTENT,)


@given(st.binary(max_size=200))
def test_no_bytes_keep_the_other_lines_from_being_read(noise: bytes) -> None:
    assert INTENT in parse_journal(noise + b"\n" + encode_intent(INTENT))


def test_what_is_too_large_to_be_kept_is_still_told() -> None:
    large = (Change("a", ("x",), "y" * LINE_BYTES, None),)
    intent = INTENT._replace(changes=large)

    line = encode_intent(intent)
    (entry,) = parse_journal(line)
    assert len(line) < 1000
    assert entry == INTENT._replace(changes=(), is_whole=False)
    done = encode_done(INTENT, DONE._replace(changes=large))
    assert len(done) < 1000
    (entry,) = parse_journal(encode_intent(INTENT) + done)
    assert (entry.state, entry.is_whole) == ("done", False)


@given(objects, objects)
def test_the_differences_lead_from_one_object_to_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    changes = list(diff(before, after))

    for path, old, new in changes:
        assert is_same(find_in(before, path), old)
        assert is_same(find_in(after, path), new)
        assert not is_same(old, new)
    assert is_same(_apply(before, changes), _apply(after, []))
    assert list(diff(after, after)) == []


def _apply(data: dict[str, Any], changes: list[tuple[tuple[str, ...], Any, Any]]) -> Any:
    result: dict[str, Any] = json.loads(json.dumps(data))
    for path, _, new in changes:
        inner = result
        for key in path[:-1]:
            inner = inner[key]
        if new is ABSENT:
            del inner[path[-1]]
        else:
            inner[path[-1]] = new
    return _sort(result)


def _sort(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sort(value[key]) for key in sorted(value)}
    return value


def test_true_is_not_one_and_one_is_not_one_point_nought() -> None:
    assert list(diff({"a": 1, "b": 1}, {"a": True, "b": 1.0})) == [
        (("a",), 1, True),
        (("b",), 1, 1.0),
    ]
    assert find_in({"a": {"b": None}}, ("a", "b")) is None
    assert find_in({"a": {"b": None}}, ("a", "b", "c")) is ABSENT
    assert repr(ABSENT) == "ABSENT"
