"""`wf exec`: run a command in the workspace that it belongs in.

With a session the command takes the place of this process, so that its status and signals pass
by themselves. Without one it runs as a child in a temporary workspace, which is removed
afterwards if it stayed empty.
"""

import os
import signal
import sys
from argparse import ArgumentParser
from typing import NoReturn

from wfsession.cli.answer import Answer, Ended, UsageError
from wfsession.cli.call import Call
from wfsession.cli.render import print_line
from wfsession.cli.verb import Verb
from wfsession.core import scratch
from wfsession.errors import RootNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.core.model import Session

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_FORWARDED = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
# Python ignores these, and a command expects them as they are by default.
_DEFAULTED = tuple(
    getattr(signal, name) for name in ("SIGPIPE", "SIGXFSZ") if hasattr(signal, name)
)


def execute(call: Call) -> Answer:
    """Run a command; returns only where it ran as a child, or could not be started."""
    command: list[str] = call.options.command
    if not command:
        raise UsageError("exec: which command?", "wf exec -- make test")
    root, session = _find_place(call)
    for note in call.notes:
        print_line(f"wf: {note}")
    if session is not None:
        environment = make_environment(root, session.name, session.path)
        return Ended(_replace_process(command, environment))
    workspace = scratch.make_workspace(root, os.path.basename(command[0]))
    try:
        code = run_child(command, make_environment(root, None, workspace))
    finally:
        if not scratch.remove_if_empty(root, workspace):
            print_line(f"wf: what was written without a session is kept in {workspace}")
            print_line(f'hint: wf adopt {workspace} "what it is about"')
    if code < 0:
        die_of(-code)
    return Ended(code)


def _add_exec(parser: ArgumentParser) -> None:
    # What the command writes is not ours to foresee.
    parser.set_defaults(brings_over=True)


def _find_place(call: Call) -> tuple[str | None, "Session | None"]:
    try:
        workspace = call.workspace
    except RootNotFound:
        if call.is_pinned:
            raise
        return None, None
    arrival = workspace.arrive(call.flag)
    call.notes.extend(note for note in (arrival.note, arrival.healed) if note)
    return workspace.root, arrival.session


def make_environment(root: str | None, name: str | None, path: str) -> dict[str, str]:
    """Return the environment of a command: ours, with the session, workspace and root in it."""
    environment = {**os.environ, "WF_WORKSPACE": path}
    for variable, value in (("WF_SESSION", name), ("WF_ROOT", root)):
        if value is None:
            environment.pop(variable, None)
        else:
            environment[variable] = value
    return environment


def _replace_process(command: list[str], environment: dict[str, str]) -> int:
    for number in _DEFAULTED:
        signal.signal(number, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        return _tell_failure(command[0], error)


def _tell_failure(program: str, error: OSError) -> int:
    if isinstance(error, FileNotFoundError):
        print_line(f"wf: {program}: there is no such command")
        return _NOT_FOUND
    print_line(f"wf: {program}: {error.strerror}")
    return _NOT_EXECUTABLE


def run_child(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end, passing signals on; negative: killed by that signal."""
    if not hasattr(os, "posix_spawnp"):
        import subprocess

        try:
            return subprocess.run(command, env=environment, check=False).returncode
        except OSError as error:
            return _tell_failure(command[0], error)
    waited = {*_FORWARDED, signal.SIGCHLD}
    # Some systems do not keep what nobody handles, blocked or not.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Blocked before the start, so that none is lost between the start and the waiting.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    try:
        child = os.posix_spawnp(
            command[0], command, environment, setsigmask=before, setsigdef=_DEFAULTED
        )
        return os.waitstatus_to_exitcode(_wait(child, waited))
    except OSError as error:
        return _tell_failure(command[0], error)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(child: int, waited: set[signal.Signals]) -> int:
    while True:
        number, is_for_group = _next_signal(waited)
        if number == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
        elif not is_for_group:
            os.kill(child, number)


def _next_signal(waited: set[signal.Signals]) -> tuple[int, bool]:
    """Wait for a signal; tell it, and whether the terminal sent it to the child as well.

    Ctrl-C goes to all processes in the foreground. Passed on, it would come twice, which to
    many programs means to leave without tidying up.
    """
    if hasattr(signal, "sigwaitinfo"):
        info = signal.sigwaitinfo(waited)
        return info.si_signo, info.si_code > 0
    number = signal.sigwait(waited)
    return number, number in (signal.SIGINT, signal.SIGQUIT) and _is_in_foreground()


def _is_in_foreground() -> bool:
    try:
        with open("/dev/tty", "rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        # There is no terminal that could have sent anything.
        return False


def die_of(number: int) -> NoReturn:
    """End as the command did, so that a shell sees the signal."""
    try:
        signal.signal(number, signal.SIG_DFL)
    except (OSError, ValueError):
        pass  # SIGKILL and SIGSTOP have no other way than their own
    os.kill(os.getpid(), number)
    raise SystemExit(128 + number)


VERBS = {
    "exec": Verb(
        "exec",
        "run a command in the active session's workspace",
        """\
Sets WF_SESSION, WF_WORKSPACE and WF_ROOT for it; the current directory stays.
Where no session is active, the workspace is a temporary directory, which is
kept if anything was written in it. Its exit status and signals are passed on.

  wf exec -- make test
  wf exec sh -c 'ls "$WF_WORKSPACE"'""",
        "[options] [--] COMMAND…",
        execute,
        _add_exec,
        takes_session=True,
        has_json=False,
    )
}
