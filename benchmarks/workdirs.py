"""Workdirs beside clones: how long one takes, and what many take on the disk.

    python -m benchmarks.workdirs [--rounds N]

measures these alone, and writes them into docs/performance.md. The repository is made here: 2,000
files, 500 commits, eight branches; its remote is a directory, so no network is in any figure.
"""

import argparse
import os
import random
import shutil
import string
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

from benchmarks import page
from benchmarks.budgets import Row
from benchmarks.clock import Task, Times, time_all
from benchmarks.lab import REPOSITORY
from wfsession.git import Access, make_access
from wfsession.workdirs.acquire import acquire
from wfsession.workdirs.du import measure_usage
from wfsession.workdirs.places import Places
from wfsession.workdirs.remote import Remote, parse_remote

# In the memory of the machine, where there is such a disk.
MEMORY = "/dev/shm"
FILES, COMMITS = 2_000, 500
# In a commit, and in a file: 8 kB.
CHANGED, LINES = 20, 200
AGENTS = tuple(f"agent-{number}" for number in range(4))
BRANCHES = tuple(f"topic/{number}" for number in range(8))
_WARM, _EXISTS = "a new workdir from a warm cache", "a workdir that exists"
_FULL, _REFERENCE, _SHALLOW = "git clone", "git clone --reference", "git clone --depth=1"


@attrs.frozen
class Disk:
    """What a way to work on every branch for every agent takes, in bytes."""

    way: str
    shared_bytes: int
    each_bytes: int

    @property
    def total_bytes(self) -> int:
        """All of it, for all agents and branches."""
        return self.shared_bytes + self.each_bytes * len(AGENTS) * len(BRANCHES)


@attrs.frozen
class Shop:
    """The remote, and a place to work in."""

    place: Path
    remote: Remote
    access: Access

    @property
    def places(self) -> Places:
        """Where the workdirs are."""
        return Places(*(str(self.place / name) for name in ("cache", "data", "state")))

    def acquire(self, agent: str, branch: str) -> str:
        """Return the path of a workdir that is ready."""
        return acquire(self.places, agent, self.remote, branch, access=self.access).path

    def clone(self, *options: str, branch: str = BRANCHES[0]) -> Path:
        """Make a clone."""
        target = self.place / "clone"
        words = ["git", "clone", "--quiet", "--branch", branch, *options, self.remote.url]
        subprocess.run([*words, str(target)], env=self.access.make_environment(), check=True)
        return target

    def clear(self) -> None:
        """Remove the clone, and the workdir that is made again and again."""
        shutil.rmtree(self.place / "clone", ignore_errors=True)


def make_remote(bare: Path) -> None:
    """Make the repository, packed as a server has it."""
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(bare)], check=True)
    stream = b"".join(_write_history())
    subprocess.run(["git", "fast-import", "--quiet"], cwd=bare, input=stream, check=True)
    subprocess.run(["git", "repack", "-adq"], cwd=bare, check=True)


def _write_history() -> Iterator[bytes]:
    """Yield a history like that of a program: each commit changes a line in some of its files."""
    draw = random.Random(1)
    words = [
        "".join(draw.choices(string.ascii_lowercase, k=draw.randint(2, 9))) for _ in range(3000)
    ]
    files = [[_write_line(draw, words) for _ in range(LINES)] for _ in range(FILES)]
    for commit in range(COMMITS):
        numbers = draw.sample(range(FILES), CHANGED) if commit else range(FILES)
        message = f"Commit {commit}".encode()
        yield b"commit refs/heads/main\n"
        yield f"committer A <a@localhost> {1_700_000_000 + commit} +0000\n".encode()
        yield b"data %d\n%s\n" % (len(message), message)
        for number in numbers:
            files[number][draw.randrange(LINES)] = _write_line(draw, words)
            text = "\n".join(files[number]).encode()
            yield f"M 100644 inline d{number % 40}/f{number}.txt\n".encode()
            yield b"data %d\n%s\n" % (len(text), text)
    for branch in BRANCHES:
        yield f"reset refs/heads/{branch}\nfrom refs/heads/main\n\n".encode()


def _write_line(draw: random.Random, words: list[str]) -> str:
    return " ".join(draw.choices(words, k=6))


def measure_workdirs(where: str, rounds: int) -> tuple[dict[str, Times], list[Disk]]:
    """Measure times and disk use, in a directory of a disk."""
    with tempfile.TemporaryDirectory(prefix="wfsession-workdirs-", dir=where) as name:
        place = Path(name)
        make_remote(place / "remote.git")
        environment = {"PATH": os.environ["PATH"], "HOME": name}
        remote = parse_remote(f"file://{place}/remote.git")
        shop = Shop(place, remote, make_access(environment))
        shop.acquire("warm", "main")
        return _measure_times(shop, rounds), list(_measure_disk(shop))


def _measure_times(shop: Shop, rounds: int) -> dict[str, Times]:
    reference = f"--reference={shop.place}/reference"
    shutil.copytree(shop.clone("--bare"), shop.place / "reference")
    made: list[str] = []

    def make_new() -> None:
        made.append(shop.acquire(f"new-{len(made)}", BRANCHES[0]))

    def clear() -> None:
        shop.clear()
        if made:
            shutil.rmtree(made[-1], ignore_errors=True)

    tasks = {
        _FULL: Task(shop.clone, clear),
        _REFERENCE: Task(lambda: shop.clone(reference), clear),
        _SHALLOW: Task(lambda: shop.clone("--depth=1"), clear),
        _WARM: Task(make_new, clear),
        _EXISTS: Task(lambda: shop.acquire("warm", "main"), clear),
    }
    return time_all(tasks, rounds)


def _measure_disk(shop: Shop) -> Iterator[Disk]:
    shop.clear()
    fresh = attrs.evolve(shop, place=shop.place / "fresh")
    for agent in AGENTS:
        for branch in BRANCHES:
            fresh.acquire(agent, branch)
    sizes: dict[str, int] = {"cache": 0, "workdir": 0}
    for one in measure_usage(fresh.places):
        sizes[one.kind] = sizes.get(one.kind, 0) + one.size_bytes
    yield Disk("workdirs", sizes["cache"], sizes["workdir"] // (len(AGENTS) * len(BRANCHES)))
    reference = shop.place / "reference"
    for way, shared, options in (
        (_FULL, 0, ()),
        (_REFERENCE, _measure(reference), (f"--reference={reference}",)),
        (_SHALLOW, 0, ("--depth=1",)),
    ):
        yield Disk(way, shared, _measure(shop.clone(*options)))
        shop.clear()


def _measure(path: Path) -> int:
    said = subprocess.run(["du", "-s", "--block-size=1", path], stdout=subprocess.PIPE, check=True)
    return int(said.stdout.split()[0])


def tell_times(times: dict[str, Times]) -> str:
    """Return the table of the budgets."""
    rows = [
        Row(what, f"`{_FULL}`", limit, times[what], times[_FULL])
        for what, limit in ((_EXISTS, round(1 / 30, 3)), (_WARM, 0.25))
    ]
    lines = [page.tell_budgets(rows), "", "| what | ms |", "|---|---|"]
    lines += [f"| `{what}` | {times[what]} |" for what in (_FULL, _REFERENCE, _SHALLOW)]
    return "\n".join(lines)


def tell_disk(disks: list[Disk]) -> str:
    """Return the table of what many take."""
    lines = ["| way | shared, MB | each, MB | all, MB |", "|---|---|---|---|"]
    for one in disks:
        sizes = (one.shared_bytes, one.each_bytes, one.total_bytes)
        lines.append(f"| {one.way} | " + " | ".join(f"{size / 1e6:,.0f}" for size in sizes) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the figures into the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workdirs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    where = tempfile.gettempdir()
    times, disks = measure_workdirs(where, options.rounds)
    parts = {
        "machine of workdirs": page.tell_machine(where, options.rounds),
        "workdirs": tell_times(times),
        "disk of workdirs": tell_disk(disks),
    }
    if os.path.isdir(MEMORY):
        parts["workdirs on tmpfs"] = tell_times(measure_workdirs(MEMORY, options.rounds)[0])
    page.fill_in(REPOSITORY / "docs" / "performance.md", parts)
    for part in parts.values():
        print(part, end="\n\n")


if __name__ == "__main__":
    main()
