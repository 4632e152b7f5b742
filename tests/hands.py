"""Plays the other party, a failing disk, and a process that dies, at one chosen call.

Every test that needs a moment between two system calls takes it here: a call of `disk.Folder` is
replaced by one that first (or afterwards) does something else. Deaths are played from a recording.
Nothing sleeps or measures time.
"""

import errno
import os
import shutil
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.figures import count
from tests.outage import Outcome, list_deaths, list_different
from tests.recording import Recording, plant, record
from wfsession.core.disk import Folder

# The verbs that change what is on the disk, or make it durable.
CHANGING = (
    "create",
    "append",
    "create_marker",
    "replace",
    "move",
    "unlink",
    "make",
    "remove",
    "set_mtime",
    "sync",
)
# Those that only look.
LOOKING = ("list_names", "read_status", "is_writable", "stat", "read", "child", "open_lock_file")
# Those that change and need room on the disk.
GROWING = ("create", "append", "create_marker", "make")

Play = Callable[[], object]
_FAILED = 78


def play(
    patch: pytest.MonkeyPatch,
    verb: str,
    act: Play,
    *,
    at: int = 1,
    times: int = 1,
    name: str = "",
    after: bool = False,
) -> list[int]:
    """Let somebody else act when a verb of Folder is called.

    Args:
        patch: undoes it at the end of the test.
        verb: the method.
        act: what the other party does; it is not called while it acts itself.
        at: the first call that counts, from 1.
        times: at how many calls it acts.
        name: only calls with this as one of their arguments count; a part of it will do.
        after: whether it acts after the call instead of before it.

    Returns:
        A list that grows by one for every time that it acted.
    """
    real = getattr(Folder, verb)
    played: list[int] = []
    count = 0
    acting = False

    def hand(self: Folder, *args: Any, **options: Any) -> Any:
        nonlocal count, acting
        counts = not acting and (not name or any(name in str(arg) for arg in args))
        count += counts
        acts = counts and at <= count < at + times
        if acts:
            played.append(count)
        if acts and not after:
            acting = True
            act()
            acting = False
        result = real(self, *args, **options)
        if acts and after:
            acting = True
            act()
            acting = False
        return result

    patch.setattr(Folder, verb, hand)
    return played


def play_at(patch: pytest.MonkeyPatch, number: int, act: Play) -> list[str]:
    """Let somebody else act just before the `number`-th call of Folder, whichever that is.

    Returns:
        A list that grows by the verb of every call, without those that other calls make.
    """
    calls: list[str] = []
    depth = 0
    for verb in (*CHANGING, *LOOKING):
        real = getattr(Folder, verb)

        def hand(
            self: Folder, *args: Any, verb: str = verb, real: Any = real, **options: Any
        ) -> Any:
            nonlocal depth
            if not depth:
                calls.append(verb)
            depth += 1
            try:
                if depth == 1 and len(calls) == number:
                    act()
                return real(self, *args, **options)
            finally:
                depth -= 1

        patch.setattr(Folder, verb, hand)
    return calls


def fail(
    patch: pytest.MonkeyPatch,
    number: int,
    *verbs: str,
    at: int = 1,
    times: int = 10_000,
    name: str = "",
) -> list[str]:
    """Make calls of Folder fail with an error of the system; returns the names of those made."""
    calls: list[str] = []
    failed = 0
    for verb in verbs:
        real = getattr(Folder, verb)

        def hand(
            self: Folder, *args: Any, verb: str = verb, real: Any = real, **options: Any
        ) -> Any:
            nonlocal failed
            if not name or any(name in str(arg) for arg in args):
                calls.append(verb)
                if at <= len(calls) and failed < times:
                    failed += 1
                    entry = args[0] if args else "."
                    raise OSError(number, os.strerror(number), entry)
            return real(self, *args, **options)

        patch.setattr(Folder, verb, hand)
    return calls


@attrs.frozen
class Death:
    """How a process died: before its `number`-th change, which is a call of the system, or in it.

    `verb` is that call, "all" where there is none; `when` tells what was written of its bytes.
    """

    number: int
    when: str
    verb: str
    root: Path


def enumerate_deaths(
    top: Path, build: Callable[[Path], Path], operate: Callable[[str], object]
) -> Iterator[Death]:
    """Let a process die at each change that an operation makes, each time in a fresh tree.

    The operation runs once, in a process that lives, and is recorded; see `outage`.

    Args:
        top: a directory.
        build: makes the tree at a path that does not exist yet, and returns its root.
        operate: the operation, given the path of the root.

    Yields:
        Each death that leaves another tree, with that tree, and last the end without one. At
        least one death, else nothing was enumerated.
    """
    recording, inner = _record(top, build, operate)
    for outcome in list_deaths(recording):
        count("crash points")
        yield from _plant(top, inner, outcome)


def enumerate_outages(
    top: Path, build: Callable[[Path], Path], operate: Callable[[str], object]
) -> Iterator[Death]:
    """Let a process die, or the power fail, at each change of an operation; as `enumerate_deaths`.

    Yields:
        Each tree that may be left, once. One at which the operation had ended is called "over".
    """
    recording, inner = _record(top, build, operate)
    for outcome, is_over in list_different(recording):
        verb = "over" if is_over else outcome.verb
        yield from _plant(top, inner, attrs.evolve(outcome, verb=verb))


def _record(
    top: Path, build: Callable[[Path], Path], operate: Callable[[str], object]
) -> tuple[Recording, Path]:
    root = build(top / "run")
    recording = record(top / "run", lambda: operate(str(root)))
    shutil.rmtree(top / "run")
    assert recording.changes
    return recording, root.relative_to(top / "run")


def _plant(top: Path, inner: Path, outcome: Outcome) -> Iterator[Death]:
    place = top / str(outcome.at)
    plant(outcome.tree, place)
    yield Death(outcome.at, outcome.how, outcome.verb, place / inner)
    shutil.rmtree(place)


def run_in_child(
    act: Play, *, meanwhile: Play | None = None, expected: tuple[int, ...] = (0,)
) -> int:
    """Run something in a forked process, and something else here while that lives.

    Returns:
        The exit status, which must be one of the `expected`: 0 where nothing was raised.
    """
    child = fork(act)
    try:
        if meanwhile is not None:
            meanwhile()
    except BaseException:
        # Nobody would tell it that it may end.
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    status = wait(child)
    assert status in expected, f"the child ended with status {status}"
    return status


def run_together(acts: list[Play], *beside: Callable[[Callable[[], bool]], object]) -> None:
    """Run each of some acts in a process of its own, all of them let go at one moment.

    Args:
        acts: what each process does.
        beside: what each of some further processes does at the same time; it is given a function
            that tells whether it is to stop, which is when all of the `acts` have ended.
    """
    gate, opener = os.pipe()
    ready, teller = os.pipe()
    stop, stopper = os.pipe()

    def take_part(act: Play) -> None:
        os.close(opener)
        os.write(teller, b"x")
        # Ends when the last who could write into it is gone.
        os.read(gate, 1)
        act()

    def stand_beside(look: Callable[[Callable[[], bool]], object]) -> None:
        os.close(stopper)
        os.close(opener)
        os.set_blocking(stop, False)
        look(lambda: _is_closed(stop))

    children = [fork(partial(take_part, act)) for act in acts]
    watchers = [fork(partial(stand_beside, look)) for look in beside]
    for _ in acts:
        os.read(ready, 1)
    os.close(opener)
    statuses = [wait(child) for child in children]
    os.close(stopper)
    watched = [wait(watcher) for watcher in watchers]
    for descriptor in (gate, ready, teller, stop):
        os.close(descriptor)
    assert statuses == [0] * len(acts)
    assert watched == [0] * len(beside)


def _is_closed(descriptor: int) -> bool:
    try:
        return os.read(descriptor, 1) == b""
    except BlockingIOError:
        return False


def fork(act: Play) -> int:
    """Run something in a forked process, which ends after it, and return its id."""
    with warnings.catch_warnings():
        # Threads of the test runner do not live on in the child, which needs none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = _FAILED
    try:
        act()
        code = 0
    except BaseException:  # noqa: BLE001 - it must not go on with the parent's work
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(code)


def wait(child: int) -> int:
    """Wait for a forked process, and return its exit status."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def count_calls(patch: pytest.MonkeyPatch, *verbs: str) -> list[str]:
    """Count calls of Folder: the list grows by the name of each."""
    return fail(patch, errno.EIO, *verbs, times=0)
