"""A short run of what `bin/soak` does for long: workers are killed, and nothing is lost."""

import os
from pathlib import Path
from random import Random

import pytest

from tests.soak import kills
from tests.soak.kills import DEEDS, Act, Deed, Figures, Worker, Yard, draw
from tests.trees_disk import RECORD

KILLS = 50


def test_workers_killed_at_any_moment_leave_a_tree_that_is_allowed_and_lose_nothing(
    tmp_path: Path,
) -> None:
    figures = Figures()
    yard = Yard(tmp_path / "yard", os.urandom(4).hex(), figures)

    while figures.kills < KILLS:
        yard.play_round()

    assert figures.met.total() == figures.kills
    assert len(figures.met) >= 5


def test_what_workers_do_is_drawn_from_the_seed_alone() -> None:
    def draw_many(seed: str) -> list[tuple[str, str, str]]:
        random = Random(seed)
        return [draw(random) for _ in range(1000)]

    assert draw_many("1") == draw_many("1")
    assert draw_many("1") != draw_many("2")
    assert {kind for kind, _, _ in draw_many("1")} == set(DEEDS)


def lose_a_file(worker: Worker, name: str, other: str) -> None:
    worker.make_file(worker.root.parent).unlink()


def tear_a_record(worker: Worker, name: str, other: str) -> None:
    (worker.root / kills.NAMES[0] / RECORD).write_bytes(b'{"session_id": "WF')


def forget_keys_of_others(worker: Worker, name: str, other: str) -> None:
    record = worker.root / kills.NAMES[0] / RECORD
    record.write_bytes(record.read_bytes().replace(b"their_own", b"their_own_"))


def make_a_second_marker(worker: Worker, name: str, other: str) -> None:
    (worker.root / f".active-{kills.NAMES[1]}").touch()


def leave_half_a_session(worker: Worker, name: str, other: str) -> None:
    (worker.root / f"{kills.NAMES[0]}~").mkdir(exist_ok=True)


BROKEN: dict[Act, str] = {
    lose_a_file: "lost: ",
    tear_a_record: "state='bad'",
    forget_keys_of_others: "AssertionError",
    make_a_second_marker: "several-markers",
    leave_half_a_session: "WFS-a~",
}


@pytest.mark.parametrize("act", BROKEN)
def test_a_worker_that_breaks_a_promise_is_caught_and_its_tree_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    monkeypatch.setattr(kills, "DEEDS", {"break": Deed(1, act)})
    yard = Yard(tmp_path / "yard", "a seed", Figures())

    def play_some_rounds() -> None:
        for _ in range(20):
            yard.play_round()

    with pytest.raises(AssertionError) as caught:
        play_some_rounds()

    for part in ("seed 'a seed', round ", BROKEN[act], f"the tree: {tmp_path / 'yard'}"):
        assert part in str(caught.value)
    assert (tmp_path / "yard" / ".workflow").is_dir()
