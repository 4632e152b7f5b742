"""By what a run's conversation is known: what hooks put down of it, and its transcript.

Reads only.
"""

import os
from collections.abc import Iterable

from attrs import evolve

from wfsession.threads.bindings import Thread, list_threads
from wfsession.workdirs.thread import ThreadRecord, find_transcript

# Why a conversation ended that goes on under another id.
_CLEARED = "clear"
Stamp = tuple[str, int, int]


def list_seen(root: str, record: ThreadRecord) -> tuple[Thread, ...]:
    """Return the conversations that hooks saw in the workdir of a run since it began.

    Times are whole seconds, so the one of a run that ended a moment before may be among them.
    """
    since = record.started_at
    here = os.path.realpath(record.start_directory)
    return tuple(
        one
        for one in list_threads(root, archived=True)
        if since is not None
        and one.last_seen is not None
        and one.last_seen >= since
        and one.facts.start_directory
        and os.path.realpath(one.facts.start_directory) == here
        and one.data.get("closed_by") != _CLEARED
    )


def choose(seen: Iterable[Thread]) -> Thread | None:
    """Return the conversation of a run, of those that were seen, or None where none was.

    A command may start further agents. They end before it does, so the one that was seen last is
    meant, and of several the one that began first.
    """
    return max(seen, key=_rank, default=None)


def _rank(thread: Thread) -> tuple[float, float]:
    first, last = (
        moment.timestamp() if moment is not None else 0.0
        for moment in (thread.first_seen, thread.last_seen)
    )
    return last, -first


def learn(record: ThreadRecord, seen: Thread | None) -> ThreadRecord:
    """Return the record of a run with what hooks put down of its conversation."""
    if seen is None:
        return record
    facts = seen.facts
    return evolve(
        record,
        id=seen.id,
        program=seen.agent,
        config_directory=facts.config_directory or record.config_directory,
        transcript=facts.transcript,
        parent=facts.parent or record.parent,
    )


def stamp_transcript(record: ThreadRecord) -> Stamp | None:
    """Return what changes of a transcript when the conversation goes on; None where it is gone."""
    path = find_transcript(record)
    try:
        status = os.stat(path)
    except OSError:
        return None
    return path, status.st_size, status.st_mtime_ns
