"""Bringing back and letting go, stopped at any call or on a failing disk: nothing half is whole."""

import errno
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.boxes import BOX, add_box
from tests.hands import CHANGING, Death, count_calls, enumerate_deaths, enumerate_outages, fail
from tests.trees_disk import RECORD, check_sound, list_files, make_usual_root, photograph, settle
from wfsession.core.boxes import list_boxes
from wfsession.core.unboxing import empty, restore
from wfsession.errors import DiskFailed, NotInAttic

TREE = "20250906-100000-created-0a1b2d"
BYTES = b'{"session_id": "WFS-b", "status": "paused", "project": "as it was"}'
LEAVES = {"item/1", "item/a/2", "item/a/b/3", "item/c/4"}


def build(project: Path) -> Path:
    """Make a root with a record of WFS-b and a tree in its attic."""
    root = make_usual_root(project)
    add_box(root, BOX, BYTES, **{"from": f"WFS-b/{RECORD}"})
    tree = add_box(root, TREE, None, **{"from": "WFS-new"})
    for leaf in LEAVES:
        (tree / leaf).parent.mkdir(parents=True, exist_ok=True)
        (tree / leaf).write_bytes(leaf.encode())
    return settle(root)


def act_restore(root: str) -> object:
    return restore(root, BOX)


def act_empty(root: str) -> object:
    return empty(root, apply=True)


def check_restored(root: Path, standing: bytes) -> None:
    """Hold that both are somewhere, and that the next restoring ends the work."""
    assert {BYTES, standing} <= set(list_files(root).values())
    with suppress(NotInAttic):
        restore(str(root), BOX)
    assert (root / "WFS-b" / RECORD).read_bytes() == BYTES
    assert standing in list_files(root / ".attic").values()
    check_sound(root)


def list_outside(root: Path) -> dict[str, bytes]:
    """Return the files of a root that are in no attic and not made by its first write."""
    found = list_files(root).items()
    return {path: data for path, data in found if not path.startswith((".attic/", ".gitignore"))}


def check_emptied(root: Path, outside: dict[str, bytes]) -> None:
    """Hold that what still has a note is whole, and that the next emptying ends the work."""
    boxes = [path.parent for path in (root / ".attic").glob("*/note.json")]
    for box in boxes:
        assert json.loads((box / "note.json").read_bytes())["from"]
        if box.name == BOX:
            assert (box / "item").read_bytes() == BYTES
        else:
            assert {f"item/{path}" for path in list_files(box / "item")} == LEAVES
    empty(str(root), apply=True)
    assert list_boxes(str(root)) == ()
    assert list_outside(root) == outside


def test_a_restoring_that_dies_anywhere_loses_neither_and_is_ended_by_the_next(
    tmp_path: Path,
) -> None:
    standing = (build(tmp_path / "untouched") / "WFS-b" / RECORD).read_bytes()
    verbs = set()
    for death in enumerate_deaths(tmp_path / "deaths", build, act_restore):
        verbs.add(death.verb)
        check_restored(death.root, standing)
    assert {"rename", "unlink", "rmdir"} <= verbs


def test_an_emptying_that_dies_anywhere_leaves_nothing_half_that_could_come_back(
    tmp_path: Path,
) -> None:
    outside = list_outside(build(tmp_path / "untouched"))
    deaths: list[Death] = []
    for death in enumerate_deaths(tmp_path / "deaths", build, act_empty):
        deaths.append(death)
        check_emptied(death.root, outside)
    assert {"unlink", "rmdir", "rename"} <= {death.verb for death in deaths}


def test_a_restoring_whose_power_fails_anywhere_loses_neither_and_is_ended_by_the_next(
    tmp_path: Path,
) -> None:
    standing = (build(tmp_path / "untouched") / "WFS-b" / RECORD).read_bytes()
    for outage in enumerate_outages(tmp_path / "outages", build, act_restore):
        if outage.verb == "over":
            # What was answered as done stays done.
            assert (outage.root / "WFS-b" / RECORD).read_bytes() == BYTES, outage
        check_restored(outage.root, standing)


def test_an_emptying_whose_power_fails_anywhere_leaves_nothing_half_that_could_come_back(
    tmp_path: Path,
) -> None:
    outside = list_outside(build(tmp_path / "untouched"))
    for outage in enumerate_outages(tmp_path / "outages", build, act_empty):
        if outage.verb == "over":
            assert list_boxes(str(outage.root)) == (), outage
        check_emptied(outage.root, outside)


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_call_that_fails_loses_nothing_and_the_next_run_ends_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    untouched = build(tmp_path / "untouched")
    standing = (untouched / "WFS-b" / RECORD).read_bytes()
    outside = list_outside(untouched)
    for act in (act_restore, act_empty):
        root = build(tmp_path / act.__name__ / "count")
        with monkeypatch.context() as patch:
            calls = count_calls(patch, *CHANGING)
            act(str(root))
        for at in range(1, 1 + len(calls)):
            root = build(tmp_path / act.__name__ / str(at))
            with monkeypatch.context() as patch:
                fail(patch, number, *CHANGING, at=at, times=1)
                with suppress(DiskFailed):
                    act(str(root))
            if act is act_restore:
                check_restored(root, standing)
            else:
                check_emptied(root, outside)


@pytest.mark.parametrize("act", [act_restore, act_empty])
def test_on_a_read_only_disk_the_attic_stays_as_it_is_and_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[str], object]
) -> None:
    root = build(tmp_path)
    before = photograph(root)
    fail(monkeypatch, errno.EROFS, *CHANGING, "open_lock_file")

    with pytest.raises(DiskFailed) as caught:
        act(str(root))

    assert caught.value.errno == errno.EROFS
    assert photograph(root) == before
    assert [box.name for box in list_boxes(str(root))] == [TREE, BOX]
