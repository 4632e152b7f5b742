"""What other parties do while a migration runs."""

import json
import os
from functools import partial
from pathlib import Path

import pytest

from tests.hands import play
from tests.layouts import LINE, REGISTRY, register
from tests.trees_disk import (
    RECORD,
    add_session,
    make_root,
    read_json,
    states,
)
from wfsession.core.migrate import Migration, migrate
from wfsession.errors import Conflict


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root in order, with WFS-a and WFS-b paused."""
    return make_root(tmp_path, "WFS-a", "WFS-b")


def move(root: Path) -> Migration:
    return migrate(str(root))


def test_a_record_that_somebody_writes_meanwhile_keeps_what_they_wrote(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(root, LINE)
    record = root / "WFS-a" / RECORD

    def write() -> None:
        record.write_text(json.dumps({**json.loads(record.read_bytes()), "theirs": 1}))

    play(monkeypatch, "create", write, name="record-", after=True)
    migration = move(root)

    assert read_json(root / "WFS-a")["theirs"] == 1
    assert read_json(root / "WFS-a")["status"] == "active"
    assert migration.migrated == ("WFS-a",)


def test_a_record_that_somebody_writes_again_and_again_is_a_conflict_and_can_be_finished(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(root, LINE)
    record = root / "WFS-a" / RECORD
    count = 0

    def write() -> None:
        nonlocal count
        count += 1
        record.write_text(json.dumps({**json.loads(record.read_bytes()), "theirs": count}))

    with monkeypatch.context() as patch:
        play(patch, "create", write, name="record-", after=True, times=1000)
        with pytest.raises(Conflict):
            move(root)
    assert (root / REGISTRY).exists()
    assert move(root).active == "WFS-a"
    assert read_json(root / "WFS-a")["theirs"] == count


def test_a_line_that_is_written_meanwhile_is_read_too(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(root, LINE)
    late = LINE.replace("WFS-a", "WFS-late").replace("active", "paused")

    def write() -> None:
        with (root / REGISTRY).open("a") as file:
            file.write(f"{late}\n")

    play(monkeypatch, "create_marker", write)
    migration = move(root)

    assert states(root) == {"WFS-a": "active", "WFS-b": "paused", "WFS-late": "paused"}
    assert migration.migrated == ("WFS-a", "WFS-late")


def test_a_session_that_somebody_takes_away_before_its_record_is_filled_is_no_failure(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(root, LINE, LINE.replace("WFS-a", "WFS-b"))
    away = root.parent / "away"
    play(monkeypatch, "replace", partial((root / "WFS-b").rename, away), name=RECORD)
    migration = move(root)
    # Its line still says what it was.
    assert migration.active == "WFS-b"
    assert read_json(root / "WFS-b")["project"] == "What the line says"
    assert read_json(away)["project"] == "About WFS-b"


@pytest.mark.parametrize("path", ["active", "active/WFS-c", REGISTRY])
def test_what_somebody_takes_away_meanwhile_is_no_failure(
    root: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    add_session(root, "active/WFS-c", "active")
    register(root, LINE)
    away = root.parent / "away"
    play(
        monkeypatch, "open_lock_file", partial((root / path).rename, away), name="lock", after=True
    )
    play(monkeypatch, "create", lambda: None, name="record-")

    migration = move(root)

    assert states(root)["WFS-a"] in ("active", "paused")
    assert os.path.lexists(away)
    assert migration.rejected == ()


def test_a_place_that_goes_just_before_its_sessions_move_is_no_failure(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session(root, "active/WFS-c", "paused")
    add_session(root, "active/WFS-d", "paused")
    away = root.parent / "away"
    with monkeypatch.context() as patch:
        play(patch, "move", partial((root / "active").rename, away), name="WFS-c", after=True)
        assert move(root).migrated == ("WFS-c",)
    assert sorted(os.listdir(away)) == ["WFS-d"]


def test_a_name_that_somebody_takes_meanwhile_gives_a_number(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session(root, "active/WFS-c", "paused")
    play(monkeypatch, "move", (root / "WFS-c").mkdir, name="WFS-c")
    assert move(root).migrated == ("WFS-c-2",)
    assert read_json(root / "WFS-c-2")["session_id"] == "WFS-c-2"


def test_something_that_is_put_in_an_old_place_meanwhile_keeps_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session(root, "active/WFS-c", "paused")
    note = root / "active" / "mine.md"
    play(monkeypatch, "move", partial(note.write_text, "mine"), name="WFS-c", after=True)
    migration = move(root)
    assert note.read_text() == "mine"
    assert ("set aside", "active") not in [(step.verb, step.path) for step in migration.steps]
