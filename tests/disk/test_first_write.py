"""The first write in a root with a registry of the older kind brings it over, and goes on."""

import errno
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.hands import fail
from tests.layouts import REGISTRY, copy_tree, read_attic
from tests.trees_disk import RECORD, list_markers, photograph, read_json, settle, states, write_old
from wfsession.workspace import Workspace

WRITES: dict[str, Callable[[Workspace, bool], object]] = {
    "create": lambda ws, dry: ws.create("new", dry_run=dry),
    "switch": lambda ws, dry: ws.switch("WFS-c", dry_run=dry),
    "pause": lambda ws, dry: ws.pause(dry_run=dry),
    "resume": lambda ws, dry: ws.resume("WFS-c", dry_run=dry),
    "complete": lambda ws, dry: ws.complete(unfinished="allow", dry_run=dry),
    "archive": lambda ws, dry: ws.archive("WFS-done", dry_run=dry),
    "reopen": lambda ws, dry: ws.reopen("WFS-done", dry_run=dry),
    "rename": lambda ws, dry: ws.rename("WFS-a", "WFS-z", dry_run=dry),
    "set phase": lambda ws, dry: ws.set_phase("REVIEW", dry_run=dry),
    "next phase": lambda ws, dry: ws.next_phase(dry_run=dry),
    "checkpoint": lambda ws, dry: ws.checkpoint(dry_run=dry),
    "add task": lambda ws, dry: ws.add_task("IMPL-1", dry_run=dry),
    "finish task": lambda ws, dry: ws.finish_task("IMPL-0", dry_run=dry),
    "update": lambda ws, dry: ws.update("WFS-c", {"x": 1}, dry_run=dry),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root whose registry says who is active, and knows sessions that nobody else does."""
    root = copy_tree("01-bom-crlf-blank-lines", tmp_path / "project")
    lines = [
        '{"id": "WFS-a", "status": "active"}',
        '{"id": "WFS-b", "status": "paused"}',
        '{"id": "WFS-c", "status": "paused"}',
        '{"id": "WFS-done", "status": "completed"}',
    ]
    (root / REGISTRY).write_text("\n".join(lines))
    record = read_json(root / "WFS-a")
    record["progress"]["current_tasks"] = ["IMPL-0"]
    write_old(root / "WFS-a" / RECORD, json.dumps(record).encode())
    return settle(root)


@pytest.mark.parametrize("name", WRITES)
def test_every_write_finds_what_only_the_registry_knows(root: Path, name: str) -> None:
    WRITES[name](wfsession.open(root), False)

    assert not (root / REGISTRY).exists()
    assert REGISTRY in [origin for origin, _ in read_attic(root)]


@pytest.mark.parametrize("name", ["create", "update"])
def test_a_dry_run_of_a_write_brings_nothing_over(root: Path, name: str) -> None:
    before = photograph(root)
    try:
        WRITES[name](wfsession.open(root), True)
    except LookupError:
        pass  # nobody else knows that session yet
    assert photograph(root) == before


def test_reading_brings_nothing_over(root: Path) -> None:
    before = photograph(root)
    workspace = wfsession.open(root)
    workspace.sessions()
    workspace.active()
    workspace.diagnose()
    with wfsession.enter(path=root) as context:
        assert context.is_temporary
    # But for the temporary workspace's own directory.
    assert photograph(root, ".wf", ".gitignore").keys() == before.keys()
    assert (root / REGISTRY).exists()


def test_after_a_migration_there_is_nothing_to_bring_over(root: Path) -> None:
    workspace = wfsession.open(root)
    migration = workspace.bring_over()
    assert migration is not None
    assert migration.active == "WFS-a"
    assert workspace.bring_over() is None
    assert workspace.migrate().steps == ()


def test_a_pause_after_the_migration_stays(root: Path) -> None:
    workspace = wfsession.open(root)
    workspace.pause()
    assert workspace.create("new", switch=False).state == "paused"
    assert list_markers(root) == []
    assert states(root)["WFS-a"] == "paused"


def test_a_migration_that_fails_is_told_once_and_the_write_goes_on(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = wfsession.open(root)
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "wfsession"):
        fail(patch, errno.EIO, "move", name=REGISTRY)
        assert workspace.create("new").state == "active"
        assert workspace.create("newer").state == "active"
    (record,) = caplog.records
    assert "the older layout was left as it is" in record.getMessage()
    assert (root / REGISTRY).exists()
    # Somebody else may be able to.
    wfsession.open(root).pause()
    assert not (root / REGISTRY).exists()


def test_a_root_without_a_registry_pays_one_call(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = wfsession.open(root)
    workspace.migrate()
    calls: list[str] = []
    real = os.lstat

    def count(path: str) -> os.stat_result:
        calls.append(str(path))
        return real(path)

    monkeypatch.setattr(os, "lstat", count)
    assert workspace.bring_over() is None
    assert calls == [str(root / REGISTRY)]
