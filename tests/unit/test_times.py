"""RFC 3339 on disk, aware UTC in memory."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.core.times import (
    encode_time,
    from_ns,
    make_stamp,
    now,
    parse_name_suffix,
    parse_time,
)

MOMENT = datetime(2025, 9, 7, 10, 0, 0, tzinfo=UTC)
_offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=_offsets)


@given(moments)
def test_a_written_time_reads_as_the_same_moment_in_utc(moment: datetime) -> None:
    text = encode_time(moment)
    assert text.endswith("Z")
    read = parse_time(text)
    assert read == moment
    assert read is not None
    assert read.tzinfo is UTC
    assert encode_time(read) == text


@pytest.mark.parametrize(
    "text",
    [
        "2025-09-07T10:00:00Z",
        "2025-09-07t10:00:00z",
        "2025-09-07T10:00:00+00:00",
        "2025-09-07T10:00:00.000Z",
        "2025-09-07T12:00:00+02:00",
        "2025-09-07T12:00:00+0200",
        "2025-09-07T04:30:00-05:30",
        "2025-09-07T10:00Z",
        "2025-09-07 10:00:00",
        "2025-09-07T10:00:00",
        "20250907T100000Z",
    ],
)
def test_what_records_call_ten_o_clock_is_ten_o_clock(text: str) -> None:
    assert parse_time(text) == MOMENT


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process is set on POSIX")
def test_a_time_without_a_zone_is_utc_wherever_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC-9")
        time.tzset()
        assert parse_time("2025-09-07T10:00:00") == MOMENT
        assert parse_name_suffix("WFS-x-20250907100000") == MOMENT
        assert from_ns(1_757_239_200_000_000_000) == MOMENT
    time.tzset()


def test_a_date_alone_is_its_midnight() -> None:
    assert parse_time("2025-09-07") == MOMENT.replace(hour=0)


def test_a_fraction_is_kept_to_the_microsecond() -> None:
    moment = MOMENT.replace(microsecond=123456)
    assert parse_time("2025-09-07T10:00:00.123456789Z") == moment
    assert encode_time(moment) == "2025-09-07T10:00:00.123456Z"


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "now",
        "yesterday",
        "2025",
        "2025-13-01",
        "2025-02-30T10:00:00Z",
        "2025-09-07T10:00:61Z",
        "2025-09-07T10:00:00Z ",
        "2025-09-07T10:00:00Z\n",
        "2025-09-07T10:00:00+99:00",
        # Moments that no datetime in UTC can hold.
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "12025-09-07T10:00:00Z",
        None,
        1757239200,
        1757239200.5,
        True,
        ["2025-09-07"],
        {"at": "2025-09-07"},
    ],
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert parse_time(value) is None


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    read = parse_time(text)
    assert read is None or read.tzinfo is UTC
    parse_name_suffix(text)


@pytest.mark.parametrize(
    "name",
    ["WFS-x-20250907100000", "WFS-x-20250907-100000", "-20250907-100000"],
)
def test_a_name_may_end_with_its_time(name: str) -> None:
    assert parse_name_suffix(name) == MOMENT


@pytest.mark.parametrize(
    "name",
    [
        "",
        "WFS-x",
        "WFS-20250907",
        "WFS-x20250907100000",
        "WFS-x-2025090710000",
        "WFS-x-202509071000000",
        "WFS-x-20251307100000",
        "WFS-x-00000907100000",
        "WFS-x-20250907100060x",
        "WFS-x-20250907100000-2",
        "WFS-x-20250907--100000",
        "WFS-x-20250907100000\n",
    ],
)
def test_other_digits_are_no_time(name: str) -> None:
    assert parse_name_suffix(name) is None


def test_a_stamp_in_a_name_is_read_again() -> None:
    assert make_stamp(MOMENT) == "20250907-100000"
    assert parse_name_suffix(f"WFS-{make_stamp(MOMENT)}") == MOMENT


def test_now_is_in_whole_seconds_of_utc() -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    moment = now()
    assert before < moment <= datetime.now(UTC)
    assert moment.microsecond == 0
    assert moment.tzinfo is UTC


def test_the_time_of_a_file_is_cut_to_seconds() -> None:
    assert from_ns(1_757_239_200_999_999_999) == MOMENT
    assert from_ns(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert from_ns(-1) == datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)


@given(st.integers())
def test_any_time_of_a_file_gives_a_moment(nanoseconds: int) -> None:
    moment = from_ns(nanoseconds)
    assert moment.tzinfo is UTC
    assert datetime.min.replace(tzinfo=UTC) <= moment <= datetime.max.replace(tzinfo=UTC)


def test_a_file_of_an_impossible_time_has_the_nearest_possible() -> None:
    assert from_ns(-(10**30)) == datetime(1, 1, 1, tzinfo=UTC)
    assert from_ns(10**30) == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
