"""The values that cross rooms: frozen, and without a thought of their own.

Named tuples and no attrs classes: every write makes some, and to make the classes would take a
process longer than to write. Imports nothing of ours. Times are aware UTC; paths are absolute
texts; `mtime_ns` is nanoseconds.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

State = Literal["active", "paused", "completed", "archived", "bad"]
Location = Literal["root", "completed"]
Severity = Literal["error", "warning", "info"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class WrongField(NamedTuple):
    """A field of a record whose type is not the one that it must have."""

    path: str
    expected: str
    found: str


class Transition(NamedTuple):
    """What a phase handed to the next when it ended."""

    phase_completed: str
    next_phase: str
    completed_at: datetime | None
    artifacts: Mapping[str, Any] = _NOTHING


class Checkpoint(NamedTuple):
    """The state of the work at a moment. `trigger` is phase_complete|user_request|session_end."""

    at: datetime | None
    trigger: str
    phase: str
    tasks: tuple[str, ...] = ()
    note: str = ""
    artifacts: Mapping[str, Any] = _NOTHING


class Record(NamedTuple):
    """What a `workflow-session.json` says, of whichever shape it is.

    A field that is absent, null or of a wrong type is empty (`""`, `()`, None) here; `wrong`
    lists the latter. `data` is the whole parsed object, with everything that we do not know.
    """

    session_id: str = ""
    title: str = ""
    type: str = ""
    phase: str = ""
    status: str = ""
    completed_phases: tuple[str, ...] = ()
    current_tasks: tuple[str, ...] = ()
    tasks_total: int | None = None
    tasks_done: int | None = None
    created: datetime | None = None
    updated: datetime | None = None
    paused_at: datetime | None = None
    resumed_at: datetime | None = None
    completed_at: datetime | None = None
    archived_at: datetime | None = None
    renamed_from: tuple[str, ...] = ()
    transitions: tuple[Transition, ...] = ()
    checkpoint: Checkpoint | None = None
    last_checkpoint: datetime | None = None
    wrong: tuple[WrongField, ...] = ()
    data: Mapping[str, Any] = _NOTHING


class Fault(NamedTuple):
    """Why a record cannot be used: the id of the finding, and a clause that says what is wrong."""

    finding: str
    reason: str
    is_denied: bool = False


class Marker(NamedTuple):
    """One marker file. `entry` is its file name, `name` the session's as the file has it."""

    entry: str
    name: str
    mtime_ns: int
    size_bytes: int
    links: int
    is_candidate: bool


class TaskCounts(NamedTuple):
    """How many tasks there are, of `.task/*.json` where there are any, else of the record."""

    done: int = 0
    total: int = 0
    in_progress: int = 0
    unreadable: int = 0


class Task(NamedTuple):
    """One task of a session. `source` is the file's path, or empty where only the record has it."""

    id: str
    title: str
    status: str
    source: str = ""


class Session(NamedTuple):
    """One session as a snapshot saw it.

    `name` is in NFC, `dirname` as it stands on disk. `record` is None where it cannot be used,
    which makes the state "bad" unless a marker names an archived session. `problems` are ids of
    findings. `created` and `updated` fall back to the name and to the times of the files.
    """

    name: str
    dirname: str
    path: str
    location: Location
    state: State
    title: str
    type: str
    phase: str
    tasks: TaskCounts
    threads: int
    created: datetime
    updated: datetime
    record: Record | None
    record_mtime_ns: int
    problems: tuple[str, ...] = ()
    fault: str = ""
    is_denied: bool = False

    @property
    def is_active(self) -> bool:
        """Tell whether the winning marker names this session."""
        return self.state == "active"


class Snapshot(NamedTuple):
    """One consistent read of a root. `active` is the name that the winning marker gives.

    `active` may name a session whose state is "bad". Sessions stand in order of their location
    and name; `markers` in order of precedence, the winner first.
    """

    root: str
    active: str | None
    sessions: tuple[Session, ...]
    markers: tuple[Marker, ...]
    taken_at: datetime


class Finding(NamedTuple):
    """Something about a root that is not as it should be, and what its repair will do."""

    id: str
    severity: Severity
    paths: tuple[str, ...]
    message: str
    repair: str


class Step(NamedTuple):
    """One thing that an operation does on the disk: a verb, and the paths below the root."""

    verb: str
    path: str
    target: str = ""


class _Absent:
    """The one value of ABSENT."""

    def __repr__(self) -> str:
        return "ABSENT"


# What a record has at a key that is not there; null is a value.
ABSENT: Any = _Absent()


class Change(NamedTuple):
    """One key of a record that an operation set.

    `directory` is the session's afterwards, as a path in the root; `path` the way to the key.
    """

    directory: str
    path: tuple[str, ...]
    before: Any
    after: Any


class LogEntry(NamedTuple):
    """One operation, as the journal has it.

    `op` is the kind of its event. `active` are the names before and after. `moves` are
    directories, from and to, as paths in the root; one that was made comes from "". `holds` has
    the entries of a directory that was made or brought in: size in bytes and mtime in ns.
    `undoes` is the id of the operation that this one took back. `state` is done|unfinished|
    settled, the last of one that was cut short and that the doctor has seen to. Where `is_whole`
    is False, the changes were too large to be kept.
    """

    id: str
    op: str
    at: datetime | None
    session: str
    active: tuple[str | None, str | None]
    moves: tuple[tuple[str, str], ...] = ()
    changes: tuple[Change, ...] = ()
    holds: Mapping[str, tuple[int, int]] = _NOTHING
    undoes: str = ""
    state: str = "unfinished"
    is_whole: bool = True


class ThreadFacts(NamedTuple):
    """What is known of a thread beside its id; what is not known is empty.

    `start_directory`, `config_directory` and `transcript` are paths; `run`, `parent` and
    `declared_label` are what the spawner of the thread declares.
    """

    start_directory: str = ""
    config_directory: str = ""
    transcript: str = ""
    branch: str = ""
    run: str = ""
    parent: str = ""
    declared_label: str = ""


class Binding(NamedTuple):
    """What an operation on a thread did.

    `session` is the one that the thread is bound to now, and `path` its directory, `previous` the
    one before; None for none. The rest is as in Event.
    """

    thread: str
    session: str | None
    path: str | None
    previous: str | None
    changed: bool = True
    notes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


class Event(NamedTuple):
    """What an operation did.

    `kind` is created|switched|paused|resumed|completed|archived|reopened|renamed|changed|undone.
    `previous` is the session that was active before, `changed` is False where there was nothing
    to do, `notes` are sentences for whoever asked, `steps` what was or (dry run) would be done.
    `undone` is the entry of the operation that was taken back; a session that this put into the
    attic is told as it was, with the path that it has there.
    """

    kind: str
    session: Session
    previous: str | None
    at: datetime
    changed: bool = True
    notes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    undone: LogEntry | None = None
