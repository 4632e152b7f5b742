"""Whether a branch moved is told without git, and whenever git did it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from wfsession.overview.refs import stamp_refs

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def git(place: Path, *words: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(
        ["git", *WHO, *words], cwd=place, env=environment, check=True, capture_output=True
    )


def commit(place: Path) -> None:
    git(place, "commit", "--allow-empty", "-m", "one more")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "shop"
    (place / "src").mkdir(parents=True)
    git(place, "init", "-b", "main")
    commit(place)
    return place


MOVES: dict[str, Callable[[Path], None]] = {
    "a commit": commit,
    "an amend": lambda place: git(place, "commit", "--amend", "--allow-empty", "-m", "another"),
    "a branch": lambda place: git(place, "branch", "fix/deep/one"),
    "a switch": lambda place: git(place, "switch", "-c", "other"),
    "packed refs": lambda place: git(place, "pack-refs", "--all"),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_each_move_of_a_branch_is_told_once(repository: Path, move: Callable[[Path], None]) -> None:
    before = stamp_refs(str(repository))
    assert stamp_refs(str(repository)) == before
    move(repository)
    after = stamp_refs(str(repository / "src"))
    assert after != before
    assert stamp_refs(str(repository)) == after


def test_a_commit_in_a_linked_worktree_is_told_there(repository: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repository, "worktree", "add", "-b", "deep/side", str(linked))
    before = stamp_refs(str(linked))
    commit(linked)
    assert stamp_refs(str(linked)) != before != ()


def test_what_is_no_repository_has_no_stamp(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    for place in (tmp_path, tmp_path / "gone" / "deeper"):
        assert stamp_refs(str(place)) == ()
    assert stamp_refs("") == ()
