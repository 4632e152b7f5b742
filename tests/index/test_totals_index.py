"""The index's sums are those of a reader that shares no code with it, on larger trees."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.transcript_tree import make_tree
from tests.naive import read_totals
from tests.transcripts import add_retries
from wfsession.index.ask import Sources, ask
from wfsession.index.threads import Scope, read_catalog
from wfsession.index.usage import sum_usage
from wfsession.threads.prices import read_prices

PRICES = read_prices()
NAMES = {
    "responses": "responses",
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_creation_input": "cache_write_tokens",
    "cache_read_input": "cache_read_tokens",
    "cost": "cost_usd",
}


@pytest.mark.parametrize("seed", [3, 4])
def test_sums_are_those_of_a_reader_of_another_make(tmp_path: Path, seed: int) -> None:
    make_tree(tmp_path / "home", threads=15, seed=seed)
    add_retries(tmp_path / "home")
    naive = read_totals(tmp_path / "home")
    models: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    threads: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for (thread, model), its in naive.items():
        for name, value in its.items():
            models[model][name] += value
            threads[thread][name] += value
    sources = Sources(str(tmp_path / "home"), str(tmp_path / "cache"))
    by_model, by_thread = (
        ask(
            sources,
            lambda index, by=by: sum_usage(index, read_catalog(index), PRICES, by),  # type: ignore[misc]  # bound at once
        ).value
        for by in ("model", "thread")
    )
    for usage, expected in ((by_model, models), (by_thread, threads)):
        assert {row.key for row in usage.rows} == expected.keys() - {""}
        for row in usage.rows:
            assert row.key is not None
            for name, ours in NAMES.items():
                assert getattr(row.sums, ours) == pytest.approx(expected[row.key][name])
    for usage in (by_model, by_thread):
        by_hand = sum(Decimal(str(row.sums.cost_usd)) for row in usage.rows)
        assert by_hand == Decimal(str(usage.total.cost_usd))
    for name in ("tool_calls", "errors", "retries"):
        assert getattr(by_model.total, name) == models[""][name] > 5
        assert sum(getattr(row.sums, name) for row in by_model.rows) == models[""][name]
    one = next(iter(threads))
    scoped = ask(
        sources,
        lambda index: sum_usage(index, read_catalog(index), PRICES, "day", Scope(thread=one)),
    ).value
    assert scoped.total.cost_usd == pytest.approx(threads[one]["cost"])
