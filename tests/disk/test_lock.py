"""The lock: taken, lost, waited for, and shared by nobody."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.hands import play, run_in_child
from tests.hints import make_private_root
from tests.trees_disk import (
    RECORD,
    check_sound,
    list_files,
    list_leftovers,
    list_markers,
    lock_of,
    photograph,
    read_json,
    settle,
    states,
)
from wfsession.core.disk import Folder
from wfsession.core.lock import Lock
from wfsession.core.model import Event
from wfsession.errors import Conflict, DiskFailed, LockTimeout
from wfsession.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_private_root(tmp_path, "WFS-a")


def delete_lock(root: Path) -> None:
    (root / ".wf" / "lock").unlink(missing_ok=True)


def replace_lock(root: Path) -> None:
    delete_lock(root)
    (root / ".wf" / "lock").touch()


def delete_private(root: Path) -> None:
    shutil.rmtree(root / ".wf")


def delete_staging(root: Path) -> None:
    shutil.rmtree(root / ".wf" / "tmp")


VANDALS = [delete_lock, replace_lock, delete_private, delete_staging]


OPERATIONS: dict[str, Callable[[Workspace], object]] = {
    "create": lambda ws: ws.create("new"),
    "switch": lambda ws: ws.switch("WFS-b"),
    "pause": lambda ws: ws.pause(),
    "complete and archive": lambda ws: ws.complete(archive=True),
    "rename": lambda ws: ws.rename("WFS-a", "WFS-z"),
    "update": lambda ws: ws.update("WFS-a", {"x": 1}),
}


AFTER: dict[str, dict[str, str]] = {
    "create": {"WFS-a": "paused", "WFS-b": "paused", "WFS-new": "active"},
    "switch": {"WFS-a": "paused", "WFS-b": "active"},
    "pause": {"WFS-a": "paused", "WFS-b": "paused"},
    "complete and archive": {"WFS-b": "paused", "completed/WFS-a": "archived"},
    "rename": {"WFS-b": "paused", "WFS-z": "active"},
    "update": {"WFS-a": "active", "WFS-b": "paused"},
}


@pytest.mark.parametrize("vandal", VANDALS)
@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize(
    ("verb", "after"),
    [
        # While it reads, while it prepares, once it has prepared, once it has begun.
        ("list_names", False),
        ("create", False),
        ("create", True),
        ("replace", False),
        ("replace", True),
        ("move", False),
        ("sync", True),
    ],
)
def test_an_operation_ends_as_it_should_whatever_of_ours_is_deleted_under_it(
    root: Path,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    vandal: Callable[[Path], None],
    name: str,
    verb: str,
    after: bool,
) -> None:
    play(monkeypatch, verb, lambda: vandal(root), after=after)

    OPERATIONS[name](workspace)

    assert states(root) == AFTER[name]
    assert len(list_markers(root)) == list(AFTER[name].values()).count("active")
    assert all(row.problems == () for row in check_sound(root).sessions)
    assert list_leftovers(root) == []


def test_an_operation_whose_lock_is_taken_by_another_starts_again_from_reading(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process deletes the lock, takes its own, and switches meanwhile."""
    other = wfsession.open(root)

    def switch_meanwhile() -> None:
        delete_lock(root)
        other.create("other")

    play(monkeypatch, "create", switch_meanwhile, name="record-", after=True)
    told: list[Event] = []
    workspace.listen(told.append)

    workspace.switch("WFS-b")

    assert told[0].previous == "WFS-other"
    assert list_markers(root) == [".active-WFS-b"]
    assert {row.name: row.problems for row in check_sound(root).sessions} == {
        "WFS-a": (),
        "WFS-b": (),
        "WFS-other": (),
    }


def test_a_record_of_a_session_that_another_moved_on_meanwhile_is_not_written_over(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marker is moved, the lock deleted, and another process switches back."""
    other = wfsession.open(root)

    def switch_back() -> None:
        delete_lock(root)
        other.switch("WFS-a")

    play(monkeypatch, "replace", switch_back, name=".active-", after=True)
    told: list[Event] = []
    workspace.listen(told.append)

    workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-a"]
    assert read_json(root / "WFS-a")["status"] == "active"
    assert "WFS-a was moved on by somebody else meanwhile" in told[0].notes
    assert told[0].session.state == "paused"


def test_a_lock_that_is_deleted_each_time_is_a_conflict(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "create", lambda: delete_lock(root), times=99, name="record-")

    with pytest.raises(Conflict):
        workspace.switch("WFS-b")
    assert states(root) == {"WFS-a": "active", "WFS-b": "paused"}
    assert list_leftovers(root) == []


def test_without_our_lock_nothing_visible_is_done(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each visible call of a switch, seen from within: the lock is ours at that moment."""
    held: list[bool] = []
    taken: list[Lock] = []
    real = Lock.acquire

    def acquire(self: Lock, timeout_s: float, create: bool = True) -> None:
        real(self, timeout_s, create)
        taken.append(self)

    monkeypatch.setattr(Lock, "acquire", acquire)
    for verb in ("replace", "set_mtime"):
        play(monkeypatch, verb, lambda: held.append(taken[-1].is_ours()), times=99)
    play(monkeypatch, "create", lambda: replace_lock(root), name="record-", after=True)

    wfsession.open(root).switch("WFS-b")

    assert len(taken) == 2
    # The marker's time, its name, and two records.
    assert held == [True] * 4


def test_the_holder_is_named_where_the_lock_cannot_be_had(root: Path, workspace: Workspace) -> None:
    with Folder.open(str(root)) as folder:
        lock = lock_of(folder)
        lock.acquire(0)
        workspace.timeout_s = 0
        before = photograph(root)

        with pytest.raises(LockTimeout) as caught:
            workspace.switch("WFS-b")

        assert photograph(root) == before
        lock.release()
        lock.release()

    error = caught.value
    assert error.holder == f"process {os.getpid()} on {os.uname().nodename}"
    assert error.holder in str(error)
    assert (error.path, error.timeout_s) == (str(root / ".wf" / "lock"), 0)
    assert workspace.switch("WFS-b").state == "active"


def test_a_lock_is_waited_for(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Folder.open(str(root)) as folder:
        lock = lock_of(folder)
        lock.acquire(0)
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            if len(slept) == 7:
                lock.release()

        monkeypatch.setattr(time, "sleep", sleep)
        workspace.switch("WFS-b")

    assert slept == [0.001, 0.002, 0.004, 0.008, 0.016, 0.02, 0.02]


def test_a_lock_file_that_is_replaced_while_it_is_taken_is_taken_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Folder.open(str(root)) as folder:
        lock = lock_of(folder)
        play(monkeypatch, "open_lock_file", lambda: replace_lock(root), after=True)
        lock.acquire(5)

        assert lock.is_ours()
        with pytest.raises(LockTimeout):
            lock_of(folder).acquire(0)
        lock.release()
        assert not lock.is_ours()


def test_a_private_directory_that_goes_away_before_the_lock_is_taken_is_made_again(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "open_lock_file", lambda: delete_private(root))

    assert workspace.switch("WFS-b").state == "active"


def test_a_private_directory_that_goes_away_while_it_is_made_is_made_again(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete_private(root)
    play(monkeypatch, "child", lambda: delete_private(root), name=".wf")

    assert workspace.switch("WFS-b").state == "active"


def test_what_two_processes_make_at_once_is_made_by_one_of_them(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete_private(root)

    def make_all() -> None:
        (root / ".gitignore").write_bytes(b"theirs\n")
        (root / ".wf" / "tmp").mkdir(parents=True)

    play(monkeypatch, "create", make_all, name=".gitignore")
    assert workspace.switch("WFS-b").state == "active"
    assert (root / ".gitignore").read_bytes() == b"theirs\n"

    (root / ".wf" / "tmp").rmdir()
    play(monkeypatch, "make", (root / ".wf" / "tmp").mkdir, name="tmp")
    assert workspace.switch("WFS-a").state == "active"


def test_a_forked_child_closes_the_lock_and_the_parent_still_holds_it(root: Path) -> None:
    with Folder.open(str(root)) as folder:
        lock = lock_of(folder)
        lock.acquire(0)

        def act_as_child() -> None:
            assert not lock.is_ours()
            # It would unlock what it shares with the parent.
            lock.release()
            with Folder.open(str(root)) as own, pytest.raises(LockTimeout):
                lock_of(own).acquire(0)

        run_in_child(act_as_child)

        assert lock.is_ours()
        with Folder.open(str(root)) as own, pytest.raises(LockTimeout):
            lock_of(own).acquire(0)
        lock.release()


def test_a_child_that_lives_on_does_not_keep_the_lock(root: Path) -> None:
    with Folder.open(str(root)) as folder:
        lock = lock_of(folder)
        lock.acquire(0)
        (to_child, tell_child), (from_child, tell_parent) = os.pipe(), os.pipe()

        def live_on() -> None:
            os.write(tell_parent, b"x")
            os.read(to_child, 1)

        def release_while_the_child_lives() -> None:
            os.read(from_child, 1)
            lock.release()
            with Folder.open(str(root)) as own:
                second = lock_of(own)
                second.acquire(0)
                second.release()
            os.write(tell_child, b"x")

        run_in_child(live_on, meanwhile=release_while_the_child_lives)
        for descriptor in (to_child, tell_child, from_child, tell_parent):
            os.close(descriptor)


def test_threads_of_one_process_wait_for_each_other(root: Path) -> None:
    with Folder.open(str(root)) as one, Folder.open(str(root)) as two:
        first, second = lock_of(one), lock_of(two)
        first.acquire(0)
        with pytest.raises(LockTimeout):
            second.acquire(0)
        first.release()
        second.acquire(0)
        second.release()


def test_a_root_that_is_removed_under_an_operation_is_a_failure_of_the_disk(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "open_lock_file", lambda: shutil.rmtree(root))

    with pytest.raises(DiskFailed) as caught:
        workspace.switch("WFS-b")
    assert caught.value.errno == errno.ENOENT


def test_a_closed_folder_may_be_closed_again(root: Path) -> None:
    folder = Folder.open(str(root))
    folder.close()
    folder.close()
    settle(root)
    assert (root / "WFS-a" / RECORD).exists()


def test_a_disk_that_has_no_locks_says_so_and_nothing_is_done(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    before = list_files(root)
    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(DiskFailed, match="No locks available"):
        workspace.switch("WFS-b")
    assert list_files(root) == before


def test_a_lock_is_held_by_whoever_inherits_its_descriptor(root: Path) -> None:
    with Folder.open(str(root)) as folder:
        first, second = (Lock(folder, ".wf", "lock") for _ in range(2))
        assert first.descriptor == -1
        first.acquire(0)
        inherited = os.dup(first.descriptor)
        first.release()
        with pytest.raises(LockTimeout):
            second.acquire(0)
        os.close(inherited)
        second.acquire(0)
        second.release()
