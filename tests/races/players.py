"""Processes that work in one root at once, and the history that comes of it.

Writers and readers use the library, a person the system's own calls. What each of them does is
drawn from a seed; how they meet is not, so that the same seed gives another history each time.
"""

import os
import signal
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import attrs

import wfsession
from tests.hands import Play, run_in_child, run_together
from tests.races.checker import TooHard, Verdict, check
from tests.races.history import (
    Answer,
    Log,
    Operation,
    encode_history,
    measure_overlap,
    read_logs,
)
from tests.races.model import NEW_SESSIONS, SESSIONS, Root, State
from tests.trees_disk import list_markers, make_root
from wfsession.errors import WfError
from wfsession.workspace import Workspace

# The machine may be busy with other things.
_PATIENCE_S = 300
_LONGEST_LIFE_S = 0.5
_LONGEST_REST_S = 0.004
_WRITES = {
    "switch": 6,
    "resume": 2,
    "pause": 3,
    "complete": 3,
    "reopen": 3,
    "create": 1,
    "create aside": 1,
}
_READS = {"current": 5, "snapshot": 3, "sessions": 2}
_ACTS_BY_HAND = {"touch": 4, "rm": 3, "mv": 3}
# What is not there at first is asked for less often.
_NAMES = (*SESSIONS, *SESSIONS, *NEW_SESSIONS)


@attrs.frozen
class Part:
    """What one process does: operations of which kinds in which shares, on which sessions.

    It does `count` of them; 0 stands for as many as there is time for until the others are done.
    One that dies is killed at some moment, most likely in an operation.
    """

    kinds: dict[str, int]
    count: int = 0
    names: tuple[str, ...] = _NAMES
    dies: bool = False


@attrs.frozen
class Cast:
    """The parts that are played at once, by the names of their processes."""

    parts: dict[str, Part]


def _make_cast(**parts: tuple[int, Part]) -> Cast:
    named = {
        f"{name}-{number}": part for name, (count, part) in parts.items() for number in range(count)
    }
    return Cast(named)


_WRITER, _READER = Part(_WRITES, 40), Part(_READS)
CASTS = {
    "library": _make_cast(writer=(3, _WRITER), reader=(2, _READER)),
    "library, and some die": _make_cast(
        writer=(2, _WRITER), reader=(2, _READER), mortal=(2, attrs.evolve(_WRITER, dies=True))
    ),
    # Who acts by hand looks after most acts at what came of it.
    "a person too": _make_cast(
        writer=(2, _WRITER), reader=(2, _READER), person=(1, Part({**_ACTS_BY_HAND, **_READS}, 60))
    ),
}
# Never is none active here.
SWITCHING = _make_cast(
    writer=(2, Part({"switch": 1}, 25, SESSIONS)), reader=(2, Part({"current": 1}))
)


def play(place: Path, cast: Cast, seed: str, others: int = 0) -> tuple[Operation, ...]:
    """Let processes work in a new root, and return what each of them wrote down.

    Args:
        place: an empty directory.
        cast: who plays.
        seed: what each of them does is drawn from this.
        others: how many further sessions, without a record, make the root large.
    """
    root = make_root(place, *SESSIONS, active=SESSIONS[0])
    for number in range(others):
        (root / f"WFS-other-{number}").mkdir()
    logs = place / "logs"
    logs.mkdir()
    acts: list[Play] = []
    beside = []
    for process, part in cast.parts.items():
        random = Random(f"{seed} {process}")
        log = Log(logs, process)
        player = Player(root, log)
        act = partial(_play_part, player, part, random)
        if not part.count:
            beside.append(partial(_play_on, player, part, random))
        else:
            acts.append(partial(_die, act, log, random) if part.dies else act)
    run_together(acts, *beside)
    # Whatever was left behind must be explained too.
    kind = "current" if others else "sessions"
    Player(root, Log(logs, "afterwards")).do(kind, ())
    return read_logs(logs)


def judge(operations: tuple[Operation, ...], seed: str) -> Verdict[State]:
    """Hold that a history shows something, and that there is an order that explains it.

    A history that has none, or that takes too long to explain, is kept in a file.
    """
    overlap = measure_overlap(operations)
    assert overlap >= 1 / 3, f"only {overlap:.0%} overlap, so that this history shows nothing"
    problem = ""
    try:
        verdict = check(operations, Root())
        problem = "" if verdict.is_explained else str(verdict)
    except TooHard as error:
        problem = str(error)
    if problem:
        kept = Path(
            tempfile.gettempdir(), f"wfsession-history-{os.getpid()}-{time.time_ns()}.jsonl"
        )
        kept.write_text(encode_history(operations))
        raise AssertionError(
            f"seed {seed!r}: {problem}\nto check it again: python -m tests.soak.replay {kept}"
        )
    return verdict


def _play_part(player: "Player", part: Part, random: Random) -> None:
    for _ in range(part.count):
        player.do(*_draw(part, player, random))


def _play_on(player: "Player", part: Part, random: Random, is_over: Callable[[], bool]) -> None:
    while not is_over():
        player.do(*_draw(part, player, random))
        # Who never rests keeps the others from the processor.
        time.sleep(random.uniform(0, _LONGEST_REST_S))


def _die(act: Play, log: Log, random: Random) -> None:
    life_s = random.uniform(0, _LONGEST_LIFE_S)

    def live() -> None:
        # Nobody catches it, so the system ends the process where it stands.
        signal.setitimer(signal.ITIMER_REAL, life_s)
        act()

    if run_in_child(live, expected=(0, -signal.SIGALRM)):
        log.tell_death()


def _draw(part: Part, player: "Player", random: Random) -> tuple[str, tuple[str, ...]]:
    [kind] = random.choices(list(part.kinds), list(part.kinds.values()))
    if kind in _READS:
        return kind, ()
    if kind.startswith("create"):
        return kind, (random.choice(NEW_SESSIONS),)
    # Who removes or renames a marker has looked first, most of the time.
    seen = player.list_marked() if kind in {"rm", "mv"} else []
    first = random.choice([*part.names, *seen * len(part.names)])
    if kind == "mv":
        return kind, (first, random.choice([name for name in part.names if name != first]))
    return kind, (first,)


class Player:
    """One who works in a root, and writes down what comes of it."""

    def __init__(self, root: Path, log: Log) -> None:
        self._root = root
        self._log = log
        self._workspace = wfsession.open(root)
        self._workspace.timeout_s = _PATIENCE_S

    def do(self, kind: str, names: tuple[str, ...]) -> None:
        """Do one operation, and write it down."""
        if kind in _ACTS_BY_HAND:
            paths = [self._root / f".active-{name}" for name in names]
            self._log.record(kind, names, lambda: _act_by_hand(kind, paths))
        elif kind in _READS:
            self._log.record(kind, names, lambda: self._read(kind))
        else:
            self._log.record(kind, names, lambda: _write(self._workspace, kind, names[0]))

    def list_marked(self) -> list[str]:
        """Return the names of the sessions that have a marker."""
        return [entry.removeprefix(".active-") for entry in list_markers(self._root)]

    def _read(self, kind: str) -> Answer:
        if kind == "current":
            return wfsession.current(self._root)
        if kind == "snapshot":
            return self._workspace.snapshot().active
        return tuple((row.name, row.state) for row in self._workspace.sessions())


def _write(workspace: Workspace, kind: str, name: str) -> Answer:
    try:
        if kind.startswith("create"):
            return workspace.create("x", name=name, switch=kind == "create").state
        done = getattr(workspace, kind)(name)
    except WfError as error:
        return error.code
    state: str = done.state
    return state


def _act_by_hand(kind: str, paths: list[Path]) -> Answer:
    try:
        if kind == "rm":
            paths[0].unlink()
        elif kind == "mv":
            paths[0].rename(paths[1])
        else:
            # A clock that is as fine as the library's, else the order hangs on the clock's grain.
            now_ns = time.time_ns()
            os.close(os.open(paths[0], os.O_WRONLY | os.O_CREAT))
            os.utime(paths[0], ns=(now_ns, now_ns))
    except FileNotFoundError:
        return "gone"
    return "done"
