"""Whether an agent goes on with the conversation that it had, or begins a new one, and why.

Reads records and looks for transcripts; changes nothing.
"""

import os
from datetime import datetime
from typing import Literal

from attrs import frozen

from wfsession.core.times import now
from wfsession.workdirs.key import make_key
from wfsession.workdirs.locks import is_held
from wfsession.workdirs.places import Places
from wfsession.workdirs.remote import Remote
from wfsession.workdirs.thread import (
    ThreadRecord,
    find_thread_lock,
    find_thread_path,
    find_transcript,
    make_thread_key,
    read_thread_record,
)

Reason = Literal[
    "", "never_ran", "running", "resume_failed", "moved", "gone", "expired", "transcript_gone"
]


@frozen
class Resume:
    """A conversation to go on with; or none, where `reason` and `sentence` say why.

    `id`, `start_directory` and `config_directory` are what an agent's program needs: it finds a
    conversation only from the directory that it began in. The conversation itself goes on, it is
    not forked. Where there is none, the agent knows nothing: it needs the full prompt, and not only
    what is new.
    """

    id: str = ""
    program: str = ""
    start_directory: str = ""
    config_directory: str = ""
    reason: Reason = ""
    sentence: str = ""

    @property
    def is_possible(self) -> bool:
        """Tell whether there is a conversation to go on with."""
        return bool(self.id)


def resume_options(
    places: Places, agent: str, remote: Remote, branch: str, issue: str | None = None
) -> Resume:
    """Tell whether the next dispatch goes on with a conversation. It may change until then.

    Args:
        places: where everything lies.
        agent: the agent.
        remote: the repository.
        branch: the branch.
        issue: the issue; None where it is the branch that counts.

    Raises:
        InvalidValue: the agent, the branch or the issue cannot be one.
        DiskFailed: the record cannot be read.
    """
    key = make_key(agent, remote, branch)
    thread_key = make_thread_key(key, issue)
    path = find_thread_path(places, key.repository_name, thread_key)
    for lock in (places.lock(key), find_thread_lock(path)):
        if is_held(lock):
            return _refuse("running", f"{agent} is at work on {thread_key.matter} already")
    found = read_thread_record(path, thread_key)
    return plan_resume(None if isinstance(found, str) else found, places.workdir(key), now())


def plan_resume(record: ThreadRecord | None, path: str, at: datetime) -> Resume:
    """Tell whether a run can go on with a conversation.

    Args:
        record: what is known of it, or None.
        path: the workdir of the run.
        at: the time of the run.
    """
    if record is None or not record.id:
        return _refuse("never_ran", "no conversation is known")
    if record.status == "resume_failed":
        return _refuse("resume_failed", f"{record.thread} could not be resumed the last time")
    start = record.start_directory
    if not start or os.path.realpath(start) != os.path.realpath(path):
        return _refuse("moved", f"{record.thread} began in {start or 'a place unknown'}")
    if not os.path.isdir(start):
        return _refuse("gone", f"{start}, where {record.thread} began, is gone")
    if record.expires_at is not None and record.expires_at <= at:
        return _refuse("expired", f"{record.thread} did nothing for too long")
    if not find_transcript(record):
        return _refuse("transcript_gone", f"the transcript of {record.thread} is gone")
    return Resume(record.id, record.program, start, record.config_directory)


def _refuse(reason: Reason, sentence: str) -> Resume:
    return Resume(reason=reason, sentence=sentence)
