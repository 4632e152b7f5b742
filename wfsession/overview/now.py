"""Now, as values: what is stuck, which sessions there are, who is at work, what it costs.

Imports the library and `site`. Reads only.
"""

import os
from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from wfsession.core import layout
from wfsession.core.model import Finding, Session
from wfsession.core.times import now
from wfsession.errors import WfError
from wfsession.index.desk import View
from wfsession.index.threads import Scope, choose_threads
from wfsession.index.threads import Thread as Indexed
from wfsession.index.unfinished import Unfinished, list_unfinished
from wfsession.index.usage import add_sums, sum_usage
from wfsession.overview.site import Project, Site, ask_or_nothing
from wfsession.threads.bindings import Thread
from wfsession.threads.conversation import Totals
from wfsession.threads.status import Past, Tier, find_archive, find_tier
from wfsession.workdirs.listing import Workdir, read_workdirs

_MOST_STUCK = 30
_STATES = {"active": 0, "bad": 1, "paused": 2, "completed": 3, "archived": 4}
_ALIVE = ("active", "idle")
_NOTHING = Totals()


@frozen
class ThreadRow:
    """A thread in a list. `id` is the agent's; `sums` are of all of its responses.

    `has_transcript` is whether its agent has what it did, `is_kept` whether its session keeps
    that, where no transcript tells it any more.
    """

    id: str
    agent: str
    label: str
    tier: Tier
    last: datetime | None
    sums: Totals
    cwd: str = ""
    has_transcript: bool = True
    is_kept: bool = False

    @property
    def is_told(self) -> bool:
        """Whether there is anything that tells what it did, and what that cost."""
        return self.has_transcript or self.is_kept


@frozen
class WorkdirRow:
    """A workdir of a session, and what it takes on the disk."""

    workdir: Workdir
    size_bytes: int


@frozen
class SessionRow:
    """A session, who worked on it and where, and what that cost."""

    session: Session
    threads: tuple[ThreadRow, ...]
    workdirs: tuple[WorkdirRow, ...]
    sums: Totals

    @property
    def is_told(self) -> bool:
        """Whether there is anything that tells what any of its threads did."""
        return any(one.is_told for one in self.threads)

    @property
    def last(self) -> datetime:
        """When something last happened: to the session, or in a thread of it."""
        return max([self.session.updated, *(one.last for one in self.threads if one.last)])


@frozen
class ProjectRow:
    """A project with its sessions; `error` says why they cannot be read."""

    project: Project
    active: str | None = None
    open: tuple[SessionRow, ...] = ()
    over: tuple[SessionRow, ...] = ()
    error: str = ""


@frozen
class Now:
    """What is going on.

    `labels` are those of threads that are stuck; `loose` are threads of no session, `archive` those
    of them that are over.
    """

    at: datetime
    here: Project | None
    projects: tuple[ProjectRow, ...]
    stuck: tuple[Unfinished, ...]
    labels: Mapping[str, str]
    more_stuck: int
    findings: tuple[Finding, ...]
    loose: tuple[ThreadRow, ...]
    archive: tuple[ThreadRow, ...]
    total: Totals
    notes: tuple[str, ...]


@frozen
class Told:
    """What the index says; `transcribed` are the threads that have a file of their agent."""

    threads: Mapping[str, Indexed] = field(factory=dict)
    transcribed: frozenset[str] = frozenset()
    sums: Mapping[str, Totals] = field(factory=dict)
    stuck: tuple[Unfinished, ...] = ()
    total: Totals = _NOTHING


def read_now(site: Site) -> Now:
    """Return what is going on."""
    projects = site.list_projects()
    here = next((one for one in projects if one.is_here), None)
    scope = Scope(project=here.directory if here else "")
    at = now()
    told = ask_or_nothing(site, lambda view: ask_about_threads(view, scope), Told())
    workdirs, note = _read_workdirs(site)
    rows = tuple(_read_project(site, one, told.value, workdirs, at) for one in projects)
    loose = _list_loose(told.value, here, rows, at)
    archive = _find_archive(loose)
    gone = {one.id for one in archive}
    return Now(
        at=at,
        here=here,
        projects=rows,
        stuck=told.value.stuck[:_MOST_STUCK],
        labels={
            one.thread: told.value.threads[one.thread].label
            for one in told.value.stuck
            if one.thread
        },
        more_stuck=max(len(told.value.stuck) - _MOST_STUCK, 0),
        findings=_diagnose(site, here),
        loose=tuple(one for one in loose if one.id not in gone and _make_past(one).left_something),
        archive=archive,
        total=told.value.total,
        notes=(*told.notes, *note),
    )


def ask_about_threads(view: View, scope: Scope) -> Told:
    """Return what an index says of all threads, and what is unfinished and used in a scope."""
    usage = sum_usage(view.connection, view.catalog, view.prices, "thread")
    mine = choose_threads(view.catalog, scope)
    return Told(
        threads=view.catalog.threads,
        transcribed=frozenset(one.thread for one in view.catalog.files if not one.root),
        sums={row.key: row.sums for row in usage.rows if row.key},
        stuck=list_unfinished(view.connection, view.catalog, view.now, scope),
        total=add_sums(row.sums for row in usage.rows if row.key in mine),
    )


def _read_workdirs(site: Site) -> tuple[list[Workdir], tuple[str, ...]]:
    try:
        return read_workdirs(site.places), ()
    except WfError as error:
        return [], (str(error),)


def _diagnose(site: Site, here: Project | None) -> tuple[Finding, ...]:
    return site.open_project(here).diagnose() if here else ()


def _read_project(
    site: Site, project: Project, told: Told, workdirs: list[Workdir], at: datetime
) -> ProjectRow:
    try:
        workspace = site.open_project(project)
        snapshot = workspace.snapshot()
        threads = workspace.threads(archived=True)
    except WfError as error:
        return ProjectRow(project, error=str(error))
    by_session: dict[str, list[Thread]] = {}
    for thread in threads:
        by_session.setdefault(thread.session or thread.home or "", []).append(thread)
    rows = [
        make_session_row(site, session, by_session.get(session.name, []), told, workdirs, at)
        for session in snapshot.sessions
    ]
    rows.sort(key=lambda row: (_STATES[row.session.state], -row.last.timestamp(), row.session.name))
    return ProjectRow(
        project=project,
        active=snapshot.active,
        open=tuple(row for row in rows if row.session.state in ("active", "bad", "paused")),
        over=tuple(row for row in rows if row.session.state in ("completed", "archived")),
    )


def make_session_row(
    site: Site,
    session: Session,
    threads: list[Thread],
    told: Told,
    workdirs: list[Workdir],
    at: datetime,
) -> SessionRow:
    """Return a session with its threads, and the workdirs that these work in."""
    rows = sorted((make_thread_row(one, session, told, at) for one in threads), key=_order)
    places = {row.cwd for row in rows if row.cwd}
    mine = [one for one in workdirs if any(_is_within(place, one.path) for place in places)]
    return SessionRow(
        session=session,
        threads=tuple(rows),
        workdirs=tuple(WorkdirRow(one, site.measure(one.path)) for one in mine),
        sums=add_sums(row.sums for row in rows),
    )


def make_thread_row(thread: Thread, session: Session, told: Told, at: datetime) -> ThreadRow:
    """Return a thread that worked on a session, with what the index knows of it."""
    known = told.threads.get(thread.id)
    has_transcript = thread.id in told.transcribed
    last = max(
        (one for one in (thread.last_seen, known.last if known else None) if one), default=None
    )
    tier = find_tier(
        last,
        at,
        touched=known.written if known else None,
        said="closed" if thread.closed else None,
    )
    return ThreadRow(
        id=thread.id,
        agent=thread.agent,
        label=thread.label,
        tier=tier,
        last=last,
        sums=told.sums.get(thread.id, _NOTHING),
        cwd=(known.cwd if known else "") or thread.facts.start_directory,
        has_transcript=has_transcript,
        is_kept=not has_transcript and _has_story(session, thread),
    )


def _has_story(session: Session, thread: Thread) -> bool:
    return os.path.isfile(os.path.join(session.path, layout.STORIES, f"{thread.name}.json"))


def make_loose_row(thread: Indexed, told: Told, at: datetime) -> ThreadRow:
    """Return a thread that only the index knows."""
    return ThreadRow(
        id=thread.name,
        agent="claude-code",
        label=thread.label,
        tier=thread.find_tier(at),
        last=thread.last,
        sums=told.sums.get(thread.name, _NOTHING),
        cwd=thread.cwd,
        has_transcript=thread.name in told.transcribed,
    )


def _list_loose(
    told: Told, here: Project | None, rows: tuple[ProjectRow, ...], at: datetime
) -> tuple[ThreadRow, ...]:
    """Return the threads of the project here, or of all where there is none, in no session."""
    listed = {thread.id for row in rows for one in (*row.open, *row.over) for thread in one.threads}
    found = [
        make_loose_row(one, told, at)
        for one in told.threads.values()
        if one.name not in listed
        and (here is None or one.project == os.path.realpath(here.directory))
    ]
    return tuple(sorted(found, key=_order))


def _find_archive(rows: tuple[ThreadRow, ...]) -> tuple[ThreadRow, ...]:
    by_id = {row.id: row for row in rows}
    return tuple(by_id[one.thread] for one in find_archive(map(_make_past, rows)))


def _make_past(row: ThreadRow) -> Past:
    sums = row.sums
    tokens = _count_tokens(sums)
    return Past(row.id, row.tier, row.last, tokens, sums.tool_calls, sums.cost_usd)


def _count_tokens(sums: Totals) -> int:
    return sums.input_tokens + sums.output_tokens + sums.cache_read_tokens + sums.cache_write_tokens


def _order(row: ThreadRow) -> tuple[bool, float, str]:
    return row.tier not in _ALIVE, -(row.last.timestamp() if row.last else 0.0), row.id


def _is_within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory + os.sep)
