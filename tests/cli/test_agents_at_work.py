"""Two agents in one project, whose events go through the commands that `wf install` put there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.cli.wf import ACTIVE, PAUSED, read_record, wf
from tests.hook import Heard, make_event, parse, run_hook

SETTINGS = {"claude-code": ".claude/settings.json", "codex": ".codex/hooks.json"}


@attrs.frozen
class AtWork:
    """An agent's conversation: its events through its hooks, its commands in its shells."""

    project: Path
    agent: str
    id: str
    exports: Path

    @property
    def thread(self) -> str:
        return f"{self.agent}--{self.id}"

    def _variables(self) -> dict[str, str]:
        return {"CLAUDE_ENV_FILE": str(self.exports)} if self.agent == "claude-code" else {}

    def live(self, event: str, **data: Any) -> Heard:
        """Let an event happen: run the command that the settings have for it, as the agent does."""
        settings = json.loads((self.project / SETTINGS[self.agent]).read_bytes())
        # The others are for tools that edit.
        group = settings["hooks"][event][0]
        (hook,) = group["hooks"]
        raw = json.dumps(make_event(event, self.id, self.project, **data)).encode()
        done = run_hook(("sh", "-c", hook["command"]), raw, self.project, **self._variables())
        assert done.returncode == 0
        return parse(done.stdout, done.stderr)

    def type(self, command: str) -> str:
        """Run a command in a shell of the agent's, and return what it prints."""
        if self.agent == "claude-code":
            command = f". '{self.exports}'; {command}"
        else:
            # What it was told to type.
            command = command.replace("wf ", f"WF_THREAD={self.thread} wf ")
        done = run_hook(("sh", "-c", command), b"", self.project)
        return done.stdout.decode()


@pytest.fixture
def agents(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[AtWork, AtWork]:
    """Return two conversations; what the agents' directories need is installed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for agent in SETTINGS:
        assert wf("install", agent).code == 0
    return (
        AtWork(project, "claude-code", "0b9c41f2-1111", tmp_path / "env of one"),
        AtWork(project, "codex", "5d3e0000-2222", tmp_path / "unused"),
    )


@pytest.fixture
def two_claudes(agents: tuple[AtWork, AtWork], tmp_path: Path) -> tuple[AtWork, AtWork]:
    first = attrs.evolve(agents[0], exports=tmp_path / "first")
    return first, attrs.evolve(first, id="7777aaaa-3333", exports=tmp_path / "second")


def begin(pair: tuple[AtWork, AtWork]) -> tuple[AtWork, AtWork]:
    """Let the first begin in the one session, and the second in the other."""
    first, second = pair
    assert ACTIVE in first.live("SessionStart").context
    wf("switch", PAUSED)
    assert PAUSED in second.live("SessionStart").context
    return pair


@pytest.mark.parametrize("kind", ["agents", "two_claudes"])
def test_each_keeps_its_session_through_what_the_other_and_a_person_do(
    kind: str, request: pytest.FixtureRequest
) -> None:
    first, second = begin(request.getfixturevalue(kind))
    project = first.project

    # A person switches; then the second one makes a session of its own.
    wf("switch", ACTIVE)
    assert first.live("UserPromptSubmit").context == ""
    assert "SESSION_ID: WFS-third" in second.type("wf new third")
    assert first.type("wf current") == f"{ACTIVE}\n"
    assert second.type("wf current") == "WFS-third\n"
    assert wf("current").out == "WFS-third\n"
    assert "works on the session WFS-third now" in second.live("PostToolUse").context
    assert first.live("PostToolUse").context == ""

    # Each writes to its own place, and its checkpoint lands there.
    first.type('echo one > "$(wf path)/NOTES.md"')
    second.type('echo two > "$(wf path)/NOTES.md"')
    root = project / ".workflow"
    assert (root / ACTIVE / "NOTES.md").read_text() == "one\n"
    assert (root / "WFS-third" / "NOTES.md").read_text() == "two\n"
    first.live("PreCompact")
    assert read_record(project, ACTIVE)["checkpoint"]["trigger"] == "session_end"
    assert "checkpoint" not in read_record(project, "WFS-third")

    # A renaming is followed, and told to whom it concerns.
    wf("rename", ACTIVE, "WFS-renamed")
    assert first.type("wf current") == "WFS-renamed\n"
    assert "is called WFS-renamed now" in first.live("UserPromptSubmit").context
    assert first.live("UserPromptSubmit").context == ""
    assert second.live("UserPromptSubmit").context == ""
    assert (root / ".threads" / first.thread).read_text() == "WFS-renamed\n"

    # One whose session is deleted falls back to the active one, and says so.
    wf("switch", "WFS-renamed")
    shutil.rmtree(root / "WFS-third")
    assert second.type("wf current") == "WFS-renamed\n"
    heard = second.live("UserPromptSubmit").context
    assert "WFS-third, the session of this conversation, is gone" in heard
    assert first.live("Stop").answer == second.live("Stop").answer == {}


def test_a_conversation_that_ends_is_closed_and_comes_back_to_its_session(
    agents: tuple[AtWork, AtWork],
) -> None:
    first, _ = begin(agents)
    first.live("Stop")

    assert first.live("SessionEnd").answer == {}

    rows = {row["thread"]: row for row in wf("threads", "--all", "--json").data["threads"]}
    assert rows[first.thread]["state"] == "closed"
    assert ACTIVE in first.live("SessionStart", source="resume").context
    assert first.type("wf current") == f"{ACTIVE}\n"


def test_a_compaction_in_the_middle_does_not_lose_the_binding(
    two_claudes: tuple[AtWork, AtWork],
) -> None:
    first, second = begin(two_claudes)

    for source in ("compact", "resume"):
        first.live("PreCompact")
        assert ACTIVE in first.live("SessionStart", source=source).context

    assert second.type("wf current") == f"{PAUSED}\n"
    exported = first.exports.read_text()
    assert exported == f"export WF_THREAD={first.thread}\n"


def test_the_installed_command_is_silent_where_wf_finds_no_project(
    agents: tuple[AtWork, AtWork], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    raw = json.dumps(make_event("UserPromptSubmit", "x", elsewhere)).encode()

    done = run_hook(("sh", "-c", "wf hook claude-code UserPromptSubmit"), raw, elsewhere)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_hooks_of_both_at_the_same_moment_leave_each_its_own(
    two_claudes: tuple[AtWork, AtWork],
) -> None:
    first, second = begin(two_claudes)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    running = []
    for _ in range(3):
        for agent in (first, second):
            for event in ("UserPromptSubmit", "PostToolUse", "Stop", "PreCompact"):
                raw = json.dumps(make_event(event, agent.id, agent.project)).encode()
                process = subprocess.Popen(
                    [str(Path(__file__).parents[2] / "bin" / "wf"), "hook", agent.agent, event],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    cwd=agent.project,
                    env={**os.environ, "PATH": path},
                )
                assert process.stdin is not None
                with process.stdin as pipe:
                    pipe.write(raw)
                running.append(process)
    for process in running:
        assert process.stderr is not None
        with process.stderr as err:
            assert err.read() == b""
        assert process.wait(60) == 0

    assert first.type("wf current") == f"{ACTIVE}\n"
    assert second.type("wf current") == f"{PAUSED}\n"
    assert wf("doctor").code == 0
