"""Every older layout that is written down in tests/fixtures/migration, and what it becomes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.layouts import (
    TREES,
    copy_tree,
    find_value,
    list_findings,
    list_lost,
    list_rejected,
    list_user_files,
    read_attic,
    read_expectation,
)
from tests.trees_disk import RECORD, list_files, list_markers, photograph, read_json, settle, states
from wfsession.core.migrate import Migration, migrate


@pytest.mark.parametrize("name", TREES)
def test_an_older_tree_becomes_what_is_written_down(tmp_path: Path, name: str) -> None:
    root = copy_tree(name, tmp_path / "project")
    expected = read_expectation(name)
    before = list_files(root)
    left = {path: before[path] for path in expected.get("left", []) if path in before}

    migration = migrate(str(root))

    settle(root)
    assert migration.active == expected["active"]
    active = [expected["active"]] if expected["active"] else []
    assert list_markers(root) == [f".active-{one}" for one in active]
    assert states(root) == expected["states"]
    check_rejected(migration, expected.get("rejected", []))
    assert list(migration.choices) == expected.get("choices", [])
    assert list(migration.migrated) == expected.get("migrated", [])
    assert sorted(origin for origin, _ in read_attic(root)) == expected.get("attic", [])
    assert list_findings(root) == expected.get("findings", [])
    for session, values in expected.get("records", {}).items():
        record = read_json(root / session)
        found = {path: find_value(record, path) for path in values}
        assert found == values, session
    after = list_files(root)
    assert {path: after[path] for path in left} == left
    assert all((root / path).exists() for path in expected.get("left", []))


def check_rejected(migration: Migration, expected: list[list[Any]]) -> None:
    found = list_rejected(migration)
    assert [[source, line] for source, line, _ in found] == [one[:2] for one in expected]
    for (_, _, reason), (_, _, words) in zip(found, expected, strict=True):
        assert words in reason


@pytest.mark.parametrize("name", TREES)
def test_no_byte_of_an_older_tree_is_lost_and_no_value_of_a_record(
    tmp_path: Path, name: str
) -> None:
    root = copy_tree(name, tmp_path / "project")
    before = list_user_files(root)
    records = read_records(root)

    migrate(str(root))

    kept = list(list_files(root).values())
    assert [path for path, data in before.items() if data and data not in kept] == []
    after = list(read_records(root).values())
    for path, record in records.items():
        ways = [set(list_lost(record, one)) - {".status", ".session_id"} for one in after]
        # Unchanged, or filled; moved records are found by what they hold.
        assert set() in ways, path


def read_records(root: Path) -> dict[str, Any]:
    """Return every record that can be parsed, wherever it is."""
    found = {}
    for path in root.rglob(RECORD):
        try:
            found[str(path)] = json.loads(path.read_bytes())
        except ValueError:
            continue
    return found


@pytest.mark.parametrize("name", TREES)
def test_a_second_migration_has_nothing_to_do_and_writes_nothing(tmp_path: Path, name: str) -> None:
    root = copy_tree(name, tmp_path / "project")
    first = migrate(str(root))
    assert first.steps
    settle(root)
    before = photograph(root)

    second = migrate(str(root))

    assert photograph(root) == before
    assert (second.steps, second.migrated, second.choices, second.backup) == ((), (), (), None)
    assert second.active == first.active


@pytest.mark.parametrize("name", TREES)
def test_a_dry_migration_writes_nothing_and_tells_what_is_done_then(
    tmp_path: Path, name: str
) -> None:
    root = copy_tree(name, tmp_path / "project")
    before = photograph(root)

    foretold = migrate(str(root), dry_run=True)

    assert photograph(root) == before
    done = migrate(str(root))
    assert foretold.steps == done.steps
    assert foretold.migrated == done.migrated
    assert foretold.active == done.active
    assert foretold.rejected == done.rejected
    assert foretold.choices == done.choices
    assert foretold.backup is None
