"""Switching and pausing by the hint: nothing is listed, and whoever else acts is not overlooked."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import wfsession
from tests.hands import play_at
from tests.hints import make_private_root, put_hint
from tests.trees_disk import add_session, get, list_markers, settle, states, touch
from wfsession.core.disk import Folder
from wfsession.core.lifecycle import pause, switch
from wfsession.core.model import Event
from wfsession.errors import SessionNotFound, WfError
from wfsession.workspace import Workspace

Act = Callable[[Path], object]


def make_rested_root(project: Path, active: str = "WFS-a") -> Path:
    """Make a root with two sessions, of which a first switch made all that is private; a hint."""
    root = make_private_root(project, active)
    wfsession.open(root).update("WFS-a", {"x": 1})
    put_hint(settle(root), active)
    return root


OPERATIONS: dict[str, tuple[str, Callable[[Workspace], Any], list[str]]] = {
    "switch": ("WFS-a", lambda workspace: workspace.switch("WFS-b"), [".active-WFS-b"]),
    "the first switch": ("", lambda workspace: workspace.switch("WFS-b"), [".active-WFS-b"]),
    "to the active one": ("WFS-a", lambda workspace: workspace.switch("WFS-a"), [".active-WFS-a"]),
    "resume": ("WFS-a", lambda workspace: workspace.resume("WFS-b"), [".active-WFS-b"]),
    "pause": ("WFS-a", lambda workspace: workspace.pause(), []),
    "pause another": ("WFS-a", lambda workspace: workspace.pause("WFS-b"), [".active-WFS-a"]),
    "get": ("WFS-a", lambda workspace: workspace.get("WFS-b"), [".active-WFS-a"]),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_in_a_root_that_rested_nothing_lists_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    active, act, markers = OPERATIONS[name]
    root = make_rested_root(tmp_path, active)
    workspace = wfsession.open(root)
    listed: list[str] = []
    real = Folder.list_names

    def list_names(self: Folder) -> list[str]:
        listed.append(self.path)
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "list_names", list_names)
        act(workspace)

    assert str(root) not in listed
    assert list_markers(root) == markers
    found = states(root)
    assert [name for name, state in found.items() if state == "active"] == [
        marker.removeprefix(".active-") for marker in markers
    ]


def test_one_session_is_read_as_it_is_listed(tmp_path: Path) -> None:
    root = make_rested_root(tmp_path)
    add_session(root, "completed/WFS-old", "completed")
    touch(root, "WFS-old")
    put_hint(settle(root), "WFS-a")
    workspace = wfsession.open(root)

    rows = workspace.snapshot().sessions

    assert len(rows) == 3
    assert [row for row in rows if row.problems] == [workspace.get("WFS-old")]
    assert [workspace.get(row.name) for row in rows] == list(rows)


@pytest.mark.parametrize("name", ["switch", "the first switch", "pause"])
def test_what_would_be_done_is_told_as_without_a_hint(tmp_path: Path, name: str) -> None:
    active, _, _ = OPERATIONS[name]
    root = make_rested_root(tmp_path, active)

    def tell() -> Event:
        if name == "pause":
            return pause(str(root), "WFS-a", dry_run=True)
        return switch(str(root), "WFS-b", dry_run=True)

    by_hint = tell()
    (root / ".wf" / "active").unlink()
    assert by_hint == tell()._replace(at=by_hint.at)


def _move(old: str, new: str) -> Act:
    return lambda root: (root / f".active-{old}").rename(root / f".active-{new}")


def _remove(name: str) -> Act:
    return lambda root: (root / f".active-{name}").unlink()


# What somebody does, and who may be active in the end, whenever it was done during a switch from
# WFS-a to WFS-b: as if it had been done before, or after.
BY_HAND: dict[str, tuple[Act, set[str | None]]] = {
    "touch another": (lambda root: touch(root, "WFS-c"), {"WFS-b", "WFS-c"}),
    "touch the one before": (lambda root: touch(root, "WFS-a"), {"WFS-a", "WFS-b"}),
    "touch the target": (lambda root: touch(root, "WFS-b"), {"WFS-b"}),
    "remove the marker": (_remove("WFS-a"), {"WFS-b"}),
    "remove the new marker": (_remove("WFS-b"), {"WFS-b", None}),
    "move the marker": (_move("WFS-a", "WFS-c"), {"WFS-b"}),
    "move the new marker": (_move("WFS-b", "WFS-c"), {"WFS-b", "WFS-c"}),
    "move the target away": (
        lambda root: (root / "WFS-b").rename(root.parent / "gone"),
        {"WFS-a", None},
    ),
}


@pytest.mark.parametrize("is_rested", [True, False])
@pytest.mark.parametrize("name", BY_HAND)
def test_what_somebody_does_meanwhile_is_as_if_it_were_done_before_or_after(
    tmp_path: Path, name: str, is_rested: bool, is_soak: bool
) -> None:
    act, expected = BY_HAND[name]
    # In the ordinary run before every other call, of which each act has others.
    step, at = (1, 0) if is_soak else (2, list(BY_HAND).index(name) % 2 - 1)

    def act_if_possible() -> None:
        with suppress(FileNotFoundError):
            act(root)

    calls = [""]
    while at <= len(calls):
        at += step
        root = make_rested_root(tmp_path / str(at))
        (root / "WFS-c").mkdir()
        settle(root)
        if is_rested:
            put_hint(root, "WFS-a")
        told = None
        with pytest.MonkeyPatch.context() as patch:
            calls = play_at(patch, at, act_if_possible)
            with suppress(WfError):
                told = wfsession.open(root).switch("WFS-b")
        if at > len(calls):
            break  # there was no such call, so that nobody acted
        settle(root)
        active = wfsession.open(root).snapshot().active
        assert active in expected or (told is None and active == "WFS-a"), (at, calls)
        if told is not None and os.path.isdir(root / "WFS-b"):
            assert told.name == "WFS-b"
            assert (get(root, "WFS-b").state == "active") == (active == "WFS-b"), (at, calls)


def act_after_the_rename(patch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let somebody act right after the marker became that of WFS-b."""
    real = Folder.replace

    def replace(self: Folder, name: str, new_name: str, *more: Any) -> None:
        real(self, name, new_name, *more)
        if new_name == ".active-WFS-b":
            act()

    patch.setattr(Folder, "replace", replace)


def test_a_target_that_goes_away_under_its_marker_is_told_and_the_one_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_rested_root(tmp_path)
    act_after_the_rename(monkeypatch, lambda: (root / "WFS-b").rename(tmp_path / "gone"))

    with pytest.raises(SessionNotFound):
        switch(str(root), "WFS-b")

    assert list_markers(root) == [".active-WFS-a"]


def test_a_marker_that_is_removed_again_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_rested_root(tmp_path)
    act_after_the_rename(monkeypatch, (root / ".active-WFS-b").unlink)

    event = switch(str(root), "WFS-b")

    assert event.notes == ("no session is active now: somebody removed the marker",)
    assert event.session.state == "paused"
