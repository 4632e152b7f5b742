"""The manifest of an older archive: each entry for itself, and each refusal with its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.core.manifest import Manifest, parse_manifest


def test_the_last_of_several_entries_for_a_name_counts_and_takes_its_place() -> None:
    data = (
        b'\xef\xbb\xbf[{"session_id": "WFS-a", "n": 1}, {"session_id": "WFS-b"},'
        b' {"session_id": "WFS-a", "n": 123456789012345678901234567890}]'
    )
    entries = parse_manifest(data).entries
    assert [one.name for one in entries] == ["WFS-b", "WFS-a"]
    assert entries[1].data["n"] == 123456789012345678901234567890


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "no JSON"), (b'[{"session_id"', "no JSON"), (b"{}", "no list"), (b"5", "no list")],
)
def test_what_is_no_list_says_nothing(data: bytes, reason: str) -> None:
    manifest = parse_manifest(data)
    assert manifest.entries == ()
    (fault,) = manifest.faults
    assert reason in fault


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (b"5", "no object"),
        (b"{}", "no id"),
        (b'{"session_id": 5}', "no id"),
        (b'{"session_id": "../x"}', "cannot be the name"),
    ],
)
def test_an_entry_that_cannot_be_used_is_told_by_its_number(item: bytes, reason: str) -> None:
    manifest = parse_manifest(b'[{"session_id": "WFS-a"}, ' + item + b"]")
    assert [one.name for one in manifest.entries] == ["WFS-a"]
    (fault,) = manifest.faults
    assert fault.startswith("entry 2: ")
    assert reason in fault


@given(st.binary())
def test_no_bytes_break_it(data: bytes) -> None:
    assert isinstance(parse_manifest(data), Manifest)
