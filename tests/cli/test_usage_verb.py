"""What was used and what it cost, as `wf usage` tells it."""

import json
import os
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.cli.wf import PAUSED, run_in_terminal, strip_colour, wf
from tests.talks import EXPECT, MAIN, OTHER, SUMS, transcript_of
from tests.transcripts import answer, call, encode, result, user
from wfsession.index.usage import By
from wfsession.threads.prices import DEFAULT_TABLE

_CAVEAT = "a subscriber pays otherwise"


def use(*words: str) -> Any:
    return wf("usage", *words, "--json").data


def test_the_numbers_of_the_sample_come_out_by_model(talks: Path) -> None:
    data = use("--by", "model", "--all-projects")
    assert {row["key"]: row["cost_usd"] for row in data["rows"]} == {
        model: pytest.approx(told["cost_usd"], abs=1e-9) for model, told in EXPECT["models"].items()
    }
    for row in data["rows"]:
        told = EXPECT["models"][row["key"]]
        assert (row["responses"], row["input_tokens"], row["output_tokens"]) == (
            told["responses"],
            told["input"],
            told["output"],
        )
        assert row["cache_read_tokens"] == told["cache_read"]
        assert row["cache_write_tokens"] == told["cache_write"]
    total = data["total"]
    assert data.keys() >= {"by", "rows", "total"}
    for sums in (*data["rows"], total):
        assert sums.keys() - {"key"} == SUMS
        assert all(type(sums[name]) is int for name in SUMS - {"cost_usd"})
    assert "key" not in total
    for name in ("responses", "tool_calls", "errors"):
        assert total[name] == EXPECT["total"][name]
    assert total["cost_usd"] == pytest.approx(EXPECT["total"]["cost_usd"], abs=1e-9)


@pytest.mark.parametrize("by", get_args(By))
def test_whatever_is_summed_by_the_total_is_the_same(talks: Path, by: str) -> None:
    data = use("--by", by, "--all-projects")
    assert (data["by"], data["total"]) == (by, use("--all-projects")["total"])
    for name, value in data["total"].items():
        assert sum(row[name] for row in data["rows"]) == pytest.approx(value)


def test_one_project_is_meant_unless_all_are(talks: Path) -> None:
    threads = [row["key"] for row in use("--by", "thread")["rows"]]
    assert threads == [MAIN]
    assert [row["key"] for row in use("--by", "thread", "--all-projects")["rows"]] == [MAIN, OTHER]


def test_a_thread_counts_for_the_session_that_it_is_bound_to(
    talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [row["key"] for row in use("--by", "session")["rows"]] == [None]
    monkeypatch.setenv("WF_THREAD", f"claude-code--{MAIN}")
    wf("bind", PAUSED)
    assert [row["key"] for row in use("--by", "session")["rows"]] == [PAUSED]


def test_where_there_is_no_project_all_can_be_asked_for(
    talks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = wf("usage")
    assert done.code == 1
    assert "--all-projects" in done.err.splitlines()[1]
    assert use("--all-projects")["total"]["responses"] == EXPECT["total"]["responses"]


def test_a_price_that_is_not_known_is_null_and_said_with_its_model(talks: Path) -> None:
    path = transcript_of(talks, MAIN)
    with path.open("ab") as file:
        file.write(encode([answer("r-x", model="made-up-1", usage={"output": 7})]))
    data = use()
    costs = {row["key"]: row["cost_usd"] for row in data["rows"]}
    assert costs.pop("made-up-1") is None
    assert None not in costs.values()
    assert (data["total"]["cost_usd"], data["unpriced"]) == (None, ["made-up-1"])
    done = wf("usage")
    assert "made-up-1" in done.err
    assert {line.split("\t")[0]: line.split("\t")[-1] for line in done.out.splitlines()}[
        "made-up-1"
    ] == "?"


def configure(name: str, text: str) -> Path:
    folder = Path(os.environ["HOME"], ".config", "wfsession")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def test_prices_of_the_user_take_the_place_of_ours(talks: Path) -> None:
    table = '[[price]]\nmodels = ["claude-sonnet-5", "claude-haiku-4-5"]\ninput = 0\noutput = 1\n'
    configure("prices.toml", f'source = "an offer"\nas_of = 2026-09-02\n{table}')
    data = use("--all-projects")
    assert data["total"]["cost_usd"] == pytest.approx(data["total"]["output_tokens"] / 1e6)
    assert (data["prices"]["source"], data["prices"]["as_of"]) == ("an offer", "2026-09-02")


@pytest.mark.parametrize(
    ("name", "text"),
    [("prices.toml", "price = 3"), ("prices.toml", "["), ("config.toml", "[index]\nprojects = 3")],
)
def test_settings_that_cannot_be_used_are_a_sentence_that_names_them(
    talks: Path, name: str, text: str
) -> None:
    path = configure(name, text)
    done = wf("usage")
    assert (done.code, done.out) == (1, "")
    assert str(path) in done.err
    assert "hint: " in done.err


def test_a_project_may_be_said_to_be_one_in_the_settings(talks: Path, project: Path) -> None:
    configure("config.toml", f'[index]\nprojects = ["{project.parent}"]')
    rows = use("--by", "project", "--all-projects")["rows"]
    assert str(project.parent) in [row["key"] for row in rows]


def test_what_a_thread_read_fills_its_context(talks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = use("--context", MAIN[:6])
    assert (data["thread"], data["responses"]) == (MAIN, 9)
    assert sum(row["share"] for row in data["rows"]) == pytest.approx(1)
    assert {"tool", "path", "calls", "characters"} <= data["rows"][0].keys()
    assert use("--context") == data
    assert use("--context", "--all-projects")["thread"] == OTHER
    monkeypatch.setenv("WF_THREAD", f"claude-code--{MAIN}")
    assert use("--context", "--all-projects") == data


def test_a_subagent_that_had_more_than_it_needed_is_a_hint(talks: Path) -> None:
    assert use("--right-size") == {"subagents": []}
    folder = transcript_of(talks, MAIN).with_suffix("") / "subagents"
    large = answer("r-big", model="claude-opus-5", usage={"input": 90_000, "output": 100})
    (folder / "agent-00112233445566aa.jsonl").write_bytes(encode([user("look"), large]))
    (found,) = use("--right-size")["subagents"]
    assert (found["agent_id"], found["model"]) == ("00112233445566aa", "claude-opus-5")
    assert found["hints"] == ["over_powered", "over_provisioned"]


def test_a_pipe_gets_a_line_for_each_key_and_the_total_last(talks: Path) -> None:
    done = wf("usage", "--all-projects")
    *rows, total = [line.split("\t") for line in done.out.splitlines()]
    assert [row[0] for row in rows] == sorted(EXPECT["models"])
    assert total[0] == "total"
    assert {len(row) for row in (*rows, total)} == {10}
    assert done.err == ""


@pytest.mark.parametrize("columns", [80, 40])
def test_a_terminal_is_told_once_what_the_dollars_are(talks: Path, columns: int) -> None:
    done = run_in_terminal("usage", columns=columns)
    lines = strip_colour(done.out).splitlines()
    assert " ".join(lines).count(_CAVEAT) == 1
    assert "COST" in lines[0]
    assert max(map(len, lines)) <= columns
    assert use()["prices"]["note"].endswith(_CAVEAT)


def test_errors_count_for_the_agent_that_made_them(talks: Path) -> None:
    lines = [
        answer("r-1", call("toolu_z1", "Bash", command="false"), usage={"output": 1}),
        result("toolu_z1", error=True),
    ]
    with transcript_of(talks, OTHER).open("ab") as file:
        file.write(encode(lines))
    rows = {row["key"]: row for row in use("--by", "thread", "--all-projects")["rows"]}
    assert (rows[OTHER]["tool_calls"], rows[OTHER]["errors"]) == (1, 1)


def test_the_table_of_prices_that_comes_along_can_be_copied(talks: Path) -> None:
    before = use()
    configure("prices.toml", Path(DEFAULT_TABLE).read_text())
    assert json.dumps(use()) == json.dumps(before)
