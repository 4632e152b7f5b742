"""Where items go, what is new of them, and that nothing comes twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.trace.talk import PATIENCE, bind, kept, message, mix, part, take, tell
from wfsession.errors import SessionArchived, SessionNotFound
from wfsession.settings import TraceSettings
from wfsession.trace import book, intake
from wfsession.trace.allowed import make_allows
from wfsession.trace.intake import claim, list_held
from wfsession.trace.written import read_written

SAME: dict[str, Any] = {
    "messages": {"type": "message.updated", "payloads": [message(), message("m2")]},
    "parts": {"type": "message.part.updated", "payloads": [part("a"), part("b")]},
    "mixed": mix(message(), part()),
    "an event": {
        "hook_event_name": "UserPromptSubmit",
        "session_id": "s1",
        "prompt": "go on",
    },
}


@pytest.mark.parametrize("name", SAME)
def test_a_replay_changes_nothing_and_counts_as_duplicate(root: Path, name: str) -> None:
    number = len(SAME[name].get("payloads", [1]))
    assert tell(take(root, SAME[name])) == (number, 0, 0)
    (thread,) = list_held(str(root))
    before = kept(root, thread)
    assert tell(take(root, SAME[name])) == (0, number, 0)
    assert tell(take(root, SAME[name], SAME[name])) == (0, 2 * number, 0)
    assert kept(root, thread) == before


def test_what_is_twice_in_one_envelope_is_kept_once(root: Path) -> None:
    assert tell(take(root, mix(part(), part(), part("other")))) == (2, 1, 0)
    assert [line["text"] for line in kept(root)] == ["hello", "other"]


def test_items_go_to_the_session_that_their_thread_is_bound_to(root: Path) -> None:
    first, second = bind(root), bind(root, "opencode--s2", "WFS-b")
    assert tell(take(root, mix(part(), part(session_id="s2"), part(session_id="s3")))) == (3, 0, 0)
    assert [len(kept(first)), len(kept(second, "opencode--s2"))] == [1, 1]
    assert list_held(str(root)) == ("opencode--s3",)


def test_a_pin_beats_the_binding_and_must_be_a_session_that_can_be_worked_on(root: Path) -> None:
    bound, pinned = bind(root), bind(root, "x--1", "WFS-b")
    take(root, mix(part()), pin="WFS-b")
    assert [len(kept(bound)), len(kept(pinned))] == [0, 1]
    with pytest.raises(SessionNotFound):
        take(root, mix(part()), pin="WFS-none")
    (root / "completed" / "WFS-old").mkdir(parents=True)
    with pytest.raises(SessionArchived):
        take(root, mix(part()), pin="WFS-old")


def test_what_is_held_is_kept_out_of_version_control_and_is_no_session(root: Path) -> None:
    take(root, mix(part()))
    assert (root / ".conversation" / ".gitignore").read_text() == "*\n"
    assert read_written(str(root)).written == ()


def test_the_agent_is_who_hands_it_over_or_the_only_one_with_such_a_conversation(
    root: Path,
) -> None:
    envelope = {"type": "message.updated", "payloads": [message()]}
    take(root, envelope)
    assert list_held(str(root)) == ("unknown--s1",)
    home = bind(root, "pi--s1")
    take(root, envelope)
    assert len(kept(home, "pi--s1")) == 1
    take(root, {**envelope, "tool_name": "codex"}, asking="claude-code--s1")
    take(root, {"type": "message.updated", "payloads": [message("m9")]}, asking="claude-code--s1")
    assert set(list_held(str(root))) == {"unknown--s1", "codex--s1", "claude-code--s1"}


def test_the_agent_is_told_by_a_conversation_that_is_over_too(root: Path) -> None:
    home = bind(root, "pi--s1")
    (home / ".threads").mkdir()
    (home / ".threads" / "pi--s1.json").write_text("{}")
    (root / ".threads" / "pi--s1").unlink()
    envelope = {"type": "message.updated", "payloads": [message(), message(session_id="s2")]}
    take(root, envelope)
    assert list_held(str(root)) == ("pi--s1", "unknown--s2")


def test_an_id_may_have_the_dashes_that_part_it_from_the_agent(root: Path) -> None:
    home = bind(root, "opencode--a--b")
    take(root, mix(part(session_id="a--b")))
    assert len(kept(home, "opencode--a--b")) == 1


def test_half_a_line_that_is_being_written_is_read_again_under_the_lock(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = bind(root)
    take(root, mix(part("one"), part("two")))
    path = home / ".conversation" / "opencode--s1.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    real = book.hold_conversation

    def end_the_line(*given: Any) -> Any:
        # Whoever held the lock has written the rest by now.
        path.write_bytes(whole)
        return real(*given)

    monkeypatch.setattr(intake, "hold_conversation", end_the_line)
    assert tell(take(root, mix(part("two")))) == (0, 1, 0)
    assert path.read_bytes() == whole


def test_a_thread_too_long_is_skipped_and_told(root: Path) -> None:
    counts = take(root, mix(part(session_id="x" * 192), part()))
    assert tell(counts) == (1, 0, 1)
    assert "cannot be a thread" in counts.problems[0].reason


def test_of_a_message_the_first_counts_and_later_ones_add_what_it_lacks(root: Path) -> None:
    assert tell(take(root, mix(message()))) == (1, 0, 0)
    assert tell(take(root, mix(message(role="assistant", generated_at_unix_ms=9)))) == (0, 1, 0)
    assert tell(take(root, mix(message(model_id="x/y")))) == (1, 0, 0)
    assert tell(take(root, mix(message(model_id="z"), message(model_id="")))) == (0, 2, 0)
    assert [line.get("model_id") for line in kept(root)] == [None, "x/y"]


def test_the_same_message_from_two_writers_is_one(root: Path) -> None:
    one, other = mix(message(), part()), mix(message(generated_at_unix_ms=1), part("other"))
    assert tell(take(root, one, other, one, other)) == (3, 5, 0)


def test_a_diff_comes_once_however_often_its_message_is_told(root: Path) -> None:
    diffs: list[Any] = [{"file": "a", "patch": "@@ -1 +1 @@\n-a\n+b\n"}]
    take(root, mix(message(summary={"diffs": diffs})))
    later = message(summary={"diffs": [*diffs, {"file": "b", "patch": "@@ -1 +1 @@\n-a\n+c\n"}]})
    assert tell(take(root, mix({**later, "generated_at_unix_ms": 9}))) == (1, 0, 0)
    assert [line.get("path") for line in kept(root)] == [None, "a", "b"]


def test_what_the_settings_do_not_allow_is_skipped_with_that_reason(root: Path) -> None:
    diff = {"file": "a", "patch": "@@ -1 +1 @@\n-a\n+b\n"}
    envelope = mix(message(summary={"diffs": [diff]}), part("private"))
    counts = take(root, envelope, allows=make_allows(TraceSettings()))
    assert tell(counts) == (1, 0, 1)
    assert counts.problems[0].reason == "the settings keep nothing of it"
    assert [line.get("part_type") for line in kept(root)] == ["patch"]
    nothing = make_allows(TraceSettings(patches=False))
    assert tell(take(root, envelope, allows=nothing)) == (0, 0, 2)
    everything = make_allows(TraceSettings(messages=True))
    assert tell(take(root, envelope, allows=everything)) == (2, 0, 0)


def test_a_dry_run_counts_as_the_real_one_and_writes_nothing(root: Path) -> None:
    bind(root)
    take(root, mix(part()))
    before = sorted(root.rglob("*"))
    assert tell(take(root, mix(part(), part("b"), part("b")), dry_run=True)) == (1, 2, 0)
    assert sorted(root.rglob("*")) == before
    assert len(kept(root / "WFS-a")) == 1


def test_what_a_killed_writer_left_of_a_line_is_passed_over_and_comes_again(root: Path) -> None:
    home = bind(root)
    take(root, mix(part("a"), part("b")))
    path = home / ".conversation" / "opencode--s1.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert tell(take(root, mix(part("a"), part("b"), part("c")))) == (2, 1, 0)
    lines = path.read_bytes().splitlines()
    assert [json.loads(line)["text"] for line in (lines[0], *lines[2:])] == ["a", "b", "c"]


def test_a_file_that_others_changed_is_read_again(root: Path) -> None:
    home = bind(root)
    intake = [mix(part("a")), mix(part("b")), mix(part("a"))]
    take(root, *intake)
    path = home / ".conversation" / "opencode--s1.jsonl"
    path.write_bytes(b"")
    assert tell(take(root, *intake)) == (2, 1, 0)


def test_claiming_gives_what_was_held_and_a_second_time_nothing(root: Path) -> None:
    take(root, mix(part("a"), part(session_id="s2")))
    home = root / "WFS-a"
    home.mkdir()
    (claimed,) = claim(str(root), ["opencode--s1", "opencode--none"], "WFS-a", PATIENCE)
    assert (claimed.thread, claimed.session, claimed.lines) == ("opencode--s1", "WFS-a", 1)
    assert [line["text"] for line in kept(home)] == ["a"]
    assert list_held(str(root)) == ("opencode--s2",)
    assert claim(str(root), ["opencode--s1"], "WFS-a", PATIENCE) == []


def test_claiming_adds_to_what_the_session_has_and_sets_the_held_file_aside(root: Path) -> None:
    take(root, mix(message(), part("a"), part("b")))
    home = bind(root)
    (home / ".conversation").mkdir()
    held = root / ".conversation" / "opencode--s1.jsonl"
    first = held.read_bytes().splitlines(keepends=True)
    (home / ".conversation" / held.name).write_bytes(first[0] + first[1])
    (claimed,) = claim(str(root), ["opencode--s1"], "WFS-a", PATIENCE)
    assert claimed.lines == 1
    assert [line.get("text") for line in kept(home)] == [None, "a", "b"]
    (item,) = (root / ".attic").glob("*-conversation-*/item")
    assert item.read_bytes() == b"".join(first)


def test_what_was_held_comes_before_the_next_item_of_a_thread_that_is_bound_by_then(
    root: Path,
) -> None:
    take(root, mix(part("early")))
    home = bind(root)
    take(root, mix(part("late")))
    assert [line["text"] for line in kept(home)] == ["early", "late"]
    assert list_held(str(root)) == ()
