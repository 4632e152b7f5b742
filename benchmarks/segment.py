"""Measure what the segment of `wf shell-init` adds to a prompt.

    python benchmarks/segment.py

Each shell that is installed asks for it 1,000 times, five directories below the root and right in
it; medians, less the shell's own start, as a time for one and as a ratio to starting `true`, which
any segment that starts a process costs at least. `wf` must be on PATH.
"""

import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import wfsession

SHELLS = {"dash": "sh", "bash": "bash", "zsh": "zsh", "fish": "fish"}
CALLS = 1000
ROUNDS = 7


def time_ms(command: list[str], here: Path) -> float:
    """Return how long a process takes, in milliseconds."""
    start = time.perf_counter()
    subprocess.run(command, cwd=here, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1e3


def make_command(shell: str, init: str, calls: int) -> list[str]:
    """Return the command that asks so many times."""
    # As the shells have no loop in common.
    return [shell, "-c", f"{init}\n" + "wf_segment\n" * calls]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        wfsession.init(root).create("Something")
        deep = root / "a/b/c/d/e"
        deep.mkdir(parents=True)
        process = statistics.median(time_ms(["true"], root) for _ in range(5 * ROUNDS))
        print(f"{'true':5} {process:6.2f} ms")
        for shell, name in SHELLS.items():
            if shutil.which(shell) is None:
                print(f"{shell:5} not installed")
                continue
            init = subprocess.check_output(["wf", "shell-init", name], text=True)
            for here in (root, deep):
                times: dict[int, list[float]] = {0: [], CALLS: []}
                for _ in range(ROUNDS):
                    for calls, values in times.items():
                        values.append(time_ms(make_command(shell, init, calls), here))
                base, whole = map(statistics.median, times.values())
                each = (whole - base) / CALLS
                place = here.relative_to(root)
                print(f"{shell:5} {each:6.2f} ms  {each / process:5.2f} x  in {place}")


if __name__ == "__main__":
    main()
