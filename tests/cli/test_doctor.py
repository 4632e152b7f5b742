"""`wf doctor`: what people read, what scripts hold on to, and the exit code."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, PAUSED, forget_moments, list_markers, run, see_tree, wf

RECORD = "workflow-session.json"
GONE = ".active-WFS-gone"


@pytest.fixture
def sound(project: Path) -> Path:
    """Return a project in which nothing is wrong."""
    assert wf("doctor", "--fix").code == 0
    forget_moments(project)
    return project


@pytest.fixture
def spoiled(sound: Path) -> Path:
    """Return a project with an orphan and a corrupt record."""
    root = sound / ".workflow"
    (root / GONE).touch()
    (root / PAUSED / RECORD).write_bytes(b'{"project": "Kept", "type": "sim')
    forget_moments(sound)
    return sound


def test_a_root_in_order_gets_one_line_and_zero(sound: Path) -> None:
    done = wf("doctor")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"Nothing is wrong with {sound / '.workflow'}.\n"
    assert wf("doctor", "--json").data == {
        "findings": [],
        "applied": [],
        "failed": [],
        "dry_run": False,
    }


def test_findings_are_told_with_severity_path_and_repair(spoiled: Path) -> None:
    seen = see_tree(spoiled)
    done = wf("doctor")
    assert done.code == 3
    first, repair, second, removal, hint = done.out.splitlines()
    assert first.startswith(f"error: .workflow/{PAUSED}/{RECORD}: {PAUSED}: it is no valid JSON")
    assert repair.startswith("  repair: move its bytes to the attic")
    assert second == f"warning: .workflow/{GONE}: {GONE} names no directory of the root"
    assert removal == "  repair: remove the marker"
    assert hint == "To repair: wf doctor --fix"
    assert see_tree(spoiled) == seen


def test_no_repair_is_proposed_of_what_is_only_worth_knowing(sound: Path) -> None:
    # As an older layout has it; `wf migrate` may go by what the doctor would write over.
    record = sound / ".workflow" / PAUSED / RECORD
    record.write_text(json.dumps({**json.loads(record.read_text()), "status": "active"}))
    done = wf("doctor")
    assert (done.code, done.out.count("repair: ")) == (0, 1)
    assert "--fix" not in done.out


def test_json_has_the_keys_of_the_contract_and_absolute_paths(spoiled: Path) -> None:
    done = wf("doctor", "--json")
    assert done.code == 3
    for finding in done.data["findings"]:
        assert list(finding) == ["id", "severity", "paths", "message", "repair"]
        assert all(os.path.lexists(path) and os.path.isabs(path) for path in finding["paths"])
    assert [one["id"] for one in done.data["findings"]] == ["record-corrupt", "orphaned-marker"]


def test_a_dry_run_tells_what_it_would_do_and_leaves_every_byte_alone(spoiled: Path) -> None:
    seen = see_tree(spoiled)
    done = wf("doctor", "--fix", "--dry-run")
    assert done.code == 3
    assert done.out.startswith("Nothing was done. This would:\n")
    assert f"  .workflow/{GONE}: remove the marker\n" in done.out
    data = wf("doctor", "--fix", "--dry-run", "--json").data
    assert data["dry_run"] is True
    assert {one["attic"] for one in data["applied"]} == {None}
    assert "wf attic" not in done.out
    assert see_tree(spoiled) == seen


def test_a_dry_run_where_nothing_is_wrong_says_so(sound: Path) -> None:
    done = wf("doctor", "--fix", "--dry-run")
    assert done.code == 0
    assert done.out.splitlines()[0] == "Nothing was done."


def test_fixing_tells_what_was_done_and_where_each_value_came_from(spoiled: Path) -> None:
    done = wf("doctor", "--fix")
    assert done.code == 0
    assert done.out.startswith("Done:\n")
    assert "    what there was: .workflow/.attic/" in done.out
    assert "    project: the corrupt record\n" in done.out
    assert "\nTo bring something back: wf attic restore NAME\n" in done.out
    assert done.out.endswith(f"Nothing is wrong with {spoiled / '.workflow'}.\n")
    assert list_markers(spoiled) == [f".active-{ACTIVE}"]
    again = wf("doctor", "--fix")
    assert (again.code, again.out.count("\n")) == (0, 1)


def test_fixing_answers_scripts_with_the_attic(spoiled: Path) -> None:
    data = wf("doctor", "--fix", "--json").data
    assert data["findings"] == data["failed"] == []
    marker, record = data["applied"]
    assert marker["paths"] == [str(spoiled / ".workflow" / GONE)]
    assert (marker["finding"], marker["attic"]) == ("orphaned-marker", None)
    assert Path(record["attic"], "item").read_bytes().startswith(b'{"project": "Kept"')
    assert record["sources"]["project"] == "the corrupt record"


def test_what_remains_and_what_failed_is_told_and_is_three(sound: Path) -> None:
    root = sound / ".workflow"
    (root / "WFS-link").symlink_to(PAUSED)
    (root / PAUSED / ".archiving").touch()
    (root / "completed" / PAUSED).touch()
    forget_moments(sound)
    done = wf("doctor", "--fix")
    assert done.code == 3
    assert f"Not done: {PAUSED}: " in done.out
    assert "error: .workflow/WFS-link: " in done.out
    assert wf("doctor", "--fix", "--json").data["failed"]


def test_information_alone_is_zero(sound: Path) -> None:
    (sound / ".workflow" / "session_status.jsonl").touch()
    done = wf("doctor")
    assert done.code == 0
    assert done.out.startswith("info: .workflow/session_status.jsonl: ")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes somebody else"
)
@pytest.mark.needs("setpriv")
def test_what_is_closed_to_somebody_else_is_told_to_them(seed_tree: Path) -> None:
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    if run("--version", cwd=Path("/"), prefix=nobody).code != 0:
        pytest.skip("nobody else may run this Python")
    # Not below the tests' own directory, which nobody else may enter.
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "project", ".workflow")
        shutil.copytree(seed_tree / ".workflow", root, symlinks=True)
        for path in (Path(folder), root.parent, root):
            path.chmod(0o755)
        (root / ACTIVE).chmod(0o777)
        done = run("doctor", "--json", cwd=root.parent, prefix=nobody)
        closed = [one["paths"] for one in done.data["findings"] if one["id"] == "unwritable"]
        assert [str(root)] in closed
        assert [str(root / PAUSED)] in closed
        assert [str(root / ACTIVE)] not in closed
        assert done.code == 3
        fixed = run("doctor", "--fix", cwd=root.parent, prefix=nobody)
        assert (fixed.code, fixed.out) == (1, "")
        assert "Permission denied" in fixed.err
        assert "Traceback" not in fixed.err
