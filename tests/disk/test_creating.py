"""Creating sessions, and roots."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import wfsession
from tests.trees_disk import (
    RECORD,
    USUAL_STATES,
    list_leftovers,
    list_markers,
    make_root,
    mark,
    photograph,
    read,
    read_json,
    settle,
    states,
    write_old,
)
from wfsession.core.model import Event
from wfsession.errors import InvalidName, InvalidValue, NameCollision
from wfsession.workspace import Workspace


def test_creating_makes_a_session_and_makes_it_active(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    session = workspace.create("OAuth 集成: phase 2", type="complex")

    assert session.name == "WFS-oauth-集成-phase-2"
    assert states(root) == {**USUAL_STATES, "WFS-a": "paused", session.name: "active"}
    assert list_markers(root) == [f".active-{session.name}"]
    assert (session.title, session.type, session.phase) == (
        "OAuth 集成: phase 2",
        "complex",
        "PLAN",
    )
    stamp = events[0].at.isoformat().replace("+00:00", "Z")
    assert (root / session.name / RECORD).read_text() == json.dumps(
        {
            "session_id": session.name,
            "project": "OAuth 集成: phase 2",
            "type": "complex",
            "current_phase": "PLAN",
            "status": "active",
            "progress": {"completed_phases": [], "current_tasks": [], "last_checkpoint": None},
            "meta": {"created": stamp, "updated": stamp},
        },
        indent=2,
        ensure_ascii=False,
    ) + "\n"
    assert (events[0].kind, events[0].previous) == ("created", "WFS-a")
    assert os.listdir(session.path) == [RECORD]
    assert list_leftovers(root) == []


def test_creating_without_switching_leaves_the_marker_alone(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    session = workspace.create("new", switch=False)

    assert states(root) == {**USUAL_STATES, "WFS-new": "paused"}
    assert session.record is not None
    assert session.record.status == "paused"
    assert list_markers(root) == [".active-WFS-a"]
    assert events[0].previous is None


@pytest.mark.parametrize("switch", [True, False])
def test_creating_with_an_orphaned_marker_waiting_obeys_the_caller_and_not_the_marker(
    root: Path, workspace: Workspace, switch: bool
) -> None:
    mark(root, "WFS-new", age_s=0)

    workspace.create("new", switch=switch)

    assert states(root)["WFS-new"] == ("active" if switch else "paused")
    assert list_markers(root) == [".active-WFS-new" if switch else ".active-WFS-a"]


def test_creating_in_an_empty_root_needs_nothing_before(tmp_path: Path) -> None:
    workspace = wfsession.init(tmp_path)

    workspace.create("first", name="mine")

    assert states(tmp_path / ".workflow") == {"mine": "active"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"title": "  "}, InvalidValue),
        ({"title": "\udcff"}, InvalidValue),
        ({"title": "x", "type": "huge"}, InvalidValue),
        ({"title": "x", "name": "../x"}, InvalidName),
        ({"title": "x", "name": "WFS-a"}, NameCollision),
        ({"title": "x", "name": "wfs-A"}, NameCollision),
        ({"title": "x", "name": "WFS-old"}, NameCollision),
    ],
)
def test_what_cannot_be_created_leaves_no_trace(
    root: Path, workspace: Workspace, arguments: dict[str, Any], error: type[Exception]
) -> None:
    workspace.pause("WFS-b")
    before = photograph(root)

    with pytest.raises(error):
        workspace.create(**arguments)

    after = photograph(root)
    assert {path for path in after if path != ".wf/lock"} == set(before) - {".wf/lock"}
    assert list_leftovers(root) == []
    assert states(root) == USUAL_STATES


def test_the_first_write_makes_a_gitignore_and_none_overwrites_it(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-a", "WFS-b")
    workspace = wfsession.open(tmp_path)

    workspace.switch("WFS-a")
    assert (root / ".gitignore").read_bytes() == b".active-*\n.threads/\n.wf/\n"

    (root / ".gitignore").write_bytes(b"mine\n")
    workspace.switch("WFS-b")
    assert (root / ".gitignore").read_bytes() == b"mine\n"

    shutil.rmtree(root / ".wf")
    workspace.switch("WFS-a")
    assert (root / ".gitignore").read_bytes() == b"mine\n"


@pytest.mark.parametrize("is_link", [False, True])
def test_what_stands_in_the_place_of_a_gitignore_is_left_alone(
    tmp_path: Path, is_link: bool
) -> None:
    root = make_root(tmp_path, "WFS-a")
    ignore = root / ".gitignore"
    if is_link:
        (tmp_path / "theirs").write_bytes(b".act")
        ignore.symlink_to(tmp_path / "theirs")
    else:
        ignore.mkdir()

    wfsession.open(tmp_path).switch("WFS-a")

    assert wfsession.current(tmp_path) == "WFS-a"
    assert ignore.is_symlink() or list(ignore.iterdir()) == []
    assert not is_link or (tmp_path / "theirs").read_bytes() == b".act"


def test_making_a_root_twice_only_opens_it_the_second_time(tmp_path: Path) -> None:
    from wfsession.core.creation import create_root

    first = create_root(str(tmp_path))
    before = photograph(tmp_path)

    assert first == (str(tmp_path.resolve() / ".workflow"), True)
    assert create_root(str(tmp_path)) == (first[0], False)
    assert photograph(tmp_path) == before


def test_the_clock_set_back_an_hour_between_two_switches_does_no_harm(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    workspace.switch("WFS-b")
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 3600 * 10**9)

    workspace.switch("WFS-c")
    assert states(root) == {**USUAL_STATES, "WFS-a": "paused", "WFS-c": "active"}
    workspace.rename("WFS-c", "WFS-d")
    assert read(root).active == "WFS-d"
    workspace.pause()
    workspace.switch("WFS-a")
    assert list_markers(root) == [".active-WFS-a"]


def test_a_status_of_another_tools_making_survives(root: Path, workspace: Workspace) -> None:
    write_old(root / "WFS-b" / RECORD, b'{"status": "waiting-for-godot"}')
    settle(root)

    workspace.switch("WFS-b")
    workspace.pause()

    assert read_json(root / "WFS-b")["status"] == "waiting-for-godot"


def test_an_events_moment_is_now_in_utc(workspace: Workspace, events: list[Event]) -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    workspace.pause()

    assert before <= events[0].at <= datetime.now(UTC)
    assert events[0].at.tzinfo is UTC
