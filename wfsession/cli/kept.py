"""The conversations of a session whose transcripts are gone: what it kept of them, for `wf show`.

Loads what reads stories only where a session has any.
"""

import os
from datetime import datetime
from typing import NamedTuple

from wfsession.cli.portrait import encode_moment
from wfsession.core import layout
from wfsession.core.model import Session
from wfsession.errors import WfError
from wfsession.words import count, tell_ago

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wfsession.cli.answer import Data
    from wfsession.cli.call import Call
    from wfsession.threads.bindings import Thread


class KeptTold(NamedTuple):
    """A thread whose transcript is gone, and what its kept story comes to."""

    thread: str
    id: str
    label: str
    path: str
    ended: datetime | None
    steps: int
    responses: int
    tool_calls: int
    cost_usd: float | None


def list_kept_of(session: Session, call: "Call") -> tuple[KeptTold, ...]:
    """Return the threads of a session of which only a kept story is left, by when they ended."""
    if not os.path.isdir(os.path.join(session.path, layout.STORIES)):
        return ()
    from wfsession.threads.bindings import list_threads

    root = call.workspace.root
    found: list[KeptTold] = []
    try:
        for thread in list_threads(root, archived=True):
            transcript = os.path.expanduser(thread.facts.transcript)
            # Of one whose transcript nobody told nobody can tell that it is gone.
            is_gone = bool(transcript) and not os.path.exists(transcript)
            if is_gone and session.name in thread.sessions:
                found += _read(root, thread)
    except WfError as error:
        call.notes.append(f"what was kept cannot be told: {error}")
    return tuple(sorted(found, key=lambda one: (str(one.ended), one.thread)))


def _read(root: str, thread: "Thread") -> "Iterator[KeptTold]":
    from wfsession.trace.stories import read_story

    found = read_story(root, thread)
    if found is not None and found.source == "kept":
        story, totals = found.story, found.story.totals
        yield KeptTold(
            thread=thread.name,
            id=thread.id,
            label=thread.label,
            path=found.path,
            ended=story.ended,
            steps=len(story.steps) + story.omitted,
            responses=totals.responses,
            tool_calls=totals.tool_calls,
            cost_usd=totals.cost_usd,
        )


def encode_kept(one: KeptTold) -> "Data":
    """Return a story that was kept as JSON has it."""
    return {**one._asdict(), "ended": encode_moment(one.ended)}


def tell_kept(stories: "Iterable[KeptTold]", at: datetime) -> "Iterator[tuple[str, str]]":
    """Yield a line for each story."""
    label = "kept"
    for one in stories:
        when = f", {tell_ago(one.ended, at)}" if one.ended else ""
        much = f"{count(one.steps, 'step')}, {count(one.tool_calls, 'call')}"
        yield label, f"{one.label}: {much}{when}; its transcript is gone: wf story {one.id}"
        label = ""
