"""A disk that fails at any one call of the system, a reading one too: told, and nothing is lost.

Each call fails with numbers that its manual page gives it, and in a soak with every number.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import wfsession
from tests.faults.test_crashes import build_with_losers
from tests.figures import count
from tests.system import EVERY_NUMBER, NUMBERS, Fault, watch_system
from tests.writers import WRITERS, Crash, list_texts
from wfsession.core.locate import Environment
from wfsession.errors import CannotMove, DiskFailed, WfError
from wfsession.workspace import Workspace

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

# Of an operation that makes more calls, some are left out in the ordinary run.
_MANY = 50


def list_calls(act: Callable[[], object]) -> list[str]:
    """Return the system's calls that an act makes of itself, in their order."""
    fault = Fault()
    with pytest.MonkeyPatch.context() as patch:
        watch_system(patch, fault)
        act()
    return fault.names


def run_with(fault: Fault, act: Callable[[], object]) -> tuple[object, WfError | None]:
    """Run an act with one call failing; returns what it returns, or the error that is ours."""
    with pytest.MonkeyPatch.context() as patch:
        watch_system(patch, fault)
        try:
            return act(), None
        except WfError as error:
            return None, error


def list_faults(calls: list[str], is_soak: bool) -> Iterator[Fault]:
    """Yield a failure of each call, with each number, for as long as nothing was changed before it.

    What changed something needs a new tree each time: each such call fails with one number, another
    one from call to call, and of more than fifty calls an even sample does. A soak leaves nothing
    out.
    """
    step = 1 if is_soak else 1 + len(calls) // _MANY
    for at in range(1, len(calls) + 1, step):
        numbers = EVERY_NUMBER if is_soak else NUMBERS[calls[at - 1]]
        for turn in range(len(numbers)):
            fault = Fault(at, numbers[(at + turn) % len(numbers)])
            yield fault
            if fault.has_changed and not is_soak:
                break


@pytest.mark.parametrize("name", WRITERS)
def test_a_call_that_fails_is_told_and_leaves_a_state_that_can_be_healed(
    tmp_path: Path, name: str, is_soak: bool
) -> None:
    writer = WRITERS[name]
    root = writer.build(tmp_path / "count")
    texts = list_texts(root)
    calls = list_calls(lambda: writer.run(root))
    has_changed = True
    for fault in list_faults(calls, is_soak):
        if has_changed:
            shutil.rmtree(tmp_path / "failing", ignore_errors=True)
            root = writer.build(tmp_path / "failing")
        count("faults injected")
        _, error = run_with(fault, partial(writer.run, root))
        what = f"{fault.names[-1]} {fault.at} of {len(calls)} with {fault.number}: {error!r}"
        check_told(error, fault, what)
        has_changed = fault.has_changed
        if has_changed:
            writer.check_crash(Crash(root, texts, what, is_half_healed=True))


def check_told(error: WfError | None, fault: Fault, what: str) -> None:
    """Hold that what is raised says what the system said."""
    if error is None or isinstance(error, CannotMove):
        return
    assert os.strerror(fault.number) in str(error), what
    if isinstance(error, DiskFailed):
        assert error.errno == fault.number, what
        assert os.path.isabs(error.path), what
        assert error.hint, what


READINGS: dict[str, Callable[[Workspace], object]] = {
    "current": lambda ws: wfsession.current(ws.root),
    "resolve": lambda ws: ws.resolve().session,
    "get": lambda ws: ws.get("old").name,
    "active": lambda ws: getattr(ws.active(), "name", None),
    "sessions": lambda ws: {one.name for one in ws.sessions(archived=True)},
    "log": lambda ws: ws.log(),
    "diagnose": lambda ws: isinstance(ws.diagnose(), tuple),
}


@pytest.mark.parametrize("name", READINGS)
def test_a_reader_whose_call_fails_says_so_or_answers_as_ever(
    tmp_path: Path, name: str, is_soak: bool
) -> None:
    """A session that cannot be read is listed as bad, with its name."""
    root = build_with_losers(tmp_path)
    bindings = root / ".threads"
    bindings.mkdir()
    (bindings / "claude--1").write_text("b\n")
    wfsession.open(root).switch("b")
    wfsession.open(root).switch("a")
    workspace = Workspace(str(root), Environment(thread="claude--1"))
    right = READINGS[name](workspace)
    for fault in list_faults(list_calls(lambda: READINGS[name](workspace)), is_soak):
        count("faults injected into readers")
        answer, error = run_with(fault, lambda: READINGS[name](workspace))
        what = f"{fault.names[-1]} {fault.at} with {fault.number}: {error!r}"
        check_told(error, fault, what)
        assert error is not None or answer == right or is_denied(fault), (what, answer)


def is_denied(fault: Fault) -> bool:
    """Tell whether it is one that says that a file is not ours to read, or cannot be there."""
    return fault.number in (errno.EACCES, errno.ENAMETOOLONG)
