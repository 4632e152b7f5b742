"""An agent, as far as dispatches see one: starts, is heard of by its hook, keeps a transcript.

Run as a program in a worktree. Says what it was given as a line of JSON, does what its words say
in their order, and ends well unless told otherwise. `WF_RESUME` names the conversation to go on
with; else it begins the one of the word `as=ID`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

SAID = ("WF_", "GIT_", "CLAUDE_")


def main(words: list[str]) -> int:
    named = next((word.partition("=")[2] for word in words if word.startswith("as=")), "first")
    thread_id = os.environ.get("WF_RESUME") or named
    said = {name: value for name, value in os.environ.items() if name.startswith(SAID)}
    sys.stdout.write(json.dumps({"cwd": os.getcwd(), "id": thread_id, **said}) + "\n")
    sys.stdout.flush()
    for word in words:
        if word == "hook":
            hear(thread_id)
        elif word == "transcript":
            note(find_transcript(thread_id))
        elif word == "commit":
            Path("file.txt").write_text(f"{thread_id} {os.urandom(4).hex()}\n")
            run("git", "commit", "-qam", "By an agent")
        elif word == "push":
            run("git", "push", "-q")
        elif word == "wait":
            sys.stdin.readline()
        elif word.startswith("exit="):
            return int(word.partition("=")[2])
    return 0


def find_transcript(thread_id: str) -> Path:
    config = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.expanduser("~/.claude")
    slug = os.getcwd().replace("/", "-").replace(".", "-")
    return Path(config, "projects", slug, f"{thread_id}.jsonl")


def note(transcript: Path) -> None:
    transcript.parent.mkdir(parents=True, exist_ok=True)
    with transcript.open("a") as file:
        file.write("{}\n")


def hear(thread_id: str) -> None:
    event = {
        "session_id": thread_id,
        "transcript_path": str(find_transcript(thread_id)),
        "cwd": os.getcwd(),
        "hook_event_name": "SessionStart",
        "source": "resume" if os.environ.get("WF_RESUME") else "startup",
    }
    hook = (sys.executable, "-P", "-m", "wfsession", "hook", "claude-code")
    done = subprocess.run(hook, input=json.dumps(event).encode(), check=True, capture_output=True)
    assert not done.stderr, done.stderr


def run(*words: str) -> None:
    subprocess.run(words, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
