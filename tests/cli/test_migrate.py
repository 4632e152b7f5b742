"""`wf migrate`, and the first write that does it by itself: what people and scripts are told."""

import errno
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wf import Done, forget_moments, list_markers, run, run_in_terminal, see_tree, wf
from tests.conftest import copy_fixture
from tests.hands import fail
from tests.layouts import REGISTRY, copy_tree
from wfsession.core import legacy

QUESTION = b"[1-3, empty: none] "
CHOICES = ["WFS-a", "WFS-b", "WFS-c"]


def stand_in(name: str, top: Path, patch: pytest.MonkeyPatch) -> Path:
    project = copy_tree(name, top / "project").parent
    patch.chdir(project)
    return project


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _sync_nothing: None) -> Path:
    """Stand in a project whose registry has two lines that can be used and three that cannot."""
    return stand_in("03-merge-conflict", tmp_path, monkeypatch)


@pytest.fixture
def unclear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _sync_nothing: None) -> Path:
    """Stand in a project in which three sessions look active."""
    return stand_in("23-several-look-active", tmp_path, monkeypatch)


def read_backup(text: str) -> Path:
    """Return the path that the last line names."""
    return Path(text.splitlines()[-1].rpartition(" is kept in ")[2])


def test_people_are_told_what_came_over_what_did_not_and_where_it_is_kept(
    registered: Path,
) -> None:
    data = (registered / ".workflow" / REGISTRY).read_bytes()
    done = wf("migrate")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:-1] == [
        "Brought over an older layout with 3 sessions: WFS-a, WFS-b, WFS-c",
        "WFS-c is the active session",
        "Not brought over, and kept as it is:",
        "  session_status.jsonl, line 2: it is the marker of a merge conflict",
        "  session_status.jsonl, line 4: it is the marker of a merge conflict",
        "  session_status.jsonl, line 7: it is the marker of a merge conflict",
    ]
    assert (read_backup(done.out) / "item").read_bytes() == data


def test_scripts_get_the_keys_of_the_contract_and_absolute_paths(registered: Path) -> None:
    data = wf("migrate", "--json").data
    assert list(data) == [
        "migrated",
        "active",
        "rejected",
        "choices",
        "backup",
        "dry_run",
        "steps",
        "notes",
    ]
    assert data["migrated"] == ["WFS-a", "WFS-b", "WFS-c"]
    assert (data["active"], data["choices"], data["dry_run"]) == ("WFS-c", [], False)
    assert data["rejected"][0] == {
        "source": str(registered / ".workflow" / REGISTRY),
        "line": 2,
        "reason": "it is the marker of a merge conflict",
    }
    assert Path(data["backup"], "note.json").exists()
    assert data["steps"][-1] == {"verb": "set aside", "path": REGISTRY, "target": ".attic"}


def test_a_second_run_says_that_there_is_nothing(registered: Path) -> None:
    wf("migrate")
    seen = see_tree(registered)
    done = wf("migrate")
    root = registered / ".workflow"
    assert done == Done(0, f"There is nothing of an older layout to bring over in {root}.\n", "")
    data = wf("migrate", "--json").data
    assert (data["migrated"], data["backup"], data["steps"]) == ([], None, [])
    assert data["active"] == "WFS-c"
    assert see_tree(registered) == seen


def test_a_dry_run_tells_the_steps_and_does_nothing(registered: Path) -> None:
    seen = see_tree(registered)
    done = wf("migrate", "--dry-run")
    assert done.code == 0
    assert done.out.startswith("Nothing was done. For ")
    assert f"  set aside  {REGISTRY} -> .attic\n" in done.out
    assert "WFS-c is the active session\n" in done.out
    assert wf("migrate", "--dry-run", "--json").data["dry_run"] is True
    assert see_tree(registered) == seen


@pytest.mark.usefixtures("_sync_nothing")
def test_a_directory_that_was_not_followed_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in("14-line-with-another-directory", tmp_path, monkeypatch)
    done = wf("migrate")
    assert done.err.count("that was not followed") == 2
    assert done.err.startswith("wf: line 1 of session_status.jsonl gives WFS-a the directory")


def test_where_nobody_can_be_asked_none_is_active_and_how_to_choose_is_said(
    unclear: Path,
) -> None:
    done = wf("migrate")
    assert done.code == 0
    assert done.out.splitlines()[1:] == [
        "No session is active, as it is not known which was; to choose: wf switch NAME",
        *(f"  {name}" for name in CHOICES),
    ]
    assert list_markers(unclear) == []
    assert wf("switch", "WFS-b").code == 0


def test_scripts_are_never_asked(unclear: Path) -> None:
    data = run_in_terminal("migrate", "--json").data
    assert (data["choices"], data["active"]) == (CHOICES, None)


def test_a_dry_run_does_not_ask(unclear: Path) -> None:
    assert "Which one?" not in run_in_terminal("migrate", "--dry-run").out


@pytest.mark.parametrize("stream", ["stdin", "stderr"])
def test_nobody_is_asked_who_could_not_read_or_answer(unclear: Path, stream: str) -> None:
    streams: dict[str, Any] = {stream: subprocess.DEVNULL}
    out = run_in_terminal("migrate", **streams).out
    assert "Which one?" not in out
    assert "wf switch NAME" in out


@pytest.mark.parametrize(
    ("typed", "active", "asked"),
    [
        (b"2\n", "WFS-b", 1),
        (b" 3 \n", "WFS-c", 1),
        (b"\n", None, 1),
        (b"\x04", None, 1),
        (b"WFS-b\n0\n4\n-1\n1\n", "WFS-a", 5),
        (b"rubbish\n\n", None, 2),
    ],
    ids=["number", "blanks", "empty", "Ctrl-D", "rubbish, then a number", "rubbish, then none"],
)
def test_on_a_terminal_it_asks_which_one_was_active(
    unclear: Path, typed: bytes, active: str | None, asked: int
) -> None:
    done = run_in_terminal("migrate", typed=typed, question=QUESTION)
    assert done.code == 0
    question, _, answer = done.out.partition("Brought over")
    assert question.startswith(
        "The older layout does not say which of these sessions was active:\n"
        "  1  WFS-a\n  2  WFS-b\n  3  WFS-c\n"
    )
    assert question.count("Which one?") == asked
    assert list_markers(unclear) == ([f".active-{active}"] if active else [])
    assert f"{active} is the active session" in answer or "wf switch NAME" in answer


def test_ctrl_c_at_the_question_does_nothing(unclear: Path) -> None:
    seen = see_tree(unclear)
    done = run_in_terminal("migrate", typed=b"\x03", question=QUESTION)
    assert done.code == 130
    assert see_tree(unclear) == seen


def test_the_answer_may_go_into_a_file_while_somebody_is_asked(unclear: Path) -> None:
    with (unclear / "answer").open("wb") as file:
        done = run_in_terminal("migrate", typed=b"1\n", question=QUESTION, stdout=file)
    assert "Which one?" in done.out
    assert "WFS-a is the active session" in (unclear / "answer").read_text()


WRITES = {
    "switch": (("switch", "WFS-b"), ["WFS-b"]),
    "new": (("new", "x"), ["WFS-x"]),
    "pause": (("pause",), []),
    "task": (("task", "add", "IMPL-1"), ["WFS-c"]),
    "phase": (("phase", "set", "REVIEW"), ["WFS-c"]),
    "exec": (("exec", "true"), ["WFS-c"]),
}


@pytest.mark.parametrize(("words", "active"), WRITES.values(), ids=WRITES)
def test_the_first_write_migrates_and_says_so_in_two_lines(
    registered: Path, words: tuple[str, ...], active: list[str]
) -> None:
    done = run(*words)
    assert done.code == 0
    first, second = done.err.splitlines()
    assert first == (
        "wf: brought over an older layout with 3 sessions; WFS-c is the active session"
    )
    kept, _, refused = second.partition("; not used: ")
    assert (read_backup(kept) / "item").exists()
    assert refused.count("merge conflict") == 3
    assert list_markers(registered) == [f".active-{name}" for name in active]
    assert run("new", "again").err == ""


def test_the_first_write_says_how_to_choose(unclear: Path) -> None:
    (unclear / ".workflow" / REGISTRY).touch()
    forget_moments(unclear)
    done = wf("task", "add", "IMPL-1", "--session", "WFS-a", "--json")
    assert done.data["session"] == "WFS-a"
    first, second = done.err.splitlines()
    assert first.endswith("to choose: wf switch NAME (WFS-a, WFS-b, WFS-c)")
    assert second.startswith("wf: what there was is kept in ")


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("status",),
        ("current",),
        ("task",),
        ("phase",),
        ("doctor",),
        ("doctor", "--fix", "--dry-run"),
        ("new", "x", "--dry-run"),
        ("migrate", "--dry-run"),
    ],
    ids=" ".join,
)
def test_who_only_looks_migrates_nothing(registered: Path, words: tuple[str, ...]) -> None:
    assert "brought over" not in wf(*words).err
    assert (registered / ".workflow" / REGISTRY).exists()


def test_a_migration_that_fails_is_one_line_and_the_verb_goes_on(
    registered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail(patch, errno.EIO, "move", name=REGISTRY)
        done = wf("new", "x")
    assert done.code == 0
    (line,) = done.err.splitlines()
    assert line.startswith("wf: the older layout was left as it is: ")
    assert "Created WFS-x" in done.out


def test_a_registry_that_cannot_be_used_is_one_line(
    registered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy, "LIMIT_BYTES", 10)
    done = wf("new", "x")
    (line,) = done.err.splitlines()
    assert line.startswith("wf: the older layout was left as it is: session_status.jsonl: it has ")
    assert wf("migrate").out.splitlines()[1] == "Not brought over, and kept as it is:"


@pytest.mark.usefixtures("_sync_nothing")
def test_where_nothing_is_listed_the_older_layout_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_fixture("04-active-archives", tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    assert wf("list", "--json").data["sessions"] == []
    out = run_in_terminal("list").out
    assert "An older layout is there; to bring over what it holds: wf migrate" in out
    assert wf("status", "--json").data["next"] == ["wf migrate"]
    wf("migrate")
    assert wf("status", "--json").data["next"] == ["wf resume", "wf switch NAME"]
