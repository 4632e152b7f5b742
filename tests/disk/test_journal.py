"""The journal on the disk: private, bounded, deletable, and in nobody's way."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.hands import fail, play
from tests.trees_disk import (
    RECORD,
    list_leftovers,
    list_markers,
    read_json,
    settle,
)
from wfsession.core import journal
from wfsession.core.disk import Folder
from wfsession.errors import CannotMove, DiskFailed, SessionNotFound, UnsafePath
from wfsession.workspace import Workspace


def list_ops(workspace: Workspace) -> list[tuple[str, str]]:
    return [(entry.op, entry.state) for entry in workspace.log()]


def test_each_operation_is_told_once_and_the_oldest_first(workspace: Workspace) -> None:
    workspace.create("new")
    workspace.switch("WFS-b")
    workspace.resume("WFS-c")
    workspace.pause()
    workspace.next_phase("WFS-b")
    workspace.complete("WFS-b", archive=True)
    workspace.archive("WFS-done")
    workspace.reopen("WFS-done")
    workspace.rename("WFS-done", "WFS-again")
    workspace.undo()

    assert list_ops(workspace) == [
        (op, "done")
        for op in (
            "created switched resumed paused changed completed archived reopened renamed undone"
        ).split()
    ]


def test_an_entry_says_what_was_and_what_is(workspace: Workspace) -> None:
    workspace.complete(archive=True)

    (entry,) = workspace.log()
    assert (entry.session, entry.active) == ("WFS-a", ("WFS-a", None))
    assert entry.moves == (("WFS-a", "completed/WFS-a"),)
    changed = {change.path[-1]: (change.before, change.after) for change in entry.changes}
    assert changed["status"] == ("active", "completed")
    assert {"completed_at", "archived_at", "updated"} < set(changed)
    assert {change.directory for change in entry.changes} == {"completed/WFS-a"}


def test_a_repair_is_no_operation(workspace: Workspace, root: Path) -> None:
    (root / ".active-WFS-gone").touch()
    workspace.heal()

    assert workspace.log() == ()


def test_the_log_of_a_session_has_what_concerns_it_under_each_of_its_names(
    workspace: Workspace,
) -> None:
    workspace.switch("WFS-b")
    workspace.switch("WFS-c")
    workspace.update("WFS-done", {"x": 1})
    workspace.rename("WFS-b", "WFS-z")
    workspace.archive("WFS-done")

    def ops(name: str) -> list[str]:
        return [entry.op for entry in workspace.log(name)]

    assert ops("WFS-b") == ops("WFS-z") == ["switched", "switched", "renamed"]
    assert ops("WFS-a") == ["switched"]
    assert ops("WFS-done") == ["changed", "archived"]
    assert ops("WFS-old") == []
    with pytest.raises(SessionNotFound):
        ops("WFS-nobody")


def test_the_log_remembers_a_session_that_is_gone(workspace: Workspace) -> None:
    workspace.create("new")
    workspace.undo()

    assert [entry.op for entry in workspace.log("WFS-new")] == ["created", "undone"]


def test_a_torn_last_line_is_skipped_and_the_next_one_starts_anew(
    workspace: Workspace, root: Path
) -> None:
    workspace.switch("WFS-b")
    path = root / ".wf" / journal.JOURNAL
    path.write_bytes(path.read_bytes()[:-20])

    workspace.switch("WFS-c")

    assert list_ops(workspace) == [("switched", "unfinished"), ("switched", "done")]


def test_it_is_bounded_and_keeps_the_newest(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LIMIT_BYTES", 4_000)
    for number in range(40):
        workspace.update("WFS-b", {"x": number})
        assert (root / ".wf" / journal.JOURNAL).stat().st_size < 6_000

    assert [entry.changes[0].after for entry in workspace.log()][-3:] == [37, 38, 39]
    assert {entry.state for entry in workspace.log()} == {"done"}
    assert list_leftovers(root) == []


def test_one_that_was_replaced_by_a_mountain_keeps_nobody_from_working(
    workspace: Workspace, root: Path
) -> None:
    workspace.switch("WFS-b")
    path = root / ".wf" / journal.JOURNAL
    os.truncate(path, 17_000_000)

    notes: list[str] = []
    workspace.listen(lambda event: notes.extend(event.notes))
    workspace.switch("WFS-c")

    assert list_markers(root) == [".active-WFS-c"]
    assert len(notes) == 1
    assert "17,000,000 bytes" in notes[0]


def make_directory(path: Path) -> None:
    path.mkdir()


def make_link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "theirs")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [make_directory, make_link, make_pipe])
def test_what_is_no_regular_file_is_left_alone_and_said(
    workspace: Workspace, root: Path, make: Callable[[Path], None]
) -> None:
    workspace.switch("WFS-b")
    path = root / ".wf" / journal.JOURNAL
    path.unlink()
    make(path)
    kind = stat.S_IFMT(path.lstat().st_mode)
    notes: list[str] = []
    workspace.listen(lambda event: notes.extend(event.notes))

    workspace.switch("WFS-c")

    assert list_markers(root) == [".active-WFS-c"]
    assert stat.S_IFMT(path.lstat().st_mode) == kind
    assert not (root / "theirs").exists()
    assert len(notes) == 1
    assert notes[0].startswith("the journal could not be written: ")
    with pytest.raises(UnsafePath):
        workspace.log()
    # The doctor does without.
    assert workspace.diagnose() == ()


def test_a_full_disk_fails_where_nothing_has_happened(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, errno.ENOSPC, "append")

    with pytest.raises(wfsession.WfError, match="No space left"):
        workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-a"]
    assert read_json(root / "WFS-b")["status"] == "paused"


def test_a_disk_that_fills_up_meanwhile_costs_the_second_line_only(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    workspace.listen(lambda event: notes.extend(event.notes))
    with monkeypatch.context() as patch:
        fail(patch, errno.ENOSPC, "append", at=2)
        workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-b"]
    assert "the journal could not be written" in notes[0]
    assert list_ops(workspace) == [("switched", "unfinished")]


def test_what_starts_again_is_told_once(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touch_another() -> None:
        (root / ".active-WFS-a").unlink()
        (root / ".active-WFS-c").touch()

    play(monkeypatch, "replace", touch_another, name=".active-")
    workspace.switch("WFS-b")

    (entry,) = workspace.log()
    assert (entry.state, entry.active) == ("done", ("WFS-c", "WFS-b"))


def test_what_was_refused_halfway_is_told_as_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail(patch, errno.EXDEV, "move")
        with pytest.raises(CannotMove):
            workspace.archive("WFS-done")

    assert workspace.log() == ()


def test_a_full_disk_does_not_hide_why_something_was_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail(patch, errno.EXDEV, "move")
        fail(patch, errno.ENOSPC, "append", at=2)
        with pytest.raises(CannotMove):
            workspace.archive("WFS-done")

    assert list_ops(workspace) == [("archived", "unfinished")]


def test_what_failed_halfway_is_unfinished(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail(patch, errno.EIO, "replace", name=RECORD)
        with pytest.raises(DiskFailed):
            workspace.pause()

    assert list_ops(workspace) == [("paused", "unfinished")]


def test_a_private_directory_that_goes_away_under_it_is_made_again(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove() -> None:
        (root / ".wf").rename(root.parent / "gone")

    play(monkeypatch, "append", remove, after=True)
    workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-b"]
    # Its first line went with the directory.
    assert workspace.log() == ()


def test_one_that_goes_away_before_it_begins_makes_it_begin_again(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove() -> None:
        (root / ".wf").rename(root.parent / "gone")

    # Between the last look at the lock and the journal.
    real = journal.append_line
    seen: list[int] = []

    def append(*args: object, **options: object) -> None:
        if not seen:
            remove()
        seen.append(1)
        real(*args, **options)  # type: ignore[arg-type]  # passed on as they come

    monkeypatch.setattr("wfsession.core.recording.append_line", append)
    workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-b"]
    assert list_ops(workspace) == [("switched", "done")]


def test_a_name_that_is_no_utf8_does_not_keep_a_directory_from_being_told(
    workspace: Workspace, root: Path
) -> None:
    work = root.parent / "work"
    work.mkdir()
    (work / os.fsdecode(b"caf\xe9")).write_bytes(b"")
    workspace.create("new", adopt=work)

    (entry,) = workspace.log()
    assert set(entry.holds) == {"caf\\xe9", "workflow-session.json"}
    workspace.undo()
    assert settle(root).is_dir()


def test_a_session_that_is_taken_away_at_once_was_never_made(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_away() -> None:
        (root / "WFS-new").rename(root.parent / "taken")

    play(monkeypatch, "move", take_away, after=True)
    with pytest.raises(SessionNotFound):
        workspace.create("new", switch=False)
    assert workspace.log() == ()


def test_a_line_cannot_be_written_where_its_directory_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    with Folder.open(str(tmp_path / "gone")) as folder:
        (tmp_path / "gone").rmdir()
        with pytest.raises(FileNotFoundError):
            folder.append("lines", b"one\n", durable=False)


@pytest.mark.parametrize("takes_back", [True, False])
def test_what_was_written_of_lines_that_do_not_fit_is_cut_off_where_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, takes_back: bool
) -> None:
    (tmp_path / "lines").write_bytes(b"one\n")
    real = os.write

    def run_full(descriptor: int, data: bytes) -> int:
        if len(data) < 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data[:4])

    monkeypatch.setattr(os, "write", run_full)
    with Folder.open(str(tmp_path)) as folder, pytest.raises(OSError, match="No space"):
        folder.append("lines", b"two\nfour\n", durable=True, takes_back=takes_back)
    left = b"one\n" if takes_back else b"one\ntwo\n"
    assert (tmp_path / "lines").read_bytes() == left
