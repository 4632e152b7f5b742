"""`wf install` and `wf uninstall`: agents, and git, call our hooks, or do not any more."""

import os
import shutil
from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer, UsageError
from wfsession.cli.call import Call, find_project
from wfsession.cli.here import check_directory
from wfsession.cli.verb import Verb
from wfsession.git import Git, make_access
from wfsession.hooks.git_hooks import apply_git_plan, plan_git_install, plan_git_uninstall
from wfsession.hooks.install import (
    TARGETS,
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

_GIT = "git-hooks"
_NEXT = {
    "claude-code": (
        "A conversation that begins now is bound to its session; one that is open begins anew"
        " with: claude --continue"
    ),
    "codex": (
        "Codex runs a hook only after you trusted it, and says nothing about the others: start"
        " codex in this project and type /hooks"
    ),
    "opencode": (
        "opencode loads it when it starts, and then hands over the patches of its conversations;"
        " what is said too, with trace.messages = true in config.toml"
    ),
    _GIT: "From now on each commit is traced: wf trace show",
}


@frozen
class Installed(Answer):
    """What was written, or (dry run) would be."""

    agent: str
    directory: str
    files: tuple[tuple[str, str], ...]
    scope: str
    is_install: bool
    is_dry: bool
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return agent, scope, directory, and what becomes of each file."""
        return {
            "agent": self.agent,
            "scope": self.scope,
            "directory": self.directory,
            "files": [{"path": path, "action": action} for path, action in self.files],
            "changed": bool(self.files) and not self.is_dry,
            "dry_run": self.is_dry,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what was done to which file, and what to do next."""
        agent, where = self.agent, self.directory
        if not self.files:
            state = "installed already" if self.is_install else "not installed"
            yield f"Nothing was done: for {agent} it is {state} in {where}."
        elif self.is_dry:
            yield f"Nothing was done. In {where} this would:"
        else:
            done = "Installed" if self.is_install else "Uninstalled"
            yield f"{done} for {agent} in {where}:"
        for path, action in self.files:
            yield f"  {action:7}  {path}"
        if self.is_install and not self.is_dry:
            yield _NEXT[agent]


def install(call: Call) -> Answer:
    """Let an agent call our hook, and have our commands."""
    return _do(call, is_install=True)


def uninstall(call: Call) -> Answer:
    """Take out what was installed."""
    return _do(call, is_install=False)


def _do(call: Call, is_install: bool) -> Answer:
    if call.options.agent == _GIT:
        return _do_git(call, is_install)
    target = TARGETS[call.options.agent]
    scope: Scope = "user" if call.options.user else "project"
    directory = find_directory(target, scope, find_project(call) if scope == "project" else "")
    plan = (plan_install if is_install else plan_uninstall)(target, directory)
    notes = list(plan.notes)
    if not call.is_dry:
        notes = list(apply(plan, is_install))
    if is_install and shutil.which("wf") is None:
        notes.append("there is no wf on PATH, where the agent will look for it")
    files = tuple((one.path, one.action) for one in plan.changes)
    where, is_dry = plan.directory, call.is_dry
    return Installed(target.agent, where, files, scope, is_install, is_dry, tuple(notes))


def _do_git(call: Call, is_install: bool) -> Answer:
    if call.options.user:
        hint = "to have them everywhere, name a directory: git config --global core.hooksPath"
        raise UsageError("git-hooks belong to one repository, not to a user", hint)
    check_directory()
    git = Git(make_access(os.environ))
    plan = plan_git_install(git) if is_install else plan_git_uninstall(git)
    if plan.changes and not call.is_dry:
        apply_git_plan(plan)
    notes = list(plan.notes)
    if is_install and shutil.which("wf") is None:
        notes.append("there is no wf on PATH, where git will look for it")
    files = tuple((one.path, one.action) for one in plan.changes)
    where, is_dry = plan.directory, call.is_dry
    return Installed(_GIT, where, files, "project", is_install, is_dry, tuple(notes))


def _add_agent(parser: ArgumentParser) -> None:
    parser.add_argument(
        "agent", metavar="AGENT", choices=(*TARGETS, _GIT), help="the agent, or git"
    )
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
            "let an agent know its session, or git who wrote a line: hooks and commands",
            """\
For claude-code: hooks in .claude/settings.json, the commands /wf-start, /wf-switch,
/wf-list, /wf-resume, /wf-complete and /wf-status, and a skill. For codex: hooks in
.codex/hooks.json, which Codex runs only after you trusted them. What is there already
stays as it stands; nothing is written where settings cannot be read. For opencode: a
plugin in .opencode/plugins, which feeds `wf trace ingest`. For git-hooks: post-commit
and post-rewrite of this repository, where core.hooksPath has them, to keep who wrote
what was committed (wf trace); a hook that is there is run as before.

  wf install claude-code
  wf install codex --user
  wf install git-hooks""",
            "claude-code | codex | opencode | git-hooks [--project | --user]",
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
hooks only. A command of ours that was changed stays. Hooks of git that were there
before are again what they were.

  wf uninstall claude-code
  wf uninstall git-hooks""",
            "claude-code | codex | opencode | git-hooks [--project | --user]",
            uninstall,
            _add_agent,
            is_write=True,
            brings_over=False,
        ),
    )
}
