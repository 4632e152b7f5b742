"""Runs: the journal first, the snapshot for what it adds, the times of files for the rest."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from tests.transcripts import answer, call, converse, result
from wfsession.threads.runfiles import (
    JournalAgent,
    Phase,
    Snapshot,
    parse_journal,
    parse_snapshot,
)
from wfsession.threads.runs import Run, RunFiles, build_run, find_launch_of

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)
RUN = "wf_7c3d21aa-0f9"
A, B, C = "e0e0e0e0e0e0e0e1", "e0e0e0e0e0e0e0e2", "e0e0e0e0e0e0e0e3"
STARTED = ({"type": "started", "agentId": A}, {"type": "started", "agentId": B})
DONE = {"type": "result", "agentId": A, "result": "right"}


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def snap(status: Any = "completed", *agents: dict[str, Any], **more: Any) -> Snapshot:
    items = [{"type": "workflow_agent", **one} for one in agents]
    data = {"runId": RUN, "status": status, "workflowProgress": items, **more}
    found = parse_snapshot(json.dumps(data).encode())
    assert found is not None
    return found


def build(
    lines: tuple[dict[str, Any], ...] = (),
    snapshot: Snapshot | None = None,
    *,
    snapshot_at: float | None = None,
    journal: float | None = None,
    written: dict[str, float] | None = None,
) -> Run:
    """Build a run whose files were written so many seconds ago, `written` those of agents."""
    files = RunFiles(
        journal=ago(journal) if journal is not None else None,
        snapshot=ago(snapshot_at) if snapshot_at is not None else None,
        written={agent: ago(age) for agent, age in (written or {}).items()},
    )
    return build_run(RUN, "t", parse_journal(lines), snapshot, files, None, NOW)


def statuses(run: Run) -> list[tuple[str, str, bool]]:
    return [(one.agent, one.status, one.is_certain) for one in run.agents]


@pytest.mark.parametrize("status", ["completed", "failed", "killed"])
def test_a_snapshot_that_nothing_outlived_is_certain(status: str) -> None:
    run = build(
        (*STARTED, DONE), snap(status), snapshot_at=100, journal=101, written={A: 200, B: 95}
    )
    assert (run.status, run.certain) == (status, True)
    rest = "killed" if status == "killed" else "failed"
    assert statuses(run) == [(A, "completed", True), (B, rest, status == "killed")]


@pytest.mark.parametrize(
    ("age_s", "status"),
    [(0, "running"), (300, "running"), (300.5, "crashed"), (-300, "running"), (-301, "unknown")],
)
def test_without_a_snapshot_only_the_times_of_files_tell(age_s: float, status: str) -> None:
    run = build((*STARTED, DONE), journal=5_000, written={A: 6_000, B: age_s})
    assert (run.status, run.certain) == (status, False)
    assert statuses(run) == [(A, "completed", True), (B, status, False)]


def test_without_any_time_nothing_is_known() -> None:
    assert (build(STARTED).status, build().status) == ("unknown", "unknown")


@pytest.mark.parametrize(("age_s", "status"), [(20, "running"), (400, "crashed")])
def test_a_stale_snapshot_of_a_killed_run_beside_live_files_counts_no_more(
    age_s: float, status: str
) -> None:
    killed = snap("killed", {"agentId": B, "state": "error", "label": "two"}, result="half")
    run = build(STARTED, killed, snapshot_at=1_000, journal=1_100, written={A: 1_100, B: age_s})
    assert (run.status, run.certain, run.result) == (status, False, None)
    assert statuses(run)[1] == (B, status, False)
    assert [one.label for one in run.agents] == ["", "two"]


def test_a_run_that_completed_is_over_whenever_its_files_were_written() -> None:
    run = build((*STARTED, DONE), snap("completed"), snapshot_at=1_000, written={A: 5})
    assert (run.status, run.certain) == ("completed", True)


def test_the_last_words_of_agents_that_are_killed_revive_no_run() -> None:
    assert build(STARTED, snap("killed"), snapshot_at=100, written={B: 90}).status == "killed"
    assert build(STARTED, snap("killed"), snapshot_at=100, written={B: 89}).status == "running"


def test_a_run_with_a_snapshot_only_died_before_any_agent() -> None:
    run = build((), snap("failed", error="no script", workflowName="totals"), snapshot_at=5)
    assert (run.status, run.certain, run.agents) == ("failed", True, ())
    assert (run.error, run.name) == ("no script", "totals")


@pytest.mark.parametrize("status", ["paused", "", None, 5])
def test_a_status_that_is_not_known_is_unknown(status: Any) -> None:
    run = build(STARTED, snap(status), snapshot_at=5, journal=6)
    assert (run.status, run.certain) == ("unknown", False)
    assert build(STARTED, None, snapshot_at=5, journal=6).status == "unknown"


def test_whoever_is_in_one_place_only_is_kept() -> None:
    told = snap("completed", {"agentId": B, "state": "done"}, {"label": "late"}, agentCount=1)
    run = build((STARTED[0], DONE), told, snapshot_at=5, written={C: 6})
    assert statuses(run) == [
        (A, "completed", True),
        (B, "completed", True),
        (C, "failed", False),
        ("", "unknown", False),
    ]
    assert run.agents[-1].label == "late"


@pytest.mark.parametrize(
    ("state", "status"),
    [("done", "completed"), ("error", "failed"), ("in_progress", "failed"), ("progress", "failed")],
)
def test_the_state_in_the_snapshot_counts_where_the_journal_has_no_result(
    state: str, status: str
) -> None:
    run = build((*STARTED, DONE), snap("failed", {"agentId": B, "state": state}), snapshot_at=5)
    assert [one.status for one in run.agents] == ["completed", status]


def test_labels_and_phases_come_from_the_journal_and_else_from_the_snapshot() -> None:
    lines = (STARTED[0] | {"label": "check invoices", "phase": "Check"}, STARTED[1])
    told = snap(
        "completed",
        {"agentId": A, "label": "one", "phaseTitle": "One", "model": "claude-haiku-4-5"},
        {"agentId": B, "label": "two", "phaseTitle": "Sum up", "phaseIndex": 1},
        phases=[{"title": "Check", "detail": "each"}, {"title": "Sum up"}],
    )
    run = build(lines, told, snapshot_at=5)
    assert [(one.label, one.phase) for one in run.agents] == [
        ("check invoices", "Check"),
        ("two", "Sum up"),
    ]
    assert run.agents[0].model == "claude-haiku-4-5"
    assert run.phases == (Phase("Check", "each"), Phase("Sum up"))


def test_the_last_result_wins_and_null_is_one() -> None:
    lines: list[dict[str, Any]] = [
        DONE,
        DONE | {"result": {"b": 1}},
        DONE | {"agentId": B, "result": None},
    ]
    assert parse_journal(lines) == (
        JournalAgent(A, result=b'{"b":1}'),
        JournalAgent(B, result=b"null"),
    )


@pytest.mark.parametrize("started", [1789376400000, "2026-09-14T09:00:00.000Z"])
def test_a_start_is_in_milliseconds_or_written_out(started: Any) -> None:
    told = snap("completed", startTime=started, durationMs=61_000)
    begun = datetime(2026, 9, 14, 9, tzinfo=UTC)
    assert (told.started, told.ended) == (begun, begun + timedelta(seconds=61))
    run = build(STARTED, told, snapshot_at=5)
    assert (run.started, run.ended) == (told.started, told.ended)


def test_a_run_that_goes_on_has_no_end() -> None:
    assert build(STARTED, journal=5).ended is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_a_half_written_snapshot_is_none(data: bytes) -> None:
    assert parse_snapshot(data) is None


def test_the_launching_call_names_the_task_of_the_snapshot_or_the_run() -> None:
    talk = converse(
        answer("m1", call("t1", "Workflow"), second=7),
        result("t1", "Workflow launched in background. Task ID: wt77", second=8),
        answer("m2", call("t2", "Workflow"), second=9),
        result("t2", told={"taskId": "wt78", "runId": RUN}),
    )
    by_task = find_launch_of("wf_other", "wt77", talk.calls, talk.results)
    assert by_task is not None
    assert (by_task.call, by_task.task) == ("t1", "wt77")
    assert by_task.at == datetime(2026, 9, 14, 0, 0, 7, tzinfo=UTC)
    by_run = find_launch_of(RUN, "", talk.calls, talk.results)
    assert by_run is not None
    assert (by_run.call, by_run.task) == ("t2", "wt78")
    assert find_launch_of("wf_none", "", talk.calls, talk.results) is None


@pytest.mark.parametrize("depth", [100, 240, 300, 900])
def test_a_result_is_kept_if_an_answer_around_it_can_be_written(depth: int) -> None:
    """A parser takes what is nested far deeper than what its writer writes."""
    value: Any = json.loads("[" * depth + "]" * depth)
    told = snap(result=value).result
    (agent,) = parse_journal([{**DONE, "result": value}])
    assert told is not None
    assert told == agent.result
    assert orjson.dumps({"data": {"run": {"result": orjson.loads(told)}}})
    assert (told == b"null") is (depth > 100)
