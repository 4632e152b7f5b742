"""JSON Schemas of the files that others may read, made from what the code reads and writes.

    python docs/generate.py

writes them to `docs/formats/`. The keys and types are those of the code's own tables and values;
only what a key means is said here. A file that a schema accepts is one that wfsession reads with
nothing wrong in it; keys that are not named are allowed everywhere but in the settings.
"""

import json
import types
import typing
from collections.abc import Callable
from datetime import datetime
from typing import Any

import attrs

from wfsession.core import fields as record_fields
from wfsession.core.model import ThreadFacts
from wfsession.core.records import SCHEMA
from wfsession.settings import list_settings
from wfsession.threads import story_json
from wfsession.threads.story import Story
from wfsession.trace.item import ROLES
from wfsession.trace.item import VERSION as LINE_VERSION

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_DATE = r"(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)?"
_TIME = f"^{_DATE}([Tt ]{_CLOCK})?$"
_WHEN: Schema = {"type": "string", "pattern": _TIME}
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer"}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _object(table: typing.Mapping[str, Any]) -> Schema:
    return {"type": "object", "properties": {key: _record_key(take) for key, take in table.items()}}


_RECORD_KEYS: dict[Callable[..., Any], Callable[[], Schema]] = {
    record_fields._take_text: lambda: _TEXT,
    record_fields._take_time: lambda: _WHEN,
    record_fields._take_texts: lambda: {"type": "array", "items": _TEXT},
    record_fields._take_count: lambda: _COUNT,
    record_fields._take_frozen: lambda: {"type": "object"},
    record_fields._take_meta: lambda: _object(record_fields._META),
    record_fields._take_progress: lambda: _object(record_fields._PROGRESS),
    record_fields._take_system: lambda: _object(record_fields._SYSTEM),
    record_fields._take_checkpoint: lambda: _object(record_fields._CHECKPOINT),
    record_fields._take_counted: lambda: {
        "type": ["integer", "object"],
        "properties": {"total": _or_null(_COUNT)},
    },
    record_fields._take_transitions: lambda: {
        "type": "array",
        "items": _object(record_fields._TRANSITION),
    },
}


def _record_key(take: Callable[..., Any]) -> Schema:
    schema = _RECORD_KEYS[take]()
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*kinds, "null"]}


_RECORD_MEANINGS = {
    "session_id": "the session's name; that of its directory counts",
    "project": "the title",
    "type": "what kind of work: any word",
    "current_phase": "PLAN, IMPLEMENT, REVIEW or any other word",
    "status": "what the marker said last; where they differ, the marker is right",
    "progress": "phases that are over, tasks in hand, the time of the last checkpoint",
    "meta": "when it was made, and changed last",
    "checkpoint": "the latest one: when and why it was kept, and where the work stood",
    "transitions": "what each phase handed over to the next",
    "renamed_from": "names that it had before, by which it is found still",
    "paused_at": "when it was paused last",
    "resumed_at": "when it was resumed last",
    "completed_at": "when it was completed",
    "archived_at": "when it was moved to completed/",
}
_OLDER = "read from records of older tools, and not written"


def make_record_schema() -> Schema:
    """Return the schema of `workflow-session.json`."""
    keys = _object(record_fields._RECORD)["properties"]
    for key, schema in keys.items():
        schema["description"] = _RECORD_MEANINGS.get(key, _OLDER)
    for key in ("schema_version", "schema"):
        keys[key] = {"maximum": SCHEMA, "description": "a record with a higher one is not used"}
    return _whole("record", "A session's record, workflow-session.json", keys)


_THREAD_MEANINGS = {
    "agent": "which agent's conversation it is",
    "id": "the agent's own name for it",
    "label": "what its user calls it",
    "first_seen": "when it was seen first in this session",
    "last_seen": "when it was seen last; never goes back",
    "closed": "when it ended",
    "closed_by": "why it ended, in the agent's word",
    "start_directory": "where it was begun",
    "config_directory": "where the agent keeps its things",
    "transcript": "where the agent keeps what was said",
    "branch": "the branch that it was begun on",
    "run": "the run that it belongs to, as its spawner declares",
    "parent": "the thread that started it, as its spawner declares",
    "declared_label": "what its spawner calls it",
}


def make_thread_schema() -> Schema:
    """Return the schema of `.threads/<agent>--<id>.json` in a session."""
    times = {"first_seen", "last_seen", "closed"}
    names = dict.fromkeys(
        ("agent", "id", "label", *sorted(times), "closed_by", *ThreadFacts._fields)
    )
    keys = {
        key: {**_or_null(_WHEN if key in times else _TEXT), "description": _THREAD_MEANINGS[key]}
        for key in names
    }
    span = {"type": "object", "properties": {key: _or_null(_WHEN) for key in ("since", "until")}}
    keys["spans"] = {
        "type": "array",
        "items": span,
        "description": "when it worked on this session; a span without `until` goes on",
    }
    return _whole("thread", "What a session knows of a thread, .threads/<agent>--<id>.json", keys)


def make_line_schema() -> Schema:
    """Return the schema of a line of `.conversation/<agent>--<id>.jsonl`."""
    both = {
        "v": {"const": LINE_VERSION},
        "session_id": {**_TEXT, "description": "the agent's word for its conversation"},
        "message_id": _TEXT,
        "generated_at_unix_ms": {"type": "integer", "minimum": 0},
        "hash": {**_TEXT, "description": "by which a line is known again"},
        "given": {"type": "object", "description": "what an item called like one of our own keys"},
    }
    message = {"kind": {"const": "message"}, "role": {"enum": list(ROLES)}}
    part = {"kind": {"const": "part"}, "part_type": _TEXT, "text": _TEXT}
    schema = _whole("conversation-line", "A line of .conversation/<agent>--<id>.jsonl", both)
    schema["required"] = [key for key in both if key != "given"]
    schema["oneOf"] = [{"properties": one, "required": list(one)} for one in (message, part)]
    return schema


class _Types:
    """Schemas of annotations; a class becomes one of `definitions`."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}

    def describe(self, annotation: Any) -> Schema:
        """Return the schema of an annotation of a value that is written as JSON."""
        arguments = typing.get_args(annotation)
        if typing.get_origin(annotation) in (typing.Union, types.UnionType):
            return {"anyOf": [self.describe(one) for one in arguments]}
        if typing.get_origin(annotation) is typing.Literal:
            return {"enum": list(arguments)}
        if typing.get_origin(annotation) is tuple:
            return {"type": "array", "items": self.describe(arguments[0])}
        if attrs.has(annotation):
            return self._refer(annotation)
        return {
            str: _TEXT,
            int: {"type": "integer", "minimum": 0},
            bool: {"type": "boolean"},
            float: {"type": "number"},
            datetime: _WHEN,
            type(None): {"type": "null"},
        }[annotation]

    def _refer(self, kind: Any) -> Schema:
        name = kind.__name__.lower()
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self.describe_class(kind)
        return {"$ref": f"#/$defs/{name}"}

    def describe_class(self, kind: Any) -> Schema:
        """Return the schema of a class of frozen values, by its fields."""
        hints = typing.get_type_hints(kind)
        names = [one.name for one in attrs.fields(kind)]
        return {
            "type": "object",
            "properties": {name: self.describe(hints[name]) for name in names},
            "required": [name for name in names if name not in story_json._OPTIONAL],
        }


def make_story_schema() -> Schema:
    """Return the schema of `.stories/<agent>--<id>.json`."""
    kinds = _Types()
    story = kinds.describe_class(Story)
    # A story within it has no version of its own.
    kinds.definitions["story"] = story
    keys = {"version": {"const": story_json.VERSION}, **story["properties"]}
    whole = _whole("story", "What a thread did, .stories/<agent>--<id>.json", keys)
    return {**whole, "required": ["version", *story["required"]], "$defs": kinds.definitions}


def make_settings_schema() -> Schema:
    """Return the schema of `config.toml`."""
    kinds: dict[type, Schema] = {
        bool: {"type": "boolean"},
        int: {"type": "integer", "minimum": 0},
        str: _TEXT,
        tuple: {"type": "array", "items": _TEXT},
    }
    tables: dict[str, Schema] = {}
    for one in list_settings():
        table, _, key = one.name.partition(".")
        made = tables.setdefault(table, {"type": "object", "properties": {}})
        made["additionalProperties"] = False
        default = list(one.default) if isinstance(one.default, tuple) else one.default
        made["properties"][key] = {
            **kinds[type(one.default)],
            "default": default,
            "description": one.meaning,
        }
    schema = _whole("settings", "The user's settings, config.toml", tables)
    return {**schema, "additionalProperties": False}


def _whole(name: str, title: str, keys: Schema) -> Schema:
    return {
        "$schema": _DRAFT,
        "$id": f"urn:wfsession:{name}",
        "title": title,
        "type": "object",
        "properties": keys,
    }


def _as_text(make: Callable[[], Schema]) -> Callable[[], str]:
    return lambda: json.dumps(make(), indent=2, ensure_ascii=False) + "\n"


FILES = {
    "formats/record.schema.json": _as_text(make_record_schema),
    "formats/thread.schema.json": _as_text(make_thread_schema),
    "formats/conversation-line.schema.json": _as_text(make_line_schema),
    "formats/story.schema.json": _as_text(make_story_schema),
    "formats/settings.schema.json": _as_text(make_settings_schema),
}
