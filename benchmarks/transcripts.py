"""Measure what it takes to read transcripts, beside `orjson.loads` over the same lines.

    python -m benchmarks.transcripts [--home FOLDER | --threads N] [--rounds N]

Without a home, a tree is made of so many threads (500 are about 58 MB). The figures are medians of
interleaved rounds, as ratios to the first row; the peak of memory is that of a process of its own.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson

from benchmarks.clock import Task, measure_memory_mb, time_all
from benchmarks.lab import REPOSITORY
from benchmarks.transcript_tree import make_tree
from wfsession.threads.approach import find_approach
from wfsession.threads.claude_code import READER
from wfsession.threads.history import read_history
from wfsession.threads.lines import open_lines, read_batches
from wfsession.threads.prices import read_prices
from wfsession.threads.reader import TRANSCRIPTS
from wfsession.threads.story_map import draw_map
from wfsession.threads.timeline import build_story

_BARE = "orjson.loads of each line"
_NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Readings:
    """What is measured, over the transcripts of one home."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.files = READER.list_files(home).files
        self.paths = [one.path for one in self.files if one.kind in TRANSCRIPTS]
        self.size_bytes = sum(os.path.getsize(path) for path in self.paths)

    def load_lines(self) -> None:
        """Do the least that any reader must."""
        for path in self.paths:
            with open(path, "rb") as file:
                for line in file:
                    orjson.loads(line)

    def list_files(self) -> None:
        """Find out which files there are."""
        READER.list_files(self.home)

    def read_objects(self) -> None:
        """Read the objects of all lines."""
        for path in self.paths:
            with open_lines(path) as stream:
                for _ in read_batches(stream):
                    pass

    def parse_rows(self) -> None:
        """Read the rows, as the index does."""
        for path in self.paths:
            with open_lines(path) as stream:
                for batch in read_batches(stream):
                    READER.parse_lines(batch.objects)

    def tell_stories(self) -> None:
        """Read each thread whole, and make its story, approach and map."""
        prices = read_prices()
        by_thread: dict[str, list[int]] = {}
        for number, file in enumerate(self.files):
            by_thread.setdefault(file.thread, []).append(number)
        for thread, numbers in by_thread.items():
            files = [self.files[number] for number in numbers]
            history = read_history(READER, thread, files, _NOW)
            story = build_story(
                history.main, history.children, prices.cost_of, run_agents=history.run_agents
            )
            find_approach(story)
            draw_map(story)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transcripts", description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--threads", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only-parse", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    with _open_home(options.home, options.threads) as home:
        readings = Readings(str(home))
        if options.only_parse:
            readings.parse_rows()
            return
        tasks = {
            _BARE: Task(readings.load_lines),
            "listing the files": Task(readings.list_files),
            "reading the objects": Task(readings.read_objects),
            "parsing the rows": Task(readings.parse_rows),
            "telling the stories": Task(readings.tell_stories),
        }
        times = time_all(tasks, options.rounds)
        print(f"{len(readings.paths):,} transcripts, {readings.size_bytes / 1e6:,.0f} MB")
        for name, taken in times.items():
            print(f"{name:28} {taken!s:>24} ms  {taken.median / times[_BARE].median:6.2f} x")
        words = (sys.executable, "-m", "benchmarks.transcripts", "--only-parse", "--home", home)
        peak = measure_memory_mb([*map(str, words)], REPOSITORY, os.environ)
        print(f"most memory of a process that parses the rows: {peak:.0f} MB")


@contextmanager
def _open_home(home: Path | None, threads: int) -> Iterator[Path]:
    if home is not None:
        yield home
        return
    with tempfile.TemporaryDirectory() as folder:
        make_tree(Path(folder) / "home", threads)
        yield Path(folder) / "home"


if __name__ == "__main__":
    main()
