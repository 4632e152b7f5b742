"""What a transcript says, as frozen values: the rows that every agent's reader makes of its lines.

Imports spells of time only. Each row has a `key`. Of rows of one kind and key in one thread the
last counts, whichever file and however late it was read; so rows may be read in pieces, twice, and
from duplicated lines. Times are aware UTC, or None where none is known. Texts that are not known
are empty.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from attrs import field, frozen

from wfsession.threads.activity import Spell, merge_spells

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
class Stretch:
    """Lines one after the other that were written in one directory and on one branch."""

    cwd: str
    branch: str
    first: datetime | None
    last: datetime | None


@frozen
class Facts:
    """What the lines of a file say together. `join` makes those of two pieces to those of both.

    `spells` are of the times on all lines. `unknown` counts the lines of
    types that we do not know; `unusable` counts values of a wrong type or size, and rows that
    nothing identifies, all of which were left out.
    """

    lines: int = 0
    spells: tuple[Spell, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    version: str = ""
    unknown: Mapping[str, int] = field(factory=dict)
    unusable: int = 0

    @property
    def first(self) -> datetime | None:
        """The earliest time on any line."""
        return self.spells[0].start if self.spells else None

    @property
    def last(self) -> datetime | None:
        """The latest time on any line."""
        return self.spells[-1].end if self.spells else None


@frozen
class Parsed:
    """What some lines of one file say, in their order."""

    rows: list[Row]
    facts: Facts


def join(earlier: Facts, later: Facts) -> Facts:
    """Return the facts of two pieces of a file that follow each other."""
    stretches = [*earlier.stretches]
    following = later.stretches
    if stretches and following and _is_same_place(stretches[-1], following[0]):
        stretches[-1] = Stretch(
            following[0].cwd,
            following[0].branch,
            min_time(stretches[-1].first, following[0].first),
            max_time(stretches[-1].last, following[0].last),
        )
        following = following[1:]
    unknown = dict(earlier.unknown)
    for name, count in later.unknown.items():
        unknown[name] = unknown.get(name, 0) + count
    return Facts(
        lines=earlier.lines + later.lines,
        spells=merge_spells((*earlier.spells, *later.spells)),
        stretches=(*stretches, *following),
        version=later.version or earlier.version,
        unknown=unknown,
        unusable=earlier.unusable + later.unusable,
    )


def _is_same_place(one: Stretch, other: Stretch) -> bool:
    return one.cwd == other.cwd and one.branch == other.branch


def min_time(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two times, or the one that is known."""
    return min(one, other) if one and other else one or other


def max_time(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two times, or the one that is known."""
    return max(one, other) if one and other else one or other
