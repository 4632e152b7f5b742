"""A cache that is broken, or half made, is made anew; what only it had is carried over."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workdirs.repositories import git
from tests.workdirs.workshop import Workshop, my_access, read, tell_status
from wfsession.errors import GitFailed
from wfsession.workdirs.acquire import acquire

Harm = Callable[[Path], object]


def empty_file(name: str) -> Harm:
    return lambda bare: (bare / name).write_bytes(b"")


def remove(name: str) -> Harm:
    return lambda bare: (
        shutil.rmtree(bare / name) if (bare / name).is_dir() else (bare / name).unlink()
    )


def put_file_there(bare: Path) -> None:
    shutil.rmtree(bare)
    bare.write_text("x")


def put_nothing_there(bare: Path) -> None:
    shutil.rmtree(bare)
    bare.mkdir()


def lose_objects(bare: Path) -> None:
    shutil.rmtree(bare / "objects")
    (bare / "objects").mkdir()


def cut_packs(bare: Path) -> None:
    """Let the drive have lost the ends of what the remote gave."""
    for pack in list_packs(bare):
        pack.chmod(0o644)
        os.truncate(pack, pack.stat().st_size // 2)


def list_packs(bare: Path) -> list[Path]:
    packs = sorted((bare / "objects" / "pack").glob("*.pack"))
    loose = [path for path in (bare / "objects").glob("??/*") if path.is_file()]
    assert packs or loose
    return [*packs, *loose[:3]]


def tear_ref(bare: Path) -> None:
    path = bare / "refs" / "remotes" / "origin" / "main"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0" * 41)


HARMS: dict[str, Harm] = {
    "no HEAD": remove("HEAD"),
    "empty HEAD": empty_file("HEAD"),
    "no config": remove("config"),
    "empty config": empty_file("config"),
    "config of zeros": lambda bare: (bare / "config").write_bytes(b"\0" * 200),
    "no objects": remove("objects"),
    "no refs": remove("refs"),
    "a file in its place": put_file_there,
    "an empty directory in its place": put_nothing_there,
    "its packs are cut": cut_packs,
    "no packs": lose_objects,
    "a torn ref": tear_ref,
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_a_broken_cache_is_made_anew_and_no_file_of_a_worktree_is_touched(
    shop: Workshop, harm: Harm
) -> None:
    paths = [Path(shop.acquire(branch).path) for branch in ("main", "feature/a")]
    for path in paths:
        (path / "file.txt").write_text("mine\n")
        (path / ".env").write_text("mine\n")
    harm(shop.bare)
    pushed = shop.repository.commit("third", "three\n")
    made = shop.acquire("third")
    assert made.head == pushed
    assert read(made.path, "file.txt") == "three\n"
    for path, branch in zip(paths, ("main", "feature/a"), strict=True):
        shop.acquire(branch)
        assert tell_status(path) == " M file.txt\n!! .env"
        assert read(path, "file.txt") == "mine\n"
    again = shop.acquire("third")
    assert (again.state, again.notes) == ("reused", ())
    shop.check()


@pytest.mark.parametrize(
    "name", ["no HEAD", "empty HEAD", "no config", "config of zeros", "a torn ref"]
)
def test_what_only_a_broken_cache_had_is_in_the_new_one(shop: Workshop, name: str) -> None:
    path = Path(shop.acquire().path)
    (path / "file.txt").write_text("stashed\n")
    git("stash", "-q", at=path)
    (path / "file.txt").write_text("mine\n")
    git("commit", "-qam", "Mine", at=path)
    mine = git("rev-parse", "HEAD", at=path)
    (path / "folder" / "inner.txt").write_text("staged\n")
    git("add", "-A", at=path)
    (path / "folder" / "inner.txt").unlink()
    HARMS[name](shop.bare)
    made = shop.acquire()
    assert made.state == "reused"
    assert "the cache was broken and was made anew; the old one: " in made.notes[0]
    assert git("rev-parse", "HEAD", at=path) == made.head == mine
    assert git("show", ":folder/inner.txt", at=path) == "staged"
    assert git("show", "stash@{0}:file.txt", at=path) == "stashed"
    shop.check()


def test_an_old_cache_lies_in_the_trash(shop: Workshop) -> None:
    shop.acquire()
    (shop.bare / "mine").write_text("x")
    (shop.bare / "HEAD").unlink()
    note = shop.acquire().notes[0]
    (aside,) = Path(shop.places.trash).iterdir()
    assert str(aside) in note
    assert (aside / "mine").read_text() == "x"


def test_a_broken_cache_stays_as_it_is_while_the_remote_cannot_be_reached(shop: Workshop) -> None:
    path = Path(shop.acquire().path)
    (shop.bare / "HEAD").unlink()
    shop.repository.bare.rename(shop.repository.bare.with_name("away.git"))
    with pytest.raises(GitFailed, match="does not appear to be a git repository"):
        shop.acquire()
    assert (shop.bare / "config").exists()
    assert read(path, "file.txt") == "one\ntwo\n"
    shop.repository.bare.with_name("away.git").rename(shop.repository.bare)
    assert shop.acquire().state == "reused"
    shop.check()


@pytest.mark.parametrize("with_new", [False, True])
def test_a_cache_that_was_to_be_replaced_when_all_ended_is_found_again(
    shop: Workshop, with_new: bool
) -> None:
    made = shop.acquire()
    shop.bare.rename(f"{shop.bare}.old")
    if with_new:
        shutil.copytree(f"{shop.bare}.old", shop.bare)
    assert shop.acquire().head == made.head
    assert tell_status(made.path) == ""
    shop.check()


def test_a_clone_that_nobody_finished_goes(shop: Workshop) -> None:
    shop.bare.parent.mkdir(parents=True)
    left = Path(f"{shop.bare}.new-1")
    git("init", "-q", "--bare", str(left), at="/")
    shop.acquire()
    assert not left.exists()
    shop.check()


def test_a_cache_is_full_and_collects_nothing_by_itself(shop: Workshop) -> None:
    shop.acquire()
    config = git("config", "--list", "--local", at=shop.bare).splitlines()
    for line in (
        "gc.auto=0",
        "maintenance.auto=false",
        "core.bare=true",
        f"remote.origin.url={shop.remote.url}",
        "remote.origin.fetch=+refs/heads/*:refs/remotes/origin/*",
    ):
        assert line in config
    assert not (shop.bare / "shallow").exists()
    assert git("for-each-ref", "--format=%(refname)", at=shop.bare).splitlines() == [
        "refs/heads/wf/dev/feature/a",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/feature/a",
        "refs/remotes/origin/main",
    ]


def test_on_request_the_contents_of_files_wait_until_they_are_asked_for(shop: Workshop) -> None:
    git("config", "uploadpack.allowFilter", "true", at=shop.repository.bare)
    git("config", "uploadpack.allowAnySHA1InWant", "true", at=shop.repository.bare)
    made = acquire(shop.places, "dev", shop.remote, "main", filter_blobs=True, access=my_access())
    assert read(made.path, "file.txt") == "one\n"
    missing = git("rev-list", "--objects", "--missing=print", "origin/feature/a", at=shop.bare)
    assert "?" in missing
    shop.repository.commit("main", "three\n")
    assert shop.acquire("main").head == shop.repository.head("main")


def test_two_addresses_of_one_repository_share_a_cache_and_the_last_one_counts(
    shop: Workshop,
) -> None:
    from wfsession.workdirs.remote import parse_remote

    shop.acquire("main")
    plain = parse_remote(str(shop.repository.bare))
    made = acquire(shop.places, "dev", plain, "feature/a", access=my_access())
    assert made.head == shop.repository.head("feature/a")
    assert len(list(shop.bare.parent.glob("*.git"))) == 1
    assert git("config", "remote.origin.url", at=shop.bare) == plain.url


def test_branches_that_went_from_the_remote_go_from_the_cache(shop: Workshop) -> None:
    shop.acquire("main")
    git("update-ref", "-d", "refs/heads/feature/a", at=shop.repository.bare)
    shop.repository.commit("feature/a/b")
    shop.acquire("main")
    assert "origin/feature/a\n" not in git("branch", "-r", at=shop.bare) + "\n"
    assert shop.acquire("feature/a/b").head == shop.repository.head("feature/a/b")
