"""How a thread went about its work: each step of its story as a move of one of four kinds. Pure.

Imports stories only. A kind is told from the structure alone, and judges nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from attrs import frozen

from wfsession.threads.loose import shorten, shorten_label
from wfsession.threads.story import Cut, Step, Story

MoveKind = Literal["delegate", "dead_end", "verify", "act"]
_LABEL_CHARACTERS = 80


@frozen
class Branch:
    """What a subagent of a move did itself; `cut` says why nothing is told."""

    agent: str
    label: str
    moves: tuple["Move", ...]
    cut: Cut


@frozen
class Move:
    """A step as a move. `n` is the step's number.

    `source` says whose words the label is: the agent's, or made from the structure. `has_failed`
    is of moves that verify: the test runner gave an error.
    """

    n: int
    kind: MoveKind
    label: str
    source: Literal["agent_words", "structure"]
    has_failed: bool = False
    branches: tuple[Branch, ...] = ()


def find_approach(story: Story) -> tuple[Move, ...]:
    """Return the moves of a story, one for each step that it tells.

    delegate: a tool of the kind task, or a subagent; before dead_end: a retry, or a command that
    takes back what was done; before verify: a command that tests; else act.
    """
    return tuple(_make_move(step) for step in story.steps)


def count_moves(moves: Iterable[Move]) -> dict[str, int]:
    """Return how many moves there are of each kind, and of those that verify how many failed."""
    counts = Counter({"delegate": 0, "dead_end": 0, "verify": 0, "act": 0, "verify_failed": 0})
    for move in moves:
        counts[move.kind] += 1
        counts["verify_failed"] += move.has_failed
    return dict(counts)


def _make_move(step: Step) -> Move:
    kind = _find_kind(step)
    first_line = step.text.strip().partition("\n")[0]
    label = shorten_label(first_line, _LABEL_CHARACTERS)
    return Move(
        n=step.n,
        kind=kind,
        label=label or _tell_tools(step),
        source="agent_words" if label else "structure",
        has_failed=kind == "verify" and any(_is_failed_test(step)),
        branches=tuple(
            Branch(one.agent, one.label, find_approach(one.story) if one.story else (), one.cut)
            for one in step.subagents
        ),
    )


def _find_kind(step: Step) -> MoveKind:
    if step.subagents or any(tool.category == "task" for tool in step.tools):
        return "delegate"
    if step.is_retry or any(tool.sign == "revert" for tool in step.tools):
        return "dead_end"
    return "verify" if any(tool.sign == "verify" for tool in step.tools) else "act"


def _is_failed_test(step: Step) -> Iterator[bool]:
    return (tool.sign == "verify" and tool.status == "error" for tool in step.tools)


def _tell_tools(step: Step) -> str:
    """Return what the tools did: the one with its argument, several with their numbers."""
    if len(step.tools) == 1:
        tool = step.tools[0]
        return shorten_label(f"{tool.name} {tool.label}", _LABEL_CHARACTERS)
    counts = Counter(tool.name for tool in step.tools)
    told = ", ".join(f"{name} × {count}" for name, count in counts.items())  # noqa: RUF001
    return shorten(told, _LABEL_CHARACTERS)
