"""What the later events of a conversation do: a compaction and an end keep a checkpoint.

Each takes a HookCall and gives an Outcome. What fails of one part of them is a note, and the other
parts are done all the same. Loads nothing heavy.
"""

from collections.abc import Callable

from wfsession.core import progress
from wfsession.core.binding import bind, close, parse_thread
from wfsession.core.draft import read_file
from wfsession.core.locate import Place, find_bound, open_root, read_binding
from wfsession.core.times import now, parse_time
from wfsession.errors import WfError
from wfsession.hooks.agent import CHECKPOINT, END, SEEN, TIMEOUT_S, HookCall, Outcome
from wfsession.hooks.present import OPEN, Present, find_present, read_text
from wfsession.hooks.told import know_nothing


def see(call: HookCall) -> Outcome:
    """Put down that the thread was seen; what it does not know yet it is told when it asks."""
    with open_root(call.root) as root:
        held = read_binding(root, call.thread)
        place = find_bound(root, held)
    if held is None:
        # Its beginning was not told to us.
        from wfsession.hooks.start import start

        return Outcome(told=know_nothing(), notes=start(call).notes)
    if place is not None:
        bind(call.root, call.thread, place.name, timeout_s=TIMEOUT_S)
    return Outcome()


def compact(call: HookCall) -> Outcome:
    """Keep a checkpoint, as the conversation is about to lose what it says."""
    note = _keep_checkpoint(call, find_present(call.root, call.thread))
    outcome = see(call)
    return Outcome(told=outcome.told, notes=(*note, *outcome.notes))


def end(call: HookCall) -> Outcome:
    """Keep a checkpoint, and put down that the thread has ended.

    One that ended in the moment in which it began has done nothing, so there is nothing to keep.
    """
    present = find_present(call.root, call.thread)
    notes: list[str] = []
    if present.place is not None and not present.follows_marker:
        try:
            reason = read_text(call.data, "reason")
            close(call.root, call.thread, present.session, reason, timeout_s=TIMEOUT_S)
        except WfError as error:
            notes.append(str(error))
        if not _has_just_begun(call, present.place):
            notes += _keep_checkpoint(call, present)
    return Outcome(notes=tuple(notes), has_ended=True)


def _has_just_begun(call: HookCall, place: Place) -> bool:
    """Tell whether the thread's last span of work began in this second."""
    with open_root(call.root) as root, root.child(place.dirname) as folder:
        contents = read_file(folder, f"{call.thread}.json")
    found = parse_thread(contents.data if contents else None)
    spans = found.get("spans", []) if found else []
    return bool(spans) and parse_time(spans[-1].get("since")) == now()


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
            timeout_s=TIMEOUT_S,
        )
    except WfError as error:
        return (f"no checkpoint was kept: {error}",)
    return ()


ACTS: dict[str, Callable[[HookCall], Outcome]] = {
    SEEN: see,
    CHECKPOINT: compact,
    END: end,
}
