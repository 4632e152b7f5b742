"""What tools are for, what a command does, what is tried again. Pure.

Imports values of this room.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from wfsession.threads.events import ToolCall, ToolResult
from wfsession.threads.loose import shorten_label, shorten_path

Category = Literal["read", "edit", "search", "bash", "task", "web", "other"]
# What a command does beyond running: it tests, or it takes back what was done.
Sign = Literal["", "verify", "revert"]

LABEL_CHARACTERS = 120
_TOOLS: Mapping[str, Category] = {
    "Read": "read",
    "Edit": "edit",
    "Write": "edit",
    "NotebookEdit": "edit",
    "MultiEdit": "edit",
    "Grep": "search",
    "Glob": "search",
    "Bash": "bash",
    "Task": "task",
    "Agent": "task",
    "WebFetch": "web",
    "WebSearch": "web",
}
# Not what is about a runner's files, as in `cat pytest.ini`.
_VERIFIES = re.compile(
    r"\b(?:pytest|unittest|npm\s+(?:run\s+)?test|go\s+test|cargo\s+test|make\s+test|tox|jest"
    r"|vitest)\b(?!\.\w)"
)
_REVERTS = re.compile(
    r"\bgit\s+(?:-[cC]\s+\S+\s+)*(?:checkout\s+(?:\S+\s+)?--(?:\s|$)|(?:restore|revert|reset)\b)"
)


def find_category(name: str) -> Category:
    """Return what a tool is for."""
    return _TOOLS.get(name, "other")


def make_label(call: ToolCall) -> str:
    """Return the argument of a call that tells most, on one line of at most 120 characters."""
    if has_path(call.name):
        return shorten_path(" ".join(call.argument.split()), LABEL_CHARACTERS)
    return shorten_label(call.argument, LABEL_CHARACTERS)


def has_path(name: str) -> bool:
    """Tell whether the argument of a tool that tells most is a file."""
    return find_category(name) in ("read", "edit")


def find_sign(call: ToolCall) -> Sign:
    """Return what the command of a call does; to take back counts more than to test."""
    if find_category(call.name) != "bash":
        return ""
    if _REVERTS.search(call.argument):
        return "revert"
    return "verify" if _VERIFIES.search(call.argument) else ""


def find_retries(
    steps: Iterable[Sequence[ToolCall]], results: Mapping[str, ToolResult]
) -> list[bool]:
    """Tell of each step whether it tries again what just failed.

    It does where it has the same tools with the same labels as the step before it, in any order,
    and one of those failed.

    Args:
        steps: the calls of each step, in their order.
        results: what calls gave, by their keys.
    """
    told = []
    failed: list[tuple[str, str]] = []
    for calls in steps:
        fails = any(has_failed(call, results) for call in calls)
        # Told only where it is compared: most steps neither fail nor follow one that did.
        did = sorted((call.name, make_label(call)) for call in calls) if fails or failed else []
        told.append(bool(did) and did == failed)
        failed = did if fails else []
    return told


def has_failed(call: ToolCall, results: Mapping[str, ToolResult]) -> bool:
    """Tell whether a call is known to have failed."""
    result = results.get(call.key)
    return result is not None and result.is_error
