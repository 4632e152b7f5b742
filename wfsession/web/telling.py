"""The page of one thread as values: its story in one of three views, a piece of it at a time.

Imports the library and `overview` and this room's `drawing`. Reads only, and only files that the
agent's reader lists.
"""

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from attrs import evolve, frozen

from wfsession.core.times import now
from wfsession.errors import ThreadNotFound, WfError
from wfsession.overview.site import Project, Site, ask_or_nothing
from wfsession.threads.approach import Move, count_moves, find_approach
from wfsession.threads.bindings import Thread
from wfsession.threads.story import Step, Story
from wfsession.threads.story_map import StoryMap, Window, draw_map
from wfsession.web.drawing import Drawing, draw_lanes
from wfsession.web.growth import Growth, draw_growth
from wfsession.web.reading import Source, list_transcripts, read_one
from wfsession.web.relatives import Relative, Spliced, find_relatives, splice
from wfsession.web.treemap import Territory, draw_territory
from wfsession.words import count

PAGE_STEPS = 50
_LEAST_IDLE = 0.01
View = Literal["timeline", "approach", "map"]
Axis = Literal["time", "step"]


@frozen
class ThreadPage:
    """A thread. `steps` and `moves` are those of one piece, the newest first.

    `is_gone` is whether there is no transcript any more. `name` is what a root knows it as, where
    it can be labelled; `cwd` where it began. Empty: not. `contexts` are the tokens that the first,
    the largest and the last response had before them. `skipped` are lines that could not be used.
    `spliced` are threads that other terminals ran for this one, by the step at which they began,
    `relatives` the others of its run.
    """

    at: datetime
    id: str
    label: str
    session: str
    project: Project | None
    agent: str
    sources: tuple[Source, ...]
    is_gone: bool
    name: str
    cwd: str
    story: Story
    map: StoryMap
    growth: Growth | None
    contexts: tuple[int, int, int] | None
    skipped: int
    problems: tuple[str, ...]
    spliced: Mapping[int, tuple[Spliced, ...]]
    more_spliced: int
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
    """Return a thread of which there is a transcript, or a story that was kept.

    Args:
        site: where things lie.
        wanted: the agent's id of it, whole.
        view: which view of its story.
        axis: of the map.
        piece: which piece of the steps, 1 the newest; one that is not there becomes the nearest.

    Raises:
        ThreadNotFound: there is neither.
    """
    known, project = _find_known(site, wanted)
    files = list_transcripts(site)
    read = read_one(files, wanted, known, project)
    if read is None:
        where = f"the transcripts in {files.home}, and the stories that were kept"
        raise ThreadNotFound(wanted, where)
    story = read.story
    children, relatives = find_relatives(site, project, known)
    spliced = splice(files, project, story, children)
    drawn = draw_map(story)
    pieces = max(-(-len(story.steps) // PAGE_STEPS), 1)
    piece = min(max(piece, 1), pieces)
    newest = story.steps[::-1][(piece - 1) * PAGE_STEPS : piece * PAGE_STEPS]
    shown = {step.n for step in newest}
    moves = find_approach(story)
    spot = os.path.dirname(project.root) if project else ""
    return ThreadPage(
        at=now(),
        id=wanted,
        label=known.label if known else wanted[:8],
        session=(known.session or known.home or "") if known else "",
        project=project,
        agent=read.agent,
        sources=(*read.sources, *_list_other_sources(known, spliced)),
        is_gone=read.is_gone,
        name=known.name if known and known.home else "",
        cwd=_find_directory(site, wanted, known),
        story=story,
        map=drawn,
        growth=draw_growth(story.steps),
        contexts=_find_contexts(drawn),
        skipped=read.skipped,
        problems=read.problems,
        spliced=_group(spliced),
        more_spliced=len(children) - len(spliced),
        relatives=relatives,
        view=view,
        axis=axis,
        piece=piece,
        pieces=pieces,
        steps=newest,
        moves=tuple(move for move in moves[::-1] if move.n in shown),
        counts=count_moves(moves),
        drawing=_draw(story, drawn, spliced, axis) if view == "map" else None,
        territory=draw_territory(drawn.files, spot) if view == "map" else None,
        strip=tell_strip(story, drawn),
    )


def _list_other_sources(known: Thread | None, spliced: tuple[Spliced, ...]) -> Iterator[Source]:
    if known is not None and known.home:
        yield Source("its label and its sessions: from hooks, and from who bound it")
    for one in spliced:
        if one.found is not None:
            first = one.found.sources[0]
            yield Source(f"{one.relative.thread.label}: {first.what}", first.path)


def _find_directory(site: Site, wanted: str, known: Thread | None) -> str:
    """Return where a thread began: as it was told when it was bound, else as its lines say."""
    if known is not None and known.facts.start_directory:
        return known.facts.start_directory
    told = ask_or_nothing(site, lambda view: view.catalog.threads.get(wanted), None).value
    return told.cwd if told else ""


def _group(spliced: tuple[Spliced, ...]) -> Mapping[int, tuple[Spliced, ...]]:
    groups: dict[int, tuple[Spliced, ...]] = {}
    for one in spliced:
        groups[one.n] = (*groups.get(one.n, ()), one)
    return groups


def _draw(story: Story, drawn: StoryMap, spliced: tuple[Spliced, ...], axis: Axis) -> Drawing:
    """Return the map with the threads of other terminals among the subagents."""
    windows = tuple(
        Window(
            one.relative.thread.name,
            f"{one.relative.thread.label}, in another terminal",
            one.found.story.started,
            one.found.story.ended,
            one.found.story.totals.cost_usd,
        )
        for one in spliced
        if one.found is not None
    )
    starters = {one.relative.thread.name: one.n for one in spliced}
    return draw_lanes(story, evolve(drawn, windows=(*drawn.windows, *windows)), axis, starters)


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
        tried = f"{totals.retries:,} tried again"
        told.append(f"{count(totals.errors, 'error')}, {tried}, with all agents.")
    if story.started and story.ended and story.ended > story.started:
        whole = (story.ended - story.started).total_seconds()
        idle = 1 - story.active_s / whole
        if idle >= _LEAST_IDLE:
            told.append(f"Idle for {idle:.0%} of the time that it lasted.")
    return tuple(told)
