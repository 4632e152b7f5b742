"""What older layouts say of a session, put into its record: only what that lacks.

Pure. A value that the record has otherwise, or could not hold in its place, stands beside it
under `migrated_from`, so that nothing that was said is lost. Source: the formats of the record,
the registry and the manifest.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import frozen

from wfsession.core.model import Fault, Record, Session
from wfsession.core.records import (
    LIMIT_BYTES,
    Assignments,
    Edit,
    build_record,
    find_value,
    parse_record,
)
from wfsession.core.salvage import rebuild
from wfsession.core.splice import Path
from wfsession.core.states import ACTIVE_LIKE, COMPLETED_LIKE
from wfsession.core.times import parse_time
from wfsession.errors import RecordUnusable

ORIGIN = "migrated_from"
_IDS = ("id", "session_id")
_KNOWN = ("description", "created", "complexity")


@frozen
class Words:
    """What one source says of a session: its keys and values, as they stand there."""

    source: Literal["registry", "manifest"]
    data: Mapping[str, Any]


@frozen
class Bequest:
    """All that a record is to inherit.

    `name` is the session's, which replaces another only where `is_numbered`; `say_status` gives
    the status that the record is to have for the one that it has.
    """

    name: str
    is_numbered: bool
    words: tuple[Words, ...]
    say_status: Callable[[str], str]


def make_edit(bequest: Bequest) -> Edit:
    """Return the change that gives a record what it inherits."""
    return lambda record: _fill(record, bequest).assignments


def make_record(
    bequest: Bequest, remains: Mapping[str, Any], session: Session | None, moment: datetime
) -> bytes:
    """Return the bytes of a record where there is none that can be used.

    Args:
        bequest: what it inherits.
        remains: what could still be read of one that is corrupt.
        session: the session as it is found, if it has a directory.
        moment: now.

    Raises:
        RecordUnusable: the remains are those of a record of a newer schema, or no record could
            hold all that it is to say.
    """
    record = build_record(dict(remains))
    if isinstance(record, Fault):
        raise RecordUnusable(bequest.name, record.finding, record.reason)
    filler = _fill(record, bequest)
    status = bequest.say_status(record.status)
    created = session.created if session else moment
    made = rebuild(bequest.name, status, filler.data, {}, created, moment)
    try:
        data = (json.dumps(dict(made.data), indent=2, ensure_ascii=False) + "\n").encode()
    except RecursionError:
        data = b""
    if isinstance(parse_record(data), Fault) or len(data) > LIMIT_BYTES:
        reason = "no record could hold all that is said of it"
        raise RecordUnusable(bequest.name, "record-corrupt", reason)
    return data


def list_overwritten(record: Record, assignments: Assignments) -> list[Path]:
    """Return the paths of the values that a change replaces, which must be kept first."""
    return [keys for keys in assignments if find_value(record, keys) not in (None, "")]


def _fill(record: Record, bequest: Bequest) -> "_Filler":
    filler = _Filler(record)
    if bequest.is_numbered or not record.session_id:
        filler.put(("session_id",), bequest.name)
    for words in bequest.words:
        for key, value in words.data.items():
            if key not in (*_IDS, "status") and value is not None:
                filler.take(words.source, key, value)
    status = bequest.say_status(record.status)
    if status != record.status and filler.put(("status",), status) and record.status:
        filler.put((ORIGIN, "status"), record.status)
    for words in bequest.words:
        said = words.data.get("status")
        if said not in (None, "") and _classify(said) != _classify(status):
            filler.keep(words.source, "status", said)
    return filler


def _classify(status: object) -> object:
    """Return what a status means, or itself where that is not known."""
    if not isinstance(status, str):
        return status
    if status in ACTIVE_LIKE:
        return "active"
    if status in COMPLETED_LIKE:
        return "completed"
    return "paused" if status == "interrupted" else status


class _Filler:
    """Gathers the assignments that give a record what it lacks; `data` is what it says then."""

    def __init__(self, record: Record) -> None:
        self.data: dict[str, Any] = dict(record.data)
        self.assignments: dict[Path, Any] = {}
        self._record = record
        self._wrong = {field.path for field in record.wrong}

    def take(self, source: str, key: str, value: Any) -> None:
        """Put a value where it belongs, unless the record has it; beside it if it has another."""
        if source == "registry" and key in _KNOWN and value == "":
            return
        if source == "registry" and key == "description":
            is_done = self._title(value)
        elif source == "registry" and key == "created":
            is_done = self._created(value)
        elif key == ORIGIN:
            # Its place in the record is ours, and somebody else's need not be an object.
            is_done = False
        else:
            if source == "registry" and key == "complexity" and not self._record.type:
                self.put(("type",), value)
            is_done = self._same(self.data.get(key), value)
            is_done = is_done or (self.data.get(key) is None and self.put((key,), value))
        if not is_done:
            self.keep(source, key, value)

    def _title(self, value: Any) -> bool:
        if not self._record.title:
            return self.put(("project",), value)
        return value in (self.data.get("project"), self.data.get("description"))

    def _created(self, value: Any) -> bool:
        if self._record.created is None:
            return self.put(("meta", "created"), value)
        return parse_time(value) == self._record.created

    def _same(self, found: Any, value: Any) -> bool:
        # Numbers that a record is read with have lost the digits that no float holds.
        return bool(found == value or (found is not None and found == _read_back(value)))

    def keep(self, source: str, key: str, value: Any) -> None:
        """Keep a value beside those that the record has."""
        keys = (ORIGIN, source, key)
        # Where there is no room even here the change as a whole must fail, and not be silent.
        if _find(self.data, keys) is None and not self.put(keys, value):
            self.assignments[keys] = value

    def put(self, keys: Path, value: Any) -> bool:
        """Set a value, if the record can be read with it; tell whether it was."""
        on_the_way = {".".join(keys[: depth + 1]) for depth in range(len(keys))}
        if on_the_way & self._wrong:
            return False
        changed = _set(self.data, keys, value)
        after = build_record(changed) if changed is not None else None
        if changed is None or not isinstance(after, Record):
            return False
        if not {field.path for field in after.wrong} <= self._wrong:
            return False
        self.data = changed
        self.assignments[keys] = value
        return True


def _read_back(value: Any) -> Any:
    return json.loads(json.dumps(value), parse_int=_as_orjson_reads)


def _as_orjson_reads(digits: str) -> int | float:
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(digits)


def _find(data: Mapping[str, Any], keys: Path) -> Any:
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _set(data: Mapping[str, Any], keys: Path, value: Any) -> dict[str, Any] | None:
    """Return a copy with a value set, or None where a path goes through what is no object."""
    key, rest = keys[0], keys[1:]
    if not rest:
        return {**data, key: value}
    inner = data.get(key)
    if inner is not None and not isinstance(inner, Mapping):
        return None
    changed = _set(inner or {}, rest, value)
    return None if changed is None else {**data, key: changed}
