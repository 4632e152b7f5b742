"""A dispatch that is killed before any of its steps: the next one goes on, and says so.

The steps are the calls that change the disk or start git, as the interpreter audits them.
"""

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.hands import fork, wait
from tests.workdirs.dispatching import BRANCH, Dispatcher, make_terms, run_agent, see_in
from wfsession.core.locate import Environment
from wfsession.workdirs.key import make_key
from wfsession.workdirs.thread import find_thread_path, make_thread_key, read_thread_record
from wfsession.workspace import Workspace

_STEPS = frozenset({"os.rename", "os.mkdir", "os.remove", "os.link", "subprocess.Popen"})
_WRITING = os.O_WRONLY | os.O_RDWR


def is_step(event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open":
        return isinstance(arguments[2], int) and bool(arguments[2] & _WRITING)
    return event in _STEPS


def die_before(step: int) -> None:
    """Have this process killed before one of its steps; nothing of ours tidies up after it."""
    left = step

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if is_step(event, arguments):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def kill_each(dispatcher: Dispatcher, issues: Iterator[str]) -> Iterator[tuple[str, bool]]:
    """Kill a dispatch before its first step, its second, and so on, until one comes to its end.

    Yields the issue of each, and whether it was put down that its run had begun.
    """
    for step, issue in zip(itertools.count(), issues, strict=False):

        def act(step: int = step, issue: str = issue) -> None:
            die_before(step)
            with dispatcher.open(issue=issue) as run:
                run.record_thread("first")

        code = wait(fork(act))
        assert code in (0, -signal.SIGKILL)
        if code == 0:
            # Else there would be nothing that was enumerated.
            assert step > 20
            return
        yield issue, read_status(dispatcher, issue) == "running"


def read_status(dispatcher: Dispatcher, issue: str) -> str:
    key = make_key("dev", dispatcher.repository.remote, BRANCH)
    thread_key = make_thread_key(key, issue)
    found = read_thread_record(
        find_thread_path(dispatcher.places, key.repository_name, thread_key), thread_key
    )
    assert not isinstance(found, str)
    return found.status if found is not None else ""


@pytest.fixture
def prepared(dispatcher: Dispatcher, tmp_path: Path) -> Dispatcher:
    """Return a dispatcher whose agent had its first conversation, on issue 7."""
    home = tmp_path / "config"
    transcript = home / "projects" / "-w" / "first.jsonl"
    transcript.parent.mkdir(parents=True)
    transcript.write_text("{}\n")
    access = make_terms().access
    environment = {**access.environment, "CLAUDE_CONFIG_DIR": str(home)}
    terms = make_terms(access=attrs.evolve(access, environment=environment))
    prepared = attrs.evolve(dispatcher, terms=terms)
    with prepared.open() as run:
        run.record_thread("first")
    return prepared


def check(dispatcher: Dispatcher, issue: str, has_begun: bool, reasons: set[str]) -> None:
    with dispatcher.open(issue=issue) as run:
        assert run.resume.reason in reasons
        assert any("was cut short" in note for note in run.notes) == has_begun
    assert dispatcher.read(issue=issue).status == "ended"
    workspace = Workspace(run.root, Environment())
    of_issue = [
        one
        for one in workspace.sessions(archived=True)
        if one.record is not None and one.record.data["workdir"]["issue"] == issue
    ]
    assert [one.name for one in of_issue] == [run.session]
    assert [one for one in workspace.diagnose() if one.severity != "info"] == []


def test_a_killed_dispatch_keeps_the_conversation_for_the_next(prepared: Dispatcher) -> None:
    begun = set()
    for issue, has_begun in kill_each(prepared, itertools.repeat("7")):
        check(prepared, issue, has_begun, {""})
        begun.add(has_begun)
    assert begun == {True, False}


def test_a_killed_first_dispatch_leaves_one_session_of_its_issue_at_most(
    prepared: Dispatcher,
) -> None:
    key = make_key("dev", prepared.repository.remote, BRANCH)
    root = prepared.places.root(key.repository_name)
    shutil.rmtree(root)
    for issue, has_begun in kill_each(prepared, map(str, itertools.count(100))):
        check(prepared, issue, has_begun, {"", "never_ran"})
        shutil.rmtree(root)


def test_what_a_hook_put_down_of_a_killed_run_is_known_to_the_next(dispatcher: Dispatcher) -> None:
    def act() -> None:
        with dispatcher.open() as run:
            run_agent(run, "hook", "transcript", "as=heard")
            os.kill(os.getpid(), signal.SIGKILL)

    assert wait(fork(act)) == -signal.SIGKILL
    assert (dispatcher.read().status, dispatcher.read().id) == ("running", "")
    with dispatcher.open() as run:
        assert run.resume.id == "heard"


def test_what_was_put_down_before_a_killed_run_began_is_not_taken_for_its(
    dispatcher: Dispatcher,
) -> None:
    see_in(dispatcher.dispatch("hook", "transcript", issue="6"), "19")

    def act() -> None:
        with dispatcher.open():
            os.kill(os.getpid(), signal.SIGKILL)

    assert wait(fork(act)) == -signal.SIGKILL
    with dispatcher.open() as run:
        assert run.resume.reason == "never_ran"
