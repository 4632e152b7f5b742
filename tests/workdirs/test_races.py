"""Many processes at one repository: none fails, none sees half of anything."""

import os
from functools import partial
from pathlib import Path

import pytest

from tests.figures import count
from tests.hands import run_together
from tests.workdirs.repositories import git
from tests.workdirs.workshop import Workshop, read, tell_status

PROCESSES = 8


def test_eight_processes_that_begin_with_nothing_each_get_their_workdir(
    shop: Workshop, is_soak: bool
) -> None:
    rounds = 20 if is_soak else 3

    def live(number: int) -> None:
        for turn in range(rounds):
            # Half of them want the same branches.
            branch = f"b/{turn}" if number % 2 else f"b/{turn}-{number}"
            made = shop.acquire(branch, f"agent-{number}")
            assert made.state == "created", made
            assert read(made.path, "file.txt") == "one\n"
            assert tell_status(made.path) == ""
            again = shop.acquire(branch, f"agent-{number}")
            assert (again.state, again.notes, again.head) == ("reused", (), made.head)

    run_together([partial(live, number) for number in range(PROCESSES)])
    count("workdirs made by processes at once", PROCESSES * rounds)
    shop.check()
    listed = git("worktree", "list", "--porcelain", at=shop.bare).count("worktree ")
    assert listed == PROCESSES * rounds + 1


def test_eight_processes_that_want_one_workdir_take_turns(shop: Workshop, is_soak: bool) -> None:
    def live(number: int) -> None:
        for _ in range(20 if is_soak else 2):
            assert shop.acquire().notes == ()

    run_together([partial(live, number) for number in range(PROCESSES)])
    assert shop.acquire().state == "reused"
    shop.check()


def test_agents_that_commit_fetch_and_push_disturb_nobody_who_makes_a_workdir(
    shop: Workshop, is_soak: bool
) -> None:
    rounds = 20 if is_soak else 3
    paths = [shop.acquire(f"work/{number}", f"agent-{number}").path for number in range(4)]

    def work(path: str) -> None:
        for turn in range(rounds):
            (Path(path) / "mine.txt").write_text(f"{turn}\n")
            git("add", "-A", at=path)
            git("commit", "-qm", f"{turn}", at=path)
            branch = git("symbolic-ref", "--short", "HEAD", at=path)
            git("push", "-q", "origin", f"HEAD:refs/heads/{branch.split('/', 2)[2]}", at=path)

    def make(number: int) -> None:
        for turn in range(rounds):
            made = shop.acquire(f"b/{turn}", f"maker-{number}")
            assert made.state == "created"
            assert tell_status(made.path) == ""

    run_together(
        [*(partial(work, path) for path in paths), *(partial(make, number) for number in range(4))]
    )
    shop.check()
    for number, path in enumerate(paths):
        assert git("rev-parse", "HEAD", at=path) == shop.repository.head(f"work/{number}")


def make_half(shop: Workshop, **files: str) -> Path:
    """Stage what a `git worktree add` left that was killed: some of its files, some empty."""
    entry = shop.bare / "worktrees" / "half"
    entry.mkdir(parents=True)
    for name, text in files.items():
        (entry / name).write_text(text)
    return entry


HALVES: dict[str, dict[str, str]] = {
    "nothing": {},
    "gitdir only": {"gitdir": "/nowhere/.git\n", "locked": "initializing\n"},
    "empty commondir": {"gitdir": "/nowhere/.git\n", "commondir": ""},
    "no HEAD": {"gitdir": "/nowhere/.git\n", "commondir": "../..\n"},
    "empty HEAD": {"gitdir": "/nowhere/.git\n", "commondir": "../..\n", "HEAD": ""},
    "a HEAD of zeros": {"gitdir": "/nowhere/.git\n", "commondir": "../..\n", "HEAD": "0" * 40},
    "empty gitdir": {"gitdir": "", "commondir": "../..\n", "HEAD": "ref: refs/heads/x\n"},
}


@pytest.mark.parametrize("files", HALVES.values(), ids=HALVES)
def test_half_of_an_entry_of_another_worktree_stops_nobody(
    shop: Workshop, files: dict[str, str]
) -> None:
    made = shop.acquire("main")
    make_half(shop, **files)
    pushed = shop.repository.commit("main", "two\n")
    again = shop.acquire("main")
    assert (again.head, again.notes) == (pushed, ())
    other = shop.acquire("feature/a")
    assert other.state == "created"
    assert tell_status(other.path) == tell_status(made.path) == ""
    # Nor anybody who goes on by hand.
    git(
        "worktree", "add", "-q", "-b", "by-hand", os.path.join(shop.places.data, "x"), at=other.path
    )
    shop.check()
