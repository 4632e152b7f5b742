"""Phases with their hand-over, tasks, checkpoints."""

from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, PAUSED, read_record, wf


@pytest.fixture
def session(empty: Path) -> Path:
    """Return the directory of an active session in PLAN."""
    return Path(wf("new", "OAuth", "--json").data["path"])


def test_a_phase_hands_what_it_made_to_the_next(session: Path) -> None:
    (session / "IMPL_PLAN.md").write_text("plan")
    done = wf("phase", "next", "--artifact", "plan=IMPL_PLAN.md")
    assert "WFS-oauth went from PLAN to IMPLEMENT." in done.out
    assert "Handed over: plan = IMPL_PLAN.md" in done.out
    assert done.err == ""
    data = wf("phase", "--json").data
    assert (data["session"], data["phase"], data["completed_phases"]) == (
        "WFS-oauth",
        "IMPLEMENT",
        ["PLAN"],
    )
    assert data["transitions"][0]["artifacts"] == {"plan": "IMPL_PLAN.md"}
    assert (
        wf("phase").out == "WFS-oauth: IMPLEMENT (done: PLAN)\n  from PLAN: plan = IMPL_PLAN.md\n"
    )
    assert "PLAN to IMPLEMENT, just now: plan = IMPL_PLAN.md" in wf("show").out


def test_a_file_of_the_current_directory_is_named_so_that_the_next_phase_finds_it(
    empty: Path, session: Path
) -> None:
    (empty / "notes.md").write_text("notes")
    data = wf("phase", "next", "--artifact", "notes=notes.md", "--json").data
    assert data["transition"]["artifacts"] == {"notes": f"{empty}/notes.md"}


def test_an_artifact_that_is_nowhere_is_named_all_the_same_with_a_note(session: Path) -> None:
    done = wf("checkpoint", "--artifact", "log=run.log", "--artifact", "a=b=c", "--json")
    assert done.data["checkpoint"]["artifacts"] == {"log": "run.log", "a": "b=c"}
    assert "there is no run.log" in done.err


@pytest.mark.parametrize("given", ["plan", "=x", "plan=", ""])
def test_an_artifact_without_a_name_or_a_path_is_refused(session: Path, given: str) -> None:
    before = read_record(session.parents[1], "WFS-oauth")
    assert wf("phase", "next", "--artifact", given).code == 2
    assert wf("phase", "next", "--artifact", "a=x", "--artifact", "a=y").code == 2
    assert read_record(session.parents[1], "WFS-oauth") == before


def test_a_phase_may_be_named_and_named_twice(session: Path) -> None:
    assert "went from PLAN to REVIEW" in wf("phase", "set", "review").out
    assert "WFS-oauth is in REVIEW already." in wf("phase", "set", "REVIEW").out
    done = wf("phase", "next")
    assert done.code == 1
    assert "hint: wf complete" in done.err


def test_going_back_hands_nothing_over(session: Path) -> None:
    wf("phase", "next", "--artifact", "plan=x")
    done = wf("phase", "set", "PLAN")
    assert "went from IMPLEMENT to PLAN" in done.out
    assert "Handed over" not in done.out


def test_a_phase_of_another_tool_is_shown_and_kept(session: Path) -> None:
    path = session / "workflow-session.json"
    path.write_text(path.read_text().replace('"PLAN"', '"DEPLOY"'))
    assert wf("phase").out == "WFS-oauth: DEPLOY\n"
    assert wf("phase", "next").code == 1
    wf("checkpoint")
    assert read_record(session.parents[1], "WFS-oauth")["current_phase"] == "DEPLOY"


def test_a_checkpoint_keeps_phase_tasks_and_note(session: Path) -> None:
    wf("task", "add", "IMPL-1")
    done = wf("checkpoint", "-m", "half way", "--json")
    kept = done.data["checkpoint"]
    assert (kept["phase"], kept["tasks"], kept["note"], kept["trigger"]) == (
        "PLAN",
        ["IMPL-1"],
        "half way",
        "user_request",
    )
    assert wf("status", "--json").data["checkpoint"] == kept
    assert "just now, in PLAN: half way" in wf().out


def test_tasks_are_taken_in_hand_and_put_out_of_it(session: Path) -> None:
    assert "IMPL-1 of WFS-oauth is in hand." in wf("task", "add", "IMPL-1").out
    assert "in hand already" in wf("task", "add", "IMPL-1").out
    wf("task", "add", "IMPL-2")
    assert "0 of 2 done, in hand: IMPL-1, IMPL-2" in wf().out
    done = wf("task", "done", "IMPL-1", "--json")
    assert done.data["tasks_in_hand"] == ["IMPL-2"]
    assert wf("list", "--json").data["sessions"][0]["tasks"]["done"] == 1
    assert "hint: wf task list" in wf("task", "done", "IMPL-1").err


def test_tasks_are_listed_with_their_files(project: Path) -> None:
    data = wf("--session", PAUSED, "task", "list", "--json").data
    assert data["session"] == PAUSED
    assert [task["id"] for task in data["tasks"]] == ["impl-1", "impl-2"]
    assert all(Path(task["source"]).is_file() for task in data["tasks"])
    lines = wf("--session", PAUSED, "task").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["impl-1", "impl-2"]
    assert {len(line.split("\t")) for line in lines} == {3}


def test_the_options_may_stand_before_the_verb_or_after_the_action(project: Path) -> None:
    for words in (
        ("--session", PAUSED, "phase", "next", "--dry-run", "--json"),
        ("phase", "--session", PAUSED, "next", "--json", "--dry-run"),
        ("--json", "phase", "next", "--session", PAUSED, "--dry-run"),
    ):
        assert wf(*words).data["session"] == PAUSED


@pytest.mark.parametrize(
    "words", [("checkpoint", "-m", "a\udcff"), ("task", "add", "a\udcff"), ("new", "a\udcff")]
)
def test_text_that_is_no_utf8_is_refused(project: Path, words: tuple[str, ...]) -> None:
    before = read_record(project, ACTIVE)
    done = wf(*words)
    assert done.code == 1
    assert "is not valid UTF-8" in done.err
    assert "hint: " in done.err
    assert read_record(project, ACTIVE) == before


def test_what_is_typed_or_recorded_comes_back_as_mere_text(session: Path) -> None:
    path = session / "workflow-session.json"
    path.write_text(path.read_text().replace('"PLAN"', '"P\\u001b[31m"'))
    for words in (("phase",), ("checkpoint", "-m", "a\x1b[31m\nb"), ("task", "add", "a\x1bb"), ()):
        out = wf(*words).out
        assert "\ufffd" in out
        assert "\x1b" not in out
