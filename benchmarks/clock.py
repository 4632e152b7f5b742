"""Times of interleaved runs. Others may load the machine, so a figure is a median of many."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

Act = Callable[[], object]


@attrs.frozen
class Times:
    """How long something took, in milliseconds: the median, and the quartiles around it."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_round(self.median)} ({_round(self.low)} to {_round(self.high)})"


def _round(number: float) -> str:
    return f"{number:.3f}" if number < 1 else f"{number:.2f}" if number < 10 else f"{number:,.0f}"


@attrs.frozen
class Task:
    """What is timed, and what comes before it each time, which is not."""

    act: Act
    before: Act = lambda: None


def time_all(tasks: Mapping[str, Task], rounds: int) -> dict[str, Times]:
    """Time tasks in turn, round by round, after a round that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(rounds + 1):
        for name, task in tasks.items():
            task.before()
            start = time.perf_counter_ns()
            task.act()
            if number:
                taken[name].append((time.perf_counter_ns() - start) / 1e6)
    return {name: summarise(values) for name, values in taken.items()}


def summarise(values: Sequence[float]) -> Times:
    """Return the median and the quartiles of at least two numbers."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Times(median, low, high)


def process(
    words: Sequence[str], place: Path, environment: Mapping[str, str], reads: str = os.devnull
) -> Act:
    """Return what runs a program to its end, in a directory, with nobody to read what it says.

    `reads` is the file on its standard input.
    """
    arguments = list(words)
    streams = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    streams.append((os.POSIX_SPAWN_OPEN, 0, reads, os.O_RDONLY, 0))

    def act() -> None:
        os.chdir(place)
        os.waitpid(os.posix_spawn(words[0], arguments, environment, file_actions=streams), 0)

    return act


# What a process held counts for whom it starts too, so that is done by a small one.
_STARTER = """
import os, sys
pid = os.fork()
if not pid:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
print(os.wait4(pid, 0)[2].ru_maxrss)
"""


def measure_memory_mb(words: Sequence[str], place: Path, environment: Mapping[str, str]) -> float:
    """Return the most memory that a program ever held, in megabytes, or that of Python if less."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _STARTER, *words],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    return int(done.stdout) / 1024
