"""What others do between the looking and the repairing, and disks that take no repair."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hands import fail, play
from tests.spoilers import (
    applied,
    corrupt,
    diagnose,
    heal_twice,
    missing,
    name_findings,
    orphan,
    several,
    staging,
    status_paused,
    stray_backup,
    stray_directory,
    stray_symlink,
    wrong_types,
)
from tests.trees_disk import RECORD, get, list_markers, mark
from wfsession.core import repair
from wfsession.core.repair import Report, heal
from wfsession.core.survey import read_survey
from wfsession.errors import DiskFailed, RootNotFound
from wfsession.workspace import open_workspace


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
