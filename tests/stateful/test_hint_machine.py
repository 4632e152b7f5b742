"""A hint that is deleted, spoilt and copied at random: Python, a shell and a model always agree."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from unittest import mock

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import wfsession
from tests.trees_disk import OLD_NS, add_session
from wfsession.core import disk, hint
from wfsession.errors import WfError

# Each line of the core that this reaches is covered by others too.
pytestmark = pytest.mark.untraced

SHIM = Path(__file__).parents[2] / "bin" / "wf"
NAMES = ["WFS-a", "WFS-b", "notes"]
names = st.sampled_from(NAMES)
# What the shell answered itself: it might hand everything over.
ANSWERED: list[str] = []


class Hinted(RuleBasedStateMachine):
    """The model are the markers themselves, looked at by the words of the rule."""

    def __init__(self) -> None:
        super().__init__()
        self.top = Path(tempfile.mkdtemp())
        self.project = self.top / "p"
        self.project.mkdir()
        self.workspace = wfsession.init(self.project)
        self.root = self.project / ".workflow"
        for name in NAMES:
            add_session(self.root, name)
        self.moment_ns = OLD_NS
        (self.top / "bin").mkdir()
        shutil.copy(SHIM, self.top / "bin" / "wf")
        self._pass_time()

    def teardown(self) -> None:
        shutil.rmtree(self.top)

    def _pass_time(self) -> None:
        """Give the root a time that it never had: the disk's own may be coarser than we are."""
        self.moment_ns += 1_000_000_000
        os.utime(self.root, ns=(self.moment_ns, self.moment_ns))

    @rule(name=names)
    def switch(self, name: str) -> None:
        try:
            self.workspace.switch(name)
        except WfError:
            pass
        self._pass_time()

    @rule()
    def pause(self) -> None:
        if (active := wfsession.current(self.project)) is not None:
            try:
                self.workspace.pause(active)
            except WfError:
                pass
        self._pass_time()

    @rule(name=names, age_s=st.integers(0, 3))
    def touch(self, name: str, age_s: int) -> None:
        path = self.root / f".active-{name}"
        is_new = not path.exists()
        path.touch()
        os.utime(path, ns=(OLD_NS, OLD_NS - age_s))
        # To touch one that is there is nothing that the root would show.
        if is_new:
            self._pass_time()

    @rule(name=names)
    def remove_a_marker(self, name: str) -> None:
        (self.root / f".active-{name}").unlink(missing_ok=True)
        self._pass_time()

    @rule(name=names)
    def move_a_session(self, name: str) -> None:
        inside, outside = self.root / name, self.top / name
        (outside if outside.exists() else inside).rename(inside if outside.exists() else outside)
        self._pass_time()

    @rule()
    def change_what_is_no_name(self) -> None:
        os.chmod(self.root, self.root.stat().st_mode ^ 0o020)

    @rule()
    def delete_the_hint(self) -> None:
        (self.root / ".wf" / "active").unlink(missing_ok=True)

    @rule(data=st.binary(max_size=40) | st.sampled_from([b"WFS-b\n", b"\n\n\n", b"WFS-b\n1\n10\n"]))
    def spoil_the_hint(self, data: bytes) -> None:
        path = self.root / ".wf" / "active"
        if path.parent.is_dir():
            path.write_bytes(data)

    @rule(length=st.integers(0, 60))
    def cut_the_hint_off(self, length: int) -> None:
        path = self.root / ".wf" / "active"
        if path.exists():
            status = path.stat()
            os.truncate(path, min(length, status.st_size - 1))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    @rule(mtime_ns=st.integers(0, 4).map(lambda number: OLD_NS + number * 1_000_000_000))
    def change_the_time_of_the_hint(self, mtime_ns: int) -> None:
        path = self.root / ".wf" / "active"
        # That of the root is the one that a copy may give an old hint, with all else of the root.
        if path.exists() and mtime_ns != self.root.stat().st_mtime_ns:
            os.utime(path, ns=(mtime_ns, mtime_ns))

    @rule()
    def restore_a_copy(self) -> None:
        shutil.copytree(self.project, self.top / "copy", symlinks=True)
        shutil.rmtree(self.project)
        (self.top / "copy").rename(self.project)

    @rule()
    def delete_what_is_private(self) -> None:
        shutil.rmtree(self.root / ".wf", ignore_errors=True)
        self._pass_time()

    @invariant()
    def the_shell_agrees_or_asks_python(self) -> None:
        done = subprocess.run(
            ["sh", str(self.top / "bin" / "wf"), "current"],
            cwd=self.project,
            capture_output=True,
            text=True,
            check=False,
        )
        # Python is not beside it, which it says.
        if done.stderr:
            return
        ANSWERED.append(done.stdout)
        assert (done.stdout.strip() or None) == self._look_who_wins()
        assert done.returncode == (not done.stdout)

    @invariant()
    def python_agrees(self) -> None:
        assert wfsession.current(self.project) == self._look_who_wins()

    def _look_who_wins(self) -> str | None:
        found = []
        for path in self.root.glob(".active-*"):
            name = path.name.removeprefix(".active-")
            if (self.root / name).is_dir():
                found.append((-path.stat().st_mtime_ns, name))
        return min(found)[1] if found else None


@pytest.fixture(autouse=True)
def _sync_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_sync_descriptor", lambda descriptor: None)


@pytest.mark.hypothesis
def test_with_the_hint_deleted_or_spoilt_at_random_no_answer_ever_changes() -> None:
    lives = max(40, hypothesis.settings().max_examples // 5)
    with mock.patch.object(hint, "_has_rested", return_value=True):
        hypothesis.stateful.run_state_machine_as_test(
            Hinted, settings=hypothesis.settings(max_examples=lives, stateful_step_count=25)
        )
    assert "" in ANSWERED
    assert "WFS-b\n" in ANSWERED
