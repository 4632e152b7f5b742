"""Measure the index against its budgets, on a made tree of transcripts.

    python -m benchmarks.index [--threads N] [--rounds N] [--tj TJ] [--ccusage CCUSAGE]

1,000 threads are about 200 MB. The two programs, which are others' and tell costs from the same
files, are measured beside it in the same run where their paths are given; see `cross_check.py`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from benchmarks.budgets import Row, measure_row
from benchmarks.clock import Task, Times, measure_memory_mb, time_all
from benchmarks.transcript_tree import make_tree
from wfsession.index.ask import Sources, ask
from wfsession.index.search import search
from wfsession.index.threads import read_catalog
from wfsession.threads.claude_code import READER
from wfsession.threads.reader import TRANSCRIPTS

WORD = "idempotent"
_INGEST = "import sys; from wfsession.index.ask import *; ask(Sources(*sys.argv[1:]), lambda i: i)"


class Bench:
    """A tree of transcripts, and where its index goes."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder = folder
        self.home = folder / "home" / ".claude"
        self.made = make_tree(self.home, threads)
        self.sources = Sources(str(self.home), str(folder / "cache"))
        files = READER.list_files(str(self.home)).files
        self.paths = [file.path for file in files if file.kind in TRANSCRIPTS]
        self._plant_word()

    def _plant_word(self) -> None:
        """Put a word into one message in each of ten threads, as people search for what is rare."""
        message = {"role": "user", "content": f"Is the refund {WORD} now?"}
        for number, path in enumerate(self.paths[:: max(1, len(self.paths) // 10)]):
            line = {"type": "user", "uuid": f"w{number}", "message": message}
            with open(path, "ab") as file:
                file.write(orjson.dumps(line) + b"\n")

    def parse_all(self) -> None:
        """Parse all lines, and do nothing with them: what budgets are measured against."""
        for lines in self._read():
            for line in lines:
                orjson.loads(line)

    def _read(self) -> Iterator[list[bytes]]:
        for path in self.paths:
            with open(path, "rb") as file:
                yield file.read().splitlines()

    def forget(self) -> None:
        """Delete the index."""
        shutil.rmtree(self.sources.cache, ignore_errors=True)

    def refresh(self) -> None:
        """Bring the index up to date."""
        ask(self.sources, lambda _: None)

    def search(self) -> None:
        """Look for the word, in an index that is up to date."""
        found = ask(
            self.sources, lambda index: search(index, read_catalog(index), WORD), refresh=False
        ).value
        assert len(found) >= 10, found

    def grep(self) -> None:
        """Look for the word in the files."""
        words = ["grep", "-rl", WORD, str(self.home)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def measure(bench: Bench, rounds: int) -> list[Row]:
    """Measure the budgets."""
    cold = Task(bench.refresh, before=bench.forget)
    parsing = "`orjson.loads` of the lines"
    ingest = measure_row("cold ingest", parsing, 4, cold, Task(bench.parse_all), rounds)
    bench.refresh()
    # What was written within the last two seconds is looked at again, and is no quiet tree.
    time.sleep(2)
    bench.refresh()
    quiet = time_all({"it": Task(bench.refresh)}, rounds * 5)["it"]
    looking, grep = Task(bench.search), Task(bench.grep)
    return [
        ingest,
        Row("refresh, nothing new", "cold ingest", 0.02, quiet, ingest.times),
        measure_row("search", "`grep -r`", 1 / 20, looking, grep, rounds * 5),
    ]


def measure_others(bench: Bench, tj: str, ccusage: str) -> dict[str, Times]:
    """Return how long others take to read the same tree, one after the other."""
    environment = {**os.environ, "HOME": str(bench.folder / "tj")}
    config = {**os.environ, "CLAUDE_CONFIG_DIR": str(bench.home)}
    tasks = {}
    if tj:
        words = [tj, "backfill", "claude-code", "--root", str(bench.home)]
        tasks["`tj backfill`"] = Task(
            lambda: _run(words, environment),
            before=lambda: shutil.rmtree(bench.folder / "tj", ignore_errors=True),
        )
    if ccusage:
        others = [ccusage, "daily", "--json", "--offline"]
        tasks["`ccusage daily`"] = Task(lambda: _run(others, config))
    return time_all(tasks, 2) if tasks else {}


def _run(words: list[str], environment: dict[str, str]) -> None:
    os.makedirs(environment["HOME"], exist_ok=True)
    subprocess.run(words, env=environment, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index", description=__doc__)
    parser.add_argument("--threads", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tj", default="", help="the program tj of tokenjam 0.7")
    parser.add_argument("--ccusage", default="", help="the program ccusage, version 18")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.threads)
        made = bench.made
        print(f"{made.files:,} files, {made.lines:,} lines, {made.size_bytes / 1e6:,.0f} MB")
        for row in measure(bench, options.rounds):
            print(
                f"{row.what}: {row.times} ms, {row.ratio:.3f} times {row.against},"
                f" at most {row.limit:g}"
            )
        bench.forget()
        words = (sys.executable, "-c", _INGEST, bench.sources.home, bench.sources.cache)
        memory = measure_memory_mb(words, Path.cwd(), {**os.environ, "PYTHONPATH": os.getcwd()})
        print(f"cold ingest, most memory of one process: {memory:.0f} MB, at most 200")
        for name, times in measure_others(bench, options.tj, options.ccusage).items():
            print(f"{name}: {times} ms")


if __name__ == "__main__":
    main()
