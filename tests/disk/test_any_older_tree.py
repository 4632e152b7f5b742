"""Any older layout that a generator can make: what holds of its migration, whatever it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.layouts import (
    REGISTRY,
    forget_moments,
    list_findings,
    list_lost,
    list_user_files,
    make_tree,
)
from tests.trees_disk import RECORD, list_files, photograph, settle
from wfsession.core.migrate import Migration, migrate
from wfsession.core.snapshot import read_snapshot

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

Tree = dict[str, dict[str, str]]

PLACES = ("", "completed/", "active/", "sessions/", "archives/", ".archives/")
NAMES = ("WFS-a", "WFS-a-2", "wfs-A", "WFS-b", "plain", "WFS-\u00fc", "WFS-u\u0308", "WFS-x y")
STATUSES = ("active", "planning", "paused", "interrupted", "completed", "archived", "odd", "")
VALUES: tuple[Any, ...] = ("text", "", 5, None, [1], {"a": 1}, 2**70, "2025-09-05T10:00:00Z")
KEYS = (
    "description",
    "created",
    "complexity",
    "directory",
    "owner",
    "meta",
    "progress",
    "schema_version",
    "migrated_from",
)
# What is wrong with a tree before anybody migrates it, and with a moved session afterwards.
FROM_BEFORE = {
    "orphaned-marker",
    "record-missing",
    "record-corrupt",
    "record-wrong-type",
    "record-newer-schema",
    "record-unreadable",
    "id-mismatch",
    "unsafe-session",
    "archive-cut-short",
    "name-collision",
    "duplicate-session",
}


def objects(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    more = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3)
    return st.builds(lambda known, other: {**known, **other}, st.fixed_dictionaries(fixed), more)


statuses = st.sampled_from(STATUSES)
ids = st.sampled_from([*NAMES, "WFS-lost", "WFS-new", "../x", 5])
lines = objects(id=ids, status=statuses).map(json.dumps) | st.sampled_from(
    ["", "<<<<<<< HEAD", "[1]", '{"id": "WFS-b", "sta']
)
manifests = st.lists(objects(session_id=ids), max_size=3).map(json.dumps) | st.sampled_from(
    ["{}", "[{"]
)
session_records = objects(session_id=st.sampled_from(NAMES[:4]), status=statuses).map(
    json.dumps
) | st.sampled_from(['{"project": "cut', '{"schema_version": 9}', "[]"])


@st.composite
def older_trees(draw: st.DrawFn) -> Tree:
    """Sessions, files and links in old and new places, markers, a registry, manifests."""
    tree: Tree = {}
    spots = st.tuples(st.sampled_from(PLACES), st.sampled_from(NAMES))
    for number, (place, name) in enumerate(draw(st.sets(spots, max_size=7))):
        path = f"{place}{name}"
        # Without a record, others are sessions only as long as a marker names them.
        bare = "bare" if name.startswith("WFS-") else "session"
        kind = draw(st.sampled_from(["session"] * 8 + [bare, "link", "file"]))
        if kind == "session":
            tree[f"{path}/{RECORD}"] = {"text": draw(session_records)}
        if kind in ("session", "bare"):
            tree[f"{path}/mine.md"] = {"text": f"mine, number {number}"}
            if draw(st.integers(0, 9)) == 0:
                tree[f"{path}/.archiving"] = {"text": f"sign {number}"}
        elif kind == "link":
            tree[path] = {"link": "elsewhere"}
        else:
            tree[path] = {"text": f"a file, number {number}"}
    for place in ("archives/", ".archives/"):
        if draw(st.integers(0, 2)) == 0:
            tree[f"{place}manifest.json"] = {"text": draw(manifests)}
    for name in draw(st.sets(st.sampled_from([*NAMES[:5], "WFS-lost", "WFS-new"]), max_size=2)):
        tree[f".active-{name}"] = {"text": draw(st.sampled_from(["", "", f"a note on {name}"]))}
    if draw(st.booleans()):
        tree[REGISTRY] = {"text": "\n".join(draw(st.lists(lines, max_size=5)))}
    if draw(st.integers(0, 5)) == 0:
        tree["sessions"] = {"directory": ""}
    return tree


def find_problems(root: Path) -> set[tuple[str, str]]:
    """Return what is found wrong with each session, by its name without a number."""
    settle(root)
    rows = read_snapshot(str(root)).sessions
    return {(row.name, problem) for row in rows for problem in row.problems}


@given(tree=older_trees())
def test_any_older_tree_is_migrated_once_and_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, tree: Tree
) -> None:
    root = tmp_path_factory.mktemp("any") / ".workflow"
    forget_moments(make_tree(root, tree))
    before, files, problems = photograph(root), list_user_files(root), find_problems(root)
    texts = [data for path, data in list_files(root).items() if path.endswith(RECORD)]

    foretold = migrate(str(root), dry_run=True)
    assert photograph(root) == before
    done = migrate(str(root))

    told = [(one.steps, one.migrated, one.active, one.choices) for one in (foretold, done)]
    assert told[0] == told[1]
    assert foretold.rejected == done.rejected
    kept = list(list_files(root).values())
    assert [path for path, data in files.items() if data and data not in kept] == []
    check_records(texts, kept)
    check_sound(root, done)
    check_problems(root, problems)
    settle(root)
    after = photograph(root)
    again = migrate(str(root))
    assert photograph(root) == after
    assert (again.steps, again.migrated, again.active) == ((), (), done.active)
    for word in ("steps", "rejected", "choices", "active", "backup"):
        event(f"{word}: {bool(getattr(done, word))}")


def check_records(texts: list[bytes], kept: list[bytes]) -> None:
    """Hold that each record is there as it was, or with every value that it had."""
    found = [one for one in map(parse, kept) if isinstance(one, dict)]
    changing = ("status", "session_id", "migrated_from", "meta")
    for text in texts:
        record = parse(text)
        if isinstance(record, dict):
            own = {key: value for key, value in record.items() if key not in changing}
            assert any(not list(list_lost(own, one)) for one in found), text
        else:
            assert text in kept, text


def parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


def check_sound(root: Path, migration: Migration) -> None:
    settle(root)
    snapshot = read_snapshot(str(root))
    assert snapshot.active == migration.active
    competing = [marker for marker in snapshot.markers if marker.is_candidate]
    assert len(competing) == (migration.active is not None)
    assert set(migration.choices) <= {row.name for row in snapshot.sessions}
    assert REGISTRY not in [entry.name for entry in root.iterdir()]


def check_problems(root: Path, before: set[tuple[str, str]]) -> None:
    """Hold that nothing is wrong that the migration could have made."""
    new = {problem for _, problem in find_problems(root) - before}
    assert new <= FROM_BEFORE - {"duplicate-session", "name-collision"}, new
    ours = {"legacy-layout", "legacy-registry", "abandoned-staging", "several-markers"}
    assert not ours & set(list_findings(root))
