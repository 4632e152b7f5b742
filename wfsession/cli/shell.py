"""`wf use` and `wf statusline`: the session of a terminal, and of a conversation."""

import json
import os
import sys
from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer, Raw, UsageError
from wfsession.cli.call import Call, find_root
from wfsession.cli.current import Current
from wfsession.cli.render import is_terminal
from wfsession.cli.shell_init import WITHOUT_SHELL
from wfsession.cli.verb import Verb
from wfsession.core import locate
from wfsession.core.locate import Environment, read_environment
from wfsession.core.names import find_thread_fault
from wfsession.errors import RootNotFound
from wfsession.hooks.claude_code import AGENT
from wfsession.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data


@frozen
class Pinned(Answer):
    """The session that a terminal is to be pinned to."""

    session: str
    path: str

    def to_data(self) -> "Data":
        """Return session and path."""
        return {"session": self.session, "path": self.path}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the name, as WF_SESSION is to have it."""
        yield Raw(self.session)


def use(call: Call) -> Answer:
    """Find the session that a terminal is to be pinned to; the shell's own `wf` does the rest."""
    name = call.options.name
    if not call.as_json and is_terminal(sys.stdout):
        raise UsageError("use: wf cannot change the shell that it was started from", WITHOUT_SHELL)
    if name is None:
        raise UsageError("use: which session?", "wf use NAME; the shell's own wf needs none")
    if name == "-":
        raise UsageError("use: - is no session", "wf use NAME; to follow the active one: wf use")
    session = call.find(name)
    return Pinned(session.name, session.path)


def statusline(call: Call) -> Answer:
    """Tell the session of the conversation whose status line this is for."""
    told = _read_conversation()
    ambient = read_environment()
    thread = f"{AGENT.name}--{told.get('session_id', '')}"
    if find_thread_fault(thread):
        thread = ambient.thread
    try:
        root = _find_root(call, told.get("cwd"), ambient)
    except RootNotFound:
        return Current("current", locate.Resolution(None, None, "none"))
    environment = Environment(ambient.session, ambient.root, thread)
    return Current("current", Workspace(root, environment).resolve())


def _find_root(call: Call, directory: object, ambient: Environment) -> str:
    is_named = call.has_flag or bool(ambient.root)
    if is_named or not (isinstance(directory, str) and os.path.isabs(directory)):
        return find_root(call.options)
    return locate.find_root(directory)


def _read_conversation() -> "Data":
    """Return what Claude Code says of a conversation on standard input; {} where that is nothing.

    A status line has no room for a complaint, and that of the active session is still of use.
    """
    if sys.stdin is None or is_terminal(sys.stdin):
        return {}
    try:
        told = json.loads(sys.stdin.buffer.read())
    except (ValueError, RecursionError, OSError):
        return {}
    return told if isinstance(told, dict) else {}


def _add_name(parser: ArgumentParser) -> None:
    help_text = "the session, or a part of its name; without one, that which is active counts again"
    parser.add_argument("name", metavar="NAME", nargs="?", help=help_text)


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "use",
            "pin this terminal to a session, whatever becomes active elsewhere",
            """\
Sets WF_SESSION in a shell that has `wf shell-init`; without a name it unsets it. A
part of the name will do where no other name has it. In a pipe it only prints the
name, for shells of other kinds.

  wf use oauth
  wf use
  export WF_SESSION="$(wf use oauth)\"""",
            "[NAME]",
            use,
            _add_name,
        ),
        Verb(
            "statusline",
            "print a conversation's session, for Claude Code's status line",
            """\
Reads what Claude Code says of the conversation from standard input, as JSON, and
prints the name of its session; nothing, with exit code 1, where there is none.

  wf statusline""",
            "",
            statusline,
        ),
    )
}
