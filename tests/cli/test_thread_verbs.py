"""`wf bind`, `wf unbind` and `wf threads`, and that verbs follow the thread that asks."""

from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, ARCHIVED, PAUSED, run_in_terminal, see_tree, strip_colour, wf
from tests.talks import EXPECT, MAIN

THREAD = "claude-code--0b9c41f2-77aa"


@pytest.fixture
def thread(project: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stand in a project as a thread."""
    monkeypatch.setenv("WF_THREAD", THREAD)
    return THREAD


def test_a_thread_is_bound_and_stays_while_a_person_switches(
    thread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = wf("bind", "oauth")
    assert done.out == f"SESSION_ID: {PAUSED}\nBound {THREAD} to {PAUSED}.\n"
    assert wf("bind").out.endswith(f"{THREAD} is bound to {PAUSED} already.\n")

    with monkeypatch.context() as person:
        person.delenv("WF_THREAD")
        assert wf("current").out == f"{ACTIVE}\n"

    assert wf("current").out == f"{PAUSED}\n"
    assert wf("current", "--json").data["source"] == "binding"
    data = wf("bind", ACTIVE, "--json").data
    assert (data["session"], data["previous"], data["changed"]) == (ACTIVE, PAUSED, True)
    assert data["path"].endswith(ACTIVE)


def test_a_switch_by_a_thread_takes_it_along_and_says_nothing_of_staying(thread: str) -> None:
    wf("bind", ACTIVE)

    done = wf("switch", "oauth")

    assert done.err == ""
    assert wf("current").out == f"{PAUSED}\n"
    steps = wf("switch", ACTIVE, "--dry-run").out
    assert f"bind     .threads/{THREAD} -> {ACTIVE}" in steps


def test_unbinding_says_from_what_and_is_done_once(thread: str) -> None:
    wf("bind", "oauth")

    assert wf("unbind").out == f"Unbound {THREAD} from {PAUSED}; it follows the marker now.\n"
    assert wf("unbind").out == f"{THREAD} is bound to no session; it follows the marker.\n"
    assert wf("current").out == f"{ACTIVE}\n"


def test_threads_are_listed_labelled_and_closed(thread: str) -> None:
    wf("bind", "oauth")

    assert wf("threads").out == f"0b9c41f2\t{PAUSED}\topen\tnow\tclaude-code\t{THREAD}\n"
    assert wf("threads", "label", "0b9c", "the reviewer").out == (
        f"{THREAD} is called the reviewer now.\n"
    )
    (row,) = wf("threads", "--json").data["threads"]
    assert (row["label"], row["state"], row["session"]) == ("the reviewer", "open", PAUSED)
    assert wf("threads", "close", "the reviewer").out == f"Closed {THREAD}.\n"
    assert wf("threads", "close", "0b9c").out == f"Closed already: {THREAD}.\n"
    assert wf("threads").out == ""
    assert wf("threads", "--all").out.split("\t")[2] == "closed"
    assert wf("threads", "label", "0b9c", "").out == f"{THREAD} has no label of yours now.\n"


def test_a_declared_label_is_shown_with_what_else_a_spawner_declares(
    thread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RUN", "PARENT_THREAD", "LABEL"):
        monkeypatch.setenv(f"WF_{name}", f"my {name}")
    wf("bind", "oauth")

    (row,) = wf("threads", "--json").data["threads"]

    assert row["label"] == row["declared_label"] == "my LABEL"
    assert (row["run"], row["parent"]) == ("my RUN", "my PARENT_THREAD")


@pytest.mark.parametrize(
    "words",
    [
        ("bind", "nobody"),
        ("bind", ARCHIVED),
        ("threads", "close", "nobody"),
        ("threads", "label", "x" * 10_000, "me"),
    ],
    ids=str,
)
def test_what_cannot_be_is_one_sentence_with_a_hint_and_nothing_is_written(
    project: Path, thread: str, words: tuple[str, ...]
) -> None:
    before = see_tree(project)

    done = wf(*words)

    assert (done.code, done.out) == (1, "")
    sentence, hint = done.err.splitlines()
    assert sentence.startswith("wf: ")
    assert hint.startswith("hint: ")
    assert len(sentence) < 300
    assert see_tree(project) == before


@pytest.mark.parametrize("thread_id", ["", "shell", "a/b--1", "shell--" + "x" * 10_000])
@pytest.mark.parametrize("verb", ["bind", "unbind"])
def test_without_a_thread_there_is_nothing_to_bind(
    project: Path, monkeypatch: pytest.MonkeyPatch, verb: str, thread_id: str
) -> None:
    monkeypatch.setenv("WF_THREAD", thread_id)

    done = wf(verb)

    assert done.code == 1
    assert len(done.err.splitlines()) == 2
    assert "hint: export WF_THREAD=" in done.err
    assert not (project / ".workflow" / ".threads").exists()


def test_a_dry_run_of_each_writes_nothing(project: Path, thread: str) -> None:
    wf("bind", "oauth")
    before = see_tree(project)

    for words in (("bind", ACTIVE), ("unbind",), ("threads", "close", "0b9c")):
        done = wf(*words, "--dry-run")
        assert done.code == 0
        assert f"Nothing was done. For {THREAD} this would:" in done.out
    assert wf("threads", "label", "0b9c", "me", "--dry-run").code == 0

    assert see_tree(project) == before


@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_terminal_threads_are_a_table_that_fits(thread: str, columns: int) -> None:
    assert "No thread is open" in run_in_terminal("threads", columns=columns).out
    wf("bind", "oauth")

    shown = strip_colour(run_in_terminal("threads", columns=columns).out)

    assert "LABEL" in shown
    assert "0b9c41f2" in shown
    assert all(len(line) <= columns for line in shown.splitlines())


@pytest.mark.usefixtures("talks")
def test_a_conversation_that_was_bound_by_hand_is_read_from_its_transcript(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WF_THREAD", f"claude-code--{MAIN}")
    assert wf("bind", PAUSED).code == 0
    (told,) = wf("conversation", PAUSED, "--json").data["conversations"]
    assert told["source"] == "transcript"
    assert told["messages"][0]["parts"][0]["text"] == EXPECT["asks"][0]
