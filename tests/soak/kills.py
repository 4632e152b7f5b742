"""Workers that are killed at random moments, again and again, in one tree on a real disk.

After each round of kills the tree must be one that the protocol allows, with every file that the
workers' user wrote, and the doctor must put it right. What the workers do, and how long each may
live, is drawn from a seed and repeatable; where exactly a kill meets them is not.
"""

import os
import shutil
import signal
import textwrap
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import attrs

import wfsession
from tests.hands import fork
from tests.trees_disk import RECORD, add_session, check_sound, make_root, read_json
from wfsession.core import disk
from wfsession.errors import (
    CannotUndo,
    InvalidValue,
    NameCollision,
    NoActiveSession,
    SessionNotFound,
    WrongState,
)
from wfsession.workspace import Workspace

NAMES = tuple(f"WFS-{letter}" for letter in "abcdef")
# A tree is used for so many rounds, so that it never becomes a large one.
ROUNDS_IN_A_TREE = 25
_PATIENCE_S = 300
# A user's mistakes, of which a worker that draws names blindly makes many.
_REFUSALS = (
    CannotUndo,
    InvalidValue,
    NameCollision,
    NoActiveSession,
    SessionNotFound,
    WrongState,
)
# How long after the start of an operation its worker is killed, at the most.
_DELAYS_S = (0.0003, 0.01, 0.03)
# In one round of so many the workers wait for the disk. What a kill leaves does not depend on it,
# as the system keeps what was written; but they are killed while they wait then, most of the time.
_ROUNDS_WITH_SYNC = 5

Act = Callable[["Worker", str, str], object]


@attrs.frozen
class Deed:
    """Something that a worker does: how often, and what its death may leave to be found."""

    share: int
    act: Act
    leaves: frozenset[str] = frozenset()


def _deed(share: int, act: Act, leaves: str = "") -> Deed:
    return Deed(share, act, frozenset(leaves.split()))


_RENAMED = "orphaned-marker rename-cut-short id-mismatch"
_ANY = f"{_RENAMED} completion-cut-short archive-cut-short status-mismatch"
DEEDS: dict[str, Deed] = {
    "create": _deed(4, lambda w, a, b: w.workspace.create("x", name=a), "status-mismatch"),
    "create aside": _deed(1, lambda w, a, b: w.workspace.create("x", name=a, switch=False)),
    "adopt": _deed(4, lambda w, a, b: w.adopt(a), "status-mismatch"),
    "switch": _deed(6, lambda w, a, b: w.workspace.switch(a), "status-mismatch"),
    "pause": _deed(2, lambda w, a, b: w.workspace.pause(), "status-mismatch"),
    "resume": _deed(3, lambda w, a, b: w.workspace.resume(), "status-mismatch"),
    "complete": _deed(
        3,
        lambda w, a, b: w.workspace.complete(a, unfinished="allow"),
        "completion-cut-short status-mismatch",
    ),
    "complete and archive": _deed(
        2,
        lambda w, a, b: w.workspace.complete(a, archive=True, unfinished="allow"),
        "completion-cut-short archive-cut-short status-mismatch",
    ),
    "archive": _deed(3, lambda w, a, b: w.workspace.archive(a), "archive-cut-short"),
    "reopen": _deed(4, lambda w, a, b: w.workspace.reopen(a), "status-mismatch"),
    "rename": _deed(3, lambda w, a, b: w.workspace.rename(a, b), _RENAMED),
    "next phase": _deed(2, lambda w, a, b: w.workspace.next_phase(a)),
    "set phase": _deed(1, lambda w, a, b: w.workspace.set_phase("PLAN", a)),
    "add task": _deed(2, lambda w, a, b: w.workspace.add_task("impl-1", a)),
    "finish task": _deed(2, lambda w, a, b: w.workspace.finish_task("impl-1", a)),
    "checkpoint": _deed(2, lambda w, a, b: w.workspace.checkpoint(a, note="here")),
    "update": _deed(2, lambda w, a, b: w.workspace.update(a, {"theirs": b})),
    "undo": _deed(8, lambda w, a, b: w.workspace.undo(), _ANY),
    "heal": _deed(2, lambda w, a, b: w.workspace.heal()),
    "write a file": _deed(6, lambda w, a, b: w.write_file(a)),
}


@attrs.define
class Figures:
    """What was done so far: how many kills, where they met the workers, what was found then."""

    rounds: int = 0
    kills: int = 0
    operations: int = 0
    files: int = 0
    repairs: int = 0
    met: Counter[str] = attrs.field(factory=Counter)
    found: Counter[str] = attrs.field(factory=Counter)

    def __str__(self) -> str:
        done = (
            f"{self.kills} kills survived in {self.rounds} rounds ({self.operations} operations"
            f" begun, at most {self.files} files in a tree, {self.repairs} repairs)"
        )
        met = _list_counts("killed in", self.met)
        return "\n".join([done, *met, *_list_counts("found then", self.found)])


def _list_counts(what: str, counts: Counter[str]) -> list[str]:
    said = ", ".join(f"{kind} {count}" for kind, count in counts.most_common()) or "nothing"
    return textwrap.wrap(f"{what}: {said}", 80, initial_indent="  ", subsequent_indent="    ")


def draw(random: Random) -> tuple[str, str, str]:
    """Draw what is done next, to which session, and a second name."""
    [kind] = random.choices(list(DEEDS), [deed.share for deed in DEEDS.values()])
    name, other = random.sample(NAMES, 2)
    return kind, name, other


class Worker:
    """One process that works until it is killed; it tells by a pipe what it begins and ends."""

    def __init__(self, root: Path, name: str, random: Random, pipe: int) -> None:
        self.root = root
        self.workspace: Workspace = wfsession.open(root)
        self.workspace.timeout_s = _PATIENCE_S
        self._name = name
        self._random = random
        self._pipe = pipe
        self._count = 0

    def run(self, waits_for_disk: bool) -> None:
        """Do one thing after the other, for ever."""
        if not waits_for_disk:
            disk._sync_descriptor = lambda descriptor: None
        while True:
            kind, name, other = draw(self._random)
            self._tell(f"begin {kind}")
            try:
                DEEDS[kind].act(self, name, other)
            except _REFUSALS:
                pass  # nothing was done, which is an end too
            self._tell("end")

    def _tell(self, line: str) -> None:
        os.write(self._pipe, f"{line}\n".encode())

    def make_file(self, folder: Path) -> Path:
        """Write a file that only the user knows of, and tell of it once it is whole."""
        self._count += 1
        path = folder / f"{self._name}-{self._count}.txt"
        path.write_text(path.name * 100)
        self._tell(f"file {path.name}")
        return path

    def write_file(self, session: str) -> None:
        """Put a file into a session's directory, wherever that is."""
        path = self.make_file(self.root.parent)
        for folder in (self.root / session, self.root / "completed" / session):
            try:
                path.rename(folder / path.name)
                return
            except FileNotFoundError:
                continue

    def adopt(self, session: str) -> None:
        """Make a directory with a file in it a session."""
        work = self.root.parent / f"{self._name}-{self._count}"
        work.mkdir()
        self.make_file(work)
        self.workspace.create("x", name=session, adopt=work)


class Yard:
    """A tree in which workers are killed."""

    def __init__(self, place: Path, seed: str, figures: Figures) -> None:
        self._place = place
        self._seed = seed
        self._figures = figures
        self._files: set[str] = set()
        # What may be found although nobody was killed since: it was not put right.
        self._left: frozenset[str] = frozenset()
        # Whether anything was taken back in this round.
        self._has_undone = False
        self._root = place
        self._number = 0

    def play_round(self) -> None:
        """Let one worker or two work, kill each of them, and check what they leave.

        Raises:
            AssertionError: something is not as it must be; the tree stays as it was found.
        """
        if self._number % ROUNDS_IN_A_TREE == 0:
            self._begin_tree()
        self._number += 1
        self._has_undone = False
        plan = Random(f"{self._seed} {self._number}")
        count = plan.choice((1, 2, 3, 4))
        met: list[str] = []
        try:
            met += self._kill_all([f"{self._number}-{worker}" for worker in range(count)], plan)
            self._check(met, is_healed=plan.random() < 0.7)
        except Exception as error:
            raise AssertionError(
                f"seed {self._seed!r}, round {self._number}, killed in {met}: {error!r}\n"
                f"the tree: {self._place}"
            ) from error
        self._figures.rounds += 1

    def _begin_tree(self) -> None:
        shutil.rmtree(self._place, ignore_errors=True)
        self._root = make_root(self._place, *NAMES[:3], active=NAMES[0])
        add_session(self._root, NAMES[3], "completed")
        self._files.clear()
        self._left = frozenset()

    def _kill_all(self, names: list[str], plan: Random) -> list[str]:
        """Return what each of some workers was at when it was killed."""
        workers = []
        for name in names:
            reading, writing = os.pipe()
            worker = Worker(self._root, name, Random(f"{self._seed} {name}"), writing)
            waits_for_disk = self._number % _ROUNDS_WITH_SYNC == 0
            workers.append((fork(partial(worker.run, waits_for_disk)), os.fdopen(reading)))
            os.close(writing)
        return [self._kill(child, pipe, plan) for child, pipe in workers]

    def _kill(self, child: int, pipe: Any, plan: Random) -> str:
        begun, delay_s = plan.randrange(1, 5), plan.uniform(0, plan.choice(_DELAYS_S))
        lines = []
        with pipe:
            for line in pipe:
                lines.append(line.split())
                begun -= lines[-1][0] == "begin"
                if not begun:
                    break
            moment = time.monotonic() + delay_s
            while time.monotonic() < moment:
                pass  # to sleep would take longer than that
            os.kill(child, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            lines += [line.split() for line in pipe]
        assert status == -signal.SIGKILL, f"a worker ended by itself, with status {status}"
        self._files |= {words[1] for words in lines if words[0] == "file"}
        self._figures.kills += 1
        self._figures.operations += sum(words[0] == "begin" for words in lines)
        steps = [words for words in lines if words[0] != "file"]
        self._has_undone |= ["begin", "undo"] in steps
        met = " ".join(steps[-1][1:]) if steps[-1][0] == "begin" else "between"
        self._figures.met[met] += 1
        return met

    def _check(self, met: list[str], is_healed: bool) -> None:
        snapshot = check_sound(self._root)
        assert wfsession.current(self._root) == snapshot.active
        self._check_files()
        self._check_records()
        workspace = wfsession.open(self._root)
        allowed = self._left.union(*(DEEDS[kind].leaves for kind in met if kind in DEEDS))
        if self._has_undone:
            # What is taken back is as it was, and may have been at odds with its marker.
            allowed |= {"status-mismatch"}
        found = {finding.id for finding in workspace.diagnose()}
        assert found <= allowed, f"{sorted(found - allowed)} is found"
        self._figures.found.update(found)
        self._left = frozenset() if is_healed else allowed
        if is_healed:
            self._heal(workspace)

    def _heal(self, workspace: Workspace) -> None:
        report = workspace.heal()
        assert report.failed == ()
        assert [one for one in report.findings if one.severity != "info"] == []
        assert workspace.heal().applied == ()
        self._figures.repairs += len(report.applied)
        check_sound(self._root)
        self._check_files()
        self._check_records()

    def _check_files(self) -> None:
        found = {path.name: path for path in self._place.rglob("*.txt")}
        assert self._files <= set(found), f"lost: {sorted(self._files - set(found))}"
        for name in self._files:
            assert found[name].read_text() == name * 100, name
        self._figures.files = max(self._figures.files, len(self._files))

    def _check_records(self) -> None:
        """Hold that the records which had keys of others have them, wherever they are now."""
        records = [read_json(path.parent) for path in self._root.rglob(RECORD)]
        theirs = [record for record in records if "their_own" in record]
        assert len(theirs) == 4, len(theirs)
        assert all(record["their_own"] == [1, {"kept": 1e2}] for record in theirs)
