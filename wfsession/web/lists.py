"""The pages Runs, Usage, Search and Workdirs as values.

Imports the library and `overview`. Reads only. Questions are about the project
that the server was started in, or about all where it was started in none.
"""

from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

from attrs import frozen

from wfsession.core.times import now
from wfsession.index.desk import View
from wfsession.index.runs import RunEntry, RunFilter, RunReport, list_runs, read_run
from wfsession.index.search import Hit, SearchFilter, search
from wfsession.index.threads import Scope
from wfsession.index.usage import (
    By,
    Oversized,
    Usage,
    add_sums,
    find_oversized,
    sum_usage,
)
from wfsession.overview.now import ask_about_threads
from wfsession.overview.site import Project, Site
from wfsession.overview.zones import find_zone
from wfsession.threads.bindings import Thread
from wfsession.threads.conversation import Totals
from wfsession.threads.status import Declared, Tier, find_tier, group_by_run
from wfsession.workdirs.du import Usage as Room
from wfsession.workdirs.du import measure_usage
from wfsession.workdirs.listing import Workdir, read_workdirs

PAGE_ROWS = 50
KEYS: tuple[By, ...] = get_args(By)
_NOTHING = Totals()


@frozen
class Branch:
    """A thread in a declared run; `depth` is 0 for a root, `parent` the label of who ran others."""

    thread: Thread
    depth: int
    parent: str
    tier: Tier
    sums: Totals

    @property
    def session(self) -> str:
        """The session that it is bound to, or worked on last; empty where there is none."""
        return self.thread.session or self.thread.home or ""


@frozen
class Tree:
    """A run that spawners declared, over threads of several terminals and their sessions."""

    run: str
    sessions: tuple[str, ...]
    branches: tuple[Branch, ...]
    total: Totals


@frozen
class RunsPage:
    """The runs of one piece, the newest first, and the trees that spawners declared.

    `project` is the one that the sessions are of, None where there is none here.
    """

    runs: tuple[RunEntry, ...]
    piece: int
    pieces: int
    trees: tuple[Tree, ...]
    project: Project | None
    notes: tuple[str, ...]


@frozen
class UsagePage:
    """What was used, by a key; and subagents for which less may have done.

    `zone` is the name of the one that days are of, empty where they are this machine's.
    """

    usage: Usage
    piece: int
    pieces: int
    rows: slice
    oversized: tuple[Oversized, ...]
    more_oversized: int
    as_of: str
    zone: str
    notes: tuple[str, ...]


@frozen
class Found:
    """A hit; its text in pieces, each with whether it is one of the words looked for.

    `label` is what its thread is called.
    """

    hit: Hit
    label: str
    pieces: tuple[tuple[str, bool], ...]


@frozen
class WorkdirsPage:
    """All workdirs, and what takes room beside them."""

    at: datetime
    rows: tuple[tuple[Workdir, int], ...]
    others: tuple[Room, ...]
    total_bytes: int


def _make_scope(site: Site) -> Scope:
    return Scope(project=site.open_desk(False).project)


def _cut(number: int, piece: int) -> tuple[int, int, slice]:
    """Return the nearest piece that there is, of how many, and which rows it has."""
    pieces = max(-(-number // PAGE_ROWS), 1)
    piece = min(max(piece, 1), pieces)
    return piece, pieces, slice((piece - 1) * PAGE_ROWS, piece * PAGE_ROWS)


def read_runs_page(site: Site, piece: int) -> RunsPage:
    """Return one piece of the runs."""
    scope = _make_scope(site)

    def look(view: View) -> tuple[tuple[RunEntry, ...], dict[str, Totals]]:
        runs = list_runs(view.connection, view.catalog, view.now, RunFilter(scope))
        return tuple(runs), dict(ask_about_threads(view, scope).sums)

    answer = site.ask(look)
    runs, sums = answer.value
    piece, pieces, rows = _cut(len(runs), piece)
    project = next((one for one in site.list_projects() if one.is_here), None)
    return RunsPage(runs[rows], piece, pieces, _grow_trees(site, sums), project, answer.notes)


def _grow_trees(site: Site, sums: dict[str, Totals]) -> tuple[Tree, ...]:
    workspace, at = site.open_workspace(), now()
    threads = {one.name: one for one in workspace.threads(archived=True)} if workspace else {}
    by_id = {one.id: one.name for one in threads.values()}
    declared = [
        Declared(one.name, one.facts.run, by_id.get(one.facts.parent, one.facts.parent))
        for one in threads.values()
    ]
    trees = []
    for run, members in group_by_run(declared).items():
        branches = tuple(
            Branch(
                threads[one.thread],
                one.depth,
                threads[one.parent].label if one.parent else "",
                find_tier(
                    threads[one.thread].last_seen,
                    at,
                    said="closed" if threads[one.thread].closed else None,
                ),
                sums.get(threads[one.thread].id, _NOTHING),
            )
            for one in members
        )
        sessions = dict.fromkeys(one.session for one in branches if one.session)
        total = add_sums(one.sums for one in branches)
        trees.append(Tree(run, tuple(sessions), branches, total))
    return tuple(trees)


def read_run_page(site: Site, wanted: str) -> RunReport:
    """Return one run with its agents.

    Raises:
        NotInIndex, AmbiguousName: none is meant, or several.
    """
    return site.ask_with_commits(
        lambda view: read_run(view.connection, view.catalog, view.prices, wanted, view.now),
        lambda report: (span.cwd for span in report.spans),
    ).value


def read_usage_page(site: Site, by: By, piece: int, zone_name: str) -> UsagePage:
    """Return what was used, by one thing; days are those of a zone, see `zones.find_zone`."""
    scope = _make_scope(site)
    zone = find_zone(zone_name)

    def look(view: View) -> tuple[Usage, tuple[Oversized, ...], str]:
        asked = (view.connection, view.catalog, view.prices)
        usage = sum_usage(*asked, by, scope, zone)
        return usage, find_oversized(*asked, scope), view.prices.as_of.isoformat()

    answer = site.ask(look)
    usage, oversized, as_of = answer.value
    piece, pieces, rows = _cut(len(usage.rows), piece)
    return UsagePage(
        usage=usage,
        piece=piece,
        pieces=pieces,
        rows=rows,
        oversized=oversized[:PAGE_ROWS],
        more_oversized=max(len(oversized) - PAGE_ROWS, 0),
        as_of=as_of,
        zone=zone_name if isinstance(zone, ZoneInfo) else "",
        notes=answer.notes,
    )


def read_search_page(site: Site, words: str) -> tuple[Found, ...]:
    """Return the messages that have all of some words, the best first."""
    wanted = SearchFilter(_make_scope(site))

    def look(view: View) -> tuple[Found, ...]:
        hits = search(view.connection, view.catalog, words, wanted, PAGE_ROWS)
        threads = view.catalog.threads
        return tuple(Found(one, threads[one.thread].label, tuple(_split(one))) for one in hits)

    return site.ask(look).value


def _split(hit: Hit) -> list[tuple[str, bool]]:
    pieces, at = [], 0
    for start, end in hit.matches:
        pieces += [(hit.snippet[at:start], False), (hit.snippet[start:end], True)]
        at = end
    return [*pieces, (hit.snippet[at:], False)]


def read_workdirs_page(site: Site) -> WorkdirsPage:
    """Return what is on the disk for agents."""
    rooms = measure_usage(site.places)
    sizes = {one.path: one.size_bytes for one in rooms}
    return WorkdirsPage(
        at=now(),
        rows=tuple((one, sizes.get(one.path, 0)) for one in read_workdirs(site.places)),
        others=tuple(one for one in rooms if one.kind != "workdir"),
        total_bytes=sum(one.size_bytes for one in rooms),
    )
