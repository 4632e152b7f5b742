"""Which session: flag, environment, binding, marker, none (protocol.md, 6)."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.hands import fail
from tests.trees_disk import add_session, list_markers, mark, settle, states
from wfsession.core import locate
from wfsession.core.disk import Folder
from wfsession.core.locate import find_current
from wfsession.errors import (
    DiskFailed,
    RootNotFound,
    SessionArchived,
    SessionNotFound,
)


@pytest.fixture
def root(standing: Path) -> Path:
    return standing


def test_a_flag_that_names_no_session_is_an_error(root: Path) -> None:
    workspace = wfsession.open()

    for name in ("WFS-nobody", "", "../WFS-a"):
        with pytest.raises(SessionNotFound):
            workspace.resolve(name)
    assert workspace.resolve("WFS-b").source == "flag"


Arrange = Callable[[Path], None]


def _nothing(root: Path) -> None:
    pass


def _archive(root: Path) -> None:
    (root / "WFS-b").rename(root / "completed" / "WFS-b")


def _rename(root: Path) -> None:
    wfsession.open(root).rename("WFS-b", "WFS-renamed")


def _rename_and_archive(root: Path) -> None:
    _rename(root)
    (root / "WFS-renamed").rename(root / "completed" / "WFS-renamed")


def _delete(root: Path) -> None:
    (root / "WFS-b").rename(root.parent / "away")


def _delete_and_make_again(root: Path) -> None:
    _delete(root)
    add_session(root, "WFS-b")


PINS: list[tuple[Arrange, str | None]] = [
    (_nothing, "WFS-b"),
    (_archive, "completed/WFS-b"),
    (_rename, "WFS-renamed"),
    (_rename_and_archive, "completed/WFS-renamed"),
    (_delete, None),
    (_delete_and_make_again, "WFS-b"),
]


@pytest.mark.parametrize(("arrange", "expected"), PINS)
def test_wf_session_is_found_in_the_root_then_among_the_archived_then_by_a_former_name(
    root: Path, monkeypatch: pytest.MonkeyPatch, arrange: Arrange, expected: str | None
) -> None:
    arrange(root)
    settle(root)
    monkeypatch.setenv("WF_SESSION", "WFS-b")

    if expected is None:
        with pytest.raises(SessionNotFound, match="WF_SESSION"):
            wfsession.current()
        return
    found = find_current()
    assert (found.source, found.path) == ("environment", str(root / expected))
    assert found.session == Path(expected).name


def test_wf_session_without_a_root_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WF_SESSION", "WFS-b")

    with pytest.raises(RootNotFound):
        wfsession.current(tmp_path)


def test_an_empty_wf_session_is_unset(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WF_SESSION", "")

    assert find_current().source == "marker"


def test_an_archived_session_can_be_read_but_not_written(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WF_SESSION", "WFS-old")
    workspace = wfsession.open()

    active = workspace.active()
    assert active is not None
    assert active.state == "archived"
    assert workspace.get("WFS-old").state == "archived"
    calls: list[Callable[[], object]] = [
        workspace.checkpoint,
        lambda: workspace.add_task("x"),
        lambda: workspace.update("WFS-old", {"x": 1}),
        workspace.next_phase,
        workspace.pause,
        workspace.complete,
        lambda: workspace.switch("WFS-old"),
        lambda: workspace.rename("WFS-old", "WFS-new"),
    ]
    for write in calls:
        with pytest.raises(SessionArchived) as caught:
            write()
        assert caught.value.hint == "wf reopen WFS-old"
    assert states(root)["completed/WFS-old"] == "archived"


def bind(root: Path, text: str, thread: str = "claude--1") -> None:
    (root / ".threads").mkdir(exist_ok=True)
    (root / ".threads" / thread).write_bytes(os.fsencode(text))
    settle(root)


@pytest.mark.parametrize(("arrange", "expected"), PINS)
def test_a_binding_is_followed_by_name_and_by_former_name_else_the_marker_counts_and_a_note_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch, arrange: Arrange, expected: str | None
) -> None:
    bind(root, "WFS-b\n")
    arrange(root)
    settle(root)
    monkeypatch.setenv("WF_THREAD", "claude--1")

    found = find_current()

    if expected is None or expected.startswith("completed"):
        assert (found.session, found.source) == ("WFS-a", "marker")
        assert "claude--1" in found.note
        assert "'WFS-b'" in found.note
    else:
        assert (found.session, found.source, found.note) == (expected, "binding", "")


def test_a_binding_whose_session_is_gone_and_no_marker_gives_none_with_a_note(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(root, "WFS-gone")
    (root / ".active-WFS-a").unlink()
    settle(root)
    monkeypatch.setenv("WF_THREAD", "claude--1")

    found = find_current()

    assert (found.session, found.path, found.source) == (None, None, "none")
    assert found.note


@pytest.mark.parametrize(
    "thread", ["claude", "../claude--1", ".claude--1", "a b--1", "cläude--1", "a/b--1", "a--\n"]
)
def test_a_thread_that_is_none_is_told_of_and_not_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch, thread: str
) -> None:
    bind(root, "WFS-b")
    monkeypatch.setenv("WF_THREAD", thread)

    found = find_current()

    assert (found.session, found.source) == ("WFS-a", "marker")
    assert "WF_THREAD" in found.note


@pytest.mark.parametrize(
    "kind", ["no folder", "no file", "symlink", "fifo", "huge", "linked folder"]
)
def test_what_is_no_binding_binds_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    monkeypatch.setenv("WF_THREAD", "claude--1")
    threads = root / ".threads"
    if kind == "linked folder":
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "claude--1").write_text("WFS-b\n")
        threads.symlink_to(tmp_path / "outside")
    elif kind != "no folder":
        threads.mkdir()
    if kind == "symlink":
        bind(root, "WFS-b", "real")
        (threads / "claude--1").symlink_to("real")
    elif kind == "fifo":
        os.mkfifo(threads / "claude--1")
    elif kind == "huge":
        bind(root, "WFS-b\n" + "x" * 2000)
    settle(root)

    found = find_current()

    assert (found.session, found.source, found.note) == ("WFS-a", "marker", "")


def test_flag_comes_before_environment_before_binding_before_marker(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session(root, "WFS-c")
    add_session(root, "WFS-d")
    bind(root, "WFS-c")
    assert wfsession.open().resolve().session == "WFS-a"

    monkeypatch.setenv("WF_THREAD", "claude--1")
    assert wfsession.open().resolve().session == "WFS-c"

    monkeypatch.setenv("WF_SESSION", "WFS-d")
    assert wfsession.open().resolve().session == "WFS-d"
    assert wfsession.open().resolve("WFS-b").session == "WFS-b"


def test_an_operation_without_a_name_acts_on_the_pinned_session_and_leaves_the_marker_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WF_SESSION", "WFS-b")

    assert wfsession.open().checkpoint().name == "WFS-b"
    assert wfsession.open().complete().name == "WFS-b"
    assert list_markers(root) == [".active-WFS-a"]


def test_a_marked_directory_without_a_record_is_a_session_by_any_name(root: Path) -> None:
    (root / "plain").mkdir()
    with Folder.open(str(root)) as folder:
        assert locate.find_place(folder, "plain") is None
        assert locate.find_place(folder, "plain", marked=True) is not None
    mark(root, "plain", age_s=0)
    with Folder.open(str(root)) as folder:
        assert locate.find_place(folder, "plain") is not None


def test_the_sessions_whose_names_look_alike_are_told_the_nearest_first(root: Path) -> None:
    add_session(root, "WFS-user-profile")
    add_session(root, "WFS-user-profiles")

    with pytest.raises(SessionNotFound) as caught:
        wfsession.open().get("user-profil")

    assert caught.value.nearest[0] == "WFS-user-profile"
    assert "WFS-a" not in caught.value.nearest


def test_a_disk_that_fails_while_a_session_is_looked_for_is_told_of(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, errno.EIO, "find")

    with pytest.raises(DiskFailed):
        find_current()
    with pytest.raises(DiskFailed):
        wfsession.open().resolve()
    with pytest.raises(DiskFailed):
        wfsession.open().get("WFS-a")


def test_a_binding_that_the_disk_fails_to_read_leads_to_no_other_session(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(root, "WFS-b")
    monkeypatch.setenv("WF_THREAD", "claude--1")
    fail(monkeypatch, errno.EIO, "read", name="claude--1")

    with pytest.raises(DiskFailed, match="claude--1"):
        find_current()


def test_a_root_that_is_removed_meanwhile_is_not_found(root: Path) -> None:
    workspace = wfsession.open()
    root.rename(root.parent / "away")

    with pytest.raises(RootNotFound):
        workspace.snapshot()
    with pytest.raises(RootNotFound):
        workspace.switch("WFS-b")


def test_many_names_for_a_workspace_and_its_root(root: Path) -> None:
    workspace = wfsession.open(str(root))

    assert repr(workspace) == f"Workspace({str(root)!r})"
    assert wfsession.open(root / "WFS-a").root == workspace.root
    with Folder.open(str(root)) as folder:
        place = locate.find_session(folder, "WFS-old")
        assert place.path_in(str(root)) == str(root / "completed" / "WFS-old")
