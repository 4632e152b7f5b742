"""git, as a program: how it is called, and what it says when it fails.

Nothing of the caller's surroundings leads it elsewhere: no `GIT_*` of the environment but those of
`Access`, no hooks, no transport helpers, no prompts, no terminal, no shell.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

from attrs import field, frozen

from wfsession.errors import GitFailed

# The first that reads its configuration from GIT_CONFIG_COUNT.
LEAST_VERSION = (2, 31)
_SETTINGS = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("protocol.ext.allow", "never"),
    ("submodule.recurse", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("worktree.useRelativePaths", "false"),
    ("advice.detachedHead", "false"),
    # As many as there are cores: files are written in three quarters of the time.
    ("checkout.workers", "0"),
)
_OPTIONS = tuple(word for name, value in _SETTINGS for word in ("-c", f"{name}={value}"))
_LABELS = ("fatal:", "error:")
_PATIENCE_S = 5
_NO_PROGRAM = "there is no program of that name in PATH"
_SLOW = "look whether the disk or the network that the repository is on answers"
_INSTALL = f"install git {'.'.join(map(str, LEAST_VERSION))} or newer"
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
# What stands in git's last word, in small letters, and what one can do then.
_HINTS = (
    (
        ("could not read username", "could not read password", "terminal prompts disabled",
         "authentication failed", "permission denied (", "host key verification failed"),
        "give it a way in: GIT_ASKPASS, a credential helper, or an ssh key",
    ),
    (("not a git repository",), "go to a repository, or make this one: git init"),
    (("no space left", "disk quota", "unable to write"), "make room on that disk, then try again"),
    (
        ("could not resolve", "unable to access", "connection refused", "timed out",
         "network is unreachable"),
        "look at the address and the network, then try again",
    ),
    (
        ("not appear to be a git repository", "repository not found", "does not exist",
         "could not read from remote"),
        "look at the address: git ls-remote REPOSITORY",
    ),
)  # fmt: skip


@frozen
class Access:
    """The surroundings of git: the variables it runs with, and how it opens a remote.

    `environment` is passed on but for its `GIT_*`; the caller's own, as a rule, since git needs
    PATH and HOME. The others are what `GIT_ASKPASS`, `SSH_ASKPASS`, `GIT_SSH` and
    `GIT_SSH_COMMAND` hold; empty is unset.
    """

    environment: Mapping[str, str] = field(factory=lambda: MappingProxyType({}), repr=False)
    askpass: str = ""
    ssh_askpass: str = ""
    ssh: str = ""
    ssh_command: str = ""

    def make_environment(self) -> dict[str, str]:
        """Return the variables of a process that may run git, with none of git's but these."""
        own = {
            name: value
            for name, value in self.environment.items()
            if not name.startswith("GIT_") and name != "SSH_ASKPASS"
        }
        opened = {
            "GIT_ASKPASS": self.askpass,
            "SSH_ASKPASS": self.ssh_askpass,
            "GIT_SSH": self.ssh,
            "GIT_SSH_COMMAND": self.ssh_command,
        }
        return {**own, **{name: value for name, value in opened.items() if value}}


def make_access(environment: Mapping[str, str], askpass: str = "") -> Access:
    """Return the access that an environment gives.

    Args:
        environment: the variables of a process.
        askpass: the program that is asked for passwords where GIT_ASKPASS names none.
    """
    return Access(
        environment=MappingProxyType(dict(environment)),
        askpass=environment.get("GIT_ASKPASS", "") or askpass,
        ssh_askpass=environment.get("SSH_ASKPASS", ""),
        ssh=environment.get("GIT_SSH", ""),
        ssh_command=environment.get("GIT_SSH_COMMAND", ""),
    )


@frozen
class Git:
    """git for one repository.

    `git_dir` is a bare repository, or empty where `directory`, a worktree, says which it is.
    `options` are words before each command, `-c` and its like. A command that takes longer than
    `timeout_s` seconds has failed; None waits for as long as it takes.
    """

    access: Access = field(factory=Access)
    git_dir: str = ""
    directory: str = ""
    options: tuple[str, ...] = ()
    timeout_s: float | None = None

    def ask(self, *words: str, stdin: bytes = b"") -> str:
        """Return what a command prints that changes nothing, without the last line end.

        Raises:
            GitFailed: it ended with another code than 0, took too long, or there is no git.
        """
        return self._run(words, stdin, (0,), is_read=True)[1]

    def find(self, *words: str) -> str | None:
        """Return what `ask` does, or None where the command ends with 1: there is no such thing."""
        code, out = self._run(words, b"", (0, 1), is_read=True)
        return out if code == 0 else None

    def run(self, *words: str, stdin: bytes = b"", keep: tuple[int, ...] = ()) -> str:
        """Run a command that changes something, and return what it prints.

        Args:
            words: the command and its arguments.
            stdin: what it reads.
            keep: descriptors that it inherits: a lock that it is to hold, should we be killed.

        Raises:
            GitFailed: as `ask`.
        """
        return self._run(words, stdin, (0,), is_read=False, keep=keep)[1]

    def _run(
        self,
        words: tuple[str, ...],
        stdin: bytes,
        codes: tuple[int, ...],
        *,
        is_read: bool,
        keep: tuple[int, ...] = (),
    ) -> tuple[int, str]:
        where = ("--git-dir", self.git_dir) if self.git_dir else ()
        environment = self.access.make_environment()
        # We read and write small files of git's own, whose form is that of this format of refs.
        environment |= {
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            "GIT_DEFAULT_REF_FORMAT": "files",
        }
        if is_read:
            environment["GIT_OPTIONAL_LOCKS"] = "0"
        command = ("git", *_OPTIONS, *self.options, *where, *words)
        code, out, error = _call(
            command, words, stdin, environment, self.directory, keep, self.timeout_s
        )
        if code not in codes:
            raise make_failure(words, error or out, code)
        return code, os.fsdecode(out).removesuffix("\n")


def _call(
    command: tuple[str, ...],
    words: tuple[str, ...],
    stdin: bytes,
    environment: dict[str, str],
    directory: str,
    keep: tuple[int, ...],
    timeout_s: float | None,
) -> tuple[int, bytes, bytes]:
    process = _start(command, words, environment, directory, keep)
    try:
        out, error_text = process.communicate(stdin, timeout_s)
    except subprocess.TimeoutExpired:
        _end(process)
        raise GitFailed(_show(words), f"it took longer than {timeout_s:g} s", _SLOW) from None
    except BaseException:
        _end(process)
        raise
    return process.returncode, out, error_text


def _start(
    command: tuple[str, ...],
    words: tuple[str, ...],
    environment: dict[str, str],
    directory: str,
    keep: tuple[int, ...],
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=directory or None,
            pass_fds=keep,
            # Without a terminal ssh cannot ask there, and wait for an answer for ever.
            start_new_session=True,
        )
    except FileNotFoundError:
        if directory and not os.path.isdir(directory):
            raise GitFailed(_show(words), f"there is no directory {directory}") from None
        raise GitFailed("git", _NO_PROGRAM, _INSTALL) from None
    except OSError as error:
        raise GitFailed("git", os.strerror(error.errno or 0), _INSTALL) from None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a command so that it can take its lock files with it, and if it does not, anyway."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_PATIENCE_S)
    process.kill()
    process.wait()


def hide_credentials(text: str) -> str:
    """Return text, such as what git said, without the user and password of any URL in it."""
    return _CREDENTIALS.sub("", text)


def make_failure(words: tuple[str, ...], output: bytes, code: int) -> GitFailed:
    """Return the error of a command: what was run, and git's own reason, without secrets."""
    text = hide_credentials(output.decode(errors="replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason, hint = _find_reason(lines)
    return GitFailed(_show(words), reason or f"it ended with {code}", hint, text[-4096:])


def _show(words: tuple[str, ...]) -> str:
    shown = hide_credentials(" ".join(("git", *words)))
    return shown if len(shown) <= 120 else f"{shown[:120]}…"


def _find_reason(lines: list[str]) -> tuple[str, str]:
    """Return the line that says most, and what one can do; both may be empty."""
    for line in lines:
        hint = next(
            (hint for words, hint in _HINTS if any(one in line.lower() for one in words)), ""
        )
        if hint:
            return _bare(line), hint
    told = (line for line in lines if line.startswith(_LABELS))
    return _bare(next(told, lines[-1] if lines else "")), ""


def _bare(line: str) -> str:
    return line.partition(":")[2].strip() if line.startswith(_LABELS) else line


def check_version(access: Access) -> None:
    """Make sure that there is a git, and none that is older than we need.

    Raises:
        GitFailed: there is none, or an old one.
    """
    told = Git(access).ask("--version")
    found = re.search(r"(\d+)\.(\d+)", told)
    if found is None or (int(found[1]), int(found[2])) < LEAST_VERSION:
        raise GitFailed("git --version", f"{told!r} is too old", _INSTALL)
