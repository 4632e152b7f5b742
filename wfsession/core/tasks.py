"""The tasks of a session: its `.task/*.json` where there are any, else what the record says.

Reads only; these files are the user's.
"""

import re
from collections.abc import Iterable

from wfsession.core.disk import Folder
from wfsession.core.jsontext import parse_json
from wfsession.core.layout import TASKS
from wfsession.core.model import Record, Task, TaskCounts

LIMIT_BYTES = 8_000_000
IN_PROGRESS = frozenset({"active", "in_progress"})
# A container only groups tasks that have files of their own.
FINISHED = frozenset({"completed", "cancelled", "container"})
UNREADABLE = "unreadable"

# Longer numbers are read in pieces: Python refuses to convert very long ones.
_DIGITS = re.compile(r"(\d{1,4000})")


def order_key(task_id: str) -> tuple[int | str, ...]:
    """Return a key that sorts ids by their numbers: IMPL-2 before IMPL-10."""
    # Text and numbers take turns, so that like is always compared with like.
    return tuple(int(part) if part.isdecimal() else part for part in _DIGITS.split(task_id))


def read_tasks(session: Folder, record: Record | None) -> tuple[Task, ...]:
    """Return the tasks of a session, in the order of their numbers.

    A file that is no task has the status "unreadable". Where there are no files, the tasks that
    the record has in hand are given, with the status "in_progress".
    """
    tasks = _read_files(session)
    if not tasks and record is not None:
        tasks = [Task(task_id, "", "in_progress") for task_id in record.current_tasks]
    return tuple(sorted(tasks, key=lambda task: (order_key(task.id), task.source)))


def _read_files(session: Folder) -> list[Task]:
    try:
        with session.child(TASKS) as folder:
            names = [name for name in folder.list_names() if name.endswith(".json")]
            return [_read_task(folder, name) for name in names]
    except OSError:
        # No such directory, or none that may be read: the record has to do.
        return []


def _read_task(folder: Folder, name: str) -> Task:
    path = folder.join(name)
    stem = name.removesuffix(".json")
    try:
        data = parse_json(folder.read(name, LIMIT_BYTES).data)
    except (OSError, ValueError):
        return Task(stem, "", UNREADABLE, path)
    if not isinstance(data, dict) or not isinstance(data.get("status"), str):
        return Task(stem, "", UNREADABLE, path)
    task_id, title = data.get("id"), data.get("title")
    return Task(
        id=task_id if isinstance(task_id, str) and task_id else stem,
        title=title if isinstance(title, str) else "",
        status=data["status"],
        source=path,
    )


def name_in_hand(tasks: Iterable[Task], record: Record | None) -> tuple[str, ...]:
    """Return the ids of the tasks that are worked on: in the record, and by their files."""
    read = tuple(tasks)
    finished = {task.id for task in read if task.status in FINISHED}
    named = record.current_tasks if record else ()
    started = [task.id for task in read if task.status in IN_PROGRESS]
    return tuple(task for task in dict.fromkeys((*named, *started)) if task not in finished)


def count_tasks(session: Folder, has_files: bool, record: Record | None) -> TaskCounts:
    """Count a session's tasks.

    Args:
        session: its directory.
        has_files: whether it has a `.task` entry; saves a call where it has none.
        record: its record, which counts where there are no files.
    """
    tasks = _read_files(session) if has_files else []
    if tasks:
        return TaskCounts(
            done=sum(task.status == "completed" for task in tasks),
            total=len(tasks),
            in_progress=sum(task.status in IN_PROGRESS for task in tasks),
            unreadable=sum(task.status == UNREADABLE for task in tasks),
        )
    if record is None:
        return TaskCounts()
    in_hand, done = len(record.current_tasks), record.tasks_done or 0
    total = record.tasks_total if record.tasks_total is not None else in_hand + done
    return TaskCounts(done=done, total=total, in_progress=in_hand)


def list_unfinished(session: Folder, record: Record) -> tuple[str, ...]:
    """Return the ids of the tasks that are not done: in the files, and in hand in the record."""
    tasks = _read_files(session)
    open_ids = {task.id for task in tasks if task.status not in FINISHED}
    open_ids |= set(record.current_tasks) - {task.id for task in tasks}
    return tuple(sorted(open_ids, key=order_key))
