"""Whatever a root looks like, a healing loses nothing, ends, and leaves a second nothing to do.

Thousands of drawn trees, in memory where the system has room for that. It is counted how many
of them had each finding, so that no repair goes untried.
"""

import os
import stat
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.trees_disk import RECORD
from tests.trees_spoilt import SpoiltTree, build_spoilt, spoilt_trees
from wfsession.core import disk, markers, operation
from wfsession.core.disk import Folder
from wfsession.core.doctor import KINDS
from wfsession.core.model import Finding, Record
from wfsession.core.records import parse_record
from wfsession.core.repair import Report, heal
from wfsession.core.snapshot import read_snapshot
from wfsession.core.times import now

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

# 1,000 trees, 200,000 in a soak; each finding in at least one of a hundred.
EXAMPLES = 20 * settings().max_examples
MEMORY = Path("/dev/shm")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a directory that costs little, and take out all waiting."""
    steps = cycle(timedelta(seconds=seconds) for seconds in range(0, 50, 10))
    # Else what is written twice within a second would look as if it had been left alone.
    monkeypatch.setattr(operation, "now", lambda: now() + next(steps))
    monkeypatch.setattr(disk, "_sync_descriptor", lambda descriptor: None)
    # Nobody else moves anything here, so that no listing is void for being young.
    monkeypatch.setattr(markers, "GRAIN_NS", 0)
    monkeypatch.setattr(markers, "COARSE_GRAIN_NS", 0)
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="wfsession-any-tree-", dir=memory) as folder:
        yield Path(folder)


_EDITED = frozenset(
    {
        "session_id",
        "status",
        "renamed_from",
        "archived_at",
        "completed_at",
        "progress",
        "checkpoint",
    }
)
# Of our own making: what is in them is no user's.
_OURS = frozenset({".wf/lock", ".wf/journal.jsonl"})
Held = tuple[str, bytes | str | int]


def list_statuses(root: Path) -> dict[str, os.stat_result]:
    """Return the status of all that is below a root, and of the root, by absolute paths."""
    found = {str(root): root.lstat()}
    for folder, names, files in os.walk(root):
        for name in (*names, *files):
            path = f"{folder}/{name}"
            found[path] = os.lstat(path)
    return found


def list_contents(root: Path) -> dict[str, Held]:
    """Return what each entry below a root holds, but for directories, by its path."""
    return {
        path.removeprefix(f"{root}/"): _read(path, status)
        for path, status in list_statuses(root).items()
        if not stat.S_ISDIR(status.st_mode)
    }


def photograph(root: Path) -> dict[str, tuple[int, ...]]:
    """Return what tells that nothing below a root was touched, which is cheaper than its bytes."""
    return {
        path: (status.st_mode, status.st_ino, status.st_mtime_ns, status.st_size)
        for path, status in list_statuses(root).items()
        if not path.startswith(f"{root}/.wf")
    }


def _read(path: str, status: os.stat_result) -> Held:
    if stat.S_ISLNK(status.st_mode):
        return "link", os.readlink(path)
    if not stat.S_ISREG(status.st_mode):
        return "other", status.st_mode
    # What is too large for a record holds nothing but zeros.
    return "file", status.st_size if status.st_size > 1_000_000 else Path(path).read_bytes()


def read_rest(path: str, held: Held) -> dict[str, Any] | None:
    """Return what a record says besides what a repair edits; None where it is none."""
    if not path.endswith((RECORD, "item")) or not isinstance(held[1], bytes):
        return None
    record = parse_record(held[1])
    if not isinstance(record, Record):
        return None
    wrong = {field.path for field in record.wrong}
    rest = {key: value for key, value in record.data.items() if key in wrong or key not in _EDITED}
    if isinstance(rest.get("meta"), dict) and "meta.updated" not in wrong:
        rest["meta"] = {key: value for key, value in rest["meta"].items() if key != "updated"}
    return {key: value for key, value in rest.items() if value != {}}


def check_nothing_is_lost(before: dict[str, Held], after: dict[str, Held]) -> None:
    """Hold that all is somewhere still: as it was, or as a record of which keys were edited."""
    kept = set(after.values())
    rests = [read_rest(path, held) for path, held in after.items()]
    for path, held in before.items():
        if (
            held not in kept
            and held != ("file", b"")
            and path not in (".wf/lock", ".wf/journal.jsonl")
        ):
            rest = read_rest(path, held)
            assert rest is not None, path
            assert rest in rests, path


def is_explained(finding: Finding, root: Path, report: Report) -> bool:
    """Tell whether a finding that remains needs a person, or was tried in vain."""
    paths = {os.path.relpath(path, root) for path in finding.paths}
    # Of two sessions of one name, the archived one is that which gets another.
    tried = (*paths, *(f"completed/{path}" for path in paths))
    return finding.repair.startswith("none") or any(
        sentence.startswith((f"{path}: ", f"{path}/"))
        for path in tried
        for sentence in report.failed
    )


def check_healing(root: Path) -> set[str]:
    """Heal a root, hold what must hold, and return the findings that it had."""
    before = list_contents(root)
    seen = photograph(root)
    found = {one.id for one in heal(str(root), dry_run=True).findings}
    assert photograph(root) == seen
    report = heal(str(root), timeout_s=1)
    check_nothing_is_lost(before, list_contents(root))
    failed = {sentence.partition(": ")[0] for sentence in report.failed}
    left = read_snapshot(str(root)).markers
    assert sum(one.is_candidate and one.entry not in failed for one in left) <= 1
    for finding in report.findings:
        assert is_explained(finding, root, report), finding
    healed = photograph(root)
    again = heal(str(root), timeout_s=1)
    assert (again.applied, again.findings) == ((), report.findings)
    assert photograph(root) == healed
    return found


def test_any_tree_heals_to_a_fixed_point_and_loses_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: Counter[str] = Counter()
    real = Folder.is_writable
    closed: frozenset[str] = frozenset()
    # To root nothing is closed.
    monkeypatch.setattr(
        Folder, "is_writable", lambda self, name: name not in closed and real(self, name)
    )

    @settings(max_examples=EXAMPLES)
    @given(spoilt_trees())
    def check(tree: SpoiltTree) -> None:
        nonlocal closed
        root = place / ".workflow"
        closed = tree.unwritable
        with build_spoilt(tree, root):
            counts.update({*check_healing(root), "trees"})

    check()
    rare = {name for name in KINDS if counts[name] < counts["trees"] / 100}
    assert rare == set(), counts
