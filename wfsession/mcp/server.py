"""The server that offers the tools over standard streams.

An error of ours becomes a tool's error: its sentence, and what to do about it.
"""

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError

from wfsession.errors import InvalidValue, WfError, as_wf_error
from wfsession.mcp.arguments import check_names, explain
from wfsession.mcp.tools import Surroundings, Tools
from wfsession.mcp.trimming import BUDGET, shorten

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


class _Server(MCPServer[Any]):
    """The SDK's server, whose errors are sentences of ours."""

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        context: Context[Any, Any] | None = None,
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool.

        Raises:
            ToolError: what is the matter, and what to do about it.
        """
        schemas = {tool.name: tool.input_schema for tool in await self.list_tools()}
        try:
            if name not in schemas:
                raise InvalidValue("tool", name, f"there is no {name!r}", ", ".join(schemas))
            check_names(arguments, schemas[name])
            return await super().call_tool(name, arguments, context)
        except WfError as error:
            raise _tell(error) from None
        except ToolError as error:
            if (ours := _find_cause(error, schemas[name])) is None:
                raise
            raise _tell(ours) from None


def _find_cause(error: ToolError, schema: dict[str, Any]) -> WfError | None:
    """Return the error of ours that made a tool fail; None where it is no such error."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        return explain(cause, schema)
    if isinstance(cause, OSError):
        return as_wf_error(".", cause)
    return cause if isinstance(cause, WfError) else None


def _tell(error: WfError) -> ToolError:
    told = shorten(str(error))
    return ToolError(f"{told} (hint: {error.hint})" if error.hint else told)


def serve(surroundings: Surroundings) -> None:
    """Answer an agent until it closes standard input."""
    make_server(surroundings).run("stdio")


def make_server(surroundings: Surroundings) -> MCPServer[Any]:
    """Return a server with all tools."""
    server = _Server("wfsession", instructions=_INSTRUCTIONS, log_level="WARNING")
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
        server.add_tool(tool, name, annotations=_READS, structured_output=False)
    server.add_tool(tools.checkpoint, annotations=_WRITES, structured_output=False)
    return server
