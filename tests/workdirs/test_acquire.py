"""A workdir is made, used again, or put right; and nobody's work is ever touched."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from tests.workdirs.repositories import git
from tests.workdirs.workshop import Workshop, my_access, read, tell_status
from wfsession.errors import InvalidValue, LockTimeout, RecordUnusable
from wfsession.workdirs.acquire import acquire, find_path
from wfsession.workdirs.key import make_key
from wfsession.workdirs.locks import hold, is_held
from wfsession.workdirs.record import WorkdirRecord, read_record, write_record


def test_a_branch_of_the_remote_is_checked_out_at_the_path_of_its_key(shop: Workshop) -> None:
    made = shop.acquire("feature/a")
    assert made.state == "created"
    assert made.path == find_path(shop.places, "dev", shop.remote, "feature/a")
    assert made.head == shop.repository.head("feature/a") == git("rev-parse", "HEAD", at=made.path)
    assert git("symbolic-ref", "--short", "HEAD", at=made.path) == "wf/dev/feature/a"
    assert read(made.path, "file.txt") == "one\ntwo\n"
    assert tell_status(made.path) == ""
    assert made.notes == ()
    assert read_record(shop.places, made.key) == made.record
    shop.check()


def test_what_is_there_is_used_again(shop: Workshop) -> None:
    made = shop.acquire()
    again = shop.acquire()
    assert attrs.evolve(again, state="created") == made
    assert again.state == "reused"


def test_a_branch_that_is_new_begins_at_the_default_branch_or_where_it_is_told(
    shop: Workshop,
) -> None:
    made = shop.acquire("new")
    assert made.head == shop.repository.head("main")
    assert "new is new: it begins at main" in made.notes[0]
    based = shop.acquire("newer", base="feature/a")
    assert based.head == shop.repository.head("feature/a")
    by_commit = shop.acquire("newest", base=made.head)
    assert by_commit.head == made.head
    with pytest.raises(InvalidValue, match="'none' is no branch, tag or commit"):
        shop.acquire("other", base="none")
    assert not shop.path("dev", "other").exists()


def test_what_others_pushed_is_there_when_nothing_stands_against_it(shop: Workshop) -> None:
    shop.acquire()
    pushed = shop.repository.commit("feature/a", "three\n")
    again = shop.acquire()
    assert (again.head, again.notes) == (pushed, ())
    assert read(again.path, "file.txt") == "three\n"
    assert tell_status(again.path) == ""


def change_file(path: Path) -> None:
    (path / "file.txt").write_text("mine\n")


def stage(path: Path) -> None:
    (path / "folder" / "inner.txt").write_text("mine\n")
    git("add", "folder", at=path)


def commit(path: Path) -> None:
    change_file(path)
    git("commit", "-qam", "Mine", at=path)


def make_untracked(path: Path) -> None:
    (path / "theirs.txt").write_text("mine\n")


def make_ignored(path: Path) -> None:
    (path / ".env").write_text("mine\n")


def switch(path: Path) -> None:
    git("checkout", "-q", "-b", "elsewhere", at=path)


def detach(path: Path) -> None:
    git("checkout", "-q", "--detach", at=path)


def merge(path: Path) -> None:
    (Path(git("rev-parse", "--git-dir", at=path)) / "MERGE_HEAD").write_text("x")


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (change_file, "has changes"),
        (stage, "has changes"),
        (commit, "1 commit behind feature/a and 1 ahead of it"),
        (make_untracked, "would be overwritten"),
        (make_ignored, "would be overwritten"),
        (switch, "on elsewhere and not on wf/dev/feature/a"),
        (detach, "on no branch and not on wf/dev/feature/a"),
        (merge, "a merge is going on there"),
    ],
)
def test_where_somebody_worked_it_is_left_as_it_is_and_that_is_said(
    shop: Workshop, work: object, reason: str
) -> None:
    made = shop.acquire()
    assert callable(work)
    work(Path(made.path))
    before = tell_status(made.path), git("rev-parse", "HEAD", at=made.path)
    # What the remote has now is in the way of each of them.
    work_tree = shop.repository.bare.parent / "work"
    git("clone", "-q", "-b", "feature/a", str(shop.repository.bare), str(work_tree), at="/")
    for name in ("theirs.txt", ".env", "file.txt"):
        (work_tree / name).write_text("theirs\n")
    git("add", "-f", "theirs.txt", ".env", "file.txt", at=work_tree)
    git("commit", "-qm", "Theirs", at=work_tree)
    git("push", "-q", at=work_tree)
    again = shop.acquire()
    assert again.state == "reused"
    assert len(again.notes) == 1
    assert "left as it is" in again.notes[0]
    assert reason in again.notes[0] or "untracked working tree files" in again.notes[0]
    assert (tell_status(made.path), git("rev-parse", "HEAD", at=made.path)) == before
    assert again.head == before[1]


def test_commits_of_an_agent_are_no_reason_to_say_anything(shop: Workshop) -> None:
    made = shop.acquire()
    commit(Path(made.path))
    again = shop.acquire()
    assert again.notes == ()
    assert again.head == git("rev-parse", "HEAD", at=made.path)


def test_agents_that_share_a_branch_have_a_worktree_and_a_branch_each(shop: Workshop) -> None:
    paths = [shop.acquire("main", agent).path for agent in ("dev", "reviewer")]
    commit(Path(paths[0]))
    assert tell_status(paths[1]) == ""
    git("push", "-q", "origin", "HEAD:refs/heads/main", at=paths[0])
    assert shop.acquire("main", "reviewer").head == shop.repository.head("main")


def test_branches_that_differ_in_case_only_are_two_workdirs(shop: Workshop) -> None:
    for branch in ("a/b", "a-b", "A-b", "A/b", "Größe/集成", "x" * 250, "X" * 250):
        shop.repository.commit(branch, f"{branch}\n")
    for branch in ("a/b", "a-b", "A-b", "A/b", "Größe/集成", "x" * 250, "X" * 250):
        assert read(shop.acquire(branch).path, "file.txt") == f"{branch}\n"
    shop.check()


def test_a_branch_below_the_name_of_a_former_one_gets_a_local_name_of_its_own(
    shop: Workshop,
) -> None:
    shop.repository.commit("topic")
    shop.acquire("topic")
    git("update-ref", "-d", "refs/heads/topic", at=shop.repository.bare)
    pushed = shop.repository.commit("topic/b")
    made = shop.acquire("topic/b")
    assert made.head == pushed
    assert made.record.local_branch == made.key.local_branches[1]
    assert shop.acquire("topic/b").state == "reused"
    shop.check()


def remove_directory(shop: Workshop, path: Path) -> None:
    shutil.rmtree(path)


def remove_link(shop: Workshop, path: Path) -> None:
    (path / ".git").unlink()


def remove_entry(shop: Workshop, path: Path) -> None:
    shutil.rmtree(shop.bare / "worktrees" / path.name)


def cut_entry(shop: Workshop, path: Path) -> None:
    (shop.bare / "worktrees" / path.name / "commondir").write_text("")


def empty_head(shop: Workshop, path: Path) -> None:
    (shop.bare / "worktrees" / path.name / "HEAD").write_text("")


def lead_elsewhere(shop: Workshop, path: Path) -> None:
    (path / ".git").write_text("gitdir: /nowhere\n")


def make_repository_of_its_own(shop: Workshop, path: Path) -> None:
    (path / ".git").unlink()
    git("init", "-q", at=path)


def remove_index(shop: Workshop, path: Path) -> None:
    (shop.bare / "worktrees" / path.name / "index").unlink()


def remove_record(shop: Workshop, path: Path) -> None:
    Path(shop.places.record(make_key("dev", shop.remote, "feature/a"))).unlink()


HARMS = [
    remove_directory,
    remove_link,
    remove_entry,
    cut_entry,
    empty_head,
    lead_elsewhere,
    make_repository_of_its_own,
    remove_index,
]


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_missing_is_put_right_and_files_stay_as_they_are(
    shop: Workshop, harm: object
) -> None:
    made = shop.acquire()
    other = shop.acquire("main")
    path = Path(made.path)
    (path / "file.txt").write_text("mine\n")
    (path / "untracked.txt").write_text("mine\n")
    (path / ".env").write_text("mine\n")
    assert callable(harm)
    harm(shop, path)
    again = shop.acquire()
    assert again.state == "repaired"
    assert again.head == made.head
    if harm is remove_directory:
        assert tell_status(path) == ""
    else:
        assert tell_status(path) == " M file.txt\n?? untracked.txt\n!! .env"
        assert read(path, "file.txt") == "mine\n"
    assert shop.acquire().state == "reused"
    assert shop.acquire("main").state == "reused"
    assert tell_status(other.path) == ""
    shop.check()


@pytest.mark.parametrize("harm", [remove_directory, remove_link])
def test_what_was_staged_survives_the_loss_of_a_directory(shop: Workshop, harm: object) -> None:
    path = Path(shop.acquire().path)
    stage(path)
    assert callable(harm)
    harm(shop, path)
    shop.acquire()
    assert tell_status(path) == "M  folder/inner.txt"
    assert read(path, "folder/inner.txt") == "mine\n"


def test_a_worktree_that_is_put_right_stays_at_the_commits_of_its_agent(shop: Workshop) -> None:
    path = Path(shop.acquire().path)
    commit(path)
    mine = git("rev-parse", "HEAD", at=path)
    remove_entry(shop, path)
    assert shop.acquire().head == mine
    assert tell_status(path) == ""


def test_without_its_record_a_workdir_is_used_and_gets_one(shop: Workshop) -> None:
    made = shop.acquire()
    remove_record(shop, Path(made.path))
    again = shop.acquire()
    assert again.state == "reused"
    assert again.record.local_branch == "wf/dev/feature/a"
    assert read_record(shop.places, made.key) == again.record


def test_a_record_of_no_use_is_set_aside_with_its_bytes(shop: Workshop) -> None:
    made = shop.acquire()
    path = Path(shop.places.record(made.key))
    path.write_text("{torn")
    again = shop.acquire()
    assert "its record was of no use (it is no JSON)" in again.notes[0]
    (aside,) = Path(shop.places.trash).iterdir()
    assert aside.read_text() == "{torn"
    shop.check()


def test_a_record_of_a_newer_version_is_left_alone(shop: Workshop) -> None:
    made = shop.acquire()
    path = Path(shop.places.record(made.key))
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 2'))
    before = path.read_bytes()
    with pytest.raises(RecordUnusable, match="newer version"):
        shop.acquire()
    assert path.read_bytes() == before


def test_a_mark_and_what_else_a_record_says_survive_a_use(shop: Workshop) -> None:
    made = shop.acquire()
    long_ago = made.record.used_at - timedelta(days=3)
    old = attrs.evolve(
        made.record, used_at=long_ago, created_at=long_ago, data={"theirs": 1}, url="https://old"
    )
    write_record(shop.places, old)
    again = shop.acquire().record
    assert again == attrs.evolve(old, used_at=again.used_at, url=shop.remote.url)
    assert again.used_at > long_ago
    found = read_record(shop.places, made.key)
    assert isinstance(found, WorkdirRecord)
    assert found.data["theirs"] == 1


def test_whoever_works_in_it_keeps_others_out(shop: Workshop) -> None:
    made = shop.acquire()
    assert not is_held(shop.places.lock(made.key))
    with hold(shop.places.lock(made.key)):
        assert is_held(shop.places.lock(made.key))
        with pytest.raises(LockTimeout, match=f"process {os.getpid()}"):
            acquire(shop.places, "dev", shop.remote, "feature/a", access=my_access(), timeout_s=0)
        assert shop.acquire("main").state == "created"


def test_when_the_remote_is_gone_what_is_there_is_used_and_that_is_said(shop: Workshop) -> None:
    made = shop.acquire()
    shop.repository.bare.rename(shop.repository.bare.with_name("away.git"))
    again = shop.acquire()
    assert (again.state, again.head) == ("reused", made.head)
    assert "the cache could not be refreshed" in again.notes[0]
    known = shop.acquire("main")
    assert known.state == "created"
    assert read(known.path, "file.txt") == "one\n"
    new = shop.acquire("new")
    assert new.head == known.head
    assert "could not be refreshed" in new.notes[0]


def test_nothing_is_fetched_that_another_fetched_since_it_was_asked_for(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.acquire()
    stamp = shop.bare / "wf-fetched"
    ahead = stamp.stat().st_mtime_ns + 3_600_000_000_000
    os.utime(stamp, ns=(ahead, ahead))
    shop.repository.commit("feature/a", "three\n")
    assert shop.acquire().head != shop.repository.head("feature/a")
    os.utime(stamp, ns=(0, 0))
    assert shop.acquire().head == shop.repository.head("feature/a")


def test_a_lock_file_that_nobody_holds_any_more_stands_in_the_way_no_longer(
    shop: Workshop,
) -> None:
    shop.acquire()
    lock = shop.bare / "refs" / "remotes" / "origin" / "feature" / "a.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    pushed = shop.repository.commit("feature/a", "three\n")
    assert "could not be refreshed" in shop.acquire().notes[0]
    os.utime(lock, (0, 0))
    assert shop.acquire().head == pushed
    shop.check()
