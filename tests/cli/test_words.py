"""Words for people: ages, and text that is only text."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.cli.page import Column
from wfsession.cli.scan import find_verb, wants_json
from wfsession.cli.terminal import choose_widths
from wfsession.words import count, join, sanitise, tell_age, tell_ago, tell_size

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (0, "now"),
        (59, "now"),
        (-59, "now"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86_399, "23 h"),
        (86_400, "1 d"),
        (30 * 86_400, "30 d"),
        (31 * 86_400, "1 mo"),
        (364 * 86_400, "11 mo"),
        (366 * 86_400, "1 y"),
        (-7200, "in 2 h"),
    ],
)
def test_an_age_is_told_in_one_unit(seconds: int, age: str) -> None:
    assert tell_age(NOW - timedelta(seconds=seconds), NOW) == age


def test_an_age_in_a_sentence_reads_as_one() -> None:
    assert tell_ago(NOW, NOW) == "just now"
    assert tell_ago(NOW - timedelta(hours=3), NOW) == "3 h ago"
    assert tell_ago(NOW + timedelta(hours=3), NOW) == "in 3 h"


@pytest.mark.parametrize(
    ("size_bytes", "size"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (34_000_000, "34 MB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_a_size_is_told_in_one_unit(size_bytes: int, size: str) -> None:
    assert tell_size(size_bytes) == size


def test_things_are_counted_in_the_singular_and_the_plural() -> None:
    assert [count(number, "task") for number in (0, 1, 2)] == ["0 tasks", "1 task", "2 tasks"]
    assert [count(number, "box") for number in (1, 2)] == ["1 box", "2 boxes"]


@given(st.text())
def test_sanitised_text_is_one_line_that_moves_and_hides_nothing(text: str) -> None:
    clean = sanitise(text)
    assert len(clean) == len(text)
    for character in clean:
        assert unicodedata.category(character) not in {"Cc", "Cs", "Co", "Zl", "Zp"}
        assert unicodedata.category(character) != "Cf" or character in "\u200c\u200d"
    assert sanitise(clean) == clean


@pytest.mark.parametrize(
    "text", ["plain", "OAuth 集成", "تسجيل", "می\u200cخواهم", "👩\u200d💻", "é"]
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert sanitise(text) == text


def test_a_long_list_ends_in_a_number() -> None:
    assert join("abcde") == "a, b, c, d, e"
    assert join("abcde", 3) == "a, b, c, and 2 more"


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        ([], None),
        (["list"], 0),
        (["--json", "list"], 1),
        (["--root", "list"], None),
        (["--root", "x", "list"], 2),
        (["--root=x", "list"], 1),
        (["-"], 0),
        (["--"], None),
        (["--", "--list"], 1),
    ],
)
def test_the_verb_is_the_first_word_that_is_no_option(words: list[str], verb: int | None) -> None:
    assert find_verb(words) == verb


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["list", "--json"], True),
        (["new", "--", "--json"], False),
        (["exec", "git", "--json"], False),
        (["exec", "--json", "git"], True),
        (["--json", "exec", "--", "git"], True),
    ],
)
def test_json_is_wanted_only_where_it_is_our_option(words: list[str], wanted: bool) -> None:
    assert wants_json(words) is wanted


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5), st.integers(0, 20)), min_size=1),
    st.integers(1, 200),
)
def test_the_columns_that_are_kept_fit_or_only_those_are_left_that_must_stay(
    shapes: list[tuple[int, int, int]], width: int
) -> None:
    columns = tuple(Column("", drop, least) for _, drop, least in shapes)
    natural = [cells for cells, _, _ in shapes]
    widths = choose_widths(columns, natural, width)
    assert all(widths[number] <= natural[number] for number in widths)
    fits = sum(widths.values()) + 2 * (len(widths) - 1) <= width
    assert fits or all(columns[number].drop == 0 for number in widths)
    assert {number for number, column in enumerate(columns) if not column.drop} <= widths.keys()
