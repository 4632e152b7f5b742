"""What `list`, `status` and `show` tell, without a terminal."""

import json
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, ARCHIVED, COMPLETED, PAUSED, forget_moments, wf
from wfsession.core.disk import Folder
from wfsession.core.model import Session
from wfsession.core.snapshot import open_session


def add_session(here: Path, name: str, /, **record: object) -> Path:
    path = here / ".workflow" / name
    path.mkdir(parents=True)
    (path / "workflow-session.json").write_text(json.dumps({"session_id": name, **record}))
    return path


def test_a_pipe_gets_a_line_each_with_tabs_and_no_header(project: Path) -> None:
    lines = [line.split("\t") for line in wf("list").out.splitlines()]
    assert [line[:2] for line in lines] == [
        [ACTIVE, "active"],
        [PAUSED, "paused"],
        [COMPLETED, "completed"],
    ]
    assert {len(line) for line in lines} == {6}
    assert all(all(line) for line in lines)


def test_the_active_session_comes_first_then_the_newest_then_the_archived(project: Path) -> None:
    for day in (3, 9, 6):
        add_session(project, f"WFS-d{day}", meta={"updated": f"2030-01-0{day}T00:00:00Z"})
    names = [line.split("\t")[0] for line in wf("list", "--all").out.splitlines()]
    assert names[:4] == [ACTIVE, "WFS-d9", "WFS-d6", "WFS-d3"]
    assert names[-1] == ARCHIVED
    assert ARCHIVED not in wf("list").out


def test_a_field_holds_no_tab_line_end_or_control(project: Path) -> None:
    add_session(
        project, "WFS-evil", project="a\tb\nc\x1b[31md\u202ee\x00f\u2066", current_phase="P\x07\t"
    )
    (line,) = [line for line in wf("list").out.splitlines() if line.startswith("WFS-evil")]
    fields = line.split("\t")
    assert len(fields) == 6
    assert fields[2] == "P\ufffd "
    assert fields[5] == "a b c\ufffd[31md\ufffde\ufffdf\ufffd"
    for words in (("show", "WFS-evil"), ("--session", "WFS-evil")):
        assert not set(wf(*words).out) & set("\x1b\u202e\x00\u2066\x07\t")
    title = wf("show", "WFS-evil", "--json").data["title"]
    assert title == "a\tb\nc\x1b[31md\u202ee\x00f\u2066"


def test_bad_sessions_are_listed_as_bad_with_the_reason(project: Path) -> None:
    add_session(project, "WFS-torn").joinpath("workflow-session.json").write_text('{"a":')
    (project / ".workflow" / "WFS-bare").mkdir()
    (project / ".workflow" / "WFS-link").symlink_to("/tmp")
    forget_moments(project)
    lines = {line.split("\t")[0]: line.split("\t") for line in wf("list").out.splitlines()}
    assert lines["WFS-torn"][1] == "bad"
    assert "no valid JSON" in lines["WFS-torn"][5]
    assert "has no workflow-session.json" in lines["WFS-bare"][5]
    assert "symlink" in lines["WFS-link"][5]
    assert lines[ACTIVE][1] == "active"
    rows = {row["name"]: row for row in wf("list", "--json").data["sessions"]}
    assert rows["WFS-torn"]["problems"] == ["record-corrupt"]
    assert rows["WFS-link"]["problems"] == ["unsafe-session"]


def test_the_active_session_is_named_even_if_it_is_bad(project: Path) -> None:
    (project / ".workflow" / ACTIVE / "workflow-session.json").write_text("")
    forget_moments(project)
    data = wf("list", "--json").data
    assert data["active"] == ACTIVE
    assert data["sessions"][0]["name"] == ACTIVE
    assert data["sessions"][0]["state"] == "bad"
    out = wf().out
    assert out.startswith(f"{ACTIVE} (bad)\n")
    assert "empty" in out
    assert f"wf show {ACTIVE}" in out


def test_an_empty_list_is_nothing_in_a_pipe(empty: Path) -> None:
    wf("init")
    assert (wf("list").code, wf("list").out) == (0, "")
    assert wf("list", "--json").data["sessions"] == []


def test_without_a_project_bare_wf_tells_how_to_begin(empty: Path) -> None:
    done = wf()
    assert (done.code, done.err) == (0, "")
    assert "wf new" in done.out
    assert 2 <= done.out.count("\n") <= 3
    assert done == wf("status")
    data = wf("--json").data
    assert (data["root"], data["active"], data["open"]) == (None, None, [])


def test_bare_wf_tells_where_one_is(project: Path) -> None:
    wf("switch", PAUSED)
    wf("checkpoint", "-m", "half way")
    out = wf().out
    assert out.startswith(f"{PAUSED} (active)\n")
    for said in ("in hand: impl-2", "half way", f"also open   {ACTIVE}", "wf task done impl-2"):
        assert said in out
    assert COMPLETED not in out
    data = wf("--json").data
    assert data["active"]["name"] == PAUSED
    assert [row["name"] for row in data["open"]] == [ACTIVE]
    assert data["source"] == "marker"


def test_no_more_than_five_others_are_told_the_newest_first(project: Path) -> None:
    for day in range(1, 9):
        add_session(project, f"WFS-d{day}", meta={"updated": f"2030-01-0{day}T00:00:00Z"})
    out = wf().out
    told = [line.split("WFS-d")[1][0] for line in out.splitlines() if "WFS-d" in line]
    assert told == ["8", "7", "6", "5", "4"]
    assert "and 4 more: wf list" in out


def test_with_none_active_it_says_so_and_how_to_go_on(project: Path) -> None:
    wf("pause")
    done = wf()
    assert done.code == 0
    assert done.out.startswith(f"No session is active in {project}/.workflow\n")
    assert "wf resume" in done.out
    assert wf("--json").data["active"] is None


def test_what_names_the_session_is_told_if_it_is_not_the_marker(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wf("--session", PAUSED).out.startswith(f"{PAUSED} (named by --session)\n")
    monkeypatch.setenv("WF_SESSION", ARCHIVED)
    out = wf().out
    assert out.startswith(f"{ARCHIVED} (named by WF_SESSION)\n")
    assert "archived" in out
    assert f"{ACTIVE} (the marked one, " in out


def test_problems_are_told_in_words_and_mere_information_is_not(project: Path) -> None:
    assert "problems" not in wf().out  # the fixture has a status that differs from its marker
    add_session(project, "WFS-torn").joinpath("workflow-session.json").write_text('{"a":')
    (project / ".workflow" / ".active-WFS-gone").touch()
    (project / ".workflow" / f".active-{PAUSED}").touch()
    forget_moments(project)
    out = wf().out
    assert "WFS-torn: its record is damaged" in out
    assert ".active-WFS-gone: this marker names no session" in out
    assert "it has a marker too, and a newer one wins" in out
    assert {"name": "WFS-torn", "problem": "record-corrupt"} in wf("--json").data["problems"]


def test_show_tells_a_session_whole(project: Path) -> None:
    out = wf("show", PAUSED).out
    assert out.startswith(f"{PAUSED} (paused)\n")
    for said in ("IMPL_PLAN.md", "TODO_LIST.md", ".task/ (2 files) impl-1.json", "impl-2", "path"):
        assert said in out
    assert "workflow-session.json" not in out
    data = wf("show", PAUSED, "--json").data
    assert data["name"] == PAUSED
    assert data["files_total"] == 5
    assert ".summaries/IMPL-1-summary.md" in data["files"]
    assert data["record"]["session_id"] == PAUSED
    assert [task["id"] for task in data["task_list"]] == ["impl-1", "impl-2"]


def test_show_tells_fields_of_a_wrong_type(project: Path) -> None:
    add_session(project, "WFS-odd", progress={"current_tasks": "x"}, project=7)
    out = wf("show", "WFS-odd").out
    assert "record-wrong-type: " in out
    assert "progress.current_tasks is text and must be a list of texts" in out
    assert "project is a number and must be text" in out
    wrong = {one["path"] for one in wf("show", "WFS-odd", "--json").data["wrong_fields"]}
    assert wrong == {"progress.current_tasks", "project"}


def test_show_tells_each_problem_with_its_repair_and_what_to_type(project: Path) -> None:
    add_session(project, "WFS-odd", progress=5, status="paused", session_id="WFS-was")
    lines = wf("show", "WFS-odd").out.splitlines()
    assert [line.split(maxsplit=1) for line in lines[1:6]] == [
        ["problem", "record-wrong-type: progress is a number and must be an object"],
        ["repair", "copy the record to the attic and take these fields out of it"],
        ["problem", "id-mismatch: its record says session_id 'WFS-was'"],
        ["repair", "write the directory's name, and keep the other among the former names"],
        ["to", "mend     wf doctor --fix"],
    ]
    assert wf("show", "WFS-odd", "--json").data["problems"] == ["record-wrong-type", "id-mismatch"]


def test_show_tells_what_to_do_where_nothing_mends_it_by_itself(project: Path) -> None:
    add_session(project, "WFS-new", schema=2)
    out = wf("show", "WFS-new").out
    assert "problem  record-newer-schema: its schema is 2, and this wfsession knows 1" in out
    assert "repair   upgrade wfsession\n" in out
    assert "doctor" not in out


def test_show_of_a_bad_session_tells_why(project: Path) -> None:
    (project / ".workflow" / "WFS-link").symlink_to("/etc")
    done = wf("show", "WFS-link")
    assert done.code == 0
    assert "symlink" in done.out
    assert "passwd" not in done.out
    data = wf("show", "WFS-link", "--json").data
    assert (data["state"], data["record"], data["files"]) == ("bad", None, [])


def test_show_follows_no_link_out_of_the_session(project: Path) -> None:
    (project / ".workflow" / PAUSED / "out").symlink_to("/etc")
    assert "out" in wf("show", PAUSED, "--json").data["files"]
    assert not any("passwd" in name for name in wf("show", PAUSED, "--json").data["files"])


def test_a_path_that_is_no_utf8_is_printed_byte_for_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "a\udcff"
    here.mkdir()
    monkeypatch.chdir(here)
    wf("new", "x")
    assert wf("path").out == f"{here}/.workflow/WFS-x\n"
    assert wf("path", "--json").data["path"] == f"{here}/.workflow/WFS-x"
    assert wf("list", "--json").data["root"] == f"{here}/.workflow"
    assert f"{tmp_path}/a\ufffd/.workflow" in wf("show").out


@pytest.mark.parametrize("place", ["completed", f"completed/{ARCHIVED}"])
def test_show_follows_no_link_that_was_put_on_the_way_meanwhile(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    outside = tmp_path / "outside"
    for session in (outside, outside / ARCHIVED):
        (session / ".task").mkdir(parents=True)
        (session / ".task" / "SECRET.json").write_text('{"id": "SECRET", "status": "active"}')
        (session / "SECRET.md").touch()
    path = project / ".workflow" / place

    def swap(session: Session) -> AbstractContextManager[Folder]:
        if not path.is_symlink():
            path.rename(tmp_path / "moved")
            path.symlink_to(outside)
        return open_session(session)

    monkeypatch.setattr("wfsession.cli.portrait.open_session", swap)
    monkeypatch.setattr("wfsession.cli.show.open_session", swap)

    done = wf("show", ARCHIVED, "--json")

    assert path.is_symlink()
    assert (done.data["task_list"], done.data["files"]) == ([], [])
    assert "SECRET" not in done.out
