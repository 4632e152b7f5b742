"""What the hooks of an agent take, of which some run before and after everything that it does."""

import itertools
import os

from benchmarks.clock import Task, Times, time_all
from benchmarks.lab import Lab

BARE = "bare interpreter"
_FREQUENT = ("UserPromptSubmit", "PostToolUse")


def _make_edit(number: int) -> dict[str, object]:
    return {
        "hook_event_name": "PostToolUse",
        "tool_name": "Write",
        "tool_use_id": f"toolu_{number}",
        "tool_input": {"file_path": "cart.py", "content": f"total = {number}\n"},
    }


def measure_hooks(lab: Lab, rounds: int) -> dict[str, Times]:
    """Measure each event, the frequent ones where the shell knows the answer and where it asks."""
    lab.hook("SessionStart")()
    lab.rest()
    # Told how things stand; and once more, by which the shell knows that there is nothing new.
    for _ in range(2):
        lab.hook("UserPromptSubmit")()
    quiet = {f"{event}, nothing new": Task(lab.hook(event)) for event in _FREQUENT}
    # As one conversation after the other would have them.
    tasks = {BARE: Task(lab.run(lab.python, "-c", "pass"))}
    tasks["SessionStart"] = Task(lab.hook("SessionStart"))
    for event in _FREQUENT:
        # The root moved, so that the shell cannot know.
        tasks[f"{event}, something moved"] = Task(lab.hook(event), lambda: os.utime(lab.root))
    numbers = itertools.count()
    # Another edit each time, as the same one would not be kept again.
    tasks["PostToolUse, an edit is kept"] = Task(
        lab.hook("KeepPatch"), lambda: lab.hook("KeepPatch", **_make_edit(next(numbers)))
    )
    tasks |= {event: Task(lab.hook(event)) for event in ("PreCompact", "Stop", "SessionEnd")}
    return time_all(quiet, rounds) | time_all(tasks, rounds)
