"""Runs by thread, branch, worktree and commit; from whichever of their files are there."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tests.indexing import Home, ask_for, say
from wfsession.errors import AmbiguousName, InvalidValue, NotInIndex, ThreadNotFound
from wfsession.index import git_spans
from wfsession.index.ask import ask
from wfsession.index.git_spans import read_commits
from wfsession.index.runs import RunFilter, find_run_agent, list_runs, read_run
from wfsession.index.threads import Scope, read_catalog
from wfsession.threads.prices import read_prices

PRICES = read_prices()
NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)
AGENT = "a1a1a1a1a1a1a1a1"
EVERYTHING = RunFilter()


def put_run(home: Home, thread: str, run: str, **snapshot: object) -> None:
    folder = f"{thread}/subagents/workflows/{run}"
    told = {"agentId": AGENT, "key": "1", "label": "check"}
    home.put(f"{folder}/journal.jsonl", [{"type": "started", **told}])
    home.put(f"{folder}/agent-{AGENT}.jsonl", [say("m9", output=5)])
    if snapshot:
        home.put(f"{thread}/workflows/{run}.json", [snapshot])


def names(home: Home, wanted: RunFilter = EVERYTHING) -> list[str]:
    entries = home.ask(lambda index: list_runs(index, read_catalog(index), NOW, wanted)).value
    return sorted(entry.run.run for entry in entries)


@pytest.fixture
def home(home: Home) -> Home:
    for thread, branch in (("one", "feat/one"), ("two", "feat/two")):
        place: dict[str, Any] = {"cwd": f"/home/sam/{thread}", "gitBranch": branch}
        home.put(f"{thread}.jsonl", [ask_for("go", 1, **place), say("m1", second=99, **place)])
        put_run(home, thread, f"wf_{thread}-a")
    return home


def test_a_run_has_the_branch_and_worktree_of_its_thread(home: Home) -> None:
    assert names(home) == ["wf_one-a", "wf_two-a"]
    assert names(home, RunFilter(branches=("feat/one",))) == ["wf_one-a"]
    assert names(home, RunFilter(worktrees=("/home/sam/two",))) == ["wf_two-a"]
    assert names(home, RunFilter(worktrees=("/home/sam/tw",))) == []


def test_what_is_said_of_git_is_joined_by_or_and_the_rest_by_and(home: Home) -> None:
    either = RunFilter(branches=("feat/one",), worktrees=("/home/sam/two",))
    assert names(home, either) == ["wf_one-a", "wf_two-a"]
    assert names(home, evolve(either, scope=Scope(thread="one"))) == ["wf_one-a"]
    assert names(home, RunFilter(Scope(project="/home/sam/two"))) == ["wf_two-a"]
    assert names(home, RunFilter(Scope(since=NOW))) == []


def test_what_does_not_exist_is_said(home: Home) -> None:
    with pytest.raises(ThreadNotFound):
        names(home, RunFilter(Scope(thread="zzz")))
    with pytest.raises(InvalidValue, match="too short"):
        names(home, RunFilter(commits=("a",)))
    for wanted, error in (("wf_zzz", NotInIndex), ("", NotInIndex), ("wf_", AmbiguousName)):
        with pytest.raises(error):
            home.ask(lambda i, w=wanted: read_run(i, read_catalog(i), PRICES, w, NOW))  # type: ignore[misc]  # bound at once


def test_a_snapshot_alone_and_a_transcript_alone_are_runs(home: Home) -> None:
    home.put("one/workflows/wf_alone-a.json", [{"status": "failed", "error": "no key"}])
    home.put(f"two/subagents/workflows/wf_bare-a/agent-{AGENT}.jsonl", [say("m7")])
    home.put("two/workflows/scripts/audit-wf_script-a.js", b"")
    assert names(home) == ["wf_alone-a", "wf_bare-a", "wf_one-a", "wf_two-a"]


def test_a_run_that_was_killed_and_resumed_is_told_by_its_newer_files(home: Home) -> None:
    put_run(home, "one", "wf_one-a", status="killed")
    ask = home.ask
    report = ask(lambda i: read_run(i, read_catalog(i), PRICES, "wf_one", NOW)).value
    assert report.entry.run.status == "killed"
    later = 1_780_000_000
    path = home.file(f"one/subagents/workflows/wf_one-a/agent-{AGENT}.jsonl")
    path.write_bytes(path.read_bytes() + b"\n")
    os.utime(path, (later, later))
    now = datetime.fromtimestamp(later, UTC) + timedelta(minutes=1)
    report = ask(lambda i: read_run(i, read_catalog(i), PRICES, "wf_one", now)).value
    assert (report.entry.run.status, report.entry.run.certain) == ("running", False)


def test_an_agent_is_found_by_its_label_with_its_sums(home: Home) -> None:
    report = home.ask(lambda i: read_run(i, read_catalog(i), PRICES, "wf_one-a", NOW)).value
    row = find_run_agent(report, "check")
    assert (row.agent.agent, row.sums.output_tokens) == (AGENT, 5)
    with pytest.raises(NotInIndex, match="zzz"):
        find_run_agent(report, "zzz")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "shop"
    path.mkdir()
    git(path, "init", "-q", "-b", "feat/one")
    for second in (0, 50, 3_000):
        commit(path, second)
    git(path, "checkout", "-q", "-b", "feat/other", "HEAD~1")
    commit(path, 60)
    return path


def git(path: Path, *words: str, **environment: str) -> str:
    settings = ("-c", "user.name=Sam", "-c", "user.email=sam@example.org")
    done = subprocess.run(
        ["git", *settings, *words],
        cwd=path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(path: Path, second: int, subject: str = "") -> None:
    at = f"2026-09-14T00:{second // 60:02}:{second % 60:02}Z"
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    git(path, "commit", "-q", "--allow-empty", "-m", subject or f"at {second}", **dates)


@pytest.mark.needs("git")
def test_a_commit_belongs_to_who_was_on_its_branch_when_it_was_made(
    home: Home, repository: Path
) -> None:
    place: dict[str, Any] = {"cwd": str(repository), "gitBranch": "feat/one"}
    home.put("one.jsonl", [ask_for("go", 1, **place), say("m1", second=99, **place)])
    home.sources = evolve(home.sources, git={**os.environ, "GIT_DIR": "/nowhere"})
    made = home.ask(read_commits).value
    assert {thread: [one.subject for one in its] for thread, its in made.items()} == {
        "one": ["at 50"]
    }
    (found,) = made["one"]
    assert names(home, RunFilter(commits=(found.hash[:7],))) == ["wf_one-a"]
    for other in (git(repository, "rev-parse", "feat/other"), git(repository, "rev-parse", "HEAD")):
        assert names(home, RunFilter(commits=(other,))) == []
    home.append("one.jsonl", [say("m2", second=3_100, **place)])
    assert [one.subject for one in home.ask(read_commits).value["one"]] == ["at 50", "at 3000"]
    repository.rename(repository.with_name("gone"))
    assert home.ask(read_commits).value == {}


def put_at_work(home: Home, repository: Path) -> None:
    """Let a thread be at work on a branch of a repository, of which git is asked."""
    place: dict[str, Any] = {"cwd": str(repository), "gitBranch": "feat/one"}
    home.put("one.jsonl", [ask_for("go", 1, **place), say("m1", second=99, **place)])
    home.sources = evolve(home.sources, git=os.environ)


@pytest.mark.needs("git")
@pytest.mark.parametrize("sign", ["\f", "\u2028", "\x85", "\x1e"])
def test_a_subject_may_have_what_looks_like_the_end_of_a_line(
    home: Home, repository: Path, sign: str
) -> None:
    git(repository, "checkout", "-q", "feat/one")
    commit(repository, 60, f"Mend{sign}it")
    put_at_work(home, repository)
    subjects = [one.subject for one in home.ask(read_commits).value["one"]]
    assert subjects == ["at 50", f"Mend{sign}it"]


@pytest.mark.needs("git")
def test_what_git_could_not_tell_is_asked_again(home: Home, repository: Path) -> None:
    parent = git(repository, "rev-parse", "feat/one~1")
    lost = repository / ".git" / "objects" / parent[:2] / parent[2:]
    lost.rename(tmp := repository / "lost")
    put_at_work(home, repository)
    assert home.ask(read_commits).value == {}
    tmp.rename(lost)
    assert [one.subject for one in home.ask(read_commits).value["one"]] == ["at 50"]


@pytest.mark.needs("git")
def test_a_git_that_hangs_does_not_hang_the_question(
    home: Home, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_at_work(home, repository)
    stub = tmp_path / "programs" / "git"
    stub.parent.mkdir()
    stub.write_text("#!/bin/sh\nexec sleep 600\n")
    stub.chmod(0o755)
    path = f"{stub.parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setattr(git_spans, "LIMIT_S", 0.2)
    slow = evolve(home.sources, git={**os.environ, "PATH": path})
    assert ask(slow, read_commits).value == {}
    assert len(home.ask(read_commits).value["one"]) == 1
