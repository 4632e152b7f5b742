"""What the result of a call says of the agent, the task or the run that the call started.

Pure. Imports only the lenient readers.
"""

import re

from wfsession.threads.loose import get_text

AGENT_ID = re.compile("[0-9a-f]{16,17}")
_TASK = re.compile(r"Task ID: (\S{1,200})")
_RUN = re.compile(r"\bwf_[0-9a-z-]{1,60}")
_MOST_IDS = 1000


def find_launch(told: object, text: str) -> tuple[str, str, str]:
    """Return the ids of the agent, the task and the run that were started, empty where none is.

    Args:
        told: `toolUseResult` of the line, of any type.
        text: the result's text.
    """
    agent = task = run = ""
    if isinstance(told, dict):
        agent, task, run = (
            get_text(told, "agentId"),
            get_text(told, "taskId"),
            get_text(told, "runId"),
        )
    if not task and "Task ID: " in text:
        found = _TASK.search(text)
        task = found[1] if found else ""
    if task and not run:
        named = _RUN.search(text)
        run = named[0] if named else ""
    return agent, task, run


def find_agents(text: str) -> tuple[str, ...]:
    """Return what may be ids of agents in a text, in their order: at most a thousand."""
    ids = (found[0] for found, _ in zip(AGENT_ID.finditer(text), range(_MOST_IDS), strict=False))
    return tuple(dict.fromkeys(ids))
