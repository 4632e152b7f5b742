"""What a verb gives back, for people and as JSON; printed by `render`, never here.

Imports nothing heavy: `wf current` and `wf path` go through here.
"""

from abc import ABC, abstractmethod

from wfsession.errors import WfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from wfsession.cli.page import Pairs, Passage, Rows

    Block: TypeAlias = str | Pairs | Passage | Rows
    Data: TypeAlias = dict[str, Any]


class Answer(ABC):
    """What a verb found or did; each verb has a frozen one of its own.

    `exit_code` is 1 where the answer is "none". `session_id` is the session that was written,
    or empty: the first line for scripts. `notes` are sentences for standard error.
    """

    __slots__ = ()

    exit_code: int = 0
    session_id: str = ""
    notes: tuple[str, ...] = ()

    @abstractmethod
    def to_data(self) -> "Data":
        """Return what stands in `data` of `--json`."""

    @abstractmethod
    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what people read: lines, pairs and tables. Nothing in them is sanitised yet."""


class Ended(Answer):
    """Something ran until it ended, and has said all there was to say, but for `notes`."""

    __slots__ = ("exit_code", "notes")

    def __init__(self, exit_code: int, notes: tuple[str, ...] = ()) -> None:
        self.exit_code = exit_code
        self.notes = notes

    def to_data(self) -> "Data":
        """Return nothing."""
        return {}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield nothing."""
        yield from ()


class Raw(str):
    """A line for scripts that goes into a pipe byte for byte; sanitised on a terminal only."""

    __slots__ = ()


class UsageError(WfError):
    """What was typed is no command: exit code 2."""

    code = "usage"


class Told(Exception):
    """Help, or the version, was asked for instead of anything being done."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key
        self.text = text
