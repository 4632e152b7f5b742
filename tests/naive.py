"""A reader of Claude Code's folder that shares no line with the product, and is as plain as can be.

It holds everything in memory and stops at nothing; only for well-formed trees.
"""

import json
from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

# US dollars per million tokens.
_PRICES = {"opus-4-8": (5, 25), "sonnet-5": (2, 10), "haiku-4-5": (1, 5)}


def read_totals(home: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Return the sums by thread and model, and under the model "" those of no model."""
    responses: dict[tuple[str, str], dict[str, Any]] = {}
    calls: dict[tuple[str, str], Any] = {}
    failed: dict[tuple[str, str], bool] = {}
    # Of each conversation the calls of each response, in the order of their lines.
    steps: dict[tuple[str, str], dict[str, dict[str, Any]]] = defaultdict(dict)
    for path in sorted(home.glob("projects/**/*.jsonl")):
        if path.name == "journal.jsonl":
            continue
        thread = path.relative_to(home).parts[2].removesuffix(".jsonl")
        for row in path.read_text().splitlines():
            try:
                line = json.loads(row)
            except ValueError:
                continue
            message = line.get("message", {})
            usage = message.get("usage", {})
            if any(isinstance(count, int) and count > 0 for count in usage.values()):
                responses[thread, message["id"]] = message | {"at": line["timestamp"]}
            content = message.get("content")
            for block in content if isinstance(content, list) else []:
                if block["type"] == "tool_use":
                    calls[thread, block["id"]] = block
                    its = steps[thread, path.name].setdefault(message["id"], {})
                    its[block["id"]] = (block["name"], _label(block["input"]))
                if block["type"] == "tool_result":
                    failed[thread, block["tool_use_id"]] = block.get("is_error") is True
    sums: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for (thread, _), message in responses.items():
        row_sums, usage = sums[thread, message["model"]], message["usage"]
        row_sums["responses"] += 1
        for name in ("input", "output", "cache_creation_input", "cache_read_input"):
            row_sums[name] += usage[f"{name}_tokens"]
        row_sums["cost"] += _price(message, usage)
    for thread, _ in calls:
        sums[thread, ""]["tool_calls"] += 1
    for (thread, _), is_error in failed.items():
        sums[thread, ""]["errors"] += is_error
    for (thread, _), its_steps in steps.items():
        told = list(its_steps.values())
        for before, now in pairwise(told):
            has_failed = any(failed.get((thread, key)) for key in before)
            is_same = sorted(before.values()) == sorted(now.values())
            sums[thread, ""]["retries"] += has_failed and is_same
    return sums


def _label(given: dict[str, Any]) -> str:
    """Return what a call is about, as people are shown it: on a line of 120 characters."""
    names = ("command", "file_path", "pattern", "description")
    line = " ".join(next(given[name] for name in names if name in given)[:480].split())
    return line if len(line) <= 120 else line[:119].rstrip() + "…"


def _price(message: dict[str, Any], usage: dict[str, Any]) -> float:
    name = message["model"].removeprefix("claude-").removesuffix("-20251001")
    put, got = _PRICES[name]
    if name == "sonnet-5" and date.fromisoformat(message["at"][:10]) >= date(2026, 9, 1):
        put, got = 3, 15
    hour = usage["cache_creation"]["ephemeral_1h_input_tokens"]
    written = usage["cache_creation_input_tokens"]
    weighted = usage["input_tokens"] + 0.1 * usage["cache_read_input_tokens"]
    weighted += 1.25 * (written - hour) + 2 * hour
    return (weighted * put + usage["output_tokens"] * got) / 1e6
