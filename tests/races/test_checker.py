"""The checker of histories, on histories so small that a person sees the answer."""

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.races.checker import DONE, START, Stage, TooHard, check
from tests.races.history import (
    Answer,
    Log,
    Operation,
    encode_history,
    measure_overlap,
    parse_history,
    read_logs,
)
from tests.races.model import Root


class Register:
    """Something that holds one word: `write` puts one, `read` tells it.

    `write twice` puts its first word and then its second, and others may see both.
    """

    initial = "old"

    def is_read(self, operation: Operation) -> bool:
        return operation.kind == "read"

    def bury(self, state: str, number: int, operation: Operation) -> str:
        return state

    def advance(
        self, state: str, number: int, operation: Operation, stage: Stage
    ) -> Iterator[tuple[str, Stage]]:
        if operation.kind == "read":
            if operation.answer == state:
                yield state, DONE
        elif operation.kind == "write twice" and stage == START:
            yield operation.names[0], "halfway"
        else:
            yield operation.names[-1], DONE


def make(*texts: str) -> tuple[Operation, ...]:
    """Make a history of lines like "one 10-20 write a" and "two 15-25 read b"."""
    found = []
    for text in texts:
        process, times, kind, *names = text.replace("write twice", "write_twice").split()
        start, end = times.rstrip("†").split("-")
        answer: Answer = names[0] if kind == "read" else None
        operation = Operation(
            process,
            kind.replace("_", " "),
            () if kind == "read" else tuple(names),
            int(start),
            int(end),
            answer,
            not times.endswith("†"),
        )
        found.append(operation)
    return tuple(sorted(found, key=lambda one: one.start_ns))


EXPLAINED = {
    "nothing at all": (),
    "one after the other": ("one 10-20 write a", "two 30-40 read a"),
    "a read during a write sees what was": ("one 10-40 write a", "two 20-30 read old"),
    "a read during a write sees what becomes": ("one 10-40 write a", "two 20-30 read a"),
    "two writes at once come in either order": (
        "one 10-40 write a",
        "two 10-40 write b",
        "one 50-60 read a",
    ),
    "two reads in one write see it happen": (
        "one 10-90 write a",
        "two 20-30 read old",
        "two 40-50 read a",
    ),
    "one that begins as another ends counts as beside it": (
        "one 10-20 write a",
        "two 20-30 read old",
    ),
    "a write that died happened": ("one 10-20† write a", "two 30-40 read a"),
    "a write that died did not happen": ("one 10-20† write a", "two 30-40 read old"),
    "two steps are seen one by one": (
        "one 10-90 write twice a b",
        "two 20-30 read old",
        "two 40-50 read a",
        "two 60-70 read b",
    ),
    "one that died stopped between its steps": ("one 10-20† write twice a b", "two 30-40 read a"),
    "somebody else comes between two steps": (
        "one 10-90 write twice a b",
        "two 20-30 read a",
        "two 40-50 write c",
        "two 60-70 read c",
        "two 92-95 read b",
    ),
}
NOT_EXPLAINED = {
    "a read of what was never written": (("one 10-20 read a",), 0),
    "a read of what was before": (("one 10-20 write a", "two 30-40 read old"), 1),
    "a write that is taken back": (
        ("one 10-90 write a", "two 20-30 read a", "two 40-50 read old"),
        2,
    ),
    "two readers who see two writes in two orders": (
        (
            "one 10-90 write a",
            "two 10-90 write b",
            "three 20-30 read a",
            "four 22-32 read b",
            "three 40-50 read b",
            "four 42-52 read a",
        ),
        5,
    ),
    "a step after the death": (
        ("one 10-20† write twice a b", "two 30-40 read a", "two 50-60 read b"),
        2,
    ),
    "steps in the wrong order": (
        ("one 10-90 write twice a b", "two 20-30 read b", "two 40-50 read a"),
        2,
    ),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_history_with_an_order_is_explained(name: str) -> None:
    assert check(make(*EXPLAINED[name]), Register()).is_explained


@pytest.mark.parametrize("name", NOT_EXPLAINED)
def test_a_history_without_an_order_is_not_and_the_answer_that_cannot_be_is_named(
    name: str,
) -> None:
    lines, culprit = NOT_EXPLAINED[name]
    operations = make(*lines)

    verdict = check(operations, Register())

    assert not verdict.is_explained
    assert verdict.culprit == operations[culprit]
    assert str(operations[culprit]) in str(verdict)


def test_what_could_have_been_seen_instead_is_told() -> None:
    lines = ("one 10-20 write a", "two 15-50 write b", "three 30-40 read old")

    verdict = check(make(*lines), Register())

    assert set(verdict.states) == {"a", "b"}
    assert [one.process for one in verdict.under_way] == ["two"]


def test_a_history_that_is_too_hard_is_no_pass() -> None:
    lines = [f"p{number} 10-90 write {number}" for number in range(12)]

    with pytest.raises(TooHard):
        check(make(*lines, "reader 91-92 read none"), Register(), most=1000)


def test_a_long_history_is_explained_with_little_effort() -> None:
    lines = []
    for number in range(0, 10_000, 10):
        lines.append(f"one {number}-{number + 9} write w{number}")
        lines.append(f"two {number + 1}-{number + 4} read w{number}")
        lines.append(f"three {number + 5}-{number + 8} read w{number}")

    assert check(make(*lines), Register()).configurations < 5000


def test_a_history_survives_a_file() -> None:
    operations = (
        Operation("one", "sessions", (), 10, 20, (("WFS-a", "active"), ("WFS-b", "paused"))),
        Operation("two", "mv", ("WFS-a", "WFS-b"), 15, 30, is_known=False),
        Operation("three", "current", (), 15, 40, None),
    )

    assert parse_history(encode_history(operations)) == operations


def test_a_log_tells_what_was_done_and_what_death_cut_short(tmp_path: Path) -> None:
    one, two = Log(tmp_path, "one"), Log(tmp_path, "two")

    def die() -> str:
        raise KeyboardInterrupt

    one.record("sessions", (), lambda: (("WFS-a", "active"),))
    one.tell_death()
    with pytest.raises(KeyboardInterrupt):
        two.record("switch", ("WFS-a",), die)
    two.tell_death()

    first, second = read_logs(tmp_path)
    assert (first.process, first.answer, first.is_known) == ("one", (("WFS-a", "active"),), True)
    assert (second.kind, second.names, second.is_known) == ("switch", ("WFS-a",), False)
    assert first.start_ns <= first.end_ns <= second.start_ns <= second.end_ns


def test_overlap_counts_what_is_beside_another_process_and_nothing_else() -> None:
    beside = make("one 10-40 write a", "two 20-30 read a", "two 50-60 read a", "one 70-80 write b")
    assert measure_overlap(beside) == 0.5
    assert measure_overlap(tuple(attrs.evolve(one, process="one") for one in beside)) == 0


def test_a_switch_is_one_step_a_completion_two_and_a_creation_two() -> None:
    def see(kind: str, name: str, *seen: tuple[tuple[str, str], ...] | str | None) -> bool:
        answers = {"switch": "active", "complete": "completed", "create": "active"}
        acts = [Operation("one", kind, (name,), 0, 1000, answers[kind])]
        for number, answer in enumerate(seen):
            what = "sessions" if isinstance(answer, tuple) else "current"
            start_ns = 10 * number + 10
            acts.append(Operation("two", what, (), start_ns, start_ns + 5, answer))
        return check(tuple(acts), Root()).is_explained

    def rows(**states: str) -> tuple[tuple[str, str], ...]:
        usual = {"a": "paused", "b": "paused", "c": "paused"}
        return tuple((f"WFS-{key}", word) for key, word in {**usual, **states}.items())

    assert see("switch", "WFS-b", "WFS-a", "WFS-b")
    assert not see("switch", "WFS-b", None)
    assert not see("switch", "WFS-b", "WFS-b", "WFS-a")
    assert see("complete", "WFS-a", "WFS-a", None, rows(), rows(a="completed"))
    assert not see("complete", "WFS-a", rows(a="completed"), rows())
    assert see("create", "WFS-e", "WFS-a", rows(a="active", e="paused"), "WFS-e")
    assert not see("create", "WFS-e", None)
    assert not see("create", "WFS-e", "WFS-e", rows(a="active"))
