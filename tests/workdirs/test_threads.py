"""Threads of an agent, repository and issue: what is written is read, and what can be resumed."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.errors import InvalidValue
from wfsession.workdirs.key import make_key
from wfsession.workdirs.places import Places
from wfsession.workdirs.remote import parse_remote
from wfsession.workdirs.resume import plan_resume
from wfsession.workdirs.thread import (
    ThreadKey,
    ThreadRecord,
    begin_run,
    encode_thread_record,
    find_thread_path,
    find_transcript,
    make_thread_key,
    parse_thread_record,
    read_thread_record,
    set_thread_record_aside,
    write_thread_record,
)

MOMENT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
KEY = make_key("dev", parse_remote("https://host/owner/name"), "feature/a")
ISSUE = make_thread_key(KEY, "7")
FULL = ThreadRecord(
    ISSUE,
    "ended",
    id="0b9c",
    program="claude-code",
    start_directory="/w",
    config_directory="/home/ada/.claude",
    transcript="/home/ada/.claude/projects/-w/0b9c.jsonl",
    parent="claude-code--1",
    session="WFS-name-issue-7",
    pushed="a" * 40,
    started_at=MOMENT,
    ended_at=MOMENT + timedelta(hours=1),
    expires_at=MOMENT + timedelta(days=30),
    exit_code=0,
)


def change(**changes: Any) -> bytes:
    return json.dumps({**json.loads(encode_thread_record(FULL)), **changes}).encode()


@pytest.mark.parametrize("record", [FULL, ThreadRecord(make_thread_key(KEY, None), "running")])
def test_what_is_written_of_a_thread_is_read_again(places: Places, record: ThreadRecord) -> None:
    path = find_thread_path(places, KEY.repository_name, record.key)
    assert read_thread_record(path, record.key) is None
    write_thread_record(path, record)
    assert read_thread_record(path, record.key) == record
    assert Path(path).parent == Path(places.threads(KEY.repository_name))


def test_what_others_put_in_a_record_of_a_thread_stays_in_the_next() -> None:
    found = parse_thread_record(change(cost=3), ISSUE)
    assert isinstance(found, ThreadRecord)
    fresh = json.loads(encode_thread_record(begin_run(found, ISSUE, id="new")))
    assert (fresh["cost"], fresh["status"], fresh["id"]) == (3, "running", "new")
    # What was pushed is pushed still; all else was of the run before.
    assert (fresh["pushed"], fresh["ended_at"], fresh["exit_code"]) == ("a" * 40, None, None)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "it is no JSON"),
        (b"[]", "it holds no object"),
        (change(schema_version=2), "its schema_version is not 1"),
        (change(issue="8"), "it belongs to another thread"),
        (change(agent=7), "it belongs to another thread"),
        (change(status="asleep"), "its status is none"),
        (change(status=["ended"]), "its status is none"),
        (change(id=7), "its id is no text"),
        (change(id="../x"), "its id cannot be one"),
        (change(program=""), "its id cannot be one"),
    ],
)
def test_what_is_no_record_of_a_thread_says_why(data: bytes, reason: str) -> None:
    assert parse_thread_record(data, ISSUE) == reason


@pytest.mark.fuzz
@given(st.binary() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_any_bytes_are_a_record_of_a_thread_or_a_reason(data: bytes | str) -> None:
    raw = data.encode(errors="replace") if isinstance(data, str) else data
    assert isinstance(parse_thread_record(raw, ISSUE), ThreadRecord | str)


def test_a_record_that_is_none_keeps_its_bytes_beside(places: Places) -> None:
    path = find_thread_path(places, KEY.repository_name, ISSUE)
    write_thread_record(path, FULL)
    Path(path).write_bytes(b"{")
    aside = set_thread_record_aside(path)
    assert Path(aside).read_bytes() == b"{"
    assert read_thread_record(path, ISSUE) is None


def test_each_agent_repository_and_issue_has_a_thread_of_its_own() -> None:
    keys = [
        ThreadKey("dev", "host/a/b", "7", ""),
        ThreadKey("dev", "host/a/b", "", "7"),
        ThreadKey("dev", "host/a/c", "7", ""),
        ThreadKey("boss", "host/a/b", "7", ""),
        ThreadKey("Dev", "host/a/b", "7", ""),
        ThreadKey("dev", "host/a/b", "a/b", ""),
        ThreadKey("dev", "host/a/b", "a-b", ""),
        ThreadKey("dev", "host/a/b", "A-b", ""),
        ThreadKey("dev", "host/a/b", "集成", ""),
        ThreadKey("dev", "host/a/b", "x" * 200, ""),
    ]
    names = {key.name for key in keys}
    assert len({name.casefold() for name in names}) == len(keys)
    assert all(len(name.encode()) <= 130 and "/" not in name for name in names)
    assert keys[0].name.startswith("dev--7-")


def test_the_branch_of_an_issue_is_no_part_of_its_thread() -> None:
    other = make_key("dev", parse_remote("git@host:owner/name"), "feature/b")
    assert make_thread_key(other, "7") == ISSUE
    assert make_thread_key(other, None) != make_thread_key(KEY, None)


@pytest.mark.parametrize("issue", ["", "  ", "a\nb", "\x00", "\udc80", "x" * 201])
def test_what_cannot_be_an_issue_is_refused(issue: str) -> None:
    with pytest.raises(InvalidValue, match=r"issue: .* cannot be one") as caught:
        make_thread_key(KEY, issue)
    assert caught.value.hint


def test_a_transcript_is_where_it_was_told_else_in_the_directory_of_the_program(
    tmp_path: Path,
) -> None:
    config = tmp_path / "con[f]ig"
    usual = config / "projects" / "-w" / "0b9c.jsonl"
    told = tmp_path / "told.jsonl"
    record = attrs.evolve(FULL, config_directory=str(config), transcript=str(told))
    assert find_transcript(record) == ""
    usual.parent.mkdir(parents=True)
    usual.touch()
    # Nothing in it is nothing to go on with.
    assert find_transcript(record) == ""
    usual.write_text("{}\n")
    assert find_transcript(record) == str(usual)
    told.write_text("{}\n")
    assert find_transcript(record) == str(told)
    assert find_transcript(attrs.evolve(record, transcript="", config_directory="")) == ""


@pytest.fixture
def resumable(tmp_path: Path) -> ThreadRecord:
    start, transcript = tmp_path / "w", tmp_path / "0b9c.jsonl"
    start.mkdir()
    transcript.write_text("{}\n")
    return attrs.evolve(FULL, start_directory=str(start), transcript=str(transcript))


@pytest.mark.parametrize("status", ["running", "ended", "failed"])
def test_a_conversation_goes_on_where_it_began(resumable: ThreadRecord, status: Any) -> None:
    start = resumable.start_directory
    found = plan_resume(attrs.evolve(resumable, status=status), start, MOMENT)
    assert found.is_possible
    assert (found.id, found.program, found.reason) == ("0b9c", "claude-code", "")
    assert (found.start_directory, found.config_directory) == (start, "/home/ada/.claude")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": ""}, "never_ran"),
        ({"status": "resume_failed"}, "resume_failed"),
        ({"start_directory": ""}, "moved"),
        ({"start_directory": "/elsewhere"}, "moved"),
        ({"expires_at": MOMENT}, "expired"),
        ({"transcript": "", "config_directory": "/nowhere"}, "transcript_gone"),
    ],
)
def test_a_conversation_that_cannot_go_on_says_why(
    resumable: ThreadRecord, changes: dict[str, Any], reason: str
) -> None:
    found = plan_resume(attrs.evolve(resumable, **changes), resumable.start_directory, MOMENT)
    assert (found.id, found.reason) == ("", reason)
    assert not found.is_possible
    assert found.sentence


def test_nothing_goes_on_that_never_ran_or_whose_directory_is_gone(
    resumable: ThreadRecord,
) -> None:
    assert plan_resume(None, "/w", MOMENT).reason == "never_ran"
    os.rmdir(resumable.start_directory)
    assert plan_resume(resumable, resumable.start_directory, MOMENT).reason == "gone"
