"""Runs of workflows as `wf runs` tells of them."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.wf import ACTIVE, PAUSED, run_in_terminal, strip_colour, wf
from tests.talks import BRANCH, EXPECT, MAIN, OTHER, RUN, commit_meanwhile

pytestmark = pytest.mark.usefixtures("talks")
EXPECTED = EXPECT["runs"][RUN]
ROW = set("run_id thread session name status certain started ended agents phases summary".split())
SUMS = set(
    "responses tool_calls errors input_tokens output_tokens cache_read_tokens cache_write_tokens"
    " cost_usd".split()
)


def list_ids(*words: str) -> list[str]:
    return [row["run_id"] for row in wf("runs", *words, "--json").data["runs"]]


def show(*words: str) -> Any:
    return wf("runs", "show", *words, "--json").data


def test_a_row_has_the_keys_of_the_contract_and_the_numbers_of_the_sample() -> None:
    (row,) = wf("runs", "--json").data["runs"]
    assert row.keys() >= ROW
    assert (row["run_id"], row["thread"], row["session"]) == (RUN, MAIN, None)
    assert (row["status"], row["certain"]) == ("crashed", EXPECTED["certain"])
    assert (row["agents"], row["phases"]) == (len(EXPECTED["agents"]), ["Check"])
    assert row["started"].endswith("Z")


def test_one_run_is_shown_with_its_agents_and_their_transcripts() -> None:
    data = show(RUN)
    assert data["run"] == wf("runs", "--json").data["runs"][0]
    assert data["result"] is None
    agents = {agent["label"]: agent for agent in data["agents"]}
    assert {label: agent["status"] for label, agent in agents.items()} == {
        "check invoices": "completed",
        "check refunds": "crashed",
    }
    for agent in agents.values():
        assert agent.keys() >= SUMS | {"agent_id", "phase", "model", "transcript"}
        assert Path(agent["transcript"]).is_file()
    assert sum(agent["responses"] for agent in agents.values()) == 3


def test_the_beginning_of_an_id_is_enough_for_a_run_and_of_a_label_for_its_agent() -> None:
    assert show(RUN[:5])["run"]["run_id"] == RUN
    data = wf("runs", "agent", RUN[:5], "check inv", "--json").data
    assert (data["run_id"], data["agent"]["label"]) == (RUN, "check invoices")
    assert data["result"] == "invoices are right"


def test_an_agent_is_shown_with_what_it_did() -> None:
    data = wf("runs", "agent", RUN, "check invoices", "--json").data
    story = data["story"]
    assert {name: story["totals"][name] for name in SUMS} == {
        name: data["agent"][name] for name in SUMS
    }
    assert [tool["name"] for step in story["steps"] for tool in step.get("tools", [])] == ["Read"]
    told = wf("runs", "agent", RUN, "check invoices").out
    assert data["agent"]["transcript"] in told
    assert "invoice.py" in told


def test_runs_are_narrowed_by_what_their_thread_was_bound_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert list_ids("--session", PAUSED) == []
    monkeypatch.setenv("WF_THREAD", f"claude-code--{MAIN}")
    assert wf("bind", PAUSED).code == 0
    assert list_ids("--session", "oauth") == [RUN]
    assert list_ids("--session", PAUSED, "--all-projects") == [RUN]
    assert list_ids("--session", ACTIVE) == []
    assert show(RUN)["run"]["session"] == PAUSED


def test_a_project_that_was_asked_about_is_known_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("WF_THREAD", f"claude-code--{MAIN}")
        wf("bind", PAUSED)
    wf("runs")
    monkeypatch.chdir(tmp_path)
    (row,) = wf("runs", "--all-projects", "--json").data["runs"]
    assert row["session"] == PAUSED


def test_runs_are_narrowed_by_thread_branch_and_worktree(project: Path) -> None:
    assert list_ids("--thread", MAIN[:4]) == [RUN]
    assert list_ids("--thread", OTHER, "--all-projects") == []
    assert list_ids("--branch", BRANCH) == [RUN]
    assert list_ids("--branch", "main") == []
    assert list_ids("--branch", "main", "--branch", BRANCH) == [RUN]
    assert list_ids("--worktree", ".") == [RUN]
    assert list_ids("--worktree", str(project / "below")) == []


@pytest.mark.needs("git")
def test_a_run_is_found_by_a_commit_that_was_made_while_its_thread_was_there(
    project: Path,
) -> None:
    before, during = commit_meanwhile(project)
    for name in (during, during[:8], during[:8].upper(), "HEAD", BRANCH):
        assert list_ids("--commit", name) == [RUN]
    assert list_ids("--commit", before) == list_ids("--commit", "HEAD~1") == []
    assert list_ids("--commit", "HEAD~1", "--commit", "HEAD") == [RUN]
    assert [one["subject"] for one in show(RUN)["commits"]] == ["Count each discount once"]
    assert "Count each discount once" in wf("runs", "show", RUN).out


@pytest.mark.needs("git")
def test_what_git_knows_no_commit_by_is_a_sentence_and_a_hash_from_elsewhere_none(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_meanwhile(project)
    for name in ("HEAD~5", "nowhere", "--all", "HEAD..HEAD"):
        error = wf("runs", f"--commit={name}", "--json").error
        assert repr(name) in error["message"]
        assert str(project) in error["message"]
    assert list_ids("--commit", "0123abcd") == []
    # What is asked about is the project, where one is not in it.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WF_ROOT", str(project))
    assert list_ids("--commit", "HEAD") == [RUN]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "wf_nope"), "not-in-index"),
        (("show", ""), "not-in-index"),
        (("agent", RUN, "nobody"), "not-in-index"),
        (("agent", RUN, "check"), "ambiguous-name"),
        (("--thread", "zz"), "thread-not-found"),
        (("--session", "nobody"), "session-not-found"),
        (("--commit", "abc"), "invalid-value"),
        (("--commit", "HEAD"), "invalid-value"),
    ],
)
def test_what_is_not_there_is_a_sentence_with_a_hint(words: tuple[str, ...], code: str) -> None:
    error = wf("runs", *words, "--json").error
    assert error["code"] == code
    assert error["hint"]


def test_runs_of_another_project_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert wf("init").code == 0
    assert list_ids() == []
    assert list_ids("--all-projects") == [RUN]
    assert show(RUN)["run"]["run_id"] == RUN


def test_a_pipe_gets_a_line_for_each_run_with_as_many_tabs() -> None:
    (line,) = wf("runs").out.splitlines()
    assert line.split("\t")[:3] == [RUN, "crashed?", "1/2"]
    assert line.count("\t") == 6


@pytest.mark.parametrize("columns", [80, 40])
def test_a_run_fits_on_a_terminal(columns: int) -> None:
    for words in (("runs",), ("runs", "show", RUN), ("runs", "agent", RUN, "check inv")):
        done = run_in_terminal(*words, columns=columns)
        assert done.code == 0
        assert max(map(len, strip_colour(done.out).splitlines())) <= columns
