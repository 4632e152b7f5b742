"""How the sweep acts: it looks twice, asks the remote, moves and never deletes, and gives back."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.workdirs.repositories import git
from tests.workdirs.workshop import my_access
from tests.workdirs.yard import AT, Yard
from wfsession.workdirs import clean, merged, removal
from wfsession.workdirs.acquire import acquire
from wfsession.workdirs.locks import hold
from wfsession.workdirs.sweep import Swept
from wfsession.workdirs.trash import NOTE, RECORD, REGISTRATION, WORKTREE

BRANCH = "done"


def make_done(yard: Yard, branch: str = BRANCH) -> Path:
    yard.acquire(branch)
    yard.commit(branch, "new")
    yard.push(branch)
    yard.squash(branch)
    yard.mark(branch)
    return yard.workdir(branch)


def codes(swept: Swept) -> dict[str, list[str]]:
    return {one.record.branch: [why.code for why in one.reasons] for one in swept.decisions}


def box_of(swept: Swept) -> Path:
    (box,) = (one.removed.box for one in swept.decisions if one.removed)
    return Path(box)


def list_all(top: str) -> dict[str, tuple[int, int]]:
    paths = (os.path.join(base, name) for base, _, files in os.walk(top) for name in files)
    return {path: (os.stat(path).st_mtime_ns, os.stat(path).st_size) for path in paths}


def test_without_apply_not_one_file_is_written(yard: Yard) -> None:
    make_done(yard)
    before = [list_all(place) for place in attrs.astuple(yard.places)]
    planned = yard.sweep(apply=False)
    assert [one.action for one in planned.decisions] == ["remove"]
    assert not planned.applied
    assert [list_all(place) for place in attrs.astuple(yard.places)] == before


WORK: dict[str, tuple[Callable[[Yard], object], str]] = {
    "a file": (lambda yard: (yard.workdir(BRANCH) / "late").write_text("work"), "untracked"),
    "a commit": (lambda yard: yard.commit(BRANCH, "late"), "unpushed"),
    "an acquire": (lambda yard: yard.acquire(BRANCH), "taken-up"),
    "a lock": (lambda yard: None, "busy"),
}


@pytest.mark.parametrize(("work", "code"), WORK.values(), ids=WORK)
def test_work_that_comes_between_the_decision_and_the_act_is_kept(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, work: Callable[[Yard], object], code: str
) -> None:
    path = make_done(yard)
    real = clean.decide
    decided: list[str] = []

    def decide(*args: Any) -> clean.Decision:
        decision = real(*args)
        if not decided:
            work(yard)
        decided.append(decision.action)
        return decision

    monkeypatch.setattr(clean, "decide", decide)
    if code == "busy":
        with hold(yard.places.lock(yard.key(BRANCH)), 0):
            monkeypatch.setattr(clean, "is_held", lambda path: False)
            swept = yard.sweep()
    else:
        swept = yard.sweep()
    assert decided[0] == "remove"
    assert codes(swept) == {BRANCH: [code]}
    assert (path / "new").is_file()


def test_a_branch_that_was_seen_and_is_gone_needs_no_mark(yard: Yard) -> None:
    for branch in ("seen", "never-pushed"):
        yard.acquire(branch)
    yard.commit("seen", "new")
    yard.push("seen")
    assert codes(yard.sweep()) == {}
    yard.squash("seen")
    # Somebody else's fetch is the one that finds the branch gone.
    yard.acquire("other")
    swept = yard.sweep()
    assert codes(swept) == {"seen": []}
    assert swept.decisions[0].removed


def test_a_remote_that_cannot_be_asked_keeps_everything(yard: Yard) -> None:
    path = make_done(yard)
    away = yard.repository.bare.with_name("away")
    yard.repository.bare.rename(away)
    assert codes(yard.sweep()) == {BRANCH: ["remote-unreachable"]}
    assert path.is_dir()
    away.rename(yard.repository.bare)
    assert codes(yard.sweep()) == {BRANCH: []}


def test_an_origin_that_an_agent_made_another_one_proves_nothing(
    yard: Yard, tmp_path: Path
) -> None:
    """It would be all the remote that there is to ask, for every workdir of the cache."""
    path = make_done(yard)
    yard.commit(BRANCH, "more")
    other = tmp_path / "other.git"
    git("clone", "-q", "--bare", str(path), str(other), at=tmp_path)
    git("remote", "set-url", "origin", str(other), at=path)
    assert codes(yard.sweep()) == {BRANCH: ["unpushed"]}


def test_a_broken_cache_keeps_everything_and_is_left_as_it_is(yard: Yard) -> None:
    path = make_done(yard)
    (yard.bare / "HEAD").unlink()
    assert codes(yard.sweep()) == {BRANCH: ["cache-missing"]}
    assert path.is_dir()
    assert not (yard.bare / "HEAD").exists()


def test_what_git_cannot_tell_keeps_it(yard: Yard) -> None:
    path = make_done(yard)
    link = yard.bare / "worktrees" / path.name
    (link / "index").write_text("no index")
    assert codes(yard.sweep()) == {BRANCH: ["cannot-tell"]}
    assert path.is_dir()


def test_a_stash_of_nobody_knows_whom_keeps_all_of_its_repository(yard: Yard) -> None:
    make_done(yard)
    path = yard.workdir(yard.acquire("other").key.branch)
    (path / "file.txt").write_text("work\n")
    git("stash", "-q", at=path)
    assert codes(yard.sweep(apply=False)) == {BRANCH: []}
    git("stash", "store", "-m", "just so", "refs/stash", at=path)
    git("checkout", "-q", "--detach", at=path)
    (path / "file.txt").write_text("work\n")
    git("stash", "-q", at=path)
    assert codes(yard.sweep()) == {BRANCH: ["stash"]}


def test_the_way_back_in_the_note_leads_all_the_way_back(yard: Yard) -> None:
    path = make_done(yard)
    head = git("rev-parse", "HEAD", at=path)
    record = Path(yard.places.record(yard.key(BRANCH))).read_bytes()
    box = box_of(yard.sweep())
    assert sorted(os.listdir(box)) == [NOTE, RECORD, REGISTRATION, WORKTREE]
    note = json.loads((box / NOTE).read_text())
    assert note["why"] == "pull request merged; merged as one commit"
    assert git("worktree", "list", "--porcelain", at=yard.bare).count("worktree ") == 1
    assert git("for-each-ref", "refs/heads/wf", at=yard.bare) == ""
    for line in note["put_back"]:
        subprocess.run(["sh", "-c", line], check=True)
    assert git("rev-parse", "HEAD", at=path) == head
    assert git("status", "--porcelain", "--branch", at=path) == f"## wf/dev/{BRANCH}"
    assert Path(yard.places.record(yard.key(BRANCH))).read_bytes() == record
    assert yard.acquire(BRANCH).state == "reused"


@pytest.mark.parametrize("step", ["_move_registration", "_drop_branch", "_move_record"])
def test_a_removal_that_was_cut_short_is_finished_in_its_box_with_its_note(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = make_done(yard)
    head = git("rev-parse", "HEAD", at=path)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(removal, step, stop)
        with pytest.raises(KeyboardInterrupt):
            yard.sweep()
    box = box_of(yard.sweep())
    assert sorted(os.listdir(box)) == [NOTE, RECORD, REGISTRATION, WORKTREE]
    note = json.loads((box / NOTE).read_text())
    assert note["commit"] == head
    for line in note["put_back"]:
        subprocess.run(["sh", "-c", line], check=True)
    assert git("rev-parse", "HEAD", at=path) == head
    assert yard.acquire(BRANCH).state == "reused"


def test_files_that_came_anew_after_a_removal_was_cut_short_get_a_box_of_their_own(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_done(yard)
    with monkeypatch.context() as patch:
        patch.setattr(removal, "_move_registration", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            yard.sweep()
    yard.acquire(BRANCH)
    yard.mark(BRANCH)
    assert codes(yard.sweep()) == {BRANCH: []}
    boxes = sorted(Path(yard.places.trash).iterdir())
    assert [(box / WORKTREE / "new").is_file() for box in boxes] == [True, True]
    assert [(box / RECORD).is_file() for box in boxes] == [False, True]


def test_commits_that_the_remote_does_not_have_are_in_a_bundle(yard: Yard, tmp_path: Path) -> None:
    path = make_done(yard)
    (path / "new").write_text("first try\n")
    git("commit", "-qa", "--amend", "-m", "Squashed", at=path)
    amended = git("rev-parse", "HEAD", at=path)
    git("reset", "-q", "--hard", "HEAD@{1}", at=path)
    head = git("rev-parse", "HEAD", at=path)
    swept = yard.sweep()
    (removed,) = (one.removed for one in swept.decisions)
    assert removed is not None
    shutil.rmtree(yard.bare)
    git("fetch", "-q", removed.bundle, "refs/wf/salvage/*:refs/salvaged/*", at=yard.person)
    found = git("for-each-ref", "--format=%(objectname)", "refs/salvaged", at=yard.person)
    assert set(found.split()) == {head, amended}


def test_a_workdir_whose_directory_is_gone_leaves_the_list_when_its_work_is_safe(
    yard: Yard,
) -> None:
    shutil.rmtree(make_done(yard))
    yard.acquire("unsafe")
    yard.commit("unsafe", "other")
    yard.mark("unsafe")
    shutil.rmtree(yard.workdir("unsafe"))
    assert codes(yard.sweep()) == {BRANCH: [], "unsafe": ["unpushed"]}
    assert codes(yard.sweep()) == {"unsafe": ["unpushed"]}
    yard.acquire("unsafe")
    assert (yard.workdir("unsafe") / "other").is_file()


def test_a_link_in_the_place_of_a_workdir_is_not_followed(yard: Yard, tmp_path: Path) -> None:
    path = make_done(yard)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert codes(yard.sweep()) == {BRANCH: ["registration-broken"]}
    assert (tmp_path / "elsewhere" / "new").is_file()


def test_a_record_that_names_another_path_leads_nowhere(yard: Yard, tmp_path: Path) -> None:
    make_done(yard)
    mine = tmp_path / "mine"
    mine.mkdir()
    yard.change(attrs.evolve(yard.record(BRANCH), path=str(mine)))
    yard.sweep()
    assert mine.is_dir()


def test_the_trash_expires_and_gives_its_room_back(yard: Yard) -> None:
    make_done(yard)
    box = box_of(yard.sweep())
    (box / WORKTREE / "closed" / "deeper").mkdir(parents=True)
    (box / WORKTREE / "closed" / "deeper" / "file").write_bytes(b"x" * 100_000)
    (box / WORKTREE / "link").symlink_to(yard.person)
    (box / WORKTREE / "closed").chmod(0o500)
    trash = Path(yard.places.trash)
    for name in ("mine", "20260101-000000-link", "99991231-000000-later"):
        (trash / name).mkdir() if name != "20260101-000000-link" else (trash / name).symlink_to(
            yard.person
        )
    early = yard.sweep(at=AT + timedelta(days=13))
    assert [Path(one.path).name for one in early.expired] == ["20260101-000000-link"]
    planned = yard.sweep(at=AT + timedelta(days=15), apply=False)
    assert [one.path for one in planned.expired] == [str(box)]
    assert box.is_dir()
    swept = yard.sweep(at=AT + timedelta(days=15))
    assert [(one.path, one.problem) for one in swept.expired] == [(str(box), "")]
    assert swept.freed_bytes == planned.freed_bytes > 100_000
    assert sorted(os.listdir(trash)) == ["99991231-000000-later", "mine"]
    assert (yard.person / "file.txt").is_file()


def test_a_cache_without_the_contents_of_files_is_swept_too(yard: Yard) -> None:
    git("config", "uploadpack.allowFilter", "true", at=yard.repository.bare)
    git("config", "uploadpack.allowAnySHA1InWant", "true", at=yard.repository.bare)
    acquire(yard.places, "dev", yard.remote, BRANCH, filter_blobs=True, access=my_access())
    assert git("config", "remote.origin.promisor", at=yard.bare) == "true"
    make_done(yard)
    swept = yard.sweep()
    assert codes(swept) == {BRANCH: []}
    assert (box_of(swept) / WORKTREE / "new").is_file()


def test_gc_runs_with_nothing_pruned_that_is_young(yard: Yard) -> None:
    make_done(yard)
    young = git("hash-object", "-w", "--stdin", at=yard.bare, stdin="young\n")
    git("config", "gc.pruneExpire", "now", at=yard.bare)
    yard.sweep()
    assert git("cat-file", "-t", young, at=yard.bare) == "blob"
    assert git("count-objects", "-v", at=yard.bare).splitlines()[3] == "packs: 1"


def test_a_default_branch_that_was_renamed_is_followed(yard: Yard) -> None:
    make_done(yard)
    git("branch", "-m", "main", "trunk", at=yard.repository.bare)
    git("symbolic-ref", "HEAD", "refs/heads/trunk", at=yard.repository.bare)
    assert codes(yard.sweep()) == {BRANCH: []}


def test_a_branch_with_very_many_commits_of_its_own_is_kept(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_done(yard)
    monkeypatch.setattr(merged, "_MOST_COMMITS", 0)
    assert codes(yard.sweep()) == {BRANCH: ["unpushed"]}
