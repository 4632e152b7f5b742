"""JSON reads the same whichever of the two readers is at hand."""

import json
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.core import jsontext
from wfsession.core.jsontext import MANY, encode_json, parse_json, prepare_for
from wfsession.core.values import is_same

NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?\Z")
LEAVES = NUMBERS | st.sampled_from(
    ["null", "true", "NaN", "-Infinity", '"\\ud800"', '"\\u00e9"', '"ä"', '"\t"', "01", "1.", "-"]
)
TEXTS = st.recursive(
    LEAVES | st.text().map(json.dumps) | st.text().map(lambda t: json.dumps(t, ensure_ascii=False)),
    lambda inner: (
        st.lists(inner).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(st.sampled_from(['"a"', '"b"', '""']), inner)).map(
            lambda items: "{" + ",".join(f"{key} : {value}" for key, value in items) + "}"
        )
    ),
    max_leaves=8,
).map(lambda text: text.encode(errors="surrogatepass"))


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it look as if nobody had loaded orjson yet."""
    monkeypatch.setattr(jsontext, "sys", SimpleNamespace(modules={}))


def read(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except ValueError as error:
        return str(error)


@pytest.mark.usefixtures("unloaded")
@given(data=TEXTS | st.binary() | st.text().map(str.encode))
def test_what_is_read_without_orjson_is_what_orjson_reads(data: bytes) -> None:
    try:
        found = parse_json(data)
    except ValueError as error:
        found = str(error)
    assert is_same(found, read(data))


@pytest.mark.parametrize(
    "data",
    [
        b"NaN",
        b"[1e999]",
        b"-1e999",
        b"123456789012345678901234567890",
        b"18446744073709551615",
        b"-9223372036854775809",
        b"-0",
        b"-0.0",
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\xed\xa0\x80"',
        b'"\x1f"',
        b"\xef\xbb\xbf1",
        b"1 2",
        b"",
        b'{"a": 1, "b": 2, "a": 3}',
        b"[" * 500 + b"]" * 500,
        b"[" * 1030 + b"]" * 1030,
        b"[" * 9999,
    ],
    ids=lambda data: str(data[:30]),
)
@pytest.mark.usefixtures("unloaded")
def test_what_the_two_readers_see_differently_is_left_to_orjson(data: bytes) -> None:
    test_what_is_read_without_orjson_is_what_orjson_reads.hypothesis.inner_test(data)


def test_a_plain_text_is_read_without_orjson(
    unloaded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orjson, "loads", None)
    assert parse_json(b'{"a": [1, -2.5, "\xc3\xa4", null, true]}') == {
        "a": [1, -2.5, "ä", None, True]
    }


def test_once_orjson_is_there_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsontext, "_parse_plainly", None)
    prepare_for(MANY - 1)
    prepare_for(MANY)
    assert parse_json(b"[1]") == [1]


def test_what_is_encoded_is_read_again_to_the_same() -> None:
    value = {"a": [1, 2.5, None], "ü": "\n", "": {}}
    assert encode_json(value) == '{"a":[1,2.5,null],"ü":"\\n","":{}}\n'.encode()
    assert encode_json({"a": [], "b": [1]}, indent=2) == b'{\n  "a": [],\n  "b": [\n    1\n  ]\n}\n'
    assert orjson.loads(encode_json(value)) == value


@pytest.mark.parametrize("value", ["\ud800", float("nan"), float("inf")])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode_json({"a": value})
