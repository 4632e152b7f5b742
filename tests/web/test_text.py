"""Texts of others on a page, and figures in words."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.web.text import MOST_CHARACTERS, clean, keep_end, mark_time, show, tell_cost


@given(st.text())
def test_nothing_that_hides_or_reverses_is_left_of_any_text(text: str) -> None:
    cleaned = clean(text)
    assert not {"\x1b", "\u202e", "\u2066", "\r", "\x00", "\u200b"} & set(cleaned)
    hidden = (one for one in cleaned if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co"})
    assert set(hidden) <= set("\n\t\u200c\u200d")


def test_a_long_text_is_cut_and_says_by_how_much() -> None:
    cleaned = clean("x" * (MOST_CHARACTERS + 1_000))
    assert len(cleaned) < MOST_CHARACTERS + 100
    assert cleaned.endswith("… (1,000 more characters are not shown)")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x1b\\", "link"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("\u202eexe", "\ufffdexe"),
        ("नमस्\u200dते", "नमस्\u200dते"),
        ("\x1b[", "\ufffd["),
    ],
)
def test_sequences_for_terminals_go_and_lines_stay(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_what_is_no_text_passes_and_nothing_is_nothing() -> None:
    assert show(None) == ""
    assert show(3) == 3


@pytest.mark.parametrize(
    ("cost", "told"), [(None, "price unknown"), (0.0, "$0.00"), (0.0123, "$0.0123"), (12, "$12.00")]
)
def test_a_cost_that_is_not_known_is_not_zero(cost: float | None, told: str) -> None:
    assert tell_cost(cost) == told


def test_a_moment_says_which_zone_it_is_in_until_the_reader_has_one() -> None:
    moment = datetime(2026, 9, 14, 10, 5, tzinfo=UTC)
    assert str(mark_time(moment)) == (
        '<time datetime="2026-09-14T10:05:00Z">2026-09-14 10:05 UTC</time>'
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("src/cart.py", "rc/cart.py"),
        ("a.py", "a.py"),
        ("WWWWWWWW", "WWWWWW"),
        ("集成" * 8, "集成" * 3),
    ],
)
def test_the_end_of_a_name_that_has_room_is_kept(text: str, told: str) -> None:
    assert keep_end(text, 72) == told
