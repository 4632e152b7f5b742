"""A migration that dies or fails at any of its calls is finished by the next, with one outcome."""

import errno
import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.hands import (
    CHANGING,
    GROWING,
    Death,
    count_calls,
    enumerate_deaths,
    enumerate_outages,
    fail,
    play,
)
from tests.layouts import forget_moments, list_findings, make_tree, read_attic
from tests.trees_disk import list_files, list_markers, settle, states
from wfsession.core import activation, operation
from wfsession.core import migrate as migration
from wfsession.core.locate import Environment
from wfsession.core.migrate import migrate
from wfsession.core.selfheal import arrive
from wfsession.errors import DiskFailed

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Tree = dict[str, dict[str, str]]


@pytest.fixture(autouse=True)
def _stop_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run happen at one moment, so that what they write can be compared.

    A marker's time is always set: else it depends on the clock how many calls there are.
    """
    monkeypatch.setattr(operation, "now", lambda: MOMENT)
    for module in (activation, migration):
        monkeypatch.setattr(module, "newest_ns", lambda winner: time.time_ns() + 1_000_000_000)


def record(name: str, status: str, **fields: Any) -> dict[str, str]:
    said = {"session_id": name, "project": name, "type": "simple", "status": status, **fields}
    return {"text": json.dumps({**said, "created": "2025-09-05T10:00:00Z"}, indent=2)}


def line(name: str, status: str, **more: Any) -> str:
    return json.dumps({"id": name, "status": status, "description": f"The line of {name}", **more})


def session(place: str, status: str, **fields: Any) -> Tree:
    name = place.rpartition("/")[2]
    return {
        f"{place}/workflow-session.json": record(name, status, **fields),
        f"{place}/PLAN.md": {"text": f"the plan of {place}"},
    }


ARCHIVE: Tree = {
    **session("archives/WFS-old", "active"),
    **session("archives/WFS-b", "completed"),
    **session("completed/WFS-x", "completed"),
    "archives/manifest.json": {
        "text": json.dumps(
            [{"session_id": "WFS-old", "tags": ["t"]}, {"session_id": "WFS-lost", "tags": ["u"]}]
        )
    },
}
TREES: dict[str, Tree] = {
    "registry": {
        **session("WFS-a", "active"),
        **session("WFS-b", "paused"),
        **session("completed/WFS-done", "completed"),
        "WFS-c/PLAN.md": {"text": "no record"},
        "WFS-d/workflow-session.json": {"text": '{"project": "cut of'},
        "session_status.jsonl": {
            "text": "\n".join(
                [
                    line("WFS-a", "paused", owner="Ada"),
                    line("WFS-b", "active", complexity="complex"),
                    *(line(f"WFS-{name}", "paused") for name in ("c", "d", "made", "done")),
                    "<<<<<<< HEAD",
                ]
            )
        },
        ".active-WFS-made": {"bytes": ""},
    },
    "registry, active away": {
        **session("active/WFS-a", "paused"),
        **session("active/WFS-b", "active"),
        **session("WFS-c", "active"),
        **ARCHIVE,
        "session_status.jsonl": {"text": line("WFS-a", "active") + "\n" + line("WFS-b", "paused")},
    },
    "registry, active made": {
        **session("WFS-x", "paused"),
        **session("sessions/WFS-x", "paused"),
        "session_status.jsonl": {
            "text": line("WFS-new", "active") + "\n" + line("WFS-x-2", "paused")
        },
    },
    "one looks active": {
        **session("active/WFS-a", "planning"),
        **session("active/WFS-b", "ready"),
        "active/WFS-b/.archiving": {"bytes": ""},
    },
    "several look active": {
        **session("active/WFS-a", "active"),
        **session("sessions/WFS-c", "implementing"),
        **session("WFS-d", "active"),
    },
    "several, with an empty registry": {
        **session("WFS-a", "active"),
        **session("WFS-b", "implementing"),
        "session_status.jsonl": {"bytes": ""},
    },
    "marker waits": {
        **session("active/WFS-a", "active"),
        **session("sessions/WFS-a", "active"),
        **session("active/WFS-b", "paused"),
        ".active-WFS-b": {"text": "a note of mine"},
        ".active-WFS-a": {"bytes": ""},
        "completed": {"directory": ""},
    },
    "marker and losers": {
        **session("WFS-a", "paused"),
        **session("WFS-b", "paused"),
        **session("active/WFS-a", "active"),
        ".active-WFS-a": {"bytes": ""},
        ".active-WFS-b": {"bytes": ""},
        ".active-WFS-a-2": {"bytes": ""},
    },
}


def build(tree: Tree) -> Callable[[Path], Path]:
    return lambda place: forget_moments(make_tree(place / ".workflow", tree))


def look(root: Path) -> dict[str, bytes]:
    """Return the bytes of every file but what is private, ignored or in the attic."""
    files = list_files(root).items()
    return {path: data for path, data in files if not path.startswith((".attic", ".gitignore"))}


@attrs.frozen
class End:
    """What a migration leaves that nothing came between."""

    files: dict[str, bytes]
    attic: list[tuple[str, bytes | None]]
    findings: list[str]
    markers: list[str]
    states: dict[str, str]


def see_end(root: Path) -> End:
    settle(root)
    attic = read_attic(root)
    return End(look(root), attic, list_findings(root), list_markers(root), states(root))


def check_end(root: Path, whole: End, what: object) -> None:
    """Hold the outcome against that of a run that nothing came between."""
    assert migrate(str(root)).steps == (), what
    end = see_end(root)
    # What was copied may have been copied twice.
    assert set(whole.attic) <= set(end.attic), what
    assert attrs.evolve(end, attic=whole.attic) == whole, what


def finish_alone(
    top: Path, name: str
) -> tuple[Callable[[Path], Path], End, set[bytes], str | None]:
    """Migrate a tree that nothing comes between.

    Returns:
        What makes the tree again; its end; the users' files before; who is active in the end.
    """
    make = build(TREES[name])
    root = make(top / "whole")
    files = {data for path, data in look(root).items() if path.endswith(".md")}
    active = migrate(str(root)).active
    return make, see_end(root), files, active


@pytest.mark.parametrize("name", TREES)
def test_a_migration_that_dies_or_has_no_power_anywhere_is_finished_by_the_next(
    tmp_path: Path, name: str
) -> None:
    make, whole, files, active = finish_alone(tmp_path, name)
    for outage in enumerate_outages(tmp_path / "outages", make, migrate):
        if outage.verb == "over":
            # What was answered as done stays done.
            assert look(outage.root) == whole.files, outage
        check_finished(outage, files, active, whole)


def check_finished(death: Death, files: set[bytes], active: str | None, whole: End) -> None:
    """Hold that all files of users are there, and that the next migration ends as one alone."""
    kept = list_files(death.root).values()
    assert all(data in kept for data in files), death
    settle(death.root)
    assert migrate(str(death.root)).active == active, death
    settle(death.root)
    check_end(death.root, whole, death)


@pytest.mark.parametrize("name", ["registry", "marker waits"])
def test_a_migration_is_finished_though_something_was_healed_between(
    tmp_path: Path, name: str
) -> None:
    make = build(TREES[name])
    whole = make(tmp_path / "whole")
    active = migrate(str(whole)).active

    for death in enumerate_deaths(tmp_path / "deaths", make, migrate):
        settle(death.root)
        arrive(str(death.root), None, Environment())
        settle(death.root)
        assert migrate(str(death.root)).active == active, death


@pytest.mark.parametrize("name", TREES)
def test_on_a_full_disk_a_migration_says_so_and_a_further_one_finishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_soak: bool
) -> None:
    check_failures(tmp_path, monkeypatch, TREES[name], errno.ENOSPC, GROWING, 10_000, is_soak)


@pytest.mark.parametrize("name", TREES)
def test_a_migration_whose_disk_fails_once_says_so_and_a_further_one_finishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_soak: bool
) -> None:
    check_failures(tmp_path, monkeypatch, TREES[name], errno.EIO, CHANGING, 1, is_soak)


def check_failures(
    top: Path,
    patch: pytest.MonkeyPatch,
    tree: Tree,
    number: int,
    verbs: tuple[str, ...],
    times: int,
    is_soak: bool,
) -> None:
    """Let a call fail, every third one in the ordinary run, and finish the migration after it."""
    make = build(tree)
    root = make(top / "whole")
    with patch.context() as counting:
        calls = count_calls(counting, *verbs)
        migrate(str(root))
    whole = see_end(root)
    for at in range(1, 1 + len(calls), 1 if is_soak else 3):
        root = make(top / str(at))
        with patch.context() as failing:
            fail(failing, number, *verbs, at=at, times=times)
            # What only takes our own leftovers away may fail without a word.
            with suppress(DiskFailed):
                migrate(str(root))
        settle(root)
        migrate(str(root))
        settle(root)
        check_end(root, whole, at)


@pytest.mark.parametrize("verb", ["move", "replace", "create_marker"])
@pytest.mark.parametrize("name", ["registry", "registry, active away", "marker and losers"])
def test_a_migration_that_loses_its_lock_starts_again_and_tells_all_that_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, verb: str
) -> None:
    make = build(TREES[name])
    root = make(tmp_path / "whole")
    with monkeypatch.context() as counting:
        calls = count_calls(counting, verb)
        done = migrate(str(root))
    whole = see_end(root)
    for at in range(1, 1 + len(calls)):
        root = make(tmp_path / str(at))
        with monkeypatch.context() as patch:
            assert play(patch, verb, partial(unlink_lock, root), at=at) == []
            told = migrate(str(root))
        settle(root)
        check_end(root, whole, at)
        assert (told.migrated, told.active) == (done.migrated, done.active)
        assert (told.backup is None) == (done.backup is None)


def unlink_lock(root: Path) -> None:
    (root / ".wf" / "lock").unlink()
