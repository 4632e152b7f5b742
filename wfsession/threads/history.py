"""All that the files of one thread say, read at once: for its story, and for its runs.

Imports this room. Reads files and prints nothing; a file that cannot be read stops nothing and is
told of. The index reads in pieces instead.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import FileIO
from typing import Any

from attrs import define, field, frozen

from wfsession.core.times import from_ns
from wfsession.threads.conversation import Conversation, gather
from wfsession.threads.events import Row
from wfsession.threads.facts import Facts, join, max_time, min_time
from wfsession.threads.lines import MAX_LINE_BYTES, Skipped, open_lines, read_batches
from wfsession.threads.prices import PriceOf
from wfsession.threads.reader import TRANSCRIPTS, Problem, Reader, ThreadFile, tell_reason
from wfsession.threads.runfiles import Snapshot, parse_journal, parse_snapshot
from wfsession.threads.runs import Run, RunFiles, build_run, find_launch_of
from wfsession.threads.story import Story
from wfsession.threads.subagents import MAIN, Meta, Spawner, link_subagents, parse_meta
from wfsession.threads.timeline import Child, build_story


@frozen
class History:
    """What the files of one thread say.

    `main` and `skipped` are of its own transcript, or of all that are the thread's where it lies in
    several folders. `children` are its subagents by their ids; `run_agents` are those of its
    workflow runs.
    """

    thread: str
    main: Conversation
    skipped: Skipped
    children: dict[str, Child]
    run_agents: tuple[Conversation, ...]
    runs: tuple[Run, ...]
    problems: tuple[Problem, ...]


@define
class _Transcript:
    """What was read of one agent, from however many files."""

    rows: list[Row] = field(factory=list)
    facts: Facts = field(factory=Facts)
    skipped: Skipped = field(factory=Skipped)
    written: datetime | None = None


@define
class _Journal:
    """The lines of a run's journal, and when it was written last."""

    written: datetime
    lines: list[dict[str, Any]] = field(factory=list)


def read_history(
    reader: Reader, thread: str, files: Iterable[ThreadFile], now: datetime
) -> History:
    """Read all files of one thread.

    Args:
        reader: that of its agent.
        thread: the agent's id of it.
        files: those that the reader listed; those of other threads are passed over.
        now: the present, to tell runs that go on from those that crashed.
    """
    reading = _Reading(reader)
    for file in files:
        if file.thread == thread:
            reading.take(file)
    main = reading.transcripts.get((MAIN, MAIN), _Transcript())
    conversation = gather(main.rows, main.facts)
    agents = {
        agent: gather(one.rows, one.facts)
        for (run, agent), one in reading.transcripts.items()
        if agent and not run
    }
    return History(
        thread=thread,
        main=conversation,
        skipped=main.skipped,
        children=_link(conversation, agents, reading.metas),
        run_agents=tuple(
            gather(one.rows, one.facts) for key, one in reading.transcripts.items() if key[0]
        ),
        runs=tuple(_build_runs(reading, thread, (conversation, *agents.values()), now)),
        problems=tuple(reading.problems),
    )


def tell_history(history: History, price_of: PriceOf) -> Story:
    """Return what a thread did, with its subagents, and the agents of its runs in the sums.

    Args:
        history: what its files say.
        price_of: what a response cost, None where that is not known.
    """
    return build_story(history.main, history.children, price_of, run_agents=history.run_agents)


class _Reading:
    """What was read so far: of runs and agents by their ids, both empty for the thread itself."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.transcripts: dict[tuple[str, str], _Transcript] = {}
        self.metas: dict[str, Meta] = {}
        self.journals: dict[str, _Journal] = {}
        self.snapshots: dict[str, tuple[datetime, Snapshot | None]] = {}
        self.names: dict[str, str] = {}
        self.problems: list[Problem] = []

    def take(self, file: ThreadFile) -> None:
        try:
            if file.kind in TRANSCRIPTS:
                self._take_transcript(file)
            elif file.kind == "journal":
                self._take_journal(file)
            elif file.kind == "snapshot":
                with open_lines(file.path) as stream:
                    told = parse_snapshot(stream.read(MAX_LINE_BYTES))
                    self.snapshots[file.run] = _find_written(stream), told
            elif file.kind == "subagent-meta":
                with open_lines(file.path) as stream:
                    self.metas[file.agent] = parse_meta(stream.read(MAX_LINE_BYTES))
            elif file.kind == "script":
                self.names[file.run] = file.name
        except OSError as error:
            self.problems.append(Problem(file.path, tell_reason(error)))

    def _take_transcript(self, file: ThreadFile) -> None:
        one = self.transcripts.setdefault((file.run, file.agent), _Transcript())
        with open_lines(file.path) as stream:
            one.written = max_time(one.written, _find_written(stream))
            for batch in read_batches(stream):
                parsed = self.reader.parse_lines(batch.objects)
                one.rows += parsed.rows
                one.facts = join(one.facts, parsed.facts)
                one.skipped += batch.skipped

    def _take_journal(self, file: ThreadFile) -> None:
        with open_lines(file.path) as stream:
            one = self.journals.setdefault(file.run, _Journal(_find_written(stream)))
            one.written = max(one.written, _find_written(stream))
            for batch in read_batches(stream):
                one.lines += batch.objects


def _find_written(stream: FileIO) -> datetime:
    return from_ns(os.fstat(stream.fileno()).st_mtime_ns)


def _link(
    main: Conversation, agents: dict[str, Conversation], metas: dict[str, Meta]
) -> dict[str, Child]:
    known = {agent: metas.get(agent, Meta()) for agent in agents}
    spawners = [Spawner(MAIN, main.calls, main.results)]
    spawners += [Spawner(agent, one.calls, one.results) for agent, one in agents.items()]
    return {
        link.agent: Child(known[link.agent], link, agents[link.agent])
        for link in link_subagents(known, spawners)
    }


def _build_runs(
    reading: _Reading, thread: str, launchers: tuple[Conversation, ...], now: datetime
) -> Iterator[Run]:
    ids = (run for run, _ in reading.transcripts if run)
    for run in sorted({*ids, *reading.journals, *reading.snapshots}):
        written, snapshot = reading.snapshots.get(run, (None, None))
        agents = {agent: one for (its, agent), one in reading.transcripts.items() if its == run}
        first = last = None
        for one in agents.values():
            first, last = min_time(first, one.facts.first), max_time(last, one.facts.last)
        journal = reading.journals.get(run)
        files = RunFiles(
            journal=journal.written if journal else None,
            snapshot=written,
            written={agent: one.written for agent, one in agents.items() if one.written},
            first=first,
            last=last,
        )
        task = snapshot.task if snapshot else ""
        launches = (find_launch_of(run, task, one.calls, one.results) for one in launchers)
        yield build_run(
            run,
            thread,
            parse_journal(journal.lines if journal else ()),
            snapshot,
            files,
            next((one for one in launches if one), None),
            now,
            reading.names.get(run, ""),
        )
