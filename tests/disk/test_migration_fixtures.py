"""The two sample projects of older layouts come out as their EXPECT.json says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import FIXTURES
from tests.layouts import REGISTRY, forget_moments, list_findings, list_lost, read_attic
from tests.trees_disk import get, list_files, list_markers, read_json, states
from wfsession.core.migrate import migrate
from wfsession.core.times import encode_time


def read_expectation(name: str) -> dict[str, Any]:
    found = json.loads((FIXTURES / name / "EXPECT.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def test_a_registry_becomes_a_marker_and_the_records_keep_all_that_they_had(
    copy_tree: Callable[[str], Path],
) -> None:
    expected = read_expectation("02-legacy-jsonl")["after_migrate"]
    root = forget_moments(copy_tree("02-legacy-jsonl") / ".workflow")
    names = sorted(path.name for path in root.glob("WFS-*"))
    before = {name: read_json(root / name) for name in names}

    migrate(str(root))

    assert list_markers(root) == [expected["marker"]]
    assert (REGISTRY not in list_files(root)) is expected["registry_consumed"]
    assert [origin for origin, _ in read_attic(root)] == [REGISTRY]
    assert states(root) == {
        "WFS-bug-fix-123": "completed",
        "WFS-oauth-integration": "paused",
        "WFS-user-profile": "active",
    }
    assert len(states(root)) == expected["sessions_kept"]
    after = {name: read_json(root / name) for name in names}
    assert {name: list(list_lost(before[name], after[name])) for name in names} == {
        name: [] for name in names
    }
    kept = {key for record in after.values() for key in record}
    assert set(expected["unknown_keys_preserved"]) <= kept
    # What was said in three places alike is said once.
    assert "migrated_from" not in kept
    assert list_findings(root) == []


def test_active_and_archives_become_the_root_and_completed_and_none_is_guessed(
    copy_tree: Callable[[str], Path],
) -> None:
    expected = read_expectation("04-active-archives")
    root = forget_moments(copy_tree("04-active-archives") / ".workflow")
    others = {path: data for path, data in list_files(root).items() if "WFS-" not in path}

    migration = migrate(str(root))

    found = states(root)
    here = sorted(name for name in found if not name.startswith("completed/"))
    archived = sorted(name.removeprefix("completed/") for name in found if name not in here)
    assert here == expected["active_dir_sessions"]
    assert archived == expected["archived"]
    assert list_markers(root) == []
    # Of four in active/, two have a record that says so.
    assert migration.choices == ("WFS-fix-cart-total", "WFS-implement-oauth2-auth")
    for name, moment in expected["created_from_name"].items():
        assert encode_time(get(root, name).created) == moment
    for name, counts in expected["task_counts"].items():
        tasks = get(root, name).tasks._asdict()
        assert {**tasks, "completed": tasks["done"]} == {**counts, "done": counts["completed"]}
    record = read_json(root / "completed" / "WFS-search-index")
    assert record["lessons"]["watch_patterns"] == ["index size"]
    assert record["metrics"]["review_metrics"] == {"dimensions_analyzed": 0, "total_findings": 0}
    del others["archives/manifest.json"]
    assert others.items() <= list_files(root).items()
    assert list_findings(root) == ["archive-cut-short"]
