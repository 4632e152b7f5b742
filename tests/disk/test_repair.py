"""Each finding made on a real tree: diagnosed, repaired, found no more, and no byte lost."""

import errno
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.hands import fail, play
from tests.trees_disk import (
    RECORD,
    add_session,
    age,
    get,
    list_files,
    list_markers,
    make_root,
    make_usual_root,
    mark,
    photograph,
    put_record,
    read_json,
    states,
    write_old,
)
from wfsession.core import repair
from wfsession.core.disk import Folder
from wfsession.core.model import Finding
from wfsession.core.repair import Report, heal
from wfsession.core.survey import read_survey
from wfsession.errors import DiskFailed, RootNotFound
from wfsession.workspace import open_workspace

HOLD = """
import fcntl, os, sys
file = open(sys.argv[1], "r+")
fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_usual_root(tmp_path)


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
        # What is only corrected in a record is not kept; what is replaced is, see below.
        assert not data or data in kept or path.endswith(RECORD), path
    seen = photograph(root)
    again = open_workspace(root).heal()
    assert again == Report(report.findings, ())
    assert photograph(root) == seen
    return report


def applied(report: Report) -> list[tuple[str, str]]:
    return [(one.finding, " ".join(one.paths)) for one in report.applied]


def test_a_root_in_order_has_no_findings_and_is_left_alone(root: Path) -> None:
    seen = photograph(root)
    assert diagnose(root) == ()
    assert heal_twice(root) == Report((), ())
    assert photograph(root) == seen


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


def hold_lock(root: Path, holder: str) -> "subprocess.Popen[bytes]":
    """Let a process hold the lock in the name of another."""
    (root / ".wf" / "tmp").mkdir(parents=True)
    lock = root / ".wf" / "lock"
    lock.write_text(holder)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    process.communicate(b"")


def find_free_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_lock_held_for_a_process_that_is_gone_is_set_aside(root: Path) -> None:
    process = hold_lock(root, f"process {find_free_pid()} on {os.uname().nodename}\n")
    try:
        orphan(root)
        assert ("stale-lock", ".wf/lock") in name_findings(root)
        report = open_workspace(root).heal()
        assert applied(report) == [
            ("stale-lock", ".wf/lock"),
            ("orphaned-marker", ".active-WFS-gone"),
        ]
        assert report.findings == ()
    finally:
        end(process)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_stale_lock_that_cannot_be_set_aside_is_a_sentence(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    process = hold_lock(root, f"process {find_free_pid()} on {os.uname().nodename}\n")
    try:
        fail(monkeypatch, number, "make", "move")
        with pytest.raises(DiskFailed):
            open_workspace(root).heal()
    finally:
        end(process)


@pytest.mark.parametrize(
    "holder",
    [
        f"process {os.getpid()} on {os.uname().nodename}",
        "process 1 on another-host",
        f"process x on {os.uname().nodename}",
        f"process 99999999999999999999 on {os.uname().nodename}",
        "",
    ],
    ids=["alive", "elsewhere", "no number", "too large", "nobody"],
)
def test_a_lock_is_not_stale_unless_its_process_is_known_to_be_gone(
    root: Path, holder: str
) -> None:
    process = hold_lock(root, holder)
    try:
        assert diagnose(root) == ()
    finally:
        end(process)


def test_a_process_that_may_not_be_asked_is_not_gone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError(errno.EPERM, "not yours")

    process = hold_lock(root, f"process 1 on {os.uname().nodename}")
    try:
        monkeypatch.setattr(os, "kill", refuse)
        assert diagnose(root) == ()
    finally:
        monkeypatch.undo()
        end(process)


def test_a_free_lock_is_let_go_of_again(root: Path) -> None:
    (root / ".wf").mkdir()
    (root / ".wf" / "lock").touch()
    assert diagnose(root) == ()
    with (root / ".wf" / "lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_marker_that_moved_on_since_it_was_looked_at_stays(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(root)
    loser = root / ".active-WFS-b"
    play(monkeypatch, "open_lock_file", lambda: os.utime(loser), name="lock")
    report = open_workspace(root).heal()
    assert list_markers(root) == [".active-WFS-b"]
    assert applied(report)[0] == ("several-markers", ".active-WFS-a")


def test_an_orphan_whose_directory_comes_meanwhile_is_an_orphan_no_more(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan(root)
    deliver = (root / "WFS-gone").mkdir
    play(monkeypatch, "open_lock_file", deliver, name="lock")
    assert "orphaned-marker" not in dict(applied(open_workspace(root).heal()))


def test_the_strays_of_a_root_are_told_apart(root: Path) -> None:
    stray_directory(root)
    (root / ".active-WFS-c").symlink_to("WFS-c")
    os.mkfifo(root / ".active-WFS-done")
    stray_backup(root)
    assert [(one.entry, one.kind) for one in read_survey(str(root)).strays] == [
        (".active-WFS-a~", "file"),
        (".active-WFS-b", "directory"),
        (".active-WFS-c", "symlink"),
        (".active-WFS-done", "special"),
    ]


@pytest.mark.parametrize("is_put_right", [False, True])
def test_a_stray_that_is_none_by_the_time_it_is_looked_at_is_not_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, is_put_right: bool
) -> None:
    stray_symlink(root)

    def act() -> None:
        (root / ".active-WFS-b").unlink()
        if is_put_right:
            (root / ".active-WFS-b").touch()

    # Each listing looks at it once, and there are two.
    played = play(monkeypatch, "stat", act, name=".active-WFS-b", at=3)
    assert read_survey(str(root)).strays == ()
    assert played


def test_a_link_that_leads_nowhere_is_not_unwritable_besides(root: Path) -> None:
    (root / "WFS-link").symlink_to("nowhere")
    assert name_findings(root) == [("unsafe-session", "WFS-link")]


def test_a_marker_with_bytes_is_told_with_its_place_in_the_attic(root: Path) -> None:
    mark(root, "WFS-gone", data=b"a note of mine")
    (one,) = open_workspace(root).heal().applied
    assert (root / one.attic / "item").read_bytes() == b"a note of mine"


def test_a_stray_that_is_taken_away_meanwhile_is_no_failure(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray_backup(root)
    play(monkeypatch, "move", (root / ".active-WFS-a~").unlink, name=".active-WFS-a~")
    assert open_workspace(root).heal() == Report((), ())


@pytest.mark.parametrize("spoil", [corrupt, wrong_types, missing])
def test_a_record_that_is_put_right_meanwhile_is_not_overwritten(
    root: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    spoil(root)
    good = b'{"session_id": "WFS-b", "status": "paused", "good": 1}'
    record = root / "WFS-b" / RECORD
    play(monkeypatch, "create", lambda: record.write_bytes(good), name="record-", after=True)
    open_workspace(root).heal()
    assert record.read_bytes() == good


@pytest.mark.parametrize("spoil", [corrupt, wrong_types, status_paused])
def test_a_record_that_was_put_right_before_the_lock_is_left_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    spoil(root)
    good = b'{"session_id": "WFS-b", "status": "paused", "good": 1}'
    record = root / "WFS-b" / RECORD
    play(monkeypatch, "make", lambda: record.write_bytes(good), name=".wf")
    report = open_workspace(root).heal()
    assert record.read_bytes() == good
    assert report == Report((), ())


def test_a_repair_that_fails_is_told_and_keeps_no_other_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan(root)
    stray_backup(root)
    fail(monkeypatch, errno.EACCES, "unlink", name=".active-WFS-gone")
    report = heal(str(root))
    assert applied(report) == [("stray-marker", ".active-WFS-a~")]
    assert report.failed[0].startswith(".active-WFS-gone: ")
    assert [one.id for one in report.findings] == ["orphaned-marker"]


def test_a_disk_that_takes_nothing_is_an_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orphan(root)
    fail(monkeypatch, errno.EROFS, "make")
    with pytest.raises(DiskFailed):
        heal(str(root))


def test_a_root_that_cannot_be_looked_over_is_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "is_writable", lambda: fail(monkeypatch, errno.EIO, "read_status"))
    monkeypatch.setattr(
        "wfsession.core.survey.read_markers", lambda root: root.stat("nothing of that name")
    )
    with pytest.raises(DiskFailed):
        read_survey(str(root))
    with pytest.raises(RootNotFound):
        read_survey(str(root / "nowhere"))


def test_leftovers_and_bindings_that_go_meanwhile_are_none(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging(root)
    gone = root / ".wf" / "tmp" / "record-1-a"
    play(monkeypatch, "stat", gone.unlink, name="record-1-a")
    assert diagnose(root) == ()


def test_healing_ends_though_somebody_spoils_the_root_again_and_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan(root)
    play(monkeypatch, "sync", lambda: orphan(root), times=1000)
    report = heal(str(root))
    assert len(report.applied) == repair._ROUNDS
    assert [one.id for one in report.findings] == ["orphaned-marker"]


def test_the_row_of_a_repaired_session_is_a_usual_one(root: Path) -> None:
    missing(root)
    heal_twice(root)
    assert get(root, "WFS-b").problems == ()
