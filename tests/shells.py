"""Shells of people with `wf shell-init` in them: run on a script, or typed into at a terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs
import pytest

REPOSITORY = Path(__file__).parents[1]
PATIENCE_S = 60
_AGAIN_S = 1
# Each program with the name that `wf shell-init` has for it.
PROGRAMS = {"dash": "sh", "bash": "bash", "zsh": "zsh", "fish": "fish"}
in_each_shell = pytest.mark.parametrize(
    "shell", [pytest.param(name, marks=pytest.mark.needs(name)) for name in PROGRAMS]
)
_ALONE = {
    "dash": ["dash"],
    "bash": ["bash", "--norc", "--noprofile"],
    "zsh": ["zsh", "-f"],
    "fish": ["fish", "--no-config"],
}


@attrs.frozen
class Ran:
    """What a script left: what it printed, its complaints, and its exit status."""

    out: str
    err: str
    code: int


def make_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which `wf` is that of this repository."""
    # The interpreter that runs the tests, whose libraries are there.
    path = [str(REPOSITORY / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    return {**os.environ, "PATH": os.pathsep.join(path), "LC_ALL": "C.UTF-8", **(more or {})}


def quote(shell: str, text: str) -> str:
    """Return text as one word of a shell."""
    if shell == "fish":
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "'" + text.replace("'", "'\\''") + "'"


def begin(shell: str, *options: str) -> str:
    """Return the line by which a shell gets what `wf shell-init` has for it."""
    return f'eval "$({" ".join(("wf shell-init", PROGRAMS[shell], *options))})"\n'


def run_shell(
    shell: str,
    script: str,
    here: Path,
    env: Mapping[str, str] | None = None,
    prefix: tuple[str, ...] = (),
) -> Ran:
    """Run a script, which for a shell other than fish may be that of any other."""
    done = subprocess.run(
        [*prefix, *_ALONE[shell], "-c", os.fsencode(script)],
        cwd=here,
        env=make_environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
        timeout=PATIENCE_S,
    )
    return Ran(done.stdout, done.stderr, done.returncode)


class Typist:
    """Somebody at a terminal with a shell in it, whose prompt ends with `ready> `."""

    def __init__(self, shell: str, setup: str, here: Path, home: Path) -> None:
        setup = setup + _PROMPTS[shell]
        (home / ".zshrc").write_text(setup)
        (home / "setup").write_text(setup)
        command = {
            "bash": ["bash", "--noprofile", "--rcfile", f"{home}/setup", "-i"],
            "zsh": ["zsh", "-d", "-i"],
            "fish": ["fish", "--no-config", "-i", "-C", f"source {home}/setup"],
        }[shell]
        self.seen = ""
        self._terminal, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
        env = {"TERM": "xterm", "ZDOTDIR": str(home), "HOME": str(home), "HISTFILE": ""}
        self._process = subprocess.Popen(
            command,
            cwd=here,
            env=make_environment(env),
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            # These tests start no threads, which alone make this unsafe.
            preexec_fn=lambda: fcntl.ioctl(inner, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(inner)

    def __enter__(self) -> Self:
        self.wait_for("ready> ")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._terminal)
        # The session that it leads is its own, so nobody else hears of this.
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE_S)

    def type(self, text: str) -> None:
        """Press some keys; what was seen before is forgotten."""
        self.seen = ""
        os.write(self._terminal, text.encode())

    def wait_for(self, text: str) -> str:
        """Wait until the terminal has shown some text since the last keys, and return all of it."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {text!r} in {self.seen!r}")
            if select.select([self._terminal], [], [], _AGAIN_S)[0]:
                try:
                    data = os.read(self._terminal, 65536)
                except OSError:
                    raise EOFError(f"the shell ended, after {self.seen!r}") from None
                self.seen = _strip(self.seen + data.decode("utf-8", "replace"))
        return self.seen


_PROMPTS = {
    "bash": "\nPROMPT_COMMAND=wf_segment\nPS1='[${wf_segment}] ready> '\n",
    "zsh": (
        "\nautoload -Uz add-zsh-hook\nadd-zsh-hook precmd wf_segment\nsetopt prompt_subst\n"
        "PS1='[${wf_segment}] ready> '\n"
    ),
    "fish": (
        '\nfunction fish_prompt\n    wf_segment\n    echo -n "[$wf_segment] ready> "\nend\n'
        "function fish_right_prompt\nend\n"
    ),
}


def _strip(text: str) -> str:
    """Take out what moves the cursor and colours."""
    return re.sub(
        r"\x1b(\[[0-9;?>=]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][0-9A-B]|[=>78])", "", text
    )
