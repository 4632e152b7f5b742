"""`wf trace`: whose line is this. The verb itself; what its actions do is in the modules named."""

from argparse import ArgumentParser
from importlib import import_module

from wfsession.cli.answer import Answer, UsageError
from wfsession.cli.call import Call
from wfsession.cli.verb import Verb

# Each has RUN, what each of its actions does, and `add_actions`, which adds their parsers.
_MODULES = ("wfsession.cli.trace_commits", "wfsession.cli.trace_intake")


def trace(call: Call) -> Answer:
    """Do what the action says."""
    action = call.options.action
    for module in _MODULES:
        run = import_module(module).RUN.get(action)
        if run is not None:
            answer: Answer = run(call)
            return answer
    raise UsageError("trace: which action is missing", "wf help trace")


def _add_trace(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION")
    for module in _MODULES:
        import_module(module).add_actions(actions, TRACE)


TRACE = Verb(
    "trace",
    "tell which agent wrote a line, and keep that with each commit",
    """\
A commit's record (Agent Trace) says of each hunk whether an agent wrote it, in
which conversation and with which model. It is a note of git, in the ref
refs/notes/agent-trace. `wf install git-hooks` has git keep it up with each
commit, amend, rebase and squash. What agents wrote comes from their
conversations, which `wf trace ingest` takes in.

  wf trace commit
  wf trace show HEAD
  wf trace blame src/login.py -L 10,20
  wf trace ingest < envelope.json""",
    "commit [REV] | show [REV] | blame FILE [-L RANGE] | rewrite | ingest | claim [THREAD]",
    trace,
    _add_trace,
    brings_over=False,
)
VERBS = {TRACE.name: TRACE}
