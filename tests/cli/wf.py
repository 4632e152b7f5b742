"""Running `wf`: in this process, in one of its own, and in one with a terminal."""

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from wfsession.cli.main import main

REPOSITORY = Path(__file__).parents[2]
COMMAND = (sys.executable, "-P", "-m", "wfsession")
PATIENCE_S = 60
# What the fixture 01 holds.
ACTIVE, PAUSED, COMPLETED, ARCHIVED = (
    "WFS-user-profile",
    "WFS-oauth-integration",
    "WFS-bug-fix-123",
    "WFS-old-thing",
)
SEED = {ACTIVE, PAUSED, COMPLETED, ARCHIVED}
_QUESTION = b"[y/N] "
_AGAIN_S = 1
_ERASED = "\x1b[2K"
_LONG_AGO_NS = 1_700_000_000_123_456_789


@attrs.frozen
class Done:
    """What a run of `wf` left: its exit code, and what it wrote to both outputs."""

    code: int
    out: str
    err: str

    @property
    def envelope(self) -> dict[str, Any]:
        """The one object that `--json` prints: all that is on standard output."""
        assert self.out.count("\n") == 1
        found = json.loads(self.out)
        assert list(found) == ["version", "ok", "data", "errors"]
        assert found["version"] == 1
        assert found["ok"] is (not found["errors"])
        return dict(found)

    @property
    def data(self) -> Any:
        """The answer of a run that went well."""
        assert self.envelope["ok"], self.envelope
        return self.envelope["data"]

    @property
    def error(self) -> dict[str, str]:
        """The one error of a run that did not go well."""
        assert self.envelope["data"] is None
        (error,) = self.envelope["errors"]
        assert set(error) == {"code", "message", "hint"}
        return dict(error)


def wf(*words: str) -> Done:
    """Run `wf` in this process, with pipes for its outputs."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(words))
        out.flush()
        err.flush()
    assert isinstance(out.buffer, io.BytesIO)
    assert isinstance(err.buffer, io.BytesIO)
    return Done(code, decode(out.buffer.getvalue()), decode(err.buffer.getvalue()))


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def make_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **(more or {})}


def run(
    *words: str | bytes,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    prefix: tuple[str, ...] = (),
    **options: Any,
) -> Done:
    """Run `wf` in a process of its own, with pipes for its outputs.

    `prefix` is a program that runs it, such as `timeout 5`.
    """
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, **options}
    done = subprocess.run(
        [*prefix, *COMMAND, *words],
        env=make_environment(env),
        cwd=cwd,
        check=False,
        timeout=PATIENCE_S,
        **options,
    )
    return Done(done.returncode, decode(done.stdout or b""), decode(done.stderr or b""))


def run_in_terminal(
    *words: str,
    columns: int = 80,
    typed: bytes = b"",
    question: bytes = _QUESTION,
    env: Mapping[str, str] | None = None,
    **streams: Any,
) -> Done:
    """Run `wf` with a terminal for all its streams; both outputs are in `out`.

    `typed` is what somebody types once the command has asked something, which ends with
    `question`; `streams` are those that are no terminal.
    """
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *words],
        env=make_environment({"TERM": "xterm", **(env or {})}),
        **{"stdin": inner, "stdout": inner, "stderr": inner, **streams},
        start_new_session=True,
        # These tests start no threads, which alone make this unsafe.
        preexec_fn=lambda: fcntl.ioctl(inner, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    )
    os.close(inner)
    try:
        seen = _talk(outer, typed, question)
        code = process.wait(PATIENCE_S)
    finally:
        os.close(outer)
        process.kill()
        process.wait(PATIENCE_S)
    return Done(code, decode(seen).replace("\r\n", "\n"), "")


def _talk(terminal: int, typed: bytes, question: bytes) -> bytes:
    seen, deadline = b"", time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], _AGAIN_S)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                return seen  # EIO: the other side has ended
            if not seen.endswith(question):
                continue  # more is to come, or what was typed came back
        # Again after a while: Ctrl-C just before Python waits for input goes unnoticed.
        if typed and question in seen:
            os.write(terminal, typed)
    raise TimeoutError(f"still running, after {decode(seen)!r}")


def strip_colour(text: str) -> str:
    """Return what stays on the screen: without colours, and without a bar of a busy machine."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text.rpartition(_ERASED)[2])


def forget_moments(top: Path) -> None:
    """Make everything long past, so that no reader waits for a writer that may still be there."""
    for folder, _, names in os.walk(top, topdown=False):
        for name in (*names, "."):
            with contextlib.suppress(FileNotFoundError):
                path = os.path.join(folder, name)
                os.utime(path, ns=(_LONG_AGO_NS, _LONG_AGO_NS), follow_symlinks=False)


def see_tree(top: Path) -> dict[str, tuple[str, bytes | str]]:
    """Return all that is below a directory, byte for byte, but for what is private to us."""
    seen: dict[str, tuple[str, bytes | str]] = {}
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if name != ".wf"]
        for name in (*names, *files):
            path = Path(folder, name)
            key = str(path.relative_to(top))
            if path.is_symlink():
                seen[key] = ("link", os.readlink(path))
            elif path.is_file():
                seen[key] = ("file", path.read_bytes())
            else:
                seen[key] = ("other", "")
    return seen


def list_markers(project: Path) -> list[str]:
    return sorted(path.name for path in (project / ".workflow").glob(".active-*"))


def read_record(project: Path, name: str, where: str = "") -> Any:
    path = project / ".workflow" / where / name / "workflow-session.json"
    return json.loads(path.read_bytes())
