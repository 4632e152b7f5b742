"""Trees of older layouts: making them, and looking at what a migration made of them."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.conftest import FIXTURES
from tests.trees_disk import RECORD, list_files, settle, write_old
from wfsession.core.doctor import diagnose
from wfsession.core.migrate import Migration
from wfsession.core.survey import read_survey

MIGRATION = FIXTURES / "migration"
REGISTRY = "session_status.jsonl"
# What the registry says of WFS-a.
LINE = '{"id": "WFS-a", "status": "active", "description": "What the line says"}'
TREES = sorted(path.name for path in MIGRATION.iterdir() if path.is_dir())
# Long ago, so that nobody waits for a writer who may still be there.
OLD_NS = 1_700_000_000_123_456_789


def copy_tree(name: str, project: Path) -> Path:
    """Make the older layout that is described in tests/fixtures/migration; returns its root."""
    source = MIGRATION / name
    ignored = shutil.ignore_patterns("EXPECT.json")
    shutil.copytree(source, project, symlinks=True, ignore=ignored)
    root = project / ".workflow"
    make_tree(root, read_expectation(name).get("make", {}))
    return forget_moments(root)


def read_expectation(name: str) -> dict[str, Any]:
    found = json.loads((MIGRATION / name / "EXPECT.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def make_tree(root: Path, tree: Mapping[str, Mapping[str, str]]) -> Path:
    """Make entries of a root, as the README of the fixtures writes them."""
    root.mkdir(parents=True, exist_ok=True)
    for name, what in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if "link" in what:
            path.symlink_to(what["link"])
        elif "text" in what:
            path.write_bytes(what["text"].encode())
        elif "bytes" in what:
            path.write_bytes(what["bytes"].encode("latin-1"))
        else:
            path.mkdir(exist_ok=True)
    return root


def register(root: Path, *lines: str) -> None:
    """Give a root a registry of an older layout, written long ago."""
    write_old(root / REGISTRY, "".join(f"{line}\n" for line in lines).encode())
    forget_moments(root)


def forget_moments(root: Path) -> Path:
    """Make everything below a root long past."""
    for folder, _, files in os.walk(root, topdown=False):
        for name in files:
            os.utime(Path(folder, name), ns=(OLD_NS, OLD_NS), follow_symlinks=False)
        os.utime(folder, ns=(OLD_NS, OLD_NS))
    return settle(root)


def read_attic(root: Path) -> list[tuple[str, bytes | None]]:
    """Return what lies in the attic: where it was, and its bytes (None for a directory)."""
    attic = root / ".attic"
    kept = []
    for box in sorted(attic.iterdir()) if attic.is_dir() else []:
        item = box / "item"
        if os.path.lexists(item):
            origin = json.loads((box / "note.json").read_bytes())["from"]
            kept.append((origin, item.read_bytes() if item.is_file() else None))
    return sorted(kept, key=str)


def list_findings(root: Path) -> list[str]:
    settle(root)
    return sorted(finding.id for finding in diagnose(read_survey(str(root))))


def list_user_files(root: Path) -> dict[str, bytes]:
    """Return the bytes of everything that is no record, whoever's it is."""
    return {
        path: data
        for path, data in list_files(root).items()
        if not path.endswith(RECORD) and path != ".gitignore"
    }


def list_rejected(migration: Migration) -> list[tuple[str, int | None, str]]:
    return [(one.source, one.line, one.reason) for one in migration.rejected]


def find_value(record: Any, path: str) -> Any:
    for key in path.split("."):
        record = record.get(key) if isinstance(record, dict) else None
    return record


def list_lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of the values that a record had and has no more, or otherwise."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                yield f"{path}.{key}"
            else:
                yield from list_lost(value, after[key], f"{path}.{key}")
    elif before != after and before not in (None, ""):
        yield path
