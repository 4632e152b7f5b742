"""Killed at any step, a sweep leaves what the next sweep or acquire mends, and loses nothing."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.figures import count
from tests.hands import run_in_child
from tests.workdirs.repositories import git
from tests.workdirs.test_kills import Steps
from tests.workdirs.workshop import my_access
from tests.workdirs.yard import AT, Yard
from wfsession.settings import WorkdirSettings
from wfsession.workdirs import removal, trash
from wfsession.workdirs.reset import reset

BRANCH = "done"
_SAMPLED = 4


class SweepSteps(Steps):
    modules = (*Steps.modules, removal, trash)


def make_done(yard: Yard) -> str:
    """Make a workdir that may go, with a commit that the remote has only in another form."""
    yard.acquire("other")
    (yard.workdir("other") / "file.txt").write_text("mine\n")
    yard.mark("other")
    yard.acquire(BRANCH)
    commit = yard.commit(BRANCH, "new")
    yard.push(BRANCH)
    yard.change_main("elsewhere", "1\n")
    yard.squash(BRANCH)
    yard.mark(BRANCH)
    return commit


def copies(made: Yard, tmp_path: Path) -> Iterator[Yard]:
    """Yield the yard as it was made, again and again, at the same path."""
    kept = tmp_path / "kept"
    shutil.copytree(made.places.cache, kept / "cache", symlinks=True)
    shutil.copytree(made.places.data, kept / "data", symlinks=True)
    shutil.copytree(made.places.state, kept / "state", symlinks=True)
    while True:
        for place in (made.places.cache, made.places.data, made.places.state):
            shutil.rmtree(place)
            shutil.copytree(kept / Path(place).name, place, symlinks=True)
        yield made


def list_deaths(names: list[str], is_soak: bool) -> list[tuple[int, bool]]:
    deaths = [(at, after) for at in range(1, len(names) + 1) for after in (False, True)]
    if is_soak:
        return deaths
    # What reads only leaves nothing; before a step is after the one before.
    changing = ("git update-ref", "git bundle", "git gc", "git fetch", "git config")
    deaths = [
        (at, after)
        for at, after in deaths
        if not names[at - 1].startswith("git") or names[at - 1].startswith(changing)
    ]
    return deaths[:: len(deaths) // _SAMPLED + 1]


def find_files(yard: Yard) -> list[Path]:
    """Return where the file of the finished workdir is: at its place, or in the trash."""
    places = [yard.workdir(BRANCH), *Path(yard.places.trash).glob(f"*/{trash.WORKTREE}")]
    return [path for path in places if (path / "new").is_file()]


def check(yard: Yard, commit: str, step: str) -> None:
    assert len(find_files(yard)) == 1, step
    assert (yard.workdir("other") / "file.txt").read_text() == "mine\n", step
    refs = git("for-each-ref", "--contains", commit, at=yard.bare)
    assert "refs/heads/wf/" in refs or "refs/wf/salvage/" in refs, step
    git("fsck", "--connectivity-only", "--no-dangling", at=yard.bare)


@pytest.mark.parametrize("next_act", ["sweep", "acquire"])
def test_a_kill_at_each_step_of_a_sweep_loses_nothing_and_is_mended(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, next_act: str, is_soak: bool
) -> None:
    commit = make_done(yard)
    yards = copies(yard, tmp_path)
    next(yards)
    steps = SweepSteps()
    with monkeypatch.context() as patch:
        steps.watch(patch)
        assert [one.record.branch for one in yard.sweep().decisions if one.removed] == [BRANCH]
    for at, after in list_deaths(steps.names, is_soak):
        step = f"{'after' if after else 'before'} {at}: {steps.names[at - 1]}"
        _die(next(yards), SweepSteps(at, after=after))
        count("kills while workdirs are swept")
        check(yard, commit, step)
        if next_act == "sweep":
            _check_swept(yard, commit, step)
        else:
            _check_acquired(yard, commit, step)


def _die(yard: Yard, steps: Steps) -> None:
    def act() -> None:
        steps.watch(pytest.MonkeyPatch())
        yard.sweep()

    run_in_child(act, expected=(-signal.SIGKILL,))


def _check_swept(yard: Yard, commit: str, step: str) -> None:
    swept = yard.sweep()
    assert [one.record.branch for one in swept.decisions if not one.removed] == ["other"], step
    check(yard, commit, step)
    assert not yard.workdir(BRANCH).exists(), step
    assert not Path(yard.places.record(yard.key(BRANCH))).exists(), step
    boxes = [one.parent for one in Path(yard.places.trash).glob(f"*/{trash.WORKTREE}")]
    assert sorted(os.listdir(boxes[0])) == [
        trash.NOTE, trash.RECORD, trash.REGISTRATION, trash.WORKTREE,
    ], step  # fmt: skip
    assert len(list(Path(yard.places.salvage).glob("*.bundle"))) >= 1, step


def _check_acquired(yard: Yard, commit: str, step: str) -> None:
    made = yard.acquire(BRANCH)
    assert git("status", "--porcelain", at=made.path) == "", step
    assert yard.record(BRANCH).marked is None, step
    assert [one.record.branch for one in yard.sweep().decisions if one.removed] == [], step
    assert len(find_files(yard)) >= 1, step
    refs = git("for-each-ref", "--contains", commit, at=yard.bare)
    assert "refs/heads/wf/" in refs or "refs/wf/salvage/" in refs, step


def test_what_was_reset_with_its_work_survives_kills_too(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_soak: bool
) -> None:
    yard.acquire(BRANCH)
    commit = yard.commit(BRANCH, "new")
    (yard.workdir(BRANCH) / "new").write_text("and more\n")
    yard.acquire("other")
    (yard.workdir("other") / "file.txt").write_text("mine\n")
    yards = copies(yard, tmp_path)

    def act() -> None:
        reset(
            yard.places, my_access(), WorkdirSettings(), agent="dev", key=yard.key(BRANCH),
            may_lose=frozenset({"dirty", "unpushed"}), apply=True, at=AT,
        )  # fmt: skip

    def die(steps: Steps) -> None:
        steps.watch(pytest.MonkeyPatch())
        act()

    next(yards)
    steps = SweepSteps()
    with monkeypatch.context() as patch:
        steps.watch(patch)
        act()
    for at, after in list_deaths(steps.names, is_soak):
        next(yards)
        run_in_child(lambda: die(SweepSteps(at, after=after)), expected=(-signal.SIGKILL,))  # noqa: B023 - runs at once
        count("kills while workdirs are swept")
        check(yard, commit, steps.names[at - 1])
        if Path(yard.places.record(yard.key(BRANCH))).exists():
            act()
        check(yard, commit, steps.names[at - 1])
        assert (find_files(yard)[0] / "new").read_text() == "and more\n"
