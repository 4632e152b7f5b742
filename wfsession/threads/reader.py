"""What another agent's transcripts need to be read as Claude Code's are: files, and their lines.

Imports errors and the values of this room. A reader lists and parses; it keeps nothing.
"""

from collections.abc import Iterable
from typing import Any, Literal, Protocol

from attrs import field, frozen

from wfsession.errors import UnsafePath
from wfsession.threads.events import Parsed

# thread, subagent and run-agent are transcripts; each meta says what kind of agent is beside it.
Kind = Literal[
    "thread",
    "subagent",
    "subagent-meta",
    "run-agent",
    "run-agent-meta",
    "journal",
    "snapshot",
    "script",
    "output",
    "kept",
    "story",
]
# What sessions keep of a thread, beside what its agent does: its conversation, and its story.
KEPT: Kind = "kept"
STORY: Kind = "story"
TRANSCRIPTS: frozenset[Kind] = frozenset({"thread", "subagent", "run-agent"})


@frozen
class ThreadFile:
    """One file of a thread.

    `thread` is the agent's id of the thread that it belongs to; `agent` that of the subagent and
    `run` that of the workflow run, empty where it is of none. `folder` is the agent's name for the
    project, from which the directory cannot be told: that stands in the lines. `name` is the run's
    where the name of a script has it.
    """

    kind: Kind
    path: str
    folder: str
    thread: str
    agent: str = ""
    run: str = ""
    name: str = ""


@frozen
class Problem:
    """A file or directory that could not be used, and why."""

    path: str
    reason: str


def tell_reason(error: Exception) -> str:
    """Return why a file could not be used as a `Problem` has it: without the path."""
    if isinstance(error, UnsafePath):
        return error.reason
    return getattr(error, "strerror", None) or str(error)


@frozen
class Files:
    """The files of a home, ordered by their paths, and what could not be listed.

    As long as no entry comes or goes in any of `folders`, no other file is there; these are given
    as `folders.encode_stamps` does. They are empty where that cannot be told.
    """

    files: tuple[ThreadFile, ...]
    problems: tuple[Problem, ...] = ()
    folders: bytes = field(default=b"", repr=False)


class Reader(Protocol):
    """What one kind of agent leaves on the disk."""

    @property
    def agent(self) -> str:
        """The agent's name, as threads begin with it: `claude-code`."""

    def list_files(self, home: str) -> Files:
        """List the files of all threads below the directory that the agent keeps for its user."""

    def parse_lines(self, objects: Iterable[dict[str, Any]]) -> Parsed:
        """Return what lines of one transcript say; in pieces as in one go, as rows have keys."""
