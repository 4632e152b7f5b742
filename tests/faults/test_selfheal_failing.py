"""Healing by itself where it cannot be done: nobody waits, nothing fails, nothing is left over."""

import errno
import fcntl
from pathlib import Path

import pytest

from tests.hands import GROWING, Death, enumerate_deaths, fail, play
from tests.selfheal import CUT, GONE, arrive, list_attic, make_orphan, see, spoil_record
from tests.trees_disk import (
    RECORD,
    check_sound,
    list_files,
    list_leftovers,
    list_markers,
    make_usual_root,
    mark,
    settle,
)
from wfsession.core.disk import Folder
from wfsession.core.repair import heal
from wfsession.errors import DiskFailed
from wfsession.workspace import open_workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_usual_root(tmp_path)


def test_a_lock_that_somebody_holds_is_not_waited_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_orphan(root)
    spoil_record(root)
    (root / ".wf" / "tmp").mkdir(parents=True)
    settle(root)
    lock = root / ".wf" / "lock"
    lock.write_text("process 1 on another-host")
    before = see(root)

    def refuse(seconds: float) -> None:
        raise AssertionError("it waited")

    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr("wfsession.core.lock.time.sleep", refuse)
        arrival = arrive(root)
    assert arrival.session is not None
    assert (arrival.session.record, arrival.healed) == (None, "")
    assert see(root) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_takes_nothing_keeps_nobody_from_working(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    make_orphan(root)
    spoil_record(root)
    before = see(root)
    fail(monkeypatch, number, *GROWING, "unlink", "replace", "open_lock_file")
    arrival = arrive(root)
    assert arrival.session is not None
    assert (arrival.session.name, arrival.session.record, arrival.healed) == ("WFS-a", None, "")
    assert see(root) == before


@pytest.mark.parametrize("verb", GROWING)
@pytest.mark.parametrize("at", range(1, 6))
def test_a_disk_that_fills_up_on_the_way_is_left_as_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch, verb: str, at: int
) -> None:
    spoil_record(root)
    fail(monkeypatch, errno.ENOSPC, verb, at=at)
    healed = arrive(root).healed
    kept = list_attic(root)
    assert (kept == [CUT]) is bool(healed)
    assert (root / "WFS-a" / RECORD).read_bytes() == CUT or healed
    # No empty directory in the attic, else each command would leave one.
    assert [*root.glob(".attic/*")] == [path.parent for path in root.glob(".attic/*/item")]
    assert list_leftovers(root) == []


def test_what_was_healed_is_told_though_the_next_step_failed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_orphan(root)
    mark(root, "WFS-gone-too")
    spoil_record(root)
    fail(monkeypatch, errno.EACCES, "unlink", name=".active-WFS-gone-too", at=1)
    healed = arrive(root).healed
    assert GONE in healed
    assert "gone-too" not in healed
    assert (root / "WFS-a" / RECORD).read_bytes() == CUT


def test_a_session_that_may_not_be_written_to_leaves_no_copies_in_the_attic(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = spoil_record(root)
    monkeypatch.setattr(Folder, "is_writable", lambda self, name: False)
    assert arrive(root).healed == ""
    assert record.read_bytes() == CUT
    assert not (root / ".attic").exists()


def test_a_box_that_cannot_be_taken_back_is_left_as_after_a_crash(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_record(root)
    fail(monkeypatch, errno.EIO, "create", name="item")
    fail(monkeypatch, errno.EIO, "remove")
    assert arrive(root).healed == ""
    assert (root / "WFS-a" / RECORD).read_bytes() == CUT


def test_a_root_that_cannot_be_listed_is_a_sentence(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(root)
    fail(monkeypatch, errno.EIO, "list_names")
    with pytest.raises(DiskFailed):
        workspace.arrive()


def test_a_session_that_goes_before_the_lock_is_ours_is_nobodys_failure(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_record(root)
    away = root.parent / "away"
    play(monkeypatch, "open_lock_file", lambda: (root / "WFS-a").rename(away), name="lock")
    assert arrive(root).healed == ""
    assert (away / RECORD).read_bytes() == CUT


def test_a_lock_that_is_lost_on_the_way_ends_the_healing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_orphan(root)
    lock = root / ".wf" / "lock"
    play(monkeypatch, "create_marker", lock.unlink, name="clock")
    assert arrive(root).healed == ""
    assert GONE in list_markers(root)


def build(project: Path) -> Path:
    root = make_usual_root(project)
    spoil_record(root)
    make_orphan(root)
    return settle(root)


def check(death: Death) -> None:
    assert CUT in list_files(death.root).values(), death
    heal(str(death.root))
    assert heal(str(death.root)).applied == (), death
    assert list_markers(death.root) == [".active-WFS-a"], death
    session = check_sound(death.root).sessions[0]
    assert (session.name, session.state, session.title) == ("WFS-a", "active", "Kept"), death


def test_a_healing_by_itself_that_dies_anywhere_is_finished_by_the_doctor(tmp_path: Path) -> None:
    for death in enumerate_deaths(tmp_path, build, lambda root: arrive(Path(root))):
        check(death)
