"""Who forks or is killed while it holds the lock, and threads that share a workspace."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.hands import fork, play, run_in_child, wait
from tests.trees_disk import (
    check_sound,
    list_leftovers,
    list_markers,
    make_root,
    read_json,
    states,
)
from wfsession.core.model import Event
from wfsession.errors import LockTimeout, WfError

NAMES = ["WFS-a", "WFS-b", "WFS-c", "WFS-d"]
THREADS, TURNS = 8, 12


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path, *NAMES, active="WFS-a")


@pytest.mark.parametrize("verb", ["create", "replace", "append", "sync"])
def test_who_is_killed_while_it_holds_the_lock_keeps_nobody_waiting(root: Path, verb: str) -> None:
    def be_killed() -> None:
        with pytest.MonkeyPatch.context() as patch:
            play(patch, verb, lambda: os.kill(os.getpid(), signal.SIGKILL), at=2)
            wfsession.open(root).switch("WFS-b")

    run_in_child(be_killed, expected=(-signal.SIGKILL,))

    workspace = wfsession.open(root)
    workspace.timeout_s = 0
    assert workspace.switch("WFS-c").state == "active"
    workspace.heal()
    assert check_sound(root).active == "WFS-c"
    assert [one for one in workspace.diagnose() if one.severity != "info"] == []


@pytest.mark.parametrize(
    ("verb", "name"),
    [("create", "record-"), ("append", "journal"), ("replace", ".active-"), ("replace", "record-")],
)
def test_a_child_that_is_forked_in_an_operation_waits_for_it_as_anybody_does(
    root: Path, verb: str, name: str
) -> None:
    forked: list[int] = []

    def act_as_child() -> None:
        workspace = wfsession.open(root)
        workspace.timeout_s = 0
        with pytest.raises(LockTimeout) as caught:
            workspace.switch("WFS-c")
        assert str(os.getppid()) in caught.value.holder
        assert wfsession.current(root) in ("WFS-a", "WFS-b")

    def fork_and_wait() -> None:
        forked.append(run_in_child(act_as_child))

    with pytest.MonkeyPatch.context() as patch:
        play(patch, verb, fork_and_wait, name=name)
        assert wfsession.open(root).switch("WFS-b").state == "active"

    assert forked
    assert list_markers(root) == [".active-WFS-b"]
    assert list_leftovers(root) == []
    assert wfsession.open(root).diagnose() == ()


def test_a_child_that_was_forked_in_an_operation_works_once_that_is_over(root: Path) -> None:
    (to_child, tell_child) = os.pipe()
    children: list[int] = []

    def act_as_child() -> None:
        os.close(tell_child)
        os.read(to_child, 1)
        assert wfsession.open(root).switch("WFS-c").state == "active"

    with pytest.MonkeyPatch.context() as patch:
        play(patch, "replace", lambda: children.append(fork(act_as_child)))
        wfsession.open(root).switch("WFS-b")
    assert list_markers(root) == [".active-WFS-b"]
    os.close(tell_child)

    assert wait(children[0]) == 0
    os.close(to_child)
    assert list_markers(root) == [".active-WFS-c"]
    assert wfsession.open(root).diagnose() == ()


def run_threads(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_that_share_one_workspace_work_one_after_the_other(root: Path) -> None:
    workspace = wfsession.open(root)
    workspace.timeout_s = 300
    events: list[Event] = []
    failed: list[BaseException] = []
    workspace.listen(events.append)
    gate = threading.Barrier(THREADS)

    def live(number: int) -> None:
        try:
            gate.wait()
            for turn in range(TURNS):
                workspace.switch(NAMES[(number + turn) % len(NAMES)])
                workspace.update("WFS-a", {f"of_{number}": turn, "shared": {str(number): turn}})
                assert workspace.active() is not None
                workspace.sessions()
        except BaseException as error:  # noqa: BLE001 - it is raised again in the main thread
            failed.append(error)

    run_threads([threading.Thread(target=live, args=(number,)) for number in range(THREADS)])

    assert failed == []
    check_linear(events, wfsession.current(root))
    record = read_json(root / "WFS-a")
    last = TURNS - 1
    assert [record[f"of_{number}"] for number in range(THREADS)] == [last] * THREADS
    assert record["shared"] == {str(number): last for number in range(THREADS)}
    assert len(list_markers(root)) == 1
    assert list_leftovers(root) == []
    assert workspace.diagnose() == ()
    # Each operation stands in the journal, from its beginning to its end.
    assert Counter(entry.state for entry in workspace.log()) == {
        "done": sum(e.changed for e in events)
    }


def check_linear(events: list[Event], active: str | None) -> None:
    """Hold that the switches make one chain: each began where another ended, but for the first."""
    switches = [event for event in events if event.kind == "switched" and event.changed]
    assert len(switches) > len(NAMES)
    ends = Counter([*(event.session.name for event in switches), "WFS-a"])
    begins = Counter([*(event.previous for event in switches), active])
    assert ends == begins


def test_threads_that_do_everything_at_once_crash_nowhere(root: Path) -> None:
    workspace = wfsession.open(root)
    workspace.timeout_s = 300
    odd: list[BaseException] = []
    gate = threading.Barrier(THREADS)

    def live(number: int) -> None:
        name = f"WFS-own-{number}"
        acts: list[Callable[[], object]] = [
            lambda: workspace.create(f"own {number}"),
            lambda: workspace.rename(name, f"{name}-2"),
            lambda: workspace.switch(NAMES[number % 4]),
            workspace.undo,
            lambda: workspace.complete(name, archive=True),
            workspace.heal,
            lambda: workspace.reopen(name),
            workspace.pause,
            workspace.snapshot,
        ]
        gate.wait()
        for act in acts:
            try:
                act()
            except WfError:
                pass  # another was quicker: a sentence, and no crash
            except BaseException as error:  # noqa: BLE001 - shown by the main thread
                odd.append(error)

    run_threads([threading.Thread(target=live, args=(number,)) for number in range(THREADS)])

    assert odd == []
    assert set(NAMES) <= set(states(root))
    assert list_leftovers(root) == []
    workspace.heal()
    assert [one for one in workspace.diagnose() if one.severity != "info"] == []
    check_sound(root)
