"""A root in which something else stands where something of ours belongs.

Whatever it is, and whatever is done there: nothing outside the root is read, written, moved or
removed, nothing hangs, and the outcome is a value or one sentence.
"""

import shutil
import time
from pathlib import Path

import pytest

import wfsession
from tests.hostile import CHANGES, KINDS, Outside, ask, build, go_on, guard, put

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

PLACES = (
    ".active-WFS-a",
    ".active-WFS-b",
    ".active-WFS-new",
    ".active-WFS-z",
    ".attic",
    ".attic/@BOX@",
    ".attic/@BOX@/item",
    ".attic/@BOX@/note.json",
    ".gitignore",
    ".threads",
    ".threads/claude--1",
    ".wf",
    ".wf/journal.jsonl",
    ".wf/lock",
    ".wf/quiet",
    ".wf/told",
    ".wf/told/claude-code--1",
    ".wf/tmp",
    ".wf/tmp/record-1",
    "WFS-a",
    "WFS-a/.archiving",
    "WFS-a/.task",
    "WFS-a/.task/IMPL-1.json",
    "WFS-a/.threads",
    "WFS-a/.threads/claude--1.json",
    "WFS-a/.threads/claude-code--1.json",
    "WFS-a/workflow-session.json",
    "WFS-b",
    "WFS-b/.threads/claude--1.json",
    "WFS-b/workflow-session.json",
    "WFS-done/.archiving",
    "WFS-new",
    "WFS-z",
    "completed",
    "completed/WFS-done",
    "completed/WFS-old",
    "completed/WFS-old/workflow-session.json",
    "session_status.jsonl",
    "sessions",
    "sessions/WFS-leg",
    "archives",
    "archives/manifest.json",
)


def choose_kinds(number: int, is_soak: bool) -> list[str]:
    """Return all that there are in a soak, otherwise one or none: another for each number."""
    return list(KINDS) if is_soak else list(KINDS)[number % 20 :: 20]


@pytest.mark.parametrize("place", PLACES)
def test_nothing_outside_is_touched_or_read_and_nothing_hangs(
    tmp_path: Path, place: str, is_soak: bool
) -> None:
    outside = Outside(tmp_path)

    def play() -> None:
        # What is torn or unsteady is waited for; nobody mends it here.
        patch = pytest.MonkeyPatch()
        patch.setattr(time, "sleep", lambda seconds: None)
        for number, name in enumerate(CHANGES):
            for kind in choose_kinds(number + PLACES.index(place), is_soak):
                go_on()
                play_one(tmp_path / "project", outside, place, kind, name)

    guard(play)


def play_one(project: Path, outside: Outside, place: str, kind: str, name: str) -> None:
    root = build(project, CHANGES[name])
    put(root / place, kind, outside)
    workspace = wfsession.open(root)
    workspace.timeout_s = 0

    told = ask(lambda: CHANGES[name].act(workspace))

    # What has a second name outside is inside all the same.
    outside.check("" if kind.startswith("a second name") else told, (kind, name))
    shutil.rmtree(project)
