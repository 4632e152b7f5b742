"""docs/performance.md: the figures of a run, between the words that were written about them.

What stands between two marks is made anew by each run; all else on the page is left as it is.
"""

import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from benchmarks.budgets import Row
from benchmarks.clock import Times
from benchmarks.together import Load

_BEGIN, _END = "<!-- figures: {} -->", "<!-- end of figures -->"

Figures = Mapping[str, Mapping[int, Times]]


def fill_in(page: Path, parts: Mapping[str, str]) -> None:
    """Put the figures into a page, each part between its marks."""
    text = page.read_text(encoding="utf-8")
    for name, figures in parts.items():
        begin = _BEGIN.format(name)
        head, found, rest = text.partition(begin)
        assert found, f"{page} has no {begin}"
        tail = rest[rest.index(_END) :]
        text = f"{head}{begin}\n\n{figures}\n\n{tail}"
    page.write_text(text, encoding="utf-8")


def tell_machine(place: str, rounds: int) -> str:
    """Return where and when it was measured."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout
    return (
        f"{date.today()}, {platform.system()} {platform.release()} {platform.machine()}, "
        f"{os.cpu_count()} cores, CPython {platform.python_version()}, {git.strip()}; "
        f"disk: {place}; {rounds} round{'s' if rounds != 1 else ''}."
    )


def tell_budgets(rows: Sequence[Row]) -> str:
    """Return the table of the budgets."""
    lines = ["| what | ms | against | ms | ratio | at most | |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        verdict = "holds" if row.ratio <= row.limit else "**missed**"
        lines.append(
            f"| {row.what} | {row.times} | {row.against} | {row.base} "
            f"| {row.ratio:.2f} | {row.limit} | {verdict} |"
        )
    return "\n".join(lines)


def tell_sizes(figures: Figures) -> str:
    """Return the table of what each way of asking takes at each number of sessions."""
    sizes = sorted(next(iter(figures.values())))
    lines = [
        f"| ms | {' | '.join(f'{size:,}' for size in sizes)} |",
        f"|---{'|---' * len(sizes)}|",
    ]
    for name, by_size in figures.items():
        cells = " | ".join(str(by_size[size]) for size in sizes)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def tell_slopes(figures: Figures) -> str:
    """Return how much each takes for each further thousand sessions, from the least to the most."""
    return "\n".join(_list_slopes(figures))


def _list_slopes(figures: Figures) -> Iterator[str]:
    yield "| | microseconds for each further 1,000 sessions |"
    yield "|---|---|"
    for name, by_size in figures.items():
        if name in ("git branch --show-current", "bare interpreter"):
            continue
        least, most = min(by_size), max(by_size)
        rise = (by_size[most].median - by_size[least].median) / (most - least) * 1e6
        yield f"| {name} | {rise:,.1f} |"


def tell_loads(loads: Sequence[Load]) -> str:
    """Return the table of several writers at once."""
    lines = [
        "| writers | switches/s, all together | a reader, ms | its slowest, ms |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {one.writers} | {one.switches_per_s:,.0f} | {one.reader} | {one.slowest_ms:.0f} |"
        for one in loads
    ]
    return "\n".join(lines)


def tell_memory(memory: Mapping[str, float]) -> str:
    """Return the table of the most memory that each held."""
    lines = ["| | MB |", "|---|---|"]
    lines += [f"| {name} | {size:.0f} |" for name, size in memory.items()]
    return "\n".join(lines)
