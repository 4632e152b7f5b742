"""Several writers at once, and a reader beside them."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import attrs

from benchmarks.clock import Times, summarise
from benchmarks.lab import REPOSITORY, Lab
from wfsession.core.disk import Folder
from wfsession.core.hint import find_active

_WRITER = """
import sys, time
sys.path.insert(0, sys.argv[1])
import wfsession
workspace = wfsession.open(sys.argv[2])
names, end, done = sys.argv[4:6], time.monotonic() + float(sys.argv[3]), 0
print(flush=True)
sys.stdin.readline()
while time.monotonic() < end:
    workspace.switch(names[done % 2])
    done += 1
print(done)
"""


@attrs.frozen
class Load:
    """So many processes that switch all the time: what they did, and how long a reader took."""

    writers: int
    switches_per_s: float
    reader: Times
    slowest_ms: float


def measure_together(lab: Lab, seconds: float) -> Iterator[Load]:
    """Let 1, 2 and 8 processes switch as fast as they can, and somebody ask meanwhile."""
    for writers in (1, 2, 8):
        words = (str(REPOSITORY), str(lab.project), str(seconds), lab.a, lab.b)
        started = [
            subprocess.Popen(
                [sys.executable, "-c", _WRITER, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(writers)
        ]
        for one in started:
            assert one.stdout is not None
            one.stdout.readline()
        taken = _read_meanwhile(lab, started, seconds)
        done = sum(int(one.communicate()[0]) for one in started)
        yield Load(writers, done / seconds, summarise(taken), max(taken))


def _read_meanwhile(
    lab: Lab, started: list["subprocess.Popen[str]"], seconds: float
) -> list[float]:
    taken = []
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    end = time.monotonic() + seconds
    with Folder.open(str(lab.root)) as folder:
        while time.monotonic() < end:
            start = time.perf_counter_ns()
            find_active(folder)
            taken.append((time.perf_counter_ns() - start) / 1e6)
            time.sleep(statistics.median((0.001, taken[-1] / 1e3, 0.01)))
    return taken
