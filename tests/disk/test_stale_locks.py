"""A lock that is held for a process that has gone, and those that only look like it."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hands import fail
from tests.spoilers import applied, diagnose, name_findings, orphan
from wfsession.errors import DiskFailed
from wfsession.workspace import open_workspace

HOLD = """
import fcntl, os, sys
file = open(sys.argv[1], "r+")
fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""


def hold_lock(root: Path, holder: str) -> "subprocess.Popen[bytes]":
    """Let a process hold the lock in the name of another."""
    (root / ".wf" / "tmp").mkdir(parents=True)
    lock = root / ".wf" / "lock"
    lock.write_text(holder)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    process.communicate(b"")


def find_free_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_lock_held_for_a_process_that_is_gone_is_set_aside(root: Path) -> None:
    process = hold_lock(root, f"process {find_free_pid()} on {os.uname().nodename}\n")
    try:
        orphan(root)
        assert ("stale-lock", ".wf/lock") in name_findings(root)
        report = open_workspace(root).heal()
        assert applied(report) == [
            ("stale-lock", ".wf/lock"),
            ("orphaned-marker", ".active-WFS-gone"),
        ]
        assert report.findings == ()
    finally:
        end(process)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_stale_lock_that_cannot_be_set_aside_is_a_sentence(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    process = hold_lock(root, f"process {find_free_pid()} on {os.uname().nodename}\n")
    try:
        fail(monkeypatch, number, "make", "move")
        with pytest.raises(DiskFailed):
            open_workspace(root).heal()
    finally:
        end(process)


@pytest.mark.parametrize(
    "holder",
    [
        f"process {os.getpid()} on {os.uname().nodename}",
        "process 1 on another-host",
        f"process x on {os.uname().nodename}",
        f"process 99999999999999999999 on {os.uname().nodename}",
        "",
    ],
    ids=["alive", "elsewhere", "no number", "too large", "nobody"],
)
def test_a_lock_is_not_stale_unless_its_process_is_known_to_be_gone(
    root: Path, holder: str
) -> None:
    process = hold_lock(root, holder)
    try:
        assert diagnose(root) == ()
    finally:
        end(process)


def test_a_process_that_may_not_be_asked_is_not_gone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError(errno.EPERM, "not yours")

    process = hold_lock(root, f"process 1 on {os.uname().nodename}")
    try:
        monkeypatch.setattr(os, "kill", refuse)
        assert diagnose(root) == ()
    finally:
        monkeypatch.undo()
        end(process)


def test_a_free_lock_is_let_go_of_again(root: Path) -> None:
    (root / ".wf").mkdir()
    (root / ".wf" / "lock").touch()
    assert diagnose(root) == ()
    with (root / ".wf" / "lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
