"""Letting go of what lies in the attic: only that, all of it, and nothing that it leads to."""

import errno
import os
from pathlib import Path

import pytest

import wfsession
from tests.boxes import BOX, LATER, add_box
from tests.hands import fail, play
from tests.trees_disk import make_usual_root, photograph, settle
from wfsession.core import disk
from wfsession.errors import DiskFailed, NotInAttic, UnsafePath
from wfsession.workspace import Workspace

LAST = "20250907-100000-created-0a1b2e"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with a file, a symlink and a tree in its attic, and things that are no box."""
    root = make_usual_root(tmp_path)
    add_box(root, BOX, b"12345", **{"from": "x"})
    (add_box(root, LATER, None, **{"from": "y"}) / "item").symlink_to(root / "WFS-b")
    tree = add_box(root, LAST, None, **{"from": "WFS-new"}) / "item"
    (tree / "a" / "b" / "c").mkdir(parents=True)
    (tree / "a" / "b" / "c" / "f").write_bytes(b"123")
    (tree / "a" / "b" / "out").symlink_to(root / "WFS-b")
    (tree / "a" / "empty").mkdir()
    os.mkfifo(tree / "a" / "fifo")
    (tree / "note.json").write_bytes(b"1")
    (root / ".attic" / "README").write_text("somebody's")
    (root / ".attic" / "mine").mkdir()
    # The first write makes what is private.
    wfsession.open(root).switch("WFS-a")
    return settle(root)


def list_attic(root: Path) -> set[str]:
    return set(os.listdir(root / ".attic"))


@pytest.mark.parametrize("names", [None, {BOX}, {BOX, LAST}, set()])
def test_nothing_is_deleted_unless_it_is_said_to_be(
    root: Path, workspace: Workspace, names: set[str] | None
) -> None:
    before = photograph(root)

    told = workspace.empty_attic(names)

    assert photograph(root) == before
    assert not told.applied
    assert {box.name for box in told.boxes} == ({BOX, LATER, LAST} if names is None else names)


@pytest.mark.parametrize("has_descriptors", [True, False])
def test_all_boxes_go_and_nothing_else_does(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, has_descriptors: bool
) -> None:
    monkeypatch.setattr(disk, "_HAS_DESCRIPTORS", has_descriptors)
    before = photograph(root, ".wf", ".attic")

    done = workspace.empty_attic(apply=True)

    assert done.applied
    assert [box.name for box in done.boxes] == [LAST, LATER, BOX]
    assert done.size_bytes == 5 + 3 + 1
    assert list_attic(root) == {"README", "mine"}
    settle(root)
    assert photograph(root, ".wf", ".attic") == before


def test_only_the_boxes_that_are_named_go(root: Path, workspace: Workspace) -> None:
    assert [box.name for box in workspace.empty_attic([BOX, BOX], apply=True).boxes] == [BOX]
    assert list_attic(root) == {LATER, LAST, "README", "mine"}
    assert workspace.empty_attic([], apply=True).boxes == ()
    assert list_attic(root) == {LATER, LAST, "README", "mine"}


@pytest.mark.parametrize("name", ["README", "mine", "../WFS-b", "0a1b2c", ""])
def test_with_a_name_that_is_no_boxs_nothing_is_deleted(
    root: Path, workspace: Workspace, name: str
) -> None:
    before = photograph(root, ".wf")
    for apply in (False, True):
        with pytest.raises(NotInAttic):
            workspace.empty_attic([BOX, name], apply=apply)
    assert photograph(root, ".wf") == before


def test_an_attic_that_is_not_there_is_empty_already(tmp_path: Path) -> None:
    workspace = wfsession.open(make_usual_root(tmp_path / "other"))
    assert workspace.empty_attic(apply=True).boxes == ()
    assert not (tmp_path / "other" / ".workflow" / ".attic").exists()


def test_a_tree_of_any_depth_is_deleted(root: Path, workspace: Workspace) -> None:
    descriptor = os.open(root / ".attic" / LAST / "item", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)

    workspace.empty_attic(apply=True)

    assert list_attic(root) == {"README", "mine"}


def test_a_symlink_that_takes_the_place_of_a_directory_is_not_followed(
    root: Path, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = root / ".attic" / LAST / "item"

    def swap() -> None:
        item.rename(tmp_path / "away")
        item.symlink_to(root / "WFS-b")

    before = photograph(root / "WFS-b")
    played: list[list[int]] = []

    def swap_next() -> None:
        played.append(play(monkeypatch, "child", swap, name="item"))

    # Once the note is gone, the next thing to be opened is the item.
    play(monkeypatch, "unlink", swap_next, name="note.json")
    with pytest.raises(UnsafePath, match="item is no directory"):
        workspace.empty_attic([LAST], apply=True)

    assert played == [[1]]
    assert photograph(root / "WFS-b") == before


def test_what_is_mounted_in_a_tree_and_so_cannot_be_moved_is_not_entered(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, errno.EBUSY, "move", name="b")

    with pytest.raises(DiskFailed) as caught:
        workspace.empty_attic([LAST], apply=True)

    assert caught.value.errno == errno.EBUSY
    (kept,) = (root / ".attic" / LAST).rglob("b")
    assert (kept / "c" / "f").read_bytes() == b"123"


def test_a_box_that_is_made_meanwhile_stays(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = "20250908-100000-record-0a1b2f"
    played = play(monkeypatch, "unlink", lambda: add_box(root, late, b"new"))

    workspace.empty_attic(apply=True)

    assert played
    assert [box.name for box in workspace.attic()] == [late]


def test_a_box_that_somebody_else_deletes_meanwhile_is_not_counted(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def delete() -> None:
        for name in ("item", "note.json"):
            (root / ".attic" / LATER / name).unlink()
        (root / ".attic" / LATER).rmdir()

    play(monkeypatch, "unlink", delete)

    done = workspace.empty_attic(apply=True)

    assert [box.name for box in done.boxes] == [LAST, BOX]
    assert list_attic(root) == {"README", "mine"}


def test_a_box_that_cannot_be_deleted_keeps_none_of_the_others(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail(patch, errno.EACCES, "remove", name=LAST)
        fail(patch, errno.EIO, "remove", name=LATER)
        with pytest.raises(DiskFailed) as caught:
            workspace.empty_attic(apply=True)

    assert caught.value.errno == errno.EACCES
    assert caught.value.path == str(root / ".attic" / LAST)
    assert list_attic(root) == {LAST, LATER, "README", "mine"}
    workspace.empty_attic(apply=True)
    assert list_attic(root) == {"README", "mine"}


def test_what_is_left_of_a_box_has_its_size_and_no_way_back(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail(patch, errno.EIO, "unlink", name="f")
        with pytest.raises(DiskFailed):
            workspace.empty_attic([LAST], apply=True)

    (left,) = (box for box in workspace.attic() if box.name == LAST)
    assert (left.kind, left.size_bytes, left.origin) == ("missing", 3, "")
    with pytest.raises(NotInAttic):
        workspace.restore(LAST)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_note_is_gone_for_good_before_anything_else_and_the_attic_is_synced_at_the_end(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, is_reversed: bool
) -> None:
    list_names = disk.Folder.list_names
    # Whichever order the system lists them in.
    monkeypatch.setattr(
        disk.Folder, "list_names", lambda self: sorted(list_names(self), reverse=is_reversed)
    )
    calls: list[tuple[str, str]] = []
    unlink = disk.Folder.unlink

    def note_unlink(self: disk.Folder, name: str) -> None:
        calls.append(("unlink", os.path.relpath(self.join(name), root / ".attic")))
        unlink(self, name)

    monkeypatch.setattr(disk.Folder, "unlink", note_unlink)
    monkeypatch.setattr(
        disk.Folder,
        "sync",
        lambda self: calls.append(("sync", os.path.relpath(self.path, root / ".attic"))),
    )

    workspace.empty_attic([BOX], apply=True)

    assert calls == [
        ("unlink", f"{BOX}/note.json"),
        ("sync", BOX),
        ("unlink", f"{BOX}/item"),
        ("sync", "."),
    ]


def test_the_lock_is_held_for_each_box(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "unlink", (root / ".wf" / "lock").unlink)
    workspace.empty_attic(apply=True)
    assert (root / ".wf" / "lock").exists()
    assert list_attic(root) == {"README", "mine"}
