"""What each kind of envelope says, and what becomes of items that cannot be used."""

import json
from typing import Any

import pytest

from tests.trace.talk import AT_MS, NOW_MS, encode, judge, lines_of, message, mix, part, read
from wfsession.errors import InvalidValue
from wfsession.trace.item import Item, Problem
from wfsession.trace.patch import Patch
from wfsession.trace.patches import parse_patch
from wfsession.trace.stream import MAX_ITEM_BYTES


def test_a_homogeneous_envelope_has_messages_or_parts() -> None:
    (found,) = judge({"type": "message.updated", "payloads": [message(tokens=7)]})
    (line,) = lines_of(found)
    assert line.pop("hash")
    assert line == {"v": 1, "kind": "message", **message(tokens=7)}
    (found,) = judge({"type": "message.part.updated", "payloads": [part(part_id="p")]})
    (line,) = lines_of(found)
    assert line.pop("hash")
    assert line == {"v": 1, "kind": "part", **part(part_id="p")}


def test_an_item_with_a_type_of_its_own_is_refused_in_it() -> None:
    found = judge({"type": "message.updated", "payloads": [{"type": "message", **message()}]})
    assert isinstance(found[0], Problem)
    assert "a type of its own" in found[0].reason


def test_a_mixed_envelope_names_the_tool_and_each_items_kind() -> None:
    (batch,) = read(mix(message(), part(), tool="pi"))
    assert batch.agent == "pi"
    assert [lines_of(one)[0]["kind"] for one in batch.found] == ["message", "part"]
    assert all("type" not in lines_of(one)[0] for one in batch.found)


@pytest.mark.parametrize("order", [("type", "payloads"), ("payloads", "type")])
def test_an_envelope_may_say_what_it_is_behind_its_items(order: tuple[str, ...]) -> None:
    envelope = {"type": "message.updated", "payloads": [message()]}
    assert isinstance(judge({name: envelope[name] for name in order})[0], Item)


BAD: dict[str, tuple[Any, str]] = {
    "no session": (message(session_id=None), "session_id is missing"),
    "an empty session": (message(session_id=""), "session_id is empty"),
    "a session that is a path": (message(session_id="../x"), "it contains '/'"),
    "a session that is a path of Windows": (message(session_id="..\\x"), "cannot be used"),
    "a session of two lines": (part(session_id="a\nb"), "cannot be used"),
    "a session that begins anew": (part(session_id="a\u202eb"), "cannot be used"),
    "a session with a NUL": (message(session_id="a\0b"), "cannot be used"),
    "a session too long": (message(session_id="x" * 300), "200 is the most"),
    "no message": (message(message_id=""), "message_id is empty"),
    "a message that is a number": (message(message_id=7), "message_id is no text: 7"),
    "another role": (message(role="system"), "role must be user or assistant"),
    "a negative time": (message(generated_at_unix_ms=-1), "a whole number from 0, and is -1"),
    "a huge time": (message(generated_at_unix_ms=2**63), "a whole number from 0"),
    "a time beyond numbers": (message(generated_at_unix_ms=10**40), "a whole number from 0"),
    "a time with a fraction": (message(generated_at_unix_ms=1.5), "a whole number from 0"),
    "a time that is true": (message(generated_at_unix_ms=True), "a whole number from 0"),
    "no kind of part": (part(part_type=""), "part_type is empty"),
    "no text": (part(text=None), "text is missing"),
    "members in each other": (part(extra=json.loads("[" * 300 + "]" * 300)), "nested too deeply"),
    "no object": ([1], "it is no object"),
    "another type": ({**message(), "type": "tool"}, "must be message or message.part"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD)
def test_a_bad_item_is_told_with_its_place_and_its_siblings_stand(bad: Any, reason: str) -> None:
    typed = mix(bad)["payloads"] if isinstance(bad, dict) and "type" not in bad else [bad]
    good = mix(message())["payloads"]
    found = judge({"tool_name": "pi", "payloads": [*good, *typed, *good]})
    assert [type(one) for one in found] == [Item, Problem, Item]
    assert isinstance(found[1], Problem)
    assert found[1].position == 1
    assert reason in found[1].reason
    session_id = bad.get("session_id") if isinstance(bad, dict) else None
    assert found[1].session_id == session_id


BROKEN_ITEMS = {
    "no UTF-8": b'{"type":"message","session_id":"\xff"}',
    "half of a pair": b'{"type":"message","session_id":"\\ud800"}',
    "no JSON": b'{"type":}',
    "nested too deeply": b"[" * 5_000 + b"]" * 5_000,
    "too large": b'"' + b"x" * (MAX_ITEM_BYTES + 1) + b'"',
}


@pytest.mark.parametrize("broken", BROKEN_ITEMS.values(), ids=BROKEN_ITEMS)
def test_an_item_that_cannot_be_read_spoils_no_other(broken: bytes) -> None:
    good = json.dumps(mix(message())["payloads"][0]).encode()
    found = judge(b'{"tool_name":"pi","payloads":[' + b",".join([good, broken, good]) + b"]}")
    assert [type(one) for one in found] == [Item, Problem, Item]


BAD_ENVELOPES: dict[str, Any] = {
    "nothing": b"",
    "no JSON": b"hello",
    "a list": b"[]",
    "cut off": encode(mix(message()))[:-1],
    "cut off in an item": encode(mix(message()))[:60],
    "more behind it": encode(mix(message())) + b"{}",
    "a type that is not known": {"type": "message.removed", "payloads": [message()]},
    "no type": {"payloads": [message()]},
    "payloads that are no list": {"tool_name": "pi", "payloads": {"a": 1}},
    "a tool that is a path": {"tool_name": "../pi", "payloads": []},
    "a tool with two dashes": {"tool_name": "a--b", "payloads": []},
    "a tool that is a number": {"tool_name": 7, "payloads": []},
    "a value that is no UTF-8": b'{"tool_name":"\xff","payloads":[]}',
}


@pytest.mark.parametrize("envelope", BAD_ENVELOPES.values(), ids=BAD_ENVELOPES)
def test_a_bad_envelope_is_one_sentence_and_holds_no_item(envelope: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        read(envelope)
    assert "it is no envelope" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("sign", ["\f", "\r", "\u2028", "\x85"])
def test_what_looks_like_the_end_of_a_line_is_content_in_a_patch(sign: str) -> None:
    diff = {"file": "a.py", "before": f"a{sign}b\nc\n", "after": f"a{sign}d\nc"}
    _, kept = lines_of(judge(mix(message(summary={"diffs": [diff]})))[0])
    patch = parse_patch(kept["text"])
    assert isinstance(patch, Patch)
    assert [(line.kind, line.number, line.content) for _, line in patch.touched()] == [
        ("removed", 1, f"a{sign}b"),
        ("removed", 2, "c"),
        ("added", 1, f"a{sign}d"),
        ("added", 2, "c"),
    ]


def test_an_unknown_kind_of_part_is_kept_and_marked() -> None:
    known, unknown = (lines_of(one)[0] for one in judge(mix(part(), part(part_type="odd"))))
    assert "unknown_type" not in known
    assert unknown["unknown_type"] is True
    assert unknown["part_type"] == "odd"


def test_what_has_a_name_of_ours_is_kept_apart() -> None:
    (line,) = lines_of(judge(mix(part(hash="theirs", v=9, kind="x", extra=1)))[0])
    assert (line["v"], line["kind"], line["extra"]) == (1, "part", 1)
    assert line["given"] == {"hash": "theirs", "v": 9, "kind": "x"}


def test_each_diff_that_a_message_sums_up_is_a_patch_part_of_it() -> None:
    diffs: list[dict[str, Any]] = [
        {"file": "a.py", "patch": "@@ -1 +1 @@\n-a\n+b\n", "additions": 1},
        {"file": "b.py", "before": "a\n", "after": "a\nb"},
        {"file": "c.py", "before": 1},
    ]
    summary = {"title": "T", "diffs": diffs}
    (found,) = judge(mix(message(summary=summary, model_id="x/y", role="assistant")))
    first, *parts = lines_of(found)
    assert first["summary"] == {"title": "T"}
    assert [one["part_type"] for one in parts] == ["patch"] * 3
    assert [one["path"] for one in parts] == ["a.py", "b.py", "c.py"]
    assert {one["model_id"] for one in parts} == {"x/y"}
    assert {one["message_id"] for one in parts} == {"m1"}
    assert parts[0]["text"] == diffs[0]["patch"]
    assert parts[0]["additions"] == 1
    assert parts[1]["text"].endswith("@@ -1 +1,2 @@\n a\n+b\n\\ No newline at end of file\n")
    assert parts[2]["text"] == ""
    assert parts[2]["diff"] == diffs[2]


def make_event(name: str, **more: Any) -> dict[str, Any]:
    return {"hook_event_name": name, "session_id": "s1", "cwd": "/", **more}


def test_a_prompt_is_a_message_with_its_text() -> None:
    (batch,) = read(make_event("UserPromptSubmit", prompt="go on"))
    assert batch.agent == "claude-code"
    said, words = lines_of(batch.found[0])
    assert (said["kind"], said["role"], said["generated_at_unix_ms"]) == ("message", "user", NOW_MS)
    assert (words["part_type"], words["text"]) == ("text", "go on")
    assert words["message_id"] == said["message_id"]


def test_the_last_answer_is_a_message_where_the_event_tells_it() -> None:
    found = judge(make_event("Stop", last_assistant_message="done"))
    assert [one.get("role") for one in lines_of(found[0])] == ["assistant", None]
    assert isinstance(judge(make_event("Stop", stop_hook_active=False))[0], Problem)


EDITS: dict[str, dict[str, Any]] = {
    "Write": {"file_path": "/p/a.py", "content": "x = 1\n"},
    "Edit": {"file_path": "/p/a.py", "old_string": "x = 0", "new_string": "x = 1"},
    "MultiEdit": {
        "file_path": "/p/a.py",
        "edits": [{"old_string": "x = 0", "new_string": "x = 1"}],
    },
    "NotebookEdit": {"notebook_path": "/p/a.py", "new_source": "x = 1"},
}


@pytest.mark.parametrize("tool", EDITS)
def test_an_edit_is_a_patch_part(tool: str) -> None:
    event = make_event("PostToolUse", tool_name=tool, tool_input=EDITS[tool], tool_use_id="t1")
    (line,) = lines_of(judge(event)[0])
    assert (line["part_type"], line["path"], line["tool"]) == ("patch", "/p/a.py", tool)
    assert "\n+x = 1\n" in line["text"]
    assert line["message_id"] == "tool-t1"


def test_an_edit_of_codex_is_kept_as_it_stands() -> None:
    text = "*** Begin Patch\n*** Add File: a.py\n+x\n*** End Patch"
    given = {"tool_name": "apply_patch", "tool_input": {"command": text}}
    (line,) = lines_of(judge(make_event("PostToolUse", **given))[0])
    assert line["text"] == text


@pytest.mark.parametrize(
    "event",
    [
        make_event("PostToolUse", tool_name="Bash", tool_input={"command": "ls"}),
        make_event("PostToolUse", tool_name=["Edit"], tool_input=EDITS["Edit"]),
        make_event("PostToolUse", tool_name="Edit", tool_input={}),
        make_event("SessionStart"),
        make_event("UserPromptSubmit", prompt=7),
        {**make_event("UserPromptSubmit", prompt="x"), "session_id": "a/b"},
    ],
)
def test_an_event_of_which_nothing_is_kept_is_one_skipped_item(event: dict[str, Any]) -> None:
    (found,) = judge(event)
    assert isinstance(found, Problem)


def test_the_time_of_an_item_is_its_own() -> None:
    assert lines_of(judge(mix(message()))[0])[0]["generated_at_unix_ms"] == AT_MS
    at = 2**63 - 1
    assert lines_of(judge(mix(message(generated_at_unix_ms=at)))[0])[0] is not None
