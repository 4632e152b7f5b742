"""The story of a thread, as frozen values: what it did step by step, and what was left out of it.

Imports the sums of this room only. Of a tool's input a story holds one short
argument, of its output the reason of a failure: it can be kept when the transcript is gone.
"""

from datetime import datetime
from typing import Literal

from attrs import frozen

from wfsession.threads.conversation import Totals
from wfsession.threads.tools import Category, Sign

Cut = Literal["", "depth_capped", "budget_capped", "cycle"]


@frozen
class Tool:
    """A call in a step. `status` is pending where no result is known; `error` says why it failed.

    `path` is the whole name of the file that it reads or edits.
    """

    name: str
    label: str
    status: Literal["ok", "error", "pending"]
    category: Category
    sign: Sign = ""
    path: str = ""
    error: str = ""


@frozen
class Usage:
    """What one response used. `context` is what the model had before it, in tokens."""

    context: int
    output: int
    cost_usd: float | None


@frozen
class Subagent:
    """Somebody whom a step started. `story` is None where it was cut; `cut` says why.

    `totals` are its own and its subagents', also where its story was cut.
    """

    agent: str
    label: str
    type: str
    started: datetime | None
    ended: datetime | None
    totals: Totals
    story: "Story | None"
    cut: Cut = ""


@frozen
class Step:
    """One response: what the agent said and did. `n` counts from 1 in the whole story.

    `is_retry`: the same tools with the same labels as in the last step that had any, which failed.
    `ask` is what was asked since the step before.
    """

    n: int
    ts: datetime | None
    text: str
    tools: tuple[Tool, ...]
    is_error: bool
    is_retry: bool
    model: str
    ask: str = ""
    usage: Usage | None = None
    subagents: tuple[Subagent, ...] = ()


@frozen
class Story:
    """What a thread did, or a subagent.

    `omitted` is how many steps were left out, where the numbers of `steps` leap. `open_ask` was
    asked after the last step. `strays` are subagents of whom no step is known to have started them.
    `totals` and `active_s` are over everything, also what was left out or cut, with all agents.
    """

    steps: tuple[Step, ...]
    omitted: int
    open_ask: str
    started: datetime | None
    ended: datetime | None
    active_s: float
    totals: Totals
    strays: tuple[Subagent, ...] = ()
