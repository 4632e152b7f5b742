"""The changes that operations make to a record, as functions of what it says now.

Pure. They are made again on the new bytes where somebody else changed the record meanwhile, so
each says what is to be different, never what the whole is to be (protocol.md, 4).
"""

from datetime import datetime

from wfsession.core.model import Record
from wfsession.core.records import Assignments, Edit, stamp_updated
from wfsession.core.states import ACTIVE_LIKE, COMPLETED_LIKE
from wfsession.core.times import encode_time

_KNOWN = ACTIVE_LIKE | COMPLETED_LIKE | {"", "paused", "interrupted"}


def _say_status(record: Record, status: str) -> Assignments:
    # A status that another tool made up means something to that tool.
    return {("status",): status} if record.status in _KNOWN else {}


def become_paused(moment: datetime) -> Edit:
    """The session stops being the active one."""

    def edit(record: Record) -> Assignments:
        stamp = encode_time(moment)
        status = _say_status(record, "paused")
        return {**status, ("paused_at",): stamp, **stamp_updated(record, moment)}

    return edit


def become_active(moment: datetime) -> Edit:
    """The session becomes the active one."""

    def edit(record: Record) -> Assignments:
        stamp = encode_time(moment)
        return {
            **_say_status(record, "active"),
            ("resumed_at",): stamp,
            **stamp_updated(record, moment),
        }

    return edit


def become_completed(moment: datetime) -> Edit:
    """The session ends: status, time, its phase, and a last checkpoint."""

    def edit(record: Record) -> Assignments:
        phases = [*record.completed_phases]
        if record.phase and record.phase not in phases:
            phases.append(record.phase)
        return {
            ("status",): "completed",
            ("completed_at",): encode_time(moment),
            ("progress", "completed_phases"): phases,
            **make_checkpoint(record, moment, "session_end"),
            **stamp_updated(record, moment),
        }

    return edit


def become_archived(moment: datetime) -> Edit:
    """The session's directory is among the archived."""

    def edit(record: Record) -> Assignments:
        return {("archived_at",): encode_time(moment), **stamp_updated(record, moment)}

    return edit


def become_renamed(moment: datetime, old: str, new: str) -> Edit:
    """The session has another name; the one before leads to it still."""

    def edit(record: Record) -> Assignments:
        return {
            ("session_id",): new,
            **keep_former_name(record, old, new),
            **stamp_updated(record, moment),
        }

    return edit


def keep_former_name(record: Record, old: str, new: str) -> Assignments:
    """Return the change by which a name that a session loses leads to it still."""
    former = [name for name in record.renamed_from if name not in (old, new)]
    return {("renamed_from",): [*former, old]}


def make_checkpoint(
    record: Record,
    moment: datetime,
    trigger: str,
    note: str = "",
    artifacts: dict[str, str] | None = None,
) -> Assignments:
    """Return the change that keeps the state of the work as the latest checkpoint.

    Args:
        record: what the record says.
        moment: when.
        trigger: phase_complete|user_request|session_end.
        note: a sentence of the user's, may be empty.
        artifacts: names and paths of what was made.
    """
    stamp = encode_time(moment)
    checkpoint = {
        "at": stamp,
        "trigger": trigger,
        "phase": record.phase,
        "tasks": list(record.current_tasks),
        "note": note,
        "artifacts": artifacts or {},
    }
    return {("checkpoint",): checkpoint, ("progress", "last_checkpoint"): stamp}
