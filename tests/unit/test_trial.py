"""What stamps say of a disk: the pure part of trying one out."""

import pytest

from wfsession.core.trial_times import Change, judge_clock, judge_ticks, tell_ns

SECOND_NS = 1_000_000_000
NOW_NS = 1_700_000_000_123_456_789


# Changes that take a millisecond, one after the other: their stamps in ms from now.
@pytest.mark.parametrize(
    ("stamps_ms", "holds", "words"),
    [
        ([0, 4, 4, 4, 4, 8], True, "stood still for 2 ms at the most while 6 changes"),
        ([0] * 22 + [22], True, "stood still for 20 ms"),
        ([0] * 23 + [23], False, "stood still for 21 ms"),
        ([0, 1, 2], True, "stood still for 0 ns"),
        # A clock that is set back moves, too.
        ([5, 5, 2], True, "stood still for 0 ns"),
    ],
)
def test_a_directorys_time_may_stand_still_for_the_grain_and_no_longer(
    stamps_ms: list[int], holds: bool, words: str
) -> None:
    seen = judge_ticks(
        [
            Change(number * 1_000_000, number * 1_000_000 + 1_000_000, NOW_NS + stamp * 1_000_000)
            for number, stamp in enumerate(stamps_ms)
        ]
    )
    assert (seen.holds, words in seen.text) == (holds, True)


def test_that_changes_are_slow_says_nothing_of_the_time() -> None:
    slow = [Change(number * SECOND_NS, (number + 1) * SECOND_NS, NOW_NS) for number in (0, 1)]
    assert judge_ticks(slow).holds


def test_a_directorys_time_may_have_whole_seconds() -> None:
    seen = judge_ticks([Change(0, 0, 7 * SECOND_NS), Change(SECOND_NS, SECOND_NS, 7 * SECOND_NS)])
    assert (seen.holds, "whole seconds" in seen.text) == (True, True)


@pytest.mark.parametrize(
    ("stamp_ns", "holds", "words"),
    [
        (NOW_NS + 500, True, "0 ns"),
        # The kernel's clock of files ticks, and may lag by that.
        (NOW_NS - 4_000_000, True, "4 ms behind"),
        (NOW_NS - 20_000_001, False, "20 ms behind"),
        (NOW_NS + 1_000 + 20_000_001, False, "20 ms ahead of"),
        (NOW_NS + 3600 * SECOND_NS, False, "ahead of"),
        # Whole seconds are cut off, or two of them.
        (NOW_NS // SECOND_NS * SECOND_NS, True, "behind"),
        (NOW_NS // SECOND_NS * SECOND_NS - 2 * SECOND_NS, False, "behind"),
    ],
)
def test_a_disks_clock_agrees_with_ours_within_the_grain(
    stamp_ns: int, holds: bool, words: str
) -> None:
    seen = judge_clock(stamp_ns, NOW_NS, NOW_NS + 1_000)
    assert seen.holds is holds
    assert words in seen.text


@pytest.mark.parametrize(
    ("span_ns", "text"),
    [
        (0, "0 ns"),
        (100, "100 ns"),
        (1_500, "1.5 µs"),
        (4_000_000, "4 ms"),
        (-2 * SECOND_NS, "-2 s"),
        (86_400 * SECOND_NS, "86,400 s"),
    ],
)
def test_a_span_is_written_in_the_largest_unit_that_it_fills(span_ns: int, text: str) -> None:
    assert tell_ns(span_ns) == text
