"""`wf workdir run`: exit status, signals, locks, and what stays when it is killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.cli.wf import COMMAND, Done, make_environment, run, wf
from tests.workdirs.dispatching import AGENT, BRANCH, Dispatcher
from tests.workdirs.repositories import Repository
from wfsession.workdirs.places import find_places

# Waits for one signal, and takes no other for it.
WAIT = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("on", flush=True)
raise SystemExit(5 if signal.sigwait([signal.SIGTERM]) == signal.SIGTERM else 6)
"""


@attrs.frozen
class Caller:
    """Somebody who types `wf workdir run`, and knows what was put down of it."""

    repository: Repository
    known: Dispatcher

    def make_words(self, *options: str, agent: str = "dev", issue: str = "7") -> list[str]:
        names = ("--agent", agent, "--repo", str(self.repository.bare), "--branch", BRANCH)
        return ["workdir", "run", *names, "--issue", issue, *options]

    def run(self, *words: str, **others: Any) -> Done:
        return run(*self.make_words(**others), "--", *words)

    def begin(self) -> None:
        """Have the first conversation, by way of the library."""
        self.known.dispatch("told", "transcript")

    @contextmanager
    def start(self, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a command beside; whatever comes of it, it and `wf` are gone in the end."""
        with subprocess.Popen(
            [*COMMAND, *self.make_words(), "--", *words],
            env=make_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def caller(repository: Repository) -> Caller:
    # The empty home of the test is where the command finds its places too.
    return Caller(repository, Dispatcher(find_places(), repository))


def read_line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_command_runs_in_its_workdir_and_the_next_goes_on(caller: Caller) -> None:
    first = caller.run(*AGENT, "hook", "transcript", "commit", "push")
    said = json.loads(first.out)
    assert first.code == 0
    (line,) = first.err.splitlines()
    assert line == (
        "wf: dev begins a conversation (no conversation is known), "
        f"in {said['WF_SESSION']}; workdir created: {said['cwd']}"
    )
    assert caller.known.read().pushed == caller.repository.head(BRANCH)
    second = caller.run(*AGENT, "hook", "transcript")
    assert json.loads(second.out)["WF_RESUME"] == "first"
    assert second.err.startswith("wf: dev goes on with claude-code--first, in ")
    assert "; workdir reused: " in second.err


def test_the_command_is_given_as_it_was_typed(caller: Caller) -> None:
    done = caller.run("printf", "%s.", "--json", "-h", "--", "--issue", "8")
    assert (done.code, done.out) == (0, "--json.-h.--.--issue.8.")
    # So that a script may pass a conversation on, and leave the option out where there is none.
    script = 'set -- ${WF_RESUME:+--resume "$WF_RESUME"} -p "$PROMPT"; printf "%s|" "$@"'
    assert caller.run("sh", "-c", script).out == "-p||"
    caller.begin()
    assert caller.run("sh", "-c", script).out == "--resume|first|-p||"


def test_a_new_branch_begins_where_one_says(caller: Caller) -> None:
    words = caller.make_words("--branch", "new", "--base", BRANCH)
    done = run(*words, "--", "git", "rev-parse", "HEAD")
    assert done.out == f"{caller.repository.head(BRANCH)}\n"


@pytest.mark.parametrize("code", [0, 4])
def test_an_exit_status_is_passed_on_and_put_down(caller: Caller, code: int) -> None:
    assert caller.run("sh", "-c", f"exit {code}").code == code
    record = caller.known.read()
    assert (record.status, record.exit_code) == ("failed" if code else "ended", code)


def test_a_command_that_dies_of_a_signal_is_seen_to(caller: Caller) -> None:
    assert caller.run("sh", "-c", "kill -KILL $$").code == -signal.SIGKILL
    record = caller.known.read()
    assert (record.status, record.exit_code) == ("failed", -signal.SIGKILL)


def test_a_signal_to_wf_reaches_the_command_and_the_end_is_put_down(caller: Caller) -> None:
    with caller.start(sys.executable, "-c", WAIT) as process:
        assert read_line(process) == b"on\n"
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 5
    assert (caller.known.read().status, caller.known.read().exit_code) == ("failed", 5)


def test_a_command_that_is_none_is_said_and_put_down(caller: Caller) -> None:
    done = caller.run("no-such-command")
    assert done.code == 127
    assert done.err.endswith("wf: no-such-command: there is no such command\n")
    assert caller.known.read().exit_code == 127


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--agent", "../x"), "agent: '../x' cannot be the name of an agent"),
        (("--branch", "-x"), "expected one argument"),
        (("--branch=-x",), "branch: '-x' cannot be the name of a branch"),
        (("--repo", "ext::sh"), "repository: 'ext::sh'"),
        (("--issue", ""), "issue: '' cannot be one"),
        (("--json",), "unrecognized arguments: --json"),
        (("--wait", "soon"), "invalid float value"),
    ],
)
def test_what_cannot_be_run_is_one_sentence_and_a_hint(
    caller: Caller, words: tuple[str, ...], message: str
) -> None:
    done = wf(*caller.make_words(*words), "--", "true")
    assert done.code in (1, 2)
    assert message in done.err + done.out
    assert "Traceback" not in done.err
    assert not Path(find_places().data).exists()


def test_no_command_and_a_part_of_the_names_are_not_enough(caller: Caller) -> None:
    assert wf(*caller.make_words()).code == 2
    done = wf("workdir", "run", "--agent", "dev", "--", "true")
    assert done.code == 2
    assert "required: --repo, --branch" in done.err


def test_a_second_run_ends_with_4_or_waits(caller: Caller) -> None:
    with caller.start("sh", "-c", "echo on; read line") as process:
        assert read_line(process) == b"on\n"
        done = caller.run("true")
        assert done.code == 4
        assert f"was held by process {process.pid} on " in done.err
        assert "hint: to wait for it: wf workdir run --wait SECONDS\n" in done.err
        waiting = subprocess.Popen(
            [*COMMAND, *caller.make_words("--wait", "60"), "--", "echo", "waited"],
            env=make_environment(),
            stdout=subprocess.PIPE,
        )
        process.communicate(b"\n", timeout=60)
        assert waiting.communicate(timeout=60)[0] == b"waited\n"
    assert (process.returncode, waiting.returncode) == (0, 0)


def test_a_command_whose_wf_was_killed_is_not_joined_by_another(caller: Caller) -> None:
    caller.begin()
    # The shell tells who it is and waits, and dies of neither: `wf` alone is killed.
    with caller.start("sh", "-c", "echo on; read line; echo off >&2") as process:
        assert read_line(process) == b"on\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
        assert caller.known.plan().reason == "running"
        assert caller.run("true").code == 4
        _, err = process.communicate(b"\n", timeout=60)
    assert err.endswith(b"off\n")
    done = run(*caller.make_words("--wait", "60"), "--", *AGENT)
    assert "was cut short" in done.err
    assert json.loads(done.out)["WF_RESUME"] == "first"


def test_three_at_once_do_not_go_on_with_one_conversation_at_once(caller: Caller) -> None:
    caller.begin()
    alone = (
        "import os, sys\n"
        "path = os.environ['WF_WORKSPACE'] + '/alone'\n"
        "os.close(os.open(path, os.O_CREAT | os.O_EXCL))\n"
        "print(os.environ['WF_RESUME'])\n"
        "os.unlink(path)\n"
    )
    words = [*COMMAND, *caller.make_words("--wait", "60"), "--", sys.executable, "-c", alone]
    processes = [
        subprocess.Popen(words, env=make_environment(), stdout=subprocess.PIPE) for _ in range(3)
    ]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 3
    assert said == [b"first\n"] * 3


def test_settings_say_whose_commits_they_are_and_who_is_asked(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    file = tmp_path / "config" / "wfsession" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[workdirs]\nname = "{agent} (bot)"\naskpass = "/bin/true"\n')
    said = json.loads(caller.run(*AGENT).out)
    assert (said["GIT_AUTHOR_NAME"], said["GIT_ASKPASS"]) == ("dev (bot)", "/bin/true")
    assert said["GIT_AUTHOR_EMAIL"] == "dev@localhost"


def test_where_the_end_cannot_be_put_down_the_status_is_the_commands(caller: Caller) -> None:
    threads = os.path.join(find_places().state, "threads")
    done = caller.run("sh", "-c", f"rm -r {threads}; touch {threads}; exit 3")
    assert done.code == 3
    assert "wf: how it ended could not be put down: " in done.err
    assert "Traceback" not in done.err
