"""A crash inside the healing of a crash: the next healing mends both, and nothing is lost.

For every operation and every tree that its death leaves, the healing is recorded and stopped in
turn. Trees that differ only in what was drawn at random, and in the time, count as one; of those
that are left every fifth is healed in the ordinary run, and each in a soak.
"""

import re
import shutil
from functools import cache
from pathlib import Path

import pytest

import wfsession
from tests.faults.test_every_writer import record_writer
from tests.figures import count
from tests.outage import list_deaths
from tests.recording import Tree, plant, record
from tests.trees_disk import settle
from tests.writers import WRITERS, Crash

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

_DRAWN = re.compile(rb"\d{8}-\d{6}|\d{4}-\d\d-\d\dT[\d:.]+Z|\b[0-9a-f]{12}\b|-\d+-|-[0-9a-f]{6}\b")
_MARKER = ".active-"
_SHARE = 10


@cache
def blank(data: bytes) -> bytes:
    """Return bytes without what was drawn at random in them, and without times."""
    return _DRAWN.sub(b"*", data)


def make_key(tree: Tree) -> frozenset[tuple[str, bytes | int | None]]:
    """Return what is the same of two trees that differ only in what was drawn, and in times."""
    files = {path: file for path, file in tree.items() if not isinstance(file, int)}
    ages = sorted(mtime_ns for path, (_, mtime_ns) in files.items() if _MARKER in path)
    entries: set[tuple[str, bytes | int | None]] = set()
    for path in tree:
        where = blank(path.encode()).decode()
        entries.add((where, blank(files[path][0]) if path in files else None))
        if path in files and _MARKER in path:
            entries.add((where, ages.index(files[path][1])))
    return frozenset(entries)


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "init"])
def test_a_crash_inside_the_healing_of_a_crash_is_healed_like_any_other(
    tmp_path: Path, name: str, is_soak: bool
) -> None:
    writer = WRITERS[name]
    recording, crash = record_writer(writer, tmp_path / "run")
    first = {make_key(outcome.tree): outcome for outcome in list_deaths(recording)}
    seen = set(first)
    for number, outcome in enumerate(first.values()):
        top = tmp_path / f"healed-{number}"
        plant(outcome.tree, top)
        root = settle(top / crash.root)
        healing = record(top, wfsession.open(root).heal)
        shutil.rmtree(top)
        for inner in list_deaths(healing):
            count("pairs of a crash and a crash in its healing")
            key = make_key(inner.tree)
            if key in seen:
                continue
            seen.add(key)
            if is_soak or len(seen) % _SHARE == 0:
                count("pairs: trees healed")
                place = tmp_path / f"{number}-{len(seen)}"
                plant(inner.tree, place)
                what = f"{outcome.how} at {outcome.at}, then {inner.how} at {inner.at}"
                writer.check_crash(
                    Crash(place / crash.root, crash.texts, what, is_half_healed=True)
                )
                shutil.rmtree(place)
    count("pairs: different trees", len(seen) - len(first))
