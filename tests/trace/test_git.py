"""How git is called: led by nothing around it, and what it says is told without secrets."""

import os
from pathlib import Path

import pytest

from tests.cli.wf import wf
from tests.trace.repository import Repository
from wfsession.errors import GitFailed
from wfsession.git import Git, make_access, make_failure

pytestmark = pytest.mark.needs("git")


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NOTES_REF"])
def test_variables_of_git_lead_it_nowhere(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # As they stand in the environment of git's own hooks.
    head = repository.head()
    monkeypatch.setenv(name, "/nowhere")
    assert Git(make_access(os.environ)).ask("rev-parse", "HEAD") == head
    assert wf("trace", "commit", "--json").data["revision"] == head


def test_our_own_calls_run_no_hooks(repository: Repository, tmp_path: Path) -> None:
    hook = repository.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    assert wf("trace", "commit", "--json").data["changed"]
    assert not (tmp_path / "ran").exists()
    repository.git("update-ref", "refs/heads/x", "HEAD")
    assert (tmp_path / "ran").exists()


def test_a_command_that_finds_nothing_is_none_and_one_that_fails_is_an_error(
    repository: Repository, git_there: Git
) -> None:
    assert git_there.find("rev-parse", "--verify", "--quiet", "none") is None
    assert git_there.find("rev-parse", "--verify", "HEAD") == repository.head()
    with pytest.raises(GitFailed, match="git rev-parse --verify none: "):
        git_there.ask("rev-parse", "--verify", "none")


def test_without_git_the_error_says_what_to_do(tmp_path: Path) -> None:
    nowhere = Git(make_access({"PATH": str(tmp_path)}))
    with pytest.raises(GitFailed, match="there is no program of that name in PATH") as caught:
        nowhere.ask("--version")
    assert "install git" in caught.value.hint


def test_what_git_says_is_told_without_secrets() -> None:
    said = b"hint: x\nfatal: unable to access 'https://ada:secret@host/x/': no\n"
    error = make_failure(("fetch", "https://ada:secret@host/x"), said, 128)
    assert str(error) == "git fetch https://host/x: unable to access 'https://host/x/': no"
    assert "secret" not in error.output
    assert "network" in error.hint
