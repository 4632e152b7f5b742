"""What stands on a terminal, wide and narrow, with colour and without."""

import json
import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.wf import (
    ACTIVE,
    ARCHIVED,
    COMPLETED,
    PAUSED,
    forget_moments,
    run_in_terminal,
    strip_colour,
    wf,
)

LONG = "WFS-" + "long-name-" * 6 + "x"


@pytest.fixture
def crowded(project: Path) -> Path:
    """Return a project with titles and names that need room, or would do harm."""
    titles = {
        "WFS-数据库迁移和权限系统的重构": "数据库迁移和权限系统的重构工作" * 3,
        "WFS-evil": "red \x1b[31m over \u202e turned \r\n two",
        LONG: "a title of some length, longer than any line of a small terminal " * 2,
    }
    for name, title in titles.items():
        path = project / ".workflow" / name
        path.mkdir()
        record = {"session_id": name, "project": title, "status": "paused", "current_phase": "PLAN"}
        (path / "workflow-session.json").write_text(json.dumps(record))
    (project / ".workflow" / "WFS-torn").mkdir()
    forget_moments(project)
    return project


@pytest.mark.parametrize("columns", [200, 80, 40, 20])
@pytest.mark.parametrize("words", [("list", "--all"), ("status",), ("show",), ("task",)])
def test_no_line_is_longer_than_the_terminal(
    crowded: Path, columns: int, words: tuple[str, ...]
) -> None:
    done = run_in_terminal(*words, columns=columns)
    assert done.code == 0
    *table, _ = strip_colour(done.out).splitlines()
    # Sentences are broken by the terminal itself; tables and pairs are not.
    for line in table:
        if line.startswith((" ", "*")):
            assert cell_len(line) <= columns, line


def test_a_wide_terminal_gets_a_table_with_all_columns(project: Path) -> None:
    out = strip_colour(run_in_terminal("list", "--all", columns=120).out)
    head, *lines = out.splitlines()
    # Of the last session of the fixture the status differs.
    assert head.split() == ["NAME", "STATE", "PHASE", "TASKS", "AGE", "PROBLEMS", "TITLE"]
    assert [line.startswith("*") for line in lines] == [True, False, False, False]
    assert [line[3:].split()[0] for line in lines] == [ACTIVE, PAUSED, COMPLETED, ARCHIVED]
    starts = {line.index(state) for line, state in zip(lines, ["active", "paused"], strict=False)}
    assert starts == {head.index("STATE")}


def test_a_narrow_terminal_keeps_names_and_states(project: Path) -> None:
    out = strip_colour(run_in_terminal("list", columns=40).out)
    head, *lines = out.splitlines()
    assert head.split()[:2] == ["NAME", "STATE"]
    assert "TITLE" not in head
    assert any(PAUSED in line and "paused" in line for line in lines)


def test_a_name_that_has_no_room_is_cut_with_a_sign(crowded: Path) -> None:
    out = strip_colour(run_in_terminal("list", columns=40).out)
    assert LONG not in out
    assert "WFS-long-name" in out
    assert "…" in out


def test_nothing_in_a_record_reaches_the_terminal_as_more_than_text(crowded: Path) -> None:
    for words in (("list",), ("show", "WFS-evil"), ("switch", "WFS-evil"), ("status",)):
        out = run_in_terminal(*words, env={"NO_COLOR": "1"}).out
        assert not set(out) & set("\x1b\u202e\r")


@pytest.mark.parametrize(
    "env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}], ids=["NO_COLOR", "dumb", "no TERM"]
)
@pytest.mark.parametrize("words", [("list", "--all"), ("show",), ()])
def test_there_is_no_colour_where_it_is_not_wanted(
    project: Path, env: dict[str, str], words: tuple[str, ...]
) -> None:
    assert "\x1b" in run_in_terminal(*words).out
    out = run_in_terminal(*words, env=env).out
    assert out
    assert "\x1b" not in out
    assert out == strip_colour(run_in_terminal(*words).out)


@pytest.mark.parametrize("env", [{"FORCE_COLOR": "1"}, {"CLICOLOR_FORCE": "1"}])
def test_a_pipe_gets_no_colour_whatever_is_set(
    project: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert "\x1b" not in wf("list").out + wf("show").out


def test_a_terminal_gets_no_line_for_scripts(project: Path) -> None:
    out = run_in_terminal("switch", PAUSED).out
    assert out == f"Switched to {PAUSED} (paused: {ACTIVE}).\n"


def test_json_is_the_same_on_a_terminal(project: Path) -> None:
    assert run_in_terminal("list", "--json").data == wf("list", "--json").data


def test_an_empty_list_says_how_to_begin(empty: Path) -> None:
    wf("init")
    out = run_in_terminal("list").out
    assert "no session" in out
    assert "wf new" in out


def test_a_list_that_leaves_the_archived_out_does_not_deny_them(empty: Path) -> None:
    wf("new", "Cart")
    wf("complete", "--archive")
    assert "All sessions in" in run_in_terminal("list").out
    assert "WFS-cart" in run_in_terminal("list", "--all").out


def test_help_fits_a_narrow_terminal(empty: Path) -> None:
    for line in run_in_terminal("help", "complete", columns=60).out.splitlines():
        assert len(line) <= 80
    assert run_in_terminal("help").out.startswith("usage: wf")


def test_a_list_names_the_problems_of_each_session_while_there_is_room(project: Path) -> None:
    root = project / ".workflow"
    record = {"session_id": "WFS-was", "progress": 5, "status": "paused"}
    (root / PAUSED / "workflow-session.json").write_text(json.dumps(record))
    (root / "WFS-link").symlink_to(PAUSED)
    forget_moments(project)
    for columns, shown in ((120, "record-wrong-type +1"), (80, "record-wrong-ty")):
        out = strip_colour(run_in_terminal("list", columns=columns).out)
        assert "PROBLEMS" in out
        assert shown in out
        assert "unsafe-session" in out
        # What is empty at the end of a line is not filled up, in whatever colours.
        assert all(line == line.rstrip() for line in out.splitlines())
    assert "PROBLEMS" not in run_in_terminal("list", columns=40).out
    for columns in (120, 40):
        out = " ".join(run_in_terminal("list", columns=columns).out.split())
        assert "2 sessions with problems; look with: wf show NAME" in out
    # Scripts hold on to the number of their columns.
    assert {line.count("\t") for line in wf("list").out.splitlines()} == {5}


def test_a_list_without_problems_has_no_column_for_them(project: Path) -> None:
    assert wf("doctor", "--fix").code == 0
    assert "PROBLEMS" not in run_in_terminal("list", "--all", columns=120).out


def test_a_long_listing_says_how_far_it_is_and_takes_that_away(project: Path) -> None:
    for number in range(5000):
        (project / ".workflow" / f"WFS-{number}").mkdir()
    done = run_in_terminal("list")
    assert "\rreading sessions: 5,000 of 5,0" in done.out
    progress, _, table = done.out.rpartition("\r\x1b[K")
    assert progress.strip().startswith("reading sessions: 1,000 of")
    assert "reading" not in table
    assert "reading" not in run_in_terminal("list", stderr=subprocess.DEVNULL).out


def test_a_short_listing_says_nothing_of_it(project: Path) -> None:
    assert "reading" not in run_in_terminal("list").out
