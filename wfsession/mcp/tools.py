"""The tools: each asks the library what the verb of `wf` of the same name asks.

What an agent reads of a tool is its docstring, and what is said of each argument.
"""

import os
from collections.abc import Callable
from typing import Annotated, Any

from attrs import frozen
from pydantic import Field

from wfsession.core.model import Session
from wfsession.core.times import encode_time
from wfsession.errors import InvalidValue
from wfsession.index.as_json import (
    encode_hit,
    encode_report,
    encode_result,
    encode_run,
    encode_run_agent,
    encode_unfinished,
    encode_usage,
)
from wfsession.index.desk import Desk, View, list_notes
from wfsession.index.runs import RunFilter, find_run_agent, list_runs, read_run
from wfsession.index.search import SearchFilter, search
from wfsession.index.threads import Scope
from wfsession.index.unfinished import list_unfinished
from wfsession.index.usage import By, sum_usage
from wfsession.mcp.trimming import fit
from wfsession.overview.zones import LocalZone
from wfsession.threads.events import Role
from wfsession.workspace import Workspace

_MOST_HITS = 100
_Skip = Annotated[int, Field(ge=0, description="how many rows you have seen already")]
_InSession = Annotated[str, Field(description="a session's name, or a part of it; empty: any")]
_Everywhere = Annotated[bool, Field(description="ask about all projects, not only this one")]


@frozen
class Surroundings:
    """Where things lie, looked up anew for each call, as the user goes on working meanwhile.

    `open_desk` is told whether all projects are meant, and whether git has to be asked;
    `find_session` gives the whole name of the session that is meant by a part of it.
    """

    open_workspace: Callable[[], Workspace]
    open_desk: Callable[[bool, bool], Desk]
    find_session: Callable[[str], str]


class Tools:
    """The tools; their docstrings are what an agent reads of them."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._at = surroundings

    def current(self) -> str:
        """Which session is meant here: its name, directory, phase, and last checkpoint.

        Work on files of the session goes into the directory `path`. `session` is null where none
        is active; `source` says what names it (environment, binding of this thread, marker).
        """
        workspace = self._at.open_workspace()
        found = workspace.resolve()
        session = workspace.get(found.session) if found.session is not None else None
        data: dict[str, Any] = {"session": None, "path": None, "root": workspace.root}
        if session is not None:
            checkpoint = session.record.checkpoint if session.record else None
            note = checkpoint.note if checkpoint else None
            data |= {**_encode_session(session), "path": session.path, "checkpoint": note}
        notes = [found.note] if found.note else []
        return fit({**data, "source": found.source, "notes": notes}, "notes")

    def list_sessions(
        self,
        archived: Annotated[bool, Field(description="the archived ones too")] = False,
        skip: _Skip = 0,
    ) -> str:
        """List the sessions of this project: name, state, phase, tasks done, last change."""
        workspace = self._at.open_workspace()
        snapshot = workspace.snapshot(archived=archived)
        sessions = sorted(snapshot.sessions, key=lambda one: one.updated, reverse=True)
        rows = [_encode_session(one) for one in sessions]
        return fit({"active": snapshot.active, "sessions": rows}, "sessions", skip)

    def checkpoint(
        self,
        note: Annotated[
            str, Field(min_length=1, description="where the work stands and what comes next")
        ],
        session: Annotated[str, Field(description="empty: the one that is meant here")] = "",
    ) -> str:
        """Keep a checkpoint of a session: a note for whoever goes on with the work.

        It replaces the note of the checkpoint before. Tasks and files are left as they are.
        """
        workspace = self._at.open_workspace()
        name = self._at.find_session(session) if session else None
        kept = workspace.checkpoint(name, note=note)
        return fit({"session": kept.name, "path": kept.path, "note": note, "notes": []}, "notes")

    def runs(
        self,
        run_id: Annotated[str, Field(description="one run: its id, or how it begins")] = "",
        agent: Annotated[
            str, Field(description="with run_id, one agent of it: its label or id")
        ] = "",
        session: _InSession = "",
        branch: Annotated[str, Field(description="runs of threads on this git branch")] = "",
        worktree: Annotated[str, Field(description="runs of threads in this directory")] = "",
        commit: Annotated[
            str,
            Field(
                description="runs of threads there when this commit was made: a hash, or whatever"
                " else git knows it by, such as HEAD"
            ),
        ] = "",
        all_projects: _Everywhere = False,
        skip: _Skip = 0,
    ) -> str:
        """List workflow runs, show one with its agents, or show one agent of a run.

        Without run_id: the runs of this project, the last one first, narrowed by session or git
        reference. With run_id: its result, phases, and agents with tokens, cost and transcripts.
        With agent too: that agent's result and the path of its transcript. A status that is not
        `certain` is told by the times of files only.
        """
        if agent and not run_id:
            raise InvalidValue("agent", agent, "an agent belongs to a run", "give its run_id too")
        if run_id:
            return self._show_run(run_id, agent, skip)
        desk = self._at.open_desk(all_projects, bool(commit))
        wanted = RunFilter(
            self._scope(desk, session),
            branches=(branch,) if branch else (),
            worktrees=(worktree,) if worktree else (),
            commits=desk.find_commits((commit,), os.getcwd()) if commit else (),
        )

        def look(view: View) -> list[dict[str, Any]]:
            found = list_runs(view.connection, view.catalog, view.now, wanted)
            return [encode_run(entry) for entry in found]

        return self._ask(desk, "runs", look, skip)

    def _show_run(self, run_id: str, agent: str, skip: int) -> str:
        desk = self._at.open_desk(True, not agent)

        def look(view: View) -> dict[str, Any]:
            report = read_run(view.connection, view.catalog, view.prices, run_id, view.now)
            if not agent:
                return encode_report(report)
            row = find_run_agent(report, agent)
            result = encode_result(row.agent.result)
            return {
                "run_id": report.entry.run.run,
                "result": result,
                "agents": [encode_run_agent(row)],
            }

        answer = desk.ask(look)
        return fit({**answer.value, "notes": [*list_notes(answer)]}, "agents", skip)

    def search(
        self,
        words: Annotated[
            str, Field(min_length=1, description="all must be in a message; no operators")
        ],
        run_id: Annotated[str, Field(description="only what agents of this run said")] = "",
        agent: Annotated[
            str, Field(description="only this agent: its label, type or id; main: no subagent")
        ] = "",
        session: _InSession = "",
        role: Annotated[Role | None, Field(description="who said it")] = None,
        all_projects: _Everywhere = False,
        skip: _Skip = 0,
    ) -> str:
        """Find what was said in conversations: what a user asked, what was decided and why.

        Gives snippets, the best first, with the path of each transcript.
        """
        desk = self._at.open_desk(all_projects, False)
        wanted = SearchFilter(self._scope(desk, session), run_id, agent, role)

        def look(view: View) -> list[dict[str, Any]]:
            found = search(view.connection, view.catalog, words, wanted, _MOST_HITS)
            return [encode_hit(hit) for hit in found]

        return self._ask(desk, "hits", look, skip)

    def unfinished(
        self, session: _InSession = "", all_projects: _Everywhere = False, skip: _Skip = 0
    ) -> str:
        """List what was begun and has no end, the last touched first, with what shows it.

        Runs that did not complete, agents without a result, paused sessions with tasks in hand,
        and conversations that end with a question or are blocked.
        """
        desk = self._at.open_desk(all_projects, False)
        scope = self._scope(desk, session)

        def look(view: View) -> list[dict[str, Any]]:
            found = list_unfinished(view.connection, view.catalog, view.now, scope)
            return [encode_unfinished(one) for one in found]

        return self._ask(desk, "unfinished", look, skip)

    def usage(
        self,
        by: Annotated[By, Field(description="what to sum by")] = "model",
        all_projects: _Everywhere = False,
        skip: _Skip = 0,
    ) -> str:
        """Tell how many tokens were used, and what that costs at the API's list prices.

        A subscriber pays otherwise. `cost_usd` is null where a price is not known. Subagents and
        runs are part of it; reads and writes of the cache are apart. Days are the user's.
        """
        desk = self._at.open_desk(all_projects, False)
        scope = Scope(project=desk.project)

        def look(view: View) -> dict[str, Any]:
            asked = (view.connection, view.catalog, view.prices)
            return encode_usage(sum_usage(*asked, by, scope, LocalZone()))

        answer = desk.ask(look)
        return fit({**answer.value, "notes": [*list_notes(answer)]}, "rows", skip)

    def _scope(self, desk: Desk, session: str) -> Scope:
        # Of another project only the whole name is known.
        name = self._at.find_session(session) if session and desk.project else session
        return Scope(project=desk.project, session=name)

    def _ask(
        self, desk: Desk, key: str, look: Callable[[View], list[dict[str, Any]]], skip: int
    ) -> str:
        answer = desk.ask(look)
        return fit({key: answer.value, "notes": [*list_notes(answer)]}, key, skip)


def _encode_session(session: Session) -> dict[str, Any]:
    counts = session.tasks
    return {
        "session": session.name,
        "title": session.title,
        "state": session.state,
        "phase": session.phase or None,
        "tasks": {"done": counts.done, "total": counts.total},
        "updated": encode_time(session.updated),
        "problems": [*session.problems],
    }
