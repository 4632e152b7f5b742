"""Which session a verb is about: what people type, flags, variables, the marker."""

import json
from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, ARCHIVED, COMPLETED, PAUSED, list_markers, wf


@pytest.mark.parametrize("typed", [PAUSED, "oauth", "OAUTH", "integration", "wfs-oauth-int"])
def test_a_part_of_a_name_is_enough_where_no_other_has_it(project: Path, typed: str) -> None:
    done = wf("switch", typed)
    assert done.out.splitlines()[0] == f"SESSION_ID: {PAUSED}"
    assert list_markers(project) == [f".active-{PAUSED}"]


@pytest.mark.parametrize(
    "words",
    [("complete", "oauth"), ("archive", "bug"), ("pause", "oauth"), ("rename", "oauth", "x")],
)
def test_what_ends_or_renames_a_session_takes_whole_names_only(
    project: Path, words: tuple[str, ...]
) -> None:
    done = wf(*words)
    assert done.code == 1
    assert "did you mean WFS-" in done.err


def test_a_whole_name_is_meant_also_where_it_is_part_of_another(project: Path) -> None:
    wf("new", "x", "--name", "WFS-oauth")
    wf("switch", ACTIVE)
    assert wf("switch", "WFS-oauth", "--json").data["session"] == "WFS-oauth"
    assert wf("switch", "oauth", "--json").data["session"] == "WFS-oauth"


def test_a_part_that_several_have_lists_them_and_does_nothing(project: Path) -> None:
    done = wf("switch", "wfs")
    assert done.code == 1
    for name in (ACTIVE, PAUSED, COMPLETED):
        assert name in done.err
    assert list_markers(project) == [f".active-{ACTIVE}"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("WFS-oauth-integartion", PAUSED), ("user-profil3", ACTIVE), ("bugg", COMPLETED)],
)
def test_an_unknown_name_suggests_the_nearest(project: Path, typed: str, meant: str) -> None:
    done = wf("switch", typed)
    assert done.code == 1
    assert done.err.splitlines()[1].startswith("hint: did you mean ")
    assert meant in done.err.splitlines()[1]


def test_a_former_name_still_finds_its_session(project: Path) -> None:
    assert wf("rename", PAUSED, "WFS-login").code == 0
    assert wf("switch", PAUSED, "--json").data["session"] == "WFS-login"
    assert wf("show", PAUSED, "--json").data["former_names"] == [PAUSED]


@pytest.mark.parametrize("verb", ["show", "reopen"])
def test_archived_sessions_are_matched_too(project: Path, verb: str) -> None:
    done = wf(verb, "old", "--json")
    assert done.code == 0
    assert done.data.get("session", done.data.get("name")) == ARCHIVED


def test_switching_to_the_one_before_goes_to_and_fro(project: Path) -> None:
    wf("switch", PAUSED)
    assert wf("switch", "-", "--json").data["session"] == ACTIVE
    assert wf("switch", "-", "--json").data["session"] == PAUSED


def test_there_may_be_none_before(empty: Path) -> None:
    wf("new", "alone")
    done = wf("switch", "-")
    assert (done.code, done.out) == (1, "")
    assert "no session to go back to" in done.err


@pytest.mark.parametrize("verb", ["pause", "resume", "complete", "show", "switch", "archive"])
def test_an_empty_name_is_never_the_active_session(project: Path, verb: str) -> None:
    # As in `wf complete "$NAME"` with nothing in it.
    assert wf(verb, "").code == 1
    assert list_markers(project) == [f".active-{ACTIVE}"]


@pytest.mark.parametrize(
    "words",
    [("show",), ("pause",), ("phase",), ("task", "add", "T"), ("checkpoint",), ("path",), ()],
)
def test_a_flag_beats_a_variable_beats_the_marker(
    project: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    (project / ".workflow" / "WFS-third").mkdir()
    (project / ".workflow" / "WFS-third" / "workflow-session.json").write_text(
        '{"session_id":"WFS-third","status":"paused"}'
    )

    def meant(*more: str) -> str:
        data = wf(*more, *words, "--json").data
        name = data["active"]["name"] if "active" in data else data.get("session", data.get("name"))
        return str(name)

    monkeypatch.setenv("WF_SESSION", PAUSED)
    assert meant("--session", "WFS-third") == "WFS-third"
    assert meant() == PAUSED
    monkeypatch.setenv("WF_SESSION", "")
    assert meant() == ACTIVE


@pytest.mark.parametrize(
    "words", [("current",), ("path",), (), ("pause",), ("show",), ("exec", "true"), ("phase",)]
)
def test_a_pin_that_names_no_session_is_an_error_and_nothing_else_is_used(
    project: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("WF_SESSION", "WFS-nobody")
    done = wf(*words)
    assert (done.code, done.out) == (1, "")
    assert "WF_SESSION names 'WFS-nobody'" in done.err
    monkeypatch.delenv("WF_SESSION")
    # A part will do where somebody types a name, never in a flag that a script was given.
    assert wf("--session", "oauth", *words).code == 1
    assert list_markers(project) == [f".active-{ACTIVE}"]


def test_a_shell_that_is_pinned_elsewhere_is_told_so(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WF_SESSION", ACTIVE)
    assert wf("switch", ACTIVE).err == ""
    for words in (("switch", PAUSED), ("resume", PAUSED), ("new", "Another"), ("reopen", "bug")):
        done = wf(*words)
        assert done.code == 0
        assert f"WF_SESSION keeps this shell in {ACTIVE}" in done.err
        assert "unset WF_SESSION" in done.err
    assert wf("current").out == f"{ACTIVE}\n"


def test_a_binding_that_leads_nowhere_is_told_on_standard_error(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".workflow" / ".threads").mkdir()
    (project / ".workflow" / ".threads" / "claude--1").write_text("WFS-gone\n")
    monkeypatch.setenv("WF_THREAD", "claude--1")
    for words in (("current",), ("path", "--json"), (), ("show",), ("phase",)):
        done = wf(*words)
        assert done.code == 0
        assert "bound to 'WFS-gone', which is gone" in done.err
        assert "WFS-gone" not in done.out


@pytest.mark.parametrize("words", [("show",), ("pause",), ("complete",), ("checkpoint",)])
def test_where_none_is_active_one_has_to_be_named(project: Path, words: tuple[str, ...]) -> None:
    wf("pause")
    done = wf(*words, "--json")
    assert (done.code, done.error["code"]) == (1, "no-active-session")


@pytest.mark.parametrize("end", ["", "/.workflow", "/.workflow/"])
def test_the_root_may_be_named_by_a_flag_from_anywhere(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.chdir("/")
    assert wf("list", f"--root={project}{end}", "--json").data["root"] == f"{project}/.workflow"
    monkeypatch.setenv("WF_ROOT", str(tmp_path))
    assert wf("--root", f"{project}{end}", "current").out == f"{ACTIVE}\n"


@pytest.mark.parametrize("words", [("list",), (), ("new", "x"), ("exec", "true"), ("current",)])
def test_a_root_that_is_named_and_is_not_there_is_never_looked_for_further_up(
    project: Path, words: tuple[str, ...]
) -> None:
    (project / "below").mkdir()
    done = wf("--root", "below", *words)
    assert (done.code, done.out) == (1, "")
    assert "which --root names" in done.err
    assert not (project / "below" / ".workflow").exists()
    assert wf("--root", "", *words).code == 2


@pytest.mark.parametrize("words", [("list",), (), ("new", "x"), ("pause",)])
def test_a_variable_that_names_no_root_is_an_error(
    project: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("WF_ROOT", "/nowhere")
    done = wf("--json", *words)
    assert (done.code, done.error["code"]) == (1, "root-not-found")
    assert "WF_ROOT" in done.error["message"]


def test_the_nearest_root_upward_is_used(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = project / "src" / "deep"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert wf("current").out == f"{ACTIVE}\n"
    assert wf("new", "From below", "--json").data["path"].startswith(f"{project}/.workflow/")
    assert json.loads(wf("path", "--json").out)["data"]["root"] == f"{project}/.workflow"
