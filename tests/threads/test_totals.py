"""Totals are those of a reader that shares no code with ours, on trees as large as people's."""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.transcript_tree import make_tree
from tests.naive import read_totals
from tests.transcripts import add_retries, answer, call, converse, result
from wfsession.threads.claude_code import READER
from wfsession.threads.conversation import sum_up
from wfsession.threads.events import Response
from wfsession.threads.history import History, read_history
from wfsession.threads.prices import read_prices

PRICES = read_prices()
NOW = datetime(2026, 9, 14, tzinfo=UTC)


def list_conversations(history: History) -> list:
    return [
        history.main,
        *(one.conversation for one in history.children.values()),
        *history.run_agents,
    ]


def add(sums: dict, thread: str, response: Response) -> None:
    row = sums[thread, response.model]
    row["responses"] += 1
    row["input"] += response.input_tokens
    row["output"] += response.output_tokens
    row["cache_creation_input"] += response.cache_write_tokens
    row["cache_read_input"] += response.cache_read_tokens
    row["cost"] += PRICES.cost_of(response)


@pytest.mark.parametrize("seed", [1, 2])
def test_sums_are_those_of_a_reader_of_another_make(tmp_path: Path, seed: int) -> None:
    make_tree(tmp_path / "home", threads=40, seed=seed)
    add_retries(tmp_path / "home")
    files = READER.list_files(str(tmp_path / "home")).files
    sums: dict = defaultdict(lambda: defaultdict(float))
    for thread in dict.fromkeys(one.thread for one in files):
        history = read_history(READER, thread, files, NOW)
        everybody = list_conversations(history)
        totals = sum_up(everybody, PRICES.cost_of)
        for name in ("tool_calls", "errors", "retries"):
            sums[thread, ""][name] += getattr(totals, name)
        responses = {key: one for talk in everybody for key, one in talk.responses.items()}
        assert totals.responses == len(responses)
        for one in responses.values():
            add(sums, thread, one)
    naive = read_totals(tmp_path / "home")
    assert sum(row.get("retries", 0) for row in naive.values()) > 20
    assert sums.keys() == naive.keys()
    for key, row in naive.items():
        assert sums[key] == pytest.approx(dict(row)), key


def test_an_unknown_price_is_said_and_never_zero() -> None:
    known = converse(answer("m1", usage={"output": 5}))
    other = converse(answer("m2", usage={"output": 5}, model="gpt-9"))
    assert sum_up([known], PRICES.cost_of).cost_usd == pytest.approx(5 * 10 / 1e6, rel=0.6)
    assert sum_up([known, other], PRICES.cost_of).cost_usd is None
    assert sum_up([], PRICES.cost_of).cost_usd == 0


def test_what_two_files_of_a_thread_share_counts_once() -> None:
    parts = [answer("m1", call("t1", "Read"), usage={"output": 5}), result("t1", error=True)]
    fork = converse(*parts, answer("m2", usage={"output": 1}))
    totals = sum_up([converse(*parts), fork], PRICES.cost_of)
    assert (totals.responses, totals.tool_calls, totals.errors) == (2, 1, 1)
    assert totals.output_tokens == 6


def test_a_retry_that_two_files_of_a_thread_share_counts_once() -> None:
    steps = [answer(f"m{one}", call(f"t{one}", "Bash", command="make")) for one in "12"]
    talk = converse(steps[0], result("t1", error=True), steps[1])
    assert sum_up([talk, talk], PRICES.cost_of).retries == 1
