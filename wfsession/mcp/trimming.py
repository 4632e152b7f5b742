"""Answers that fit into an agent's context: what is left out of them is said. Pure.

Imports nothing of ours.
"""

import json
from typing import Any

# A few thousand tokens.
BUDGET = 16_000
_LONGEST = 1_500
Data = dict[str, Any]


def fit(data: Data, key: str, skip: int = 0) -> str:
    """Return an answer as JSON of at most about BUDGET characters.

    Args:
        data: the answer; what is long in it, and is not under `key`, is cut as texts are.
        key: under which it has rows.
        skip: how many rows of these the agent has seen.

    Returns:
        JSON, with `cut` where rows or texts were left out: a sentence that says how many, and how
        to ask for more.
    """
    rows = [shorten(row) for row in data[key]]
    head = {name: _limit(value) for name, value in data.items() if name != key}
    used = len(_encode(head))
    kept: list[Any] = []
    for row in rows[skip:]:
        used += len(_encode(row)) + 2
        if kept and used > BUDGET:
            break
        kept.append(row)
    answer = {**head, key: kept}
    end = skip + len(kept)
    if end < len(rows) or skip:
        answer["cut"] = f"{key} {skip + 1} to {end} of {len(rows)}"
        if end < len(rows):
            answer["cut"] += f"; for more call again with skip={end}"
        if not kept:
            answer["cut"] = f"there are only {len(rows)} {key}, and skip={skip} leaves none"
    return _encode(answer)


def _encode(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def shorten(value: Any) -> Any:
    """Return a value in which no text is long."""
    if isinstance(value, str):
        if len(value) <= _LONGEST:
            return value
        return f"{value[:_LONGEST]}… (cut: {len(value):,} characters in all)"
    if isinstance(value, dict):
        return {name: shorten(inner) for name, inner in value.items()}
    return [shorten(inner) for inner in value] if isinstance(value, list) else value


def _limit(value: Any) -> Any:
    """Return a value that is short as JSON, or the beginning of that as a text."""
    short = shorten(value)
    text = _encode(short)
    return short if len(text) <= 2 * _LONGEST else shorten(text)
