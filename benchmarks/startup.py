"""Measure what importing a library adds to the start of a process.

    python benchmarks/startup.py [MODULE ...]

Runs `python -c "import MODULE"` for each, in turn with the bare interpreter, and prints medians
and their ratio to it. Modules that are not installed are named and left out.
"""

import importlib.util
import platform
import statistics
import subprocess
import sys
import time

DEFAULT = (
    "attrs filelock orjson platformdirs argparse click typer cyclopts rich.table wfsession".split()
)
ROUNDS = 15


def time_ms(code: str) -> float:
    """Return how long a whole process takes to run `code`, in milliseconds."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Measure and print."""
    wanted = sys.argv[1:] or DEFAULT
    modules = [name for name in wanted if importlib.util.find_spec(name.split(".")[0])]
    codes = {"(bare interpreter)": "pass"} | {name: f"import {name}" for name in modules}
    times: dict[str, list[float]] = {name: [] for name in codes}
    for code in codes.values():
        time_ms(code)
    for _ in range(ROUNDS):
        for name, code in codes.items():
            times[name].append(time_ms(code))
    bare = statistics.median(times["(bare interpreter)"])
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:20} {median:7.1f} ms  {median / bare:5.2f} x")
    for name in wanted:
        if name not in codes:
            print(f"{name:20} not installed")


if __name__ == "__main__":
    main()
