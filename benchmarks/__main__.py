"""Measure the core and the hooks, and write the figures and the plot into docs/performance.md.

    python -m benchmarks [--rounds N] [--most SESSIONS] [--page FILE]

Workdirs, the index, conversations and the dashboard have a module of their own each. Takes about
ten minutes. It needs matplotlib: pip install 'wfsession[bench]'.
"""

import argparse
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

from benchmarks import budgets, page, plot
from benchmarks.clock import measure_memory_mb
from benchmarks.hooks import measure_hooks, tell_hooks
from benchmarks.lab import REPOSITORY, Lab, open_lab
from benchmarks.sizes import measure_sizes
from benchmarks.together import measure_together
from benchmarks.workdirs import MEMORY

SIZES = (1, 100, 1_000, 10_000, 100_000)


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="sessions")
    parser.add_argument("--page", type=Path, default=REPOSITORY / "docs" / "performance.md")
    options = parser.parse_args()
    if find_spec("matplotlib") is None:
        parser.error("no matplotlib, for the plot; type: pip install 'wfsession[bench]'")
    # Without compiled modules it would be the compiler that is measured.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sizes = [size for size in SIZES if size <= options.most]
    where = tempfile.gettempdir()
    parts = {"machine": page.tell_machine(where, options.rounds)}
    rows = _measure_budgets(where, sizes, options.rounds)
    with open_lab(where) as lab:
        parts["hooks"] = tell_hooks(measure_hooks(lab, options.rounds))
    with open_lab(where) as lab:
        figures = measure_sizes(lab, sizes, options.rounds)
        parts["memory"] = page.tell_memory(_measure_memory(lab))
        with open_lab(where) as small:
            rows.append(budgets.measure_detection(small, lab, options.rounds))
    parts["budgets"] = page.tell_budgets(rows)
    parts["sizes"] = page.tell_sizes(figures)
    parts["slopes"] = page.tell_slopes(figures)
    plot.draw(figures, options.page.with_suffix(".svg"))
    for name, place in (("disk", where), ("tmpfs", MEMORY)):
        if os.path.isdir(place):
            with open_lab(place) as lab:
                parts[f"together on {name}"] = page.tell_loads(list(measure_together(lab, 2)))
    with open_lab(MEMORY if os.path.isdir(MEMORY) else where) as lab:
        parts["sizes on tmpfs"] = page.tell_sizes(measure_sizes(lab, sizes, options.rounds))
    page.fill_in(options.page, parts)
    print(parts["budgets"])


def _measure_budgets(where: str, sizes: list[int], rounds: int) -> list[budgets.Row]:
    with open_lab(where) as lab:
        rows = budgets.measure_small(lab, rounds)
        if 1_000 in sizes:
            rows += budgets.measure_at_1000(lab, rounds)
        if 10_000 in sizes:
            rows += budgets.measure_at_10000(lab, rounds)
            rows += budgets.measure_at_20000(lab, rounds)
        return rows


def _measure_memory(lab: Lab) -> dict[str, float]:
    run = (lab.project, lab.environment)
    ask = (lab.python, "-c", "import wfsession; wfsession.current()")
    return {
        "bare interpreter": measure_memory_mb((lab.python, "-c", "pass"), *run),
        "`wfsession.current()`": measure_memory_mb(ask, *run),
        "`bin/wf current`": measure_memory_mb((lab.wf, "current"), *run),
        f"`wf list` of {lab.sessions:,}": measure_memory_mb((lab.wf, "list"), *run),
    }


if __name__ == "__main__":
    main()
