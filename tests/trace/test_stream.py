"""Envelopes are cut into their items, in whichever pieces they come."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wfsession.trace import stream
from wfsession.trace.stream import Broken, Member, Payload, split_envelope

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(['a"b\\', "{[}]", ",:"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def split(data: bytes, piece: int) -> list[Member | Payload]:
    source = io.BytesIO(data)
    return list(split_envelope(lambda size: source.read(min(size, piece))))


@given(
    items=st.lists(VALUES, max_size=4),
    tail=VALUES,
    piece=st.integers(1, 30),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
@example(items=['a"', "\\", '\\"'], tail='"', piece=1, indent=None, ascii_only=True)
def test_the_items_are_what_json_has_in_whichever_pieces_they_come(
    items: list[Any], tail: Any, piece: int, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(
        {"type": "x", "payloads": items, "tail": tail}, indent=indent, ensure_ascii=ascii_only
    )
    parts = split(text.encode(), piece)
    assert [json.loads(one.value or b"") for one in parts if isinstance(one, Payload)] == items
    members = {json.loads(one.key): one.value for one in parts if isinstance(one, Member)}
    assert {name: json.loads(value) for name, value in members.items()} == {
        "type": "x",
        "tail": tail,
    }


@given(items=st.lists(VALUES, max_size=2), cut=st.floats(0, 1, exclude_max=True))
def test_an_envelope_that_is_cut_off_anywhere_is_broken(items: list[Any], cut: float) -> None:
    data = json.dumps({"type": "x", "payloads": items}).encode()
    with pytest.raises(Broken):
        split(data[: int(len(data) * cut)], 7)


def test_of_a_long_envelope_one_item_is_held_and_of_one_too_long_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "MAX_ITEM_BYTES", 1_000)
    given_ = iter([b'{"payloads":["', *[b"x" * 500] * 40, b'","', b"y" * 500, b'"]}'])
    parts = list(split_envelope(lambda size: next(given_, b"")))
    assert parts == [Payload(None), Payload(b'"' + b"y" * 500 + b'"')]
