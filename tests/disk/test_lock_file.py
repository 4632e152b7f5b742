"""What is written into the lock, and what may stand in its place."""

import errno
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.hands import fail
from tests.hints import make_private_root
from tests.trees_disk import (
    lock_of,
    photograph,
)
from wfsession.core.disk import Folder
from wfsession.errors import DiskFailed, LockTimeout, UnsafePath
from wfsession.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_private_root(tmp_path, "WFS-a")


@pytest.mark.parametrize("mine", [b"", b"process 1 on elsewhere, and a very long name\n"])
def test_the_lock_is_signed_by_who_holds_it(root: Path, mine: bytes) -> None:
    (root / ".wf" / "lock").write_bytes(mine)
    with Folder.open(str(root)) as folder:
        lock = lock_of(folder)
        lock.acquire(0)
        expected = f"process {os.getpid()} on {os.uname().nodename}\n"
        assert (root / ".wf" / "lock").read_text() == expected
        lock.release()


@pytest.mark.parametrize("theirs", [b"p", b"pro", b"process", b"dear diary\n", b"\0" * 500])
def test_the_signature_never_overwrites_what_somebody_wrote(
    root: Path, workspace: Workspace, theirs: bytes
) -> None:
    (root / ".wf" / "lock").write_bytes(theirs)

    workspace.switch("WFS-b")

    assert (root / ".wf" / "lock").read_bytes() == theirs


def test_the_signature_never_overwrites_a_file_of_another_name(
    root: Path, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_bytes(b"process of mine\n")
    os.link(tmp_path / "mine", root / ".wf" / "lock")

    workspace.switch("WFS-b")

    assert (tmp_path / "mine").read_bytes() == b"process of mine\n"


def test_a_reader_that_takes_the_lock_does_not_sign_it(root: Path) -> None:
    (root / ".wf" / "lock").touch()
    with Folder.open(str(root)) as folder:
        lock = lock_of(folder)
        lock.acquire(0, create=False)
        assert lock.is_ours()
        lock.release()
    assert (root / ".wf" / "lock").read_bytes() == b""


def test_a_lock_that_cannot_be_signed_on_a_full_disk_holds_all_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Folder.open(str(root)) as folder:
        lock = lock_of(folder)
        monkeypatch.setattr(os, "write", refuse)
        lock.acquire(0)
        with pytest.raises(LockTimeout):
            lock_of(folder).acquire(0)
        lock.release()
        lock_of(folder).acquire(0)


def test_a_lock_that_cannot_be_compared_is_let_go(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail(patch, errno.EACCES, "find", name=".wf/lock")
        with pytest.raises(DiskFailed):
            workspace.switch("WFS-b")

    workspace.timeout_s = 0
    assert workspace.switch("WFS-b").state == "active"


def _as_symlink(path: Path) -> None:
    path.with_name("real").touch()
    path.symlink_to("real")


def _as_fifo(path: Path) -> None:
    os.mkfifo(path)


def _as_directory(path: Path) -> None:
    path.mkdir()


def _as_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)


@pytest.mark.parametrize("make", [_as_symlink, _as_fifo, _as_directory, _as_socket])
def test_a_lock_that_is_no_regular_file_is_refused_and_nothing_is_done(
    root: Path, workspace: Workspace, make: Callable[[Path], None]
) -> None:
    make(root / ".wf" / "lock")
    before = photograph(root)

    with pytest.raises(UnsafePath, match="lock"):
        workspace.switch("WFS-b")

    assert photograph(root) == before
    assert wfsession.current(root) == "WFS-a"


@pytest.mark.parametrize("entry", [".wf", ".wf/tmp"])
@pytest.mark.parametrize("kind", ["symlink", "file", "fifo"])
def test_a_private_directory_that_is_none_is_refused_and_nothing_is_done(
    root: Path, workspace: Workspace, tmp_path: Path, entry: str, kind: str
) -> None:
    shutil.rmtree(root / entry)
    if kind == "symlink":
        (tmp_path / "outside").mkdir()
        (root / entry).symlink_to(tmp_path / "outside")
    elif kind == "file":
        (root / entry).write_bytes(b"kept\n")
    else:
        os.mkfifo(root / entry)
    before = photograph(tmp_path, ".wf")

    with pytest.raises(UnsafePath, match=r"\.wf"):
        workspace.switch("WFS-b")

    after = photograph(tmp_path, ".wf")
    for photo in (before, after):
        photo.pop(".workflow/.wf/lock", None)
        photo.pop(".workflow/.wf", None) if entry != ".wf" else None
    assert after == before
    assert wfsession.current(root) == "WFS-a"
