"""The record of a workdir: what is written is read, what is not ours is kept, the rest is told."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.workdirs.key import make_key
from wfsession.workdirs.places import Places
from wfsession.workdirs.record import (
    BadRecord,
    Hold,
    Mark,
    WorkdirRecord,
    encode_record,
    parse_record,
    read_record,
    read_records,
    write_record,
)
from wfsession.workdirs.remote import parse_remote

MOMENT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
REMOTE = parse_remote("https://host/owner/name")
KEY = make_key("dev", REMOTE, "feature/a")
PLAIN = WorkdirRecord(
    "dev", REMOTE.identity, REMOTE.url, "feature/a", "wf/dev/feature/a", "/d/x", MOMENT, MOMENT
)
FULL = attrs.evolve(
    PLAIN,
    marked=Mark(MOMENT, "branch_deleted", "gitea"),
    locked=Hold(MOMENT, "a colleague looks at it"),
)


@pytest.mark.parametrize("record", [PLAIN, FULL])
def test_what_is_written_is_read_again(places: Places, record: WorkdirRecord) -> None:
    write_record(places, record)
    assert read_record(places, KEY) == record
    assert read_records(places) == ([record], [])
    assert [path.name for path in Path(places.record(KEY)).parent.iterdir()] == [f"{KEY.name}.json"]


def test_a_record_has_the_keys_that_others_read() -> None:
    assert json.loads(encode_record(FULL)) == {
        "schema_version": 1,
        "agent": "dev",
        "repository": "host/owner/name",
        "url": "https://host/owner/name",
        "branch": "feature/a",
        "local_branch": "wf/dev/feature/a",
        "path": "/d/x",
        "created_at": "2026-11-22T10:00:00Z",
        "used_at": "2026-11-22T10:00:00Z",
        "marked": {"at": "2026-11-22T10:00:00Z", "reason": "branch_deleted", "from": "gitea"},
        "locked": {"at": "2026-11-22T10:00:00Z", "reason": "a colleague looks at it"},
    }


def test_keys_of_others_survive_a_change() -> None:
    data = {**json.loads(encode_record(PLAIN)), "theirs": {"a": [1]}}
    found = parse_record(json.dumps(data).encode())
    assert isinstance(found, WorkdirRecord)
    again = encode_record(attrs.evolve(found, used_at=MOMENT.replace(hour=11)))
    assert json.loads(again) == {**data, "used_at": "2026-11-22T11:00:00Z"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema_version": 2}, "newer version"),
        ({"schema_version": "1"}, "schema_version"),
        ({"schema_version": True}, "schema_version"),
        ({"agent": ""}, "its agent"),
        ({"url": 1}, "its url"),
        ({"path": "relative"}, "its path"),
        ({"branch": "../x"}, "its branch"),
        ({"used_at": "soon"}, "its times"),
    ],
)
def test_a_malformed_record_is_told_and_breaks_no_listing(
    places: Places, change: dict[str, Any], reason: str
) -> None:
    write_record(places, PLAIN)
    bad = Path(places.record(KEY)).parent / "bad.json"
    bad.write_text(json.dumps({**json.loads(encode_record(PLAIN)), **change}))
    records, told = read_records(places)
    assert records == [PLAIN]
    assert [one.path for one in told] == [str(bad)]
    assert reason in told[0].reason


def test_a_record_at_anothers_place_is_told_as_bad(places: Places) -> None:
    write_record(places, PLAIN)
    path = Path(places.record(KEY))
    path.rename(path.with_name("copy.json"))
    assert read_records(places)[1] == [
        BadRecord(str(path.with_name("copy.json")), "it belongs to another workdir")
    ]


def test_a_link_for_a_record_is_not_followed(places: Places, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(encode_record(PLAIN))
    path = Path(places.record(KEY))
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    assert isinstance(read_record(places, KEY), BadRecord)


@pytest.mark.parametrize("locked", [{}, True, "yes", {"at": 1, "reason": 2}])
def test_a_wish_to_be_left_alone_holds_however_it_is_written(locked: object) -> None:
    found = parse_record(
        json.dumps({**json.loads(encode_record(PLAIN)), "locked": locked}).encode()
    )
    assert isinstance(found, WorkdirRecord)
    assert found.locked is not None


@pytest.mark.parametrize("marked", [{}, True, {"at": "2026-11-22T10:00:00Z", "reason": "bored"}])
def test_a_mark_that_says_nothing_is_none(marked: object) -> None:
    found = parse_record(
        json.dumps({**json.loads(encode_record(PLAIN)), "marked": marked}).encode()
    )
    assert isinstance(found, WorkdirRecord)
    assert found.marked is None


@given(st.binary())
def test_any_bytes_are_a_record_or_a_reason(data: bytes) -> None:
    assert parse_record(data)


def test_without_any_records_there_are_none(places: Places) -> None:
    assert read_records(places) == ([], [])
    assert read_record(places, KEY) is None
