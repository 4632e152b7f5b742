"""Roots made by hand for the tests of the disk, and what one sees in them afterwards.

Looks with the system's own calls and with `read_snapshot` only; changes nothing by wfsession.
"""

import json
import os
import stat
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from wfsession.core.disk import Folder
from wfsession.core.lock import Lock
from wfsession.core.model import Session, Snapshot
from wfsession.core.names import is_session_name
from wfsession.core.snapshot import read_snapshot

RECORD = "workflow-session.json"
SECOND_NS = 1_000_000_000
# Long ago, and no whole second: a reader has no reason to list twice.
OLD_NS = 1_700_000_000_123_456_789


def make_root(project: Path, *names: str, active: str = "") -> Path:
    """Make a root with paused sessions, one of them marked if asked; nothing moved lately."""
    root = project / ".workflow"
    root.mkdir(parents=True)
    for name in names:
        add_session(root, name, "active" if name == active else "paused")
    if active:
        mark(root, active)
    return settle(root)


def add_session(root: Path, name: str, status: str = "paused", **fields: Any) -> Path:
    """Add a session; `name` may begin with `completed/`. Returns its directory."""
    session = root / name
    session.mkdir(parents=True)
    write_old(session / RECORD, _encode_record(session.name, status, json.dumps(fields)))
    (session / "PLAN.md").write_text(f"the plan of {name}\n")
    settle(root)
    return session


@cache
def _encode_record(name: str, status: str, fields: str) -> bytes:
    record = {
        "session_id": name,
        "project": f"About {name}",
        "type": "simple",
        "current_phase": "PLAN",
        "status": status,
        "their_own": [1, {"kept": 1e2}],
        "progress": {"completed_phases": [], "current_tasks": [], "last_checkpoint": None},
        "meta": {"created": "2025-09-05T10:00:00Z", "updated": "2025-09-05T10:00:00Z"},
        **json.loads(fields),
    }
    return json.dumps(record, indent=4, ensure_ascii=False).encode()


# The states of the sessions that `make_usual_root` makes.
USUAL_STATES = {
    "WFS-a": "active",
    "WFS-b": "paused",
    "WFS-c": "paused",
    "WFS-done": "completed",
    "completed/WFS-old": "archived",
}


def make_usual_root(project: Path) -> Path:
    """Make a root: WFS-a active, WFS-b and WFS-c paused, WFS-done completed, WFS-old archived."""
    root = make_root(project, "WFS-a", "WFS-b", "WFS-c", active="WFS-a")
    add_session(root, "WFS-done", "completed")
    add_session(root, "completed/WFS-old", "completed")
    return root


def write_old(path: Path, data: bytes) -> None:
    """Write a file as it was long ago."""
    path.write_bytes(data)
    os.utime(path, ns=(OLD_NS, OLD_NS))


def age(path: Path, seconds: float) -> None:
    """Set a file's time to so many seconds ago; in the future where that is negative."""
    moment = time.time_ns() - int(seconds * SECOND_NS)
    os.utime(path, ns=(moment, moment))


def mark(root: Path, name: str, age_s: int = 3600, data: bytes = b"") -> Path:
    """Make a marker, `age_s` seconds older than `OLD_NS`."""
    path = root / f".active-{name}"
    path.write_bytes(data)
    os.utime(path, ns=(OLD_NS, OLD_NS - age_s * SECOND_NS))
    settle(root)
    return path


def put_record(session: Path, data: bytes) -> None:
    """Write a session's record as it was long ago, and the session where there is none."""
    session.mkdir(exist_ok=True, parents=True)
    write_old(session / RECORD, data)


def settle(root: Path) -> Path:
    """Make it look as if nothing had moved in a root for long."""
    os.utime(root, ns=(OLD_NS, OLD_NS))
    return root


def touch(root: Path, name: str) -> None:
    """Do what `touch .active-NAME` does."""
    (root / f".active-{name}").touch()


def list_markers(root: Path) -> list[str]:
    return sorted(entry for entry in os.listdir(root) if entry.startswith(".active-"))


def read_json(session: Path) -> dict[str, Any]:
    found = json.loads((session / RECORD).read_bytes())
    assert isinstance(found, dict)
    return found


def read(root: Path) -> Snapshot:
    return read_snapshot(str(root))


def get(root: Path, name: str) -> Session:
    """Return the row of a session; archived ones are `completed/NAME`."""
    rows = {place_of(row): row for row in read(root).sessions}
    return rows[name]


def place_of(session: Session) -> str:
    return session.name if session.location == "root" else f"completed/{session.name}"


def states(root: Path) -> dict[str, str]:
    """Return the state of each session; archived ones are `completed/NAME`."""
    return {place_of(row): row.state for row in read(root).sessions}


def photograph(top: Path, *but: str) -> dict[str, tuple[Any, ...]]:
    """Return what is on disk below `top`, but for the entries of its top that are named.

    Kind, mode, times to the nanosecond, and the bytes, target or names within.
    """
    seen = {".": _describe(str(top))}
    # Thousands of trees are looked at: joined by hand, and no `Path` is made.
    for folder, folders, files in os.walk(str(top)):
        left_out = but if folder == str(top) else ()
        folders[:] = [name for name in folders if name not in left_out]
        within = folder.removeprefix(str(top)).lstrip("/")
        for name in (*files, *folders):
            if name not in left_out:
                seen[f"{within}/{name}" if within else name] = _describe(f"{folder}/{name}")
    return seen


def _describe(path: str) -> tuple[Any, ...]:
    status = os.lstat(path)
    what: Any = None
    if stat.S_ISREG(status.st_mode):
        what = status.st_size
        if what < 1_000_000:
            with suppress(PermissionError), open(path, "rb") as file:
                what = file.read()
    elif stat.S_ISLNK(status.st_mode):
        what = os.readlink(path)
    return stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), status.st_mtime_ns, what


def list_files(top: Path) -> dict[str, bytes]:
    """Return the bytes of every file below `top` by its path, those in a `.wf` left out."""
    return {
        path: what[3]
        for path, what in photograph(top).items()
        if isinstance(what[3], bytes) and ".wf" not in path.split("/")
    }


def check_sound(root: Path) -> Snapshot:
    """Hold what must hold in any tree: it can be read, one wins at the most, no record is torn.

    Also: nothing that was only prepared stands outside `.wf`.
    """
    # A young root without a marker, or with several, is listed many times.
    settle(root)
    snapshot = read(root)
    active = [row for row in snapshot.sessions if row.state == "active"]
    assert len(active) <= 1, active
    if active:
        assert snapshot.active == active[0].name
    for row in snapshot.sessions:
        assert row.state != "bad", row
        json.loads(Path(row.path, RECORD).read_bytes())
    for entry in os.listdir(root):
        known = entry in {".wf", ".gitignore", ".attic", ".threads", "completed"}
        assert known or entry.startswith(".active-") or is_session_name(entry), entry
    return snapshot


def list_leftovers(root: Path) -> list[str]:
    """Return what was prepared and not taken away again."""
    staging = root / ".wf" / "tmp"
    return sorted(os.listdir(staging)) if staging.is_dir() else []


def list_attic(root: Path) -> list[Path]:
    return sorted((root / ".attic").iterdir()) if (root / ".attic").exists() else []


def lock_of(folder: Folder) -> Lock:
    return Lock(folder, ".wf", "lock")
