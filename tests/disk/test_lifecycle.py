"""Each operation on a real tree: states, markers, bytes, events."""

from pathlib import Path

import pytest

import wfsession
from tests.trees_disk import (
    RECORD,
    USUAL_STATES,
    add_session,
    list_leftovers,
    list_markers,
    make_root,
    photograph,
    read_json,
    states,
    write_old,
)
from wfsession.core.model import Event
from wfsession.errors import (
    NoActiveSession,
    RecordUnusable,
    SessionArchived,
    SessionNotFound,
    UnsafePath,
    WrongState,
)
from wfsession.workspace import Workspace


def test_switching_moves_the_marker_and_tells_both_records(
    root: Path, workspace: Workspace, events: list[Event]
) -> None:
    session = workspace.switch("WFS-b")

    assert states(root) == {**USUAL_STATES, "WFS-a": "paused", "WFS-b": "active"}
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

    assert states(root) == {**USUAL_STATES, "WFS-a": "paused", "WFS-b": "active"}
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

    assert states(root) == {**USUAL_STATES, "WFS-a": "paused"}
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
