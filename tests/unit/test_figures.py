"""Numbers, moments and paths as people read them."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wfsession.cli.figures import shorten_paths, tell_moment, tell_status
from wfsession.overview.zones import LocalZone
from wfsession.words import tell_cost, tell_length, tell_tokens


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.0k"),
        (22_949, "22.9k"),
        (999_949, "999.9k"),
        (999_950, "1.0M"),
        (1_234_567_890, "1,234.6M"),
    ],
)
def test_tokens_are_short_on_a_terminal_and_whole_elsewhere(number: int, told: str) -> None:
    assert tell_tokens(number, True) == told
    assert tell_tokens(number, False) == str(number)


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        (None, "?"),
        (0.0, "$0.00"),
        (0.00004, "$0.0000"),
        (0.0112, "$0.0112"),
        (0.1296, "$0.130"),
        (1.5, "$1.50"),
        (1234.5, "$1,234.50"),
    ],
)
def test_small_amounts_have_more_digits(cost: float | None, told: str) -> None:
    assert tell_cost(cost, True) == told


def test_a_cost_in_a_pipe_is_a_number_or_a_question_mark() -> None:
    assert tell_cost(1234.5, False) == "1234.500000"
    assert tell_cost(None, False) == "?"


def test_what_is_not_certain_has_a_question_mark() -> None:
    assert (tell_status("crashed", False), tell_status("failed", True)) == ("crashed?", "failed")


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_260, "2 h 1 min")]
)
def test_how_long_something_took(seconds: float, told: str) -> None:
    assert tell_length(seconds) == told


@pytest.mark.usefixtures("_in_berlin")
def test_a_day_is_that_of_the_users_clock_in_summer_and_in_winter() -> None:
    zone = LocalZone()
    for month, hour in ((1, 23), (7, 22)):
        eve = datetime(2026, month, 14, hour, 0, tzinfo=UTC)
        before = datetime(2026, month, 14, hour - 1, 59, tzinfo=UTC)
        assert eve.astimezone(zone).date().isoformat() == f"2026-{month:02}-15"
        assert before.astimezone(zone).date().isoformat() == f"2026-{month:02}-14"
        assert eve.astimezone(zone) == eve
    assert tell_moment(datetime(2026, 7, 14, 22, 0, tzinfo=UTC)) == "2026-07-15 00:00"
    assert tell_moment(None) == ""


@pytest.mark.parametrize(
    ("zone", "moment", "told"),
    [
        ("America/New_York", datetime.min, "0001-01-01 00:00"),
        ("Asia/Tokyo", datetime.max, "9999-12-31 23:59"),
    ],
)
def test_a_moment_that_no_clock_there_can_show_is_told_in_utc(
    zone: str, moment: datetime, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        shown = tell_moment(moment.replace(tzinfo=UTC))
    time.tzset()
    assert shown == told


def test_paths_begin_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")
    told = f"Edit {tmp_path}/cart.py /home/ada/notes /home/adam/x"
    assert shorten_paths(told) == "Edit cart.py ~/notes /home/adam/x"
    inside = f"src{tmp_path}/cart.py /data/home/ada/x ~/home/ada/x ../home/ada/x"
    assert shorten_paths(inside) == inside
    assert shorten_paths(f"cat '{tmp_path}/a' >{tmp_path}/b") == "cat 'a' >b"
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert shorten_paths("/home/ada/x") == "~/x"
