"""The legacy registry: each line for itself, and each refusal with its reason."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.core.registry import Entry, parse_registry

LINE = (
    b'{"id": "WFS-a", "status": "paused", "description": "Login",'
    b' "created": "2025-01-01", "complexity": "simple"}'
)


def test_a_line_says_all_that_there_is_to_know() -> None:
    (entry,) = parse_registry(LINE + b"\n").entries
    made = datetime(2025, 1, 1, tzinfo=UTC)
    assert entry == Entry("WFS-a", "paused", "Login", made, "simple", 1, json.loads(LINE))


def test_the_last_of_several_lines_for_a_name_counts_and_takes_its_place() -> None:
    data = b'\xef\xbb\xbf{"id": "WFS-a"}\r\n\n{"id": "WFS-b"}\n{"id": "WFS-a", "status": 5}'
    registry = parse_registry(data)
    assert [(one.name, one.line) for one in registry.entries] == [("WFS-b", 3), ("WFS-a", 4)]
    assert registry.entries[1].status == ""
    assert registry.rejected == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"<<<<<<< HEAD", "merge conflict"),
        (b"=======", "merge conflict"),
        (b'{"id": "\xff"}', "not UTF-8"),
        (b'{"id": "WFS-a"', "no JSON"),
        (b"[1]", "no object"),
        (b"{}", "no id"),
        (b'{"id": 5}', "no id"),
        (b'{"id": ""}', "no id"),
        (b'{"id": "../x"}', "cannot be the name"),
    ],
)
def test_a_line_that_cannot_be_used_is_kept_with_its_number(line: bytes, reason: str) -> None:
    registry = parse_registry(LINE + b"\n" + line + b"\n" + LINE.replace(b"WFS-a", b"WFS-b"))
    assert [one.name for one in registry.entries] == ["WFS-a", "WFS-b"]
    (rejected,) = registry.rejected
    assert (rejected.line, rejected.text) == (2, line)
    assert reason in rejected.reason


def test_whole_numbers_of_any_size_keep_their_digits_and_what_is_nested_too_deeply_is_refused() -> (
    None
):
    big = b'{"id": "WFS-a", "big": 123456789012345678901234567890}'
    deep = b'{"id": "WFS-b", "deep": ' + b"[" * 1010 + b"]" * 1010 + b"}"
    registry = parse_registry(big + b"\n" + deep)
    assert registry.entries[0].data["big"] == 123456789012345678901234567890
    assert [one.line for one in registry.rejected] == [2]


@given(st.binary())
def test_no_bytes_break_it_and_no_line_is_lost(data: bytes) -> None:
    registry = parse_registry(data)
    lines = [line for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    assert len(registry.rejected) + len(registry.entries) <= len(lines)
