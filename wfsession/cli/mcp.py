"""`wf mcp`: the same questions for an agent that speaks MCP, until it goes away."""

import sys

from wfsession.cli.answer import Answer, Ended, UsageError
from wfsession.cli.asking import open_desk
from wfsession.cli.call import Call
from wfsession.cli.extras import tell_install
from wfsession.cli.verb import Verb
from wfsession.errors import WfError


def mcp(call: Call) -> Answer:
    """Serve an agent over standard streams.

    Raises:
        WfError: the SDK is not installed.
    """
    if call.options.command:
        raise UsageError(f"mcp: {call.options.command[0]!r} is not understood", "wf help mcp")
    if sys.stdin is None or sys.stdout is None:
        hint = "claude mcp add wf -- wf mcp"
        raise UsageError("mcp: the agent speaks over standard streams, and one is closed", hint)
    try:
        from wfsession.mcp.server import serve
        from wfsession.mcp.tools import Surroundings
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("mcp"):
            raise
        message = "wf mcp needs the SDK of MCP, version 2, which is not installed"
        raise WfError(message, tell_install("mcp")) from None
    serve(
        Surroundings(
            # A call of its own each, as the project may change while the agent works.
            open_workspace=lambda: Call(call.options).workspace,
            open_desk=lambda everywhere, with_git: open_desk(
                Call(call.options), everywhere=everywhere, with_git=with_git
            ),
            find_session=lambda name: Call(call.options).find(name).name,
        )
    )
    return Ended(0)


VERBS = {
    "mcp": Verb(
        "mcp",
        "serve an agent over MCP: sessions, runs, search, what is unfinished, usage",
        """\
Speaks the Model Context Protocol on standard input and output, until the input ends.
Needs the extra: pip install 'wfsession[mcp]'. Its tools are current, list, checkpoint,
runs, search, unfinished and usage; only checkpoint changes anything.

  wf mcp
  claude mcp add wf -- wf mcp""",
        "",
        mcp,
        has_json=False,
    )
}
