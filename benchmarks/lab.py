"""A place to measure in: projects with any number of sessions, and `wf` as it is installed."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.clock import Act, process
from wfsession import init
from wfsession.core.records import encode_new_record
from wfsession.core.times import now

REPOSITORY = Path(__file__).parents[1]
_ENTRY = """#!{python}
import sys
sys.path.insert(0, {repository!r})
from wfsession.cli.main import main
sys.exit(main())
"""
# What a hint waits for, and a little.
_QUIET_S = 2.2


class Lab:
    """A directory with `bin/wf` in it, and one project that grows.

    `a` and `b` are the sessions that are switched between; `a` is the active one.
    """

    a, b = "WFS-s0", "WFS-s1"

    def __init__(self, place: Path) -> None:
        self.project = place / "project"
        self.root = self.project / ".workflow"
        self.python = sys.executable
        (place / "bin").mkdir()
        self.wf = str(shutil.copy(REPOSITORY / "bin" / "wf", place / "bin" / "wf"))
        entry = place / "bin" / "wf-python"
        entry.write_text(_ENTRY.format(python=sys.executable, repository=str(REPOSITORY)))
        entry.chmod(0o755)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
        }
        self.project.mkdir()
        self.workspace = init(self.project)
        subprocess.run(["git", "init", "-q"], cwd=self.project, check=True)
        self.sessions = 0
        self.grow(2)
        self.workspace.switch(self.a)

    def grow(self, sessions: int) -> None:
        """Add sessions until there are so many."""
        for number in range(self.sessions, sessions):
            folder = self.root / f"WFS-s{number}"
            folder.mkdir()
            data = encode_new_record(folder.name, f"Session {number}", "medium", now(), "paused")
            (folder / "workflow-session.json").write_bytes(data)
        self.sessions = max(self.sessions, sessions)

    def rest(self) -> None:
        """Let the root rest, and somebody ask twice, so that there is a hint."""
        os.sync()
        time.sleep(_QUIET_S)
        for _ in range(2):
            subprocess.run(
                [self.python, "-c", "import wfsession; wfsession.current()"],
                cwd=self.project,
                env=self.environment,
                check=True,
            )

    def run(self, program: str, *words: str) -> Act:
        """Return what runs a program in the project, found as a shell finds it."""
        path = program if "/" in program else shutil.which(program)
        assert path is not None, f"not installed: {program}"
        return process((path, *words), self.project, self.environment)

    def hook(self, event: str, **more: object) -> Act:
        """Return what hands an agent's event to `wf hook`, with what more there is in it."""
        data = {"session_id": "one", "cwd": str(self.project), "hook_event_name": event, **more}
        file = self.project.parent / f"{event}.json"
        file.write_text(json.dumps(data))
        words = (self.wf, "hook", "claude-code", event)
        return process(words, self.project, self.environment, str(file))

    def find_paused(self) -> str:
        """Return which of the two sessions is not marked."""
        return self.b if (self.root / f".active-{self.a}").exists() else self.a

    def move_marker(self) -> None:
        """Make the other of the two sessions active by hand."""
        new = self.find_paused()
        old = self.b if new == self.a else self.a
        (self.root / f".active-{old}").rename(self.root / f".active-{new}")


@contextmanager
def open_lab(where: str) -> Iterator[Lab]:
    """Give a place on a disk to measure in, and take it away again."""
    with TemporaryDirectory(prefix="wfsession-benchmark-", dir=where) as name:
        yield Lab(Path(name))
        os.chdir("/")
