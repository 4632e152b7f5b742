"""What an agent is told at the start of a conversation: its session, and where the work stands."""

import os
from collections.abc import Iterator

from wfsession.core import layout
from wfsession.core.model import Session
from wfsession.core.snapshot import open_session
from wfsession.core.tasks import name_in_hand, read_tasks
from wfsession.core.times import encode_time
from wfsession.hooks.plain import plain

# Agents take 10,000 characters; what is longer they cut off, or put into a file.
LIMIT_CHARACTERS = 9_500
_MOST_TASKS = 20
_MOST_FILES = 10
_MOST_LOOKED_AT = 2_000
_LONGEST_NOTE = 2_000


def describe(
    session: Session | None,
    root: str,
    thread: str,
    notes: tuple[str, ...],
    *,
    is_bound: bool,
    has_exported: bool,
) -> str:
    """Return what an agent is told, of at most LIMIT_CHARACTERS.

    Args:
        session: the session that it works on, or None where none is meant.
        root: the root.
        thread: its thread.
        notes: what else there is to say.
        is_bound: whether the thread keeps that session when another one becomes active.
        has_exported: whether its shells know their thread.
    """
    lines = list(_tell(session, root, is_bound))
    lines += [plain(note, _LONGEST_NOTE) for note in notes]
    if not has_exported:
        lines.append(
            f"This conversation is the thread {thread}. Type WF_THREAD={thread} before wf, so that"
            " it answers for this conversation and not for another."
        )
    text = "\n".join(lines)
    return text if len(text) <= LIMIT_CHARACTERS else f"{text[: LIMIT_CHARACTERS - 1]}…"


def _tell(session: Session | None, root: str, is_bound: bool) -> Iterator[str]:
    if session is None:
        yield f"wfsession: no session is active in {root}."
        yield 'To begin one: wf new "what it is about". To take one up: wf list, wf switch NAME.'
        return
    title = f" ({plain(session.title)})" if session.title != session.name else ""
    how = "" if is_bound else ", the active one,"
    yield f"wfsession: this conversation works on the session {session.name}{title}{how} here."
    yield f"Workspace: {session.path} (plans, notes and results of this work belong there)"
    if session.record is None:
        yield f"Its record cannot be used: {plain(session.fault)}. To see what is wrong: wf doctor"
        return
    if session.state == "completed":
        yield f"It is completed. To go on with it: wf reopen {session.name}"
    yield f"Phase: {plain(session.phase) or 'none'}"
    yield from _tell_tasks(session)
    yield from _tell_checkpoint(session)
    yield (
        "To see more: wf show. To keep where the work stands: wf checkpoint -m NOTE. To move on:"
        " wf task done ID, wf phase next, wf switch NAME."
    )


def _list_in_hand(session: Session) -> tuple[str, ...]:
    try:
        with open_session(session) as folder:
            return name_in_hand(read_tasks(folder, session.record), session.record)
    except OSError:
        # Gone this moment.
        return ()


def _tell_tasks(session: Session) -> Iterator[str]:
    in_hand = [plain(task) for task in _list_in_hand(session)]
    more = f" and {len(in_hand) - _MOST_TASKS} more" if len(in_hand) > _MOST_TASKS else ""
    counts = session.tasks
    done = f" ({counts.done} of {counts.total} done)" if counts.total else ""
    yield f"Tasks in hand: {', '.join(in_hand[:_MOST_TASKS]) or 'none'}{more}{done}"


def _tell_checkpoint(session: Session) -> Iterator[str]:
    checkpoint = session.record.checkpoint if session.record is not None else None
    if checkpoint is None:
        yield "Last checkpoint: none yet"
        return
    at = encode_time(checkpoint.at) if checkpoint.at else "at an unknown time"
    note = f": {plain(checkpoint.note, _LONGEST_NOTE)}" if checkpoint.note else ""
    yield f"Last checkpoint: {at}, in {plain(checkpoint.phase) or 'no phase'}{note}"
    if checkpoint.artifacts:
        pairs = [
            f"{plain(str(name))} = {plain(str(path))}"
            for name, path in checkpoint.artifacts.items()
        ]
        yield f"To go on with: {', '.join(pairs[:_MOST_FILES])}"
    changes = list(_list_changes(session))
    if changes:
        yield f"Since then: {'; '.join(changes)}"


def _list_changes(session: Session) -> Iterator[str]:
    """Yield what has changed since the last checkpoint: the phase, the tasks in hand, files."""
    record = session.record
    if record is None or record.checkpoint is None:
        return
    checkpoint = record.checkpoint
    if checkpoint.phase != record.phase:
        yield f"the phase went from {plain(checkpoint.phase)} to {plain(record.phase)}"
    begun = [task for task in record.current_tasks if task not in checkpoint.tasks]
    ended = [task for task in checkpoint.tasks if task not in record.current_tasks]
    if begun:
        yield f"taken in hand: {', '.join(map(plain, begun[:_MOST_TASKS]))}"
    if ended:
        yield f"no longer in hand: {', '.join(map(plain, ended[:_MOST_TASKS]))}"
    if checkpoint.at is not None:
        files = _list_changed_files(session.path, checkpoint.at.timestamp())
        more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
        if files:
            yield f"changed in the workspace: {', '.join(map(plain, files[:_MOST_FILES]))}{more}"


def _list_changed_files(top: str, since_s: float) -> list[str]:
    """Return the files of the user's in a workspace that were changed after a moment."""
    found: list[str] = []
    looked_at = 0
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if name not in layout.IN_SESSION)
        for name in sorted(names):
            looked_at += 1
            if looked_at > _MOST_LOOKED_AT:
                return found
            path = os.path.join(folder, name)
            try:
                # A checkpoint is written in whole seconds.
                is_newer = os.lstat(path).st_mtime >= since_s + 1
            except OSError:
                continue  # removed this moment
            if is_newer and name not in layout.IN_SESSION:
                found.append(os.path.relpath(path, top))
    return found
