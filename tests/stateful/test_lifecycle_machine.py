"""Sessions lead any life at all, by wfsession and by hand, and the laws hold after each step."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

import wfsession
from tests.trees_disk import (
    add_session,
    list_files,
    list_leftovers,
    photograph,
    read,
    settle,
    write_old,
)
from wfsession.core import disk
from wfsession.errors import WfError
from wfsession.workspace import Workspace

NAMES = ["WFS-a", "WFS-b", "wfs-b", "WFS-ü", "plain"]
names = st.sampled_from([*NAMES, normalize("NFD", "WFS-ü")])


class Life(RuleBasedStateMachine):
    """The model is small: which bytes the user wrote, and what the markers say by themselves."""

    kept = Bundle("kept")

    def __init__(self) -> None:
        super().__init__()
        self.project = Path(tempfile.mkdtemp())
        self.root = self.project / ".workflow"
        self.workspace = wfsession.init(self.project)
        self.numbers = iter(range(10**6))
        self.texts: set[bytes] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.project)

    def _write(self, folder: Path) -> None:
        """Let the user write something that nothing else holds."""
        text = f"text {next(self.numbers)}\n".encode()
        (folder / f"{text.decode().strip()}.md").write_bytes(text)
        self.texts.add(text)

    def _find(self, name: str) -> Path | None:
        """Return where a session is, by looking."""
        for folder in (self.root, self.root / "completed"):
            for entry in sorted(os.listdir(folder)) if folder.is_dir() else []:
                if entry == name and (folder / entry).is_dir():
                    return folder / entry
        return None

    def _try(self, operate: Callable[[Workspace], object]) -> bool:
        """Do it; whatever is refused must change nothing at all."""
        settle(self.root)
        # Time stamps of directories do change: attempts are staged in `.wf`.
        before = {path: what[3] for path, what in photograph(self.root, ".wf").items()}
        try:
            operate(self.workspace)
        except WfError:
            after = {path: what[3] for path, what in photograph(self.root, ".wf").items()}
            assert after == before
            return False
        finally:
            assert list_leftovers(self.root) == []
        return True

    def _state(self, name: str) -> str:
        settle(self.root)
        return self.workspace.get(name).state

    @rule(name=names, switch=st.booleans())
    def create(self, name: str, switch: bool) -> None:
        before = wfsession.current(self.root)
        if self._try(lambda ws: ws.create("x", name=name, switch=switch)):
            self._write(self.root / name)
            settle(self.root)
            assert wfsession.current(self.root) == (name if switch else before)

    @rule(name=names)
    def switch(self, name: str) -> None:
        if self._try(lambda ws: ws.switch(name)):
            assert self._state(name) == "active"

    @rule(name=names)
    def pause(self, name: str) -> None:
        was_active = wfsession.current(self.root) == normalize("NFC", name)
        if self._try(lambda ws: ws.pause(name)) and was_active:
            assert wfsession.current(self.root) is None

    @rule(name=names, archive=st.booleans())
    def complete(self, name: str, archive: bool) -> None:
        if self._try(lambda ws: ws.complete(name, archive=archive)) and not archive:
            assert self._state(name) == "completed"

    @rule(name=names)
    def archive(self, name: str) -> None:
        self._try(lambda ws: ws.archive(name))

    @rule(name=names)
    def reopen(self, name: str) -> None:
        if self._try(lambda ws: ws.reopen(name)):
            assert self._state(name) == "active"

    @rule(name=names, new_name=names)
    def rename(self, name: str, new_name: str) -> None:
        before = wfsession.current(self.root)
        if self._try(lambda ws: ws.rename(name, new_name)):
            settle(self.root)
            after = wfsession.current(self.root)
            assert after == before or after == normalize("NFC", new_name)

    @rule(name=names)
    def change(self, name: str) -> None:
        self._try(lambda ws: ws.update(name, {"x": next(self.numbers)}))

    @rule()
    def undo(self) -> None:
        self._try(lambda ws: ws.undo())

    @rule(name=names)
    def touch_by_hand(self, name: str) -> None:
        path = self.root / f".active-{name}"
        if not os.path.lexists(path) or path.is_file():
            path.touch()
            now = time.time_ns()
            os.utime(path, ns=(now, now))

    @rule(name=names, age_s=st.integers(1, 10**4))
    def deliver_an_old_marker(self, name: str, age_s: int) -> None:
        path = self.root / f".active-{name}"
        if not os.path.lexists(path):
            path.touch()
            then = time.time_ns() - age_s * 10**9
            os.utime(path, ns=(then, then))

    @rule(name=names)
    def remove_a_marker_by_hand(self, name: str) -> None:
        path = self.root / f".active-{name}"
        if path.is_file() and not path.read_bytes():
            path.unlink()

    @rule(name=names, other=names)
    def rename_a_marker_by_hand(self, name: str, other: str) -> None:
        old, new = self.root / f".active-{name}", self.root / f".active-{other}"
        if old.is_file() and not os.path.lexists(new):
            old.rename(new)

    @rule(name=names, other=names)
    def link_a_marker_by_hand(self, name: str, other: str) -> None:
        old, new = self.root / f".active-{name}", self.root / f".active-{other}"
        if old.is_file() and not os.path.lexists(new):
            os.link(old, new)

    @rule(name=names)
    def write_into_a_marker(self, name: str) -> None:
        path = self.root / f".active-{name}"
        if path.is_file() and not path.read_bytes():
            text = f"text {next(self.numbers)}\n".encode()
            path.write_bytes(text)
            self.texts.add(text)

    @rule(name=names)
    def make_a_directory_in_the_place_of_a_marker(self, name: str) -> None:
        path = self.root / f".active-{name}"
        if not os.path.lexists(path):
            path.mkdir()
            self._write(path)

    @rule(name=names, status=st.sampled_from(["active", "paused", "completed", "odd"]))
    def make_a_session_by_hand(self, name: str, status: str) -> None:
        if self._find(name) is None:
            self._write(add_session(self.root, name, status))

    @rule(name=names)
    def move_a_session_by_hand(self, name: str) -> None:
        found = self._find(name)
        if found is not None:
            (self.root / "completed").mkdir(exist_ok=True)
            folder = self.root if found.parent.name == "completed" else self.root / "completed"
            if not os.path.lexists(folder / name):
                found.rename(folder / name)

    @rule(name=names, data=st.sampled_from([b"", b"{", b"[]", b'{"status": 7, "meta": []}', b"{}"]))
    def spoil_a_record_by_hand(self, name: str, data: bytes) -> None:
        found = self._find(name)
        if found is not None:
            write_old(found / "workflow-session.json", data)

    @rule()
    def delete_what_is_private(self) -> None:
        shutil.rmtree(self.root / ".wf", ignore_errors=True)

    @invariant()
    def nothing_that_the_user_wrote_is_lost(self) -> None:
        files = [data for path, data in list_files(self.root).items()]
        for text in self.texts:
            # A marker that was linked has its bytes under two names.
            assert text in files

    @invariant()
    def every_session_is_listed_where_it_is(self) -> None:
        settle(self.root)
        listed = {row.path for row in read(self.root).sessions}
        for folder in (self.root, self.root / "completed"):
            for entry in os.listdir(folder) if folder.is_dir() else []:
                if entry.startswith("WFS-"):
                    assert str(folder / entry) in listed

    @invariant()
    def the_newest_marker_of_a_directory_wins_and_no_other(self) -> None:
        settle(self.root)
        snapshot = read(self.root)
        expected = self._look_who_wins()
        assert snapshot.active == expected
        assert wfsession.current(self.root) == expected
        winners = [row for row in snapshot.sessions if row.state == "active"]
        assert len(winners) <= 1
        assert all(row.name == expected for row in winners)

    def _look_who_wins(self) -> str | None:
        """Find the winner by the words of the rule, and not by our code."""
        there = {
            normalize("NFC", entry)
            for entry in os.listdir(self.root)
            if stat.S_ISDIR((self.root / entry).lstat().st_mode)
        }
        found = []
        for entry in os.listdir(self.root):
            status = (self.root / entry).lstat()
            name = normalize("NFC", entry.removeprefix(".active-"))
            if entry.startswith(".active-") and stat.S_ISREG(status.st_mode) and name in there:
                found.append((-status.st_mtime_ns, os.fsencode(entry), name))
        return min(found)[2] if found else None


@pytest.fixture(autouse=True)
def _sync_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_sync_descriptor", lambda descriptor: None)


@pytest.mark.hypothesis
def test_whatever_happens_the_laws_hold() -> None:
    lives = max(40, hypothesis.settings().max_examples // 5)
    hypothesis.stateful.run_state_machine_as_test(
        Life, settings=hypothesis.settings(max_examples=lives, stateful_step_count=30)
    )
