"""How git is called: led by nothing around it, and what it says is told without secrets."""

import os
import pickle
import pty
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.workdirs.repositories import Repository, git
from wfsession.errors import GitFailed
from wfsession.git import (
    Access,
    Git,
    check_version,
    hide_credentials,
    make_access,
    make_failure,
)

AMBIENT = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_CONFIG_PARAMETERS",
    "GIT_OBJECT_DIRECTORY",
)


def make_stub(tmp_path: Path, script: str) -> Access:
    """Return the access of somebody whose git is a script."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    return make_access({"PATH": f"{folder}:{os.environ['PATH']}"})


def test_a_git_that_does_not_answer_in_time_is_ended_and_said_to_have_failed(
    tmp_path: Path,
) -> None:
    slow = make_stub(tmp_path, "exec sleep 600")
    with pytest.raises(GitFailed, match=r"^git status: it took longer than 0\.2 s$") as caught:
        Git(slow, timeout_s=0.2).ask("status")
    assert caught.value.hint


@pytest.mark.parametrize("name", AMBIENT)
def test_variables_of_git_lead_it_nowhere(repository: Repository, name: str) -> None:
    ambient = make_access({**os.environ, name: "/nowhere"})
    head = Git(ambient, git_dir=str(repository.bare)).ask("rev-parse", "refs/heads/main")
    assert head == repository.head("main")


def test_how_a_remote_is_opened_is_passed_on_and_nothing_else_of_git() -> None:
    given = {
        "GIT_ASKPASS": "/a",
        "SSH_ASKPASS": "/s",
        "GIT_SSH": "/h",
        "GIT_SSH_COMMAND": "ssh -v",
        "GIT_TRACE": "1",
        "PATH": "/bin",
    }
    kept = make_access(given, askpass="/other").make_environment()
    assert kept == {name: value for name, value in given.items() if name != "GIT_TRACE"}
    assert make_access({}, askpass="/other").make_environment() == {"GIT_ASKPASS": "/other"}


def test_nothing_asks_and_nothing_is_translated(tmp_path: Path) -> None:
    stub = Git(make_stub(tmp_path, "env; (: </dev/tty) 2>/dev/null || echo none"))
    with warnings.catch_warnings():
        # Threads of the test runner do not live on in the child, which needs none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child, terminal = pty.fork()
    if not child:
        (tmp_path / "said").write_text(stub.ask("x"))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    os.close(terminal)
    said = (tmp_path / "said").read_text().splitlines()
    assert {"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C", "none"} <= set(said)
    assert "GIT_OPTIONAL_LOCKS=0" not in stub.run("x").splitlines()


def test_our_own_calls_run_no_hooks(repository: Repository, access: Access, tmp_path: Path) -> None:
    hook = repository.bare / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    Git(access, git_dir=str(repository.bare)).run("update-ref", "refs/heads/x", "main")
    assert not (tmp_path / "ran").exists()
    git("update-ref", "refs/heads/y", "main", at=repository.bare)
    assert (tmp_path / "ran").exists()


def test_a_command_that_finds_nothing_is_none_and_one_that_fails_is_an_error(
    repository: Repository, access: Access
) -> None:
    bare = Git(access, git_dir=str(repository.bare))
    assert bare.find("rev-parse", "--verify", "--quiet", "refs/heads/none") is None
    assert bare.find("rev-parse", "--verify", "refs/heads/main") == repository.head("main")
    with pytest.raises(GitFailed) as caught:
        bare.ask("rev-parse", "--verify", "refs/heads/none")
    assert str(caught.value).startswith("git rev-parse --verify refs/heads/none: ")
    assert pickle.loads(pickle.dumps(caught.value)).output == caught.value.output


NOT_READ = "fatal: Could not read from remote repository."
FAILURES = [
    (
        "fatal: could not read Username for 'https://h': terminal prompts disabled",
        "could not read Username for 'https://h': terminal prompts disabled",
        "ASKPASS",
    ),
    (
        "fatal: Authentication failed for 'https://a:b@h/x'",
        "Authentication failed for 'https://h/x'",
        "ASKPASS",
    ),
    (
        f"git@h: Permission denied (publickey).\n{NOT_READ}\n\nPlease make sure\nso",
        "git@h: Permission denied (publickey).",
        "ASKPASS",
    ),
    (
        f"fatal: '/x' does not appear to be a git repository\n{NOT_READ}",
        "'/x' does not appear to be a git repository",
        "git ls-remote",
    ),
    (
        "error: cannot do a\nfatal: cannot store: No space left on device",
        "cannot store: No space left on device",
        "make room",
    ),
    ("warning: so\nlast words", "last words", ""),
    ("", "it ended with 9", ""),
]


@pytest.mark.parametrize(("said", "reason", "hint"), FAILURES)
def test_a_failure_tells_gits_own_reason_and_what_to_do(said: str, reason: str, hint: str) -> None:
    error = make_failure(("fetch", "https://a:secret@h/x"), said.encode(), 9)
    assert "secret" not in str(error)
    assert "a:b@" not in error.output
    assert error.reason == reason
    assert hint in error.hint


def test_without_git_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="no program of that name in PATH") as caught:
        check_version(make_access({"PATH": str(tmp_path)}))
    assert "install git" in caught.value.hint


@pytest.mark.parametrize("told", ["git version 2.30.9", "git version 1.8", "something else"])
def test_an_old_git_is_named_in_one_sentence(tmp_path: Path, told: str) -> None:
    with pytest.raises(GitFailed, match="is too old") as caught:
        check_version(make_stub(tmp_path, f"echo {told}"))
    assert "2.31" in caught.value.hint


@pytest.mark.parametrize(
    "told", ["git version 2.31.0", "git version 3.0", "git version 2.39.5 (Apple Git-154)"]
)
def test_a_git_that_is_new_enough_is_taken(tmp_path: Path, told: str) -> None:
    check_version(make_stub(tmp_path, f"echo '{told}'"))


def test_a_directory_that_is_gone_is_named(tmp_path: Path, access: Access) -> None:
    with pytest.raises(GitFailed, match="there is no directory"):
        Git(access, directory=str(tmp_path / "gone")).ask("status")


def test_an_interrupt_ends_git_and_lets_it_tidy_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ready")
    trap = f"trap 'touch {tmp_path}/tidied; kill $!; exit 1' TERM"
    # What it reads ends when we wait for its answer.
    wait = f"cat; sleep 60 >{tmp_path}/ready & echo ready >{tmp_path}/ready; wait"
    access = make_stub(tmp_path, f"{trap}\n{wait}")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from wfsession.git import Git, make_access\n"
        "Git(make_access({'PATH': sys.argv[2]})).run('x')\n"
    )
    words = [sys.executable, "-c", script, str(Path(__file__).parents[2])]
    with (
        subprocess.Popen([*words, access.environment["PATH"]], stderr=subprocess.PIPE) as process,
        (tmp_path / "ready").open("rb") as ready,
    ):
        assert ready.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in process.communicate(timeout=30)[1]
    assert (tmp_path / "tidied").exists()


def test_what_git_says_is_told_without_credentials() -> None:
    said = "fatal: unable to access 'https://ada:p@ss@host/a/': no, ssh://git@host/b"
    assert hide_credentials(said) == "fatal: unable to access 'https://host/a/': no, ssh://host/b"
