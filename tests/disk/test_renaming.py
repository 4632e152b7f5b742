"""Renaming, and what stands in its way."""

from pathlib import Path

import pytest

from tests.trees_disk import USUAL_STATES, get, list_markers, mark, read_json, states
from wfsession.core.model import Event
from wfsession.errors import InvalidName, NameCollision, SessionArchived, SessionNotFound
from wfsession.workspace import Workspace


@pytest.mark.parametrize("name", ["WFS-a", "WFS-b", "WFS-done"])
def test_renaming_moves_the_directory_and_keeps_who_is_active(
    root: Path, workspace: Workspace, events: list[Event], name: str
) -> None:
    session = workspace.rename(name, "WFS-new")

    expected = {**USUAL_STATES, "WFS-new": USUAL_STATES[name]}
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

    assert states(root) == USUAL_STATES
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
    assert states(root) == USUAL_STATES
