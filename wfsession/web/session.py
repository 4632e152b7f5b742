"""The page of one session as values: its record, tasks, files, threads, runs, cost, commits.

Imports the library and `overview`. Reads only.
"""

from datetime import datetime

from attrs import field, frozen

from wfsession.core import layout
from wfsession.core.disk import is_directory
from wfsession.core.model import Session, Task
from wfsession.core.snapshot import open_session
from wfsession.core.tasks import read_tasks
from wfsession.core.times import now
from wfsession.index.desk import View
from wfsession.index.git_spans import Commit, GitSpan, read_commits, read_spans
from wfsession.index.runs import RunEntry, RunFilter, list_runs
from wfsession.index.threads import Scope
from wfsession.index.usage import Usage, sum_usage
from wfsession.overview.now import SessionRow, Told, ask_about_threads, make_session_row
from wfsession.overview.site import Project, Site, ask_or_nothing
from wfsession.workdirs.listing import read_workdirs

MOST_FILES, MOST_COMMITS = 200, 100


@frozen
class SessionPage:
    """A session. `spans` are where its threads worked, `runs` what they started."""

    at: datetime
    project: Project
    row: SessionRow
    is_marked: bool
    tasks: tuple[Task, ...]
    files: tuple[str, ...]
    more_files: int
    models: Usage | None
    runs: tuple[RunEntry, ...]
    spans: tuple[GitSpan, ...]
    commits: tuple[Commit, ...]
    notes: tuple[str, ...]


@frozen
class _Asked:
    """What the index says of one session."""

    told: Told = field(factory=Told)
    models: Usage | None = None
    runs: tuple[RunEntry, ...] = ()
    spans: tuple[GitSpan, ...] = ()
    commits: tuple[Commit, ...] = ()


def read_session_page(site: Site, key: str, name: str) -> SessionPage:
    """Return one session of a project that was seen.

    Raises:
        SessionNotFound: there is none of that name, or no such project.
    """
    at = now()
    project = site.find_project(key)
    workspace = site.open_project(project)
    session = workspace.get(name)
    scope = Scope(project=project.directory, session=session.name)
    asked = ask_or_nothing(
        site,
        lambda view: _ask(view, scope),
        _Asked(),
        lambda found: (span.cwd for span in found.spans),
    )
    threads = [
        one
        for one in workspace.threads(archived=True)
        if session.name in (one.session or one.home, *one.sessions)
    ]
    files = _list_files(session)
    return SessionPage(
        at=at,
        project=project,
        row=make_session_row(
            site, session, threads, asked.value.told, read_workdirs(site.places), at
        ),
        is_marked=workspace.snapshot(archived=False).active == session.name,
        tasks=_list_tasks(session),
        files=files[:MOST_FILES],
        more_files=max(len(files) - MOST_FILES, 0),
        models=asked.value.models,
        runs=asked.value.runs,
        spans=asked.value.spans,
        commits=asked.value.commits,
        notes=asked.notes,
    )


def _ask(view: View, scope: Scope) -> _Asked:
    runs = list_runs(view.connection, view.catalog, view.now, RunFilter(scope))
    its = {name for name, one in view.catalog.threads.items() if one.session == scope.session} | {
        one.thread.name for one in runs
    }
    spans = read_spans(view.connection)
    commits = read_commits(view.connection)
    found = {one.hash: one for name in its for one in commits.get(name, ())}
    return _Asked(
        told=ask_about_threads(view, scope),
        models=sum_usage(view.connection, view.catalog, view.prices, "model", scope),
        runs=tuple(runs),
        spans=tuple(one for name in sorted(its) for one in spans.get(name, ())),
        commits=tuple(
            sorted(found.values(), key=lambda one: one.at.timestamp() if one.at else 0)[
                -MOST_COMMITS:
            ][::-1]
        ),
    )


def _list_tasks(session: Session) -> tuple[Task, ...]:
    try:
        with open_session(session) as folder:
            return read_tasks(folder, session.record)
    except OSError:
        # Listed as bad, or gone this moment: there is nothing to tell of it.
        return ()


def _list_files(session: Session) -> tuple[str, ...]:
    """Return what the user has in the session's directory; a directory ends with a slash."""
    found = []
    try:
        with open_session(session) as folder:
            for name in sorted(folder.list_names()):
                status = folder.find(name) if name not in layout.IN_SESSION else None
                if status is not None:
                    found.append(f"{name}/" if is_directory(status) else name)
    except OSError:
        # As above.
        return ()
    return tuple(found)
