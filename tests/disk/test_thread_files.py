"""What a session keeps of the threads that worked on it."""

import shutil
from pathlib import Path

import pytest

import wfsession
from tests.as_thread import THREAD, as_thread, at, current, read_kept
from tests.hands import play
from wfsession.core import binding, draft
from wfsession.core.model import ThreadFacts
from wfsession.core.times import parse_time
from wfsession.errors import (
    Conflict,
)


def test_each_session_keeps_when_a_thread_worked_on_it_and_what_is_known_of_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = ThreadFacts("/p", "/home/.claude", "/t.jsonl", "main", "wf_1", "shell--9", "review er")
    at(monkeypatch, "2026-01-01T10:00:00Z")
    binding.bind(str(root), THREAD, "WFS-b", facts)
    at(monkeypatch, "2026-01-01T11:00:00Z")
    as_thread(root).bind("WFS-c")
    at(monkeypatch, "2026-01-01T12:00:00Z")
    as_thread(root).bind("WFS-b")

    first, second = read_kept(root, "WFS-b"), read_kept(root, "WFS-c")

    assert first["spans"] == [
        {"since": "2026-01-01T10:00:00Z", "until": "2026-01-01T11:00:00Z"},
        {"since": "2026-01-01T12:00:00Z", "until": None},
    ]
    assert second["spans"] == [{"since": "2026-01-01T11:00:00Z", "until": "2026-01-01T12:00:00Z"}]
    for kept in (first, second):
        assert {"agent": "claude-code", "id": "0b9c41f2-77aa"}.items() <= kept.items()
        assert {"transcript": "/t.jsonl", "branch": "main", "run": "wf_1"}.items() <= kept.items()
    (thread,) = wfsession.open(root).threads()
    assert (thread.session, thread.sessions, thread.facts) == ("WFS-b", ("WFS-b", "WFS-c"), facts)
    assert thread.first_seen == parse_time("2026-01-01T10:00:00Z")
    assert thread.last_seen == parse_time("2026-01-01T12:00:00Z")


def test_a_label_goes_along_and_beats_the_declared_one_which_beats_the_short_id(
    root: Path,
) -> None:
    def label_of() -> str:
        return wfsession.open(root).threads()[0].label

    as_thread(root).bind("WFS-b")
    assert label_of() == "0b9c41f2"
    binding.bind(str(root), THREAD, "WFS-b", ThreadFacts(declared_label="spawned\n by\x00"))
    assert label_of() == "spawned  by "
    assert wfsession.open(root).label_thread("0b9c", " mine ").changed
    assert not wfsession.open(root).label_thread("0b9c", "mine").changed
    assert label_of() == "mine"
    as_thread(root).switch("WFS-c")
    assert label_of() == "mine"
    wfsession.open(root).label_thread("mine", "")
    assert label_of() == "spawned  by "
    assert not wfsession.open(root).label_thread("0b9c", "").changed


def test_closing_ends_the_work_when_it_was_seen_last_and_binding_opens_it_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "2026-01-01T10:00:00Z")
    as_thread(root).bind("WFS-b")
    at(monkeypatch, "2026-01-01T11:00:00Z")
    as_thread(root).bind("WFS-b")
    at(monkeypatch, "2026-01-03T09:00:00Z")

    assert wfsession.open(root).close_thread(THREAD).changed
    assert not wfsession.open(root).close_thread(THREAD).changed

    kept = read_kept(root, "WFS-b")
    assert kept["last_seen"] == "2026-01-01T11:00:00Z"
    assert kept["closed"] == "2026-01-03T09:00:00Z"
    assert kept["spans"] == [{"since": "2026-01-01T10:00:00Z", "until": "2026-01-01T11:00:00Z"}]
    (thread,) = wfsession.open(root).threads()
    assert (thread.session, thread.is_open) == ("WFS-b", False)
    at(monkeypatch, "2026-01-04T09:00:00Z")
    as_thread(root).bind("WFS-b")
    assert read_kept(root, "WFS-b")["closed"] is None
    assert len(read_kept(root, "WFS-b")["spans"]) == 2


def test_a_clock_that_is_set_back_takes_no_time_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "2026-01-01T10:00:00Z")
    as_thread(root).bind("WFS-b")
    at(monkeypatch, "2026-01-01T09:00:00Z")
    as_thread(root).bind("WFS-c")

    assert read_kept(root, "WFS-b")["last_seen"] == "2026-01-01T10:00:00Z"
    (span,) = read_kept(root, "WFS-b")["spans"]
    assert span["until"] == "2026-01-01T10:00:00Z"


def test_a_span_that_a_crash_left_open_ended_when_the_thread_was_seen_last(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "2026-01-01T10:00:00Z")
    as_thread(root).bind("WFS-b")
    # What a crash leaves right after the binding was replaced.
    (root / ".threads" / THREAD).write_text("WFS-c\n")

    (thread,) = wfsession.open(root).threads()
    assert (thread.session, thread.home) == ("WFS-c", "WFS-b")
    assert thread.spans[0].until == parse_time("2026-01-01T10:00:00Z")
    at(monkeypatch, "2026-01-01T12:00:00Z")
    as_thread(root).bind("WFS-b")
    assert read_kept(root, "WFS-b")["spans"] == [
        {"since": "2026-01-01T10:00:00Z", "until": "2026-01-01T10:00:00Z"},
        {"since": "2026-01-01T12:00:00Z", "until": None},
    ]


def test_what_others_wrote_into_a_threads_file_stays_as_it_is(root: Path) -> None:
    path = root / "WFS-b" / ".threads" / f"{THREAD}.json"
    path.parent.mkdir()
    spans = '[{"since": "2026-01-01T10:00:00Z", "until":"2026-01-01T10:00:00Z", "theirs": 1e2}]'
    path.write_text(f'{{"theirs" : 1.50,\n "spans": {spans}, "last_seen": 3, "label": [] }}')

    as_thread(root).bind("WFS-b")
    as_thread(root).switch("WFS-c")

    text = path.read_text()
    assert text.startswith('{"theirs" : 1.50,\n "spans": [')
    assert read_kept(root, "WFS-b")["spans"][0]["theirs"] == 100
    assert read_kept(root, "WFS-c")["theirs"] == 1.5
    assert {one.label for one in wfsession.open(root).threads()} == {"0b9c41f2"}


UNUSABLE = {
    "no JSON": b"{",
    "a list": b"[]",
    "spans that are none": b'{"spans": 3}',
    "spans of numbers": b'{"spans": [3]}',
    "no UTF-8": b'{"a": "\xff"}',
    "half a character": b'{"a": "\\ud800"}',
    "no number": b'{"a": NaN}',
    "too deep": b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_that_is_no_record_of_a_thread_is_set_aside_and_made_anew(
    root: Path, name: str
) -> None:
    path = root / "WFS-b" / ".threads" / f"{THREAD}.json"
    path.parent.mkdir()
    path.write_bytes(UNUSABLE[name])
    assert wfsession.open(root).threads() == ()

    as_thread(root).bind("WFS-b")

    assert read_kept(root, "WFS-b")["agent"] == "claude-code"
    (box,) = wfsession.open(root).attic()
    assert Path(box.path, "item").read_bytes() == UNUSABLE[name]


def test_what_is_left_behind_need_not_be_usable(root: Path) -> None:
    as_thread(root).bind("WFS-b")
    path = root / "WFS-b" / ".threads" / f"{THREAD}.json"
    path.write_text("gone bad")

    as_thread(root).switch("WFS-c")
    as_thread(root).bind("WFS-b")
    path.unlink()
    as_thread(root).unbind()

    assert not path.exists()
    assert [one.what for one in wfsession.open(root).attic()] == ["thread"]


def test_a_file_that_somebody_else_changes_meanwhile_keeps_both_changes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_thread(root).bind("WFS-b")
    path = root / "WFS-b" / ".threads" / f"{THREAD}.json"

    def interfere() -> None:
        path.write_text(path.read_text().replace("{\n", '{\n  "theirs": 1,\n', 1))

    play(monkeypatch, "create", interfere, name="thread-", after=True)
    as_thread(root).switch("WFS-c")

    kept = read_kept(root, "WFS-b")
    assert kept["theirs"] == 1
    assert kept["spans"][-1]["until"] is not None


def test_somebody_who_changes_it_each_time_is_a_conflict(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_thread(root).bind("WFS-b")
    monkeypatch.setattr(draft.Draft, "_is_untouched", lambda self: False)

    with pytest.raises(Conflict):
        as_thread(root).bind("WFS-c")


def test_a_staging_directory_that_goes_away_is_made_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = draft.Draft._is_untouched
    gone: list[int] = []

    def lose(self: draft.Draft) -> bool:
        if not gone:
            gone.append(1)
            shutil.rmtree(root / ".wf" / "tmp")
        return before(self)

    monkeypatch.setattr(draft.Draft, "_is_untouched", lose)

    as_thread(root).bind("WFS-b")

    assert current(root) == ("WFS-b", "binding")


def test_a_file_that_is_spoilt_or_goes_meanwhile_is_not_ours_to_make(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_thread(root).bind("WFS-b")
    path = root / "WFS-b" / ".threads" / f"{THREAD}.json"

    play(monkeypatch, "create", path.unlink, name="thread-", after=True)
    as_thread(root).switch("WFS-c")

    assert not path.exists()
    assert not binding.close(str(root), THREAD, "WFS-b").changed
