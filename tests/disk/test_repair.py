"""Each finding made on a real tree: diagnosed, repaired, found no more, and no byte lost."""

import errno
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.hands import fail
from tests.spoilers import (
    applied,
    archived_in_place,
    binding,
    corrupt,
    corrupt_active,
    corrupt_archived,
    diagnose,
    future,
    heal_twice,
    link,
    missing,
    name_findings,
    newer_remains,
    no_file,
    odd_id,
    orphan,
    other_id,
    several,
    signed,
    signed_active,
    staging,
    status_active,
    status_archived,
    status_paused,
    stray_backup,
    stray_bytes,
    stray_directory,
    stray_symlink,
    twin_of_wrong_type,
    twin_without_record,
    twins,
    wrong_types,
)
from tests.trees_disk import (
    RECORD,
    add_session,
    list_markers,
    make_root,
    mark,
    photograph,
    put_record,
    read_json,
    states,
    write_old,
)
from wfsession.core.disk import Folder
from wfsession.core.repair import Report, heal
from wfsession.workspace import open_workspace


def test_a_root_in_order_has_no_findings_and_is_left_alone(root: Path) -> None:
    seen = photograph(root)
    assert diagnose(root) == ()
    assert heal_twice(root) == Report((), ())
    assert photograph(root) == seen


RECORD_B = f"WFS-b/{RECORD}"


REPAIRED: dict[str, tuple[Callable[[Path], None], list[tuple[str, str]]]] = {
    "orphan": (orphan, [("orphaned-marker", ".active-WFS-gone")]),
    "several": (several, [("several-markers", ".active-WFS-b")]),
    "stray backup": (stray_backup, [("stray-marker", ".active-WFS-a~")]),
    "stray directory": (stray_directory, [("stray-marker", ".active-WFS-b")]),
    "stray symlink": (stray_symlink, [("stray-marker", ".active-WFS-b")]),
    "stray bytes": (stray_bytes, [("stray-marker", ".active-\udcff")]),
    "missing": (missing, [("record-missing", RECORD_B)]),
    "corrupt": (corrupt, [("record-corrupt", RECORD_B)]),
    "corrupt, archived": (corrupt_archived, [("record-corrupt", f"completed/WFS-old/{RECORD}")]),
    "corrupt, active": (corrupt_active, [("record-corrupt", f"WFS-a/{RECORD}")]),
    "corrupt, half a surrogate": (newer_remains, [("record-corrupt", RECORD_B)]),
    "directory": (no_file, [("record-unreadable", RECORD_B)]),
    "link": (link, [("record-unreadable", RECORD_B)]),
    "wrong types": (wrong_types, [("record-wrong-type", RECORD_B)]),
    "other id": (other_id, [("id-mismatch", RECORD_B)]),
    "odd id": (odd_id, [("id-mismatch", RECORD_B)]),
    "paused": (status_paused, [("status-mismatch", RECORD_B)]),
    "active": (status_active, [("status-mismatch", f"WFS-a/{RECORD}")]),
    "archived": (status_archived, [("status-mismatch", f"completed/WFS-old/{RECORD}")]),
    "archived in place": (archived_in_place, [("archive-cut-short", "WFS-cut")]),
    "signed": (signed, [("archive-cut-short", "WFS-cut")]),
    "signed, active": (signed_active, [("archive-cut-short", "WFS-a")]),
    "twins": (
        twins,
        [("duplicate-session", "WFS-b"), ("duplicate-session", "completed/WFS-b")],
    ),
    "staging": (staging, [("abandoned-staging", ".wf/tmp/record-1-a")]),
    "binding": (binding, [("abandoned-binding", ".threads/codex--1")]),
    "future": (future, [("time-in-future", ".active-WFS-a")]),
}


@pytest.mark.parametrize(("spoil", "expected"), REPAIRED.values(), ids=REPAIRED)
def test_each_finding_is_told_and_repaired_for_good(
    root: Path, spoil: Callable[[Path], None], expected: list[tuple[str, str]]
) -> None:
    spoil(root)
    assert name_findings(root) == expected
    seen = photograph(root)
    dry = open_workspace(root).heal(dry_run=True)
    assert {one.finding for one in dry.applied} == {name for name, _ in expected}
    assert photograph(root) == seen
    report = heal_twice(root)
    assert {one.finding for one in report.applied} == {name for name, _ in expected}
    assert report.findings == ()
    assert report.failed == ()


def test_the_newest_marker_stays_and_of_equal_ones_the_first_name(root: Path) -> None:
    mark(root, "WFS-c", age_s=3600)
    mark(root, "WFS-b", age_s=3600)
    heal_twice(root)
    assert list_markers(root) == [".active-WFS-a"]


def test_an_orphan_goes_though_it_is_the_newest(root: Path) -> None:
    mark(root, "WFS-gone", age_s=1)
    several(root)
    report = heal_twice(root)
    assert applied(report) == [
        ("orphaned-marker", ".active-WFS-gone"),
        ("several-markers", ".active-WFS-b"),
    ]
    assert list_markers(root) == [".active-WFS-a"]


def test_a_name_that_is_part_of_another_does_not_save_a_marker(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-auth-2", active="WFS-auth-2")
    mark(root, "WFS-auth", age_s=1)
    heal_twice(root)
    assert list_markers(root) == [".active-WFS-auth-2"]


def test_a_marker_with_bytes_in_it_goes_to_the_attic(root: Path) -> None:
    mark(root, "WFS-gone", data=b"a note of mine")
    heal_twice(root)
    assert list_markers(root) == [".active-WFS-a"]


def test_a_corrupt_record_keeps_its_bytes_and_its_first_keys(root: Path) -> None:
    corrupt(root)
    data = (root / "WFS-b" / RECORD).read_bytes()
    registered = {"id": "WFS-b", "description": "Unused", "complexity": "complex"}
    write_old(root / "session_status.jsonl", b'{"id":"WFS-a"}\n' + json.dumps(registered).encode())
    (one,) = open_workspace(root).heal().applied
    assert (root / one.attic / "item").read_bytes() == data
    assert json.loads((root / one.attic / "note.json").read_bytes())["from"] == RECORD_B
    record = read_json(root / "WFS-b")
    assert (record["project"], record["type"]) == ("Kept", "complex")
    sources = dict(one.sources)
    assert sources["project"] == "the corrupt record"
    assert sources["type"] == "the registry"
    assert [found.id for found in diagnose(root)] == ["legacy-registry"]


def test_a_registry_without_the_session_says_nothing_of_it(root: Path) -> None:
    missing(root)
    write_old(root / "session_status.jsonl", b'{"id":"WFS-a"}')
    assert dict(heal_twice(root).applied[0].sources)["project"] == "the directory's name"


def test_the_record_of_the_active_session_says_so(root: Path) -> None:
    corrupt_active(root)
    assert len(heal_twice(root).applied) == 1
    assert read_json(root / "WFS-a")["status"] == "active"
    assert states(root)["WFS-a"] == "active"


def test_fields_of_a_wrong_type_are_taken_out_and_kept_in_a_copy(root: Path) -> None:
    wrong_types(root)
    data = (root / "WFS-b" / RECORD).read_bytes()
    (one,) = heal_twice(root).applied
    assert (root / one.attic / "item").read_bytes() == data
    assert dict(one.sources) == dict.fromkeys(
        ["progress", "transitions", "checkpoint.at"], "taken out"
    )
    assert read_json(root / "WFS-b") == {"session_id": "WFS-b", "checkpoint": {}}


def test_another_id_becomes_a_former_name(root: Path) -> None:
    other_id(root)
    heal_twice(root)
    assert read_json(root / "WFS-b") == {
        "session_id": "WFS-b",
        "renamed_from": ["WFS-first", "WFS-was"],
    }
    assert open_workspace(root).get("WFS-was").name == "WFS-b"


def test_an_id_that_is_no_name_is_only_replaced(root: Path) -> None:
    odd_id(root)
    heal_twice(root)
    assert read_json(root / "WFS-b") == {"session_id": "WFS-b"}


def test_the_archived_twin_gets_the_first_free_number(root: Path) -> None:
    twins(root)
    heal_twice(root)
    assert states(root)["completed/WFS-b-3"] == "archived"
    record = read_json(root / "completed" / "WFS-b-3")
    assert (record["session_id"], record["note"]) == ("WFS-b-3", "twin")


@pytest.mark.parametrize("spoil", [twin_of_wrong_type, twin_without_record])
def test_a_twin_that_is_bad_besides_is_seen_to_in_the_next_round(
    root: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(root)
    report = heal_twice(root)
    assert report.failed == ()
    assert report.findings == ()
    assert read_json(root / "completed" / "WFS-b-2")["session_id"] == "WFS-b-2"


def test_a_twin_whose_name_has_no_room_for_a_number_stays(tmp_path: Path) -> None:
    name = "WFS-" + "a" * 196
    root = make_root(tmp_path, name)
    add_session(root, f"completed/{name}", "completed")
    report = open_workspace(root).heal()
    assert applied(report) == []
    assert "200 is the most" in report.failed[0]
    assert {one.id for one in report.findings} == {"duplicate-session"}


def test_archiving_is_finished_and_the_sign_is_kept(root: Path) -> None:
    signed(root)
    (one,) = heal_twice(root).applied
    assert (root / one.attic / "item").read_bytes() == b"signed"
    assert states(root)["completed/WFS-cut"] == "archived"
    assert read_json(root / "completed" / "WFS-cut")["status"] == "completed"


def test_an_archiving_that_gets_no_further_writes_its_record_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed(root)
    write_old(root / ".attic", b"a file of mine")
    first = heal(str(root))
    assert first.failed[0].startswith("WFS-cut: ")
    assert read_json(root / "WFS-cut")["status"] == "completed"
    seen = photograph(root)
    later = datetime.now(UTC) + timedelta(hours=1)
    monkeypatch.setattr("wfsession.core.operation.now", lambda: later)
    again = heal(str(root))
    assert (again.applied, again.failed) == ((), first.failed)
    assert photograph(root, ".wf") == {
        path: what for path, what in seen.items() if not path.startswith(".wf")
    }


@pytest.mark.parametrize(("real", "other"), [("", "completed/"), ("completed/", "")])
def test_what_is_no_directory_is_nobodys_twin(root: Path, real: str, other: str) -> None:
    add_session(root, f"{real}WFS-t", "completed" if real else "paused")
    (root / f"{other}WFS-t").symlink_to("WFS-a")
    assert name_findings(root) == [("unsafe-session", f"{other}WFS-t")]
    assert applied(heal_twice(root)) == []


def test_an_active_session_is_not_archived_for_a_sign(root: Path) -> None:
    signed_active(root)
    heal_twice(root)
    assert states(root)["WFS-a"] == "active"


def test_archiving_stops_where_something_has_the_place(root: Path) -> None:
    archived_in_place(root)
    write_old(root / "completed" / "WFS-cut", b"a file")
    report = open_workspace(root).heal()
    assert applied(report) == []
    assert len(report.failed) == 1
    assert "archive-cut-short" in {one.id for one in report.findings}


def test_what_needs_judgement_is_left_alone(root: Path) -> None:
    (root / "WFS-link").symlink_to("WFS-b")
    put_record(root / "WFS-new", b'{"schema_version": 99}')
    add_session(root, "wfs-B", "paused")
    for place in ("sessions/WFS-x", "active/thing", "archives/empty", ".archives"):
        (root / place).mkdir(parents=True)
    write_old(root / "active" / "thing" / RECORD, b"{}")
    write_old(root / "sessions" / "file", b"")
    write_old(root / "active" / "a-file", b"")
    write_old(root / "session_status.jsonl", b"")
    seen = photograph(root)
    report = open_workspace(root).heal()
    assert photograph(root) == seen
    assert applied(report) == []
    assert [(one.id, one.severity) for one in report.findings] == [
        ("unsafe-session", "error"),
        ("record-newer-schema", "error"),
        ("name-collision", "warning"),
        ("name-collision", "warning"),
        ("legacy-layout", "info"),
        ("legacy-registry", "info"),
        ("legacy-layout", "info"),
    ]


def test_what_may_not_be_read_is_told_and_left_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, errno.EACCES, "read", name=RECORD)
    report = heal(str(root))
    assert applied(report) == []
    assert {one.id for one in report.findings} == {"record-unreadable"}
    assert "cannot be read" in report.findings[0].message


def test_what_may_not_be_written_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".wf").mkdir()
    monkeypatch.setattr(Folder, "is_writable", lambda self, name: name == "WFS-b")
    assert [(one.id, *one.paths) for one in diagnose(root)] == [
        ("unwritable", str(root)),
        *(("unwritable", str(root / name)) for name in (".wf", "WFS-a", "WFS-c", "WFS-done")),
    ]
    assert open_workspace(root).heal().applied == ()
