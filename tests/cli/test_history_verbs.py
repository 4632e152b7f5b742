"""`wf log` and `wf undo`: what people read, and what scripts hold on to."""

import json
from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, ARCHIVED, COMPLETED, PAUSED, list_markers, wf

NEW = "WFS-something-new"


def test_where_nothing_was_done_the_log_says_so(project: Path) -> None:
    done = wf("log")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"Nothing is known to have been done in {project / '.workflow'}.\n"
    assert wf("log", "--json").data == {"root": str(project / ".workflow"), "entries": []}


def test_the_log_tells_the_newest_first_with_what_matters(project: Path) -> None:
    wf("switch", PAUSED)
    wf("phase", "set", "REVIEW")
    wf("task", "add", "IMPL-9")
    wf("rename", "WFS-other")
    wf("complete", "--force", "--archive")
    wf("undo")
    wf("undo")

    rows = [line.split("\t")[1:] for line in wf("log").out.splitlines()]
    assert rows == [
        ["undone", "WFS-other", "brought back the completion of WFS-other"],
        ["undone", "WFS-other", "took back the completion of WFS-other"],
        ["completed", "WFS-other", "and archived"],
        ["renamed", "WFS-other", f"from {PAUSED}"],
        ["changed", PAUSED, "current_tasks impl-2 → impl-2 IMPL-9"],
        ["changed", PAUSED, "current_phase IMPLEMENT → REVIEW"],
        ["switched", PAUSED, f"before: {ACTIVE}"],
    ]


def test_the_log_of_one_session_has_what_concerns_it(project: Path) -> None:
    wf("switch", PAUSED)
    wf("reopen", COMPLETED)

    rows = wf("log", "--json", "--session", PAUSED).data["entries"]
    assert [row["op"] for row in rows] == ["reopened", "switched"]
    rows = wf("log", "--json", "--session", ACTIVE).data["entries"]
    assert [row["op"] for row in rows] == ["switched"]
    assert wf("log", "--json", "--session", "WFS-nobody").error["code"] == "session-not-found"


def test_json_has_all_that_the_journal_has(project: Path) -> None:
    wf("rename", "WFS-other")

    (entry,) = wf("log", "--json").data["entries"]
    assert list(entry) == [
        "id",
        "op",
        "at",
        "session",
        "active",
        "moves",
        "changes",
        "undoes",
        "state",
    ]
    assert entry["active"] == {"before": ACTIVE, "after": "WFS-other"}
    assert entry["moves"] == [{"from": ACTIVE, "to": "WFS-other"}]
    assert entry["undoes"] is None
    changed = {".".join(change["path"]): change for change in entry["changes"]}
    assert changed["session_id"] == {
        "directory": "WFS-other",
        "path": ["session_id"],
        "before": ACTIVE,
        "after": "WFS-other",
    }
    assert "before" not in changed["renamed_from"]


def test_what_was_cut_short_is_said_so_until_the_doctor_was_there(project: Path) -> None:
    wf("switch", PAUSED)
    journal = project / ".workflow" / ".wf" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])

    assert wf("log").out.endswith("\tcut short\n")
    error = wf("undo", "--json").error
    assert error["code"] == "cannot-undo"
    assert error["hint"] == "wf doctor --fix"
    wf("doctor", "--fix")
    assert wf("log").out.endswith("\tcut short, seen to\n")


def test_undo_names_what_it_took_back_and_what_is_active(project: Path) -> None:
    wf("switch", PAUSED)

    done = wf("undo")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"SESSION_ID: {PAUSED}\nTook back the switch to {PAUSED}; {ACTIVE} is active now.\n"
    )
    again = wf("undo")
    assert again.out.endswith(f"Brought back the switch to {PAUSED}; {PAUSED} is active now.\n")
    wf("pause")
    wf("resume")
    assert wf("undo").out.endswith("; no session is active now.\n")
    wf("undo")
    wf("phase", "next")
    assert wf("undo").out.endswith(f"Took back the change of {PAUSED}.\n")


def test_undo_of_something_new_says_where_it_is_kept(project: Path) -> None:
    wf("new", "Something new")

    done = wf("undo", "--json")
    data = done.data
    assert (data["session"], data["state"], data["previous"]) == (NEW, None, NEW)
    assert json.loads(Path(data["path"], "workflow-session.json").read_bytes())["session_id"] == NEW
    assert data["undone"]["op"] == "created"
    assert list_markers(project) == [f".active-{ACTIVE}"]
    wf("undo")
    told = wf("undo").out.splitlines()
    assert told[1] == f"Took back the creation of {NEW}; {ACTIVE} is active now."
    assert told[2].startswith(f"  kept: {project / '.workflow' / '.attic'}")
    assert told[3] == "To bring it back: wf undo"


def test_a_dry_run_of_undo_tells_the_steps(project: Path) -> None:
    wf("reopen", ARCHIVED)
    told = wf("undo", "--dry-run").out
    assert "Nothing was done." in told
    assert f"{ARCHIVED} -> completed/{ARCHIVED}" in told
    data = wf("undo", "--dry-run", "--json").data
    assert (data["dry_run"], data["changed"]) == (True, False)
    assert list_markers(project) == [f".active-{ARCHIVED}"]


def test_undo_is_refused_with_the_reason_where_something_moved_on(project: Path) -> None:
    wf("switch", PAUSED)
    (project / ".workflow" / f".active-{PAUSED}").rename(
        project / ".workflow" / f".active-{ACTIVE}"
    )

    done = wf("undo")
    assert done.code == 1
    assert done.err == (
        f"wf: the switch to {PAUSED} cannot be taken back: {ACTIVE} is active now, and {PAUSED} "
        "was after it\nhint: wf log\n"
    )


def test_undo_of_nothing_fails_with_a_sentence(project: Path) -> None:
    done = wf("undo")
    assert done.code == 1
    assert "nothing is known to have been done" in done.err


@pytest.mark.parametrize("number", [25])
def test_a_terminal_gets_the_newest_rows_and_how_to_see_the_rest(
    project: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wfsession.cli.call import Call
    from wfsession.cli.history import log
    from wfsession.cli.page import Rows
    from wfsession.cli.parser import parse

    for at in range(number):
        wf("task", "add", f"X-{at}")
    table, rest = log(Call(parse(["log"])[1])).to_blocks(is_terminal=True)
    assert isinstance(table, Rows)
    assert len(table.rows) == 20
    assert table.rows[0][0] == "now"
    assert rest == "5 before these; all of them: wf log | less"
