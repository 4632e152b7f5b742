"""What brings each finding about in a root, and a healing that holds what any has to hold."""

import json
import os
import time
from pathlib import Path

from tests.trees_disk import (
    RECORD,
    add_session,
    age,
    list_files,
    mark,
    photograph,
    put_record,
    write_old,
)
from wfsession.core.model import Finding
from wfsession.core.repair import Report
from wfsession.workspace import open_workspace


def diagnose(root: Path) -> tuple[Finding, ...]:
    return open_workspace(root).diagnose()


def name_findings(root: Path) -> list[tuple[str, str]]:
    """Return the id of each finding, and its paths below the root."""
    top = f"{root}/"
    return [(one.id, " ".join(p.removeprefix(top) for p in one.paths)) for one in diagnose(root)]


def heal_twice(root: Path) -> Report:
    """Heal; no byte that was there is lost, and a second healing has nothing to do."""
    before = list_files(root)
    report = open_workspace(root).heal()
    kept = list(list_files(root).values())
    for path, data in before.items():
        # What is only corrected in a record is not kept; what is replaced is.
        assert not data or data in kept or path.endswith(RECORD), path
    seen = photograph(root)
    again = open_workspace(root).heal()
    assert again == Report(report.findings, ())
    assert photograph(root) == seen
    return report


def applied(report: Report) -> list[tuple[str, str]]:
    return [(one.finding, " ".join(one.paths)) for one in report.applied]


def orphan(root: Path) -> None:
    mark(root, "WFS-gone")


def several(root: Path) -> None:
    mark(root, "WFS-b", age_s=7200)


def stray_backup(root: Path) -> None:
    write_old(root / ".active-WFS-a~", b"an editor's")


def stray_directory(root: Path) -> None:
    (root / ".active-WFS-b").mkdir()
    (root / ".active-WFS-b" / "mine").write_text("mine")


def stray_symlink(root: Path) -> None:
    (root / ".active-WFS-b").symlink_to("WFS-b")


def stray_bytes(root: Path) -> None:
    write_old(Path(os.fsdecode(os.fsencode(root) + b"/.active-\xff")), b"odd")


def missing(root: Path) -> None:
    (root / "WFS-b" / RECORD).unlink()


def corrupt(root: Path) -> None:
    put_record(root / "WFS-b", b'{"project": "Kept", "status": "paused", "meta": {"crea')


def corrupt_archived(root: Path) -> None:
    put_record(root / "completed" / "WFS-old", b"<<<<<<< HEAD")


def corrupt_active(root: Path) -> None:
    put_record(root / "WFS-a", b"[]")


def newer_remains(root: Path) -> None:
    put_record(root / "WFS-b", b'{"their": 1, "half": "\\ud800", "n')


def no_file(root: Path) -> None:
    missing(root)
    (root / "WFS-b" / RECORD).mkdir()
    (root / "WFS-b" / RECORD / "inside").write_text("mine")


def link(root: Path) -> None:
    missing(root)
    (root / "WFS-b" / RECORD).symlink_to("PLAN.md")


def wrong_types(root: Path) -> None:
    fields = {"progress": 5, "transitions": [{"completed_at": 3}], "checkpoint": {"at": 1}}
    put_record(root / "WFS-b", json.dumps({"session_id": "WFS-b", **fields}).encode())


def other_id(root: Path) -> None:
    put_record(root / "WFS-b", b'{"session_id": "WFS-was", "renamed_from": ["WFS-first"]}')


def odd_id(root: Path) -> None:
    put_record(root / "WFS-b", b'{"session_id": "no name/at all"}')


def status_paused(root: Path) -> None:
    put_record(root / "WFS-b", b'{"session_id": "WFS-b", "status": "active"}')


def status_active(root: Path) -> None:
    put_record(root / "WFS-a", b'{"session_id": "WFS-a", "status": "paused"}')


def status_archived(root: Path) -> None:
    put_record(root / "completed/WFS-old", b'{"session_id": "WFS-old", "status": "paused"}')


def archived_in_place(root: Path) -> None:
    add_session(root, "WFS-cut", "archived")


def signed(root: Path) -> None:
    write_old(add_session(root, "WFS-cut", "paused") / ".archiving", b"signed")


def signed_active(root: Path) -> None:
    write_old(root / "WFS-a" / ".archiving", b"signed")


def twins(root: Path) -> None:
    add_session(root, "completed/WFS-b", "completed", note="twin")
    add_session(root, "completed/WFS-b-2", "completed")


def twin_of_wrong_type(root: Path) -> None:
    add_session(root, "completed/WFS-b", "completed", progress=5)


def twin_without_record(root: Path) -> None:
    (add_session(root, "completed/WFS-b", "completed") / RECORD).unlink()


def staging(root: Path) -> None:
    left = root / ".wf" / "tmp" / "record-1-a"
    left.parent.mkdir(parents=True)
    left.write_text("left over")
    age(left, 7200)
    (root / ".wf" / "tmp" / "workspace-1").mkdir()
    age(root / ".wf" / "tmp" / "workspace-1", 7200)
    (root / ".wf" / "tmp" / "young").write_text("in use")


def binding(root: Path) -> None:
    (root / ".threads").mkdir()
    write_old(root / ".threads" / "codex--1", b"WFS-gone\n")
    write_old(root / ".threads" / "codex--2", b"WFS-b\n")
    (root / ".threads" / "no-file").mkdir()


def future(root: Path) -> None:
    os.utime(root / ".active-WFS-a", (time.time() + 7200,) * 2)
