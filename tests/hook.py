"""Playing an agent: its events, given to `wf hook` in this process or in one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from wfsession.core.locate import Environment
from wfsession.hooks import frame
from wfsession.workspace import Workspace

REPOSITORY = Path(__file__).parents[1]
# What each event has besides; all keys that are documented.
MORE: dict[str, dict[str, Any]] = {
    "SessionStart": {"source": "startup", "model": "opus", "agent_type": "main"},
    "UserPromptSubmit": {"prompt": "go on"},
    "PreToolUse": {"tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "t1"},
    "PostToolUse": {
        "tool_name": "Bash",
        "tool_input": {"command": "ls"},
        "tool_response": {"stdout": "x"},
        "tool_use_id": "t1",
    },
    "PreCompact": {"trigger": "auto", "custom_instructions": ""},
    "Stop": {"stop_hook_active": False},
    "SubagentStop": {"stop_hook_active": False},
    "SessionEnd": {"reason": "other"},
}


@attrs.frozen
class Heard:
    """What a hook said: to the agent, and on standard error."""

    context: str
    notes: tuple[str, ...]
    answer: dict[str, Any]


def make_event(event: str, thread_id: str, cwd: Path, **data: Any) -> dict[str, Any]:
    return {
        "session_id": thread_id,
        "transcript_path": f"/home/ada/.claude/projects/x/{thread_id}.jsonl",
        "cwd": str(cwd),
        "permission_mode": "default",
        "hook_event_name": event,
        **MORE.get(event, {}),
        **data,
    }


@attrs.frozen
class Player:
    """An agent's conversation in a directory, whose events go to `wf hook` in this process."""

    patch: pytest.MonkeyPatch
    project: Path
    id: str = "11111111-aaaa"
    agent: str = "claude-code"

    @property
    def thread(self) -> str:
        return f"{self.agent}--{self.id}"

    @property
    def session(self) -> str | None:
        """The session that the thread's commands are about."""
        root = str(self.project / ".workflow")
        return Workspace(root, Environment(thread=self.thread)).resolve().session

    def hear(self, event: str, **data: Any) -> Heard:
        """Let an event happen, and return what the agent hears."""
        raw = json.dumps(make_event(event, self.id, self.project, **data)).encode()
        return hear(self.patch, (self.agent, event), raw)


def hear(patch: pytest.MonkeyPatch, words: Sequence[str], raw: bytes) -> Heard:
    """Run a hook on an input in this process."""
    written: dict[int, bytes] = {1: b"", 2: b""}

    def put(descriptor: int, data: bytes) -> None:
        written[descriptor] += data

    with patch.context() as inner:
        inner.setattr(frame, "_put", put)
        inner.setattr(frame, "_read_input", lambda: raw)
        inner.setattr("os.isatty", lambda descriptor: False)
        assert frame.run(words) == 0
    return parse(written[1], written[2])


def parse(out: bytes, err: bytes) -> Heard:
    notes = tuple(err.decode().splitlines())
    assert all(note.startswith("wf hook: ") for note in notes), notes
    if not out:
        return Heard("", notes, {})
    assert out.endswith(b"\n")
    answer = json.loads(out)
    return Heard(answer["hookSpecificOutput"]["additionalContext"], notes, answer)


def run_hook(
    command: Sequence[str], raw: bytes, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a hook's command in a process of its own."""
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([str(REPOSITORY / "bin"), beside, os.environ["PATH"]])
    return subprocess.run(
        command,
        input=raw,
        cwd=cwd,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        check=False,
        timeout=60,
    )
