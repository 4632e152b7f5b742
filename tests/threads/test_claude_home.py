"""The sample of what Claude Code leaves comes out as its EXPECT.json says, number by number."""

import json
import os
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FIXTURES
from wfsession.threads.approach import count_moves, find_approach
from wfsession.threads.asks import find_open_end
from wfsession.threads.claude_code import READER
from wfsession.threads.conversation import Totals, sum_up
from wfsession.threads.events import Response
from wfsession.threads.history import History, read_history
from wfsession.threads.prices import read_prices
from wfsession.threads.timeline import build_story

EXPECT = json.loads((FIXTURES / "claude-home" / "EXPECT.json").read_text())
MAIN, OTHER = EXPECT["threads"]
RUN = "wf_7c3d21aa-0f9"
PRICES = read_prices()
NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)


@pytest.fixture
def home(copy_tree: Callable[[str], Path]) -> Path:
    return copy_tree("claude-home") / ".claude"


def read(home: Path, now: datetime = NOW) -> dict[str, History]:
    files = READER.list_files(str(home))
    assert files.problems == ()
    names = dict.fromkeys(one.thread for one in files.files)
    return {name: read_history(READER, name, files.files, now) for name in names}


def total(history: History) -> Totals:
    everybody = [history.main, *(one.conversation for one in history.children.values())]
    return sum_up([*everybody, *history.run_agents], PRICES.cost_of)


def test_the_threads_are_those(home: Path) -> None:
    assert sorted(read(home)) == sorted(EXPECT["threads"])


def test_tokens_and_cost_are_those_of_each_model(home: Path) -> None:
    by_model: dict[str, list[Response]] = defaultdict(list)
    for history in read(home).values():
        children = [one.conversation for one in history.children.values()]
        for one in (history.main, *children, *history.run_agents):
            for response in one.responses.values():
                by_model[response.model].append(response)
    assert by_model.keys() == EXPECT["models"].keys()
    for model, expected in EXPECT["models"].items():
        rows = by_model[model]
        assert len(rows) == expected["responses"]
        assert sum(one.input_tokens for one in rows) == expected["input"]
        assert sum(one.output_tokens for one in rows) == expected["output"]
        assert sum(one.cache_write_tokens for one in rows) == expected["cache_write"]
        assert sum(one.cache_read_tokens for one in rows) == expected["cache_read"]
        cost = sum(PRICES.cost_of(one) or 0 for one in rows)
        assert cost == pytest.approx(expected["cost_usd"], abs=1e-9)


def test_the_sums_of_all_threads_are_those(home: Path) -> None:
    totals = [total(history) for history in read(home).values()]
    expected: dict[str, Any] = EXPECT["total"]
    for name in ("responses", "tool_calls", "errors", "retries"):
        assert sum(getattr(one, name) for one in totals) == expected[name], name
    cost = sum(one.cost_usd or 0 for one in totals)
    assert cost == pytest.approx(expected["cost_usd"], abs=1e-9)


def test_the_asks_are_those(home: Path) -> None:
    messages = read(home)[MAIN].main.messages.values()
    assert [one.text for one in messages if one.role == "user"] == EXPECT["asks"]


def test_the_subagent_is_linked_to_its_call(home: Path) -> None:
    children = read(home)[MAIN].children
    assert children.keys() == EXPECT["subagents"].keys()
    for agent, expected in EXPECT["subagents"].items():
        child = children[agent]
        own = sum_up([child.conversation], PRICES.cost_of)
        assert (child.link.parent or "main") == expected["parent"]
        assert (child.meta.type, child.link.call) == (expected["type"], expected["spawned_by"])
        assert (own.responses, own.tool_calls, own.errors) == (
            expected["responses"],
            expected["tool_calls"],
            expected["errors"],
        )


@pytest.mark.parametrize(("age_s", "status"), [(0, "running"), (301, "crashed")])
def test_the_run_runs_or_crashed_as_the_times_of_its_files_say(
    home: Path, age_s: int, status: str
) -> None:
    for path in home.rglob("*"):
        if path.is_file():
            moment = (NOW - timedelta(seconds=age_s)).timestamp()
            os.utime(path, (moment, moment))
    (run,) = read(home)[MAIN].runs
    expected = EXPECT["runs"][RUN]
    assert (run.run, run.status, run.certain) == (RUN, status, expected["certain"])
    assert status in expected["status"]
    assert run.launch is not None
    assert (run.launch.task, run.launch.call) == (expected["task_id"], expected["launched_by"])
    assert [one.title for one in run.phases] == ["Check"]
    agents = {one.label: one.status for one in run.agents}
    assert agents == {"check invoices": "completed", "check refunds": status}
    assert agents.keys() == expected["agents"].keys()


def test_the_approach_is_the_one(home: Path) -> None:
    history = read(home)[MAIN]
    story = build_story(
        history.main, history.children, PRICES.cost_of, run_agents=history.run_agents
    )
    expected = {key: count for key, count in EXPECT["approach_main"].items() if key != "why"}
    counts = count_moves(find_approach(story))
    assert {key: counts[key] for key in expected} == expected


def test_the_thread_ends_with_a_question_and_the_other_does_not(home: Path) -> None:
    ends = {}
    for name, history in read(home).items():
        word = history.main.find_last_word()
        ends[name] = find_open_end(word.text) if word and word.role == "assistant" else None
    assert ends == {MAIN: "question", OTHER: ""}


def test_a_torn_line_is_left_and_no_loss(home: Path) -> None:
    history = read(home)[MAIN]
    assert history.problems == ()
    assert [len(one.calls) for one in history.run_agents] == [1, 1]


def test_a_thread_in_two_folders_counts_once(home: Path) -> None:
    before = total(read(home)[MAIN])
    shop = home / "projects" / "-home-sam-shop"
    (home / "projects" / "-tmp-copy").mkdir()
    copied = home / "projects" / "-tmp-copy" / f"{MAIN}.jsonl"
    copied.write_bytes((shop / f"{MAIN}.jsonl").read_bytes())
    assert total(read(home)[MAIN]) == before


def test_a_file_that_cannot_be_read_stops_nothing_and_is_told(home: Path) -> None:
    shop = home / "projects" / "-home-sam-shop"
    files = READER.list_files(str(home)).files
    (shop / MAIN / "subagents" / "agent-d4e5f60718293a4b.jsonl").unlink()
    history = read_history(READER, MAIN, files, NOW)
    assert [one.path.endswith("d4e5f60718293a4b.jsonl") for one in history.problems] == [True]
    assert len(history.main.responses) == 9


def test_a_thread_whose_transcript_is_gone_still_has_its_agents_and_its_runs(home: Path) -> None:
    (home / "projects" / "-home-sam-shop" / f"{MAIN}.jsonl").unlink()
    history = read(home)[MAIN]
    story = build_story(
        history.main, history.children, PRICES.cost_of, run_agents=history.run_agents
    )
    assert (story.steps, [one.agent for one in story.strays]) == ((), ["d4e5f60718293a4b"])
    assert story.totals.responses == 6
    (run,) = history.runs
    assert (run.launch, len(run.agents)) == (None, 2)


def test_the_directory_of_a_project_stands_in_the_lines_and_not_in_its_folder(home: Path) -> None:
    files = READER.list_files(str(home)).files
    places = {name: one.main.facts.stretches for name, one in read(home).items()}
    assert {name: [(one.cwd, one.branch) for one in told] for name, told in places.items()} == {
        MAIN: [("/home/sam/shop", "feat/cart")],
        OTHER: [("/home/sam/notes", "feat/cart")],
    }
    assert {one.folder for one in files} == {"-home-sam-shop", "-home-sam-notes"}
