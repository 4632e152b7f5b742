"""What an agent's events do: a start binds, a compaction and an end keep a checkpoint.

Each takes a HookCall and gives an Outcome. What fails of one part of them is a note, and the other
parts are done all the same.
"""

import os
import shlex
from collections.abc import Callable
from datetime import timedelta

from wfsession.core import progress
from wfsession.core.binding import bind, close, parse_thread
from wfsession.core.disk import Folder
from wfsession.core.draft import read_file
from wfsession.core.locate import Environment, Place, find_bound, open_root, read_binding
from wfsession.core.markers import read_markers
from wfsession.core.model import ThreadFacts
from wfsession.core.selfheal import Arrival, arrive
from wfsession.core.snapshot import read_session_now
from wfsession.core.times import now
from wfsession.errors import SessionNotFound, WfError
from wfsession.hooks.agent import CHECKPOINT, END, SEEN, START, HookCall, Outcome
from wfsession.hooks.context import describe
from wfsession.hooks.present import OPEN, Present, read_present, read_text
from wfsession.hooks.told import know_nothing, remember
from wfsession.threads.bindings import Thread, build_thread, declare, list_threads

# An agent waits for its hook, so nothing here waits long for others.
_TIMEOUT_S = 5.0
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
            bind(call.root, call.thread, session.name, _find_facts(call), timeout_s=_TIMEOUT_S)
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
    return Outcome(text, remember(_read_present(call)), said)


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


def _read_present(call: HookCall) -> Present:
    with open_root(call.root) as root:
        return read_present(root, call.thread, read_markers(root))


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


def see(call: HookCall) -> Outcome:
    """Put down that the thread was seen; what it does not know yet it is told when it asks."""
    with open_root(call.root) as root:
        held = read_binding(root, call.thread)
        place = find_bound(root, held)
    if held is None:
        # Its beginning was not told to us.
        return Outcome(told=know_nothing(), notes=start(call).notes)
    if place is not None:
        bind(call.root, call.thread, place.name, timeout_s=_TIMEOUT_S)
    return Outcome()


def compact(call: HookCall) -> Outcome:
    """Keep a checkpoint, as the conversation is about to lose what it says."""
    note = _keep_checkpoint(call, _read_present(call))
    outcome = see(call)
    return Outcome(told=outcome.told, notes=(*note, *outcome.notes))


def end(call: HookCall) -> Outcome:
    """Keep a checkpoint, and put down that the thread has ended.

    One that ended in the moment in which it began has done nothing, so there is nothing to keep.
    """
    present = _read_present(call)
    notes: list[str] = []
    if present.place is not None and not present.follows_marker:
        thread = _read_thread(call, present.place)
        try:
            reason = read_text(call.data, "reason")
            close(call.root, call.thread, present.session, reason, timeout_s=_TIMEOUT_S)
        except WfError as error:
            notes.append(str(error))
        if thread is None or not thread.spans or thread.spans[-1].since != now():
            notes += _keep_checkpoint(call, present)
    return Outcome(notes=tuple(notes), has_ended=True)


def _read_thread(call: HookCall, place: Place) -> Thread | None:
    with open_root(call.root) as root:
        session = read_session_now(root, place)
        with root.child(place.dirname) as folder:
            contents = read_file(folder, f"{call.thread}.json")
    found = parse_thread(contents.data if contents else None)
    return build_thread(call.thread, session, found) if session and found else None


def _keep_checkpoint(call: HookCall, present: Present) -> tuple[str, ...]:
    """Keep the state of the work; of what was completed it is kept already.

    Returns:
        Why it could not be kept, if so.
    """
    if not (present.session and present.data and present.state == OPEN):
        return ()
    try:
        progress.checkpoint(
            call.root,
            present.session,
            trigger="session_end",
            carries_over=True,
            timeout_s=_TIMEOUT_S,
        )
    except WfError as error:
        return (f"no checkpoint was kept: {error}",)
    return ()


ACTS: dict[str, Callable[[HookCall], Outcome]] = {
    START: start,
    SEEN: see,
    CHECKPOINT: compact,
    END: end,
}
