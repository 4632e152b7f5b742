"""Streams of lines: whatever a file holds and however it grows, each object comes once."""

import os
import subprocess
import sys
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.strategies import values
from wfsession.errors import UnsafePath
from wfsession.threads import lines
from wfsession.threads.lines import Skipped, open_lines, read_batches

BAD = [
    b"{",
    b'{"type":"user","uuid":"to',
    b"null",
    b"[1]",
    b'"text"',
    b'{"a":"\xff"}',
    b"\xff\xfe",
    b'{"a":1}trailing',
    b"NaN",
    b'{"a":NaN}',
    b'{"a":"\\ud800"}',
    b"[" * 5000,
]


def read(data: bytes, cuts: tuple[int, ...] = ()) -> tuple[list[Any], Skipped, int]:
    found: list[Any] = []
    skipped, offset = Skipped(), 0
    for end in (*cuts, len(data)):
        for batch in read_batches(BytesIO(data[offset:end]), offset):
            found += batch.objects
            skipped += batch.skipped
            assert batch.end > offset
            offset = batch.end
    return found, skipped, offset


def test_a_torn_last_line_is_left_for_the_next_time() -> None:
    data = b'{"a":1}\n{"b":'
    assert read(data) == ([{"a": 1}], Skipped(), 8)
    assert read(data + b"2}\n", (len(data),)) == ([{"a": 1}, {"b": 2}], Skipped(), 16)


def test_a_whole_object_without_its_newline_comes_at_once_and_not_again() -> None:
    data = b'{"a":1}\n{"b":2}'
    assert read(data) == ([{"a": 1}, {"b": 2}], Skipped(), 15)
    more = data + b'\r\n{"c":3}\n'
    assert read(more, (len(data),)) == ([{"a": 1}, {"b": 2}, {"c": 3}], Skipped(), len(more))


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_a_line_that_is_no_object_is_counted_and_its_neighbours_come(bad: bytes) -> None:
    found, skipped, end = read(b'{"n":1}\n' + bad + b'\n{"n":2}\n')
    assert [one["n"] for one in found if "n" in one] == [1, 2]
    assert skipped == Skipped(broken=1)
    assert end == len(bad) + 17


@pytest.mark.parametrize("blank", [b"", b"\r", b"  \t", b"\0\0\0\0", b"\xef\xbb\xbf"])
def test_blank_lines_and_nulls_are_nothing(blank: bytes) -> None:
    assert read(blank + b'\n{"n":1}\n' + blank + b"\n")[:2] == ([{"n": 1}], Skipped())


@pytest.mark.parametrize("before", [b"\0" * 4096, b"\xef\xbb\xbf", b" \xef\xbb\xbf\0"])
def test_an_object_behind_nulls_or_a_byte_order_mark_is_read(before: bytes) -> None:
    assert read(before + b'{"n":1}\r\n{"n":2}\n')[:2] == ([{"n": 1}, {"n": 2}], Skipped())


def test_objects_that_lost_the_newline_between_them_are_all_read() -> None:
    assert read(b'{"a":1}{"b":2} {"c":3}\n')[:2] == ([{"a": 1}, {"b": 2}, {"c": 3}], Skipped())


def test_a_line_of_very_many_objects_takes_no_more_than_its_length() -> None:
    found, skipped, _ = read(b"{}" * 200_000 + b"\n")
    assert (len(found), skipped) == (200_000, Skipped())


_objects = st.dictionaries(st.sampled_from("ab"), values, max_size=2)
_lines = st.one_of(
    _objects.map(orjson.dumps),
    st.tuples(_objects, _objects).map(lambda two: b"".join(map(orjson.dumps, two))),
    st.sampled_from([*BAD[:-1], b"", b"\0", b"\r", b"5", b'{"a":1}5', b'{"a":1} 5x']),
    st.binary(max_size=6).filter(lambda data: b"\n" not in data),
)


@given(st.lists(_lines, max_size=8), st.lists(st.integers(0, 300), max_size=4), st.booleans())
@example([b'{"a":1}xyz', b"{}"], [7], True)
@example(["\ufeff{}".encode()], [2], True)
def test_a_file_read_while_it_grows_gives_what_it_gives_at_once(
    parts: list[bytes], cuts: list[int], ends: bool
) -> None:
    data = b"\n".join(parts) + b"\n" * ends
    places = tuple(sorted(min(cut, len(data)) for cut in cuts))
    assert read(data, places) == read(data)


@given(st.lists(_lines, max_size=8), st.integers(1, 9))
def test_the_size_of_the_pieces_makes_no_difference(parts: list[bytes], size: int) -> None:
    data = b"\n".join(parts)

    class Slow(BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            return super().read(size)

    batches = list(read_batches(Slow(data)))
    whole, skipped, _ = read(data)
    assert list(chain.from_iterable(batch.objects for batch in batches)) == whole
    assert sum((batch.skipped for batch in batches), Skipped()) == skipped


def test_a_line_that_is_too_long_is_counted_and_the_next_one_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 3 << 20)
    fits = b'{"a":"' + b"x" * ((3 << 20) - 8) + b'"}'
    data = fits + b"\n" + fits[:-2] + b'x"}\n{"n":1}\n'
    found, skipped, end = read(data)
    assert [len(one.get("a", "")) for one in found] == [(3 << 20) - 8, 0]
    assert (skipped, end) == (Skipped(too_long=1), len(data))


# Not by getrusage, which counts what the process that started this one held.
_PEAK = """
import sys
from wfsession.threads.lines import open_lines, read_batches
with open_lines(sys.argv[1]) as stream:
    batches = list(read_batches(stream))
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
print(sum(len(one.objects) for one in batches), sum(one.skipped.too_long for one in batches))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_a_line_of_200_megabytes_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with path.open("wb") as file:
        file.write(b'{"n":1}\n{"a":"')
        file.seek(200_000_000, os.SEEK_CUR)
        file.write(b'"}\n{"n":2}\n')
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(path)], capture_output=True, text=True, check=True
    )
    peak_kb, objects, too_long = map(int, done.stdout.split())
    assert (objects, too_long) == (2, 1)
    assert peak_kb < 150_000


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/null")):
        with pytest.raises(UnsafePath):
            open_lines(str(path))


def test_a_symlink_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b'{"n":1}\n')
    (tmp_path / "link").symlink_to("real")
    with open_lines(str(tmp_path / "link")) as stream:
        assert [batch.objects for batch in read_batches(stream)] == [[{"n": 1}]]
