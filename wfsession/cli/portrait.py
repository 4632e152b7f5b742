"""Sessions as rows of JSON and in words: what `list`, `show`, `status` and `resume` share."""

from collections.abc import Mapping
from datetime import datetime

from wfsession.core.model import Checkpoint, Record, Session, Task, Transition
from wfsession.core.snapshot import open_session
from wfsession.core.tasks import name_in_hand, read_tasks
from wfsession.core.times import encode_time
from wfsession.words import join, tell_ago

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.cli.answer import Data


def encode_moment(moment: datetime | None) -> str | None:
    """Return a time as JSON has it."""
    return encode_time(moment) if moment is not None else None


def encode_session(session: Session) -> "Data":
    """Return a session as a row of `wf list --json`."""
    return {
        "name": session.name,
        "title": session.title,
        "type": session.type or None,
        "state": session.state,
        "phase": session.phase or None,
        "tasks": {
            "done": session.tasks.done,
            "total": session.tasks.total,
            "in_progress": session.tasks.in_progress,
            "unreadable": session.tasks.unreadable,
        },
        "threads": session.threads,
        "created": encode_time(session.created),
        "updated": encode_time(session.updated),
        "path": session.path,
        "problems": list(session.problems),
        "fault": session.fault or None,
    }


def encode_checkpoint(checkpoint: Checkpoint | None) -> "Data | None":
    """Return a checkpoint as JSON has it, or None."""
    if checkpoint is None:
        return None
    return {
        "at": encode_moment(checkpoint.at),
        "trigger": checkpoint.trigger,
        "phase": checkpoint.phase or None,
        "tasks": list(checkpoint.tasks),
        "note": checkpoint.note,
        "artifacts": dict(checkpoint.artifacts),
    }


def encode_transition(transition: Transition) -> "Data":
    """Return a hand-over as JSON has it."""
    return {
        "phase_completed": transition.phase_completed,
        "next_phase": transition.next_phase,
        "completed_at": encode_moment(transition.completed_at),
        "artifacts": dict(transition.artifacts),
    }


def encode_task(task: Task) -> "Data":
    """Return a task as JSON has it; `source` is its file, or null."""
    return {
        "id": task.id,
        "title": task.title,
        "status": task.status,
        "source": task.source or None,
    }


def list_tasks(session: Session) -> tuple[Task, ...]:
    """Return a session's tasks; none where its directory cannot be opened."""
    try:
        with open_session(session) as folder:
            return read_tasks(folder, session.record)
    except OSError:
        # Listed as bad, or gone this moment: there is nothing to tell of it.
        return ()


def list_in_hand(session: Session, tasks: tuple[Task, ...] | None = None) -> tuple[str, ...]:
    """Return the ids of the tasks that are worked on: in the record, and by their files."""
    return name_in_hand(list_tasks(session) if tasks is None else tasks, session.record)


def tell_tasks(session: Session) -> str:
    """Return `2/5`, or an empty text where there are no tasks."""
    counts = session.tasks
    return f"{counts.done}/{counts.total}" if counts.total else ""


def tell_title(session: Session) -> str:
    """Return the title where it says more than the name, and why a bad session is bad."""
    if session.state == "bad":
        return session.fault
    return "" if session.title == session.name else session.title


def tell_checkpoint(record: Record | None, now: datetime) -> str:
    """Return the last checkpoint with its age and note."""
    checkpoint = record.checkpoint if record else None
    if checkpoint is None:
        at = record.last_checkpoint if record else None
        return tell_ago(at, now) if at is not None else "none yet"
    parts = [tell_ago(checkpoint.at, now) if checkpoint.at else "at an unknown time"]
    if checkpoint.phase:
        parts.append(f"in {checkpoint.phase}")
    text = ", ".join(parts)
    note = f": {checkpoint.note}" if checkpoint.note else ""
    handed = f" ({tell_artifacts(checkpoint.artifacts)})" if checkpoint.artifacts else ""
    return f"{text}{note}{handed}"


def tell_artifacts(artifacts: Mapping[str, object]) -> str:
    """Return `plan = IMPL_PLAN.md, …`."""
    return join(f"{name} = {path}" for name, path in artifacts.items())
