"""Many processes at once, real ones: nothing is lost, nothing torn, one active at the most."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import wfsession
from tests.hands import Play, run_together
from tests.trees_disk import (
    RECORD,
    add_session,
    check_sound,
    list_leftovers,
    list_markers,
    make_root,
    read_json,
    states,
)
from wfsession.core.disk import Folder
from wfsession.core.markers import Listing, read_markers

PROCESSES = 40
# Forty take turns; the machine may be busy with other things.
PATIENCE_S = 300


def open_patiently(root: Path) -> wfsession.Workspace:
    workspace = wfsession.open(root)
    workspace.timeout_s = PATIENCE_S
    return workspace


def watch(root: Path, known: Callable[[str | None], bool]) -> Callable[[Callable[[], bool]], None]:
    """Return what looks at a root until all is over: who is active, and by how many markers."""

    def look(is_over: Callable[[], bool]) -> None:
        looks = 0
        with Folder.open(str(root)) as folder:
            while not is_over():
                listing = Listing(folder)
                if listing.is_sound(time.time_ns()):
                    assert len(listing.candidates) <= 1, [m.entry for m in listing.candidates]
                active = read_markers(folder).active
                assert known(active), active
                looks += 1
        assert looks > 0

    return look


def test_forty_processes_that_start_together_lose_no_session_and_leave_no_marker(
    tmp_path: Path,
) -> None:
    root = make_root(tmp_path)

    def live(number: int) -> None:
        workspace = open_patiently(root)
        # Half of them want the same name.
        name = workspace.create("same" if number % 2 else f"own {number}").name
        assert workspace.switch(name).name == name
        assert workspace.pause(name).state == "paused"
        assert workspace.complete(name).state == "completed"

    def act(number: int) -> Play:
        return lambda: live(number)

    names = {f"WFS-own-{number}" for number in range(0, PROCESSES, 2)}
    names |= {"WFS-same"} | {f"WFS-same-{number}" for number in range(2, PROCESSES // 2 + 1)}

    run_together(
        [act(number) for number in range(PROCESSES)],
        watch(root, lambda active: active is None or active in names),
    )

    snapshot = check_sound(root)
    assert {row.name for row in snapshot.sessions} == names
    assert {row.state for row in snapshot.sessions} == {"completed"}
    assert all(row.problems == () for row in snapshot.sessions)
    assert list_markers(root) == []
    assert list_leftovers(root) == []
    for name in names:
        record = read_json(root / name)
        assert record["session_id"] == name
        assert record["completed_at"]


def test_processes_that_switch_against_each_other_always_leave_exactly_one_active(
    tmp_path: Path,
) -> None:
    names = ["WFS-a", "WFS-b", "WFS-c", "WFS-d"]
    root = make_root(tmp_path, *names, active="WFS-a")

    def act(name: str) -> Play:
        def switch_often() -> None:
            workspace = open_patiently(root)
            for _ in range(15):
                assert workspace.switch(name).name == name

        return switch_often

    run_together([act(name) for name in names], watch(root, lambda active: active in names))

    assert sorted(states(root).values()) == ["active", "paused", "paused", "paused"]
    assert len(list_markers(root)) == 1
    assert all(row.problems == () for row in check_sound(root).sessions)


def test_a_reader_beside_a_busy_switcher_never_sees_none_or_an_unknown_name(
    tmp_path: Path,
) -> None:
    names = ["WFS-a", "WFS-b", "WFS-c"]
    root = make_root(tmp_path, *names, active="WFS-a")
    # A long listing is more easily overtaken.
    for number in range(300):
        (root / f"WFS-other-{number}").mkdir()

    def switch_often() -> None:
        workspace = open_patiently(root)
        for number in range(200):
            workspace.switch(names[number % 3])

    def look(is_over: Callable[[], bool]) -> None:
        while not is_over():
            assert wfsession.current(root) in names

    run_together([switch_often], look)

    assert list_markers(root) == [".active-WFS-b"]


def test_a_reader_beside_raw_renames_by_hand_never_sees_none_or_an_unknown_name(
    tmp_path: Path,
) -> None:
    names = ["WFS-a", "WFS-b"]
    root = make_root(tmp_path, *names, active="WFS-a")

    def rename_often() -> None:
        for number in range(4000):
            old, new = names[number % 2], names[(number + 1) % 2]
            os.rename(root / f".active-{old}", root / f".active-{new}")
            if number % 50 == 0:
                # Whoever never lets go of the disk can be seen by nobody.
                os.sched_yield() if hasattr(os, "sched_yield") else None

    seen_at_rest = []

    def look(is_over: Callable[[], bool]) -> None:
        with Folder.open(str(root)) as folder:
            while not is_over():
                listing = read_markers(folder)
                # Nobody holds the lock here, so what never rested may be void in the end.
                if listing.is_sound(time.time_ns()):
                    assert listing.active in names
                    seen_at_rest.append(listing.active)

    run_together([rename_often], look)

    assert wfsession.current(root) == "WFS-a"


def test_three_processes_that_change_different_keys_of_one_record_keep_all_three(
    tmp_path: Path,
) -> None:
    root = make_root(tmp_path, "WFS-a", active="WFS-a")
    before = read_json(root / "WFS-a")

    def act(key: str) -> Play:
        def count() -> None:
            workspace = open_patiently(root)
            for number in range(1, 31):
                workspace.update("WFS-a", {key: number, "shared": {key: number}})

        return count

    def look(is_over: Callable[[], bool]) -> None:
        while not is_over():
            # Never torn, at no moment.
            json.loads((root / "WFS-a" / RECORD).read_bytes())

    run_together([act(key) for key in ("one", "two", "three")], look)

    record = read_json(root / "WFS-a")
    assert (record["one"], record["two"], record["three"]) == (30, 30, 30)
    assert record["shared"] == {"one": 30, "two": 30, "three": 30}
    assert {key: record[key] for key in before if key != "meta"} == {
        key: before[key] for key in before if key != "meta"
    }
    assert list_leftovers(root) == []


def test_processes_that_complete_and_reopen_and_rename_lose_nothing(tmp_path: Path) -> None:
    root = make_root(tmp_path, active="")
    for number in range(4):
        add_session(root, f"WFS-{number}", "paused")

    def act(number: int) -> Play:
        def go_round() -> None:
            workspace = open_patiently(root)
            for turn in range(4):
                workspace.complete(f"WFS-{number}", archive=True, unfinished="allow")
                workspace.reopen(f"WFS-{number}")
                workspace.rename(f"WFS-{number}", f"WFS-{number}-{turn}")
                workspace.rename(f"WFS-{number}-{turn}", f"WFS-{number}")

        return go_round

    known = {None} | {f"WFS-{n}{t}" for n in range(4) for t in ("", "-0", "-1", "-2", "-3")}
    run_together([act(number) for number in range(4)], watch(root, lambda name: name in known))

    snapshot = check_sound(root)
    assert sorted(row.name for row in snapshot.sessions) == [f"WFS-{n}" for n in range(4)]
    assert len(list_markers(root)) <= 1
    for number in range(4):
        text = (root / f"WFS-{number}" / "PLAN.md").read_text()
        assert text == f"the plan of WFS-{number}\n"


def test_processes_that_make_a_root_at_once_make_one(tmp_path: Path) -> None:
    def make() -> None:
        workspace = wfsession.init(tmp_path)
        workspace.timeout_s = PATIENCE_S
        workspace.create("x")

    run_together([make] * 8)

    root = tmp_path / ".workflow"
    assert len(states(root)) == 8
    assert len(list_markers(root)) == 1
