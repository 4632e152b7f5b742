"""Runs of workflows, by thread, session, branch, worktree or commit; and their agents.

Imports this room and threads. What a run's files say is put together when it is asked for, as
whether it still runs is a matter of the present.
"""

import os
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime

import orjson
from attrs import field, frozen

from wfsession.errors import AmbiguousName, InvalidValue, NotInIndex
from wfsession.index.git_spans import Commit, GitSpan, read_commits, read_spans
from wfsession.index.store import to_moment
from wfsession.index.threads import Catalog, File, Scope, Thread, choose_threads
from wfsession.index.usage import Sums, sum_by_file
from wfsession.threads.events import ToolCall, ToolResult
from wfsession.threads.facts import max_time, min_time
from wfsession.threads.prices import Prices
from wfsession.threads.runfiles import JournalAgent, Phase, Snapshot, SnapshotAgent
from wfsession.threads.runs import Run, RunAgent, RunFiles, build_run, find_launch_of

_LEAST_HASH = 4


@frozen
class RunFilter:
    """Which runs are meant.

    Those of the threads in `scope` that were on one of the branches, or in one of the worktrees, or
    there when one of the commits was made: what is said of git is joined by "or", and empty says
    nothing. Commits are given by how their hashes begin.
    """

    scope: Scope = field(factory=Scope)
    branches: tuple[str, ...] = ()
    worktrees: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()


@frozen
class RunEntry:
    """A run, the thread that started it, and where its files are.

    `transcripts` are by agent. `path` is the snapshot, or the journal where there is none.
    """

    run: Run
    thread: Thread
    path: str
    transcripts: Mapping[str, File] = field(repr=False)


@frozen
class AgentRow:
    """An agent of a run with its sums; `transcript` is empty where it has none."""

    agent: RunAgent
    model: str
    sums: Sums
    transcript: str


@frozen
class RunReport:
    """A run in whole: its agents, where its thread was, and what was committed there."""

    entry: RunEntry
    agents: tuple[AgentRow, ...]
    spans: tuple[GitSpan, ...]
    commits: tuple[Commit, ...]


def list_runs(
    connection: sqlite3.Connection,
    catalog: Catalog,
    now: datetime,
    wanted: RunFilter | None = None,
) -> tuple[RunEntry, ...]:
    """Return the runs that are meant, the last one first.

    Raises:
        InvalidValue: a commit is given by too little of its hash.
        ThreadNotFound, AmbiguousName: the scope's thread is none, or several are meant.
    """
    wanted = wanted or RunFilter()
    threads = choose_threads(catalog, wanted.scope)
    if wanted.branches or wanted.worktrees or wanted.commits:
        threads &= _find_by_git(connection, wanted)
    entries = _build_runs(connection, catalog, threads, now)
    since = wanted.scope.since
    chosen = [one for one in entries if since is None or _find_time(one) >= since]
    return tuple(sorted(chosen, key=lambda one: (_find_time(one), one.run.run), reverse=True))


def _find_time(entry: RunEntry) -> datetime:
    return entry.run.started or entry.thread.written


def _find_by_git(connection: sqlite3.Connection, wanted: RunFilter) -> set[str]:
    """Return the threads that were on a branch, in a worktree, or at a commit."""
    worktrees = {of(one) for one in wanted.worktrees for of in (os.path.abspath, os.path.realpath)}
    commits = tuple(one.lower() for one in wanted.commits)
    for one in commits:
        if len(one) < _LEAST_HASH:
            reason = f"{one!r} is too short for a commit"
            raise InvalidValue("commit", one, reason, f"give {_LEAST_HASH} characters or more")
    found = set()
    for thread, spans in read_spans(connection).items():
        if any(
            span.branch in wanted.branches
            or any(_is_within(span.cwd, worktree) for worktree in worktrees)
            for span in spans
        ):
            found.add(thread)
    for thread, made in read_commits(connection).items():
        if commits and any(commit.hash.startswith(commits) for commit in made):
            found.add(thread)
    return found


def _is_within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(os.path.join(directory, ""))


def read_run(
    connection: sqlite3.Connection, catalog: Catalog, prices: Prices, wanted: str, now: datetime
) -> RunReport:
    """Return the run that is meant by its id, or how that begins, with all there is of it.

    Raises:
        NotInIndex, AmbiguousName: none is meant, or several.
    """
    entry = _find_run(_build_runs(connection, catalog, frozenset(catalog.threads), now), wanted)
    sums = sum_by_file(connection, catalog, prices, Scope(thread=entry.thread.name))
    agents = tuple(_make_row(entry, one, sums) for one in entry.run.agents)
    name = entry.thread.name
    spans, commits = read_spans(connection).get(name, ()), read_commits(connection).get(name, ())
    return RunReport(entry, agents, spans, commits)


def _make_row(entry: RunEntry, agent: RunAgent, sums: Mapping[int, tuple[Sums, str]]) -> AgentRow:
    file = entry.transcripts.get(agent.agent)
    its, model = sums.get(file.id, (Sums(), "")) if file else (Sums(), "")
    return AgentRow(agent, agent.model or model, its, file.path if file else "")


def _find_run(entries: Iterable[RunEntry], wanted: str) -> RunEntry:
    found = [one for one in entries if wanted and one.run.run.startswith(wanted)]
    meant = [one for one in found if one.run.run == wanted] or found
    if len(meant) > 1:
        raise AmbiguousName(wanted, tuple(f"{one.run.run} of {one.thread.name}" for one in meant))
    if not meant:
        raise NotInIndex("run", wanted, "wf runs --all-projects")
    return meant[0]


def find_run_agent(report: RunReport, wanted: str) -> AgentRow:
    """Return the agent of a run that is meant by its label, its id, or how one of them begins.

    Raises:
        NotInIndex, AmbiguousName: none is meant, or several.
    """
    run = report.entry.run.run
    whole = [one for one in report.agents if wanted in (one.agent.agent, one.agent.label)]
    begun = [
        one
        for one in report.agents
        if one.agent.agent.startswith(wanted) or one.agent.label.startswith(wanted)
    ]
    meant = (whole or begun) if wanted else []
    if len(meant) > 1:
        raise AmbiguousName(wanted, tuple(one.agent.agent or one.agent.label for one in meant))
    if not meant:
        raise NotInIndex(f"agent of {run}", wanted, f"wf runs show {run}")
    return meant[0]


def _build_runs(
    connection: sqlite3.Connection, catalog: Catalog, threads: frozenset[str], now: datetime
) -> list[RunEntry]:
    by_run: dict[tuple[str, str], list[File]] = {}
    for file in catalog.files:
        if file.run and file.thread in threads:
            by_run.setdefault((file.thread, file.run), []).append(file)
    if not by_run:
        return []
    journals = _read_journals(connection)
    snapshots = _read_snapshots(connection)
    names = dict(connection.execute("SELECT id, name FROM files WHERE kind = 'script'"))
    launches = _read_launches(connection)
    entries = []
    for (thread, run), unsorted in sorted(by_run.items()):
        files = sorted(unsorted, key=lambda file: (file.written, file.path))
        told = [file for file in files if file.kind == "snapshot"]
        kept = [file for file in files if file.kind == "journal"]
        transcripts = {file.agent: file for file in files if file.kind == "run-agent"}
        if not (told or kept or transcripts):
            # A script alone was written, and nothing of it began.
            continue
        snapshot = snapshots.get(told[-1].id) if told else None
        task = snapshot.task if snapshot else ""
        built = build_run(
            run,
            thread,
            [agent for file in kept for agent in journals.get(file.id, ())],
            snapshot,
            _make_times(told, kept, transcripts),
            find_launch_of(run, task, *launches.get(thread, ({}, {}))),
            now,
            next((names[file.id] for file in files if file.kind == "script"), ""),
        )
        path = (told or kept or files)[-1].path
        entries.append(RunEntry(built, catalog.threads[thread], path, transcripts))
    return entries


def _make_times(told: list[File], kept: list[File], transcripts: Mapping[str, File]) -> RunFiles:
    first = last = None
    for file in transcripts.values():
        first, last = min_time(first, file.first), max_time(last, file.last)
    return RunFiles(
        journal=kept[-1].written if kept else None,
        snapshot=told[-1].written if told else None,
        written={agent: file.written for agent, file in transcripts.items()},
        first=first,
        last=last,
    )


def _read_journals(connection: sqlite3.Connection) -> dict[int, list[JournalAgent]]:
    found: dict[int, list[JournalAgent]] = {}
    for file, *told in connection.execute(
        "SELECT file, agent, label, phase, result FROM run_agents ORDER BY file, number"
    ):
        found.setdefault(file, []).append(JournalAgent(*told))
    return found


def _read_snapshots(connection: sqlite3.Connection) -> dict[int, Snapshot]:
    found = {}
    for row in connection.execute("SELECT * FROM runs"):
        file, name, status, task, started, ended, summary, error, script, result, *lists = row
        phases, agents = (orjson.loads(one) for one in lists)
        found[file] = Snapshot(
            name=name,
            status=status,
            task=task,
            started=to_moment(started),
            ended=to_moment(ended),
            summary=summary,
            error=error,
            script=script,
            result=result,
            phases=tuple(Phase(*one) for one in phases),
            agents=tuple(SnapshotAgent(*one) for one in agents),
        )
    return found


_Launches = dict[str, tuple[dict[str, ToolCall], dict[str, ToolResult]]]


def _read_launches(connection: sqlite3.Connection) -> _Launches:
    """Return the results, by thread, that say what they started, and the calls of them."""
    found: _Launches = {}
    for thread, key, at, task, run, name, called in connection.execute(
        "SELECT threads.name, results.key, results.at, results.task, results.run, calls.name,"
        " calls.at FROM tool_results AS results JOIN threads ON threads.id = results.thread"
        " LEFT JOIN tool_calls AS calls ON calls.thread = results.thread"
        " AND calls.key = results.key AND calls.file = results.file"
        " WHERE results.counts = 1 AND (results.task <> '' OR results.run <> '')"
        " ORDER BY results.at, results.key"
    ):
        calls, results = found.setdefault(thread, ({}, {}))
        results[key] = ToolResult(key, to_moment(at), False, "", task=task, run=run)
        if name is not None:
            calls[key] = ToolCall(key, to_moment(called), name, "", "")
    return found
