"""`wf runs`: which workflow runs there were, what became of one, and what one agent of it did."""

import os
from argparse import ArgumentParser

from wfsession.cli.answer import Answer
from wfsession.cli.asking import add_filters, ask, make_scope, open_desk
from wfsession.cli.call import Call
from wfsession.cli.parser import add_action, add_common
from wfsession.cli.run_pages import AgentShown, Listed, Shown
from wfsession.cli.verb import Verb
from wfsession.core.times import now
from wfsession.index.runs import RunFilter, find_run_agent, list_runs, read_run
from wfsession.threads.claude_code import READER
from wfsession.threads.history import read_history, tell_history
from wfsession.threads.reader import ThreadFile


def runs(call: Call) -> Answer:
    """List runs, or show one, or an agent of one."""
    action = call.options.action
    if action is None:
        return _list(call)
    desk = open_desk(call, everywhere=True, with_git=action == "show")
    report = ask(
        call,
        desk,
        lambda view: read_run(
            view.connection, view.catalog, view.prices, call.options.run, view.now
        ),
    )
    if action == "show":
        return Shown(report, tuple(call.notes))
    row = find_run_agent(report, call.options.label)
    story = None
    if row.transcript:
        # It is read as a thread of its own.
        thread = report.entry.thread.name
        file = ThreadFile("thread", row.transcript, "", thread)
        story = tell_history(read_history(READER, thread, (file,), now()), desk.prices.cost_of)
    return AgentShown(report, row, story, tuple(call.notes))


def _list(call: Call) -> Answer:
    options = call.options
    desk = open_desk(call, with_git=bool(options.commit))
    wanted = RunFilter(
        make_scope(call, desk),
        branches=tuple(options.branch),
        worktrees=tuple(options.worktree),
        commits=desk.find_commits(options.commit, os.getcwd()),
    )
    entries = ask(
        call, desk, lambda view: list_runs(view.connection, view.catalog, view.now, wanted)
    )
    return Listed(entries, now(), tuple(call.notes))


def _add_runs(parser: ArgumentParser) -> None:
    for option, metavar, help_text in (
        ("--branch", "BRANCH", "those of threads that were on this branch"),
        ("--worktree", "DIR", "those of threads that were in this directory, or below it"),
        ("--commit", "REF", "those of threads that were there when this commit was made"),
    ):
        parser.add_argument(option, metavar=metavar, action="append", default=[], help=help_text)
    parser.add_argument("--thread", metavar="ID", help="those of one thread")
    add_filters(parser)
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION")
    help_text = "the run's id, or how it begins"
    shown = add_action(actions, RUNS, "show", "show one run and its agents", "ID")
    shown.add_argument("run", metavar="ID", help=help_text)
    add_common(shown, RUNS)
    agent = add_action(actions, RUNS, "agent", "show what one agent of a run did", "ID LABEL")
    agent.add_argument("run", metavar="ID", help=help_text)
    agent.add_argument("label", metavar="LABEL", help="its label, its id, or how one begins")
    add_common(agent, RUNS)


RUNS = Verb(
    "runs",
    "list the workflow runs of this project, or show one and its agents",
    """\
Found in the transcripts that Claude Code keeps, the last one first; those that are
meant by --branch, --worktree or --commit are joined, all else narrows. A question mark
behind a status: only the times of files tell a run that goes on from one that crashed.
In a pipe: a line each, with tabs between id, status, agents that completed of all,
start, name, session and summary.

  wf runs --session oauth
  wf runs --branch main --branch oauth
  wf runs --commit HEAD
  wf runs show wf_7c3d
  wf runs agent wf_7c3d "check invoices\"""",
    "[--session NAME] [--branch BRANCH] … | show ID | agent ID LABEL",
    runs,
    _add_runs,
)
VERBS = {RUNS.name: RUNS}
