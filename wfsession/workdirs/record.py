"""The record of a workdir: what is known of it besides its files. Bytes <-> values, and the disk.

A record is information: without it a workdir can be told by its place, and is listed as bad. Keys
that we do not know are kept.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

from attrs import field, frozen

from wfsession.core.disk import Folder
from wfsession.core.jsontext import encode_json, parse_json
from wfsession.core.times import encode_time, parse_time
from wfsession.errors import UnsafePath, as_wf_error
from wfsession.workdirs.files import list_entries, replace_file
from wfsession.workdirs.key import Key, find_branch_fault
from wfsession.workdirs.places import Places

SCHEMA_VERSION = 1
LIMIT_BYTES = 1_000_000
SUFFIX = ".json"
_NEWER = "it is from a newer version of wfsession"
MarkReason = Literal["branch_deleted", "pull_request_merged", "pull_request_closed"]
_TEXTS = ("agent", "repository", "url", "branch", "local_branch", "path")


@frozen
class Mark:
    """A word from elsewhere that a workdir may be done with; `source` says from where."""

    at: datetime
    reason: MarkReason
    source: str = ""


@frozen
class Hold:
    """Somebody's wish that a workdir is left alone."""

    at: datetime
    reason: str = ""


@frozen
class WorkdirRecord:
    """What is known of a workdir. `data` is the whole parsed object, with what we do not know."""

    agent: str
    repository: str
    url: str
    branch: str
    local_branch: str
    path: str
    created_at: datetime
    used_at: datetime
    marked: Mark | None = None
    locked: Hold | None = None
    data: Mapping[str, Any] = field(factory=lambda: MappingProxyType({}), eq=False, repr=False)

    @property
    def key(self) -> Key:
        """The key that the workdir is for."""
        return Key(self.agent, self.repository, self.branch)


@frozen
class BadRecord:
    """A file that should be a record and is none, and why."""

    path: str
    reason: str

    @property
    def is_newer(self) -> bool:
        """Whether it is one all the same, which only a newer version can read."""
        return self.reason == _NEWER


def encode_record(record: WorkdirRecord) -> bytes:
    """Return a record as JSON, with what it had besides."""
    marked, locked = record.marked, record.locked
    known = {
        "schema_version": SCHEMA_VERSION,
        **{name: getattr(record, name) for name in _TEXTS},
        "created_at": encode_time(record.created_at),
        "used_at": encode_time(record.used_at),
        "marked": marked
        and {"at": encode_time(marked.at), "reason": marked.reason, "from": marked.source},
        "locked": locked and {"at": encode_time(locked.at), "reason": locked.reason},
    }
    return encode_json({**record.data, **known}, indent=2)


def parse_record(data: bytes) -> WorkdirRecord | str:
    """Return the record that is in a file, or a sentence that says why there is none."""
    try:
        found = parse_json(data)
    except ValueError:
        return "it is no JSON"
    if not isinstance(found, dict):
        return "it holds no object"
    version = found.get("schema_version")
    if type(version) is not int or version < 1:
        return "its schema_version is no number"
    if version > SCHEMA_VERSION:
        return _NEWER
    for name in _TEXTS:
        if not isinstance(found.get(name), str) or not found[name]:
            return f"its {name} is no text"
    if find_branch_fault(found["branch"]) or not os.path.isabs(found["path"]):
        return "its branch or its path cannot be one"
    times = [parse_time(found.get(name)) for name in ("created_at", "used_at")]
    if times[0] is None or times[1] is None:
        return "its times are none"
    return WorkdirRecord(
        **{name: found[name] for name in _TEXTS},
        created_at=times[0],
        used_at=times[1],
        marked=_parse_mark(found.get("marked")),
        locked=_parse_hold(found.get("locked")),
        data=MappingProxyType(found),
    )


def _parse_mark(found: object) -> Mark | None:
    if not isinstance(found, dict) or found.get("reason") not in get_args(MarkReason):
        return None
    at, source = parse_time(found.get("at")), found.get("from")
    reason = cast(MarkReason, found["reason"])
    return Mark(at, reason, source if isinstance(source, str) else "") if at else None


def _parse_hold(found: object) -> Hold | None:
    """Read a wish to be left alone; one that cannot be read in full is one all the same."""
    if found is None:
        return None
    said: Mapping[str, object] = found if isinstance(found, dict) else {}
    at, reason = parse_time(said.get("at")), said.get("reason")
    return Hold(
        at or datetime.fromtimestamp(0).astimezone(), reason if isinstance(reason, str) else ""
    )


def read_record(places: Places, key: Key) -> WorkdirRecord | BadRecord | None:
    """Return the record of a key's workdir, or None where it has none."""
    return read_record_file(places.record(key))


def read_record_file(path: str) -> WorkdirRecord | BadRecord | None:
    """Return what is in a file, or None where there is no such file.

    Raises:
        DiskFailed: it cannot be read.
    """
    directory, name = os.path.split(path)
    try:
        with Folder.open(os.path.realpath(directory)) as folder:
            found = parse_record(folder.read(name, LIMIT_BYTES).data)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnsafePath as error:
        return BadRecord(path, error.reason)
    except OSError as error:
        raise as_wf_error(path, error) from None
    return BadRecord(path, found) if isinstance(found, str) else found


def write_record(places: Places, record: WorkdirRecord) -> None:
    """Write the record of a workdir, by whoever holds the workdir's lock.

    Raises:
        UnsafePath, DiskFailed: it cannot be written.

    On crash: the record is as before or as after.
    """
    replace_file(places.record(record.key), encode_record(record))


def list_record_paths(places: Places) -> list[str]:
    """Return the paths of all files that should be records, by name.

    Raises:
        DiskFailed: a directory cannot be listed.
    """
    found = []
    for name in list_entries(places.records):
        directory = os.path.join(places.records, name)
        found += [
            os.path.join(directory, one)
            for one in list_entries(directory)
            if one.endswith(SUFFIX) and not one.startswith(".")
        ]
    return found


def read_records(places: Places) -> tuple[list[WorkdirRecord], list[BadRecord]]:
    """Return all records by their paths, and what should be records and is none.

    A record that lies at another place than its key says is a bad one.

    Raises:
        DiskFailed: something cannot be read.
    """
    records: list[WorkdirRecord] = []
    bad: list[BadRecord] = []
    for path in list_record_paths(places):
        found = read_record_file(path)
        if isinstance(found, BadRecord):
            bad.append(found)
        elif found is not None and places.record(found.key) != path:
            bad.append(BadRecord(path, "it belongs to another workdir"))
        elif found is not None:
            records.append(found)
    return records, bad
