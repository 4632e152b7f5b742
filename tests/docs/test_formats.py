"""The schemas of the files say what the code reads and writes: both refuse the same."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.samples import SHAPES
from tests.stories import A, B, bash, chain, start, tell
from tests.transcripts import user
from wfsession.core import fields
from wfsession.core.binding import parse_thread
from wfsession.core.model import Fault
from wfsession.core.records import build_record
from wfsession.errors import InvalidValue
from wfsession.settings import list_settings, read_settings
from wfsession.threads.story_json import encode_story, parse_story
from wfsession.trace.envelopes import read_envelope
from wfsession.trace.item import Item
from wfsession.workspace import init_workspace

FORMATS = Path(__file__).parents[2] / "docs/formats"
SCHEMAS = sorted(FORMATS.glob("*.json"))
# One of each kind that JSON has, and those that some field wants in particular.
VALUES: tuple[Any, ...] = (
    "x", "", "2026-11-22", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.125+01:00", "2026-13-01",
    5, -5, 1.5, True, [], ["x"], [5], [{}], {}, {"x": 5}, None,
)  # fmt: skip


def read_schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FORMATS / f"{name}.schema.json").read_text("utf-8"))
    return found


@cache
def _make_validator(name: str) -> Any:
    return jsonschema.Draft202012Validator(read_schema(name))


def accepts(name: str, value: object) -> bool:
    return bool(_make_validator(name).is_valid(value))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_each_schema_is_one(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text("utf-8")))


def test_each_schema_is_told_of_on_the_page() -> None:
    page = (FORMATS.parent / "formats.md").read_text("utf-8")
    assert [path.name for path in SCHEMAS if f"(formats/{path.name})" not in page] == []


def list_record_keys(table: Any = fields._RECORD, before: tuple[str, ...] = ()) -> Iterator[Any]:
    """Give the path of each key that records are read by; a number stands for an item."""
    below: dict[Any, tuple[Any, tuple[Any, ...]]] = {
        fields._take_meta: (fields._META, ()),
        fields._take_progress: (fields._PROGRESS, ()),
        fields._take_system: (fields._SYSTEM, ()),
        fields._take_checkpoint: (fields._CHECKPOINT, ()),
        fields._take_transitions: (fields._TRANSITION, (0,)),
        fields._take_counted: (fields._COUNTS, ()),
    }
    for key, take in table.items():
        yield (*before, key)
        if take in below:
            inner, item = below[take]
            yield from list_record_keys(inner, (*before, key, *item))


def nest(path: tuple[Any, ...], value: object) -> Any:
    for key in reversed(path):
        value = [value] if key == 0 else {key: value}
    return value


@pytest.mark.parametrize("path", [*list_record_keys()], ids=str)
def test_the_schema_of_records_refuses_what_is_a_field_of_a_wrong_type(
    path: tuple[Any, ...],
) -> None:
    answers = set()
    for value in VALUES:
        data = nest(path, value)
        record = build_record(data)
        assert not isinstance(record, Fault)
        assert accepts("record", data) == (not record.wrong), (path, value, record.wrong)
        answers.add(not record.wrong)
    assert answers == {True, False}


def test_the_schema_of_records_knows_every_shape_that_is_read() -> None:
    for shape in SHAPES.values():
        assert accepts("record", json.loads(shape.removeprefix("\ufeff")))


@pytest.mark.parametrize("value", [[], "x", 5, None, {"schema_version": 2}, {"schema": 99}])
def test_the_schema_of_records_refuses_what_cannot_be_used(value: Any) -> None:
    assert not accepts("record", value)
    assert not isinstance(value, dict) or isinstance(build_record(value), Fault)


def test_what_the_library_writes_is_what_the_schemas_say(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path)
    session = workspace.create("OAuth integration", type="complex")
    workspace.bind(session.name, thread="shell--one")
    workspace.add_task("impl-1")
    workspace.next_phase(artifacts={"plan": "IMPL_PLAN.md"})
    workspace.checkpoint(note="half way")
    workspace.label_thread("shell--one", "the one")
    workspace.pause()
    workspace.resume(session.name)
    workspace.rename(session.name, "WFS-login")
    workspace.close_thread("shell--one")
    workspace.finish_task("impl-1", "WFS-login")
    workspace.complete("WFS-login")
    workspace.archive("WFS-login")
    place = tmp_path / ".workflow/completed/WFS-login"
    record = json.loads((place / "workflow-session.json").read_bytes())
    thread = json.loads((place / ".threads/shell--one.json").read_bytes())
    jsonschema.validate(record, read_schema("record"))
    jsonschema.validate(thread, read_schema("thread"))
    # So that it was held against more than what every object passes.
    written = {"checkpoint", "transitions", "renamed_from", "paused_at", "resumed_at"}
    assert written | {"completed_at", "archived_at"} <= record.keys()
    assert {*thread} <= {*read_schema("thread")["properties"]}


@pytest.mark.parametrize("value", VALUES)
def test_the_schema_of_threads_refuses_what_cannot_be_read(value: Any) -> None:
    for data in (value, {"spans": value}, {"spans": [value]}):
        if accepts("thread", data):
            assert parse_thread(json.dumps(data).encode()) is not None
    assert not accepts("thread", {"agent": 5, "spans": value})


def list_stories() -> list[Any]:
    lines = [user("Fix", 0), *start(A, 3), *bash("1", "make", True), *bash("2", "make")]
    stories = [tell(), tell(*lines, children=chain(A, B))]
    return [json.loads(encode_story(one)) for one in stories]


def list_places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of each value in a parsed file."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from list_places(inner, (*path, key))


def put(data: Any, path: tuple[Any, ...], value: object) -> Any:
    copy = json.loads(json.dumps(data))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return copy


def test_stories_as_they_are_written_are_what_the_schema_says() -> None:
    stories = list(list_stories())
    assert stories
    for story in stories:
        jsonschema.validate(story, read_schema("story"))


def test_the_schema_of_stories_refuses_every_story_that_cannot_be_read() -> None:
    story = json.loads(encode_story(tell(user("Fix", 0), *start(A), children=chain(A))))
    refused = 0
    for path in list_places(story):
        wrong: Any
        for wrong in ([5], {}, "x", None):
            broken = put(story, path, wrong)
            if parse_story(json.dumps(broken).encode()) is None:
                assert not accepts("story", broken), (path, wrong)
                refused += 1
    assert refused > 50


def test_lines_of_conversations_are_what_the_schema_says() -> None:
    both = {"session_id": "s", "message_id": "m", "generated_at_unix_ms": 5, "given": 1}
    message = {"type": "message", "role": "user", **both}
    parts = [
        {"type": "message.part", "part_type": one, "text": "a", **both} for one in ("text", "z")
    ]
    envelope = json.dumps({"tool_name": "opencode", "payloads": [message, *parts]}).encode()
    chunks = iter([envelope, b""])
    items = [one for batch in read_envelope(lambda _: next(chunks), 0) for one in batch.found]
    assert [item for item in items if not isinstance(item, Item)] == []
    lines = [dict(entry.line) for item in items if isinstance(item, Item) for entry in item.entries]
    assert [line["kind"] for line in lines] == ["message", "part", "part"]
    for line in lines:
        jsonschema.validate(line, read_schema("conversation-line"))
        for key in line.keys() - {"given", "unknown_type"}:
            without = {name: value for name, value in line.items() if name != key}
            assert not accepts("conversation-line", without), key
    assert not accepts("conversation-line", {**lines[0], "role": "system"})
    assert not accepts("conversation-line", {**lines[0], "v": 2})


def _as_toml(value: Any) -> str | None:
    """Return a value as TOML has it, or None where it has no such value."""
    if value is None or isinstance(value, dict) or value == [{}]:
        return None
    return json.dumps(value)


@pytest.mark.parametrize("setting", [*list_settings()], ids=lambda one: one.name)
def test_the_schema_of_settings_accepts_what_is_read_and_nothing_else(
    setting: Any, tmp_path: Path
) -> None:
    table, _, key = setting.name.partition(".")
    path = tmp_path / "config.toml"
    for value in VALUES:
        text = _as_toml(value)
        if text is not None:
            path.write_text(f"[{table}]\n{key} = {text}\n", "utf-8")
            assert accepts("settings", {table: {key: value}}) == is_read(path), value


def is_read(path: Path) -> bool:
    try:
        read_settings(str(path))
    except InvalidValue:
        return False
    return True


def test_the_schema_of_settings_refuses_names_that_are_unknown() -> None:
    assert accepts("settings", {})
    assert not accepts("settings", {"workdir": {}})
    assert not accepts("settings", {"workdirs": {"trash_dys": 1}})
