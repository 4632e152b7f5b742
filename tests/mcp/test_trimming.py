"""Answers are cut to a budget, and nothing gets lost that is asked for page by page."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.mcp.trimming import BUDGET, fit

texts = st.text(max_size=40) | st.integers(0, 4_000).map(lambda size: "é\n" * size)
rows = st.lists(st.dictionaries(st.sampled_from("abc"), texts, max_size=3), max_size=60)


def read(data: dict[str, Any], skip: int = 0) -> dict[str, Any]:
    text = fit(data, "rows", skip)
    # A row alone may be as long as its cut texts are.
    assert len(text) <= 2 * BUDGET
    found: dict[str, Any] = json.loads(text)
    return found


@given(rows)
def test_page_by_page_each_row_comes_once(rows: list[dict[str, str]]) -> None:
    keys, skip = [], 0
    numbered = [{**row, "n": number} for number, row in enumerate(rows)]
    while skip < len(rows):
        page = read({"rows": numbered}, skip)
        keys += [row["n"] for row in page["rows"]]
        told = re.search(r"; for more call again with skip=(\d+)$", page.get("cut", ""))
        assert (told is not None) is (len(keys) < len(rows))
        skip = int(told[1]) if told else len(rows)
    assert keys == [*range(len(rows))]


def test_what_fits_is_as_it_was_and_says_nothing_of_cutting() -> None:
    data = {"rows": [{"a": 1}, {"b": ["x"]}], "total": {"c": None}}
    assert read(data) == data


def test_many_rows_stay_in_the_budget() -> None:
    page = fit({"rows": [{"text": "x" * 500}] * 1_000}, "rows")
    assert BUDGET * 0.9 < len(page) <= BUDGET * 1.05
    assert json.loads(page)["cut"].startswith("rows 1 to ")


@pytest.mark.parametrize("value", ["x" * 100_000, ["x" * 1_000] * 1_000, {"deep": ["x" * 9_000]}])
def test_what_is_long_beside_the_rows_is_cut_and_says_so(value: Any) -> None:
    page = read({"result": value, "rows": []})
    assert "characters in all)" in json.dumps(page["result"])
    assert len(json.dumps(page)) < BUDGET


def test_skipping_past_the_end_is_said() -> None:
    assert read({"rows": [1, 2]}, 5) == {
        "rows": [],
        "cut": "there are only 2 rows, and skip=5 leaves none",
    }
