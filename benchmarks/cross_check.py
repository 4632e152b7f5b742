"""Compare the index's sums with those of two programs that others wrote, and explain differences.

    python -m benchmarks.cross_check HOME [--tj TJ] [--ccusage CCUSAGE]

HOME is a folder like `~/.claude`. TJ is the program of tokenjam 0.7 (pip install tokenjam==0.7.*),
which must agree in all tokens and costs. CCUSAGE is ccusage 18 (npm install ccusage@18), which
takes the first line of a response and not the last, so its output tokens come out too low: what
it says is counted here in the same way. Prices that it has none for count as nothing there.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wfsession.index.ask import Sources, ask
from wfsession.index.threads import read_catalog
from wfsession.index.usage import sum_usage
from wfsession.threads.prices import read_prices

Sums = dict[str, dict[str, float]]
_NAMES = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_write": "cache_creation_input_tokens",
    "cache_read": "cache_read_input_tokens",
}
_COLUMNS = ("input", "output", "cache_write", "cache_read", "cost")


def read_ours(home: Path, cache: str) -> Sums:
    """Return the index's sums by model."""
    prices = read_prices()
    usage = ask(
        Sources(str(home), cache), lambda i: sum_usage(i, read_catalog(i), prices, "model")
    ).value
    return {
        row.key or "": {
            "input": row.sums.input_tokens,
            "output": row.sums.output_tokens,
            "cache_write": row.sums.cache_write_tokens,
            "cache_read": row.sums.cache_read_tokens,
            "cost": row.sums.cost_usd or 0,
        }
        for row in usage.rows
    }


def read_tokenjam(tj: str, home: Path, folder: str) -> Sums:
    """Return what tokenjam says."""
    environment = {**os.environ, "HOME": folder}
    _run([tj, "backfill", "claude-code", "--root", str(home)], environment)
    words = [tj, "--json", "cost", "--since", "3650d", "--group-by", "model"]
    sums: Sums = defaultdict(lambda: defaultdict(float))
    for row in json.loads(_run(words, environment))["rows"]:
        its = sums[row["model"]]
        its["input"] += row["input_tokens"]
        its["output"] += row["output_tokens"]
        its["cache_write"] += row["cache_write_tokens"]
        its["cache_read"] += row["cache_tokens"]
        its["cost"] += row["cost_usd"]
    return sums


def read_ccusage(ccusage: str, home: Path) -> Sums:
    """Return what ccusage says."""
    environment = {**os.environ, "CLAUDE_CONFIG_DIR": str(home)}
    sums: Sums = defaultdict(lambda: defaultdict(float))
    told = json.loads(_run([ccusage, "daily", "--json", "--offline"], environment))
    for day in told["daily"]:
        for row in day["modelBreakdowns"]:
            its = sums[row["modelName"]]
            its["input"] += row["inputTokens"]
            its["output"] += row["outputTokens"]
            its["cache_write"] += row["cacheCreationTokens"]
            its["cache_read"] += row["cacheReadTokens"]
            its["cost"] += row["cost"]
    return sums


def count_first_lines(home: Path) -> Sums:
    """Return the tokens by model if the first line of each response counted."""
    seen: set[str] = set()
    sums: Sums = defaultdict(lambda: defaultdict(float))
    lines = [line for path in sorted(home.glob("projects/**/*.jsonl")) for line in _read(path)]
    for line in sorted(lines, key=lambda one: str(one.get("timestamp", ""))):
        message = line.get("message")
        if not isinstance(message, dict):
            continue
        usage = message.get("usage")
        if usage and message.get("id") and message["id"] not in seen:
            seen.add(message["id"])
            for column, name in _NAMES.items():
                sums[message["model"]][column] += usage.get(name, 0)
    return sums


def _read(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def _run(words: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def compare(name: str, ours: Sums, theirs: Sums, first: Sums) -> bool:
    """Print what differs, with why; tell whether all is explained."""
    is_fine = True
    for model in sorted({*ours, *theirs}):
        for column in _COLUMNS:
            mine, its = ours.get(model, {}).get(column, 0), theirs.get(model, {}).get(column, 0)
            if abs(mine - its) <= 1e-6 * max(1, abs(mine)):
                continue
            why = "NOT EXPLAINED"
            if column in _NAMES and its == first.get(model, {}).get(column):
                why = "it counts the first line of each response"
            elif column == "cost" and first and its == 0:
                why = "it has no price for the model"
            elif column == "cost" and first:
                why = "its prices, and its output tokens, are others"
            is_fine &= why != "NOT EXPLAINED"
            print(f"{name}: {model} {column}: {its:,.6g} there, {mine:,.6g} here: {why}")
    print(f"{name}: {'all else agrees' if is_fine else 'there are differences'}")
    return is_fine


def main() -> None:
    """Compare and print; end with 1 where a difference has no explanation."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cross_check", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--tj", default="")
    parser.add_argument("--ccusage", default="")
    options = parser.parse_args()
    home = options.home.resolve()
    is_fine = True
    with tempfile.TemporaryDirectory() as folder:
        ours = read_ours(home, folder)
        if options.tj:
            is_fine &= compare("tokenjam", ours, read_tokenjam(options.tj, home, folder), {})
        if options.ccusage:
            theirs = read_ccusage(options.ccusage, home)
            is_fine &= compare("ccusage", ours, theirs, count_first_lines(home))
    sys.exit(not is_fine)


if __name__ == "__main__":
    main()
