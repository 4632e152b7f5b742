"""How alive threads are, what they are called, and which belong together."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from wfsession.threads.activity import Spell, measure_active_s, merge_spells
from wfsession.threads.asks import find_open_end
from wfsession.threads.prices import read_prices
from wfsession.threads.status import (
    Declared,
    Past,
    choose_label,
    find_archive,
    find_kind,
    find_liveness,
    find_tier,
    group_by_run,
    is_end,
    right_size,
)

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)
ID = "0b7e4c1a-9d52-4f0e-b6a3-2c9f1d7e8a90"


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("age_s", "tier"),
    [
        (-1_000, "active"),
        (0, "active"),
        (300, "active"),
        (300.001, "idle"),
        (14_400, "idle"),
        (14_400.001, "stale"),
    ],
)
def test_the_tier_is_by_the_time_since_the_last_activity(age_s: float, tier: str) -> None:
    assert find_tier(ago(age_s), NOW) == tier


def test_a_transcript_that_was_touched_makes_active() -> None:
    for age_s in (1_000, 100_000):
        assert find_tier(ago(age_s), NOW, touched=ago(300)) == "active"
        assert find_tier(ago(age_s), NOW, touched=ago(301)) != "active"
    assert find_tier(None, NOW) == "stale"
    assert find_tier(None, NOW, touched=NOW) == "active"


@pytest.mark.parametrize("said", ["closed", "completed"])
def test_what_was_said_counts_before_all_else(said: Literal["closed", "completed"]) -> None:
    assert find_tier(NOW, NOW, touched=NOW, said=said) == said


def test_how_long_a_thread_is_idle_can_be_set() -> None:
    assert find_tier(ago(600), NOW, idle_s=600) == "idle"
    assert find_tier(ago(601), NOW, idle_s=600) == "stale"


def test_a_turn_that_took_no_time_is_no_end() -> None:
    assert (is_end(NOW, NOW), is_end(ago(1), NOW)) == (False, True)


@pytest.mark.parametrize(
    ("renames", "declared", "label"),
    [
        ({}, "", "0b7e4c1a"),
        ({}, "worker 3", "worker 3"),
        ({ID: "mine", "0b7e": "by its beginning"}, "worker 3", "mine"),
        ({"0b7e": "by its beginning", "0b": "shorter"}, "worker 3", "by its beginning"),
        ({ID: " ", "0b7e": "by its beginning"}, "", "by its beginning"),
        ({ID: ""}, " \n", "0b7e4c1a"),
        ({"": "everything", "9d52": "another"}, "", "0b7e4c1a"),
        ({ID: "x" * 200}, "", "x" * 119 + "…"),
        ({ID: "on two\nlines"}, "", "on two lines"),
    ],
)
def test_the_label_is_the_first_that_applies(
    renames: dict[str, str], declared: str, label: str
) -> None:
    assert choose_label(ID, renames, declared) == label


def test_coding_agents_are_known_by_how_their_names_begin() -> None:
    names = ["claude-code", "claude-code-shop", "codex", "codex-cli", "claude", "billing"]
    assert [find_kind(name) for name in names] == ["coding"] * 4 + ["service"] * 2


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(300, "live"), (301, "quiet"), (1800, "quiet"), (1801, "dormant"), (604_800, "dormant")],
)
def test_a_service_is_live_quiet_or_dormant(age_s: float, expected: str) -> None:
    assert find_liveness(ago(age_s), NOW) == expected
    assert find_liveness(ago(604_801), NOW) is None


def tree(*declared: tuple[str, str]) -> list[tuple[str, str, int]]:
    found = group_by_run(Declared(thread, "r1", parent) for thread, parent in declared)
    return [(one.thread, one.parent, one.depth) for one in found["r1"]]


def test_threads_of_a_run_are_a_tree_by_their_parents() -> None:
    assert tree(("c", "a"), ("a", ""), ("b", "a"), ("d", "c")) == [
        ("a", "", 0),
        ("c", "a", 1),
        ("d", "c", 2),
        ("b", "a", 1),
    ]


def test_a_parent_outside_the_run_itself_or_in_a_cycle_makes_a_root() -> None:
    assert tree(("a", "gone"), ("b", "b"), ("c", "d"), ("d", "c"), ("e", "d")) == [
        ("a", "", 0),
        ("b", "", 0),
        ("c", "", 0),
        ("d", "", 0),
        ("e", "d", 1),
    ]


def test_runs_are_apart_and_who_is_in_none_is_in_none() -> None:
    found = group_by_run([Declared("a", "r1"), Declared("b", "r2", "a"), Declared("c")])
    assert {run: [one.thread for one in members] for run, members in found.items()} == {
        "r1": ["a"],
        "r2": ["b"],
    }


def test_ten_thousand_threads_in_a_row_are_grouped() -> None:
    found = tree(*((str(number), str(number - 1)) for number in range(10_000)))
    assert [depth for _, _, depth in found] == list(range(10_000))


def test_the_archive_has_what_is_over_and_left_something() -> None:
    past = [
        Past("empty", "closed", ago(1)),
        Past("old", "stale", ago(9), tool_calls=1),
        Past("done", "completed", ago(2), tokens=5),
        Past("at work", "idle", ago(2), tokens=5),
        Past("new", "closed", ago(3), tokens=5),
        Past("no time", "closed", None, cost_usd=0.1),
    ]
    assert [one.thread for one in find_archive(past)] == ["new", "old", "no time"]


SIZES: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({}, ("over_powered", "over_provisioned")),
    ({"cost_usd": 0.0499}, ()),
    ({"cost_usd": 0.05}, ("over_powered", "over_provisioned")),
    ({"cost_usd": None}, ()),
    ({"output_tokens": 2_000}, ()),
    ({"tool_calls": 6}, ("over_provisioned",)),
    ({"model": "claude-sonnet-5"}, ("over_provisioned",)),
    ({"cache_read_tokens": 39_999}, ("over_powered",)),
]


@pytest.mark.parametrize(("change", "hints"), SIZES)
def test_a_subagent_may_have_been_given_too_much(
    change: dict[str, Any], hints: tuple[str, ...]
) -> None:
    usual = {
        "model": "claude-opus-5",
        "cost_usd": 1.0,
        "input_tokens": 10_000,
        "cache_read_tokens": 40_000,
        "output_tokens": 1_999,
        "tool_calls": 5,
    }
    assert right_size(read_prices(), **{**usual, **change}) == hints


def spells(*pairs: tuple[float, float]) -> list[Spell]:
    return [Spell(NOW + timedelta(seconds=a), NOW + timedelta(seconds=b)) for a, b in pairs]


@pytest.mark.parametrize(
    ("pairs", "active_s"),
    [
        ([], 0),
        ([(0, 0)], 0),
        ([(0, 100), (400, 500)], 500),
        ([(0, 100), (400.5, 500)], 100 + 30 + 99.5),
        ([(0, 1000), (200, 300), (1300, 1400)], 1400),
        ([(2000, 2000), (0, 0), (1000, 1000)], 60),
        ([(0, 50), (600, 700), (300, 350)], 700),
    ],
)
def test_a_long_pause_counts_half_a_minute_over_all_that_worked(
    pairs: list[tuple[float, float]], active_s: float
) -> None:
    assert measure_active_s(spells(*pairs)) == pytest.approx(active_s)
    assert merge_spells(reversed(spells(*pairs))) == merge_spells(spells(*pairs))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("It runs; shall I wait for it?", "question"),
        ("Done.", ""),
        ("Why? Because it was wrong.\n\nIt works now.", ""),
        ("Which one?\n- the first\n- the second", "question"),
        ("**Shall I go on?**", "question"),
        ("(Shall I?)  \n", "question"),
        ("続けますか\uff1f", "question"),
        ("I am Blocked: no key.", "blocked"),
        ("This unblocked the rest.", ""),
        ("blocked earlier\n\nnow done", ""),
        ("", ""),
    ],
)
def test_the_last_words_tell_whether_work_was_left_open(text: str, end: str) -> None:
    assert find_open_end(text) == end
