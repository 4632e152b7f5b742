"""What the verbs that move between sessions say and do."""

import os
from pathlib import Path

import pytest

from tests.cli.wf import (
    ACTIVE,
    ARCHIVED,
    COMPLETED,
    PAUSED,
    list_markers,
    read_record,
    run,
    run_in_terminal,
    see_tree,
    wf,
)


def test_init_makes_the_root_once_and_says_where(empty: Path) -> None:
    done = wf("init")
    assert (done.code, done.out) == (0, f"Made {empty}/.workflow\n")
    again = wf("init")
    assert again.code == 0
    assert "already" in again.out
    assert str(empty / ".workflow") in again.out
    assert wf("init", "--json").data["created"] is False


@pytest.mark.parametrize("where", ["other", "other/.workflow", "--root=other"])
def test_init_takes_another_directory(empty: Path, where: str) -> None:
    (empty / "other").mkdir()
    assert wf("init", where, "--json").data["root"] == f"{empty}/other/.workflow"
    assert not (empty / ".workflow").exists()


def test_a_dry_init_makes_nothing(empty: Path) -> None:
    done = wf("init", "--dry-run")
    assert "Nothing was done" in done.out
    assert list(empty.iterdir()) == []
    assert wf("init", "nowhere", "--dry-run").code == wf("init", "nowhere").code == 1
    (empty / ".workflow").touch()
    assert wf("init", "--dry-run").code == wf("init").code == 1
    (empty / ".workflow").unlink()
    wf("init")
    assert "already" in wf("init", "--dry-run").out


def test_new_makes_a_root_where_there_is_none_and_says_so(empty: Path) -> None:
    done = wf("new", "OAuth integration")
    assert done.code == 0
    assert done.out.splitlines()[:3] == [
        "SESSION_ID: WFS-oauth-integration",
        "Created WFS-oauth-integration, the active session now.",
        f"  {empty}/.workflow/WFS-oauth-integration",
    ]
    assert f"this one was made: {empty}/.workflow" in done.out
    assert wf("new", "Second", "--json").data["root_created"] is False


def test_new_in_a_repository_makes_the_root_where_one_stands(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty / ".git").mkdir()
    (empty / "src").mkdir()
    monkeypatch.chdir(empty / "src")
    assert wf("new", "x", "--json").data["path"] == f"{empty}/src/.workflow/WFS-x"


@pytest.mark.parametrize(
    "words",
    [("",), ("  ",), ("x", "--name", ".x"), ("x", "--type", "huge"), ("x", "--dry-run")],
    ids=["empty", "blank", "bad name", "bad type", "dry run"],
)
def test_a_new_that_does_nothing_makes_no_root_either(empty: Path, words: tuple[str, ...]) -> None:
    done = wf("new", *words)
    assert (done.code == 0) is ("--dry-run" in words)
    assert list(empty.iterdir()) == []


def test_a_dry_new_without_a_root_tells_both_steps(empty: Path) -> None:
    data = wf("new", "OAuth", "--dry-run", "--json").data
    assert (data["session"], data["state"], data["changed"]) == ("WFS-oauth", "active", False)
    assert [step["path"] for step in data["steps"]] == [
        ".workflow",
        "WFS-oauth",
        ".active-WFS-oauth",
    ]
    assert len(wf("new", "OAuth", "--no-switch", "--dry-run", "--json").data["steps"]) == 2


def test_a_name_alone_is_the_title_too(empty: Path) -> None:
    wf("new", "--name", "WFS-x")
    assert read_record(empty, "WFS-x")["project"] == "WFS-x"


def test_several_words_are_one_title(empty: Path) -> None:
    wf("new", "--type", "simple", "Cart", "total", "is", "NaN")
    record = read_record(empty, "WFS-cart-total-is-nan")
    assert (record["project"], record["type"]) == ("Cart total is NaN", "simple")


def test_new_can_leave_the_active_session_alone(project: Path) -> None:
    data = wf("new", "Later", "--no-switch", "--json").data
    assert (data["state"], data["previous"]) == ("paused", None)
    assert list_markers(project) == [f".active-{ACTIVE}"]


def test_the_same_title_twice_gets_a_number(project: Path) -> None:
    assert [wf("new", "Same", "--json").data["session"] for _ in range(3)] == [
        "WFS-same",
        "WFS-same-2",
        "WFS-same-3",
    ]


def test_switching_to_the_active_session_says_that_it_is(project: Path) -> None:
    done = wf("switch", ACTIVE)
    assert done.code == 0
    assert f"{ACTIVE} is the active session already." in done.out
    assert wf("switch", ACTIVE, "--json").data["changed"] is False


def test_a_switch_names_both_sessions(project: Path) -> None:
    assert f"Switched to {PAUSED} (paused: {ACTIVE})." in wf("switch", PAUSED).out


def test_pausing_what_is_paused_says_so(project: Path) -> None:
    assert f"{PAUSED} is paused already." in wf("pause", PAUSED).out
    assert list_markers(project) == [f".active-{ACTIVE}"]


def test_resume_answers_the_last_checkpoint_and_what_was_in_hand(project: Path) -> None:
    wf("switch", PAUSED)
    wf("task", "add", "IMPL-7")
    wf("checkpoint", "-m", "tokens refresh")
    wf("pause")
    data = wf("resume", "--json").data
    assert data["session"] == PAUSED
    assert data["checkpoint"]["note"] == "tokens refresh"
    assert "IMPL-7" in data["tasks_in_hand"]
    wf("pause")
    done = wf("resume")
    assert f"Resumed {PAUSED}." in done.out
    assert "tokens refresh" in done.out
    assert "IMPL-7" in done.out


def test_resume_of_the_active_session_says_so_and_where_it_stands(project: Path) -> None:
    done = wf("resume")
    assert done.code == 0
    assert f"{ACTIVE} is the active session already." in done.out
    assert "phase" in done.out


def test_complete_names_the_unfinished_tasks_and_does_nothing(project: Path) -> None:
    before = see_tree(project)
    done = wf("complete", PAUSED)
    assert (done.code, done.out) == (1, "")
    assert "impl-2" in done.err
    assert "--force" in done.err
    assert see_tree(project) == before


def test_complete_by_force_says_what_remains(project: Path) -> None:
    done = wf("complete", PAUSED, "--force")
    assert done.code == 0
    assert "impl-2" in done.out
    assert wf("show", PAUSED, "--json").data["state"] == "completed"


def test_complete_and_archive_in_one_go(project: Path) -> None:
    data = wf("complete", "--archive", "--force", "--json").data
    assert data["state"] == "archived"
    assert data["path"] == f"{project}/.workflow/completed/{ACTIVE}"


def test_completing_twice_says_so(project: Path) -> None:
    assert f"{COMPLETED} is completed already." in wf("complete", COMPLETED).out


@pytest.mark.parametrize("typed", [b"y\n", b"YES\n"])
def test_on_a_terminal_it_asks_and_a_yes_completes(project: Path, typed: bytes) -> None:
    done = run_in_terminal("complete", PAUSED, typed=typed)
    assert done.code == 0
    assert f"{PAUSED} has 1 unfinished task: impl-2" in done.out
    assert f"Completed {PAUSED}." in done.out


@pytest.mark.parametrize(
    "typed", [b"\n", b"n\n", b"maybe\n", b"\x04", b"\x03"], ids=["enter", "n", "?", "EOF", "Ctrl-C"]
)
def test_on_a_terminal_anything_but_a_yes_does_nothing(project: Path, typed: bytes) -> None:
    before = see_tree(project)
    done = run_in_terminal("complete", PAUSED, typed=typed)
    assert "Complete it all the same? [y/N] " in done.out
    assert done.code == 1
    assert "Traceback" not in done.out
    assert see_tree(project) == before


@pytest.mark.parametrize("words", [("--json",), ("--dry-run",)])
def test_nobody_is_asked_where_the_answer_is_for_a_program(
    project: Path, words: tuple[str, ...]
) -> None:
    done = run_in_terminal("complete", PAUSED, *words)
    assert done.code == 1
    assert "[y/N]" not in done.out


def test_a_script_is_not_asked_even_if_it_says_yes(project: Path) -> None:
    done = run("complete", PAUSED, cwd=project, stdin=None, input=b"y\n")
    assert done.code == 1


def test_archive_and_reopen_move_it_there_and_back(project: Path) -> None:
    assert wf("archive", "WFS-bug-fix-123").code == 0
    assert f"{COMPLETED} is archived already." in wf("archive", COMPLETED).out
    done = wf("reopen", COMPLETED)
    assert f"Reopened {COMPLETED} (paused: {ACTIVE})." in done.out
    assert list_markers(project) == [f".active-{COMPLETED}"]
    assert "active session already" in wf("reopen", COMPLETED).out


def test_what_cannot_be_done_says_what_to_type_instead(project: Path) -> None:
    assert f"hint: wf reopen {COMPLETED}\n" in wf("switch", COMPLETED).err
    assert f"hint: wf reopen {ARCHIVED}\n" in wf("switch", ARCHIVED).err
    assert f"hint: wf resume {PAUSED}\n" in wf("reopen", PAUSED).err
    assert f"hint: wf complete --archive {PAUSED}\n" in wf("archive", PAUSED).err


def test_rename_with_one_name_is_about_the_active_session(project: Path) -> None:
    done = wf("rename", "WFS-profile")
    assert f"Renamed {ACTIVE} to WFS-profile" in done.out
    assert list_markers(project) == [".active-WFS-profile"]
    assert "already" in wf("rename", "WFS-profile").out
    data = wf("--session", PAUSED, "rename", "WFS-login", "--json").data
    assert (data["renamed_from"], data["session"]) == (PAUSED, "WFS-login")
    assert wf("--session", PAUSED, "rename", "WFS-a", "WFS-b").code == 2


def test_adopt_moves_a_directory_in_with_all_it_holds(project: Path) -> None:
    (project / "notes").mkdir()
    (project / "notes" / "plan.md").write_text("a plan")
    data = wf("adopt", "notes", "From", "notes", "--json").data
    assert data["session"] == "WFS-from-notes"
    assert Path(data["path"], "plan.md").read_text() == "a plan"
    assert not (project / "notes").exists()


def test_a_failed_adoption_leaves_the_directory_where_it_was(project: Path) -> None:
    (project / "notes").mkdir()
    for words in (("notes",), ("nowhere", "x"), ("notes", "x", "--name", PAUSED), (".", "x")):
        done = wf("adopt", *words)
        assert done.code in (1, 2)
        assert done.err.startswith("wf: ")
    assert os.listdir(project / "notes") == []


def test_the_record_of_the_session_before_is_left_with_a_note_if_it_is_damaged(
    project: Path,
) -> None:
    path = project / ".workflow" / ACTIVE / "workflow-session.json"
    path.write_text("{")
    done = wf("switch", PAUSED)
    assert done.code == 0
    assert f"the record of {ACTIVE} was left as it is" in done.err
    assert path.read_text() == "{"
    assert list_markers(project) == [f".active-{PAUSED}"]


def test_a_switch_to_nothing_says_where_the_names_are(project: Path) -> None:
    before = see_tree(project)
    done = wf("switch")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "wf: switch: to which session?\nhint: wf switch NAME, and wf list for the names\n"
    )
    assert see_tree(project) == before


@pytest.mark.parametrize("words", [("list",), ("switch", "a"), ("pause",), ("show",), ("log",)])
def test_where_there_is_no_project_a_verb_says_how_to_begin_one(
    empty: Path, words: tuple[str, ...]
) -> None:
    done = wf(*words)
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith('hint: wf new "what it is about"\n')
