"""The other process in a trial of a disk: what it sees, played here step by step, and its life."""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from wfsession.core.bystander import (
    BODY_BYTES,
    RECORD,
    Bystander,
    can_take,
    claim,
    make_body,
    make_lock,
    name_marker,
    serve,
    watch_marker,
    watch_record,
)
from wfsession.core.disk import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder.open(str(tmp_path)) as opened:
        yield opened


def in_turn(*acts: Callable[[], object]) -> Callable[[], bool]:
    """Return what the watcher asks before each look: it does the next act, and ends at the last."""
    left = list(acts)

    def is_over() -> bool:
        left.pop(0)()
        return not left

    return is_over


def test_a_marker_that_is_renamed_is_never_without_a_name(folder: Folder) -> None:
    folder.create_marker(name_marker(0))

    def rename(old: int, new: int) -> Callable[[], object]:
        return lambda: folder.replace(name_marker(old), name_marker(new))

    seen = watch_marker(folder, 9, in_turn(lambda: None, rename(0, 1), rename(1, 5), rename(5, 9)))

    # One name at each look, and those that it had left behind: one, four and four.
    assert seen == (4 + 1 + 4 + 4, 0)


def test_a_marker_without_a_name_for_a_moment_is_noticed(folder: Folder) -> None:
    folder.create_marker(name_marker(0))

    def remove() -> None:
        folder.unlink(name_marker(0))

    def put_back() -> None:
        folder.create_marker(name_marker(1))

    looks, gaps = watch_marker(folder, 3, in_turn(lambda: None, remove, put_back))
    assert (looks > 3, gaps) == (True, 1)


def test_a_marker_that_is_lost_in_the_end_is_noticed(folder: Folder) -> None:
    assert watch_marker(folder, 3, in_turn(lambda: None))[1] == 1


def test_a_record_that_is_missing_or_not_whole_is_noticed(folder: Folder, tmp_path: Path) -> None:
    path = tmp_path / RECORD

    seen = watch_record(
        folder,
        in_turn(
            lambda: path.write_bytes(make_body(7)),
            lambda: path.write_bytes(make_body(7)[: BODY_BYTES // 2]),
            lambda: path.write_bytes(make_body(7)[:800] + make_body(8)[800:]),
            path.unlink,
        ),
    )

    assert seen == (4, 1, 2)
    assert len(make_body(12)) == BODY_BYTES


def test_what_is_claimed_is_what_was_not_there(folder: Folder) -> None:
    assert claim(folder, ["a", "b"]) == ["a", "b"]
    assert claim(folder, ["b", "c"]) == ["c"]


class Teller:
    """The end of who tells, over a pipe to what runs in a thread here."""

    def __init__(self, path: Path) -> None:
        self.connection, other = Pipe()
        self.thread = Thread(target=serve, args=(other, str(path)))
        self.thread.start()

    def ask(self, role: str, *arguments: Any) -> Any:
        self.connection.send((role, arguments))
        assert self.connection.recv() == "ready"
        self.connection.send("stop")
        return self.connection.recv()

    def leave(self) -> None:
        self.connection.close()
        self.thread.join()


def test_each_role_is_played_when_told_and_ends_with_who_tells(
    folder: Folder, tmp_path: Path
) -> None:
    teller = Teller(tmp_path)
    folder.create_marker(name_marker(2))
    folder.create(RECORD, make_body(0))
    lock = make_lock(folder)

    assert teller.ask("watch_marker", 3)[1] == 0
    assert teller.ask("watch_record")[1:] == (0, 0)
    assert teller.ask("claim", ["a"]) == ["a"]
    assert teller.ask("take_lock") is True
    assert not can_take(lock)
    os.rename(tmp_path / "private", tmp_path / "gone")
    (tmp_path / "private").symlink_to("gone")
    assert isinstance(teller.ask("take_lock"), OSError)

    teller.leave()


def test_it_lives_in_another_process_and_is_deaf_to_ctrl_c(tmp_path: Path) -> None:
    bystander = Bystander(str(tmp_path))
    try:
        pid = bystander.pid
        assert pid != os.getpid()
        assert bystander.watch(lambda: None, "claim", ["a"]) == ["a"]
        os.kill(pid, signal.SIGINT)
        assert bystander.watch(lambda: None, "claim", ["b"]) == ["b"]
        assert sorted(os.listdir(tmp_path)) == ["a", "b"]
    finally:
        bystander.kill()
    assert not os.path.exists(f"/proc/{pid}/status")


def test_what_it_meets_and_what_is_met_here_comes_out_and_it_goes_on(tmp_path: Path) -> None:
    def fail() -> None:
        raise OSError(errno.EIO, "Input/output error")

    bystander = Bystander(str(tmp_path))
    try:
        with pytest.raises(OSError, match="Not a directory"):
            bystander.watch(lambda: None, "claim", ["file/x"] if _make_file(tmp_path) else [])
        with pytest.raises(OSError, match="Input/output error"):
            bystander.watch(fail, "watch_record")
        assert bystander.watch(lambda: None, "claim", ["c"]) == ["c"]
    finally:
        bystander.kill()


def _make_file(place: Path) -> bool:
    (place / "file").touch()
    return True


def test_one_that_is_stuck_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wfsession.core.bystander._PATIENCE_S", 0)
    bystander = Bystander(str(tmp_path))
    try:
        with pytest.raises(TimeoutError, match="no answer from the other process"):
            bystander.watch(lambda: None, "claim", [])
    finally:
        bystander.kill()


def test_one_that_ends_or_has_ended_is_told(tmp_path: Path) -> None:
    bystander = Bystander(str(tmp_path))
    try:
        # It is ready, and ends where it looks for that.
        with pytest.raises(ChildProcessError, match="the other process has ended"):
            bystander.watch(lambda: _wait_for_end(bystander.pid), "no such role")
        with pytest.raises(ChildProcessError, match="the other process has ended"):
            bystander.watch(lambda: None, "claim", [])
    finally:
        bystander.kill()


def _wait_for_end(pid: int) -> None:
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
