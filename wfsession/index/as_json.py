"""Answers of the index -> the objects of `--json`. Pure.

Imports the values of this room, and threads. The keys are what scripts hold on to: more may come.
"""

from datetime import datetime
from typing import Any

import attrs
import orjson

from wfsession.core.times import encode_time
from wfsession.index.context import ContextUse
from wfsession.index.git_spans import Commit, GitSpan
from wfsession.index.runs import AgentRow, RunEntry, RunReport
from wfsession.index.search import Hit
from wfsession.index.unfinished import Unfinished
from wfsession.index.usage import Oversized, Usage
from wfsession.index.verify import IndexStatus
from wfsession.threads.conversation import Totals

Data = dict[str, Any]


def encode_moment(moment: datetime | None) -> str | None:
    """Return a time, or None."""
    return encode_time(moment) if moment is not None else None


def encode_result(result: bytes | None) -> Any:
    """Return what a run or an agent gave back, which is any JSON; None where it gave nothing."""
    return None if result is None else orjson.loads(result)


def encode_run(entry: RunEntry) -> Data:
    """Return a run as a row of `wf runs`; `agents` is how many it has."""
    run = entry.run
    return {
        "run_id": run.run,
        "thread": entry.thread.name,
        "session": entry.thread.session or None,
        "name": run.name or None,
        "status": run.status,
        "certain": run.certain,
        "started": encode_moment(run.started),
        "ended": encode_moment(run.ended),
        "agents": len(run.agents),
        "phases": [phase.title for phase in run.phases],
        "summary": run.summary,
        "error": run.error or None,
        "script": run.script or None,
        "path": entry.path,
    }


def encode_report(report: RunReport) -> Data:
    """Return a run in whole, with its agents and what git says of the time."""
    return {
        "run": encode_run(report.entry),
        "result": encode_result(report.entry.run.result),
        "agents": [encode_run_agent(row) for row in report.agents],
        "places": [_encode_span(span) for span in report.spans],
        "commits": [_encode_commit(commit) for commit in report.commits],
    }


def encode_run_agent(row: AgentRow) -> Data:
    """Return an agent of a run, with its sums."""
    agent = row.agent
    return {
        "agent_id": agent.agent or None,
        "label": agent.label or None,
        "phase": agent.phase or None,
        "status": agent.status,
        "certain": agent.is_certain,
        "model": row.model or None,
        **encode_sums(row.sums),
        "transcript": row.transcript or None,
    }


def _encode_span(span: GitSpan) -> Data:
    first, last = encode_moment(span.first), encode_moment(span.last)
    return {"directory": span.cwd, "branch": span.branch or None, "first": first, "last": last}


def _encode_commit(commit: Commit) -> Data:
    return {
        "hash": commit.hash,
        "at": encode_moment(commit.at),
        "subject": commit.subject,
        "directory": commit.cwd,
        "branch": commit.branch or None,
    }


def encode_sums(sums: Totals) -> Data:
    """Return sums; `cost_usd` is None where the price of any response is not known."""
    return attrs.asdict(sums)


def encode_usage(usage: Usage) -> Data:
    """Return what was used, by one thing."""
    return {
        "by": usage.by,
        "rows": [{"key": row.key, **encode_sums(row.sums)} for row in usage.rows],
        "total": encode_sums(usage.total),
        "unpriced": list(usage.unpriced),
        "from_stories": usage.from_stories,
    }


def encode_oversized(one: Oversized) -> Data:
    """Return a subagent that may have been given more than it needed."""
    return {
        "thread": one.thread,
        "agent_id": one.agent,
        "type": one.type or None,
        "model": one.model or None,
        "hints": list(one.hints),
        **encode_sums(one.sums),
        "transcript": one.path,
    }


def encode_context(used: ContextUse) -> Data:
    """Return where the context of a thread went."""
    return {
        "thread": used.thread,
        "most_tokens": used.most_tokens,
        "responses": used.responses,
        "rows": [{**attrs.asdict(row), "path": row.path or None} for row in used.rows],
    }


def encode_hit(hit: Hit) -> Data:
    """Return a message that was found; `matches` are ranges of characters in its snippet."""
    return {
        "thread": hit.thread,
        "session": hit.session or None,
        "run_id": hit.run or None,
        "agent_id": hit.agent or None,
        "label": hit.label or None,
        "role": hit.role or None,
        "model": hit.model or None,
        "at": encode_moment(hit.at),
        "snippet": hit.snippet,
        "matches": [list(match) for match in hit.matches],
        "key": hit.key,
        "transcript": hit.path,
        "source": hit.source,
    }


def encode_unfinished(one: Unfinished) -> Data:
    """Return something without an end."""
    return {
        "kind": one.kind,
        "name": one.name,
        "thread": one.thread or None,
        "session": one.session or None,
        "run_id": one.run or None,
        "status": one.status,
        "certain": one.certain,
        "evidence": one.evidence,
        "at": encode_moment(one.at),
        "path": one.path,
    }


def encode_status(status: IndexStatus) -> Data:
    """Return how large an index is, how old, and what it knows too little of."""
    return {
        "path": status.path,
        "size_bytes": status.size_bytes,
        "refreshed": encode_moment(status.refreshed),
        "rows": dict(status.rows),
        "lines": status.lines,
        "skipped": status.skipped,
        "unknown": dict(status.unknown),
        "problems": [attrs.asdict(one) for one in status.problems],
    }
