"""Measure the pages of `wf serve` against static files of their size, with ten open streams.

    python -m benchmarks.dashboard [--threads N] [--rounds N] [--touches N]

The server runs from a copy of the package, beside whose own static files others can lie. The tree
is about 70 MB for 2,000 threads.
"""

import argparse
import contextlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from benchmarks.budgets import Row, measure_row
from benchmarks.clock import Task, Times, time_all
from benchmarks.lab import REPOSITORY
from benchmarks.page import tell_budgets
from benchmarks.transcript_tree import Made, make_tree
from wfsession import init
from wfsession.threads.claude_code import READER

STREAMS, SESSIONS, BOUND = 10, 20, 100
LIMIT = 10.0
_PATIENCE_S = 60.0
_PROJECT = "shop"
_RUN = re.compile(r'href="(/run/[^"]+)"')
_KEY = re.compile(r'id="p-([0-9a-f]{12})"')


class Bench:
    """A project with sessions whose threads are among many, and a server that shows it."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder = folder
        self.home = folder / "home" / ".claude"
        self.made: Made = make_tree(self.home, threads, base=str(folder), scale=0.05)
        files = READER.list_files(str(self.home)).files
        mine = [one for one in files if one.kind == "thread" and f"-{_PROJECT}/" in one.path]
        mine.sort(key=lambda one: os.path.getsize(one.path))
        self.largest = mine[-1].thread
        self.root = self._make_project([one.thread for one in mine[-BOUND:]])
        shutil.copytree(REPOSITORY / "wfsession", folder / "wfsession")
        self.static = folder / "wfsession" / "web" / "static"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wfsession", "serve"],
            cwd=folder / _PROJECT,
            env={**os.environ, "HOME": str(folder / "home"), "PYTHONPATH": str(folder)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        parts = urlsplit(self.process.stdout.readline())
        assert parts.port is not None
        self.port = parts.port
        self.cookie = f"wf-{parts.port}={parts.query.strip().removeprefix('token=')}"
        self.connection = self.connect()

    def _make_project(self, threads: list[str]) -> Path:
        project = self.folder / _PROJECT
        project.mkdir()
        workspace = init(project)
        names = [workspace.create(f"Task {number}").name for number in range(SESSIONS)]
        root = project / ".workflow"
        (root / ".threads").mkdir(exist_ok=True)
        for number, thread in enumerate(threads):
            bound = root / ".threads" / f"claude-code--{thread}"
            bound.write_text(f"{names[number % SESSIONS]}\n")
        return root

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to the server."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_S)

    def read(self, path: str) -> bytes:
        """Ask for a page, over a connection that stays open."""
        self.connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = self.connection.getresponse()
        data = answer.read()
        assert answer.status == 200, (path, answer.status)
        return data

    def list_pages(self) -> Iterator[tuple[str, str]]:
        """Yield each page's name and address."""
        key = _KEY.search(self.read("/").decode())
        run = _RUN.search(self.read("/runs").decode())
        assert key is not None
        yield "Now", "/"
        yield "a session", f"/session/{key[1]}/WFS-task-1"
        for view in ("timeline", "approach", "map"):
            yield f"a thread, {view}", f"/thread/{self.largest}?view={view}"
        yield "Runs", "/runs"
        if run:
            yield "a run", run[1]
        yield "Usage by day", "/usage?by=day"
        yield "Usage by thread", "/usage?by=thread"
        yield "Search", "/search?q=refund"
        yield "Workdirs", "/workdirs"
        yield "Repair", f"/repair/{key[1]}"

    def change(self) -> None:
        """Do what has every page made anew."""
        os.utime(self.root)

    def close(self) -> None:
        """End the server as somebody at the keyboard does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(_PATIENCE_S)


@attrs.define
class Stream:
    """An open page, and the numbers of the changes that it was told of."""

    told: list[int] = attrs.Factory(list)
    heard: threading.Event = attrs.Factory(threading.Event)

    def listen(self, bench: Bench, is_over: threading.Event) -> None:
        """Read until the server ends."""
        connection = bench.connect()
        connection.request("GET", "/live", headers={"Cookie": bench.cookie})
        answer = connection.getresponse()
        with contextlib.suppress(OSError, http.client.HTTPException):
            while not is_over.is_set():
                line = answer.readline()
                if not line:
                    return
                if line.startswith(b"data: "):
                    self.told.append(int(line[6:]))
                    self.heard.set()


def touch(bench: Bench, streams: list[Stream], touches: int) -> tuple[int, list[float]]:
    """Touch a marker again and again; return how many streams were not told, and the delays."""
    lost, delays = 0, []
    for number in range(touches):
        for one in streams:
            one.heard.clear()
        began = time.perf_counter()
        (bench.root / f"WFS-task-{number % SESSIONS}" / f"note-{number}.md").touch()
        lost += sum(not one.heard.wait(_PATIENCE_S / 6) for one in streams)
        delays.append((time.perf_counter() - began) * 1e3)
    return lost, delays


def measure_pages(bench: Bench, rounds: int) -> Iterator[Row]:
    """Measure each page against a static file of its size."""
    for name, path in bench.list_pages():
        size = len(bench.read(path))
        (bench.static / f"{size}.txt").write_bytes(b"x" * size)
        page = Task(partial(bench.read, path))
        static = Task(partial(bench.read, f"/static/{size}.txt"))
        what = f"{name}, {size / 1000:.0f} kB"
        yield measure_row(what, "a static file", LIMIT, page, static, rounds)


def measure_anew(bench: Bench, rounds: int) -> dict[str, Times]:
    """Measure each page right after a change, when it is made and no longer given again."""
    pages = {
        name: Task(partial(bench.read, path), bench.change) for name, path in bench.list_pages()
    }
    return time_all(pages, rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=__doc__)
    parser.add_argument("--threads", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--touches", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfsession-dashboard-") as folder:
        bench = Bench(Path(folder).resolve(), options.threads)
        made, is_over = bench.made, threading.Event()
        print(f"{made.files:,} files, {made.lines:,} lines, {made.size_bytes / 1e6:,.0f} MB")
        try:
            began = time.perf_counter()
            bench.read("/")
            print(f"the first page, which takes everything in: {time.perf_counter() - began:.1f} s")
            streams = [Stream() for _ in range(STREAMS)]
            for one in streams:
                threading.Thread(target=one.listen, args=(bench, is_over), daemon=True).start()
            for one in streams:
                assert one.heard.wait(_PATIENCE_S)
            print(tell_budgets(list(measure_pages(bench, options.rounds))))
            print("right after a change, in ms:")
            for name, times in measure_anew(bench, max(options.rounds // 4, 2)).items():
                print(f"| {name} | {times} |")
            lost, delays = touch(bench, streams, options.touches)
        finally:
            is_over.set()
            bench.close()
        delays.sort()
        print(
            f"{options.touches} touches, {STREAMS} streams: {lost} events lost;"
            f" all were told after {delays[len(delays) // 2]:.0f} ms, at most {delays[-1]:.0f}"
        )


if __name__ == "__main__":
    main()
