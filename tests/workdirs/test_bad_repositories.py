"""Remotes, programs and disks that are not as one would like: one sentence, and all else intact."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.test_real_disks import fill as fill_disk
from tests.faults.test_real_disks import mount
from tests.workdirs.repositories import Repository, git
from tests.workdirs.workshop import Workshop, my_access, read, tell_status
from wfsession.errors import GitFailed, InvalidValue, WfError
from wfsession.workdirs.acquire import acquire
from wfsession.workdirs.git import make_access
from wfsession.workdirs.places import Places
from wfsession.workdirs.remote import parse_remote


@pytest.mark.parametrize("branch", ["..", "../x", "-x", "--force", "a b", "x" * 251])
def test_a_branch_that_cannot_be_makes_nothing(shop: Workshop, branch: str) -> None:
    with pytest.raises(InvalidValue):
        shop.acquire(branch)
    assert not Path(shop.places.data).exists()
    assert not Path(shop.places.cache).exists()
    assert not Path(shop.places.state).exists()


def test_an_agent_that_would_lead_elsewhere_makes_nothing(shop: Workshop) -> None:
    with pytest.raises(InvalidValue, match=r"'\.\./x' cannot be the name of an agent"):
        shop.acquire("main", "../x")
    assert not Path(shop.places.data).exists()


def test_a_repository_that_does_not_exist_is_named_and_leaves_nothing(shop: Workshop) -> None:
    other = shop.acquire("main")
    remote = parse_remote(f"file://{shop.places.data}/none")
    with pytest.raises(GitFailed) as caught:
        acquire(shop.places, "dev", remote, "main", access=my_access())
    assert remote.url in str(caught.value)
    assert "does not appear to be a git repository" in str(caught.value)
    assert "git ls-remote" in caught.value.hint
    assert [one.name for one in shop.bare.parent.iterdir() if one.suffix != ".lock"] == [
        shop.bare.name
    ]
    assert tell_status(other.path) == ""
    shop.check()


def test_a_repository_that_needs_a_password_is_not_waited_for(
    places: Places, tmp_path: Path
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho 'git@host: Permission denied (publickey).' >&2\nexit 255\n")
    ssh.chmod(0o755)
    access = make_access({**os.environ, "GIT_SSH": str(ssh)})
    with pytest.raises(GitFailed, match="Permission denied") as caught:
        acquire(places, "dev", parse_remote("git@host:a/b"), "main", access=access)
    assert "GIT_ASKPASS" in caught.value.hint


def test_a_password_comes_from_askpass_and_is_kept_nowhere(shop: Workshop, tmp_path: Path) -> None:
    """git asks for it where a server does; here a transport of ours plays the server."""
    asked = tmp_path / "asked"
    askpass = tmp_path / "askpass"
    askpass.write_text(f'#!/bin/sh\necho "$1" >>{asked}\necho hunter2\n')
    askpass.chmod(0o755)
    ssh = tmp_path / "ssh"
    ssh.write_text(
        '#!/bin/sh\nwhile [ "$1" != host ]; do shift; done; shift\n'
        'test "$("$GIT_ASKPASS" "Password: ")" = hunter2 && exec sh -c "$1"\n'
    )
    ssh.chmod(0o755)
    access = make_access({**os.environ, "GIT_SSH": str(ssh)}, askpass=str(askpass))
    remote = parse_remote(f"ssh://host{shop.repository.bare}")
    made = acquire(shop.places, "dev", remote, "main", access=access)
    assert read(made.path, "file.txt") == "one\n"
    assert asked.read_text().startswith("Password: ")
    for top in (shop.places.cache, shop.places.data, shop.places.state):
        done = subprocess.run(["grep", "-rl", "hunter2", top], capture_output=True, check=False)
        assert done.stdout == b""


def test_an_empty_repository_has_a_workdir_on_a_branch_without_commits(shop: Workshop) -> None:
    empty = Repository(shop.repository.bare.with_name("empty.git"))
    git("init", "-q", "--bare", "-b", "main", str(empty.bare), at="/")
    remote = empty.remote
    made = acquire(shop.places, "dev", remote, "main", access=my_access())
    assert (made.state, made.head) == ("created", "")
    assert "has no commits yet" in made.notes[0]
    assert git("symbolic-ref", "HEAD", at=made.path) == "refs/heads/wf/dev/main"
    again = acquire(shop.places, "dev", remote, "main", access=my_access())
    assert again.head == ""
    other = acquire(shop.places, "reviewer", remote, "main", access=my_access())
    (Path(made.path) / "a").write_text("a\n")
    git("add", "-A", at=made.path)
    git("commit", "-qm", "First", at=made.path)
    git("push", "-q", "origin", "HEAD:refs/heads/main", at=made.path)
    seen = acquire(shop.places, "reviewer", remote, "main", access=my_access())
    assert seen.head == empty.head("main")
    assert read(other.path, "a") == "a\n"
    assert tell_status(other.path) == ""


def test_a_renamed_default_branch_is_followed(shop: Workshop) -> None:
    shop.acquire("main")
    bare = shop.repository.bare
    git("branch", "-m", "main", "trunk", at=bare)
    pushed = shop.repository.commit("trunk", "trunk\n")
    assert git("symbolic-ref", "HEAD", at=bare) == "refs/heads/trunk"
    made = shop.acquire("new")
    assert made.head == pushed
    assert "begins at trunk" in made.notes[0]


def test_a_remote_that_says_no_default_branch_has_to_be_told_one(shop: Workshop) -> None:
    git("symbolic-ref", "HEAD", "refs/heads/gone", at=shop.repository.bare)
    with pytest.raises(InvalidValue, match="does not say which branch") as caught:
        shop.acquire("new")
    assert "--base" in caught.value.hint
    assert not shop.path("dev", "new").exists()
    assert shop.acquire("new", base="main").head == shop.repository.head("main")
    assert shop.acquire("feature/a").state == "created"


def test_submodules_are_not_there_and_that_is_said(shop: Workshop) -> None:
    work = shop.repository.bare.with_name("work")
    git("clone", "-q", str(shop.repository.bare), str(work), at="/")
    allowed = ("-c", "protocol.file.allow=always")
    git(*allowed, "submodule", "add", "-q", str(shop.repository.bare), "sub", at=work)
    git("commit", "-qm", "Sub", at=work)
    git("push", "-q", at=work)
    made = shop.acquire("main")
    assert made.notes == ("it has submodules, which are not there: git submodule update --init",)
    assert tell_status(made.path) == ""
    git(*allowed, "submodule", "update", "-q", "--init", at=made.path)
    assert (Path(made.path) / "sub" / "file.txt").exists()
    assert shop.acquire("main").notes == ()


def test_without_git_lfs_its_files_stay_pointers_and_nothing_fails(
    shop: Workshop, tmp_path: Path
) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    work = shop.repository.bare.with_name("work")
    git("clone", "-q", str(shop.repository.bare), str(work), at="/")
    (work / "big.bin").write_text(pointer)
    (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    git("add", "-A", at=work)
    git("commit", "-qm", "Large", at=work)
    git("push", "-q", at=work)
    for name, value in (
        ("required", "true"),
        ("process", "git-lfs filter-process"),
        ("smudge", "git-lfs smudge -- %f"),
        ("clean", "git-lfs clean -- %f"),
    ):
        git("config", "--global", f"filter.lfs.{name}", value, at=tmp_path)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "sh"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    access = make_access({**os.environ, "PATH": str(programs)})
    made = acquire(shop.places, "dev", shop.remote, "main", access=access)
    assert made.notes == ("git-lfs is not installed: its files are pointers",)
    assert read(made.path, "big.bin") == pointer
    pushed = shop.repository.commit("main", "three\n")
    again = acquire(shop.places, "dev", shop.remote, "main", access=access)
    assert (again.head, again.notes) == (pushed, ())


def test_without_git_nothing_is_made(shop: Workshop, tmp_path: Path) -> None:
    made = shop.acquire("main")
    access = make_access({"PATH": str(tmp_path)})
    with pytest.raises(GitFailed, match="no program of that name"):
        acquire(shop.places, "dev", shop.remote, "feature/a", access=access)
    assert not shop.path("dev", "feature/a").exists()
    assert tell_status(made.path) == ""
    shop.check()


@pytest.mark.parametrize("told", ["1.8.3", "2.30.2"])
def test_with_an_old_git_no_cache_is_made(shop: Workshop, tmp_path: Path, told: str) -> None:
    stub = tmp_path / "programs" / "git"
    stub.parent.mkdir()
    stub.write_text(f"#!/bin/sh\necho git version {told}\n")
    stub.chmod(0o755)
    access = make_access({"PATH": f"{stub.parent}:{os.environ['PATH']}"})
    with pytest.raises(GitFailed, match="too old") as caught:
        acquire(shop.places, "dev", shop.remote, "main", access=access)
    assert "install git 2.31" in caught.value.hint
    assert not list(shop.bare.parent.glob("*.git"))
    assert shop.acquire("main").state == "created"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    if not mount(place, "size=2m"):
        pytest.skip("capability mount: this user may not mount a file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_full_during_a_checkout_leaves_all_else_intact(
    shop: Workshop, small_disk: Path
) -> None:
    places = Places(shop.places.cache, str(small_disk), shop.places.state)
    small = Workshop(places, shop.repository)
    other = small.acquire("main")
    shop.repository.commit("large", "x" * 300_000)
    failures = 0
    for free_pages in (0, 1, 2, 3, 5, 8, 20):
        filling = fill_disk(small_disk, free_pages)
        with pytest.raises(WfError, match=r"No space left|unable to write") as caught:
            small.acquire("large")
        assert "disk" in caught.value.hint
        failures += 1
        filling.unlink()
        assert tell_status(other.path) == ""
    assert failures == 7
    made = small.acquire("large")
    assert made.state == "created"
    assert tell_status(made.path) == ""
    assert read(made.path, "file.txt") == "x" * 300_000
    small.check()


def test_a_cache_on_another_disk_than_the_trash_can_be_made_anew(
    shop: Workshop, small_disk: Path
) -> None:
    places = Places(shop.places.cache, str(small_disk), shop.places.state)
    small = Workshop(places, shop.repository)
    small.acquire("main")
    (small.bare / "HEAD").unlink()
    assert "made anew" in small.acquire("main").notes[0]
    small.check()
