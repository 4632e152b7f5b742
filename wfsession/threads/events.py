"""What a transcript says, as frozen values: the rows that every agent's reader makes of its lines.

Imports the facts of files only. Each row has a `key`. Of the rows of one kind and key in a file the
last counts; where several files of a thread have one, that of the file which the reader lists last.
So a file may be read in pieces, twice, and with duplicated lines. Times are aware UTC, or None
where none is known. Texts that are not known are empty.
"""

from datetime import datetime
from typing import Literal

from attrs import field, frozen

from wfsession.threads.facts import Facts

# user: what a person asks; prompt: what an agent asks of a subagent; error: of the API.
Role = Literal["user", "prompt", "assistant", "summary", "error"]


@frozen
class Response:
    """One answer of a model, and what it used.

    `cache_write_5m_tokens` and `cache_write_1h_tokens` tell how long the written cache lives.
    """

    key: str
    at: datetime | None
    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    is_batch: bool = False
    stop_reason: str = ""

    @property
    def cache_write_tokens(self) -> int:
        """What was written to the cache, for however long."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    @property
    def context_tokens(self) -> int:
        """What the model had before it when it answered."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


@frozen
class Message:
    """A text, whole. `response` is the key of the response that it is part of."""

    key: str
    at: datetime | None
    role: Role
    text: str = field(repr=False)
    response: str = ""
    model: str = ""


@frozen
class ToolCall:
    """A call of a tool. `argument` is the one that tells most, cut to 2,000 characters."""

    key: str
    at: datetime | None
    name: str
    argument: str
    response: str


@frozen
class ToolResult:
    """What a call gave; its key is that of the call, which may stand in another piece.

    `agent`, `task` and `run` are the ids of what the call started, where it says so. `text` is
    whole.
    """

    key: str
    at: datetime | None
    is_error: bool
    text: str = field(repr=False)
    agent: str = ""
    task: str = ""
    run: str = ""


Row = Response | Message | ToolCall | ToolResult


@frozen
class Parsed:
    """What some lines of one file say, in their order."""

    rows: list[Row]
    facts: Facts
