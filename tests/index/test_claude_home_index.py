"""The sample of what Claude Code leaves comes out of the index as its EXPECT.json says."""

import json
import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import FIXTURES, copy_fixture
from tests.indexing import Home, T
from wfsession.index.ask import Question, Sources, ask
from wfsession.index.context import read_context
from wfsession.index.runs import find_run_agent, list_runs, read_run
from wfsession.index.search import search
from wfsession.index.subagents import list_subagents
from wfsession.index.threads import find_thread, read_catalog
from wfsession.index.unfinished import list_unfinished
from wfsession.index.usage import Usage, sum_usage
from wfsession.index.verify import Difference, read_status, verify_index
from wfsession.threads.prices import read_prices

EXPECT = json.loads((FIXTURES / "claude-home" / "EXPECT.json").read_text())
MAIN, OTHER = EXPECT["threads"]
RUN = "wf_7c3d21aa-0f9"
PRICES = read_prices()
WRITTEN = datetime(2026, 9, 14, 10, 10, 40, tzinfo=UTC)
NOW = WRITTEN + timedelta(hours=1)


class Sample(Home):
    def __init__(self, directory: Path) -> None:
        self.path = copy_fixture("claude-home", directory / "project") / ".claude"
        self.sources = Sources(str(self.path), str(directory / "cache"))
        for path in self.path.rglob("*.json*"):
            os.utime(path, (WRITTEN.timestamp(), WRITTEN.timestamp()))


@pytest.fixture
def home(tmp_path: Path) -> Sample:
    return Sample(tmp_path)


def ask_one(home: Home, question: Question[T]) -> T:
    answer = ask(home.sources, question)
    assert answer.refreshed.problems == ()
    assert answer.notes == ()
    return answer.value


def test_tokens_and_cost_are_those_of_each_model(home: Sample) -> None:
    usage = ask_one(home, lambda index: sum_usage(index, read_catalog(index), PRICES, "model"))
    assert [row.key for row in usage.rows] == sorted(EXPECT["models"])
    for row in usage.rows:
        expected, sums = EXPECT["models"][row.key], row.sums
        assert sums.responses == expected["responses"]
        assert sums.input_tokens == expected["input"]
        assert sums.output_tokens == expected["output"]
        assert sums.cache_write_tokens == expected["cache_write"]
        assert sums.cache_read_tokens == expected["cache_read"]
        assert sums.cost_usd == pytest.approx(expected["cost_usd"])
    total = EXPECT["total"]
    assert usage.total.responses == total["responses"]
    assert usage.total.tool_calls == total["tool_calls"]
    assert usage.total.errors == total["errors"]
    assert usage.total.retries == total["retries"]
    assert usage.total.cost_usd == pytest.approx(total["cost_usd"])
    assert usage.unpriced == ()


def test_a_thread_in_two_directories_counts_once(home: Sample) -> None:
    def add_up(index: sqlite3.Connection) -> Usage:
        return sum_usage(index, read_catalog(index), PRICES, "model")

    before = ask_one(home, add_up)
    folder = home.path / "projects" / "-home-sam-shop"
    shutil.copytree(folder, folder.with_name("-home-sam-copy"))
    assert ask_one(home, add_up) == before


@pytest.mark.parametrize("by", ["day", "session", "thread", "model", "agent", "project", "run"])
def test_the_rows_add_up_to_the_total_by_whatever(home: Sample, by: str) -> None:
    usage = ask_one(home, lambda index: sum_usage(index, read_catalog(index), PRICES, by))  # type: ignore[arg-type]  # one of them
    for name in ("responses", "tool_calls", "errors", "retries", "input_tokens", "cost_usd"):
        added = sum(getattr(row.sums, name) for row in usage.rows)
        assert added == pytest.approx(getattr(usage.total, name))


def test_the_threads_are_those_with_their_projects(home: Sample) -> None:
    threads = ask_one(home, lambda index: read_catalog(index).threads)
    assert sorted(threads) == EXPECT["threads"]
    assert threads[MAIN].project == "/home/sam/shop"
    assert threads[MAIN].branch == "feat/cart"
    assert threads[MAIN].find_tier(WRITTEN) == "active"
    assert threads[MAIN].find_tier(NOW) == "idle"
    found = ask_one(home, lambda index: find_thread(read_catalog(index), MAIN[:4]))
    assert found.name == MAIN


def test_the_asks_are_those(home: Sample) -> None:
    sql = "SELECT text FROM messages JOIN threads ON threads.id = thread WHERE role = 'user'"
    asks = ask_one(home, lambda index: index.execute(f"{sql} AND name = ?", (MAIN,)).fetchall())
    assert [words for (words,) in asks] == EXPECT["asks"]


def test_the_subagent_is_linked_to_its_call(home: Sample) -> None:
    found = ask_one(home, lambda index: list_subagents(index, read_catalog(index), PRICES, MAIN))
    assert [one.link.agent for one in found] == list(EXPECT["subagents"])
    for one in found:
        expected = EXPECT["subagents"][one.link.agent]
        assert one.link.parent == ""
        assert (one.type, one.link.call) == (expected["type"], expected["spawned_by"])
        assert one.sums.responses == expected["responses"]
        assert one.sums.tool_calls == expected["tool_calls"]
        assert one.sums.errors == expected["errors"]


@pytest.mark.parametrize(("now", "status"), [(WRITTEN, "running"), (NOW, "crashed")])
def test_the_run_runs_or_crashed_by_the_times_of_files(
    home: Sample, now: datetime, status: str
) -> None:
    (entry,) = ask_one(home, lambda index: list_runs(index, read_catalog(index), now))
    expected = EXPECT["runs"][RUN]
    run = entry.run
    assert (run.run, run.status, run.certain) == (RUN, status, expected["certain"])
    assert run.launch is not None
    assert (run.launch.call, run.launch.task) == (expected["launched_by"], expected["task_id"])
    assert {one.label: one.status for one in run.agents} == {
        "check invoices": "completed",
        "check refunds": status,
    }


def test_an_agent_of_the_run_is_found_with_its_transcript(home: Sample) -> None:
    report = ask_one(home, lambda index: read_run(index, read_catalog(index), PRICES, RUN, NOW))
    row = find_run_agent(report, "check inv")
    assert row.transcript.endswith(f"{RUN}/agent-e0e0e0e0e0e0e0e1.jsonl")
    assert (row.sums.responses, row.sums.input_tokens, row.sums.output_tokens) == (2, 312, 59)
    assert row.model == "claude-haiku-4-5-20251001"
    assert [span.branch for span in report.spans] == ["feat/cart"]


def test_what_is_unfinished_is_that_with_its_evidence(home: Sample) -> None:
    found = ask_one(home, lambda index: list_unfinished(index, read_catalog(index), NOW))
    told = {(one.kind, one.name, one.status): one.evidence for one in found}
    assert told["run", RUN, "crashed"].startswith("1 of 2 agents left a result")
    assert told["agent", "check refunds", "crashed"]
    assert told["thread", MAIN, "question"] == "It runs; shall I wait for it?"
    assert len(told) == len(found) == 3


def test_a_message_is_found_with_what_stands_around_it(home: Sample) -> None:
    (hit,) = ask_one(home, lambda index: search(index, read_catalog(index), "cart wrong"))
    assert (hit.thread, hit.role, hit.snippet) == (MAIN, "user", "Total of the cart is wrong")
    assert [hit.snippet[start:end] for start, end in hit.matches] == ["cart", "wrong"]


def test_where_the_context_went_is_told_by_tool_and_file(home: Sample) -> None:
    use = ask_one(home, lambda index: read_context(index, read_catalog(index), MAIN))
    assert sum(row.share for row in use.rows) == pytest.approx(1)
    assert use.rows[0].tool == "Workflow"
    assert ("Edit", "/home/sam/shop/cart.py") in {(row.tool, row.path) for row in use.rows}
    assert use.most_tokens == 12_160


def test_the_index_is_what_a_count_of_the_lines_says(home: Sample) -> None:
    reader = home.sources.reader
    assert ask_one(home, lambda index: verify_index(index, reader, str(home.path))) == ()
    status = ask_one(home, read_status)
    assert dict(status.rows)["responses"] == EXPECT["total"]["responses"]
    assert status.refreshed is not None
    assert status.size_bytes > 0


def test_a_row_that_is_wrong_is_found(home: Sample) -> None:
    def spoil_and_verify(index: sqlite3.Connection) -> tuple[Difference, ...]:
        index.execute("UPDATE responses SET output = output + 1 WHERE key = 'msg_a1'")
        return verify_index(index, home.sources.reader, str(home.path))

    (difference,) = ask_one(home, spoil_and_verify)
    assert difference.what == "output tokens"
    assert difference.indexed == difference.counted + 1
