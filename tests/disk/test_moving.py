"""Moving directories: what may be in the way, and what must not be copied (protocol.md, 5)."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.hands import fail, play
from tests.trees_disk import (
    RECORD,
    add_session,
    list_files,
    list_leftovers,
    list_markers,
    make_root,
    photograph,
    read_json,
    states,
)
from wfsession.core.disk import Folder
from wfsession.core.locate import Place
from wfsession.core.markers import Listing
from wfsession.core.model import Session
from wfsession.core.operation import Operation
from wfsession.errors import CannotMove, DiskFailed, NameCollision, SessionNotFound, UnsafePath
from wfsession.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_root(tmp_path, "WFS-a", "WFS-b", active="WFS-a")
    add_session(root, "WFS-done", "completed")
    return root


@pytest.fixture
def workspace(root: Path) -> Workspace:
    workspace = wfsession.open(root)
    # The first write brings `.wf` and `.gitignore` along.
    workspace.pause("WFS-b")
    return workspace


def _archive(workspace: Workspace, verb: str) -> None:
    if verb == "archive":
        workspace.archive("WFS-done")
    else:
        workspace.complete("WFS-a", archive=True)


@pytest.mark.parametrize("verb", ["archive", "complete"])
@pytest.mark.parametrize("kind", ["symlink", "file", "broken symlink"])
def test_completed_that_is_no_directory_is_refused_and_nothing_is_done(
    root: Path, workspace: Workspace, tmp_path: Path, verb: str, kind: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    if kind == "file":
        (root / "completed").write_text("mine\n")
    else:
        (root / "completed").symlink_to(outside if kind == "symlink" else "nowhere")
    before = photograph(root, ".wf")

    with pytest.raises(UnsafePath, match="completed"):
        _archive(workspace, verb)

    assert photograph(root, ".wf") == before
    assert os.listdir(outside) == []


@pytest.mark.parametrize("verb", ["archive", "complete"])
@pytest.mark.parametrize("kind", ["empty", "full", "file", "symlink"])
def test_a_taken_name_in_completed_is_a_collision_and_nothing_is_done(
    root: Path, workspace: Workspace, verb: str, kind: str
) -> None:
    target = root / "completed" / ("WFS-done" if verb == "archive" else "WFS-a")
    target.parent.mkdir()
    if kind == "file":
        target.touch()
    elif kind == "symlink":
        target.symlink_to("nowhere")
    else:
        target.mkdir()
    if kind == "full":
        (target / "PLAN.md").touch()
    before = photograph(root, ".wf")

    with pytest.raises(NameCollision) as caught:
        _archive(workspace, verb)

    assert caught.value.path == str(target)
    assert photograph(root, ".wf") == before


@pytest.mark.parametrize("verb", ["archive", "complete"])
def test_a_name_in_completed_that_is_taken_meanwhile_leaves_the_session_where_it_is(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    name = "WFS-done" if verb == "archive" else "WFS-a"
    (root / "completed").mkdir()
    play(monkeypatch, "move", (root / "completed" / name).mkdir)

    with pytest.raises(NameCollision):
        _archive(workspace, verb)

    assert states(root)[name] == "completed"
    assert (root / name / "PLAN.md").exists()
    assert os.listdir(root / "completed" / name) == []


def test_completed_that_is_itself_a_session_can_be_archived_into(
    root: Path, workspace: Workspace
) -> None:
    add_session(root, "completed", "paused")

    workspace.archive("WFS-done")

    assert states(root)["completed/WFS-done"] == "archived"


def test_a_taken_name_in_the_root_is_a_collision_when_reopening(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.archive("WFS-done")
    play(monkeypatch, "move", (root / "WFS-done").mkdir)

    with pytest.raises(NameCollision):
        workspace.reopen("WFS-done")

    assert (root / "completed" / "WFS-done" / "PLAN.md").exists()
    assert list_markers(root) == [".active-WFS-a"]
    assert read_json(root / "WFS-a")["status"] == "active"


@pytest.mark.parametrize("verb", ["archive", "complete", "reopen", "rename", "create", "adopt"])
def test_nothing_is_copied_to_another_device(
    root: Path,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    verb: str,
) -> None:
    add_session(root, "completed/WFS-old", "completed")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "kept").write_bytes(b"kept\n")
    before = list_files(tmp_path)
    before_states = states(root)

    def refuse(*args: object, **options: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "rename", refuse)

    acts: dict[str, Callable[[], object]] = {
        "reopen": lambda: workspace.reopen("WFS-old"),
        "rename": lambda: workspace.rename("WFS-a", "WFS-z"),
        "create": lambda: workspace.create("new"),
        "adopt": lambda: workspace.create("new", adopt=tmp_path / "work"),
    }
    with pytest.raises(CannotMove, match="nothing was copied"):
        acts.get(verb, lambda: _archive(workspace, verb))()

    after = list_files(tmp_path)
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    if verb == "complete":
        # It is completed, and only the move failed.
        assert changed == {f".workflow/WFS-a/{RECORD}", ".workflow/.active-WFS-a"}
        before_states["WFS-a"] = "completed"
    else:
        assert changed == set()
    assert states(root) == before_states
    assert list_leftovers(root) == []


def test_any_other_refusal_of_a_move_is_a_failure_of_the_disk(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, errno.EROFS, "move")

    with pytest.raises(DiskFailed) as caught:
        workspace.archive("WFS-done")

    assert caught.value.errno == errno.EROFS
    assert caught.value.path == str(root / "WFS-done")


def test_a_directory_that_fills_up_meanwhile_is_a_collision(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, errno.ENOTEMPTY, "move")

    with pytest.raises(NameCollision):
        workspace.archive("WFS-done")


def test_both_sides_of_a_move_are_synced_the_destination_first(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    moved = play(monkeypatch, "move", lambda: None)
    real = Folder.sync

    def note(self: Folder) -> None:
        if moved:
            synced.append(self.path)
        real(self)

    monkeypatch.setattr(Folder, "sync", note)

    workspace.archive("WFS-done")

    assert synced[:2] == [str(root / "completed"), str(root)]
    # Then the record's own directory, in its new place.
    assert synced[2:] == [str(root / "completed" / "WFS-done")]


def test_a_marker_is_gone_for_good_before_its_session_is_archived(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for verb in ("unlink", "sync", "move"):
        real = getattr(Folder, verb)

        def note(self: Folder, *args: object, verb: str = verb, real: object = real) -> object:
            if self.path == str(root):
                calls.append(verb)
            assert callable(real)
            return real(self, *args)

        monkeypatch.setattr(Folder, verb, note)
    (root / ".active-WFS-done").touch()
    os.utime(root / ".active-WFS-done", (1, 1))

    workspace.archive("WFS-done")

    assert calls[:2] == ["unlink", "sync"]
    assert calls[-2:] == ["move", "sync"]


def test_a_directory_of_work_can_be_adopted_as_a_session(
    root: Path, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "kept").write_bytes(b"kept\n")

    session = workspace.create("taken over", adopt=tmp_path / "work")

    assert session.state == "active"
    assert sorted(os.listdir(session.path)) == ["kept", RECORD]
    assert not (tmp_path / "work").exists()


def test_a_dry_adoption_touches_nothing(root: Path, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    before = photograph(tmp_path)

    session = workspace.create("taken over", adopt=tmp_path / "work", dry_run=True)

    assert session.name == "WFS-taken-over"
    assert photograph(tmp_path) == before


@pytest.mark.parametrize(
    "what",
    [
        "/",
        ".",
        ".workflow",
        ".workflow/.wf",
        ".workflow/.wf/tmp",
        ".workflow/.attic",
        ".workflow/completed",
        ".workflow/WFS-b",
        "link",
        "file",
    ],
)
def test_what_cannot_become_a_session_is_not_adopted(
    root: Path, workspace: Workspace, tmp_path: Path, what: str
) -> None:
    (root / "completed").mkdir()
    (root / ".attic").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").touch()
    before = photograph(tmp_path)
    del before[".workflow/.wf/lock"]

    with pytest.raises(UnsafePath):
        workspace.create("x", adopt=tmp_path / what)

    after = photograph(tmp_path)
    del after[".workflow/.wf/lock"]
    assert after == before


def test_adopting_what_is_not_there_names_it(workspace: Workspace, tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path / "nothing" / "below"):
        with pytest.raises(DiskFailed) as caught:
            workspace.create("x", adopt=path)
        assert "nothing" in caught.value.path


def test_what_is_adopted_and_goes_away_meanwhile_names_it(
    root: Path, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    play(monkeypatch, "move", lambda: (tmp_path / "work").rename(tmp_path / "away"))

    with pytest.raises(DiskFailed) as caught:
        workspace.create("x", adopt=tmp_path / "work")

    assert caught.value.errno == errno.ENOENT
    assert "WFS-x" not in states(root)


def test_a_file_is_never_moved_over_another(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").mkdir()
    with Folder.open(str(tmp_path)) as folder:
        with pytest.raises(FileExistsError):
            folder.move("a", "b")
        folder.move("a", "c")
    assert sorted(os.listdir(tmp_path)) == ["b", "c"]


def test_a_session_that_goes_away_after_it_was_read_is_not_found(
    root: Path, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Operation.read

    def read_and_lose(self: Operation, place: Place, listing: Listing) -> Session:
        session = read(self, place, listing)
        (root / place.dirname).rename(tmp_path / "elsewhere")
        return session

    monkeypatch.setattr(Operation, "read", read_and_lose)
    with pytest.raises(SessionNotFound, match="WFS-b"):
        workspace.switch("WFS-b")
    assert list_markers(root) == [".active-WFS-a"]
