"""One record of each shape, as tools and people write them, and what a change makes of one.

Each text has its own style (indentation, line ends, escapes, inline values) and keys that nobody
knows at every level, so that a change can be seen to leave them alone.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from wfsession.core import progress
from wfsession.core.model import Event, Fault, Record
from wfsession.core.records import Edit, parse_record
from wfsession.core.splice import REMOVED, Appended, Path

# Later than all times in the records.
MOMENT = datetime(2025, 10, 1, 8, 30, 0, tzinfo=UTC)
STAMP = "2025-10-01T08:30:00Z"

SHAPE_A = """{
  "session_id": "WFS-a",
  "created_at": "2025-09-05T10:00:00Z",
  "type": "complex",
  "description": "Anmeldung \\u00fcber OAuth",
  "current_phase": "INIT",
  "status": "initialized",
  "phases": {
    "INIT": {
      "status": "completed",
      "completed_at": "2025-09-05T10:01:00Z",
      "files_created": ["IMPL_PLAN.md", "workflow-session.json"],
      "x-seconds": 1.50
    },
    "PLAN": {"status": "pending", "completed_at": null, "output": [ ]},
    "x-phase": {}
  },
  "documents": {
    "planning": {
      "IMPL_PLAN.md": {
        "status": "generated",
        "path": "./IMPL_PLAN.md",
        "created_at": "2025-09-05T10:01:00Z",
        "type": "markdown"
      }
    }
  },
  "task_system": {
    "enabled": true,
    "max_depth": 2,
    "task_count": 0,
    "directory": ".task"
  },
  "registry": {"registered_in": ".workflow/session_status.jsonl", "active_session": true},
  "x-big": 123456789012345678901234567890
}
"""

SHAPE_B = """{
\t"session_id": "WFS-a",
\t"project": "Login",
\t"type": "medium",
\t"status": "paused",
\t"x-owner": {"name": "\\ud83c\\udf89", "teams": [1, 2.0, 1e3]},
\t"current_phase": "BRAINSTORM",
\t"created": "2025-09-05T12:00:00+02:00",
\t"directory": ".workflow/WFS-a",
\t"documents": {
\t\t"IMPL_PLAN.md": {"status": "generated", "path": "./x", "last_updated": "2025-09-06"}
\t},
\t"task_system": {
\t\t"enabled": true,
\t\t"task_count": {
\t\t\t"total": 7,
\t\t\t"main_tasks": 3,
\t\t\t"subtasks": 4,
\t\t\t"x-odd": -0
\t\t}
\t}
}
""".replace("\n", "\r\n")

SHAPE_C = """\ufeff{
    "session_id": "WFS-a",
    "x-first": [
        {"a" : 1 },

        null
    ],
    "project": "User profile feature",
    "type": "medium",
    "current_phase": "IMPLEMENT",
    "status": "active",
    "progress": {
        "completed_phases": [
            "PLAN"
        ],
        "current_tasks": ["impl-1"],
        "last_checkpoint": "2025-09-07T10:00:00Z",
        "x-note": "caf\\u00e9"
    },
    "meta": {
        "created": "2025-09-05T10:00:00Z",
        "updated": "2025-09-07T10:00:00Z",
        "x-by": "hand"
    },
    "transitions": [
        {"phase_completed": "PLAN", "next_phase": "IMPLEMENT", "completed_at": "2025-09-06",
         "artifacts": {"plan": "IMPL_PLAN.md"}, "x-cost": 1.10}
    ],
    "renamed_from": ["WFS-u\\u0308"],
    "checkpoint": {
        "at": "2025-09-07T10:00:00Z",
        "trigger": "user_request",
        "phase": "IMPLEMENT",
        "tasks": ["impl-1"],
        "note": "half way",
        "artifacts": {"notes": "notes.md"}
    },
    "x-last": {}
}"""

SHAPE_D = """{
  "session_id": "WFS-a",
  "type": "tdd",
  "workflow_type": "tdd",
  "status": "in_progress",
  "description": "Profile",
  "created_at": "2025-09-05T10:00:00.000Z",
  "updated_at": "2025-09-07T10:00:00.000Z",
  "started_at": "2025-09-05T10:00:01.000Z",
  "execution_started_at": "2025-09-05T10:00:02.000Z",
  "paused_at": "2025-09-06T10:00:00Z",
  "resumed_at": "2025-09-06T11:00:00Z",
  "completed_at": null,
  "archived_at": null,
  "final_phase": null,
  "completion_type": "x",
  "tags": ["auth", "ui"],
  "progress": {"total": 4, "completed": 1, "percentage": 25.0},
  "schema_version": 1
}
"""

SHAPES = {"A": SHAPE_A, "B": SHAPE_B, "C": SHAPE_C, "D": SHAPE_D}


def assign(holder: Any, path: Path, value: Any) -> Any:
    """Return an object as it is to be once a value is set in it: the law of `splice`."""
    key, rest = path[0], path[1:]
    changed = dict(holder)
    if value is REMOVED:
        if not rest:
            changed.pop(key, None)
        elif changed.get(key) is not None:
            changed[key] = assign(changed[key], rest, value)
    elif rest:
        inner = changed.get(key)
        changed[key] = assign({} if inner is None else inner, rest, value)
    elif isinstance(value, Appended):
        changed[key] = [*(changed.get(key) or []), value.item]
    else:
        changed[key] = value
    return changed


def assign_all(holder: Any, assignments: Mapping[Path, Any]) -> Any:
    """Return an object as it is to be once all values are set in it, in their order."""
    for path, value in assignments.items():
        holder = assign(holder, path, value)
    return holder


def edit_of(operation: Callable[..., Event], *args: Any, **options: Any) -> Edit:
    """Return the edit that an operation of `progress` would make at MOMENT, without a disk."""
    taken: list[Edit] = []

    def take(root: str, name: str, make_edit: Callable[[datetime], Edit], *_: Any) -> None:
        assert (root, name) == ("/r", "WFS-a")
        taken.append(make_edit(MOMENT))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "_change", take)
        operation("/r", "WFS-a", *args, **options)
    (edit,) = taken
    return edit


PATH = "/r/WFS-a/workflow-session.json"


def read(text: str | bytes) -> Record:
    record = parse_record(text.encode() if isinstance(text, str) else text)
    assert isinstance(record, Record)
    return record


def fail(data: bytes) -> Fault:
    fault = parse_record(data)
    assert isinstance(fault, Fault)
    return fault


def setting(*path: str, to: Any) -> Edit:
    return lambda record: {path: to}


def at(day: int, hour: int = 10, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2025, 9, day, hour, minute, second, tzinfo=UTC)
