"""Bytes that are no record, and what is said of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import (
    PATH,
    SHAPES,
    fail,
    read,
    setting,
)
from wfsession.core.model import Fault, Record
from wfsession.core.records import apply_edit, parse_record
from wfsession.core.splice import Path
from wfsession.errors import RecordUnusable

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
