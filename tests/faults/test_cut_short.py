"""What is cut short is finished by the doctor, from the journal; and undo asks for that first."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.hands import enumerate_deaths
from tests.trees_disk import (
    RECORD,
    check_sound,
    list_files,
    list_markers,
    make_usual_root,
    read_json,
    settle,
    states,
    write_old,
)
from wfsession.core.repair import heal
from wfsession.core.survey import Survey
from wfsession.core.undo import undo
from wfsession.errors import CannotUndo
from wfsession.workspace import Workspace

Act = Callable[[Workspace], object]

# The operation, and what becomes of the session where it began to show.
OPERATIONS: dict[str, tuple[Act, str, str]] = {
    "complete": (lambda ws: ws.complete("WFS-a"), "WFS-a", "completed"),
    "complete aside": (lambda ws: ws.complete("WFS-b"), "WFS-b", "completed"),
    "complete and archive": (
        lambda ws: ws.complete("WFS-a", archive=True),
        "completed/WFS-a",
        "archived",
    ),
    "archive": (lambda ws: ws.archive("WFS-done"), "completed/WFS-done", "archived"),
    "rename": (lambda ws: ws.rename("WFS-a", "WFS-z"), "WFS-z", "active"),
    "rename aside": (lambda ws: ws.rename("WFS-b", "WFS-z"), "WFS-z", "paused"),
}
UNDONE: dict[str, Act] = {
    "create": lambda ws: ws.create("new"),
    "switch": lambda ws: ws.switch("WFS-b"),
    "pause": lambda ws: ws.pause(),
    "complete and archive": lambda ws: ws.complete(archive=True),
    "reopen archived": lambda ws: ws.reopen("WFS-old"),
    "rename": lambda ws: ws.rename("WFS-a", "WFS-z"),
    "next phase": lambda ws: ws.next_phase(),
    "an undone create": lambda ws: (ws.create("new"), ws.undo()),
}


def at(root: str) -> Workspace:
    return wfsession.open(root)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_doctor_finishes_what_a_crash_cut_short(tmp_path: Path, name: str) -> None:
    act, place, wanted = OPERATIONS[name]
    untouched = states(make_usual_root(tmp_path / "untouched"))
    finished = 0

    for death in enumerate_deaths(tmp_path / "deaths", make_usual_root, lambda root: act(at(root))):
        before = states(settle(death.root))
        found = {finding.id for finding in at(str(death.root)).diagnose()}
        report = heal(str(death.root))
        assert (report.findings, report.failed) == ((), ()), death
        after = states(settle(death.root))
        assert heal(str(death.root)).applied == (), death
        check_sound(death.root)
        # Nothing that is visible is ever taken back: the old state, or the end.
        if before != untouched:
            assert after[place] == wanted, death
        if after == untouched:
            assert list_markers(death.root) == [".active-WFS-a"]
        else:
            assert after[place] == wanted, death
        finished += any(finding.endswith("-cut-short") for finding in found)
        _check_undo(at(str(death.root)))
    assert finished


def _check_undo(workspace: Workspace) -> None:
    """Once the doctor was there, undo is refused for other reasons only."""
    hint = ""
    try:
        workspace.undo()
    except CannotUndo as error:
        hint = error.hint
    assert hint in ("", "wf log")


@pytest.mark.parametrize("name", OPERATIONS)
def test_after_what_was_cut_short_undo_asks_for_the_doctor(tmp_path: Path, name: str) -> None:
    act, _, _ = OPERATIONS[name]
    asked = 0

    for death in enumerate_deaths(tmp_path, make_usual_root, lambda root: act(at(root))):
        entries = at(str(death.root)).log()
        if entries and entries[-1].state == "unfinished":
            files = list_files(death.root)
            with pytest.raises(CannotUndo, match="it was cut short") as caught:
                undo(str(death.root))
            assert caught.value.hint == "wf doctor --fix"
            assert list_files(death.root) == files
            asked += 1
    assert asked > 2


@pytest.mark.parametrize("name", UNDONE)
def test_an_undoing_that_dies_anywhere_loses_nothing_and_can_be_healed(
    tmp_path: Path, name: str
) -> None:
    def build(place: Path) -> Path:
        root = make_usual_root(place)
        UNDONE[name](at(str(root)))
        return settle(root)

    texts = _list_texts(build(tmp_path / "untouched"))
    for death in enumerate_deaths(tmp_path / "deaths", build, undo):
        assert _list_texts(death.root) == texts, death
        assert len(list_markers(death.root)) <= 2, death
        report = heal(str(death.root))
        assert (report.findings, report.failed) == ((), ()), death
        assert len(list_markers(death.root)) <= 1, death
        check_sound(death.root)
        assert _list_texts(death.root) == texts, death


def _list_texts(root: Path) -> list[bytes]:
    return sorted(data for path, data in list_files(root).items() if path.endswith(".md"))


def cut_completion(project: Path) -> Path:
    """Make a root in which the completion of WFS-a stopped right after the marker."""
    root = make_usual_root(project)
    workspace = at(str(root))
    record = (root / "WFS-a" / RECORD).read_bytes()
    workspace.complete("WFS-a")
    journal = root / ".wf" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    write_old(root / "WFS-a" / RECORD, record)
    return settle(root)


def test_a_completion_that_was_cut_short_is_found_and_explains_the_status(tmp_path: Path) -> None:
    root = cut_completion(tmp_path)

    (finding,) = at(str(root)).diagnose()

    assert finding.id == "completion-cut-short"
    assert finding.severity == "warning"
    assert finding.paths == (str(root / "WFS-a"),)
    report = at(str(root)).heal()
    assert [one.finding for one in report.applied] == ["completion-cut-short"]
    assert report.findings == ()
    assert read_json(root / "WFS-a")["status"] == "completed"
    assert "completed_at" in read_json(root / "WFS-a")


def test_an_archiving_that_left_its_sign_too_is_told_once(tmp_path: Path) -> None:
    root = make_usual_root(tmp_path)
    workspace = at(str(root))
    workspace.archive("WFS-done")
    journal = root / ".wf" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    (root / "completed" / "WFS-done").rename(root / "WFS-done")
    (root / "WFS-done" / ".archiving").touch()

    assert [finding.id for finding in workspace.diagnose()] == ["archive-cut-short"]
    (applied,) = workspace.heal().applied
    assert applied.action == "archive it"
    assert states(root)["completed/WFS-done"] == "archived"


MOVED_ON: dict[str, Callable[[Path], object]] = {
    "the record was edited": lambda root: write_old(
        root / "WFS-a" / RECORD,
        json.dumps({**read_json(root / "WFS-a"), "status": "paused"}).encode(),
    ),
    "it was taken up again": lambda root: at(str(root)).switch("WFS-a"),
    "it was taken up and put aside": lambda root: (
        at(str(root)).switch("WFS-a"),
        at(str(root)).pause(),
    ),
    "it was marked by hand": lambda root: (root / ".active-WFS-a").touch(),
    "the journal was deleted": lambda root: (root / ".wf" / "journal.jsonl").unlink(),
    "the session is gone": lambda root: shutil.rmtree(root / "WFS-a"),
    "the record is damaged": lambda root: write_old(root / "WFS-a" / RECORD, b"{"),
}


@pytest.mark.parametrize("name", MOVED_ON)
def test_nobody_completes_what_has_moved_on_since(tmp_path: Path, name: str) -> None:
    root = cut_completion(tmp_path)
    MOVED_ON[name](root)
    settle(root)
    wanted = {"it was taken up again": "active", "it was marked by hand": "active"}

    found = {finding.id for finding in at(str(root)).diagnose()}
    at(str(root)).heal()

    assert "completion-cut-short" not in found
    if name != "the session is gone":
        assert states(root)["WFS-a"] == wanted.get(name, "paused")


def test_a_completion_that_is_taken_up_while_the_doctor_works_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wfsession.core import repair

    root = cut_completion(tmp_path)
    real = repair.plan

    def plan(survey: Survey) -> tuple[repair.Repair, ...]:
        repairs = real(survey)
        if repairs and not list_markers(root):
            (root / ".active-WFS-a").touch()
        return repairs

    monkeypatch.setattr(repair, "plan", plan)
    at(str(root)).heal()

    assert states(root)["WFS-a"] == "active"


def test_while_somebody_is_at_work_nothing_counts_as_cut_short(tmp_path: Path) -> None:
    from wfsession.core.locate import open_root
    from wfsession.core.lock import Lock

    root = cut_completion(tmp_path)
    with open_root(str(root)) as folder:
        lock = Lock(folder, ".wf", "lock")
        lock.acquire(0)
        ids = [finding.id for finding in at(str(root)).diagnose()]
        lock.release()

    assert ids == ["status-mismatch"]


def test_a_dry_run_of_the_doctor_settles_nothing(tmp_path: Path) -> None:
    root = make_usual_root(tmp_path)
    workspace = at(str(root))
    workspace.switch("WFS-b")
    journal = root / ".wf" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])

    workspace.heal(dry_run=True)
    assert [entry.state for entry in workspace.log()] == ["unfinished"]
    workspace.heal()
    assert [entry.state for entry in workspace.log()] == ["settled"]
    with pytest.raises(CannotUndo, match="nothing is known"):
        workspace.undo()
