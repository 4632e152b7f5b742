"""Which root: the nearest one upward, WF_ROOT, that of a linked worktree (protocol.md, 6)."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

import wfsession
from tests.trees_disk import make_root
from wfsession.core.locate import find_current, find_root
from wfsession.errors import (
    DiskFailed,
    RootNotFound,
    UnsafePath,
)


@pytest.fixture
def root(standing: Path) -> Path:
    return standing


def test_the_nearest_root_upward_wins(tmp_path: Path) -> None:
    outer = make_root(tmp_path)
    inner = make_root(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "c" / "d").mkdir(parents=True)

    assert find_root(str(tmp_path / "a" / "b" / "c" / "d")) == str(inner)
    assert find_root(str(tmp_path / "a" / "b")) == str(inner)
    assert find_root(str(tmp_path / "a")) == str(outer)
    assert find_root(str(inner)) == str(inner)
    assert find_root(str(inner / "WFS-x" / "not" / "there")) == str(inner)


def test_without_an_argument_the_search_starts_where_one_stands(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root.parent / "deep").mkdir()
    monkeypatch.chdir(root.parent / "deep")

    assert find_root() == str(root)
    assert wfsession.current() == "WFS-a"
    assert wfsession.open().root == str(root)


def test_a_way_through_a_symlink_leads_to_the_real_directory(root: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(root.parent)

    assert find_root(str(tmp_path / "way")) == str(root)
    assert find_root(str(tmp_path / "way" / ".workflow")) == str(root)


def test_without_a_root_there_is_none_and_current_is_none(tmp_path: Path) -> None:
    with pytest.raises(RootNotFound) as caught:
        find_root(str(tmp_path))

    assert caught.value.start == str(tmp_path)
    assert wfsession.current(tmp_path) is None
    assert find_current(tmp_path).source == "none"
    assert find_current(str(tmp_path)).root is None


def test_a_file_on_the_way_is_no_obstacle(root: Path) -> None:
    (root.parent / "file").touch()

    assert find_root(str(root.parent / "file" / "below")) == str(root)


def test_a_directory_that_cannot_be_looked_into_is_a_failure_of_the_disk(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "lstat", refuse)

    with pytest.raises(DiskFailed):
        find_root(str(root.parent))
    with pytest.raises(DiskFailed):
        find_root(None, str(root))


def test_a_current_directory_that_was_removed_is_a_failure_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    with pytest.raises(DiskFailed):
        find_root()


@pytest.mark.parametrize(
    "form",
    [
        "{root}",
        "{root}/",
        "{project}",
        "{project}/",
        "{project}/sub/..",
        ".workflow",
        ".",
        "./.workflow",
        "{way}",
        "{way}/.workflow",
    ],
)
def test_wf_root_is_the_root_or_what_holds_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    (root.parent / "sub").mkdir()
    (tmp_path / "way").symlink_to(root.parent)
    make_root(tmp_path / "elsewhere")
    value = form.format(root=root, project=root.parent, way=tmp_path / "way")
    monkeypatch.setenv("WF_ROOT", value)

    assert wfsession.open().root == str(root)
    # A path that is given comes before it.
    assert wfsession.open(tmp_path / "elsewhere").root == str(tmp_path / "elsewhere/.workflow")


@pytest.mark.parametrize("form", ["{project}/sub", "gone", "{root}/WFS-a", "/"])
def test_wf_root_that_is_no_root_is_an_error_and_never_a_search_upward(
    root: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    (root.parent / "sub").mkdir()
    monkeypatch.setenv("WF_ROOT", form.format(root=root, project=root.parent))

    with pytest.raises(RootNotFound, match="WF_ROOT"):
        wfsession.open()


def test_an_empty_wf_root_is_unset(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WF_ROOT", "")

    assert wfsession.open().root == str(root)


def test_wf_root_that_is_a_symlink_is_refused(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".workflow").symlink_to(root)
    monkeypatch.setenv("WF_ROOT", str(tmp_path / "other" / ".workflow"))

    with pytest.raises(UnsafePath):
        wfsession.open()


def git(where: Path, *words: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@y", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", *identity, *words], cwd=where, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "main"
    path.mkdir()
    git(path, "init")
    git(path, "commit", "--allow-empty", "-m", "x")
    return path


@pytest.mark.needs("git")
def test_a_linked_worktree_without_a_root_uses_the_main_worktrees(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", str(tmp_path / "linked"))
    (tmp_path / "linked" / "deep").mkdir()
    with pytest.raises(RootNotFound):
        find_root(str(tmp_path / "linked"))

    main = make_root(repository, "WFS-a", active="WFS-a")

    assert find_root(str(tmp_path / "linked")) == str(main)
    assert find_root(str(tmp_path / "linked" / "deep")) == str(main)
    assert wfsession.current(tmp_path / "linked") == "WFS-a"


@pytest.mark.needs("git")
def test_a_linked_worktree_with_a_root_uses_its_own(repository: Path, tmp_path: Path) -> None:
    make_root(repository)
    git(repository, "worktree", "add", str(tmp_path / "linked"))
    own = make_root(tmp_path / "linked")

    assert find_root(str(tmp_path / "linked")) == str(own)


@pytest.mark.needs("git")
def test_a_linked_worktree_with_a_relative_way_to_its_repository_is_followed(
    repository: Path, tmp_path: Path
) -> None:
    main = make_root(repository)
    git(repository, "worktree", "add", str(tmp_path / "linked"))
    (tmp_path / "linked" / ".git").write_text("gitdir: ../main/.git/worktrees/linked\n")

    assert find_root(str(tmp_path / "linked")) == str(main)


@pytest.mark.needs("git")
def test_a_submodule_is_no_linked_worktree(repository: Path, tmp_path: Path) -> None:
    """Its own repository lies in that of the outer project, which is found by going upward."""
    (tmp_path / "library").mkdir()
    git(tmp_path / "library", "init")
    git(tmp_path / "library", "commit", "--allow-empty", "-m", "x")
    make_root(tmp_path / "library")
    git(repository, "submodule", "add", str(tmp_path / "library"), "sub")
    with pytest.raises(RootNotFound):
        find_root(str(repository / "sub"))

    outer = make_root(repository)

    assert find_root(str(repository / "sub")) == str(outer)


@pytest.mark.needs("git")
def test_a_worktree_of_a_bare_repository_has_no_main_worktree(tmp_path: Path) -> None:
    git(tmp_path, "init", "--bare", "bare")
    git(tmp_path, "clone", "bare", "clone")
    git(tmp_path / "clone", "commit", "--allow-empty", "-m", "x")
    git(tmp_path / "clone", "push", "origin", "HEAD")
    git(tmp_path / "bare", "worktree", "add", str(tmp_path / "linked"))
    make_root(tmp_path / "bare")

    with pytest.raises(RootNotFound):
        find_root(str(tmp_path / "linked"))


@pytest.mark.parametrize(
    "text", ["", "gitdir:", "gitdir: ", "gitdir: gone", "something", "x" * 10_000, "\udcff"]
)
def test_an_odd_git_file_leads_nowhere(root: Path, text: str) -> None:
    place = root.parent / "sub"
    place.mkdir()
    (place / ".git").write_bytes(os.fsencode(text))

    assert find_root(str(place)) == str(root)
