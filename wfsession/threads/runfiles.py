"""The two files of a workflow's run: the journal's lines and the snapshot -> frozen values. Pure.

Imports only the lenient readers. Never raises, whatever the files hold.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson
from attrs import field, frozen

from wfsession.threads.loose import (
    get_count,
    get_long_text,
    get_moment,
    get_object,
    get_objects,
    get_text,
)

_SUMMARY_CHARACTERS = 600
# More than stand around a result in any answer.
_LEVELS_AROUND = 20


@frozen
class JournalAgent:
    """What the journal says of an agent; `result` is its JSON, None where there is none."""

    agent: str
    label: str = ""
    phase: str = ""
    result: bytes | None = field(default=None, repr=False)


@frozen
class SnapshotAgent:
    """What the snapshot says of an agent; `agent` is empty where it never got an id."""

    agent: str
    label: str
    phase: str
    model: str
    state: str


@frozen
class Phase:
    """A phase, as the workflow's script declares it or its agents name it."""

    title: str
    detail: str = ""


@frozen
class Snapshot:
    """What a run's snapshot says; what it does not say is empty or None."""

    name: str = ""
    status: str = ""
    task: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    summary: str = ""
    error: str = ""
    script: str = ""
    result: bytes | None = field(default=None, repr=False)
    phases: tuple[Phase, ...] = ()
    agents: tuple[SnapshotAgent, ...] = ()


def parse_journal(objects: Iterable[dict[str, Any]]) -> tuple[JournalAgent, ...]:
    """Return the agents of a journal, as they appear; of an agent the last result counts."""
    agents: dict[str, JournalAgent] = {}
    for line in objects:
        agent = get_text(line, "agentId")
        kind = line.get("type")
        if not agent or kind not in ("started", "result"):
            continue
        known = agents.get(agent, JournalAgent(agent))
        has_result = kind == "result"
        agents[agent] = JournalAgent(
            agent,
            get_text(line, "label") or known.label,
            get_text(line, "phase") or known.phase,
            _encode_result(line.get("result")) if has_result else known.result,
        )
    return tuple(agents.values())


def _encode_result(value: object) -> bytes:
    """Return a result as JSON; `null` for one that no answer can have in it."""
    around = value
    for _ in range(_LEVELS_AROUND):
        around = [around]
    try:
        return orjson.dumps(around)[_LEVELS_AROUND:-_LEVELS_AROUND]
    except TypeError:
        # What is read may be nested four times as deeply as what is written.
        return b"null"


def parse_snapshot(data: bytes) -> Snapshot | None:
    """Return what a snapshot says, or None where it is no object (it may be half written)."""
    try:
        value = orjson.loads(data)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    started = get_moment(value, "startTime") or get_moment(value, "timestamp")
    took_ms = get_count(value, "durationMs")
    items = get_objects(value, "workflowProgress")
    declared = [
        Phase(get_text(one, "title"), get_text(one, "detail"))
        for one in get_objects(value, "phases")
    ]
    return Snapshot(
        name=get_text(value, "workflowName"),
        status=get_text(value, "status"),
        task=get_text(value, "taskId"),
        started=started,
        ended=_add(started, took_ms),
        summary=get_long_text(value, "summary")[:_SUMMARY_CHARACTERS],
        error=_find_error(value),
        script=get_text(value, "scriptPath"),
        result=_encode_result(value["result"]) if value.get("result") is not None else None,
        phases=merge_phases([*declared, *_list_phases(items)]),
        agents=tuple(_list_agents(items)),
    )


def _add(moment: datetime | None, milliseconds: int | None) -> datetime | None:
    if moment is None or milliseconds is None:
        return None
    try:
        return moment + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _find_error(value: dict[str, Any]) -> str:
    told = get_long_text(value, "error") or get_long_text(get_object(value, "error"), "message")
    return told[:_SUMMARY_CHARACTERS]


def _list_phases(items: list[dict[str, Any]]) -> list[Phase]:
    return [Phase(get_text(one, "title")) for one in items if one.get("type") == "workflow_phase"]


def _list_agents(items: list[dict[str, Any]]) -> Iterable[SnapshotAgent]:
    found: dict[str, SnapshotAgent] = {}
    for number, one in enumerate(items):
        if one.get("type") != "workflow_agent":
            continue
        agent = get_text(one, "agentId")
        # Of one that never began there is no id to tell it from others; each such is another.
        found[agent or f" {number}"] = SnapshotAgent(
            agent,
            get_text(one, "label"),
            get_text(one, "phaseTitle"),
            get_text(one, "model"),
            get_text(one, "state"),
        )
    return found.values()


def merge_phases(phases: Iterable[Phase]) -> tuple[Phase, ...]:
    """Return each phase once, joined by title: their numbers count from 0 here and from 1 there."""
    merged: dict[str, Phase] = {}
    for phase in phases:
        if phase.title and not (phase.title in merged and merged[phase.title].detail):
            merged[phase.title] = phase
    return tuple(merged.values())
