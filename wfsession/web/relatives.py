"""Threads of the same run that other terminals ran: who says so, and what they did.

Imports the library and `overview`. Reads only. What a spawner declared is all that links them: no
transcript of one names the other.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from attrs import frozen

from wfsession.errors import WfError
from wfsession.overview.site import Project, Site
from wfsession.threads.approach import Move, find_approach
from wfsession.threads.bindings import Thread
from wfsession.threads.story import Step, Story
from wfsession.web.reading import Read, Transcripts, read_one

# So many are told of with what they did, the first that began; of each so many steps, the last.
MOST_SPLICED, MOST_STEPS = 10, 30

Completeness = Literal["full", "capped", "unknown"]


@frozen
class Relative:
    """A thread that another terminal ran for this one, or for the same run; and who says so."""

    thread: Thread
    why: str


@frozen
class Spliced:
    """A thread that another terminal ran for this one, with what it did.

    `n` is the step of this thread at which it began, 0 where that is not known. `completeness` is
    how much is told: all its steps; the last of them; or nothing, as there is neither a transcript
    nor a kept story.
    """

    relative: Relative
    n: int
    found: Read | None
    steps: tuple[Step, ...]
    moves: tuple[Move, ...]
    completeness: Completeness

    @property
    def started(self) -> datetime | None:
        """When it began."""
        story = self.found.story if self.found else None
        return (story.started if story else None) or self.relative.thread.first_seen


def find_relatives(
    site: Site, project: Project | None, known: Thread | None
) -> tuple[tuple[Relative, ...], tuple[Relative, ...]]:
    """Return the threads that were run for one, and the others of its run."""
    if project is None or known is None:
        return (), ()
    children, others = [], []
    for one in site.open_project(project).threads(archived=True):
        if one.name == known.name:
            continue
        if one.facts.parent in (known.name, known.id):
            children.append(Relative(one, "declared by its spawner, with WF_PARENT_THREAD"))
        elif known.facts.parent in (one.name, one.id):
            others.append(Relative(one, "declared as the one that ran this, with WF_PARENT_THREAD"))
        elif known.facts.run and one.facts.run == known.facts.run:
            why = f"declared to be of the same run, with WF_RUN={one.facts.run}"
            others.append(Relative(one, why))
    return tuple(children), tuple(others)


def splice(
    files: Transcripts, project: Project | None, story: Story, children: Iterable[Relative]
) -> tuple[Spliced, ...]:
    """Return what was done for a thread elsewhere, in the order in which that began."""
    found = [_splice_one(files, project, story, one) for one in children]
    found.sort(key=lambda one: (one.started.timestamp() if one.started else 0.0, one.n))
    return tuple(found[:MOST_SPLICED])


def _splice_one(
    files: Transcripts, project: Project | None, story: Story, child: Relative
) -> Spliced:
    try:
        found = read_one(files, child.thread.id, child.thread, project)
    except WfError:
        # What was kept of it cannot be read: the doctor tells of that.
        found = None
    if found is None:
        return Spliced(child, _find_step(story, child.thread.first_seen), None, (), (), "unknown")
    its = found.story
    steps = its.steps[::-1][:MOST_STEPS]
    shown = {step.n for step in steps}
    moves = tuple(move for move in find_approach(its)[::-1] if move.n in shown)
    is_whole = len(its.steps) <= MOST_STEPS and not its.omitted
    at = _find_step(story, its.started or child.thread.first_seen)
    return Spliced(child, at, found, steps, moves, "full" if is_whole else "capped")


def _find_step(story: Story, moment: datetime | None) -> int:
    """Return the last step that is not later than a moment, 0 where there is none."""
    if moment is None:
        return 0
    return max((step.n for step in story.steps if step.ts and step.ts <= moment), default=0)
