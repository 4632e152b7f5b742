"""What was begun and has no end: runs, their agents, sessions put aside, threads that wait.

Imports this room and threads. Each comes with what shows it.
"""

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import orjson
from attrs import frozen

from wfsession.index.runs import RunEntry, RunFilter, list_runs
from wfsession.index.store import to_moment
from wfsession.index.threads import Catalog, Scope, choose_threads, is_root_of

Kind = Literal["run", "agent", "session", "thread"]
# What a failed run's agents left is told by the run itself.
_RUN_IS_OPEN = frozenset({"running", "crashed", "killed", "failed", "unknown"})
_AGENT_IS_OPEN = frozenset({"crashed", "killed", "failed", "unknown"})


@frozen
class Unfinished:
    """Something without an end.

    `name` is a run's, an agent's, a session's or a thread's; `run` is that of an agent. `status` is
    what became of it as far as that is known, `certain` whether that is more than the times of
    files; `evidence` a sentence, or the words that show it; `path` the file where they stand.
    """

    kind: Kind
    name: str
    thread: str
    session: str
    run: str
    status: str
    certain: bool
    evidence: str
    path: str
    at: datetime | None


def list_unfinished(
    connection: sqlite3.Connection, catalog: Catalog, now: datetime, scope: Scope | None = None
) -> tuple[Unfinished, ...]:
    """Return what has no end.

    Runs that did not complete, agents of runs that did not, sessions that are paused with tasks in
    hand, and threads whose last word is a question or "blocked". Threads that somebody closed wait
    for nothing.

    Args:
        connection: an index.
        catalog: its threads.
        now: the present, an aware time.
        scope: which threads and sessions are meant, and since when they were touched; all if None.

    Returns:
        The last that was touched first, each with what shows it.

    Raises:
        ThreadNotFound, AmbiguousName: the scope's thread is none, or several are meant.
    """
    scope = scope or Scope()
    found = [
        *_list_runs(connection, catalog, now, scope),
        *_list_sessions(connection, scope),
        *_list_threads(catalog, scope),
    ]
    recent = (one for one in found if scope.since is None or (one.at and one.at >= scope.since))
    return tuple(sorted(recent, key=_order))


def _order(one: Unfinished) -> tuple[float, str, str]:
    return -(one.at.timestamp() if one.at else 0), one.kind, one.name


def _list_runs(
    connection: sqlite3.Connection, catalog: Catalog, now: datetime, scope: Scope
) -> Iterator[Unfinished]:
    wanted = RunFilter(Scope(scope.project, scope.session, scope.thread))
    for entry in list_runs(connection, catalog, now, wanted):
        run = entry.run
        if run.status in _RUN_IS_OPEN:
            evidence = run.error or _tell_results(entry)
            yield _make(entry, "run", run.run, run.status, run.certain, evidence, entry.path)
        for agent in run.agents:
            if agent.status in _AGENT_IS_OPEN:
                file = entry.transcripts.get(agent.agent)
                evidence = (file.last_words if file else "") or "it left no result"
                name = agent.label or agent.agent
                path = file.path if file else entry.path
                yield _make(entry, "agent", name, agent.status, agent.is_certain, evidence, path)


def _tell_results(entry: RunEntry) -> str:
    agents = entry.run.agents
    done = sum(one.status == "completed" for one in agents)
    return f"{done} of {len(agents)} agents left a result, and nothing says that the run ended"


def _make(
    entry: RunEntry, kind: Kind, name: str, status: str, certain: bool, evidence: str, path: str
) -> Unfinished:
    return Unfinished(
        kind=kind,
        name=name,
        thread=entry.thread.name,
        session=entry.thread.session,
        run=entry.run.run,
        status=status,
        certain=certain,
        evidence=evidence,
        path=path,
        at=entry.run.ended or entry.run.started or entry.thread.written,
    )


def _list_sessions(connection: sqlite3.Connection, scope: Scope) -> Iterator[Unfinished]:
    if scope.thread:
        return
    for root, name, path, tasks, updated in connection.execute(
        "SELECT root, name, path, tasks, updated FROM sessions"
        " WHERE state = 'paused' AND tasks <> '[]' ORDER BY root, name"
    ):
        if scope.session and name != scope.session:
            continue
        if scope.project and not is_root_of(root, scope.project):
            continue
        evidence = f"paused with tasks in hand: {', '.join(orjson.loads(tasks))}"
        at = to_moment(updated)
        yield Unfinished("session", name, "", name, "", "paused", True, evidence, path, at)


def _list_threads(catalog: Catalog, scope: Scope) -> Iterator[Unfinished]:
    chosen = choose_threads(catalog, scope)
    for file in catalog.files:
        if file.kind != "thread" or not file.ending or file.thread not in chosen:
            continue
        thread = catalog.threads[file.thread]
        if thread.closed is None and thread.path == file.path:
            yield Unfinished(
                kind="thread",
                name=thread.name,
                thread=thread.name,
                session=thread.session,
                run="",
                status=file.ending,
                certain=True,
                evidence=file.last_words,
                path=file.path,
                at=file.last,
            )
