"""`wf install` and `wf uninstall`: agents call our hook, and have our commands, or not any more."""

import os
import shutil
from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call, find_root
from wfsession.cli.here import check_directory
from wfsession.cli.verb import Verb
from wfsession.errors import RootNotFound
from wfsession.hooks.install import (
    TARGETS,
    Plan,
    Scope,
    apply,
    find_directory,
    plan_install,
    plan_uninstall,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_NEXT = {
    "claude-code": (
        "A conversation that begins now is bound to its session; one that is open begins anew"
        " with: claude --continue"
    ),
    "codex": (
        "Codex runs a hook only after you trusted it, and says nothing about the others: start"
        " codex in this project and type /hooks"
    ),
}


@frozen
class Installed(Answer):
    """What was written, or (dry run) would be."""

    plan: Plan
    scope: str
    is_install: bool
    is_dry: bool
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return agent, scope, directory, and what becomes of each file."""
        return {
            "agent": self.plan.target.agent,
            "scope": self.scope,
            "directory": self.plan.directory,
            "files": [{"path": one.path, "action": one.action} for one in self.plan.changes],
            "changed": bool(self.plan.changes) and not self.is_dry,
            "dry_run": self.is_dry,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what was done to which file, and what to do next."""
        agent, where = self.plan.target.agent, self.plan.directory
        if not self.plan.changes:
            state = "installed already" if self.is_install else "not installed"
            yield f"Nothing was done: for {agent} it is {state} in {where}."
        elif self.is_dry:
            yield f"Nothing was done. In {where} this would:"
        else:
            done = "Installed" if self.is_install else "Uninstalled"
            yield f"{done} for {agent} in {where}:"
        for change in self.plan.changes:
            yield f"  {change.action:6}  {change.path}"
        if self.is_install and not self.is_dry:
            yield _NEXT[agent]


def install(call: Call) -> Answer:
    """Let an agent call our hook, and have our commands."""
    return _do(call, is_install=True)


def uninstall(call: Call) -> Answer:
    """Take out what was installed."""
    return _do(call, is_install=False)


def _do(call: Call, is_install: bool) -> Answer:
    target = TARGETS[call.options.agent]
    scope: Scope = "user" if call.options.user else "project"
    directory = find_directory(target, scope, _find_project(call) if scope == "project" else "")
    plan = (plan_install if is_install else plan_uninstall)(target, directory)
    notes = list(plan.notes)
    if not call.is_dry:
        notes = list(apply(plan, is_install))
    if is_install and shutil.which("wf") is None:
        notes.append("there is no wf on PATH, where the agent will look for it")
    return Installed(plan, scope, is_install, call.is_dry, tuple(notes))


def _find_project(call: Call) -> str:
    """Return the directory of the project that is meant: that of its root, or the current one."""
    try:
        return os.path.dirname(find_root(call.options))
    except RootNotFound:
        if call.is_pinned:
            raise
        check_directory()
        return os.getcwd()


def _add_agent(parser: ArgumentParser) -> None:
    parser.add_argument("agent", metavar="AGENT", choices=tuple(TARGETS), help="the agent")
    scopes = parser.add_mutually_exclusive_group()
    scopes.add_argument(
        "--project", action="store_true", help="in this project, for all who work in it (usual)"
    )
    scopes.add_argument(
        "--user", action="store_true", help="in your own settings, for all your projects"
    )


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "install",
            "let an agent know its session: hooks, commands and a skill",
            """\
For claude-code: hooks in .claude/settings.json, the commands /wf-start, /wf-switch,
/wf-list, /wf-resume, /wf-complete and /wf-status, and a skill. For codex: hooks in
.codex/hooks.json, which Codex runs only after you trusted them. What is there already
stays as it stands; nothing is written where settings cannot be read.

  wf install claude-code
  wf install codex --user""",
            "claude-code | codex [--project | --user]",
            install,
            _add_agent,
            is_write=True,
            brings_over=False,
        ),
        Verb(
            "uninstall",
            "take out what `wf install` wrote",
            """\
Settings get back the bytes that they had, or, where they were changed since, lose our
hooks only. A command of ours that was changed stays.

  wf uninstall claude-code""",
            "claude-code | codex [--project | --user]",
            uninstall,
            _add_agent,
            is_write=True,
            brings_over=False,
        ),
    )
}
