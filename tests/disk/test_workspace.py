"""What users hold: listeners, and `enter`, which gives a command its place."""

import errno
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import wfsession
from tests.hands import fail, play
from tests.trees_disk import RECORD, list_leftovers, make_root, photograph, states
from wfsession.core import scratch
from wfsession.core.model import Event
from wfsession.errors import CannotMove, DiskFailed, RootNotFound, SessionNotFound, UnsafePath


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "project", "WFS-a", "WFS-b", active="WFS-a")


def test_a_listener_that_fails_is_reported_and_undoes_nothing(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = wfsession.open(root)
    told: list[Event] = []

    def fail_always(event: Event) -> None:
        raise RuntimeError("no")

    workspace.listen(fail_always)
    workspace.listen(told.append)

    with caplog.at_level(logging.ERROR, "wfsession"):
        assert workspace.switch("WFS-b").state == "active"

    assert states(root)["WFS-b"] == "active"
    assert [event.kind for event in told] == ["switched"]
    (report,) = caplog.records
    assert "'switched'" in report.getMessage()
    assert report.exc_info is not None


def test_a_listener_is_called_once_an_operation_is_done(root: Path) -> None:
    workspace = wfsession.open(root)
    seen: list[tuple[str, str]] = []
    workspace.listen(lambda event: seen.append((event.kind, states(root)["WFS-a"])))

    workspace.pause()
    with pytest.raises(SessionNotFound):
        workspace.switch("WFS-nobody")

    assert seen == [("paused", "paused")]


def test_a_listener_may_use_the_workspace(root: Path) -> None:
    workspace = wfsession.open(root)

    def go_on(event: Event) -> None:
        if event.kind == "paused":
            workspace.switch("WFS-b")

    workspace.listen(go_on)

    workspace.pause()
    assert states(root)["WFS-b"] == "active"


def test_enter_gives_the_active_session(root: Path) -> None:
    before = photograph(root)

    with wfsession.enter("review", root) as context:
        assert (context.session, context.path, context.root) == (
            "WFS-a",
            str(root / "WFS-a"),
            str(root),
        )
        assert context.record is not None
        assert not context.is_temporary
        assert context.is_kept

    assert photograph(root) == before


def test_enter_gives_the_session_that_is_named(root: Path) -> None:
    with wfsession.enter(path=root, session="WFS-b") as context:
        assert context.session == "WFS-b"
    with pytest.raises(SessionNotFound), wfsession.enter(path=root, session="WFS-nobody"):
        pass


def test_enter_gives_a_session_whose_record_cannot_be_used(root: Path) -> None:
    (root / "WFS-a" / RECORD).unlink()

    with wfsession.enter(path=root) as context:
        assert (context.session, context.record) == ("WFS-a", None)


@pytest.fixture
def idle(root: Path) -> Path:
    (root / ".active-WFS-a").unlink()
    return root


def test_enter_without_an_active_session_gives_a_workspace_that_is_removed_if_empty(
    idle: Path,
) -> None:
    with wfsession.enter("code review: all", idle) as context:
        assert (context.session, context.record, context.root) == (None, None, str(idle))
        assert context.is_temporary
        assert Path(context.path).is_dir()
        assert Path(context.path).parent == idle / ".wf" / "tmp"
        assert "code-review-all" in context.path
        assert wfsession.current(idle) is None

    assert not context.is_kept
    assert list_leftovers(idle) == []


def test_a_temporary_workspace_is_kept_if_anything_was_written_and_can_be_adopted(
    idle: Path,
) -> None:
    with wfsession.enter("review", idle) as context:
        Path(context.path, "found.md").write_text("much\n")

    assert context.is_kept
    session = wfsession.open(idle).create("review", adopt=context.path)
    assert Path(session.path, "found.md").read_text() == "much\n"
    assert session.state == "active"
    assert not context.is_kept
    assert list_leftovers(idle) == []


def _fail_after_writing(root: Path) -> wfsession.Context:
    kept: list[wfsession.Context] = []
    with suppress(ZeroDivisionError), wfsession.enter("", root) as context:
        kept.append(context)
        Path(context.path, "half").touch()
        raise ZeroDivisionError
    return kept[0]


def test_a_command_that_fails_passes_its_failure_on(idle: Path) -> None:
    with pytest.raises(ZeroDivisionError), wfsession.enter("", idle) as empty:
        raise ZeroDivisionError
    full = _fail_after_writing(idle)

    assert not empty.is_kept
    assert full.is_kept


def test_a_command_may_take_its_workspace_away(idle: Path) -> None:
    with wfsession.enter("", idle) as context:
        os.rmdir(context.path)

    assert not context.is_kept


def test_enter_without_any_root_works_among_the_users_own_state(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with wfsession.enter("review", outside) as context:
        assert (context.session, context.root) == (None, None)
        assert str(Path.home()) in context.path
        Path(context.path, "found.md").touch()

    assert context.is_kept
    assert os.listdir(outside) == []
    workspace = wfsession.init(outside)
    session = workspace.create("review", adopt=context.path)
    assert os.path.exists(os.path.join(session.path, "found.md"))


def test_enter_without_any_root_but_with_a_pin_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RootNotFound), wfsession.enter(path=tmp_path, session="WFS-a"):
        pass
    monkeypatch.setenv("WF_SESSION", "WFS-a")
    with pytest.raises(RootNotFound), wfsession.enter(path=tmp_path):
        pass


def test_a_workspace_on_another_device_is_not_adopted_and_not_changed(
    idle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wfsession.enter("review", idle) as context:
        Path(context.path, "found.md").touch()
    before = photograph(Path(context.path))

    fail(monkeypatch, errno.EXDEV, "move")
    with pytest.raises(CannotMove):
        wfsession.open(idle).create("review", adopt=context.path)

    after = photograph(Path(context.path))
    assert {path: what[3] for path, what in after.items()} == {
        path: what[3] for path, what in before.items()
    }


def test_a_workspace_that_cannot_be_made_is_a_failure_of_the_disk(
    idle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail(patch, errno.EROFS, "make")
        with pytest.raises(DiskFailed), wfsession.enter("", idle):
            pass
    # The user's own state lies below a file.
    Path.home().joinpath(".local").touch()
    with pytest.raises(DiskFailed), wfsession.enter("", tmp_path):
        pass


def test_a_private_directory_that_is_a_symlink_holds_no_workspace(
    idle: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (idle / ".wf").symlink_to(tmp_path / "outside")

    with pytest.raises(UnsafePath), wfsession.enter("", idle):
        pass
    assert os.listdir(tmp_path / "outside") == []


def test_an_empty_workspace_that_cannot_be_removed_is_kept(
    idle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scratch.make_workspace(str(idle), "x")

    with monkeypatch.context() as patch:
        fail(patch, errno.EROFS, "remove")
        assert not scratch.remove_if_empty(str(idle), path)
    assert scratch.remove_if_empty(str(idle), path)
    assert scratch.remove_if_empty(str(idle), path)


@pytest.mark.parametrize("place", [".wf", ".wf/tmp"])
def test_an_empty_workspace_is_not_removed_by_way_of_a_link(
    idle: Path, tmp_path: Path, place: str
) -> None:
    path = Path(scratch.make_workspace(str(idle), "x"))
    elsewhere = tmp_path / "elsewhere"
    (idle / place).rename(elsewhere)
    (idle / place).symlink_to(elsewhere)

    assert not scratch.remove_if_empty(str(idle), str(path))
    assert path.is_dir()


def test_init_makes_a_root_and_open_finds_it(tmp_path: Path) -> None:
    workspace = wfsession.init(tmp_path)

    assert wfsession.open(tmp_path).root == workspace.root == str(tmp_path / ".workflow")
    assert sorted(os.listdir(tmp_path / ".workflow")) == [".gitignore", ".wf"]
    assert workspace.sessions() == ()


def test_two_that_make_a_root_at_once_both_succeed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wfsession.core.creation import create_root

    played = play(monkeypatch, "make", (tmp_path / ".workflow").mkdir, name=".workflow")

    assert create_root(str(tmp_path)) == (str(tmp_path / ".workflow"), False)
    assert played


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_root_that_cannot_be_made_names_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fail(monkeypatch, number, "make")

    with pytest.raises(DiskFailed) as caught:
        wfsession.init(tmp_path)

    assert caught.value.path.startswith(str(tmp_path))
    assert caught.value.errno == number
    assert os.listdir(tmp_path) == []


def test_a_project_that_is_none_gets_no_root(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UnsafePath):
        wfsession.init(tmp_path / "file")
    with pytest.raises(DiskFailed):
        wfsession.init(tmp_path / "nowhere")


LAZY: list[Callable[[], object]] = [
    lambda: wfsession.Workspace,
    lambda: wfsession.Context,
    lambda: wfsession.Event,
    lambda: wfsession.Snapshot,
]


def test_the_public_names_are_there_and_others_are_not() -> None:
    for name in wfsession.__all__:
        assert getattr(wfsession, name) is not None
        assert name in dir(wfsession)
    assert all(call() for call in LAZY)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        wfsession.nothing  # noqa: B018 - that it raises is the point
