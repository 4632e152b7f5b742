"""Which session a thread works on, what its sessions keep of it, and who may change that."""

import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

import wfsession
from tests.as_thread import THREAD, as_thread, current, read_kept
from tests.trees_disk import add_session, mark, settle
from wfsession.core import binding
from wfsession.core.model import Binding
from wfsession.core.times import encode_time, parse_time
from wfsession.errors import (
    AmbiguousName,
    InvalidValue,
    SessionArchived,
    SessionNotFound,
    ThreadNotFound,
    UnsafePath,
    WfError,
)
from wfsession.threads.bindings import Thread, find_thread
from wfsession.workspace import Workspace


def test_a_bound_thread_keeps_its_session_whatever_others_do(root: Path) -> None:
    as_thread(root).bind("WFS-b")
    as_thread(root, "codex--1").bind("WFS-a")

    as_thread(root, "codex--1").switch("WFS-c")
    wfsession.open(root).switch("WFS-a")

    assert current(root) == ("WFS-b", "binding")
    assert current(root, "codex--1") == ("WFS-c", "binding")
    assert wfsession.current(root) == "WFS-a"


DOING: dict[str, Callable[[Workspace], object]] = {
    "switch": lambda ws: ws.switch("WFS-c"),
    "resume": lambda ws: ws.resume("WFS-c"),
    "reopen": lambda ws: ws.reopen("WFS-done"),
    "reopen archived": lambda ws: ws.reopen("WFS-old"),
    "create": lambda ws: ws.create("new"),
}


@pytest.mark.parametrize("name", DOING)
def test_a_thread_goes_along_with_what_it_makes_active_and_others_stay(
    root: Path, name: str
) -> None:
    as_thread(root).bind("WFS-b")
    as_thread(root, "codex--1").bind("WFS-b")

    DOING[name](as_thread(root))

    assert current(root) == (wfsession.current(root), "binding")
    assert wfsession.current(root) != "WFS-b"
    assert current(root, "codex--1") == ("WFS-b", "binding")


def test_a_thread_that_asks_for_the_active_session_goes_there_too(root: Path) -> None:
    as_thread(root).bind("WFS-b")

    as_thread(root).switch("WFS-a")

    assert current(root) == ("WFS-a", "binding")


def test_creating_a_session_aside_and_dry_runs_leave_a_thread_where_it_is(root: Path) -> None:
    as_thread(root).bind("WFS-b")

    as_thread(root).create("aside", switch=False)
    told: list[wfsession.Event] = []
    workspace = as_thread(root)
    workspace.listen(told.append)
    workspace.switch("WFS-c", dry_run=True)
    foretold = workspace.bind("WFS-c", dry_run=True)

    assert current(root) == ("WFS-b", "binding")
    assert ("bind", f".threads/{THREAD}", "WFS-c") in [
        (step.verb, step.path, step.target) for step in told[0].steps
    ]
    assert [step.verb for step in foretold.steps] == ["bind"]
    assert not (root / "WFS-c" / ".threads").exists()


def test_a_thread_follows_a_renaming_and_its_file_lies_in_the_session(root: Path) -> None:
    as_thread(root).bind("WFS-b")

    wfsession.open(root).rename("WFS-b", "WFS-z")

    assert current(root) == ("WFS-z", "binding")
    assert as_thread(root).bind("WFS-z").changed is False
    assert (root / ".threads" / THREAD).read_text() == "WFS-z\n"
    assert len(read_kept(root, "WFS-z")["spans"]) == 1


def test_a_thread_follows_a_renaming_that_is_taken_back_and_brought_back(root: Path) -> None:
    workspace = wfsession.open(root)
    as_thread(root).bind("WFS-b")
    workspace.rename("WFS-b", "WFS-z")
    as_thread(root).bind("WFS-z")

    workspace.undo()
    assert current(root) == ("WFS-b", "binding")
    assert as_thread(root).bind("WFS-b").changed is False

    workspace.undo()
    assert current(root) == ("WFS-z", "binding")


@pytest.mark.parametrize("how", ["deleted", "archived"])
def test_a_thread_whose_session_is_gone_follows_the_marker_and_is_told(
    root: Path, how: str
) -> None:
    as_thread(root).bind("WFS-done")
    if how == "deleted":
        shutil.rmtree(root / "WFS-done")
        settle(root)
    else:
        wfsession.open(root).archive("WFS-done")

    found = as_thread(root).resolve()

    assert (found.session, found.source) == ("WFS-a", "marker")
    assert "'WFS-done', which is gone" in found.note
    assert [one.id for one in wfsession.open(root).diagnose()] == ["abandoned-binding"]
    bound = as_thread(root).bind()
    assert (bound.session, bound.previous) == ("WFS-a", "WFS-done")
    assert wfsession.open(root).diagnose() == ()


def test_an_unbound_thread_follows_the_marker_until_it_is_bound_again(root: Path) -> None:
    as_thread(root).bind("WFS-b")

    unbound = as_thread(root).unbind()

    assert (unbound.session, unbound.previous, unbound.changed) == (None, "WFS-b", True)
    assert current(root) == ("WFS-a", "marker")
    assert as_thread(root).unbind().changed is False
    as_thread(root).switch("WFS-c")
    assert (root / ".threads" / THREAD).read_bytes() == b""
    assert current(root) == ("WFS-c", "marker")
    assert wfsession.open(root).diagnose() == ()
    as_thread(root).bind("WFS-b")
    assert current(root) == ("WFS-b", "binding")


def test_unbinding_from_a_session_that_is_gone_is_still_unbinding(root: Path) -> None:
    as_thread(root).bind("WFS-b")
    shutil.rmtree(root / "WFS-b")
    settle(root)

    assert as_thread(root).unbind().previous == "WFS-b"
    assert as_thread(root).resolve().note == ""


def test_undoing_leads_back_the_thread_that_is_in_the_session_that_is_left(root: Path) -> None:
    as_thread(root).bind("WFS-a")
    as_thread(root, "codex--1").bind("WFS-b")
    as_thread(root).switch("WFS-c")

    as_thread(root).undo()

    assert current(root) == ("WFS-a", "binding")
    as_thread(root, "codex--1").undo()
    assert current(root, "codex--1") == ("WFS-b", "binding")
    assert wfsession.current(root) == "WFS-c"


def test_a_session_that_a_thread_made_can_be_taken_back_though_the_thread_is_bound_to_it(
    root: Path,
) -> None:
    as_thread(root).bind("WFS-a")
    as_thread(root).create("new")

    as_thread(root).undo()

    assert current(root) == ("WFS-a", "binding")
    assert not (root / "WFS-new").exists()


BAD_THREADS = [
    "",
    "shell",
    "--1",
    "shell--",
    "a/b--1",
    "../../x--1",
    ".shell--1",
    "shell--\n",
    "shell--é",
    "shell--" + "x" * 10_000,
]


@pytest.mark.parametrize("thread", BAD_THREADS, ids=lambda text: repr(text[:12]))
def test_what_is_no_thread_is_refused_in_one_sentence_and_nothing_is_written(
    root: Path, thread: str
) -> None:
    acts: list[Callable[[Workspace], object]] = [lambda ws: ws.bind("WFS-b"), Workspace.unbind]
    for act in acts:
        with pytest.raises(InvalidValue) as caught:
            act(as_thread(root, thread))
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200
    assert not (root / ".threads").exists()
    as_thread(root, thread).switch("WFS-b")
    assert wfsession.current(root) == "WFS-b"


def test_a_thread_cannot_be_bound_to_what_cannot_be_worked_on(root: Path) -> None:
    with pytest.raises(SessionArchived):
        as_thread(root).bind("WFS-old")
    with pytest.raises(SessionNotFound):
        as_thread(root).bind("WFS-nobody")
    assert not (root / ".threads").exists()


def test_a_thread_of_an_archived_session_is_told_and_changed_no_more(root: Path) -> None:
    as_thread(root).bind("WFS-done")
    wfsession.open(root).archive("WFS-done")

    assert wfsession.open(root).threads(archived=False)[0].home is None
    (thread,) = wfsession.open(root).threads(archived=True)
    assert (thread.home, thread.is_archived, thread.is_open) == ("WFS-done", True, False)
    with pytest.raises(SessionArchived):
        wfsession.open(root).close_thread(THREAD)


def test_where_a_thread_cannot_be_bound_the_switch_is_done_all_the_same_and_a_note_says_so(
    root: Path,
) -> None:
    (root / ".threads").write_text("in the way")
    told: list[wfsession.Event] = []
    workspace = as_thread(root)
    workspace.listen(told.append)

    workspace.switch("WFS-c")

    assert wfsession.current(root) == "WFS-c"
    assert "stays bound as it was" in told[0].notes[-1]
    with pytest.raises(UnsafePath):
        as_thread(root).bind("WFS-b")


def test_a_root_that_goes_away_under_a_switch_is_a_note_too(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Binding:
        raise OSError(5, os.strerror(5), "x")

    monkeypatch.setattr(binding, "bind", fail)
    told: list[wfsession.Event] = []
    workspace = as_thread(root)
    workspace.listen(told.append)

    workspace.switch("WFS-c")

    assert os.strerror(5) in told[0].notes[-1]


def test_two_roots_that_are_copies_answer_each_for_themselves(root: Path, tmp_path: Path) -> None:
    as_thread(root).bind("WFS-b")
    other = tmp_path / "copy" / ".workflow"
    shutil.copytree(root, other, symlinks=True)

    as_thread(other).switch("WFS-c")

    assert current(root) == ("WFS-b", "binding")
    assert current(other) == ("WFS-c", "binding")


def test_a_thread_in_two_sessions_that_are_copies_is_one_and_in_the_bound_one(root: Path) -> None:
    as_thread(root).bind("WFS-b")
    shutil.copytree(root / "WFS-b", root / "WFS-b2")

    (thread,) = wfsession.open(root).threads()

    assert (thread.session, thread.home) == ("WFS-b", "WFS-b")
    assert set(thread.sessions) == {"WFS-b", "WFS-b2"}


def test_odd_files_among_the_threads_are_nobody(root: Path, tmp_path: Path) -> None:
    threads = root / "WFS-b" / ".threads"
    threads.mkdir()
    (threads / "shell--2.json").symlink_to(tmp_path / "nowhere")
    (threads / "shell--3.json").mkdir()
    (threads / "notes.json").write_text("{}")
    (root / "WFS-c" / ".threads").write_text("")
    (root / "WFS-link").symlink_to(root / "WFS-b")
    (root / ".threads").mkdir()
    (root / ".threads" / "notes").write_text("WFS-b")
    mark(root, "WFS-a")

    assert wfsession.open(root).threads() == ()


def test_a_thread_is_found_by_its_name_its_id_its_label_or_how_they_begin(root: Path) -> None:
    as_thread(root).bind("WFS-b")
    as_thread(root, "codex--0b00").bind("WFS-b")
    wfsession.open(root).label_thread("codex--0b00", "the other")

    def find(text: str) -> Thread:
        return find_thread(str(root), text)

    assert find(THREAD).name == find("0b9c41f2-77aa").name == find("0b9").name == THREAD
    assert find("the other").name == find("codex--").name == "codex--0b00"
    with pytest.raises(AmbiguousName):
        find("0b")
    for text in ("", "nobody", "x" * 10_000):
        with pytest.raises(ThreadNotFound) as caught:
            find(text)
        assert len(str(caught.value)) < 200 + len(str(root))


def test_a_thread_that_only_a_binding_tells_of_cannot_be_closed(root: Path) -> None:
    (root / ".threads").mkdir()
    (root / ".threads" / "shell--1").write_text("WFS-gone\n")

    (thread,) = wfsession.open(root).threads()

    assert (thread.bound_to, thread.session, thread.home) == ("WFS-gone", None, None)
    with pytest.raises(ThreadNotFound):
        wfsession.open(root).close_thread("shell--1")


def test_a_session_counts_its_threads(root: Path) -> None:
    as_thread(root).bind("WFS-b")
    as_thread(root, "codex--1").bind("WFS-b")

    assert wfsession.open(root).get("WFS-b").threads == 2


def test_binding_goes_through_where_a_session_is_bad(root: Path) -> None:
    (add_session(root, "WFS-bad") / "workflow-session.json").write_text("{")

    assert as_thread(root).bind("WFS-bad").session == "WFS-bad"


def test_without_a_name_a_thread_is_bound_to_what_is_meant(root: Path) -> None:
    assert as_thread(root, session="WFS-c").bind().session == "WFS-c"
    (root / ".active-WFS-a").unlink()
    with pytest.raises(WfError, match="no session is active"):
        as_thread(root, "shell--9").bind()


def test_times_of_a_thread_are_written_as_those_of_records(root: Path) -> None:
    as_thread(root).bind("WFS-b")

    seen = read_kept(root, "WFS-b")["last_seen"]

    moment = parse_time(seen)
    assert isinstance(moment, datetime)
    assert encode_time(moment) == seen
