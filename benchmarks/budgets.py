"""The budgets of the core: each a ratio of two medians of one run."""

import os
from functools import partial
from pathlib import Path

import attrs
import orjson

from benchmarks.clock import Task, Times, time_all
from benchmarks.lab import Lab
from wfsession.core.disk import Folder
from wfsession.core.hint import find_active

RECORD = "workflow-session.json"
_ASK = "import wfsession; wfsession.current()"


@attrs.frozen
class Row:
    """A budget: what is measured against what, and how many times that it may be at most."""

    what: str
    against: str
    limit: float
    times: Times
    base: Times

    @property
    def ratio(self) -> float:
        """How many times the base it takes."""
        return self.times.median / self.base.median


def measure_row(what: str, against: str, limit: float, task: Task, base: Task, rounds: int) -> Row:
    """Measure one budget."""
    found = time_all({"it": task, "base": base}, rounds)
    return Row(what, against, limit, found["it"], found["base"])


def measure_small(lab: Lab, rounds: int) -> list[Row]:
    """Measure what needs few sessions; the project has three."""
    lab.grow(3)
    lab.rest()
    run = lab.run
    git = Task(run("git", "branch", "--show-current"))
    bare = Task(run(lab.python, "-c", "pass"))
    rows = [
        measure_row(
            "`bin/wf current`, 3 sessions", "git", 0.8, Task(run(lab.wf, "current")), git, rounds
        ),
        measure_row(
            "`wfsession.current()`, whole process",
            "bare interpreter",
            1.5,
            Task(run(lab.python, "-c", _ASK)),
            bare,
            rounds,
        ),
    ]

    def switch() -> None:
        run(lab.wf, "switch", lab.find_paused())()

    rows.append(
        measure_row("`wf switch`, durable", "bare interpreter", 5, Task(switch), bare, rounds)
    )

    here = Task(lambda: lab.workspace.switch(lab.find_paused()))
    direct = Task(lambda: switch_directly(lab))
    rows.append(measure_row("switch in process, durable", "its calls", 2, here, direct, rounds))
    return rows


def measure_at_1000(lab: Lab, rounds: int) -> list[Row]:
    """Measure what a thousand sessions take."""
    lab.grow(1000)
    lab.rest()
    run = lab.run
    git = Task(run("git", "branch", "--show-current"))
    bare = Task(run(lab.python, "-c", "pass"))
    after = Task(run(lab.wf, "current"), before=lab.move_marker)
    listing = Task(run(lab.wf, "list"))
    return [
        measure_row("`bin/wf current` after a switch, 1,000", "git", 1.5, after, git, rounds),
        measure_row("`wf list`, 1,000", "bare interpreter", 8, listing, bare, rounds),
    ]


def measure_at_10000(lab: Lab, rounds: int) -> list[Row]:
    """Measure a listing of ten thousand, against reading and parsing alone."""
    lab.grow(10_000)
    listing = Task(lab.workspace.sessions)
    reading = Task(lambda: read_directly(lab.root))
    few = max(rounds // 6, 3)
    return [measure_row("listing 10,000 in process", "reading them", 1.5, listing, reading, few)]


def measure_at_20000(lab: Lab, rounds: int) -> list[Row]:
    """Measure the answer of the shell in a large root that rests."""
    lab.grow(20_000)
    lab.rest()
    run = lab.run
    git = Task(run("git", "branch", "--show-current"))
    current = Task(run(lab.wf, "current"))
    return [measure_row("`bin/wf current`, 20,000 sessions", "git", 0.8, current, git, rounds)]


def measure_detection(small: Lab, large: Lab, rounds: int) -> Row:
    """Measure detection in process in two quiet roots of different size."""
    for lab in (small, large):
        lab.rest()
    tasks = []
    for lab in (small, large):
        folder = Folder.open(str(lab.root))
        tasks.append(Task(partial(detect, folder)))
    what = f"detection in process, {large.sessions:,} sessions"
    return measure_row(what, f"{small.sessions} sessions", 1.3, tasks[1], tasks[0], rounds * 10)


def detect(folder: Folder) -> None:
    """Find who is active, twenty times."""
    for _ in range(20):
        find_active(folder)


def read_directly(root: Path) -> list[object]:
    """Read and parse every record of a root."""
    found = []
    for name in os.listdir(root):
        if name.startswith("WFS-"):
            with open(f"{root}/{name}/{RECORD}", "rb") as file:
                found.append(orjson.loads(file.read()))
    return found


def switch_directly(lab: Lab) -> None:
    """Make the calls of the system that a switch cannot do without."""
    root = str(lab.root)
    names = (lab.a, lab.b) if lab.find_paused() == lab.b else (lab.b, lab.a)
    for name in names:
        with open(f"{root}/{name}/{RECORD}", "rb") as file:
            data = file.read()
        new = os.open(f"{root}/.wf/tmp/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(new, data)
        os.fsync(new)
        os.close(new)
    os.utime(f"{root}/.active-{names[0]}")
    os.rename(f"{root}/.active-{names[0]}", f"{root}/.active-{names[1]}")
    _sync(root)
    for name in names:
        os.rename(f"{root}/.wf/tmp/{name}", f"{root}/{name}/{RECORD}")
    for name in names:
        _sync(f"{root}/{name}")


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
