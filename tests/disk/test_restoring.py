"""Bringing things back from the attic: to their places, and nowhere else."""

import errno
import json
import os
from pathlib import Path

import pytest

from tests.boxes import BOX, LATER, RECORD_B, add_box, add_session_box, make_written_root
from tests.hands import fail, play
from tests.trees_disk import (
    check_sound,
    list_markers,
    mark,
    photograph,
    states,
    write_old,
)
from wfsession.core import disk
from wfsession.core.lock import Lock
from wfsession.core.model import Step
from wfsession.errors import (
    CannotMove,
    CannotUndo,
    DiskFailed,
    LockTimeout,
    NameCollision,
    NotInAttic,
    UnsafePath,
)
from wfsession.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_written_root(tmp_path)


def test_what_was_set_aside_comes_back_and_its_box_goes(root: Path, workspace: Workspace) -> None:
    box = add_box(root, BOX, b"kept\n", **{"from": ".active-x~"})
    os.utime(box / "item", ns=(1, 1))

    done = workspace.restore(BOX)

    assert (done.name, done.path, done.replaced) == (BOX, str(root / ".active-x~"), "")
    assert (root / ".active-x~").read_bytes() == b"kept\n"
    assert (root / ".active-x~").stat().st_mtime_ns == 1
    assert os.listdir(root / ".attic") == []


def test_a_file_in_the_place_is_set_aside_so_that_bringing_back_can_be_taken_back(
    root: Path, workspace: Workspace
) -> None:
    before = (root / RECORD_B).read_bytes()
    add_box(root, BOX, b"{", **{"from": RECORD_B})

    there = workspace.restore(BOX)

    assert (root / RECORD_B).read_bytes() == b"{"
    (box,) = workspace.attic()
    assert (box.path, box.origin, box.what) == (there.replaced, RECORD_B, "replaced")
    assert box.reason == f"{BOX} was brought back to this place"
    back = workspace.restore(box.name)
    assert (root / RECORD_B).read_bytes() == before
    assert Path(back.replaced, "item").read_bytes() == b"{"


def test_a_corrupt_record_that_comes_back_is_found_again(root: Path, workspace: Workspace) -> None:
    write_old(root / RECORD_B, b'{"project": "Kept", "status": "pau')
    workspace.heal()
    assert workspace.diagnose() == ()

    workspace.restore(workspace.attic()[0].name)

    write_old(root / RECORD_B, (root / RECORD_B).read_bytes())
    assert [one.id for one in workspace.diagnose()] == ["record-corrupt"]


@pytest.mark.parametrize("marker", [b"", b"bytes"])
def test_a_session_comes_back_paused_whatever_marker_waits_for_it(
    root: Path, workspace: Workspace, marker: bytes
) -> None:
    add_session_box(root, BOX)
    mark(root, "WFS-new", age_s=0, data=marker)

    done = workspace.restore(BOX)

    assert done.path == str(root / "WFS-new")
    assert states(root)["WFS-new"] == "paused"
    assert list_markers(root) == [".active-WFS-a"]
    assert (root / "WFS-new" / ".task" / "t.json").is_file()
    assert [box.what for box in workspace.attic()] == (["marker"] if marker else [])


def test_a_creation_that_was_undone_comes_back_paused(root: Path, workspace: Workspace) -> None:
    workspace.create("new")
    workspace.undo()
    assert "WFS-new" not in states(root)
    (box,) = workspace.attic()
    assert (box.what, box.origin, box.kind) == ("undone", "WFS-new", "directory")

    workspace.restore(box.name)

    assert states(root)["WFS-new"] == "paused"
    assert states(root)["WFS-a"] == "active"
    # It is not where the undoing left it.
    with pytest.raises(CannotUndo):
        workspace.undo()


def test_a_session_comes_back_in_place_of_a_file_of_its_name(
    root: Path, workspace: Workspace
) -> None:
    add_session_box(root, BOX)
    (root / "WFS-new").write_bytes(b"kept\n")

    done = workspace.restore(BOX)

    assert states(root)["WFS-new"] == "paused"
    assert Path(done.replaced, "item").read_bytes() == b"kept\n"


def test_a_file_that_comes_back_to_the_root_is_no_session_and_touches_no_marker(
    root: Path, workspace: Workspace
) -> None:
    add_box(root, BOX, b"kept\n", **{"from": "WFS-gone"})
    mark(root, "WFS-gone")

    workspace.restore(BOX)

    assert list_markers(root) == [".active-WFS-a", ".active-WFS-gone"]


@pytest.mark.parametrize("twin", ["completed/WFS-new", "wfs-NEW", "WFS-new"])
def test_a_session_whose_name_is_taken_stays_in_the_attic(
    root: Path, workspace: Workspace, twin: str
) -> None:
    box = add_session_box(root, BOX)
    (root / twin).mkdir(parents=True)
    before = photograph(root, ".wf")

    with pytest.raises(NameCollision) as caught:
        workspace.restore(BOX)

    assert f"mv {box}/item" in caught.value.hint
    assert photograph(root, ".wf") == before


@pytest.mark.parametrize("kind", ["directory", "link", "fifo"])
def test_what_is_no_file_is_not_pushed_aside(root: Path, workspace: Workspace, kind: str) -> None:
    add_box(root, BOX, b"x", **{"from": "WFS-b/notes"})
    place = root / "WFS-b" / "notes"
    if kind == "directory":
        place.mkdir()
    elif kind == "link":
        place.symlink_to("nowhere")
    else:
        os.mkfifo(place)
    before = photograph(root, ".wf")

    with pytest.raises(NameCollision, match="notes"):
        workspace.restore(BOX)

    assert photograph(root, ".wf") == before


@pytest.mark.parametrize("origin", ["../out", "/tmp/out", "a/../../out", ".wf/lock", ".ATTIC/x"])
def test_a_note_that_leads_elsewhere_is_refused_and_nothing_is_done(
    root: Path, workspace: Workspace, tmp_path: Path, origin: str
) -> None:
    box = add_box(root, BOX, b"x", **{"from": origin})
    before = photograph(root, ".wf")

    with pytest.raises(UnsafePath) as caught:
        workspace.restore(BOX)

    assert caught.value.path == str(box / "note.json")
    assert repr(origin) in str(caught.value)
    assert caught.value.hint == f"mv {box}/item WHERE"
    assert photograph(root, ".wf") == before
    assert os.listdir(tmp_path) == [".workflow"]


@pytest.mark.parametrize("kind", ["missing", "link", "file"])
def test_a_place_whose_directory_is_none_is_refused(
    root: Path, workspace: Workspace, tmp_path: Path, kind: str
) -> None:
    box = add_box(root, BOX, b"x", **{"from": "WFS-gone/deep/file"})
    (root / "WFS-gone").mkdir()
    (tmp_path / "outside").mkdir()
    if kind == "link":
        (root / "WFS-gone" / "deep").symlink_to(tmp_path / "outside")
    elif kind == "file":
        (root / "WFS-gone" / "deep").touch()

    with pytest.raises(UnsafePath, match="WFS-gone/deep"):
        workspace.restore(BOX)

    assert (box / "item").read_bytes() == b"x"
    assert os.listdir(tmp_path / "outside") == []


def test_a_name_that_is_no_text_comes_back_to_the_byte(root: Path, workspace: Workspace) -> None:
    name = ".active-WFS-\udcff~"
    (root / name).write_bytes(b"kept\n")
    workspace.heal()
    assert not (root / name).exists()
    (box,) = workspace.attic()
    assert json.loads(Path(box.path, "note.json").read_bytes())["from"] == ".active-WFS-\\xff~"

    workspace.restore(box.name)

    assert (root / name).read_bytes() == b"kept\n"


UP = "20250905-100000-/../../boxes/20250905-100000-record-0a1b2c"


@pytest.mark.parametrize(
    "name", ["nothing", BOX, "../WFS-a", "", ".", "0a1b2d", "mine", f"{BOX}\n", "a\0b", UP]
)
def test_a_box_that_is_not_there_is_told(root: Path, workspace: Workspace, name: str) -> None:
    add_box(root, LATER, b"x", **{"from": "x"})
    add_box(root, "mine", b"x", **{"from": "x"})
    add_box(root, f"../boxes/{BOX}", b"x", **{"from": "x"})
    (root / ".attic" / "20250905-100000-").mkdir()
    with pytest.raises(NotInAttic, match=r"no box .* is in .*\.workflow/\.attic"):
        workspace.restore(name)
    assert not (root / "x").exists()


def test_a_box_with_nothing_in_it_is_told(root: Path, workspace: Workspace) -> None:
    add_box(root, BOX, None, **{"from": "x"})
    with pytest.raises(NotInAttic, match="is empty"):
        workspace.restore(BOX)


def test_nothing_is_copied_to_another_device_and_what_stood_there_stands_there_again(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (root / RECORD_B).read_bytes()
    add_box(root, BOX, b"{", **{"from": RECORD_B})
    with monkeypatch.context() as patch:
        fail(patch, errno.EXDEV, "move", at=2, times=1)
        with pytest.raises(CannotMove, match="different devices"):
            workspace.restore(BOX)

    assert (root / RECORD_B).read_bytes() == before
    assert [box.name for box in workspace.attic()] == [BOX]
    assert list((root / ".attic").rglob("item")) == [root / ".attic" / BOX / "item"]


def test_what_cannot_be_put_again_stays_in_the_attic_and_the_first_error_is_told(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (root / RECORD_B).read_bytes()
    add_box(root, BOX, b"{", **{"from": RECORD_B})
    with monkeypatch.context() as patch:
        # Each later move of the call fails, and so does the one that would take it back.
        fail(patch, errno.EXDEV, "move", at=2)
        with pytest.raises(CannotMove, match=BOX):
            workspace.restore(BOX)

    assert {Path(box.path, "item").read_bytes() for box in workspace.attic()} == {before, b"{"}


def test_a_box_that_cannot_be_taken_away_is_left_empty_and_the_item_is_back(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_box(root, BOX, b"kept\n", **{"from": "WFS-b/notes"})
    with monkeypatch.context() as patch:
        fail(patch, errno.EROFS, "remove")
        workspace.restore(BOX)

    assert (root / "WFS-b" / "notes").read_bytes() == b"kept\n"
    assert [box.kind for box in workspace.attic()] == ["missing"]
    assert workspace.empty_attic(apply=True).applied
    assert workspace.attic() == ()


def test_what_somebody_put_beside_an_item_stays_there(root: Path, workspace: Workspace) -> None:
    box = add_box(root, BOX, b"kept\n", **{"from": "WFS-b/notes"})
    (box / "mine").write_text("mine")
    workspace.restore(BOX)
    assert os.listdir(box) == ["mine"]


def test_a_file_that_appears_at_the_last_moment_is_not_overwritten(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = add_box(root, BOX, b"old", **{"from": "WFS-b/notes"})
    place = root / "WFS-b" / "notes"
    play(monkeypatch, "move", lambda: place.write_text("new"))

    with pytest.raises(NameCollision):
        workspace.restore(BOX)

    assert place.read_text() == "new"
    assert (box / "item").read_bytes() == b"old"


def test_a_file_that_goes_away_before_it_is_set_aside_is_replaced_by_nothing(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_box(root, BOX, b"old", **{"from": RECORD_B})
    play(monkeypatch, "move", (root / RECORD_B).unlink)

    assert workspace.restore(BOX).replaced == ""
    assert (root / RECORD_B).read_bytes() == b"old"
    assert os.listdir(root / ".attic") == []


def test_an_item_that_goes_away_meanwhile_is_told(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = add_box(root, BOX, b"old", **{"from": "WFS-b/notes"})
    play(monkeypatch, "move", (box / "item").unlink)

    with pytest.raises(DiskFailed) as caught:
        workspace.restore(BOX)

    assert (caught.value.path, caught.value.errno) == (str(box / "item"), errno.ENOENT)


def test_nothing_leaves_the_attic_without_the_lock(root: Path, workspace: Workspace) -> None:
    add_box(root, BOX, b"old", **{"from": "WFS-b/notes"})
    workspace.timeout_s = 0
    with disk.Folder.open(str(root)) as folder:
        lock = Lock(folder, ".wf", "lock")
        lock.acquire(0)
        with pytest.raises(LockTimeout):
            workspace.restore(BOX)
        with pytest.raises(LockTimeout):
            workspace.empty_attic(apply=True)
        lock.release()
    assert [box.kind for box in workspace.attic()] == ["file"]


def test_a_lock_that_is_lost_on_the_way_is_taken_again(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_box(root, BOX, b"old", **{"from": RECORD_B})
    play(monkeypatch, "move", (root / ".wf" / "lock").unlink, after=True)

    assert workspace.restore(BOX).replaced

    assert (root / RECORD_B).read_bytes() == b"old"
    assert (root / ".wf" / "lock").exists()


@pytest.mark.parametrize("has_descriptors", [True, False])
@pytest.mark.parametrize("origin", [RECORD_B, "WFS-b/notes", "WFS-new"])
def test_a_dry_run_tells_the_steps_that_are_done_and_leaves_every_byte(
    root: Path,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    origin: str,
    has_descriptors: bool,
) -> None:
    monkeypatch.setattr(disk, "_HAS_DESCRIPTORS", has_descriptors)
    if origin == "WFS-new":
        add_session_box(root, BOX)
        mark(root, "WFS-new")
    else:
        add_box(root, BOX, b"x", **{"from": origin})
    before = photograph(root)

    foretold = workspace.restore(BOX, dry_run=True)

    assert photograph(root) == before
    done = workspace.restore(BOX)
    assert foretold.steps == done.steps
    assert foretold.steps[-1] == Step("move", f".attic/{BOX}/item", origin)
    assert (foretold.path, foretold.replaced) == (done.path, "")
    if origin != RECORD_B:
        check_sound(root)


def test_both_sides_are_synced_the_place_first(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_box(root, BOX, b"x", **{"from": "WFS-b/notes"})
    synced: list[str] = []
    monkeypatch.setattr(
        disk.Folder, "sync", lambda folder: synced.append(os.path.relpath(folder.path, root))
    )
    workspace.restore(BOX)

    assert synced == ["WFS-b", f".attic/{BOX}", ".attic"]
