"""The fields of a parsed record -> Record, and which of them have a wrong type. Pure.

A listing comes through here once for each session: only the keys that are there are looked at.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from wfsession.core.model import Checkpoint, Record, Transition, WrongField
from wfsession.core.names import nfc
from wfsession.core.times import parse_time

JSON_NAMES = {
    str: "text",
    dict: "an object",
    list: "a list",
    bool: "true or false",
    int: "a number",
    float: "a number",
}

# Takes a value that is not null, and the path of its key; notes one of a wrong type, by its path.
Wrong = dict[str, WrongField]
Take = Callable[[Any, str, Wrong], Any]


def make_record(data: dict[str, Any]) -> Record:
    """Return what an object says as a record; fields of a wrong type are empty in it."""
    wrong: Wrong = {}
    get = _take_all(_RECORD, data, "", wrong).get
    progress, meta = get("progress", _NOTHING).get, get("meta", _NOTHING).get
    total = progress("total")
    if total is None:
        total = get("task_system", _NOTHING).get("task_count")
    return Record(
        session_id=get("session_id", ""),
        title=get("project") or get("description", ""),
        type=get("type", ""),
        phase=get("current_phase", ""),
        status=get("status", ""),
        completed_phases=progress("completed_phases", ()),
        current_tasks=progress("current_tasks", ()),
        tasks_total=total,
        tasks_done=progress("completed"),
        created=meta("created")
        or get("created_at")
        or get("created")
        or get("initialized_at")
        or get("timestamp"),
        updated=meta("updated") or get("updated_at") or get("updated"),
        paused_at=get("paused_at"),
        resumed_at=get("resumed_at"),
        completed_at=get("completed_at"),
        archived_at=get("archived_at"),
        renamed_from=tuple(map(nfc, get("renamed_from", ()))),
        transitions=get("transitions", ()),
        checkpoint=get("checkpoint"),
        last_checkpoint=progress("last_checkpoint"),
        wrong=tuple(wrong.values()),
        data=MappingProxyType(data),
    )


def _take_all(takes: Mapping[str, Take], data: Any, path: str, wrong: Wrong) -> dict[str, Any]:
    found = {}
    for key, value in data.items():
        take = takes.get(key)
        if take is not None and value is not None:
            found[key] = take(value, path + key, wrong)
    return found


def _note(value: Any, path: str, expected: str, wrong: Wrong, found: str = "") -> None:
    wrong[path] = WrongField(path, expected, found or JSON_NAMES[type(value)])


def _take_text(value: Any, path: str, wrong: Wrong) -> str:
    if isinstance(value, str):
        return value
    _note(value, path, "text", wrong)
    return ""


def _take_texts(value: Any, path: str, wrong: Wrong) -> tuple[str, ...]:
    if not isinstance(value, list):
        _note(value, path, "a list of texts", wrong)
        return ()
    found = tuple([item for item in value if isinstance(item, str)])
    if len(found) != len(value):
        _note(value, path, "a list of texts", wrong, "a list with other things")
    return found


def _take_time(value: Any, path: str, wrong: Wrong) -> datetime | None:
    moment = parse_time(value)
    if moment is None:
        found = "text that is no time" if isinstance(value, str) else ""
        _note(value, path, "a time (RFC 3339)", wrong, found)
    return moment


def _take_count(value: Any, path: str, wrong: Wrong) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    _note(value, path, "a whole number", wrong)
    return None


def _take_counted(value: Any, path: str, wrong: Wrong) -> int | None:
    """Take a number, or the `total` of an object of numbers."""
    if isinstance(value, dict):
        total: int | None = _take_all(_COUNTS, value, f"{path}.", wrong).get("total")
        return total
    return _take_count(value, path, wrong)


def _take_object(value: Any, path: str, wrong: Wrong) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    _note(value, path, "an object", wrong)
    return {}


def _take_frozen(value: Any, path: str, wrong: Wrong) -> Mapping[str, Any]:
    return MappingProxyType(_take_object(value, path, wrong))


def _take_meta(value: Any, path: str, wrong: Wrong) -> dict[str, Any]:
    return _take_all(_META, _take_object(value, path, wrong), f"{path}.", wrong)


def _take_progress(value: Any, path: str, wrong: Wrong) -> dict[str, Any]:
    return _take_all(_PROGRESS, _take_object(value, path, wrong), f"{path}.", wrong)


def _take_system(value: Any, path: str, wrong: Wrong) -> dict[str, Any]:
    return _take_all(_SYSTEM, _take_object(value, path, wrong), f"{path}.", wrong)


def _take_checkpoint(value: Any, path: str, wrong: Wrong) -> Checkpoint | None:
    data = _take_object(value, path, wrong)
    if not data:
        return None
    get = _take_all(_CHECKPOINT, data, f"{path}.", wrong).get
    return Checkpoint(
        at=get("at"),
        trigger=get("trigger", ""),
        phase=get("phase", ""),
        tasks=get("tasks", ()),
        note=get("note", ""),
        artifacts=get("artifacts", _NOTHING),
    )


def _take_transitions(value: Any, path: str, wrong: Wrong) -> tuple[Transition, ...]:
    if not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
        _note(value, path, "a list of objects", wrong)
        return ()
    found = []
    for number, item in enumerate(value):
        get = _take_all(_TRANSITION, item, f"{path}[{number}].", wrong).get
        found.append(
            Transition(
                phase_completed=get("phase_completed", ""),
                next_phase=get("next_phase", ""),
                completed_at=get("completed_at"),
                artifacts=get("artifacts", _NOTHING),
            )
        )
    return tuple(found)


_NOTHING: Mapping[str, Any] = MappingProxyType({})
_COUNTS: Mapping[str, Take] = {"total": _take_count}
_SYSTEM: Mapping[str, Take] = {"task_count": _take_counted}
_META: Mapping[str, Take] = {"created": _take_time, "updated": _take_time}
_PROGRESS: Mapping[str, Take] = {
    "completed_phases": _take_texts,
    "current_tasks": _take_texts,
    "last_checkpoint": _take_time,
    "total": _take_count,
    "completed": _take_count,
}
_CHECKPOINT: Mapping[str, Take] = {
    "at": _take_time,
    "trigger": _take_text,
    "phase": _take_text,
    "tasks": _take_texts,
    "note": _take_text,
    "artifacts": _take_frozen,
}
_TRANSITION: Mapping[str, Take] = {
    "phase_completed": _take_text,
    "next_phase": _take_text,
    "completed_at": _take_time,
    "artifacts": _take_frozen,
}
_RECORD: Mapping[str, Take] = {
    "session_id": _take_text,
    "project": _take_text,
    "description": _take_text,
    "type": _take_text,
    "current_phase": _take_text,
    "status": _take_text,
    "progress": _take_progress,
    "meta": _take_meta,
    "task_system": _take_system,
    "checkpoint": _take_checkpoint,
    "transitions": _take_transitions,
    "renamed_from": _take_texts,
    "created_at": _take_time,
    "created": _take_time,
    "initialized_at": _take_time,
    "timestamp": _take_time,
    "updated_at": _take_time,
    "updated": _take_time,
    "paused_at": _take_time,
    "resumed_at": _take_time,
    "completed_at": _take_time,
    "archived_at": _take_time,
}
