"""The environment of a command that works in a workdir: who it is, where it pushes, what it is on.

Pure. Nothing of git's in the caller's environment comes through but how remotes are opened.
"""

import os
from collections.abc import Mapping

from attrs import frozen

from wfsession.core.locate import VARIABLES
from wfsession.git import Access
from wfsession.workdirs.resume import Resume

RESUME = "WF_RESUME"
# Where Claude Code keeps its conversations, and where that is without the variable.
_CONFIG, _USUAL_CONFIG = "CLAUDE_CONFIG_DIR", ".claude"
CLAUDE_CODE = "claude-code"
_OURS = frozenset({*VARIABLES, "WF_WORKSPACE", RESUME})


@frozen
class Identity:
    """Whose commits a command makes. `{agent}` in it stands for the agent's name."""

    name: str = "{agent}"
    email: str = "{agent}@localhost"

    def make_environment(self, agent: str) -> dict[str, str]:
        """Return the variables by which git knows an agent."""
        name, email = (text.replace("{agent}", agent) for text in (self.name, self.email))
        return {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", name), ("EMAIL", email))
        }


@frozen
class Job:
    """What a command is to work on: the session and its root, the workdir, and its branches."""

    agent: str
    matter: str
    path: str
    branch: str
    local_branch: str
    root: str
    session: str
    workspace: str


def make_child_environment(
    access: Access, identity: Identity, job: Job, resume: Resume
) -> dict[str, str]:
    """Return the environment of a command.

    A plain `git push` in it pushes the local branch to the branch that the workdir is for, and a
    plain `git pull` merges that.
    """
    before = access.environment
    environment = {
        name: value for name, value in access.make_environment().items() if name not in _OURS
    }
    environment |= identity.make_environment(job.agent)
    environment |= _make_configuration(
        {
            # Of both words for it, the one that a `git push -u` of the command does not undo.
            "remote.origin.push": f"refs/heads/{job.local_branch}:refs/heads/{job.branch}",
            f"branch.{job.local_branch}.remote": "origin",
            f"branch.{job.local_branch}.merge": f"refs/heads/{job.branch}",
        }
    )
    environment |= {
        "GIT_TERMINAL_PROMPT": "0",
        "PWD": job.path,
        "WF_ROOT": job.root,
        "WF_SESSION": job.session,
        "WF_WORKSPACE": job.workspace,
        "WF_LABEL": f"{job.agent}, {job.matter}",
    }
    declared = {"WF_RUN": before.get("WF_RUN", ""), "WF_PARENT_THREAD": find_parent(before)}
    environment |= {name: value for name, value in declared.items() if value}
    if resume.is_possible:
        environment[RESUME] = resume.id
        if resume.program == CLAUDE_CODE and resume.config_directory != find_config(before):
            environment[_CONFIG] = resume.config_directory
    return environment


def _make_configuration(settings: Mapping[str, str]) -> dict[str, str]:
    made = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings.items()):
        made |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return made


def find_parent(environment: Mapping[str, str]) -> str:
    """Return the thread that starts another one: as it was declared, else the one that asks."""
    return environment.get("WF_PARENT_THREAD", "") or environment.get("WF_THREAD", "")


def find_config(environment: Mapping[str, str]) -> str:
    """Return where Claude Code keeps its conversations; empty where that cannot be told."""
    named = environment.get(_CONFIG, "")
    home = environment.get("HOME", "")
    return named or (os.path.join(home, _USUAL_CONFIG) if home else "")
