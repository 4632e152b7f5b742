"""Runs of workflows: the journal, enriched by the snapshot, and what the times of files tell.

Pure. Imports this room. A running run and one that crashed leave the same files;
only when those were written last tells them apart, so `certain` says how sure a status is.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from attrs import field, frozen

from wfsession.threads.events import ToolCall, ToolResult
from wfsession.threads.facts import max_time, min_time
from wfsession.threads.runfiles import (
    JournalAgent,
    Phase,
    Snapshot,
    SnapshotAgent,
    merge_phases,
)

Status = Literal["running", "completed", "failed", "killed", "crashed", "unknown"]
_ENDED: Mapping[str, Status] = {"completed": "completed", "failed": "failed", "killed": "killed"}
# A file that was written so recently is at work.
QUIET_S = 300
# Agents that are killed may write their last lines after the snapshot.
_LAST_WORDS_S = 10


@frozen
class RunAgent:
    """An agent of a run. `is_certain` is False where only the times of files tell its status."""

    agent: str
    label: str
    phase: str
    model: str
    status: Status
    is_certain: bool
    result: bytes | None = field(default=None, repr=False)


@frozen
class Launch:
    """The call that started a run."""

    call: str
    at: datetime | None
    task: str


@frozen
class Run:
    """A run, with its agents: those of the journal first, in its order, and none left out."""

    run: str
    thread: str
    name: str
    status: Status
    certain: bool
    started: datetime | None
    ended: datetime | None
    phases: tuple[Phase, ...]
    agents: tuple[RunAgent, ...]
    summary: str
    error: str
    script: str
    launch: Launch | None
    result: bytes | None = field(default=None, repr=False)


@frozen
class RunFiles:
    """When the files of a run were written last, and what the agents' transcripts tell of time.

    `written` is by agent. `first` is the earliest time on any line of the agents, `last` the
    latest. All are aware UTC.
    """

    journal: datetime | None = None
    snapshot: datetime | None = None
    written: Mapping[str, datetime] = field(factory=dict)
    first: datetime | None = None
    last: datetime | None = None


def find_launch_of(
    run: str, task: str, calls: Mapping[str, ToolCall], results: Mapping[str, ToolResult]
) -> Launch | None:
    """Return the call that started a run: its result names the run's task, or the run.

    Args:
        run: the run's id.
        task: the task of its snapshot, or empty.
        calls: those of the thread, by their keys.
        results: theirs.
    """
    for key, result in results.items():
        if (task and result.task == task) or (result.run and result.run == run):
            call = calls.get(key)
            at = call.at if call else None
            return Launch(key, at or result.at, result.task or task)
    return None


def build_run(
    run: str,
    thread: str,
    journal: Iterable[JournalAgent],
    snapshot: Snapshot | None,
    files: RunFiles,
    launch: Launch | None,
    now: datetime,
    name: str = "",
) -> Run:
    """Put together what is known of a run.

    Args:
        run: its id.
        thread: the thread that it belongs to.
        journal: what `parse_journal` gave; empty where there is none.
        snapshot: what `parse_snapshot` gave, or None.
        files: when its files were written.
        launch: the call that started it, or None.
        now: the present; compared with the times of files only.
        name: what its script is called.

    Returns:
        The run. Where the snapshot of one that did not complete is older than what its agents wrote
        since, it was resumed; then the snapshot's status counts no more, nor its agents' states.
    """
    told = snapshot or Snapshot()
    is_live = told.status != "completed" and _is_resumed(files)
    status, certain = _find_status(told.status, is_live, files, now)
    is_over = not is_live and status in _ENDED
    agents = _merge_agents(tuple(journal), told, None if is_live else status, files, now)
    first, last = min_time(files.first, launch.at if launch else None), files.last
    return Run(
        run=run,
        thread=thread,
        name=told.name or name,
        status=status,
        certain=certain,
        started=told.started or first,
        ended=(told.ended or last) if is_over else None if status == "running" else last,
        phases=merge_phases([*told.phases, *(Phase(one.phase) for one in agents)]),
        agents=agents,
        summary=told.summary,
        error=told.error,
        script=told.script,
        launch=launch,
        result=None if is_live else told.result,
    )


def _find_written(files: RunFiles) -> datetime | None:
    newest = files.journal
    for moment in files.written.values():
        newest = max_time(newest, moment)
    return newest


def _is_resumed(files: RunFiles) -> bool:
    """Tell whether agents wrote after the snapshot, longer than they need for their last words."""
    newest = _find_written(files)
    if newest is None or files.snapshot is None:
        return False
    return newest - files.snapshot > timedelta(seconds=_LAST_WORDS_S)


def _find_status(told: str, is_live: bool, files: RunFiles, now: datetime) -> tuple[Status, bool]:
    if told in _ENDED and not is_live:
        return _ENDED[told], True
    if files.snapshot is not None and not is_live:
        # There is one, but it cannot be read, or says what we do not know.
        return "unknown", False
    return _judge(_find_written(files), now), False


def _judge(written: datetime | None, now: datetime) -> Status:
    """Return what the last writing of a file says of who wrote it."""
    if written is None:
        return "unknown"
    age = (now - written).total_seconds()
    if age < -QUIET_S:
        # From a clock that is not ours.
        return "unknown"
    return "running" if age <= QUIET_S else "crashed"


def _merge_agents(
    journal: tuple[JournalAgent, ...],
    snapshot: Snapshot,
    run_status: Status | None,
    files: RunFiles,
    now: datetime,
) -> tuple[RunAgent, ...]:
    """Join who is in the journal, in the snapshot, or has a transcript; by their ids."""
    told = {one.agent: one for one in snapshot.agents if one.agent}
    known = {one.agent: one for one in journal}
    names = dict.fromkeys((*known, *told, *sorted(files.written)))
    nobody = SnapshotAgent("", "", "", "", "")
    agents = []
    for agent in names:
        mine, its = known.get(agent, JournalAgent(agent)), told.get(agent, nobody)
        state = its.state if run_status is not None else ""
        status, is_certain = _find_agent_status(mine, state, run_status, files, now)
        agents.append(
            RunAgent(
                agent,
                mine.label or its.label,
                mine.phase or its.phase,
                its.model,
                status,
                is_certain,
                mine.result,
            )
        )
    for its in snapshot.agents:
        if not its.agent:
            agents.append(RunAgent("", its.label, its.phase, its.model, "unknown", False))
    return tuple(agents)


def _find_agent_status(
    mine: JournalAgent,
    state: str,
    run_status: Status | None,
    files: RunFiles,
    now: datetime,
) -> tuple[Status, bool]:
    if mine.result is not None or state == "done":
        return "completed", True
    if state == "error":
        return "failed", True
    if run_status == "killed":
        return "killed", True
    if run_status in _ENDED:
        # The run went on to its end without it.
        return "failed", False
    return _judge(files.written.get(mine.agent, files.journal), now), False
