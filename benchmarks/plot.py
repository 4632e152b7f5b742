"""The plot of docs/performance.md: what an answer costs against the number of sessions."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.clock import Times

# What is drawn, each in a colour: its name among the figures, and how the line is drawn.
_LINES = {
    "shell snippet": "--",
    "git branch --show-current": "--",
    "ls .workflow/.active-*": "--",
    "bin/wf current (quiet)": "-",
    "bin/wf current (changed)": ":",
    "a listing": "--",
    "find_active (quiet)": "-",
    "find_active (changed)": ":",
    "switch in process (quiet)": "-",
    "switch in process (changed)": ":",
    "raw: two stats": "--",
}


def draw(figures: Mapping[str, Mapping[int, Times]], path: Path) -> None:
    """Draw medians with their quartiles, both axes logarithmic, into an SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    # Text as text, and no time of day: two runs differ in their figures only.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "wfsession"})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 6))
    for name, style in _LINES.items():
        by_size = figures[name]
        sizes = sorted(by_size)
        (line,) = axes.plot(sizes, [by_size[size].median for size in sizes], style, label=name)
        axes.fill_between(
            sizes,
            [by_size[size].low for size in sizes],
            [by_size[size].high for size in sizes],
            color=line.get_color(),
            alpha=0.15,
        )
    axes.set(xscale="log", yscale="log", xlabel="sessions", ylabel="milliseconds")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
