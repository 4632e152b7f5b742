"""Somebody who puts something else in the place of what was just looked at, at any moment.

Before each call of each operation, enumerated: nothing outside the root is read, written, moved
or removed, nothing hangs, and the outcome is a value or one sentence.
"""

import shutil
import time
from pathlib import Path

import pytest

import wfsession
from tests.hands import play_at
from tests.hostile import (
    CHANGES,
    Outside,
    ask,
    build,
    go_on,
    guard,
    put,
)
from tests.trees_disk import RECORD, mark, write_old

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

SWAPS = (
    (".", "a link to a directory"),
    ("WFS-a", "a link to a directory"),
    ("WFS-b", "a link to a directory"),
    ("completed", "a link to a directory"),
    ("completed/WFS-old", "a link to a directory"),
    (".wf", "a link to a directory"),
    (".wf/tmp", "a link to a directory"),
    (".attic", "a link to a directory"),
    (".attic/@BOX@", "a link to a directory"),
    (".attic/@BOX@/item", "a link to a directory"),
    ("sessions", "a link to a directory"),
    ("archives/manifest.json", "a link to a file"),
    (".threads", "a link to a directory"),
    ("WFS-a/.task", "a link to a directory"),
    (f"WFS-a/{RECORD}", "a link to a file"),
    (f"WFS-b/{RECORD}", "a fifo"),
    (".active-WFS-a", "a second name of the future"),
    (".active-WFS-b", "a second name of the future"),
    (".active-WFS-z", "a second name of the future"),
    (".wf/journal.jsonl", "a second name"),
    (".wf/lock", "a fifo"),
)
OPERATIONS = (
    "snapshot",
    "switch",
    "pause",
    "create",
    "adopt",
    "complete and archive",
    "reopen archived",
    "rename",
    "update",
    "bind",
    "switch as a thread",
    "hook",
    "enter",
    "heal",
    "undo switch",
    "undo create",
    "undo archive",
    "undo rename",
    "undo undo",
    "restore",
    "empty attic",
    "migrate",
)
# How many times as many calls as others these make, or longer ones.
_SHARES = {"heal": 5, "hook": 5, "migrate": 3, "restore": 5}


def play_one(top: Path, outside: Outside, name: str, swap: tuple[str, str], number: int) -> bool:
    """Swap before one call; tell whether there was that call."""
    go_on()
    project = top / "project"
    root = build(project, CHANGES[name])
    if name == "heal":
        # Something to heal in each way: to remove, to write, to set aside.
        mark(root, "WFS-gone")
        (root / ".active-WFS-x~").touch()
        write_old(root / "WFS-a" / RECORD, b'{"project": "x"')
        (root / "WFS-b" / RECORD).unlink()
        mark(root, "WFS-a", age_s=-2_000_000_000)
    workspace = wfsession.open(root)
    workspace.timeout_s = 0
    place, kind = swap
    with pytest.MonkeyPatch.context() as patch:
        # What is torn or unsteady is waited for; nobody mends it here.
        patch.setattr(time, "sleep", lambda seconds: None)
        calls = play_at(patch, number, lambda: put(root / place, kind, outside))
        told = ask(lambda: CHANGES[name].act(workspace))
    outside.check("" if kind.startswith("a second name") else told, (name, swap, number, calls))
    shutil.rmtree(project)
    return len(calls) >= number


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_outside_is_touched_or_read_whatever_is_swapped_before_whichever_call(
    tmp_path: Path, name: str, is_soak: bool
) -> None:
    outside = Outside(tmp_path)
    # All would take minutes. Each thing to swap begins at another call, and each operation has
    # every other of them.
    step = 1 if is_soak else 11 * _SHARES.get(name, 1)
    first, every = (0, 1) if is_soak else (OPERATIONS.index(name) % 2, 2)

    def play() -> None:
        for offset, swap in list(enumerate(SWAPS))[first::every]:
            number = 1 + offset % step
            while play_one(tmp_path, outside, name, swap, number):
                number += step
            # A part of the calls at the least was there.
            assert number > step + 1

    guard(play)
