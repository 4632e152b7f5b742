"""What `wf runs` shows: a table of runs, one run with its agents, and one agent of a run."""

from datetime import datetime

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.figures import tell_moment, tell_status
from wfsession.cli.page import Column, Pairs, Passage, Rows
from wfsession.cli.tale import tell_steps
from wfsession.core.times import encode_time
from wfsession.index.as_json import encode_report, encode_result, encode_run, encode_run_agent
from wfsession.index.runs import (
    AgentRow,
    RunEntry,
    RunReport,
)
from wfsession.threads.prices import strip_model
from wfsession.threads.story import Story
from wfsession.threads.story_json import to_data
from wfsession.words import join, tell_age, tell_cost, tell_length, tell_tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_RUNS = (
    Column("RUN"),
    Column("STATUS", least=9),
    Column("AGENTS", drop=3, is_number=True),
    Column("STARTED", drop=1),
    Column("NAME", drop=2, least=12),
    Column("SESSION", drop=4, least=12),
    Column("SUMMARY", drop=5, least=12),
)
_AGENTS = (
    Column("LABEL", least=12),
    Column("STATUS"),
    Column("PHASE", drop=5, least=8),
    Column("MODEL", drop=4, least=8),
    Column("CALLS", drop=8, is_number=True),
    Column("ERRORS", drop=7, is_number=True),
    Column("INPUT", drop=3, is_number=True),
    Column("OUTPUT", drop=2, is_number=True),
    Column("CACHE READ", drop=9, is_number=True),
    Column("CACHE WRITE", drop=10, is_number=True),
    Column("COST", drop=1, is_number=True),
)
_MOST_RESULT = 1_000
_MOST_COMMITS = 5


@frozen
class Listed(Answer):
    """Runs, the last one first."""

    entries: tuple[RunEntry, ...]
    at: datetime
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return the runs."""
        return {"runs": [encode_run(entry) for entry in self.entries]}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the table."""
        if is_terminal and not self.entries:
            yield "No workflow run is known of that."
            return
        rows = tuple(self._make_row(entry, is_terminal) for entry in self.entries)
        marked = frozenset(
            place for place, entry in enumerate(self.entries) if entry.run.status == "running"
        )
        yield Rows(_RUNS, rows, marked=marked)

    def _make_row(self, entry: RunEntry, is_terminal: bool) -> tuple[str, ...]:
        run = entry.run
        done = sum(agent.status == "completed" for agent in run.agents)
        started = ""
        if run.started:
            started = tell_age(run.started, self.at) if is_terminal else encode_time(run.started)
        return (
            run.run,
            tell_status(run.status, run.certain),
            f"{done}/{len(run.agents)}",
            started,
            run.name,
            entry.thread.session,
            run.summary,
        )


@frozen
class Shown(Answer):
    """One run in whole."""

    report: RunReport
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return run, result and agents."""
        return encode_report(self.report)

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what is known of the run, its agents, and what it gave back."""
        run = self.report.entry.run
        yield f"{run.run}{f' ({run.name})' if run.name else ''}"
        yield Pairs(tuple(self._tell_run()))
        if run.result is not None:
            yield Pairs((("result", _cut_result(run.result)),))
        if self.report.agents:
            rows = tuple(_make_agent_row(row, is_terminal) for row in self.report.agents)
            yield Rows(_AGENTS, rows)
        if is_terminal and self.report.agents:
            yield Passage(f"More of an agent: wf runs agent {run.run} LABEL")

    def _tell_run(self) -> "Iterator[tuple[str, str]]":
        report, run, thread = self.report, self.report.entry.run, self.report.entry.thread
        why = "" if run.certain else ", as far as the times of its files tell"
        yield "status", f"{run.status}{why}"
        yield from _tell_times(run.started, run.ended)
        yield "thread", _name_thread(thread.name, thread.label)
        if thread.session:
            yield "session", thread.session
        if run.phases:
            yield "phases", join(phase.title for phase in run.phases)
        for label, found in (
            ("branch", dict.fromkeys(span.branch for span in report.spans if span.branch)),
            ("worktree", dict.fromkeys(span.cwd for span in report.spans)),
        ):
            if found:
                yield label, join(found)
        label = "commits"
        for commit in report.commits[-_MOST_COMMITS:]:
            yield label, f"{commit.hash[:10]} {commit.subject}"
            label = ""
        if run.summary:
            yield "summary", run.summary
        if run.error:
            yield "error", run.error
        yield "file", report.entry.path


@frozen
class AgentShown(Answer):
    """One agent of a run, and what it did; no story where it has no transcript."""

    report: RunReport
    row: AgentRow
    story: Story | None
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return run, agent, its result and its story."""
        return {
            "run_id": self.report.entry.run.run,
            "agent": encode_run_agent(self.row),
            "result": encode_result(self.row.agent.result),
            "story": to_data(self.story) if self.story else None,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what is known of the agent, then its steps."""
        agent, sums = self.row.agent, self.row.sums
        yield f"{agent.label or agent.agent} of {self.report.entry.run.run}"
        why = "" if agent.is_certain else ", as far as the times of its files tell"
        pairs = [("status", f"{agent.status}{why}"), ("agent", agent.agent or "it never had an id")]
        pairs += [("phase", agent.phase)] if agent.phase else []
        pairs += [("model", self.row.model)] if self.row.model else []
        pairs += [("tokens", _tell_all_tokens(self.row, is_terminal))]
        pairs += [("cost", f"{tell_cost(sums.cost_usd, True)} at the API's list price")]
        pairs += [("transcript", self.row.transcript or "it has none")]
        if agent.result is not None:
            pairs.append(("result", _cut_result(agent.result)))
        yield Pairs(tuple(pairs))
        if self.story is not None:
            yield Passage("what it did", style="strong")
            yield from tell_steps(self.story)


def _tell_all_tokens(row: AgentRow, is_terminal: bool) -> str:
    sums = row.sums
    tokens = (
        (sums.input_tokens, "input"),
        (sums.output_tokens, "output"),
        (sums.cache_read_tokens, "read from the cache"),
        (sums.cache_write_tokens, "written to it"),
    )
    return join(f"{tell_tokens(number, is_terminal)} {what}" for number, what in tokens)


def _tell_times(started: datetime | None, ended: datetime | None) -> "Iterator[tuple[str, str]]":
    if started:
        yield "started", tell_moment(started)
    if ended:
        took = f" ({tell_length((ended - started).total_seconds())})" if started else ""
        yield "ended", f"{tell_moment(ended)}{took}"


def _name_thread(name: str, label: str) -> str:
    return name if name.startswith(label) else f"{name} ({label})"


def _cut_result(result: bytes) -> str:
    text = result.decode(errors="replace")
    if len(text) <= _MOST_RESULT:
        return text
    return f"{text[:_MOST_RESULT]}… ({len(text):,} characters in all: --json)"


def _make_agent_row(row: AgentRow, is_terminal: bool) -> tuple[str, ...]:
    agent, sums = row.agent, row.sums
    tokens = (
        sums.input_tokens,
        sums.output_tokens,
        sums.cache_read_tokens,
        sums.cache_write_tokens,
    )
    return (
        agent.label or agent.agent,
        tell_status(agent.status, agent.is_certain),
        agent.phase,
        strip_model(row.model) if is_terminal else row.model,
        str(sums.tool_calls),
        str(sums.errors),
        *(tell_tokens(number, is_terminal) for number in tokens),
        tell_cost(sums.cost_usd, is_terminal),
    )
