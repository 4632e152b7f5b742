"""What one agent's hooks look like, where it keeps its files, one call. Loads nothing heavy.

A new agent is a module with an `AGENT` of its own and a line in `frame.AGENTS`.
"""

import os

from wfsession.core.locate import Environment
from wfsession.errors import InvalidValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from wfsession.hooks.told import Told

# What an event is answered by.
START, ASK, SEEN, CHECKPOINT, END, NOTHING = (
    "start",
    "ask",
    "seen",
    "checkpoint",
    "end",
    "nothing",
)
# How long to wait for the lock: an agent waits for its hook.
TIMEOUT_S = 5.0


class Agent:
    """An agent.

    Args:
        name: the first part of the names of its threads.
        acts: what each of its events is answered by, in its own words for them.
        speaking: the events whose answers come into its context.
        home: the variable that says where its configuration is, and where that is without.
        environment_file: the variable that names a file of exports for its shells, or empty.
        extra: what else stands in an answer.
    """

    __slots__ = ("acts", "environment_file", "extra", "home", "name", "speaking")

    def __init__(
        self,
        name: str,
        acts: "Mapping[str, str]",
        speaking: frozenset[str],
        home: tuple[str, str],
        environment_file: str = "",
        extra: "Mapping[str, Any] | None" = None,
    ) -> None:
        self.name = name
        self.acts = acts
        self.speaking = speaking
        self.home = home
        self.environment_file = environment_file
        self.extra = dict(extra or {})


def find_home(agent: Agent, field: str) -> str:
    """Return the directory that an agent keeps for its user.

    Args:
        agent: whose.
        field: what it is needed for.

    Raises:
        InvalidValue: the user has no home, and no variable names the directory.
    """
    variable, usual = agent.home
    home = os.environ.get(variable) or os.path.expanduser(usual)
    if not os.path.isabs(home):
        reason = f"there is no home directory, and {variable} names none"
        raise InvalidValue(field, home, reason, f"export {variable}=/where/it/is")
    return home


class HookCall:
    """One call of a hook: what the agent said, and whose thread in which root it is about."""

    __slots__ = ("agent", "data", "directory", "environment", "event", "root", "thread")

    def __init__(
        self,
        agent: Agent,
        event: str,
        data: "dict[str, Any]",
        thread: str,
        directory: str,
        root: str,
        environment: Environment,
    ) -> None:
        self.agent = agent
        self.event = event
        self.data = data
        self.thread = thread
        self.directory = directory
        self.root = root
        self.environment = environment


class Outcome:
    """What came of a call.

    `text` is for the agent's context, `notes` are lines for standard error. `told` is what the
    thread knows afterwards, None where that stays as it was; `has_ended` that it knows no more.
    """

    __slots__ = ("has_ended", "notes", "text", "told")

    def __init__(
        self,
        text: str = "",
        told: "Told | None" = None,
        notes: tuple[str, ...] = (),
        has_ended: bool = False,
    ) -> None:
        self.text = text
        self.told = told
        self.notes = notes
        self.has_ended = has_ended
