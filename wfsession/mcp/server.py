"""The server that offers the tools over standard streams.

An error of ours becomes a tool's error: its sentence, and what to do about it.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from wfsession.errors import WfError, as_wf_error
from wfsession.mcp.tools import Surroundings, Tools
from wfsession.mcp.trimming import BUDGET

P = ParamSpec("P")
T = TypeVar("T")
_INSTRUCTIONS = f"""\
What agents worked on in this project. A session is a piece of work with a directory of its own;
a thread is one conversation of an agent; a run is one workflow run with its agents. Answers are
JSON of at most about {BUDGET:,} characters; where one has `cut`, that says how to get the rest."""
_READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_WRITES = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)


def serve(surroundings: Surroundings) -> None:
    """Answer an agent until it closes standard input."""
    make_server(surroundings).run("stdio")


def make_server(surroundings: Surroundings) -> MCPServer:
    """Return a server with all tools."""
    server = MCPServer("wfsession", instructions=_INSTRUCTIONS, log_level="WARNING")
    tools = Tools(surroundings)
    reading: dict[str, Callable[..., str]] = {
        "current": tools.current,
        "list": tools.list_sessions,
        "runs": tools.runs,
        "search": tools.search,
        "unfinished": tools.unfinished,
        "usage": tools.usage,
    }
    for name, tool in reading.items():
        server.add_tool(_guard(tool), name, annotations=_READS, structured_output=False)
    keep = _guard(tools.checkpoint)
    server.add_tool(keep, annotations=_WRITES, structured_output=False)
    return server


def _guard(tool: Callable[P, T]) -> Callable[P, T]:
    """Return a tool whose errors an agent can read."""

    @functools.wraps(tool)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return tool(*args, **kwargs)
        except OSError as error:
            raise _tell(as_wf_error(".", error)) from None
        except WfError as error:
            raise _tell(error) from None

    return call


def _tell(error: WfError) -> ToolError:
    return ToolError(f"{error} (hint: {error.hint})" if error.hint else str(error))
