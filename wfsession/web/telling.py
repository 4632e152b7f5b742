"""The page of one thread as values: its story in one of three views, a piece of it at a time.

Imports the library and this room's `now`, `drawing` and `site`. Reads only, and only files that the
agent's reader lists.
"""

import os
from collections import Counter
from datetime import datetime
from typing import Literal

from attrs import frozen

from wfsession.core.times import now
from wfsession.errors import ThreadNotFound, WfError
from wfsession.threads.approach import Move, count_moves, find_approach
from wfsession.threads.bindings import Thread
from wfsession.threads.history import read_history
from wfsession.threads.story import Step, Story
from wfsession.threads.story_map import StoryMap, draw_map
from wfsession.threads.timeline import build_story
from wfsession.web.drawing import Drawing, draw_lanes
from wfsession.overview.site import Project, Site
from wfsession.web.treemap import Territory, draw_territory

PAGE_STEPS = 50
View = Literal["timeline", "approach", "map"]
Axis = Literal["time", "step"]


@frozen
class Relative:
    """A thread that another terminal ran for this one, or for the same run; and who says so."""

    thread: Thread
    why: str


@frozen
class ThreadPage:
    """A thread. `steps` and `moves` are those of one piece, the newest first.

    `name` is what a root knows it as, where it can be labelled; `cwd` where it began. Empty: not.
    `models` are how many responses each model gave, `contexts` the tokens that the first, the
    largest and the last response had before them. `skipped` are lines that could not be used.
    """

    at: datetime
    id: str
    label: str
    session: str
    project: Project | None
    agent: str
    transcript: str
    name: str
    cwd: str
    story: Story
    map: StoryMap
    models: tuple[tuple[str, int], ...]
    contexts: tuple[int, int, int] | None
    skipped: int
    problems: tuple[str, ...]
    relatives: tuple[Relative, ...]
    view: View
    axis: Axis
    piece: int
    pieces: int
    steps: tuple[Step, ...]
    moves: tuple[Move, ...]
    counts: dict[str, int]
    drawing: Drawing | None
    territory: Territory | None
    strip: tuple[str, ...]


def read_thread_page(site: Site, wanted: str, view: View, axis: Axis, piece: int) -> ThreadPage:
    """Return a thread of which there is a transcript.

    Args:
        site: where things lie.
        wanted: the agent's id of it, whole.
        view: which view of its story.
        axis: of the map.
        piece: which piece of the steps, 1 the newest; one that is not there becomes the nearest.

    Raises:
        ThreadNotFound: there is no such transcript.
    """
    desk = site.open_desk(False)
    reader, home = desk.sources.reader, desk.sources.home
    files = [file for file in reader.list_files(home).files if file.thread == wanted]
    if not files:
        raise ThreadNotFound(wanted, f"the transcripts in {home}")
    history = read_history(reader, wanted, files, now())
    story = build_story(
        history.main, history.children, desk.prices.cost_of, run_agents=history.run_agents
    )
    known, project = _find_known(site, wanted)
    drawn = draw_map(story)
    pieces = max(-(-len(story.steps) // PAGE_STEPS), 1)
    piece = min(max(piece, 1), pieces)
    newest = story.steps[::-1][(piece - 1) * PAGE_STEPS : piece * PAGE_STEPS]
    shown = {step.n for step in newest}
    moves = find_approach(story)
    main = [file.path for file in files if file.kind == "thread"]
    spot = os.path.dirname(project.root) if project else ""
    return ThreadPage(
        at=now(),
        id=wanted,
        label=known.label if known else wanted[:8],
        session=(known.session or known.home or "") if known else "",
        project=project,
        agent=reader.agent,
        transcript=main[-1] if main else files[-1].path,
        name=known.name if known and known.home else "",
        cwd=known.facts.start_directory if known else "",
        story=story,
        map=drawn,
        models=tuple(Counter(step.model for step in story.steps if step.model).most_common()),
        contexts=_find_contexts(drawn),
        skipped=history.skipped.broken + history.skipped.too_long,
        problems=tuple(f"{one.path}: {one.reason}" for one in history.problems),
        relatives=_find_relatives(site, project, known),
        view=view,
        axis=axis,
        piece=piece,
        pieces=pieces,
        steps=newest,
        moves=tuple(move for move in moves[::-1] if move.n in shown),
        counts=count_moves(moves),
        drawing=draw_lanes(story, drawn, axis) if view == "map" else None,
        territory=draw_territory(drawn.files, spot) if view == "map" else None,
        strip=tell_strip(story, drawn),
    )


def _find_known(site: Site, wanted: str) -> tuple[Thread | None, Project | None]:
    """Return what the roots that were seen know of a thread, and the project of that root."""
    for project in site.list_projects():
        try:
            threads = site.open_project(project).threads(archived=True)
        except WfError:
            continue  # that root tells nothing; the page Now says why
        for one in threads:
            if one.id == wanted:
                return one, project
    return None, None


def _find_relatives(
    site: Site, project: Project | None, known: Thread | None
) -> tuple[Relative, ...]:
    if project is None or known is None:
        return ()
    found = []
    for one in site.open_project(project).threads(archived=True):
        if one.name == known.name:
            continue
        if one.facts.parent in (known.name, known.id):
            found.append(Relative(one, "its spawner declared this thread as its parent"))
        elif known.facts.run and one.facts.run == known.facts.run:
            found.append(Relative(one, f"its spawner declared the same run, {one.facts.run}"))
    return tuple(found)


def _find_contexts(drawn: StoryMap) -> tuple[int, int, int] | None:
    sizes = [call.context for call in drawn.calls]
    return (sizes[0], max(sizes), sizes[-1]) if sizes else None


def tell_strip(story: Story, drawn: StoryMap) -> tuple[str, ...]:
    """Return in words what stands out of a story; nothing where nothing does."""
    told = []
    costs: dict[int, float] = {call.n: call.cost_usd or 0.0 for call in drawn.calls}
    stretches = [
        (sum(costs.get(n, 0.0) for n in range(one.first, one.last + 1)), one)
        for one in drawn.phases
    ]
    total = sum(costs.values())
    if total and len(stretches) > 1:
        cost, one = max(stretches, key=lambda pair: pair[0])
        where = f"step {one.first}" if one.first == one.last else f"steps {one.first} to {one.last}"
        told.append(f"Costliest stretch: {where}, {cost / total:.0%} of its own cost: {one.title}")
    totals = story.totals
    if totals.errors or totals.retries:
        told.append(f"{totals.errors:,} errors and {totals.retries:,} retries, with all agents.")
    if story.started and story.ended and story.ended > story.started:
        whole = (story.ended - story.started).total_seconds()
        told.append(
            f"Idle for {max(1 - story.active_s / whole, 0):.0%} of the time that it lasted."
        )
    return tuple(told)
