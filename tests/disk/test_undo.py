"""Undo: every operation can be taken back, and brought back; refused where anything moved on."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wfsession
from tests.hands import play
from tests.trees_disk import (
    RECORD,
    add_session,
    check_sound,
    list_files,
    list_markers,
    mark,
    photograph,
    read_json,
    states,
    write_old,
)
from wfsession.errors import CannotUndo
from wfsession.workspace import Workspace

Act = Callable[[Workspace], object]


def adopt(workspace: Workspace) -> object:
    work = Path(workspace.root).parent / "work"
    work.mkdir()
    (work / "notes.md").write_text("notes\n")
    return workspace.create("adopted", adopt=work)


OPERATIONS: dict[str, Act] = {
    "create": lambda ws: ws.create("new"),
    "create aside": lambda ws: ws.create("new", switch=False),
    "adopt": adopt,
    "switch": lambda ws: ws.switch("WFS-b"),
    "resume": lambda ws: ws.resume("WFS-b"),
    "pause": lambda ws: ws.pause(),
    "complete": lambda ws: ws.complete(),
    "complete aside": lambda ws: ws.complete("WFS-b"),
    "complete and archive": lambda ws: ws.complete(archive=True),
    "archive": lambda ws: ws.archive("WFS-done"),
    "reopen": lambda ws: ws.reopen("WFS-done"),
    "reopen archived": lambda ws: ws.reopen("WFS-old"),
    "rename": lambda ws: ws.rename("WFS-a", "WFS-z"),
    "rename aside": lambda ws: ws.rename("WFS-b", "WFS-z"),
    "next phase": lambda ws: ws.next_phase(),
    "checkpoint": lambda ws: ws.checkpoint(note="here"),
    "add task": lambda ws: ws.add_task("IMPL-1"),
    "update": lambda ws: ws.update(
        "WFS-b", {"project": None, "progress": {"x": 1}, "new": {"a": 2}}
    ),
}


RENAMED = {"rename": "WFS-a", "rename aside": "WFS-b"}


def see(root: Path) -> tuple[Any, ...]:
    """Everything that an operation changes: markers, places, records as values, other files."""
    files = {
        path: data
        for path, data in list_files(root).items()
        if not path.startswith(".attic") and path != ".gitignore"
    }
    records = {path: json.loads(files.pop(path)) for path in list(files) if path.endswith(RECORD)}
    return list_markers(root), states(root), records, files


def see_before(root: Path, name: str) -> tuple[Any, ...]:
    """What taking an operation back gives: all as it is now, but a name that goes away leads on."""
    seen = see(root)
    if name in RENAMED:
        seen[2][f"{RENAMED[name]}/{RECORD}"]["renamed_from"] = ["WFS-z"]
    return seen


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_was_done_is_taken_back_and_brought_back(
    workspace: Workspace, root: Path, name: str
) -> None:
    before = see_before(root, name)
    OPERATIONS[name](workspace)
    after = see(root)
    assert after != before

    for expected in (before, after, before, after):
        event = workspace.undo()
        assert see(root) == expected
        assert event.kind == "undone"
        assert event.changed
        check_sound(root)
        assert workspace.diagnose() == ()


@pytest.mark.parametrize("name", OPERATIONS)
def test_without_an_active_session_it_can_be_taken_back_too(
    workspace: Workspace, root: Path, name: str
) -> None:
    if name == "pause":
        return
    workspace.pause()
    if "complete" in name or name in ("next phase", "checkpoint", "add task"):
        workspace.switch("WFS-c")
    before = see_before(root, name)
    OPERATIONS[name](workspace)

    workspace.undo()

    assert see(root) == before


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_dry_run_tells_the_steps_and_changes_nothing(
    workspace: Workspace, root: Path, name: str
) -> None:
    OPERATIONS[name](workspace)
    for _ in range(2):
        before = photograph(root)
        told = workspace.undo(dry_run=True)
        assert photograph(root) == before
        done = workspace.undo()
        assert told.steps == done.steps
        assert told.steps
        assert told.undone == done.undone


def test_undo_takes_back_the_last_operation_only(workspace: Workspace, root: Path) -> None:
    workspace.switch("WFS-b")
    before = see(root)
    workspace.switch("WFS-c")

    event = workspace.undo()

    assert see(root) == before
    assert event.undone is not None
    assert (event.undone.op, event.session.name, event.previous) == (
        "switched",
        "WFS-c",
        "WFS-c",
    )


def test_operations_that_did_nothing_are_none(workspace: Workspace, root: Path) -> None:
    before = see(root)
    workspace.switch("WFS-b")
    workspace.switch("WFS-b")
    workspace.pause("WFS-c")
    workspace.set_phase("PLAN")
    with pytest.raises(wfsession.WfError):
        workspace.rename("WFS-b", "WFS-c")

    workspace.undo()

    assert see(root) == before
    assert [entry.op for entry in workspace.log()] == ["switched", "undone"]


def test_what_was_created_goes_to_the_attic_with_its_record(
    workspace: Workspace, root: Path
) -> None:
    workspace.create("new")
    record = (root / "WFS-new" / RECORD).read_bytes()

    event = workspace.undo()

    assert Path(event.session.path, RECORD).read_bytes() == record
    assert Path(event.session.path).parent.parent == root / ".attic"
    workspace.undo()
    assert (root / "WFS-new" / RECORD).read_bytes() == record
    assert os.listdir(root / ".attic") == []


def fill(root: Path) -> None:
    (root / "WFS-new" / "PLAN.md").write_text("a plan\n")


def fill_below(root: Path) -> None:
    (root / "WFS-new" / "notes" / "today").write_text("")


def edit(root: Path) -> None:
    path = root / "WFS-new" / RECORD
    write_old(path, path.read_bytes().replace(b"medium", b"simple"))


def remove(root: Path) -> None:
    shutil.rmtree(root / "WFS-new")


def make_link(root: Path) -> None:
    (root / "WFS-new").rename(root / "elsewhere")
    (root / "WFS-new").symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (fill, "something in WFS-new was added or changed since"),
        (fill_below, "something in WFS-new was added or changed since"),
        (edit, "something in WFS-new was added or changed since"),
        (remove, "WFS-new is not there any more"),
        (make_link, "WFS-new is not there any more"),
    ],
)
def test_what_was_created_stays_where_anything_was_added_since(
    workspace: Workspace, root: Path, act: Callable[[Path], object], reason: str
) -> None:
    work = root.parent / "work"
    (work / "notes").mkdir(parents=True)
    workspace.create("new", adopt=work, switch=False)
    act(root)
    before = photograph(root)

    with pytest.raises(CannotUndo, match=reason):
        workspace.undo()

    assert photograph(root, ".wf") == {
        path: what for path, what in before.items() if not path.startswith(".wf")
    }


def set_status(root: Path, name: str, status: str) -> None:
    path = root / name / RECORD
    write_old(path, json.dumps({**read_json(root / name), "status": status}).encode())


def spoil(root: Path, name: str) -> None:
    write_old(root / name / RECORD, b"{")


MOVED_ON: dict[str, tuple[Act, Callable[[Path], object], str]] = {
    "another marker": (
        OPERATIONS["switch"],
        lambda root: (root / ".active-WFS-c").touch(),
        "WFS-c is active now, and WFS-b was after it",
    ),
    "no marker": (
        OPERATIONS["switch"],
        lambda root: (root / ".active-WFS-b").unlink(),
        "no session is active now, and WFS-b was after it",
    ),
    "a marker where none was": (
        OPERATIONS["pause"],
        lambda root: (root / ".active-WFS-b").touch(),
        "WFS-b is active now, and none was after it",
    ),
    "the one before is gone": (
        OPERATIONS["switch"],
        lambda root: shutil.rmtree(root / "WFS-a"),
        "WFS-a is gone",
    ),
    "the one before is archived": (
        OPERATIONS["switch"],
        lambda root: (root / "WFS-a").rename(root / "completed" / "WFS-a"),
        "WFS-a, which was active before it, is archived now",
    ),
    "a key was changed": (
        OPERATIONS["switch"],
        lambda root: set_status(root, "WFS-a", "on hold"),
        "status of WFS-a was changed since",
    ),
    "a record is damaged": (
        OPERATIONS["next phase"],
        lambda root: spoil(root, "WFS-a"),
        "the record of WFS-a cannot be used: it is no valid JSON",
    ),
    "the session is gone": (
        OPERATIONS["next phase"],
        lambda root: shutil.rmtree(root / "WFS-a"),
        "WFS-a is not there any more",
    ),
    "it was moved back by hand": (
        OPERATIONS["archive"],
        lambda root: (root / "completed" / "WFS-done").rename(root / "WFS-done"),
        "completed/WFS-done is not there any more",
    ),
    "there is another": (
        OPERATIONS["archive"],
        lambda root: add_session(root, "WFS-done"),
        "there is another WFS-done now",
    ),
    "completed is gone": (
        OPERATIONS["archive"],
        lambda root: (root / "completed").rename(root / "done"),
        "completed/WFS-done is not there any more",
    ),
    "the old name is taken": (
        OPERATIONS["rename"],
        lambda root: (root / "WFS-a").mkdir(),
        "there is another WFS-a now",
    ),
}


@pytest.mark.parametrize("name", MOVED_ON)
def test_undo_is_refused_where_the_state_has_moved_on(
    workspace: Workspace, root: Path, name: str
) -> None:
    act, meanwhile, reason = MOVED_ON[name]
    act(workspace)
    meanwhile(root)
    before = photograph(root, ".wf")

    with pytest.raises(CannotUndo, match=reason) as caught:
        workspace.undo()

    assert photograph(root, ".wf") == before
    assert caught.value.hint == "wf log"
    # Nor does the attempt count as an operation.
    assert [entry.state for entry in workspace.log()] == ["done"]


def test_what_others_changed_in_a_record_meanwhile_stays(workspace: Workspace, root: Path) -> None:
    workspace.next_phase()
    record = {**read_json(root / "WFS-a"), "theirs": 5}
    write_old(root / "WFS-a" / RECORD, json.dumps(record).encode())

    workspace.undo()

    after = read_json(root / "WFS-a")
    assert after["current_phase"] == "PLAN"
    assert after["theirs"] == 5


def test_a_key_that_is_changed_while_it_is_taken_back_keeps_its_new_value(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.switch("WFS-b")
    play(monkeypatch, "replace", lambda: set_status(root, "WFS-b", "on hold"), name=".active-")

    workspace.undo()

    assert list_markers(root) == [".active-WFS-a"]
    assert read_json(root / "WFS-b")["status"] == "on hold"
    assert "resumed_at" not in read_json(root / "WFS-b")


def test_a_losing_marker_does_not_keep_a_directory_from_going(
    workspace: Workspace, root: Path
) -> None:
    workspace.reopen("WFS-old")
    workspace.switch("WFS-b")
    workspace.undo()
    workspace.undo()
    workspace.create("new", switch=False)
    mark(root, "WFS-new")

    workspace.undo()

    assert list_markers(root) == [".active-WFS-b"]
    assert "WFS-new" not in states(root)


def test_where_there_is_another_completed_directory_later_it_is_made_again(
    workspace: Workspace, root: Path
) -> None:
    workspace.reopen("WFS-old")
    (root / "completed").rmdir()

    workspace.undo()

    assert states(root)["completed/WFS-old"] == "archived"


def test_an_orphan_of_the_same_name_does_not_make_it_active(
    workspace: Workspace, root: Path
) -> None:
    workspace.create("new", switch=False)
    workspace.undo()
    (root / ".active-WFS-new").touch()

    workspace.undo()

    assert list_markers(root) == [".active-WFS-a"]


def test_what_went_from_the_attic_cannot_be_brought_back(workspace: Workspace, root: Path) -> None:
    workspace.create("new")
    event = workspace.undo()
    Path(event.session.path).rename(root.parent / "mine")

    with pytest.raises(CannotUndo, match="item is not there any more"):
        workspace.undo()


def test_what_goes_from_the_attic_this_moment_is_refused_too(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.create("new")
    item = Path(workspace.undo().session.path)
    play(monkeypatch, "child", lambda: item.rename(root.parent / "mine"), name="item", at=2)

    with pytest.raises(CannotUndo, match="item is not there any more"):
        workspace.undo()

    assert list_markers(root) == [".active-WFS-a"]


def test_nothing_is_known_where_nothing_was_done(workspace: Workspace, root: Path) -> None:
    with pytest.raises(CannotUndo, match=f"nothing is known to have been done in {root}"):
        workspace.undo()

    workspace.switch("WFS-b")
    shutil.rmtree(root / ".wf")
    with pytest.raises(CannotUndo, match="nothing is known"):
        workspace.undo()
    assert workspace.log() == ()


def test_what_is_too_large_to_be_kept_is_done_and_told_and_not_taken_back(
    workspace: Workspace, root: Path
) -> None:
    workspace.update("WFS-b", {"notes": "x" * 300_000})

    assert read_json(root / "WFS-b")["notes"] == "x" * 300_000
    assert [entry.op for entry in workspace.log()] == ["changed"]
    with pytest.raises(CannotUndo, match="too large to be kept"):
        workspace.undo()


def test_a_listener_hears_of_it(workspace: Workspace) -> None:
    heard = []
    workspace.listen(lambda event: heard.append(event.kind))
    workspace.switch("WFS-b")
    workspace.undo()

    assert heard == ["switched", "undone"]
