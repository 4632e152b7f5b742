"""A process that dies at any of its calls: what the next reader sees, and the next writer does.

The table of steps in the protocol says which states a crash may leave; here each is enumerated.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.boxes import add_session_box
from tests.hands import Death, enumerate_deaths
from tests.trees_disk import (
    RECORD,
    add_session,
    check_sound,
    list_files,
    list_markers,
    make_root,
    mark,
    place_of,
)
from wfsession.core import creation, lifecycle, progress, unboxing

# Each line of the core that this reaches is covered by others too.
pytestmark = pytest.mark.untraced

# What a state looks like: for each session, its state and what is found wrong with it.
State = dict[str, tuple[str, tuple[str, ...]]]


@attrs.frozen
class Operation:
    """An operation, the states that its crash may leave, in the order in which they come."""

    act: Callable[[str], object]
    states: tuple[State, ...]
    again: Callable[[str], object] | None = None


BOX = "20250905-100000-created-0a1b2c"


def build(place: Path) -> Path:
    """Make a root: a is active, b paused, done completed, old archived, and boxed in the attic."""
    root = make_root(place, "a", "b", active="a")
    add_session(root, "done", "completed")
    add_session(root, "completed/old", "completed")
    add_session_box(root, BOX, "boxed")
    return root


def build_with_losers(place: Path) -> Path:
    """The same, and done has a losing marker, and another is left over from nothing."""
    root = build(place)
    mark(root, "b", age_s=7200)
    mark(root, "done", age_s=9000)
    mark(root, "boxed", age_s=0)
    return root


def state(**rows: str) -> State:
    """Write a state as `name="state finding …"`; the rest is as `build` makes it."""
    usual = {"a": "active", "b": "paused", "done": "completed", "completed/old": "archived"}
    texts = {key.replace("__", "/"): text for key, text in rows.items()}
    both = {name: text for name, text in {**usual, **texts}.items() if text}
    return {name: (text.split()[0], tuple(text.split()[1:])) for name, text in both.items()}


OLD = state()
# A record that says active, of a session that is not, and the other way round.
TOO_ACTIVE, NOT_YET = "paused status-mismatch", "active status-mismatch"

OPERATIONS: dict[str, Operation] = {
    "create": Operation(
        lambda root: creation.create(root, "new", name="new"),
        (
            OLD,
            state(new=TOO_ACTIVE),
            state(a=TOO_ACTIVE, new="active"),
            state(a="paused", new="active"),
        ),
        lambda root: lifecycle.switch(root, "new"),
    ),
    "create aside": Operation(
        lambda root: creation.create(root, "new", name="new", switch=False),
        (OLD, state(new="paused")),
    ),
    "switch": Operation(
        lambda root: lifecycle.switch(root, "b"),
        (
            OLD,
            state(a=TOO_ACTIVE, b=NOT_YET),
            state(a="paused", b=NOT_YET),
            state(a="paused", b="active"),
        ),
    ),
    "pause": Operation(
        lambda root: lifecycle.pause(root, "a"),
        (OLD, state(a=TOO_ACTIVE), state(a="paused")),
    ),
    "complete": Operation(
        lambda root: lifecycle.complete(root, "a"),
        (OLD, state(a=TOO_ACTIVE), state(a="completed")),
    ),
    "complete and archive": Operation(
        lambda root: lifecycle.complete(root, "a", archive=True),
        (
            OLD,
            state(a=TOO_ACTIVE),
            state(a="completed"),
            state(a="", completed__a="archived"),
        ),
    ),
    "archive": Operation(
        lambda root: lifecycle.archive(root, "done"),
        (OLD, state(done="", completed__done="archived")),
    ),
    "reopen": Operation(
        lambda root: lifecycle.reopen(root, "done"),
        (
            OLD,
            state(a=TOO_ACTIVE, done=NOT_YET),
            state(a="paused", done=NOT_YET),
            state(a="paused", done="active"),
        ),
    ),
    "reopen archived": Operation(
        lambda root: lifecycle.reopen(root, "old"),
        (
            OLD,
            state(completed__old="", old="completed"),
            state(a=TOO_ACTIVE, completed__old="", old=NOT_YET),
            state(a="paused", completed__old="", old=NOT_YET),
            state(a="paused", completed__old="", old="active"),
        ),
    ),
    "rename": Operation(
        lambda root: lifecycle.rename(root, "a", "z"),
        (OLD, state(a="", z="active id-mismatch"), state(a="", z="active")),
        lambda root: lifecycle.rename(root, "z", "z"),
    ),
    "rename aside": Operation(
        lambda root: lifecycle.rename(root, "b", "z"),
        (OLD, state(b="", z="paused id-mismatch"), state(b="", z="paused")),
        lambda root: lifecycle.rename(root, "z", "z"),
    ),
    "bring back": Operation(
        lambda root: unboxing.restore(root, BOX),
        (OLD, state(boxed="paused")),
    ),
    "change": Operation(lambda root: progress.update(root, "a", {"x": 1}), (OLD,)),
}


def look_at(root: Path) -> State:
    return {place_of(row): (row.state, row.problems) for row in check_sound(root).sessions}


def without_several(seen: State) -> State:
    return {
        name: (word, tuple(problem for problem in problems if problem != "several-markers"))
        for name, (word, problems) in seen.items()
    }


def list_texts(root: Path) -> list[bytes]:
    """The bytes of the users' own files, wherever they are."""
    return sorted(data for path, data in list_files(root).items() if path.endswith(".md"))


@pytest.mark.parametrize("make", [build, build_with_losers])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_crash_at_any_call_leaves_a_state_that_the_table_allows_and_loses_nothing(
    tmp_path: Path, name: str, make: Callable[[Path], Path]
) -> None:
    operation = OPERATIONS[name]
    texts = list_texts(make(tmp_path / "untouched"))
    reached = 0

    for death in enumerate_deaths(tmp_path / "deaths", make, operation.act):
        seen = without_several(look_at(death.root))
        assert seen in operation.states, (death, seen)
        # No later call leads back to an earlier state.
        assert operation.states.index(seen) >= reached, (death, seen)
        reached = operation.states.index(seen)
        assert list_texts(death.root) == texts, death
        _check_markers(death)

    assert reached == len(operation.states) - 1


def _check_markers(death: Death) -> None:
    for entry in list_markers(death.root):
        assert (death.root / entry).read_bytes() == b"", death


@pytest.mark.parametrize("name", OPERATIONS)
def test_after_a_crash_the_same_command_or_the_next_one_ends_the_work(
    tmp_path: Path, name: str
) -> None:
    operation = OPERATIONS[name]

    for death in enumerate_deaths(tmp_path, build, operation.act):
        before = without_several(look_at(death.root))
        try:
            operation.act(str(death.root))
        except (ValueError, LookupError, FileExistsError):
            # It is done already, all but the records: then the next command goes through.
            assert before != OLD, death
            if operation.again is not None:
                operation.again(str(death.root))
        seen = {place: word for place, (word, _) in look_at(death.root).items()}
        assert seen == {place: word for place, (word, _) in operation.states[-1].items()}, death


@pytest.mark.parametrize("make", [build, build_with_losers])
def test_a_rename_of_the_active_session_has_exactly_one_active_session_at_each_step(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    for death in enumerate_deaths(tmp_path, make, OPERATIONS["rename"].act):
        active = check_sound(death.root).active
        assert active == ("a" if (death.root / "a").exists() else "z"), death


@pytest.mark.parametrize("data", [b"", b"kept\n"])
def test_a_switch_has_exactly_one_active_session_at_each_step(tmp_path: Path, data: bytes) -> None:
    def make(place: Path) -> Path:
        root = build_with_losers(place)
        mark(root, "a", data=data)
        mark(root, "b", age_s=7200, data=data)
        return root

    seen = []
    for death in enumerate_deaths(tmp_path, make, OPERATIONS["switch"].act):
        seen.append(check_sound(death.root).active)
        assert list(list_files(death.root).values()).count(b"kept\n") == (2 if data else 0), death
    assert seen == sorted(seen, key=str)
    assert set(seen) == {"a", "b"}


def test_a_crash_while_a_record_is_replaced_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    def act(root: str) -> Any:
        return progress.update(root, "a", {"big": "x" * 100_000})

    sizes = set()
    for death in enumerate_deaths(tmp_path, build, act):
        record = json.loads((death.root / "a" / RECORD).read_bytes())
        assert record["their_own"] == [1, {"kept": 1e2}]
        sizes.add(len(record.get("big", "")))
    assert sizes == {0, 100_000}


def test_a_crash_while_a_root_is_made_leaves_one_that_the_next_finishes(tmp_path: Path) -> None:
    def make(place: Path) -> Path:
        place.mkdir(parents=True)
        return place

    for death in enumerate_deaths(tmp_path, make, creation.create_root):
        root, _ = creation.create_root(str(death.root))
        assert sorted(os.listdir(root)) == [".gitignore", ".wf"], death
        creation.create(root, "first")
        assert check_sound(Path(root)).active == "WFS-first"


def test_a_crash_while_work_is_adopted_leaves_it_where_it_was_or_in_its_place(
    tmp_path: Path,
) -> None:
    def make(place: Path) -> Path:
        root = build(place)
        (place / "work").mkdir()
        (place / "work" / "kept").write_bytes(b"kept\n")
        return root

    def act(root: str) -> Any:
        return creation.create(root, "new", adopt=os.path.join(os.path.dirname(root), "work"))

    places = set()
    for death in enumerate_deaths(tmp_path, make, act):
        found = [path for path in death.root.parent.rglob("kept") if path.read_bytes()]
        assert len(found) == 1, death
        places.add(found[0].parent.name)
    assert places == {"work", "WFS-new"}
