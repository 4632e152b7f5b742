"""What responses cost by a table of list prices. A price that is not known is None, and never zero.

Imports errors and the values of this room. Reads the table, and nothing else.
"""

import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from attrs import frozen

from wfsession.errors import InvalidValue
from wfsession.threads.events import Response

# What a response cost in US dollars, or None where its price is not known.
PriceOf = Callable[[Response], float | None]

DEFAULT_TABLE = os.path.join(os.path.dirname(__file__), "prices.toml")
_CACHE_READ, _WRITE_5M, _WRITE_1H, _BATCH = 0.1, 1.25, 2.0, 0.5
# Prices are whole cents for a million tokens; a twentieth of that is the least that one costs.
_COST_DIGITS = 10
_DATE = re.compile(r"-\d{8}\Z")
_HINT = f"begin with a copy of {DEFAULT_TABLE}"


def round_cost(cost_usd: float) -> float:
    """Return a cost without what binary fractions add to it, so that costs add up by hand."""
    return round(cost_usd, _COST_DIGITS)


@frozen
class Price:
    """US dollars per million tokens, and from when on (None: from the start)."""

    input: float
    output: float
    since: datetime | None = None
    is_premium: bool = False

    def cost_of(self, response: Response) -> float:
        """Return what a response costs, in US dollars."""
        weighted = (
            response.input_tokens
            + _CACHE_READ * response.cache_read_tokens
            + _WRITE_5M * response.cache_write_5m_tokens
            + _WRITE_1H * response.cache_write_1h_tokens
        )
        whole = (self.input * weighted + self.output * response.output_tokens) / 1e6
        return round_cost(whole * _BATCH if response.is_batch else whole)


@frozen
class Prices:
    """A table: the prices of each model, the oldest first; where they come from, and of when."""

    source: str
    as_of: date
    by_model: Mapping[str, tuple[Price, ...]]

    def find_price(self, model: str, at: datetime | None) -> Price | None:
        """Return the price of a model at a time, the newest where none is known; else None."""
        prices = self.by_model.get(strip_model(model), ())
        valid = [one for one in prices if not (at and one.since) or one.since <= at]
        return valid[-1] if valid else None

    def cost_of(self, response: Response) -> float | None:
        """Return what a response costs, in US dollars, or None where its model has no price."""
        price = self.find_price(response.model, response.at)
        return price.cost_of(response) if price else None

    def is_premium(self, model: str) -> bool:
        """Tell whether a model is of the most expensive kind."""
        price = self.find_price(model, None)
        return price is not None and price.is_premium


def strip_model(model: str) -> str:
    """Return the name of a model as tables have it: without `claude-`, `[1m]` and a date."""
    return _DATE.sub("", model.strip().removesuffix("[1m]")).removeprefix("claude-")


def read_prices(path: str = DEFAULT_TABLE) -> Prices:
    """Read a table of prices.

    Raises:
        InvalidValue: it cannot be read or is no such table; says where.
    """
    try:
        with open(path, "rb") as file:
            data = tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidValue("prices", path, f"{path}: {reason}", _HINT) from None
    by_model: dict[str, list[Price]] = {}
    entries = data.get("price")
    if not isinstance(entries, list) or not entries:
        raise InvalidValue("prices", path, f"{path} has no [[price]]", _HINT)
    for number, entry in enumerate(entries, 1):
        models = entry.get("models") if isinstance(entry, dict) else None
        price = _parse_price(entry) if isinstance(models, list) else None
        if price is None or not models or not all(isinstance(one, str) for one in models):
            reason = f"{path}: [[price]] number {number} lacks models, or a usable input or output"
            raise InvalidValue("prices", path, reason, _HINT)
        for model in models:
            by_model.setdefault(strip_model(model), []).append(price)
    as_of = data.get("as_of")
    return Prices(
        source=str(data.get("source", path)),
        as_of=as_of if isinstance(as_of, date) else date.min,
        by_model={
            model: tuple(sorted(prices, key=lambda one: one.since or _BEGINNING))
            for model, prices in by_model.items()
        },
    )


_BEGINNING = datetime.min.replace(tzinfo=UTC)


def _parse_price(entry: dict[str, Any]) -> Price | None:
    since = entry.get("from")
    input_usd, output_usd = (_parse_dollars(entry.get(key)) for key in ("input", "output"))
    if input_usd is None or output_usd is None:
        return None
    if since is not None and type(since) is not date:
        return None
    moment = datetime(since.year, since.month, since.day, tzinfo=UTC) if since else None
    return Price(input_usd, output_usd, moment, entry.get("premium") is True)


def _parse_dollars(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None
