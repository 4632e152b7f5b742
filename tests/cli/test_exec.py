"""`wf exec`: environment, exit status, signals, and the temporary workspace."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, ARCHIVED, COMMAND, PAUSED, make_environment, run, wf

PRINT = 'printf "%s\\n" "${WF_SESSION-unset}" "${WF_WORKSPACE-unset}" "${WF_ROOT-unset}"'
# Says that a signal came, and after another one how often. Neither a shell nor a handler in Python
# would: both look only now and then, and then take several for one.
COUNT = """
import os, signal, sys
seen, out = os.pipe()
os.set_blocking(out, False)
number = getattr(signal, sys.argv[1])
for one in (number, signal.SIGUSR2):
    signal.signal(one, lambda *_: None)
signal.set_wakeup_fd(out)
print("ready", flush=True)
came = os.read(seen, 100)
print("came", flush=True)
while signal.SIGUSR2 not in came:
    came += os.read(seen, 100)
print("got", came.count(number))
sys.exit(int(sys.argv[2]))
"""
without_session = pytest.mark.parametrize("active", [True, False], ids=["session", "temporary"])


def list_workspaces(project: Path) -> list[Path]:
    return list((project / ".workflow" / ".wf" / "tmp").glob("workspace-*"))


def set_active(active: bool) -> None:
    if not active:
        assert wf("pause").code == 0


def start(*words: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*COMMAND, "exec", "--", *words],
        env=make_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def read_until(process: "subprocess.Popen[bytes]", line: bytes) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == line


def test_a_command_learns_session_workspace_and_root(project: Path) -> None:
    root = project / ".workflow"
    for words in (("exec", "--", "sh", "-c", PRINT), ("exec", "sh", "-c", PRINT)):
        assert run(*words).out == f"{ACTIVE}\n{root}/{ACTIVE}\n{root}\n"
    assert run("exec", "--session", PAUSED, "sh", "-c", PRINT).out.startswith(f"{PAUSED}\n")
    assert run("--session", PAUSED, "exec", "sh", "-c", PRINT).out.startswith(f"{PAUSED}\n")


def test_a_command_keeps_its_directory_and_its_options(project: Path) -> None:
    assert run("exec", "pwd").out == f"{project}\n"
    assert (
        run("exec", "printf", "%s.", "--json", "-h", "--", "--root").out == "--json.-h.--.--root."
    )
    assert run("exec", "--", "printf", "%s.", "--").out == "--."


def test_what_wf_says_in_a_command_is_about_its_session(project: Path) -> None:
    inner = " ".join(COMMAND) + " current"
    assert run("exec", "--session", PAUSED, "sh", "-c", f"cd / && {inner}").out == f"{PAUSED}\n"


@without_session
@pytest.mark.parametrize("code", [0, 1, 3, 127, 255])
def test_an_exit_status_is_passed_on(project: Path, active: bool, code: int) -> None:
    set_active(active)
    assert run("exec", "sh", "-c", f"exit {code}").code == code


@without_session
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT", "SIGHUP", "SIGSEGV", "SIGPIPE"])
def test_a_command_that_dies_of_a_signal_is_seen_to(project: Path, active: bool, name: str) -> None:
    set_active(active)
    number = getattr(signal, name)
    done = run("exec", "sh", "-c", f"ulimit -c 0; kill -{int(number)} $$")
    assert (done.code, done.err) == (-number, "")
    assert list_workspaces(project) == []


@without_session
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_to_wf_reaches_the_command_once(project: Path, active: bool, name: str) -> None:
    set_active(active)
    process = start(sys.executable, "-c", COUNT, name, "5")
    read_until(process, b"ready\n")
    process.send_signal(getattr(signal, name))
    read_until(process, b"came\n")
    process.send_signal(signal.SIGUSR2)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (5, b"got 1\n", b"")


@without_session
def test_a_command_starts_with_the_signals_that_a_shell_would_give_it(
    project: Path, active: bool
) -> None:
    set_active(active)
    # Python ignores SIGPIPE; a command that did would go on writing to nobody.
    done = run("exec", "sh", "-c", "trap - PIPE; grep -E '^Sig(Blk|Ign)' /proc/self/status")
    masks = dict(line.split(":\t") for line in done.out.splitlines())
    assert int(masks["SigBlk"], 16) == 0
    assert not int(masks["SigIgn"], 16) & (1 << (signal.SIGPIPE - 1))


@without_session
def test_a_command_that_is_not_there_is_127(project: Path, active: bool) -> None:
    set_active(active)
    for program in ("no-such-program", "./no-such-program"):
        done = run("exec", program)
        assert (done.code, done.out) == (127, "")
        assert done.err == f"wf: {program}: there is no such command\n"
    assert list_workspaces(project) == []


@without_session
def test_a_command_that_cannot_be_run_is_126(project: Path, active: bool) -> None:
    set_active(active)
    (project / "text").write_text("no program")
    for program in ("./text", "./.workflow"):
        done = run("exec", program)
        assert done.code == 126
        assert done.err == f"wf: {program}: Permission denied\n"


def test_without_a_session_the_workspace_is_temporary_and_goes_if_it_stays_empty(
    project: Path,
) -> None:
    set_active(False)
    done = run("exec", "sh", "-c", f'{PRINT}; test -d "$WF_WORKSPACE"')
    name, workspace, root = done.out.splitlines()
    assert (done.code, done.err, name, root) == (0, "", "unset", f"{project}/.workflow")
    assert workspace.startswith(f"{project}/.workflow/.wf/tmp/workspace-")
    assert not Path(workspace).exists()


@pytest.mark.parametrize("ending", ["exit 4", "kill -9 $$"])
def test_what_was_written_in_it_is_kept_and_can_be_adopted(project: Path, ending: str) -> None:
    set_active(False)
    done = run("exec", "sh", "-c", f'echo found >"$WF_WORKSPACE/notes"; {ending}')
    assert done.code in (4, -9)
    (workspace,) = list_workspaces(project)
    assert f"kept in {workspace}" in done.err
    assert f"hint: wf adopt {workspace} " in done.err
    data = wf("adopt", str(workspace), "Found", "--json").data
    assert Path(data["path"], "notes").read_text() == "found\n"
    assert list_workspaces(project) == []


def test_without_a_project_the_workspace_is_among_the_users_own_state(
    empty: Path, tmp_path: Path
) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state"), "WF_WORKSPACE": "stale"}
    done = run("exec", "sh", "-c", PRINT, env=env)
    name, workspace, root = done.out.splitlines()
    assert (name, root) == ("unset", "unset")
    assert workspace.startswith(str(tmp_path / "state"))
    assert list(empty.iterdir()) == []


def test_a_variable_that_is_not_meant_for_the_command_is_removed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_active(False)
    monkeypatch.setenv("WF_SESSION", "")
    assert run("exec", "sh", "-c", PRINT).out.startswith("unset\n")


def test_an_archived_session_can_be_worked_beside(project: Path) -> None:
    done = run("exec", "--session", ARCHIVED, "sh", "-c", PRINT)
    assert done.out.splitlines()[1] == f"{project}/.workflow/completed/{ARCHIVED}"


def test_a_binding_that_cannot_be_followed_is_said(project: Path) -> None:
    threads = project / ".workflow" / ".threads"
    threads.mkdir()
    (threads / "claude--1").write_text("WFS-gone\n")
    done = run("exec", "sh", "-c", PRINT, env={"WF_THREAD": "claude--1"})
    assert done.out.startswith(f"{ACTIVE}\n")
    assert done.err.startswith("wf: thread claude--1 is bound to 'WFS-gone', which is gone")


def test_what_was_said_before_comes_first(project: Path) -> None:
    process = start("sh", "-c", "echo out; echo err >&2")
    out, err = process.communicate(timeout=60)
    assert (out, err) == (b"out\n", b"err\n")


def _read_terminal(terminal: int, words: bytes) -> bytes:
    """Read up to some words, or to the end."""
    seen = b""
    while words not in seen:
        try:
            seen += os.read(terminal, 1000)
        except OSError:
            break
    return seen


def test_ctrl_c_on_a_terminal_reaches_the_command_once(project: Path) -> None:
    set_active(False)
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - another process
        words = ("exec", sys.executable, "-c", COUNT, "SIGINT", "0")
        os.execve(COMMAND[0], [*COMMAND, *words], make_environment())
    _read_terminal(terminal, b"ready")
    os.write(terminal, b"\x03")
    _read_terminal(terminal, b"came")
    os.kill(pid, signal.SIGUSR2)
    assert b"got 1\r\n" in _read_terminal(terminal, b"the end")
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
