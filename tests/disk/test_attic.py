"""The attic on the disk: what is listed, whatever notes say and people put there."""

import errno
from pathlib import Path

import pytest

from tests.boxes import BOX, LATER, RECORD_B, add_box, add_session_box, make_written_root
from tests.hands import fail, play
from tests.trees_disk import mark, write_old
from wfsession.core.times import now
from wfsession.errors import (
    UnsafePath,
)
from wfsession.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_written_root(tmp_path)


def test_an_attic_that_is_not_there_is_empty(workspace: Workspace) -> None:
    assert workspace.attic() == ()


def test_boxes_are_listed_with_what_their_notes_say_the_newest_first(
    root: Path, workspace: Workspace
) -> None:
    old = add_box(root, BOX, b"12345", **{"from": RECORD_B, "reason": "why"})
    add_box(root, LATER, b"", **{"from": ".active-x~", "at": "2025-09-06T11:00:00Z"})

    later, box = workspace.attic()

    assert (later.name, later.at.isoformat()) == (LATER, "2025-09-06T11:00:00+00:00")
    assert (box.name, box.path, box.at.isoformat()) == (BOX, str(old), "2025-09-05T10:00:00+00:00")
    assert (box.origin, box.reason, box.kind, box.size_bytes) == (RECORD_B, "why", "file", 5)


@pytest.mark.parametrize("note", [b"", b"{", b"[1]", b'{"at": 5, "from": []}', None])
def test_a_box_without_a_usable_note_is_listed_with_the_time_in_its_name(
    root: Path, workspace: Workspace, note: bytes | None
) -> None:
    path = add_box(root, BOX, b"x") / "note.json"
    path.unlink()
    if note is not None:
        path.write_bytes(note)

    (box,) = workspace.attic()

    assert (box.at.isoformat(), box.origin, box.reason) == ("2025-09-05T10:00:00+00:00", "", "")
    with pytest.raises(UnsafePath, match="does not say where it came from"):
        workspace.restore(BOX)


def test_a_box_is_one_whatever_word_says_what_is_in_it(root: Path, workspace: Workspace) -> None:
    name = "20250905-100000-Undo_2.x-0a1b2c"
    add_box(root, name, b"x")
    (box,) = workspace.attic()
    assert (box.name, box.what) == (name, "Undo_2.x")


@pytest.mark.parametrize("kind", ["link", "directory", "large"])
def test_a_note_that_is_no_small_file_is_not_read(
    root: Path, workspace: Workspace, tmp_path: Path, kind: str
) -> None:
    path = add_box(root, BOX, b"x") / "note.json"
    path.unlink()
    (tmp_path / "secret").write_text('{"from": "secret"}')
    if kind == "link":
        path.symlink_to(tmp_path / "secret")
    elif kind == "directory":
        path.mkdir()
    else:
        path.write_text('{"from": "secret"' + " " * 70_000 + "}")

    assert [box.origin for box in workspace.attic()] == [""]


def test_what_is_no_box_is_left_out(root: Path, workspace: Workspace) -> None:
    add_box(root, BOX, b"x")
    attic = root / ".attic"
    (attic / "README").write_text("somebody's")
    (attic / "mine").mkdir()
    (attic / "20250905-100000-my-own").mkdir()
    (attic / "20251305-100000-record-0a1b2c").mkdir()
    (attic / "20250905-100000-a-file-0a1b2c").write_text("x")
    (attic / "20250905-100000-a-link-0a1b2c").symlink_to(attic / BOX)

    assert [box.name for box in workspace.attic()] == [BOX]


def test_a_directory_has_the_size_of_the_files_in_it_a_hundred_directories_deep(
    root: Path, workspace: Workspace, tmp_path: Path
) -> None:
    box = add_session_box(root, BOX)
    write_old(tmp_path / "outside", b"x" * 1000)
    (box / "item" / "link").symlink_to(tmp_path / "outside")
    folder = box / "item"
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    expected = sum(path.stat().st_size for path in files)
    for _ in range(150):
        folder /= "d"
        folder.mkdir()
        (folder / "f").write_bytes(b"xy")

    (found,) = workspace.attic()

    assert (found.kind, found.size_bytes) == ("directory", expected + 200)


def test_kinds_other_than_files_and_directories_are_told(root: Path, workspace: Workspace) -> None:
    (add_box(root, BOX, None) / "item").symlink_to("nowhere")
    add_box(root, LATER, None)

    assert {box.name: box.kind for box in workspace.attic()} == {BOX: "other", LATER: "missing"}


def test_a_box_that_is_closed_to_us_is_listed_by_its_name(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_box(root, BOX, b"x", **{"from": RECORD_B})
    fail(monkeypatch, errno.EACCES, "child", name=BOX)

    (box,) = workspace.attic()

    assert (box.name, box.kind, box.origin, box.size_bytes) == (BOX, "other", "", 0)


def test_what_goes_away_while_it_is_measured_has_no_size(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = add_session_box(root, BOX)
    task = box / "item" / ".task"
    play(monkeypatch, "child", lambda: task.rename(root.parent / "away"), name=".task")

    (found,) = workspace.attic()

    assert found.size_bytes == sum(path.stat().st_size for path in (box / "item").iterdir())


def test_an_attic_that_is_a_symlink_is_not_read(
    root: Path, workspace: Workspace, tmp_path: Path
) -> None:
    (root / ".attic").symlink_to(tmp_path)
    for call in (workspace.attic, lambda: workspace.restore(BOX), workspace.empty_attic):
        with pytest.raises(UnsafePath, match=r"\.attic"):
            call()


def test_a_box_that_was_made_just_now_is_dated_in_this_day(
    root: Path, workspace: Workspace
) -> None:
    mark(root, "WFS-gone", data=b"x")
    workspace.heal()
    (box,) = workspace.attic()
    assert abs((now() - box.at).total_seconds()) < 3600
    assert box.what == "marker"
