"""What holds for every operation: dry runs, leftovers, systems without open directories."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wfsession
from tests.trees_disk import (
    RECORD,
    check_sound,
    list_files,
    list_leftovers,
    list_markers,
    mark,
    photograph,
    read_json,
    states,
    write_old,
)
from wfsession.core import disk
from wfsession.core.model import Event
from wfsession.errors import UnsafePath
from wfsession.workspace import Workspace

OPERATIONS: dict[str, Callable[[Workspace, bool], object]] = {
    "create": lambda ws, dry: ws.create("new", dry_run=dry),
    "create aside": lambda ws, dry: ws.create("new", switch=False, dry_run=dry),
    "switch": lambda ws, dry: ws.switch("WFS-b", dry_run=dry),
    "resume": lambda ws, dry: ws.resume("WFS-b", dry_run=dry),
    "pause": lambda ws, dry: ws.pause(dry_run=dry),
    "complete": lambda ws, dry: ws.complete(dry_run=dry),
    "complete and archive": lambda ws, dry: ws.complete(archive=True, dry_run=dry),
    "archive": lambda ws, dry: ws.archive("WFS-done", dry_run=dry),
    "reopen": lambda ws, dry: ws.reopen("WFS-done", dry_run=dry),
    "reopen archived": lambda ws, dry: ws.reopen("WFS-old", dry_run=dry),
    "rename": lambda ws, dry: ws.rename("WFS-a", "WFS-z", dry_run=dry),
    "rename aside": lambda ws, dry: ws.rename("WFS-b", "WFS-z", dry_run=dry),
    "next phase": lambda ws, dry: ws.next_phase(dry_run=dry),
    "set phase": lambda ws, dry: ws.set_phase("REVIEW", dry_run=dry),
    "checkpoint": lambda ws, dry: ws.checkpoint(note="here", dry_run=dry),
    "add task": lambda ws, dry: ws.add_task("impl-1", dry_run=dry),
    "finish task": lambda ws, dry: ws.finish_task("impl-0", "WFS-c", dry_run=dry),
    "update": lambda ws, dry: ws.update("WFS-a", {"x": 1}, dry_run=dry),
}


@pytest.fixture
def busy_root(root: Path) -> Path:
    """The root with losing markers, a winner that holds bytes, and a task in hand."""
    progress = {"completed_phases": [], "current_tasks": ["impl-0"], "last_checkpoint": None}
    record = read_json(root / "WFS-c")
    write_old(root / "WFS-c" / RECORD, json.dumps({**record, "progress": progress}).encode())
    mark(root, "WFS-c", age_s=7200)
    mark(root, "WFS-a", data=b"kept\n")
    mark(root, "WFS-done", age_s=7200)
    mark(root, "WFS-old", age_s=0)
    mark(root, "WFS-new", age_s=0)
    mark(root, "WFS-z", age_s=0)
    return root


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_dry_run_leaves_the_tree_as_it_is_to_the_byte_and_lists_the_steps(
    busy_root: Path, name: str
) -> None:
    workspace = wfsession.open(busy_root)
    dry: list[Event] = []
    workspace.listen(dry.append)
    before = photograph(busy_root)

    OPERATIONS[name](workspace, True)

    assert photograph(busy_root) == before
    assert dry[0].steps


@pytest.mark.parametrize("name", [name for name in OPERATIONS if not name.startswith("create")])
def test_what_a_dry_run_lists_is_what_is_done(busy_root: Path, name: str) -> None:
    workspace = wfsession.open(busy_root)
    told: list[Event] = []
    workspace.listen(told.append)

    OPERATIONS[name](workspace, True)
    OPERATIONS[name](workspace, False)

    foretold, done = told
    assert foretold.steps == done.steps
    assert (foretold.kind, foretold.previous, foretold.changed) == (
        done.kind,
        done.previous,
        done.changed,
    )


@pytest.mark.parametrize(
    "arguments", [{"title": "new"}, {"title": "new", "switch": False}, {"title": "x", "name": "y"}]
)
def test_a_dry_creation_foretells_the_session(
    root: Path, workspace: Workspace, arguments: dict[str, Any]
) -> None:
    foretold = workspace.create(**arguments, dry_run=True)
    made = workspace.create(**arguments)

    assert (foretold.name, foretold.path, foretold.state, foretold.type, foretold.phase) == (
        made.name,
        made.path,
        made.state,
        made.type,
        made.phase,
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_leaves_a_sound_tree_without_leftovers_and_every_file_of_the_users(
    busy_root: Path, name: str
) -> None:
    workspace = wfsession.open(busy_root)
    texts = sorted(data for path, data in list_files(busy_root).items() if path.endswith(".md"))

    OPERATIONS[name](workspace, False)

    check_sound(busy_root)
    assert list_leftovers(busy_root) == []
    files = list_files(busy_root)
    assert sorted(data for path, data in files.items() if path.endswith(".md")) == texts
    # The marker that held bytes is where it was, or set aside.
    assert b"kept\n" in files.values()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_does_the_same_where_the_system_has_no_calls_relative_to_a_directory(
    busy_root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(disk, "_HAS_DESCRIPTORS", False)
    workspace = wfsession.open(busy_root)
    told: list[Event] = []
    workspace.listen(told.append)

    OPERATIONS[name](workspace, True)
    OPERATIONS[name](workspace, False)

    if not name.startswith("create"):
        assert told[0].steps == told[1].steps
    check_sound(busy_root)
    assert list_leftovers(busy_root) == []
    session = told[1].session
    assert Path(session.path).is_dir()
    assert read_json(Path(session.path))["their_own" if "create" not in name else "type"]


def test_a_whole_life_without_descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_HAS_DESCRIPTORS", False)
    workspace = wfsession.init(tmp_path)
    root = tmp_path / ".workflow"

    workspace.create("one")
    workspace.create("two")
    workspace.switch("WFS-one")
    workspace.rename("WFS-one", "WFS-uno")
    workspace.pause()
    workspace.resume()
    workspace.complete(archive=True)
    assert states(root) == {"WFS-two": "paused", "completed/WFS-uno": "archived"}
    workspace.reopen("WFS-one")

    assert states(root) == {"WFS-two": "paused", "WFS-uno": "active"}
    assert list_markers(root) == [".active-WFS-uno"]
    (tmp_path / "link").symlink_to(root)
    with pytest.raises(UnsafePath):
        disk.Folder.open(str(tmp_path / "link"))
