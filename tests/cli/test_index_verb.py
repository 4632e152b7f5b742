"""The index behind the questions: looked after, and answered from whatever becomes of it."""

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_startup import list_loaded
from tests.cli.wf import COMMAND, PAUSED, make_environment, run, run_in_terminal, wf
from tests.indexing import HOLD_LOCK, beside
from tests.talks import EXPECT, MAIN, plant_talks, transcript_of
from tests.transcripts import answer, encode
from wfsession.cli import refreshing
from wfsession.core.lock import Lock

QUESTIONS = (
    ("runs",),
    ("search", "cart"),
    ("unfinished",),
    ("usage",),
    ("usage", "--right-size"),
    ("index",),
)


def count_responses() -> int:
    responses: int = wf("usage", "--all-projects", "--json").data["total"]["responses"]
    return responses


def find_index() -> Path:
    return Path(wf("index", "--json").data["path"])


def test_its_status_says_where_it_is_and_what_it_has(talks: Path) -> None:
    data = wf("index", "status", "--json").data
    assert data["rows"] == wf("index", "--json").data["rows"]
    assert data["home"] == str(talks)
    assert data["rows"]["threads"] == len(EXPECT["threads"])
    assert data["rows"]["responses"] == EXPECT["total"]["responses"]
    assert data["problems"] == []
    assert Path(data["path"]).is_relative_to(Path(os.environ["HOME"], ".cache", "wfsession"))


def test_it_is_brought_up_to_date_made_anew_and_compared(talks: Path) -> None:
    assert wf("index", "refresh", "--json").data["read"] > 0
    assert wf("index", "refresh").out == "The index was up to date.\n"
    everything = wf("index", "rebuild", "--json").data
    assert everything["read"] > 0
    assert wf("index", "verify").out == "The index says what the transcripts say.\n"
    with sqlite3.connect(find_index()) as connection:
        connection.execute("UPDATE responses SET output = output + 1")
    connection.close()
    done = wf("index", "verify")
    assert done.code == 1
    assert "wf index rebuild" in done.out
    wf("index", "rebuild")
    assert wf("index", "verify").code == 0


@pytest.mark.parametrize("harm", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_question_is_answered_although_the_index_is_damaged(talks: Path, harm: bytes) -> None:
    expected = count_responses()
    find_index().write_bytes(harm)
    assert count_responses() == expected
    assert wf("index", "verify").code == 0


def test_a_question_is_answered_where_no_index_can_be_made(talks: Path) -> None:
    Path(os.environ["HOME"], ".cache").write_text("in the way")
    done = wf("usage", "--all-projects")
    assert done.out.splitlines()[-1].split("\t")[1] == str(EXPECT["total"]["responses"])
    assert "the index cannot be used" in done.err
    assert done.err.count("\n") == 1


def test_what_was_said_since_is_part_of_the_next_answer(talks: Path) -> None:
    before = count_responses()
    with transcript_of(talks, MAIN).open("ab") as file:
        file.write(encode([answer("r-new", usage={"output": 1})]))
    assert count_responses() == before + 1


def test_a_file_that_cannot_be_read_is_said_and_stops_nothing(talks: Path) -> None:
    expected = count_responses()
    snapshots = transcript_of(talks, MAIN).with_suffix("") / "workflows"
    snapshots.mkdir()
    (snapshots / "wf_0-1.json").write_text("{ half")
    done = wf("usage", "--all-projects")
    assert done.out.splitlines()[-1].split("\t")[1] == str(expected)
    assert "1 file could not be read" in done.err
    assert "wf_0-1.json" in done.err
    (problem,) = wf("index", "--json").data["problems"]
    assert problem["path"].endswith("wf_0-1.json")


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_a_machine_without_an_agent_has_answers_too(project: Path, words: tuple[str, ...]) -> None:
    done = wf(*words, "--json")
    assert done.code in (0, 1)
    assert done.data
    assert done.err == ""


def test_without_a_home_it_is_a_sentence(talks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "relative")
    done = wf("usage")
    assert (done.code, done.out) == (1, "")
    assert "CLAUDE_CONFIG_DIR" in done.err
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(talks))
    assert count_responses() == EXPECT["total"]["responses"]


def test_what_takes_a_moment_is_said_on_standard_error(
    talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "_MOMENT_S", 1e-6)
    done = wf("usage")
    assert done.err == "wf: reading transcripts, which takes a moment\n"
    assert wf("usage", "--json").data["total"]["responses"] > 0


def test_ctrl_c_ends_it_with_130_and_the_next_goes_on(
    talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(refreshing._Bar, "tell", interrupt)
        done = wf("usage")
    assert (done.code, done.out) == (130, "")
    assert count_responses() == EXPECT["total"]["responses"]
    assert wf("index", "verify").code == 0


@contextmanager
def waiting() -> Iterator["subprocess.Popen[str]"]:
    """Ask in another process, and go on when it has said that it waits."""
    with subprocess.Popen(
        [*COMMAND, "usage", "--all-projects", "--json"],
        env=make_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asker:
        assert asker.stderr is not None
        while "waiting for another process" not in asker.stderr.readline():
            assert asker.poll() is None
        yield asker


def test_who_waits_for_another_refresh_says_so_and_has_the_whole_answer(talks: Path) -> None:
    expected = count_responses()
    with transcript_of(talks, MAIN).open("ab") as file:
        file.write(encode([answer("r-new", usage={"output": 1})]))
    with beside(HOLD_LOCK, f"{find_index()}.refresh.lock") as holder, waiting() as asker:
        assert holder.stdin is not None
        holder.stdin.close()
        out, err = asker.communicate()
    assert (asker.returncode, err) == (0, "")
    assert json.loads(out)["data"]["total"]["responses"] == expected + 1


def test_ctrl_c_ends_the_wait_without_a_word(talks: Path) -> None:
    with beside(HOLD_LOCK, f"{find_index()}.refresh.lock"), waiting() as asker:
        asker.send_signal(signal.SIGINT)
        out, err = asker.communicate()
    assert (asker.returncode, out, err) == (130, "", "")


def test_questions_leave_the_project_as_it_is(talks: Path, project: Path) -> None:
    before = {path: path.lstat().st_mtime_ns for path in project.rglob("*")}
    for words in QUESTIONS:
        wf(*words)
    assert {path: path.lstat().st_mtime_ns for path in project.rglob("*")} == before


@pytest.mark.parametrize("words", [("list",), ("current",), ("switch", PAUSED), ("show",), ()])
def test_the_verbs_of_every_day_load_nothing_of_it(project: Path, words: tuple[str, ...]) -> None:
    loaded = list_loaded(*words, cwd=project)
    assert not {name for name in loaded if name.startswith(("wfsession.index", "wfsession.mcp"))}
    assert not loaded & {"sqlite3", "mcp", "pydantic"}


def test_questions_take_neither_lock_nor_terminal(
    talks: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a question took the lock of the root")

    monkeypatch.setattr(Lock, "acquire", refuse)
    for words in QUESTIONS:
        assert wf(*words, "--json").code == 0


def test_on_a_terminal_the_pages_have_no_traceback(talks: Path) -> None:
    for words in (*QUESTIONS, ("index", "rebuild"), ("index", "verify"), ("search", "zzz")):
        done = run_in_terminal(*words, columns=60)
        assert done.code in (0, 1)
        assert "Traceback" not in done.out


def test_as_a_process_of_its_own_it_answers_the_same(project: Path, tmp_path: Path) -> None:
    home = tmp_path / "somebody"
    home.mkdir()
    plant_talks(home, project)
    done = run("usage", "--all-projects", "--json", cwd=project, env={"HOME": str(home)})
    assert done.data["total"]["responses"] == EXPECT["total"]["responses"]
    # A machine that is busy may take a moment.
    assert done.err in ("", "wf: reading transcripts, which takes a moment\n")
