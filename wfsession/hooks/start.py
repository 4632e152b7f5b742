"""What the start of a conversation does: it is bound to its session, and told all of that.

What fails of one part is a note, and the other parts are done all the same.
"""

import os
import shlex
from datetime import timedelta

from wfsession.core.binding import bind, declare
from wfsession.core.disk import Folder
from wfsession.core.locate import Environment, find_bound, open_root, read_binding
from wfsession.core.model import ThreadFacts
from wfsession.core.selfheal import Arrival, arrive
from wfsession.core.times import now
from wfsession.errors import SessionNotFound, WfError
from wfsession.hooks.agent import TIMEOUT_S, HookCall, Outcome
from wfsession.hooks.context import describe
from wfsession.hooks.present import find_present
from wfsession.hooks.told import remember

_GIT_TIMEOUT_S = 2.0
_ENVIRONMENT_BYTES = 1_000_000
# Why a thread ended, or began, that was emptied.
CLEARED = "clear"
_MOMENT = timedelta(seconds=10)


def start(call: HookCall) -> Outcome:
    """Bind the thread to its session, and tell it all there is to know of that.

    To the one that it was bound to before; else to what the environment names; else to the
    active one. A thread that was unbound stays so.
    """
    notes: list[str] = []
    has_exported = _export_thread(call, notes)
    with open_root(call.root) as root:
        held = read_binding(root, call.thread)
        is_bound = find_bound(root, held) is not None
    arrival = _arrive(call, is_bound, notes)
    session, pinned = arrival.session, call.environment.session
    if pinned and session is not None and is_bound and pinned != session.name:
        notes.append(f"WF_SESSION keeps the commands of this conversation in {pinned}")
    if session is not None and held != "":
        try:
            bind(call.root, call.thread, session.name, _find_facts(call), timeout_s=TIMEOUT_S)
        except WfError as error:
            notes.append(str(error))
    said = tuple(note for note in (arrival.note, arrival.healed, *notes) if note)
    text = describe(
        session,
        call.root,
        call.thread,
        said,
        is_bound=held != "",
        has_exported=has_exported,
    )
    return Outcome(text, remember(find_present(call.root, call.thread)), said)


def _arrive(call: HookCall, is_bound: bool, notes: list[str]) -> Arrival:
    asking = Environment(thread=call.thread)
    if call.environment.session and not is_bound:
        try:
            return arrive(call.root, call.environment.session, asking)
        except SessionNotFound as error:
            notes.append(f"WF_SESSION: {error}; commands fail here until it is unset")
    if not is_bound and call.data.get("source") == CLEARED:
        asking = Environment(thread=_find_cleared(call) or call.thread)
    return arrive(call.root, None, asking)


def _find_cleared(call: HookCall) -> str:
    """Return the thread that this one goes on for, in the same terminal, emptied this moment.

    It has another id, and nothing in the event says which one it had. Where several may be meant,
    none is.
    """
    # Loaded here, as it takes long and few conversations begin so.
    from wfsession.threads.bindings import list_threads

    since = now() - _MOMENT
    cleared = [
        thread.name
        for thread in list_threads(call.root)
        if thread.agent == call.agent.name
        and thread.facts.start_directory == call.directory
        and thread.data.get("closed_by") == CLEARED
        and thread.closed is not None
        and thread.closed >= since
    ]
    return cleared[0] if len(cleared) == 1 else ""


def _export_thread(call: HookCall, notes: list[str]) -> bool:
    """Let the agent's shells know which thread they are of; tell whether they do."""
    variable = call.agent.environment_file
    path = os.environ.get(variable, "") if variable else ""
    if not path:
        return False
    line = f"export WF_THREAD={shlex.quote(call.thread)}\n".encode()
    try:
        with Folder.open(os.path.realpath(os.path.dirname(os.path.abspath(path)))) as folder:
            name = os.path.basename(path)
            data = b""
            if folder.find(name) is not None:
                data = folder.read(name, _ENVIRONMENT_BYTES).data
            said = [one for one in data.splitlines(True) if one.startswith(b"export WF_THREAD=")]
            if not said or said[-1] != line:
                folder.append(name, line, durable=False)
    except (OSError, WfError) as error:
        notes.append(f"{variable} could not be written: {error}")
        return False
    return True


def _find_facts(call: HookCall) -> ThreadFacts:
    variable, usual = call.agent.home
    home = os.environ.get(variable) or os.path.expanduser(usual)
    transcript = call.data.get("transcript_path")
    return declare(call.environment)._replace(
        start_directory=call.directory,
        config_directory=home if os.path.isabs(home) else "",
        transcript=transcript if isinstance(transcript, str) else "",
        branch=_find_branch(call.directory),
    )


def _find_branch(directory: str) -> str:
    """Return the git branch that is checked out in a directory; empty where there is none."""
    import subprocess

    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "symbolic-ref", "--quiet", "--short", "HEAD"],
            cwd=directory,
            env=plain,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_GIT_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        # Without git nothing is known of a branch.
        return ""
    return os.fsdecode(done.stdout).strip()
