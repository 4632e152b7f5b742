"""List prices by model and date; what is not in the table has no price."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from wfsession.errors import InvalidValue
from wfsession.threads.events import Response
from wfsession.threads.prices import DEFAULT_TABLE, read_prices, strip_model

PRICES = read_prices()
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC)


def price(model: str, at: datetime | None = LONG_AGO) -> tuple[float, float] | None:
    found = PRICES.find_price(model, at)
    return (found.input, found.output) if found else None


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-fable-5", (10, 50)),
        ("claude-mythos-5", (10, 50)),
        ("claude-opus-5", (5, 25)),
        ("claude-opus-4-8", (5, 25)),
        ("claude-opus-4-7", (5, 25)),
        ("claude-sonnet-5", (2, 10)),
        ("claude-sonnet-4-6", (3, 15)),
        ("claude-sonnet-4-5-20250929", (3, 15)),
        ("claude-sonnet-4-20250514", (3, 15)),
        ("claude-haiku-4-5-20251001[1m]", (1, 5)),
        ("claude-3-5-haiku-20241022", (0.8, 4)),
        ("claude-haiku-3-5", (0.8, 4)),
        ("claude-opus-5[1m]", (5, 25)),
        ("opus-5", (5, 25)),
        ("claude-opus-4", None),
        ("claude-opus-50", None),
        ("gpt-9", None),
        ("<synthetic>", None),
        ("", None),
    ],
)
def test_a_model_has_the_price_of_the_table_or_none(
    model: str, expected: tuple[float, float] | None
) -> None:
    assert price(model) == expected


def test_a_price_changes_on_its_day() -> None:
    assert price("claude-sonnet-5", datetime(2026, 8, 31, 23, 59, 59, tzinfo=UTC)) == (2, 10)
    assert price("claude-sonnet-5", SEPTEMBER) == (3, 15)
    assert price("claude-sonnet-5", None) == (3, 15)


def test_only_what_stands_at_the_end_is_stripped() -> None:
    assert strip_model(" claude-opus-5-20260101[1m] ") == "opus-5"
    assert strip_model("claude-20260101-opus") == "20260101-opus"


def make_response(model: str = "claude-opus-5", is_batch: bool = False) -> Response:
    return Response("m", SEPTEMBER, model, 1000, 200, 4000, 400, 300, is_batch)


def test_each_kind_of_token_has_its_factor_and_a_batch_costs_half() -> None:
    by_hand = (1000 * 5 + 200 * 25 + 4000 * 0.5 + 400 * 6.25 + 300 * 10) / 1e6
    assert PRICES.cost_of(make_response()) == pytest.approx(by_hand)
    assert PRICES.cost_of(make_response(is_batch=True)) == pytest.approx(by_hand / 2)
    assert PRICES.cost_of(make_response("gpt-9")) is None


def test_premium_are_the_most_expensive_kinds() -> None:
    models = ["claude-fable-5", "claude-mythos-5", "claude-opus-4-8", "claude-sonnet-5", "gpt-9"]
    assert [PRICES.is_premium(model) for model in models] == [True, True, True, False, False]


def test_the_table_says_where_it_comes_from() -> None:
    assert PRICES.source
    assert PRICES.as_of.isoformat() == "2026-09-01"


def test_a_user_may_put_another_table_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    table = (
        '[[price]]\nmodels = ["gpt-9"]\nfrom = 2026-01-01\ninput = 1\noutput = 2.5\n'
        '[[price]]\nmodels = ["gpt-9"]\ninput = 2\noutput = 5\n'
    )
    path.write_text(table)
    prices = read_prices(str(path))
    old, new = prices.find_price("gpt-9", LONG_AGO), prices.find_price("gpt-9", SEPTEMBER)
    assert old is not None
    assert new is not None
    assert (old.input, new.output) == (2, 2.5)
    assert prices.find_price("claude-opus-5", None) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "price = 5",
        "[[price]\n",
        "[[price]]\nmodels = []\ninput = 1\noutput = 1",
        '[[price]]\nmodels = "opus-5"\ninput = 1\noutput = 1',
        "[[price]]\nmodels = [5]\ninput = 1\noutput = 1",
        '[[price]]\nmodels = ["a"]\ninput = "1"\noutput = 1',
        '[[price]]\nmodels = ["a"]\ninput = -1\noutput = 1',
        '[[price]]\nmodels = ["a"]\ninput = nan\noutput = 1',
        '[[price]]\nmodels = ["a"]\ninput = true\noutput = 1',
        '[[price]]\nmodels = ["a"]\ninput = 1',
        '[[price]]\nmodels = ["a"]\ninput = 1\noutput = 1\nfrom = "2026"',
        '[[price]]\nmodels = ["a"]\ninput = 1\noutput = 1\nfrom = 2026-01-01T00:00:00Z',
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(InvalidValue, match=r"prices\.toml") as caught:
        read_prices(str(path))
    assert DEFAULT_TABLE in caught.value.hint


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"gone\.toml: No such file"):
        read_prices(str(tmp_path / "gone.toml"))
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    with pytest.raises(InvalidValue, match=r"latin\.toml"):
        read_prices(str(tmp_path / "latin.toml"))
