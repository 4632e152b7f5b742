"""Processes that migrate one root at one moment: it is done once, and nothing is lost."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.hands import run_together
from tests.layouts import REGISTRY, copy_tree, list_user_files, read_attic
from tests.trees_disk import list_leftovers, list_markers, settle, states
from wfsession.core.disk import Folder
from wfsession.core.markers import read_markers
from wfsession.core.migrate import migrate
from wfsession.workspace import open_workspace

PATIENCE_S = 300


def test_two_migrations_at_once_are_one(tmp_path: Path) -> None:
    root = copy_tree("30-registry-and-active", tmp_path / "project")
    before = list_user_files(root)

    def act(number: int) -> None:
        migration = migrate(str(root), timeout_s=PATIENCE_S)
        (tmp_path / f"told-{number}").write_text(json.dumps([*migration.migrated]))

    def look(is_over: Callable[[], bool]) -> None:
        with Folder.open(str(root)) as folder:
            while not is_over():
                assert read_markers(folder).active in (None, "WFS-c")

    run_together([partial(act, number) for number in range(4)], look)

    settle(root)
    assert states(root) == {"WFS-a": "paused", "WFS-b": "completed", "WFS-c": "active"}
    assert list_markers(root) == [".active-WFS-c"]
    assert list_leftovers(root) == []
    kept = list(list_user_files(root).values())
    assert all(data in kept for data in before.values())
    # Whoever came second found nothing to do, and set nothing aside.
    assert [origin for origin, _ in read_attic(root)].count(REGISTRY) == 1
    assert len(read_attic(root)) == 3
    told = sorted(json.loads((tmp_path / f"told-{number}").read_text()) for number in range(4))
    assert told == [[], [], [], ["WFS-a", "WFS-b", "WFS-c"]]


def test_first_writes_at_once_migrate_once_and_all_go_on(tmp_path: Path) -> None:
    root = copy_tree("03-merge-conflict", tmp_path / "project")

    def act(number: int) -> None:
        workspace = open_workspace(root)
        workspace.timeout_s = PATIENCE_S
        workspace.create(f"number {number}", switch=False)

    run_together([partial(act, number) for number in range(6)], lambda is_over: None)

    settle(root)
    made = {f"WFS-number-{number}": "paused" for number in range(6)}
    assert states(root) == {"WFS-a": "paused", "WFS-b": "paused", "WFS-c": "active", **made}
    assert [origin for origin, _ in read_attic(root)].count(REGISTRY) == 1
    assert REGISTRY not in os.listdir(root)
