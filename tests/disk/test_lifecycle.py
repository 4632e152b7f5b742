"""Each operation on a real tree: states, markers, bytes, events."""

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
    add_session,
    get,
    list_files,
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
from wfsession.errors import (
    InvalidName,
    InvalidValue,
    NameCollision,
    NoActiveSession,
    RecordUnusable,
    SessionArchived,
    SessionNotFound,
    UnfinishedTasks,
    UnsafePath,
    WrongState,
)
from wfsession.workspace import Workspace


@pytest.fixture
def events(workspace: Workspace) -> list[Event]:
    told: list[Event] = []
    workspace.listen(told.append)
    return told


START = {
    "WFS-a": "active",
    "WFS-b": "paused",
    "WFS-c": "paused",
    "WFS-done": "completed",
    "completed/WFS-old": "archived",
}


def test_switching_moves_the_marker_and_tells_both_records(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    session = workspace.switch("WFS-b")

    assert states(root) == {**START, "WFS-a": "paused", "WFS-b": "active"}
    assert list_markers(root) == [".active-WFS-b"]
    assert (session.name, session.state) == ("WFS-b", "active")
    assert session.path == str(root / "WFS-b")
    (event,) = events
    assert (event.kind, event.previous, event.changed) == ("switched", "WFS-a", True)
    assert event.notes == ()
    assert [(step.verb, step.path, step.target) for step in event.steps] == [
        ("rename", ".active-WFS-a", ".active-WFS-b"),
        ("replace", f"WFS-a/{RECORD}", ""),
        ("replace", f"WFS-b/{RECORD}", ""),
    ]
    stamp = event.at.isoformat().replace("+00:00", "Z")
    left, entered = read_json(root / "WFS-a"), read_json(root / "WFS-b")
    assert (left["status"], left["paused_at"]) == ("paused", stamp)
    assert (entered["status"], entered["resumed_at"]) == ("active", stamp)
    assert left["meta"]["updated"] == entered["meta"]["updated"] == stamp
    assert list_leftovers(root) == []


def test_switching_keeps_every_other_byte_of_a_record(root: Path, workspace: Workspace) -> None:
    odd = (
        b'{\r\n\t"status":"paused" ,\r\n\t"n": 1.50, "e": "\\u00e9",'
        b' "n": [1,\t2],\r\n\t"meta": {"updated":null}\r\n}\r\n\r\n'
    )
    write_old(root / "WFS-b" / RECORD, odd)

    event = workspace.switch("WFS-b")

    stamp = event.updated.isoformat().replace("+00:00", "Z").encode()
    assert (root / "WFS-b" / RECORD).read_bytes() == (
        b'{\r\n\t"status":"active" ,\r\n\t"n": 1.50, "e": "\\u00e9",'
        b' "n": [1,\t2],\r\n\t"meta": {"updated":"' + stamp + b'"},\r\n\t'
        b'"resumed_at": "' + stamp + b'"\r\n}\r\n\r\n'
    )


def test_switching_to_the_active_session_is_a_success_that_changes_nothing(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    workspace.pause("WFS-b")
    before = photograph(root, ".wf")

    assert workspace.switch("WFS-a").state == "active"

    assert photograph(root, ".wf") == before
    assert (events[-1].kind, events[-1].previous, events[-1].changed, events[-1].steps) == (
        "switched",
        "WFS-a",
        False,
        (),
    )


def test_switching_where_none_is_active_makes_a_marker(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    (root / ".active-WFS-a").unlink()

    workspace.switch("WFS-c")

    assert list_markers(root) == [".active-WFS-c"]
    assert (events[0].previous, events[0].steps[0].verb) == (None, "create")
    # WFS-a was not active, so nothing is said in its record.
    assert "paused_at" not in read_json(root / "WFS-a")


@pytest.mark.parametrize(
    ("name", "error", "hint"),
    [
        ("WFS-done", WrongState, "wf reopen WFS-done"),
        ("WFS-old", SessionArchived, "wf reopen WFS-old"),
        ("WFS-nobody", SessionNotFound, "wf list --all"),
        ("WFS-bb", SessionNotFound, "did you mean WFS-b"),
        ("../WFS-b", SessionNotFound, ""),
        ("WFS-b/", SessionNotFound, ""),
        ("WFS-b\0", SessionNotFound, ""),
        ("", SessionNotFound, ""),
        (".", SessionNotFound, ""),
        ("WFS-\udcff", SessionNotFound, ""),
    ],
)
def test_what_cannot_be_switched_to_is_refused_with_a_hint(
    root: Path, workspace: Workspace, name: str, error: type[Exception], hint: str
) -> None:
    workspace.pause("WFS-b")
    before = photograph(root, ".wf")

    with pytest.raises(error) as caught:
        workspace.switch(name)

    assert hint in getattr(caught.value, "hint", "")
    assert photograph(root, ".wf") == before


def test_a_bad_session_cannot_be_switched_to(root: Path, workspace: Workspace) -> None:
    write_old(root / "WFS-b" / RECORD, b"{")
    (root / "WFS-link").symlink_to("WFS-a")

    with pytest.raises(RecordUnusable, match="WFS-b"):
        workspace.switch("WFS-b")
    with pytest.raises(UnsafePath, match="WFS-link"):
        workspace.switch("WFS-link")
    assert list_markers(root) == [".active-WFS-a"]


def test_a_session_that_turns_into_a_link_meanwhile_cannot_be_switched_to(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.hands import play

    def replace_by_link() -> None:
        (root / "WFS-b").rename(root / "moved")
        (root / "WFS-b").symlink_to("moved")

    play(monkeypatch, "child", replace_by_link, name="WFS-b")

    with pytest.raises(UnsafePath):
        workspace.switch("WFS-b")
    assert list_markers(root) == [".active-WFS-a"]


def test_a_bad_record_keeps_nobody_in_its_session(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    write_old(root / "WFS-a" / RECORD, b"{")

    workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-b"]
    assert (root / "WFS-a" / RECORD).read_bytes() == b"{"
    assert "WFS-a" in events[0].notes[0]


def test_resuming_is_switching_by_another_name(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    workspace.resume("WFS-b")

    assert states(root) == {**START, "WFS-a": "paused", "WFS-b": "active"}
    assert (events[0].kind, events[0].previous) == ("resumed", "WFS-a")


def test_a_bare_resume_takes_the_active_session_else_the_one_that_was_paused_last(
    root: Path, workspace: Workspace
) -> None:
    assert workspace.resume().name == "WFS-a"
    add_session(root, "WFS-late", "paused", paused_at="2030-01-01T00:00:00Z")
    workspace.pause()

    assert workspace.resume().name == "WFS-late"


def test_a_bare_resume_where_nothing_is_paused_says_so(tmp_path: Path) -> None:
    make_root(tmp_path)
    workspace = wfsession.open(tmp_path)

    with pytest.raises(NoActiveSession):
        workspace.resume()
    with pytest.raises(NoActiveSession):
        workspace.pause()
    assert workspace.active() is None


def test_pausing_removes_the_marker_and_tells_the_record(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    session = workspace.pause()

    assert states(root) == {**START, "WFS-a": "paused"}
    assert list_markers(root) == []
    assert session.state == "paused"
    assert (events[0].kind, events[0].previous, events[0].changed) == ("paused", "WFS-a", True)
    assert [(step.verb, step.path) for step in events[0].steps] == [
        ("remove", ".active-WFS-a"),
        ("replace", f"WFS-a/{RECORD}"),
    ]
    assert read_json(root / "WFS-a")["status"] == "paused"


def test_pausing_a_session_that_is_not_the_marked_one_leaves_the_marker_alone(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    before = photograph(root, ".wf")

    workspace.pause("WFS-b")

    after = photograph(root, ".wf")
    # What the first write in a root brings along.
    for photo in (before, after):
        photo.pop(".", None)
        photo.pop(".gitignore", None)
    assert after == before
    assert (events[0].previous, events[0].changed) == ("WFS-a", False)


def test_pausing_where_none_is_active_tells_of_none_before(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    (root / ".active-WFS-a").unlink()

    workspace.pause("WFS-b")

    assert (events[0].previous, events[0].changed) == (None, False)


def test_a_completed_or_archived_session_cannot_be_paused(workspace: Workspace) -> None:
    with pytest.raises(WrongState):
        workspace.pause("WFS-done")
    with pytest.raises(SessionArchived):
        workspace.pause("WFS-old")


def test_pausing_a_session_whose_record_is_bad_still_removes_its_marker(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    write_old(root / "WFS-a" / RECORD, b"{")

    workspace.pause("WFS-a")

    assert list_markers(root) == []
    assert events[0].notes


def test_completing_the_active_session_leaves_none_active(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    session = workspace.complete()

    assert states(root) == {**START, "WFS-a": "completed"}
    assert list_markers(root) == []
    assert session.state == "completed"
    assert (events[0].kind, events[0].previous) == ("completed", "WFS-a")
    record = read_json(root / "WFS-a")
    stamp = events[0].at.isoformat().replace("+00:00", "Z")
    assert (record["status"], record["completed_at"]) == ("completed", stamp)
    assert record["progress"]["completed_phases"] == ["PLAN"]
    assert record["checkpoint"]["trigger"] == "session_end"


def test_completing_a_session_that_is_not_the_marked_one_leaves_the_marker_alone(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    mark(root, "WFS-b", age_s=7200)

    workspace.complete("WFS-b")

    assert states(root) == {**START, "WFS-b": "completed"}
    assert list_markers(root) == [".active-WFS-a"]
    assert events[0].previous == "WFS-a"


def test_completing_twice_changes_nothing_the_second_time(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    workspace.complete("WFS-a")
    before = photograph(root, ".wf")

    workspace.complete("WFS-a")

    assert photograph(root, ".wf") == before
    assert (events[1].kind, events[1].changed) == ("completed", False)


def test_a_completed_session_that_was_marked_by_hand_can_be_completed_again(
    root: Path, workspace: Workspace
) -> None:
    mark(root, "WFS-done", age_s=0)
    assert states(root)["WFS-done"] == "active"

    workspace.complete("WFS-done")

    assert list_markers(root) == []
    assert states(root)["WFS-done"] == "completed"


def test_unfinished_tasks_stand_in_the_way_unless_they_are_allowed(
    root: Path, workspace: Workspace
) -> None:
    tasks = root / "WFS-a" / ".task"
    tasks.mkdir()
    for number, status in [(1, "completed"), (2, "pending"), (10, "in_progress"), (3, "cancelled")]:
        write_old(
            tasks / f"IMPL-{number}.json",
            json.dumps({"id": f"IMPL-{number}", "status": status}).encode(),
        )
    before = list_files(root)

    with pytest.raises(UnfinishedTasks) as caught:
        workspace.complete()

    assert caught.value.tasks == ("IMPL-2", "IMPL-10")
    assert list_markers(root) == [".active-WFS-a"]
    assert {**list_files(root), ".gitignore": b""} == {**before, ".gitignore": b""}
    assert workspace.complete(unfinished="allow").state == "completed"


def test_archiving_moves_a_completed_session(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    session = workspace.archive("WFS-done")

    assert states(root) == {
        **{name: state for name, state in START.items() if name != "WFS-done"},
        "completed/WFS-done": "archived",
    }
    assert session.path == str(root / "completed" / "WFS-done")
    assert (events[0].kind, events[0].previous) == ("archived", "WFS-a")
    assert read_json(root / "completed" / "WFS-done")["archived_at"]
    assert (root / "completed" / "WFS-done" / "PLAN.md").read_text() == "the plan of WFS-done\n"
    assert list_markers(root) == [".active-WFS-a"]


def test_archiving_makes_completed_where_there_is_none(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-a", active="WFS-a")

    wfsession.open(tmp_path).complete(archive=True)

    assert states(root) == {"completed/WFS-a": "archived"}
    assert list_markers(root) == []


@pytest.mark.parametrize("verb", ["archive", "complete"])
def test_archiving_takes_the_losing_marker_away_first(
    root: Path, workspace: Workspace, verb: str
) -> None:
    mark(root, "WFS-done", age_s=7200)

    if verb == "archive":
        workspace.archive("WFS-done")
    else:
        workspace.complete("WFS-done", archive=True)

    assert list_markers(root) == [".active-WFS-a"]
    assert get(root, "completed/WFS-done").problems == ()


def test_completing_and_archiving_at_once_tells_of_both(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    workspace.complete("WFS-b", archive=True)
    workspace.complete("WFS-done", archive=True)

    assert [(event.kind, event.changed) for event in events] == [
        ("completed", True),
        ("archived", True),
    ]
    assert states(root)["completed/WFS-b"] == states(root)["completed/WFS-done"] == "archived"
    record = read_json(root / "completed" / "WFS-b")
    assert record["completed_at"] == record["archived_at"]


def test_archiving_what_is_archived_changes_nothing(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    workspace.archive("WFS-old")

    assert (events[0].kind, events[0].changed) == ("archived", False)
    assert states(root) == START


@pytest.mark.parametrize("name", ["WFS-a", "WFS-b"])
def test_only_what_is_completed_can_be_archived(
    root: Path, workspace: Workspace, name: str
) -> None:
    with pytest.raises(WrongState) as caught:
        workspace.archive(name)

    assert caught.value.hint == f"wf complete --archive {name}"
    assert states(root) == START


def test_completing_what_is_archived_is_refused(workspace: Workspace) -> None:
    with pytest.raises(SessionArchived):
        workspace.complete("WFS-old")


@pytest.mark.parametrize("name", ["WFS-done", "WFS-old"])
def test_reopening_makes_a_session_active_in_the_root(
    root: Path, workspace: Workspace, events: list[Event], name: str
) -> None:
    session = workspace.reopen(name)

    assert states(root)[name] == "active"
    assert states(root)["WFS-a"] == "paused"
    assert list_markers(root) == [f".active-{name}"]
    assert session.path == str(root / name)
    assert (events[0].kind, events[0].previous) == ("reopened", "WFS-a")
    assert read_json(root / name)["status"] == "active"
    assert read_json(root / "WFS-a")["status"] == "paused"


def test_reopening_brings_back_an_archived_session_whatever_its_record_says(
    root: Path, workspace: Workspace
) -> None:
    add_session(root, "completed/WFS-odd", "paused")

    assert workspace.reopen("WFS-odd").state == "active"
    assert states(root)["WFS-odd"] == "active"


@pytest.mark.parametrize("age_s", [0, 7200])
def test_reopening_with_an_orphaned_marker_waiting_leaves_one_marker(
    root: Path, workspace: Workspace, age_s: int
) -> None:
    mark(root, "WFS-old", age_s=age_s)

    workspace.reopen("WFS-old")

    assert list_markers(root) == [".active-WFS-old"]


def test_reopening_the_active_session_changes_nothing(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    workspace.reopen("WFS-a")

    assert (events[0].kind, events[0].changed) == ("reopened", False)
    assert states(root) == START


def test_reopening_a_paused_session_says_how_to_go_on(workspace: Workspace) -> None:
    with pytest.raises(WrongState) as caught:
        workspace.reopen("WFS-b")

    assert caught.value.hint == "wf resume WFS-b"


def test_reopening_what_has_a_bad_record_moves_nothing(root: Path, workspace: Workspace) -> None:
    write_old(root / "completed" / "WFS-old" / RECORD, b"{")

    with pytest.raises(RecordUnusable):
        workspace.reopen("WFS-old")
    assert (root / "completed" / "WFS-old").is_dir()
    assert list_markers(root) == [".active-WFS-a"]


@pytest.mark.parametrize("name", ["WFS-a", "WFS-b", "WFS-done"])
def test_renaming_moves_the_directory_and_keeps_who_is_active(
    root: Path, workspace: Workspace, events: list[Event], name: str
) -> None:
    session = workspace.rename(name, "WFS-new")

    expected = {**START, "WFS-new": START[name]}
    del expected[name]
    assert states(root) == expected
    assert session.name == "WFS-new"
    assert list_markers(root) == [".active-WFS-new" if name == "WFS-a" else ".active-WFS-a"]
    record = read_json(root / "WFS-new")
    assert (record["session_id"], record["renamed_from"]) == ("WFS-new", [name])
    assert get(root, "WFS-new").problems == ()
    assert (events[0].kind, events[0].previous) == ("renamed", "WFS-a")
    assert workspace.get(name).name == "WFS-new"


def test_renaming_to_the_same_name_changes_nothing(
    workspace: Workspace, events: list[Event]
) -> None:
    workspace.rename("WFS-b", "WFS-b")

    assert not events[0].changed


def test_renaming_there_and_back_again_is_possible(root: Path, workspace: Workspace) -> None:
    workspace.rename("WFS-a", "WFS-x")
    workspace.rename("WFS-x", "WFS-a")

    assert states(root) == START
    assert read_json(root / "WFS-a")["renamed_from"] == ["WFS-x"]


def test_renaming_a_paused_session_to_a_name_with_an_orphaned_marker_activates_nothing(
    root: Path, workspace: Workspace
) -> None:
    mark(root, "WFS-new", age_s=0)

    workspace.rename("WFS-b", "WFS-new")

    assert states(root)["WFS-a"] == "active"
    assert list_markers(root) == [".active-WFS-a"]


def test_renaming_takes_a_losing_marker_away(root: Path, workspace: Workspace) -> None:
    mark(root, "WFS-b", age_s=7200)

    workspace.rename("WFS-b", "WFS-new")

    assert list_markers(root) == [".active-WFS-a"]


def test_what_cannot_be_renamed_is_refused(root: Path, workspace: Workspace) -> None:
    with pytest.raises(InvalidName):
        workspace.rename("WFS-b", "completed")
    with pytest.raises(NameCollision):
        workspace.rename("WFS-b", "wfs-A")
    with pytest.raises(NameCollision):
        workspace.rename("WFS-b", "WFS-old")
    with pytest.raises(SessionArchived):
        workspace.rename("WFS-old", "WFS-new")
    with pytest.raises(SessionNotFound):
        workspace.rename("WFS-nobody", "WFS-new")
    assert states(root) == START


def test_creating_makes_a_session_and_makes_it_active(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    session = workspace.create("OAuth 集成: phase 2", type="complex")

    assert session.name == "WFS-oauth-集成-phase-2"
    assert states(root) == {**START, "WFS-a": "paused", session.name: "active"}
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

    assert states(root) == {**START, "WFS-new": "paused"}
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
    assert states(root) == START


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
    assert states(root) == {**START, "WFS-a": "paused", "WFS-c": "active"}
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
