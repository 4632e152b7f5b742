"""What the hooks of an agent take, of which some run before and after everything that it does.

    python -m benchmarks.hooks [--rounds N]

Prints the table of docs/performance.md, in about a minute.
"""

import argparse
import itertools
import json
import os
import tempfile
from collections.abc import Mapping

from benchmarks.clock import Task, Times, process, time_all
from benchmarks.lab import Lab, open_lab

BARE = "bare interpreter"
_FREQUENT = ("UserPromptSubmit", "PostToolUse")
_ANSWERS = 400


def _write_transcript(lab: Lab) -> str:
    """Write what a conversation of some hours leaves, of which a hook reads the end."""
    path = lab.project.parent / "transcript.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(_ANSWERS):
            call = {"type": "tool_use", "id": f"toolu_{number}", "name": "Write", "input": {}}
            content = [{"type": "text", "text": "So it is done. " * 20}, call]
            usage = {"input_tokens": 3, "output_tokens": 40}
            answer = {"id": f"msg_{number}", "model": "m", "usage": usage, "content": content}
            result = [
                {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "x" * 900}
            ]
            for kind, message in (("assistant", answer), ("user", {"content": result})):
                file.write(json.dumps({"type": kind, "message": message}) + "\n")
    return str(path)


def _make_editing(lab: Lab, *, keeps: bool) -> Task:
    """Return the keeping of an edit, where the settings have it kept or not."""
    place = lab.project.parent / f"editing-{keeps}"
    (place / "wfsession").mkdir(parents=True)
    if not keeps:
        (place / "wfsession" / "config.toml").write_text("[trace]\npatches = false\n")
    transcript, numbers = _write_transcript(lab), itertools.count()
    file = place / "event.json"

    def write() -> None:
        # Another edit each time, as the same one would not be kept again.
        number = next(numbers)
        event = {
            "session_id": "one",
            "cwd": str(lab.project),
            "transcript_path": transcript,
            "hook_event_name": "PostToolUse",
            "tool_name": "Write",
            "tool_use_id": f"toolu_{_ANSWERS - 1}",
            "tool_input": {"file_path": "cart.py", "content": f"total = {number}\n"},
        }
        file.write_text(json.dumps(event))

    words = (lab.wf, "hook", "claude-code", "KeepPatch")
    environment = {**lab.environment, "XDG_CONFIG_HOME": str(place)}
    return Task(process(words, lab.project, environment, str(file)), write)


def measure_hooks(lab: Lab, rounds: int) -> dict[str, Times]:
    """Measure each event, the frequent ones where the shell knows the answer and where it asks."""
    lab.hook("SessionStart")()
    unkept = _make_editing(lab, keeps=False)
    lab.rest()
    unkept.before()
    unkept.act()
    # Told how things stand; and once more, by which the shell knows that there is nothing new.
    for _ in range(2):
        lab.hook("UserPromptSubmit")()
    quiet = {f"{event}, nothing new": Task(lab.hook(event)) for event in _FREQUENT}
    quiet["PostToolUse, edits are not kept"] = unkept
    # As one conversation after the other would have them.
    tasks = {BARE: Task(lab.run(lab.python, "-c", "pass"))}
    tasks["SessionStart"] = Task(lab.hook("SessionStart"))
    for event in _FREQUENT:
        # The root moved, so that the shell cannot know.
        tasks[f"{event}, something moved"] = Task(lab.hook(event), lambda: os.utime(lab.root))
    tasks["PostToolUse, an edit is kept"] = _make_editing(lab, keeps=True)
    tasks |= {event: Task(lab.hook(event)) for event in ("PreCompact", "Stop", "SessionEnd")}
    return time_all(quiet, rounds) | time_all(tasks, rounds)


def tell_hooks(times: Mapping[str, Times]) -> str:
    """Return the table of what each event takes."""
    bare = times[BARE]
    lines = [f"| event | ms | times the {BARE} |", "|---|---|---|"]
    lines += [f"| {name} | {one} | {one.median / bare.median:.2f} |" for name, one in times.items()]
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hooks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    # Without compiled modules it would be the compiler that is measured.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with open_lab(tempfile.gettempdir()) as lab:
        print(tell_hooks(measure_hooks(lab, options.rounds)))


if __name__ == "__main__":
    main()
