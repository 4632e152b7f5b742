"""What an answer costs at any number of sessions, in a quiet root and right after a change."""

import os

from benchmarks.clock import Task, Times, time_all
from benchmarks.lab import Lab
from wfsession.core.disk import Folder
from wfsession.core.hint import find_active
from wfsession.core.markers import Listing

# As the specification of these sessions has it, for a shell.
SNIPPET = """active_session=$(ls .workflow/.active-* 2>/dev/null | head -1)
if [ -n "$active_session" ]; then
  session_name=$(basename "$active_session" | sed 's/^\\.active-//')
  echo "Active session: $session_name"
else
  echo "No active session"
fi"""
QUIET = " (quiet)"
CHANGED = " (changed)"
# Each takes two seconds.
_RESTS = 4


def measure_sizes(lab: Lab, sizes: list[int], rounds: int) -> dict[str, dict[int, Times]]:
    """Measure each way of asking at each number of sessions; returns them by name, then size."""
    found: dict[str, dict[int, Times]] = {}
    for size in sizes:
        lab.grow(size)
        lab.rest()
        few = rounds if size < 10_000 else max(rounds // 6, 3)
        for name, times in {
            **time_all(_list_processes(lab), few),
            **time_all(_list_calls(lab), few * 3),
            **time_all(_list_changed(lab), few),
            **time_all(_list_rested(lab), _RESTS),
        }.items():
            found.setdefault(name, {})[size] = times
    return found


def _list_processes(lab: Lab) -> dict[str, Task]:
    def run(*words: str) -> Task:
        return Task(lab.run(*words))

    return {
        "git branch --show-current": run("git", "branch", "--show-current"),
        "bare interpreter": run(lab.python, "-c", "pass"),
        "shell snippet": run("sh", "-c", SNIPPET),
        "ls .workflow/.active-*": run("sh", "-c", "ls .workflow/.active-*"),
        f"bin/wf current{QUIET}": run(lab.wf, "current"),
        "python, wfsession.current()": run(
            lab.python, "-c", "import wfsession; wfsession.current()"
        ),
    }


def _list_calls(lab: Lab) -> dict[str, Task]:
    folder = Folder.open(str(lab.root))
    return {
        f"find_active{QUIET}": Task(lambda: find_active(folder)),
        "a listing": Task(lambda: Listing(folder)),
        "raw: listdir": Task(lambda: os.listdir(lab.root)),
        "raw: two stats": Task(lambda: (os.stat(lab.root), os.stat(lab.root))),
    }


def _list_changed(lab: Lab) -> dict[str, Task]:
    current = lab.run(lab.wf, "current")

    folder = Folder.open(str(lab.root))
    return {
        f"bin/wf current{CHANGED}": Task(current, before=lab.move_marker),
        f"find_active{CHANGED}": Task(lambda: find_active(folder), before=lab.move_marker),
        f"pause in process{CHANGED}": Task(lab.workspace.pause),
        f"switch in process{CHANGED}": Task(lambda: lab.workspace.switch(lab.find_paused())),
    }


def _list_rested(lab: Lab) -> dict[str, Task]:
    def switch() -> None:
        lab.workspace.switch(lab.find_paused())

    def set_out() -> None:
        switch()
        lab.rest()

    return {
        f"pause in process{QUIET}": Task(lab.workspace.pause, before=set_out),
        f"switch in process{QUIET}": Task(switch, before=set_out),
    }
