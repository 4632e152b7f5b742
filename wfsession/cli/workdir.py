"""`wf workdir`: a git worktree for each agent and branch. The verb; its actions are elsewhere.

Each group of actions is a module with a table `ACTIONS`.
"""

from argparse import ArgumentParser

from wfsession.cli import workdir_look
from wfsession.cli.answer import Answer, UsageError
from wfsession.cli.call import Call
from wfsession.cli.parser import add_action, add_common
from wfsession.cli.verb import Verb

ACTIONS = workdir_look.ACTIONS


def workdir(call: Call) -> Answer:
    """Do what was asked for."""
    action = call.options.action
    if action is None:
        raise UsageError("workdir: say what to do", "wf help workdir")
    return ACTIONS[action].run(call)


def _add_workdir(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION")
    for name, action in ACTIONS.items():
        added = add_action(actions, WORKDIR, name, action.summary, action.usage)
        if action.arguments is not None:
            action.arguments(added)
        add_common(added, WORKDIR, is_write=action.is_write)


WORKDIR = Verb(
    "workdir",
    "keep a git worktree for each agent and branch, cut from one cache per repository",
    """\
Experimental. A repository is a URL, an address like git@host:owner/name, or a path.

  wf workdir path --agent dev --repo https://host/owner/name --branch feature/login
  wf workdir list
  wf workdir doctor --fix""",
    "ACTION",
    workdir,
    _add_workdir,
)
VERBS = {WORKDIR.name: WORKDIR}
