"""`wf hook`: what agents call. Answered by `hooks.frame`, as a hook never fails; help is here."""

from wfsession.cli.answer import Answer, Ended
from wfsession.cli.call import Call
from wfsession.cli.verb import Verb
from wfsession.hooks.frame import run


def hook(call: Call) -> Answer:
    """Answer one event of an agent."""
    return Ended(run(call.options.command))


VERBS = {
    "hook": Verb(
        "hook",
        "answer an event of an agent; `wf install` has agents call this",
        """\
Reads the event as JSON from standard input, and prints as JSON what the agent is to
know: at its start the session with its phase, tasks and last checkpoint, later only
what has changed. Binds the conversation to its session, and keeps a checkpoint when
it is compacted or ends. Whatever fails is one line on standard error; the exit code
is always 0. EVENT is for the shell, which answers the frequent ones by itself.

  wf hook claude-code
  wf hook codex PostToolUse""",
        "claude-code | codex [EVENT]",
        hook,
        has_json=False,
    )
}
