"""Phases, tasks, checkpoints and other changes inside a record.

Each takes the absolute path of a root and the name of a session, changes the record only, and
gives an Event. Nothing here moves a marker. On crash: the record as before, or as after.
Source: protocol.md, 5.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from wfsession.core.edits import make_checkpoint
from wfsession.core.locate import find_session
from wfsession.core.markers import Listing
from wfsession.core.model import Event, Record
from wfsession.core.operation import DEFAULT_TIMEOUT_S, Operation, run
from wfsession.core.records import Assignments, Edit, find_value, stamp_updated
from wfsession.core.splice import REMOVED, Appended, Path
from wfsession.core.times import encode_time
from wfsession.errors import InvalidValue, SessionArchived

PHASES = ("PLAN", "IMPLEMENT", "REVIEW")
# What other tools call theirs, by the phase that follows it.
_NEXT = {
    "INIT": "PLAN",
    "BRAINSTORM": "PLAN",
    "PLAN": "IMPLEMENT",
    "IMPLEMENT": "REVIEW",
    "IMPLEMENTATION": "REVIEW",
}
_GUARDED = ("session_id", "status")


def _change(
    root_path: str,
    name: str,
    make_edit: Callable[[datetime], Edit],
    timeout_s: float,
    dry_run: bool,
) -> Event:
    def body(operation: Operation) -> Event:
        listing = Listing(operation.root)
        place = find_session(operation.root, name)
        if place.location != "root":
            raise SessionArchived(place.name, "changed")
        active = listing.active
        prepared = operation.prepare(place, make_edit(operation.moment))
        if prepared is None:
            return operation.finish("changed", place, active, changed=False)
        operation.announce("changed", place.name, (active, active))
        operation.begin()
        operation.publish(prepared)
        operation.sync()
        return operation.finish("changed", place, active)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def set_phase(
    root_path: str,
    name: str,
    phase: str,
    *,
    artifacts: Mapping[str, str] | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Move a session to a phase, with a checkpoint; forward, with a hand-over to it.

    Args:
        root_path: the root.
        name: the session.
        phase: PLAN|IMPLEMENT|REVIEW, in any case of letters.
        artifacts: what the phase that ends hands over: names and paths, the latter as the next
            phase is to read them.
        timeout_s: how long to wait for the lock, in seconds.
        dry_run: whether only to tell the steps.

    Raises:
        InvalidValue: there is no such phase.
        SessionNotFound, SessionArchived, RecordUnusable: the session cannot be changed.
    """
    wanted = phase.upper()
    if wanted not in PHASES:
        reason = f"{phase!r} is none of {', '.join(PHASES)}"
        raise InvalidValue("phase", phase, reason, f"wf phase set {PHASES[0]}")

    def make_edit(moment: datetime) -> Edit:
        return lambda record: _move_phase(record, wanted, moment, dict(artifacts or {}))

    return _change(root_path, name, make_edit, timeout_s, dry_run)


def next_phase(
    root_path: str,
    name: str,
    *,
    artifacts: Mapping[str, str] | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Move a session to the phase after its own; see `set_phase`.

    Raises:
        InvalidValue: its phase is the last one, or not one that we know the next of.
    """

    def make_edit(moment: datetime) -> Edit:
        def edit(record: Record) -> Assignments:
            following = _NEXT.get(record.phase.upper(), "" if record.phase else "PLAN")
            if not following:
                is_last = _rank(record.phase) >= _rank(PHASES[-1])
                hint = "wf complete" if is_last else f"wf phase set {PHASES[0]}"
                reason = f"nothing is known to follow {record.phase}"
                raise InvalidValue("phase", record.phase, reason, hint)
            return _move_phase(record, following, moment, dict(artifacts or {}))

        return edit

    return _change(root_path, name, make_edit, timeout_s, dry_run)


def _rank(phase: str) -> int:
    """Return how far a phase is; one that we do not know comes before the first."""
    known = "IMPLEMENT" if phase.upper() == "IMPLEMENTATION" else phase.upper()
    if known == "COMPLETE":
        return len(PHASES)
    return PHASES.index(known) if known in PHASES else -1


def _move_phase(
    record: Record, phase: str, moment: datetime, artifacts: dict[str, str]
) -> Assignments:
    if record.phase == phase:
        return {}
    changes: dict[Path, Any] = {("current_phase",): phase, **stamp_updated(record, moment)}
    done = [former for former in record.completed_phases if former != phase]
    if record.phase and _rank(phase) > _rank(record.phase):
        done = [*(former for former in done if former != record.phase), record.phase]
        handed = {
            "phase_completed": record.phase,
            "next_phase": phase,
            "completed_at": encode_time(moment),
            "artifacts": artifacts,
        }
        changes[("transitions",)] = Appended(handed)
    changes[("progress", "completed_phases")] = done
    return {**changes, **make_checkpoint(record, moment, "phase_complete", "", artifacts)}


def checkpoint(
    root_path: str,
    name: str,
    *,
    note: str = "",
    artifacts: Mapping[str, str] | None = None,
    trigger: str = "user_request",
    carries_over: bool = False,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Keep the state of the work as the latest checkpoint: phase, tasks in hand, a note.

    Args:
        root_path: the root.
        name: the session.
        note: a sentence for whoever goes on, may be empty.
        artifacts: names and paths of what there is to go on with.
        trigger: phase_complete|user_request|session_end.
        carries_over: whether what somebody said at the last checkpoint of the same phase stays,
            the note and the artifacts: for checkpoints that nobody asked for.
        timeout_s: how long to wait for the lock, in seconds.
        dry_run: whether only to tell the steps.
    """

    def make_edit(moment: datetime) -> Edit:
        def edit(record: Record) -> Assignments:
            last, said, made = record.checkpoint, note, dict(artifacts or {})
            if carries_over and last is not None and last.phase == record.phase:
                said, made = said or last.note, made or dict(last.artifacts)
            return {
                **make_checkpoint(record, moment, trigger, said, made),
                **stamp_updated(record, moment),
            }

        return edit

    return _change(root_path, name, make_edit, timeout_s, dry_run)


def add_task(
    root_path: str,
    name: str,
    task: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Take a task in hand: add its id to the record's current tasks.

    Task files are the user's and stay as they are. `changed` is False where it was in hand.

    Raises:
        InvalidValue: the id is blank.
    """
    if not task.strip():
        raise InvalidValue("task", task, "it is empty", "wf task add IMPL-1")

    def make_edit(moment: datetime) -> Edit:
        def edit(record: Record) -> Assignments:
            if task in record.current_tasks:
                return {}
            return {
                ("progress", "current_tasks"): [*record.current_tasks, task],
                **_count(record, "total", 1),
                **stamp_updated(record, moment),
            }

        return edit

    return _change(root_path, name, make_edit, timeout_s, dry_run)


def finish_task(
    root_path: str,
    name: str,
    task: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Put a task out of hand: take its id from the record's current tasks.

    Raises:
        InvalidValue: it is not in hand.
    """

    def make_edit(moment: datetime) -> Edit:
        def edit(record: Record) -> Assignments:
            if task not in record.current_tasks:
                in_hand = ", ".join(record.current_tasks) or "none is"
                reason = f"{task!r} is not in hand ({in_hand})"
                raise InvalidValue("task", task, reason, "wf task list")
            rest = [other for other in record.current_tasks if other != task]
            return {
                ("progress", "current_tasks"): rest,
                **_count(record, "completed", 1),
                **stamp_updated(record, moment),
            }

        return edit

    return _change(root_path, name, make_edit, timeout_s, dry_run)


def _count(record: Record, key: str, by: int) -> Assignments:
    """Count one more, in the fields that some records have for this already or get with it."""
    if record.tasks_total is None:
        done = record.tasks_done or 0
        counts = {"total": len(record.current_tasks) + done, "completed": done}
        counts[key] += by
        return {("progress", field): count for field, count in counts.items()}
    present = record.tasks_total if key == "total" else record.tasks_done or 0
    return {("progress", key): present + by}


def update(
    root_path: str,
    name: str,
    changes: Mapping[str, Any],
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Change fields of a record by a merge patch: objects merge, None removes, the rest is set.

    Args:
        root_path: the root.
        name: the session.
        changes: new values by key, as deep as need be.
        timeout_s: how long to wait for the lock, in seconds.
        dry_run: whether only to tell the steps.

    Raises:
        InvalidValue: a value that JSON cannot hold, or a field that only the other operations
            change (`session_id`, `status`).

    Source: RFC 7396.
    """
    for key in _GUARDED:
        if key in changes:
            reason = "only switch, pause, complete and rename change it"
            raise InvalidValue(key, changes[key], reason, "wf --help")
    assignments = dict(_flatten((), changes))

    def make_edit(moment: datetime) -> Edit:
        def edit(record: Record) -> Assignments:
            wanted = {
                path: value
                for path, value in assignments.items()
                # To merge nothing into an object is to leave it as it is.
                if value != {} or not isinstance(find_value(record, path), Mapping)
            }
            return {**stamp_updated(record, moment), **wanted} if wanted else {}

        return edit

    return _change(root_path, name, make_edit, timeout_s, dry_run)


def _flatten(path: Path, changes: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for key, value in changes.items():
        if not isinstance(key, str):
            raise InvalidValue("changes", changes, f"the key {key!r} is no text")
        if isinstance(value, Mapping) and value:
            yield from _flatten((*path, key), value)
        else:
            yield (*path, key), REMOVED if value is None else value
