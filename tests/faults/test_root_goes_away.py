"""A root that is moved, replaced or deleted before any call of an operation that has it open."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import wfsession
from tests.hands import play_at
from tests.hostile import CHANGES, ask, build
from tests.trees_disk import check_sound, make_usual_root, mark, photograph
from wfsession.core.doctor import diagnose
from wfsession.core.repair import heal
from wfsession.core.survey import read_survey

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

OPERATIONS = (
    "switch",
    "create",
    "adopt",
    "complete and archive",
    "reopen archived",
    "rename",
    "undo create",
    "undo undo",
    "heal",
    "enter",
    "snapshot",
)


def play_each(top: Path, name: str, act: Callable[[Path], object], is_soak: bool) -> Iterator[Path]:
    """Let something happen to the root before a call of an operation; yield what it was.

    Before every third call, each operation from another one on; in a soak before each.
    """
    project = top / "project"
    step = 1 if is_soak else 3
    number, has_happened = OPERATIONS.index(name) % step + 1 - step, True
    while has_happened:
        number += step
        root = build(project, CHANGES[name])
        # A marker that is to be set aside.
        mark(root, "WFS-c", age_s=7200, data=b"kept\n")
        workspace = wfsession.open(root)
        workspace.timeout_s = 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("time.sleep", lambda seconds: None)
            calls = play_at(patch, number, partial(act, root))
            # A value, or a sentence of ours: anything else is raised here.
            ask(partial(CHANGES[name].act, workspace))
        has_happened = len(calls) >= number
        if has_happened:
            yield root
        shutil.rmtree(project)
    assert number > 10


def move_away(root: Path) -> None:
    os.rename(root, root.parent / "moved")


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_root_that_is_moved_is_consistent_where_it_is(
    tmp_path: Path, name: str, is_soak: bool
) -> None:
    for root in play_each(tmp_path, name, move_away, is_soak):
        moved = root.parent / "moved"
        assert not root.exists()
        heal(str(moved))
        check_sound(moved)
        assert diagnose(read_survey(str(moved))) == ()
        texts = sorted(path.read_text() for path in moved.rglob("PLAN.md"))
        names = ("WFS-a", "WFS-b", "WFS-c", "WFS-done", "completed/WFS-old")
        assert texts == [f"the plan of {one}\n" for one in names]


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "heal"])
def test_another_root_that_is_put_in_its_place_is_left_alone(
    tmp_path: Path, name: str, is_soak: bool
) -> None:
    """The healing looks again at what is there, and may put that right too."""
    other = make_usual_root(tmp_path / "other")
    mark(other, "WFS-c", age_s=7200, data=b"theirs\n")
    before = photograph(other)

    def replace(root: Path) -> None:
        os.rename(root, root.parent / "moved")
        os.rename(other, root)

    for root in play_each(tmp_path, name, replace, is_soak):
        os.rename(root, other)
        assert photograph(other) == before


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_root_that_is_deleted_is_not_made_again(tmp_path: Path, name: str, is_soak: bool) -> None:
    for root in play_each(tmp_path, name, shutil.rmtree, is_soak):
        assert not root.exists()
