"""What can be done from a page: each the same library call as the command. The only writer here.

Imports the library and `site`. Every action returns where to go on; what the library refuses is
raised, and nothing is written then.
"""

import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import quote

from attrs import frozen

from wfsession.core.repair import Report
from wfsession.core.undo import tell_entry
from wfsession.errors import InvalidValue, WfError
from wfsession.overview.site import Project, Site
from wfsession.settings import read_settings
from wfsession.trace.book import make_patience
from wfsession.trace.stories import keep_stories
from wfsession.workspace import Workspace

_RESUMES = {"claude-code": ("claude", "--resume"), "codex": ("codex", "resume")}


def _complete(workspace: Workspace, name: str) -> None:
    session = workspace.complete(name)
    # It is completed, whatever of its threads' stories can be kept.
    with suppress(WfError):
        keep_stories(workspace.root, session.name, make_patience(read_settings().trace))


_OF_SESSIONS: Mapping[str, Callable[[Workspace, str], object]] = {
    "switch": lambda workspace, name: workspace.switch(name),
    "pause": lambda workspace, name: workspace.pause(name),
    "resume": lambda workspace, name: workspace.resume(name),
    "complete": _complete,
}
# What a session can be asked for in each state.
OFFERED = {
    "active": ("pause", "complete"),
    "paused": ("switch", "resume", "complete"),
}


@frozen
class Repairs:
    """What the repair of a project's root would do now."""

    project: Project
    report: Report


def act(site: Site, what: str, key: str, name: str, form: Mapping[str, str]) -> str:
    """Do one thing, and return the address to go on at.

    Args:
        site: where things lie.
        what: switch, pause, resume, complete, label, repair or undo.
        key: the project's.
        name: the session's or thread's; empty where the action is about the project.
        form: what was sent; only `label` is read.

    Raises:
        InvalidValue: there is no such action; and what the library raises.
    """
    project = site.find_project(key)
    workspace = site.open_project(project)
    if what in _OF_SESSIONS and name:
        _OF_SESSIONS[what](workspace, name)
        return f"/session/{key}/{quote(name, safe='')}"
    if what == "label" and name:
        workspace.label_thread(name, form.get("label", ""))
        return f"/thread/{quote(name.partition('--')[2], safe='')}"
    if what == "repair":
        workspace.heal()
        return "/"
    if what == "undo":
        workspace.undo()
        return "/"
    raise InvalidValue("action", what, f"there is no action {what!r}")


def plan_repairs(site: Site, key: str) -> Repairs:
    """Return what a repair would do; nothing is done.

    Raises:
        SessionNotFound: no such project was seen.
    """
    project = site.find_project(key)
    return Repairs(project, site.open_project(project).heal(dry_run=True))


def tell_last(workspace: Workspace) -> str:
    """Return in words the operation that an undo would take back, empty where there is none."""
    log = workspace.log()
    return tell_entry(log[-1], log) if log and log[-1].state == "done" else ""


def tell_resume(agent: str, thread: str, directory: str) -> str:
    """Return the command that goes on with a thread, empty for agents of which we know none."""
    words = _RESUMES.get(agent)
    if words is None:
        return ""
    command = shlex.join([*words, thread])
    return f"{shlex.join(['cd', directory])} && {command}" if directory else command
