"""The sample of what Claude Code leaves, as conversations in a project of a test."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.conftest import FIXTURES

_SAMPLE = FIXTURES / "claude-home" / ".claude"
_SAID = "/home/sam/shop"
EXPECT: dict[str, Any] = json.loads((FIXTURES / "claude-home" / "EXPECT.json").read_text())
MAIN, OTHER = EXPECT["threads"]
(RUN,) = EXPECT["runs"]
BRANCH = "feat/cart"
# When the last line was written.
WRITTEN = datetime(2026, 9, 14, 10, 10, 40, tzinfo=UTC)


def plant_talks(home: Path, project: Path) -> Path:
    """Put the sample into a home, the main conversation in the project; return its `.claude`.

    No file was written lately, so that nothing seems to be at work.
    """
    agent = home / ".claude"
    shutil.copytree(_SAMPLE, agent)
    for path in agent.rglob("*.json*"):
        path.write_text(path.read_text().replace(_SAID, str(project)))
        age(path)
    return agent


def age(path: Path) -> None:
    os.utime(path, (WRITTEN.timestamp(), WRITTEN.timestamp()))


def transcript_of(agent: Path, thread: str) -> Path:
    (found,) = (agent / "projects").glob(f"*/{thread}.jsonl")
    return found


def commit_meanwhile(project: Path) -> tuple[str, str]:
    """Make a project a repository with a commit of long before, and one of while MAIN was there.

    Return their hashes; the later is what is checked out.
    """

    def git(*words: str, at: str = "") -> str:
        who = ("-c", "user.name=Sam", "-c", "user.email=sam@example.com")
        environment = {**os.environ, "GIT_COMMITTER_DATE": at, "GIT_AUTHOR_DATE": at}
        done = subprocess.run(
            ["git", *who, *words],
            cwd=project,
            check=True,
            env=environment,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    git("init", "-q", "-b", BRANCH)
    git("commit", "-q", "--allow-empty", "-m", "Long before", at="2026-01-01T00:00:00Z")
    before = git("rev-parse", "HEAD")
    told = "Count each discount once"
    git("commit", "-q", "--allow-empty", "-m", told, at="2026-09-14T09:30:00Z")
    return before, git("rev-parse", "HEAD")
