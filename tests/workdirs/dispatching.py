"""Dispatching the stand-in agent of `agent.py`, in a process of its own, with real git."""

import json
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from attrs import field, frozen

from tests.cli.wf import make_environment
from tests.workdirs.repositories import Repository
from wfsession.git import make_access
from wfsession.workdirs.dispatch import Dispatch, Terms, dispatch
from wfsession.workdirs.key import make_key
from wfsession.workdirs.places import Places
from wfsession.workdirs.resume import Resume, resume_options
from wfsession.workdirs.thread import (
    ThreadRecord,
    find_thread_path,
    make_thread_key,
    read_thread_record,
)

AGENT = (sys.executable, str(Path(__file__).with_name("agent.py")))
BRANCH = "feature/a"


def make_terms(**changes: Any) -> Terms:
    """Return the terms of a dispatch from this process, with its environment."""
    return Terms(**{"access": make_access(make_environment()), **changes})


@frozen
class Ran:
    """A dispatch that is over: what the agent said at its start, and how it was put down."""

    said: dict[str, str]
    code: int
    resume: Resume
    notes: tuple[str, ...]
    record: ThreadRecord
    path: str = ""
    root: str = ""


@frozen
class Dispatcher:
    """Somebody who dispatches agents on one repository."""

    places: Places
    repository: Repository
    terms: Terms = field(factory=make_terms)

    def open(
        self, agent: str = "dev", branch: str = BRANCH, issue: str | None = "7"
    ) -> AbstractContextManager[Dispatch]:
        remote = self.repository.remote
        return dispatch(self.places, agent, remote, branch, issue, self.terms)

    def dispatch(
        self, *words: str, agent: str = "dev", branch: str = BRANCH, issue: str | None = "7"
    ) -> Ran:
        """Run the agent to its end, and put down how that was."""
        with self.open(agent, branch, issue) as run:
            said, code = run_agent(run, *words)
            run.finish("failed" if code else "ended", code)
        return Ran(said, code, run.resume, run.notes, run.record, run.path, run.root)

    def read(self, agent: str = "dev", issue: str | None = "7") -> ThreadRecord:
        key = make_key(agent, self.repository.remote, BRANCH)
        thread_key = make_thread_key(key, issue)
        path = find_thread_path(self.places, key.repository_name, thread_key)
        found = read_thread_record(path, thread_key)
        assert isinstance(found, ThreadRecord), found
        return found

    def plan(self, agent: str = "dev", branch: str = BRANCH, issue: str | None = "7") -> Resume:
        return resume_options(self.places, agent, self.repository.remote, branch, issue)


def run_agent(run: Dispatch, *words: str) -> tuple[dict[str, str], int]:
    """Run the agent to its end; the word `told` has its caller tell which conversation it was."""
    done = subprocess.run(
        [*AGENT, *words],
        cwd=run.path,
        env=run.environment,
        pass_fds=run.descriptors,
        stdout=subprocess.PIPE,
        check=False,
    )
    said = json.loads(done.stdout.splitlines()[0])
    if "told" in words:
        run.record_thread(said["id"])
    return said, done.returncode


def see_in(ran: Ran, century: str) -> None:
    """Let the conversation of a run be seen last in another century: its first two digits."""
    name = f"claude-code--{ran.record.id}.json"
    file = Path(ran.root, ran.said["WF_SESSION"], ".threads", name)
    file.write_text(file.read_text().replace('"last_seen": "20', f'"last_seen": "{century}'))
