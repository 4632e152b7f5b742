"""A real repository with sessions, agents that write in it, and a clock that moves at each step."""

import difflib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import attrs

# 2026-11-21T10:00:00Z
BEGIN_S = 1_795_255_200
MODEL_A, MODEL_B = "anthropic/claude-opus-4-5", "openai/gpt-5"


def git(*words: str, at: Path, stdin: str = "", **env: str) -> str:
    """Run git as somebody who works there, and return what it prints."""
    done = subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *words],
        cwd=at,
        env={**os.environ, **env},
        input=stdin.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape")


def make_diff(path: str, before: str | None, after: str) -> str:
    """Return a diff as an agent's tool gives it: with lines around, by another program than git."""
    lines = difflib.unified_diff(
        (before or "").splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{path}" if before is not None else "/dev/null",
        f"b/{path}",
    )
    return "".join(lines)


@attrs.define
class Repository:
    """A repository in a directory that has a `.workflow` too."""

    path: Path
    now_s: int = BEGIN_S

    def git(self, *words: str, stdin: str = "", **env: str) -> str:
        self.now_s += 10
        date = f"{self.now_s} +0000"
        dates = {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date}
        return git(*words, at=self.path, stdin=stdin, **{**dates, **env})

    def write(self, file: str, text: str) -> None:
        """Let a person write a file."""
        (self.path / file).parent.mkdir(parents=True, exist_ok=True)
        (self.path / file).write_bytes(text.encode())

    def read(self, file: str) -> str | None:
        place = self.path / file
        return place.read_bytes().decode() if place.exists() else None

    def add_part(self, session: str, thread: str, **fields: Any) -> None:
        """Put a line into the conversation of a thread."""
        self.now_s += 10
        part = {
            "v": 1,
            "kind": "part",
            "session_id": thread.partition("--")[2],
            "message_id": f"m{self.now_s}",
            "part_type": "patch",
            "text": "",
            "generated_at_unix_ms": self.now_s * 1000,
            "hash": f"{self.now_s}",
            **fields,
        }
        folder = self.path / ".workflow" / session / ".conversation"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{thread}.jsonl").open("a") as file:
            file.write(json.dumps(part, ensure_ascii=False) + "\n")

    def agent_writes(
        self, session: str, thread: str, file: str, text: str, model: str = ""
    ) -> None:
        """Let an agent write a file, and keep the patch of what it did."""
        patch = make_diff(file, self.read(file), text)
        self.write(file, text)
        more = {"model_id": model} if model else {}
        self.add_part(session, thread, text=patch, **more)

    def a_writes(self, file: str, text: str) -> None:
        self.agent_writes("WFS-alpha", "claude-code--a1", file, text, MODEL_A)

    def b_writes(self, file: str, text: str) -> None:
        self.agent_writes("WFS-beta", "codex--b2", file, text, MODEL_B)

    def commit(self, message: str = "a change", *words: str) -> str:
        """Commit all that was done, and return the hash."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, *words)
        return self.head()

    def head(self, name: str = "HEAD") -> str:
        return self.git("rev-parse", name).strip()

    def note(self, revision: str = "HEAD") -> str:
        return self.git("notes", "--ref=agent-trace", "show", revision)


def make_repository(path: Path) -> Repository:
    """Make a repository with one commit, of `a.py` with three lines, and two sessions."""
    path.mkdir(parents=True)
    git("init", "-q", "-b", "main", at=path)
    for name in ("WFS-alpha", "WFS-beta"):
        (path / ".workflow" / name).mkdir(parents=True)
    (path / ".git" / "info" / "exclude").write_text(".workflow\n")
    made = Repository(path)
    made.write("a.py", "one\ntwo\nthree\n")
    made.commit("base")
    return made
