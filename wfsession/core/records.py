"""`workflow-session.json` <-> Record: every shape is read, what we do not know is kept.

Pure but for `read_*`, which read through a Folder. Writes nothing: it makes the bytes that
others write. Source: protocol.md, 2 and 4.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from wfsession.core.disk import FileContents, Folder
from wfsession.core.fields import JSON_NAMES, make_record
from wfsession.core.jsontext import encode_json, parse_json
from wfsession.core.layout import RECORD
from wfsession.core.model import ABSENT, Fault, Record
from wfsession.core.splice import Appended, Path, splice
from wfsession.core.times import encode_time
from wfsession.core.values import find_in, is_same
from wfsession.errors import InvalidValue, RecordUnusable, UnsafePath

Assignments = Mapping[Path, Any]
Edit = Callable[[Record], Assignments]

LIMIT_BYTES = 8_000_000
SCHEMA = 1
TYPES = ("simple", "medium", "complex")

_UPDATED = (("meta", "updated"), ("updated_at",), ("updated",))
_WAITS_S = (0.01, 0.03, 0.1)
_RECENT_NS = 2_000_000_000


def parse_record(data: bytes) -> Record | Fault:
    """Return what a record's bytes say, or why they cannot be used.

    Fields of a wrong type are empty in the Record and listed in its `wrong`.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        return Fault("record-corrupt", "it is empty")
    try:
        parsed = parse_json(data)
    except ValueError as error:
        return Fault("record-corrupt", f"it is no valid JSON ({error})")
    if not isinstance(parsed, dict):
        return Fault(
            "record-corrupt", f"it holds {JSON_NAMES.get(type(parsed), 'null')}, no object"
        )
    return build_record(parsed)


def build_record(parsed: dict[str, Any]) -> Record | Fault:
    """Return what an object says as a record, or why it cannot be used as one."""
    for key in ("schema_version", "schema"):
        version = parsed.get(key)
        if isinstance(version, int | float) and version > SCHEMA:
            reason = f"its {key} is {version}, and this wfsession knows {SCHEMA}"
            return Fault("record-newer-schema", reason)
    return make_record(parsed)


def encode_new_record(
    name: str,
    title: str,
    kind: str,
    moment: datetime,
    status: str,
    more: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the bytes of a new record, of shape C, with `more` keys of whoever makes it.

    Raises:
        InvalidValue: the title is not valid UTF-8.
    """
    stamp = encode_time(moment)
    record = {
        "session_id": name,
        "project": title,
        "type": kind,
        "current_phase": "PLAN",
        "status": status,
        "progress": {"completed_phases": [], "current_tasks": [], "last_checkpoint": None},
        "meta": {"created": stamp, "updated": stamp},
        **(more or {}),
    }
    try:
        return encode_json(record, indent=2)
    except ValueError:
        raise InvalidValue("title", title, "it is not valid UTF-8") from None


def apply_edit(data: bytes, edit: Edit, path: str) -> bytes:
    """Return a record's bytes with a change made; all else in them stands as it stood.

    Args:
        data: the record's bytes.
        edit: the change, given what the record says: values by their paths of keys.
        path: the record's path, for messages.

    Raises:
        RecordUnusable: the bytes cannot be used, or the change meets a field of a wrong type,
            which is never silently replaced.
        InvalidValue: a value cannot be written as JSON, or the record could not be used with it.
    """
    record = parse_record(data)
    if isinstance(record, Fault):
        raise RecordUnusable(path, record.finding, record.reason)
    return change_record(data, record, edit, path)[0]


def change_record(data: bytes, record: Record, edit: Edit, path: str) -> tuple[bytes, Record]:
    """Return a record's bytes with a change made, and what they say then; see `apply_edit`.

    Args:
        data: the record's bytes.
        record: what they say.
        edit: the change.
        path: the record's path, for messages.
    """
    assignments = {
        keys: value
        for keys, value in edit(record).items()
        if not is_same(find_value(record, keys), value)
    }
    _refuse_wrong(record, assignments, path)
    try:
        changed = splice(data.decode(), assignments).encode()
    except (RecursionError, TypeError) as error:
        raise RecordUnusable(path, "record-wrong-type", f"it cannot be edited: {error}") from None
    except ValueError as error:
        raise InvalidValue("changes", assignments, f"cannot be written as JSON ({error})") from None
    return changed, _refuse_breaking(record, changed, assignments)


def find_value(record: Record, keys: Path) -> Any:
    """Return what a record has at a path of keys; None where it has nothing."""
    value = find_in(record.data, keys)
    return None if value is ABSENT else value


def _refuse_wrong(record: Record, assignments: Assignments, path: str) -> None:
    for field in record.wrong:
        for keys, value in assignments.items():
            on_the_way = {".".join(keys[: depth + 1]) for depth in range(len(keys))}
            whole = ".".join(keys)
            is_replaced = field.path.startswith((f"{whole}.", f"{whole}["))
            if field.path in on_the_way or (is_replaced and not isinstance(value, Appended)):
                reason = f"{field.path} is {field.found} and must be {field.expected}"
                raise RecordUnusable(path, "record-wrong-type", reason)


def _refuse_breaking(before: Record, data: bytes, assignments: Assignments) -> Record:
    """Return a changed record, or raise InvalidValue where nobody could use it or a field of it."""
    after = parse_record(data)
    if isinstance(after, Fault) or len(data) > LIMIT_BYTES:
        why = after.reason if isinstance(after, Fault) else f"it has {len(data):,} bytes"
        reason = f"with them the record could not be read again: {why}"
        raise InvalidValue("changes", assignments, reason)
    known = {field.path for field in before.wrong}
    for field in after.wrong:
        if field.path not in known:
            reason = f"it must be {field.expected}, not {field.found}"
            raise InvalidValue(field.path, assignments, reason)
    return after


def stamp_updated(record: Record, moment: datetime) -> Assignments:
    """Return the change that says when a record was changed, in the shape that it has."""
    known = next((keys for keys in _UPDATED if find_value(record, keys) is not None), _UPDATED[0])
    wrong = {field.path for field in record.wrong}
    if wrong & {known[0], ".".join(known)}:
        return {}
    return {known: encode_time(moment)}


def read_record(folder: Folder) -> tuple[FileContents | None, Record | Fault]:
    """Read the record in a session's directory.

    Somebody may be writing it in place: one that cannot be parsed and was changed in the last
    two seconds is read again after 10, 30 and 100 ms (protocol.md, 4).

    Returns:
        The bytes, or None where there are none that can be read; and what they say.
    """
    contents, record = _read_once(folder)
    for wait_s in _WAITS_S:
        if contents is None or isinstance(record, Record):
            break
        if abs(time.time_ns() - contents.identity[2]) > _RECENT_NS:
            break
        time.sleep(wait_s)
        contents, record = _read_once(folder)
    return contents, record


def _read_once(folder: Folder) -> tuple[FileContents | None, Record | Fault]:
    try:
        contents = folder.read(RECORD, LIMIT_BYTES)
    except FileNotFoundError:
        return None, Fault("record-missing", f"it has no {RECORD}")
    except UnsafePath as error:
        return None, Fault("record-unreadable", f"its {RECORD} {error.reason}")
    except OSError as error:
        reason = f"its {RECORD} cannot be read ({error.strerror})"
        return None, Fault("record-unreadable", reason, is_denied=True)
    return contents, parse_record(contents.data)


def read_former_names(folder: Folder, dirname: str) -> tuple[str, ...]:
    """Return the names that a session had before, in NFC; none where there is no such session."""
    try:
        with folder.child(dirname) as session:
            data = session.read(RECORD, LIMIT_BYTES).data
    except OSError:
        return ()
    if b'"renamed_from"' not in data:
        return ()
    record = parse_record(data)
    return record.renamed_from if isinstance(record, Record) else ()
