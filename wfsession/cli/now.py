"""`wf status --watch`: what is going on, the same as the first page of `wf serve` has."""

import os
import sys
from collections.abc import Iterable, Iterator

from attrs import frozen

from wfsession.cli.answer import Answer, Ended, UsageError
from wfsession.cli.call import Call
from wfsession.cli.figures import shorten_paths
from wfsession.cli.here import check_directory
from wfsession.cli.live import keep_showing
from wfsession.cli.page import Column, Passage, Rows, Style
from wfsession.cli.refreshing import show_refresh
from wfsession.cli.render import is_terminal
from wfsession.cli.site import make_site
from wfsession.index.unfinished import Unfinished
from wfsession.overview.now import Now, ProjectRow, SessionRow, ThreadRow, read_now
from wfsession.threads.loose import shorten
from wfsession.words import count, tell_age, tell_ago, tell_cost, tell_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from wfsession.cli.answer import Block, Data

_MOST_STUCK, _MOST_SESSIONS, _MOST_THREADS = 3, 20, 15
_EVIDENCE = 160
_SESSIONS = (
    Column("STATE", drop=1),
    Column("SESSION", least=14),
    Column("PHASE", drop=3),
    Column("TASKS", drop=2),
    Column("COST", is_number=True),
    Column("LAST", drop=4),
)
_THREADS = (
    Column("TIER"),
    Column("THREAD", least=8),
    Column("AGENT", drop=3),
    Column("SESSION", drop=2, least=12),
    Column("COST", drop=1, is_number=True),
    Column("LAST", drop=4),
)
_WORKDIRS = (
    Column("WORKDIR", least=16),
    Column("SESSION", drop=1, least=12),
    Column("SIZE", is_number=True),
    Column("STATE", drop=2),
)


@frozen
class Once(Answer):
    """What is going on, told once, as there is no terminal to keep it on."""

    now: Now
    notes: tuple[str, ...] = ("there is no terminal to watch on, so this is told once",)

    def to_data(self) -> "Data":
        """Return nothing: there is no `--json` here."""
        return {}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the page."""
        return tell_now(self.now)


def watch(call: Call) -> Answer:
    """Show what is going on until Ctrl-C; without a terminal once.

    Raises:
        UsageError: JSON was asked for, or one session.
    """
    if call.as_json:
        hint = "wf status --json; wf unfinished --json; wf usage --json"
        raise UsageError("status: --watch is for people, and has no --json", hint)
    if call.flag is not None:
        raise UsageError("status: --watch shows all sessions", "wf status --watch")
    check_directory()
    site = make_site(call)
    with show_refresh() as told:
        site.open_desk(False).ask(lambda view: None, told)
    if not is_terminal(sys.stdout) or os.environ.get("TERM", "") in {"", "dumb"}:
        return Once(read_now(site))

    def make() -> "Iterator[Block]":
        site.tell_change()
        return tell_now(read_now(site))

    keep_showing(make, site.list_watched)
    return Ended(0)


def tell_now(now: Now) -> "Iterator[Block]":
    """Yield what is stuck, and then each project with its sessions and who works on them."""
    yield from _tell_head(now)
    for note in now.notes:
        yield Passage(note, style="bad")
    yield from _tell_stuck(now)
    for row in now.projects:
        yield from _tell_project(row, now.at)
    alive = [(one, "") for one in now.loose]
    if alive:
        yield ""
        yield Passage("threads in no session", style="strong")
        yield from _list_threads(alive, now.at)
    if now.archive:
        is_one = len(now.archive) == 1
        over = f"{count(len(now.archive), 'thread')} that {'is' if is_one else 'are'} over"
        yield Passage(f"{over}: wf usage --by thread", style="faint")


def _tell_head(now: Now) -> "Iterator[Block]":
    total = now.total
    sums = f"{count(total.responses, 'response')}, {count(total.tool_calls, 'tool call')}"
    sums += f", {count(total.errors, 'error')}, {tell_cost(total.cost_usd)} at list prices"
    if now.here is None:
        yield "There is no .workflow directory here or above, so there is no session yet."
        yield 'To begin one here: wf new "what it is about"'
        yield Passage(f"What the transcripts on this machine tell: {sums}", style="faint")
        return
    yield Passage(f"{now.here.name}: {sums}", style="faint")


def _tell_stuck(now: Now) -> "Iterator[Block]":
    if not now.stuck and not now.findings:
        return
    yield ""
    yield Passage("stuck or unfinished", style="strong")
    for finding in now.findings[:_MOST_STUCK]:
        style: Style = "bad" if finding.severity == "error" else ""
        yield Passage(f"{finding.id}: {shorten_paths(finding.message)}", "", 2, style)
        yield Passage(f"repair: {finding.repair} (wf doctor --fix)", "", 4, "faint")
    if len(now.findings) > _MOST_STUCK:
        yield f"  and {len(now.findings) - _MOST_STUCK} more: wf doctor"
    for one in now.stuck[:_MOST_STUCK]:
        yield Passage(_name_stuck(one, now), "", 2)
        yield Passage(shorten(one.evidence, _EVIDENCE), "", 4, "faint")
    left = len(now.stuck) - _MOST_STUCK + now.more_stuck
    if left > 0:
        yield f"  and {left} more: wf unfinished"


def _name_stuck(one: Unfinished, now: Now) -> str:
    name = now.labels.get(one.thread, one.name) if one.kind == "thread" else one.name
    told = f"{one.kind} {name} {one.status}{'' if one.certain else '?'}"
    if one.session and one.kind != "session":
        told += f" in {one.session}"
    return f"{told}, {tell_ago(one.at, now.at)}" if one.at else told


def _tell_project(row: ProjectRow, at: "datetime") -> "Iterator[Block]":
    yield ""
    place = "" if row.project.is_here else f" ({shorten_paths(row.project.directory)})"
    yield Passage(f"{row.project.name}{place}", style="strong")
    if row.error:
        yield Passage(row.error, "", 2, "bad")
        return
    if row.open:
        yield _list_sessions(row.open[:_MOST_SESSIONS], at)
    else:
        yield 'no session is open: wf new "what it is about"'
    if len(row.open) > _MOST_SESSIONS:
        yield f"and {len(row.open) - _MOST_SESSIONS} more: wf list"
    for one in row.open:
        if one.session.state == "bad":
            yield Passage(one.session.fault, f"{one.session.name}: ", 2, "bad")
    if row.over:
        over = count(len(row.over), "completed or archived session")
        yield Passage(f"{over}: wf list --all", style="faint")
    threads = [(thread, one.session.name) for one in row.open for thread in one.threads]
    if threads:
        yield ""
        yield from _list_threads(threads, at)
    workdirs = tuple(_list_workdirs(row.open))
    if workdirs:
        yield ""
        yield Rows(_WORKDIRS, workdirs)


def _list_sessions(rows: tuple[SessionRow, ...], at: "datetime") -> Rows:
    return Rows(
        _SESSIONS,
        tuple(_make_session(one, at) for one in rows),
        marked=frozenset(n for n, one in enumerate(rows) if one.session.is_active),
    )


def _make_session(row: SessionRow, at: "datetime") -> tuple[str, ...]:
    session, tasks = row.session, row.session.tasks
    counts = f"{tasks.done}/{tasks.total}" if tasks.total else ""
    cost = tell_cost(row.sums.cost_usd) if row.is_told else ""
    last = tell_age(row.last, at)
    return session.state, session.name, session.phase, counts, cost, last


def _list_threads(rows: list[tuple[ThreadRow, str]], at: "datetime") -> "Iterator[Block]":
    """Yield a table of threads with their sessions, those at work first."""
    rows = sorted(rows, key=lambda row: row[0].tier not in ("active", "idle"))
    shown = rows[:_MOST_THREADS]
    yield Rows(
        _THREADS,
        tuple(_make_thread(one, session, at) for one, session in shown),
        marked=frozenset(n for n, (one, _) in enumerate(shown) if one.tier == "active"),
        faint=frozenset(n for n, (one, _) in enumerate(shown) if one.tier in ("stale", "closed")),
    )
    if len(rows) > _MOST_THREADS:
        yield f"and {count(len(rows) - _MOST_THREADS, 'thread')} more: wf threads"


def _make_thread(row: ThreadRow, session: str, at: "datetime") -> tuple[str, ...]:
    cost = tell_cost(row.sums.cost_usd) if row.is_told else ""
    last = tell_age(row.last, at) if row.last else ""
    return row.tier, row.label, row.agent, session, cost, last


def _list_workdirs(rows: Iterable[SessionRow]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        for one in row.workdirs:
            path = shorten_paths(one.workdir.path)
            yield path, row.session.name, tell_size(one.size_bytes), one.workdir.state
