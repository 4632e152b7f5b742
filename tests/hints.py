"""Hints, made and asked for: of a root with the two sessions WFS-a and WFS-b."""

import os
from pathlib import Path

from tests.trees_disk import list_leftovers, make_root
from wfsession.core.disk import Folder
from wfsession.core.hint import encode_hint, find_active, read_hint
from wfsession.core.markers import Listing


def make_private_root(project: Path, active: str = "") -> Path:
    root = make_root(project, "WFS-a", "WFS-b", active=active)
    (root / ".wf" / "tmp").mkdir(parents=True)
    return root


def ask(root: Path) -> str:
    with Folder.open(str(root)) as folder:
        return find_active(folder)


def believe(root: Path) -> str | None:
    with Folder.open(str(root)) as folder:
        return read_hint(folder)


def look(root: Path) -> str:
    """Find who is active by a listing."""
    with Folder.open(str(root)) as folder:
        winner = Listing(folder).winner
        return winner.dirname if winner else ""


def put_hint(root: Path, name: str, entries: int = 5) -> Path:
    """Write the hint that holds for a root as it is now; nothing in it is checked."""
    path = root / ".wf" / "active"
    path.write_bytes(encode_hint(name, root.stat(), entries))
    return take_time_of(root, path)


def take_time_of(root: Path, path: Path) -> Path:
    """Give the hint the time of its root, without which nobody believes it."""
    stamp_ns = root.stat().st_mtime_ns
    os.utime(path, ns=(stamp_ns, stamp_ns), follow_symlinks=False)
    return path


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_by_symlink(path: Path) -> None:
    path.rename(path.with_name("x"))
    path.symlink_to("x")


def list_hints(root: Path) -> list[str]:
    assert list_leftovers(root) == []
    return [name for name in os.listdir(root / ".wf") if name != "tmp"]
