"""Bindings: which session a thread works on, and what its sessions keep of it.

`.threads/<thread>` of the root holds the name of the session and is what counts; it changes first.
`.threads/<thread>.json` of each session that the thread worked on says when it did, and what is
known of the thread; it travels with the session. A span of work in it that has no end lasts only
while the thread is bound to that session, and else ended when the thread was last seen.
Source: protocol.md, 6.
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from wfsession.core import layout
from wfsession.core.disk import Folder
from wfsession.core.draft import Draft, Make, read_file
from wfsession.core.locate import (
    Environment,
    Place,
    find_bound,
    find_session,
    open_root,
    read_binding,
)
from wfsession.core.model import Binding, Event, Step, ThreadFacts
from wfsession.core.names import find_thread_fault
from wfsession.core.operation import DEFAULT_TIMEOUT_S, Operation, run
from wfsession.core.splice import REMOVED, Path, splice
from wfsession.core.times import encode_time, parse_time
from wfsession.errors import InvalidValue, SessionArchived, WfError, as_wf_error

Data = dict[str, Any]
_Change = Callable[[Data, str], Mapping[Path, Any]]

# What is of one session's file; all else that is known of a thread goes with it to the next.
_OF_ONE_SESSION = frozenset(
    {"agent", "id", "first_seen", "last_seen", "closed", "closed_by", "spans"}
)
_MOST_CHARACTERS = 4096
_NO_FACTS = ThreadFacts()


def parse_thread(data: bytes | None) -> Data | None:
    """Return what a session keeps of a thread, or None where that is no such object."""
    if data is None:
        return None
    try:
        found = json.loads(data.decode())
        # What can be read but not be written again could not be kept either.
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    spans = found.get("spans", []) if isinstance(found, dict) else None
    if not isinstance(spans, list) or not all(isinstance(span, dict) for span in spans):
        return None
    return dict(found)


def declare(environment: Environment) -> ThreadFacts:
    """Return what the spawner of a thread declared of it in its environment."""
    return ThreadFacts(
        run=environment.run, parent=environment.parent, declared_label=environment.label
    )


def check_thread(thread: str) -> None:
    """Accept what is `<agent>--<id>`, or raise InvalidValue with the reason."""
    fault = find_thread_fault(thread)
    if fault:
        if not thread:
            reason = "WF_THREAD is not set, so there is no thread to bind"
            raise InvalidValue("thread", thread, reason, "export WF_THREAD=shell--1")
        shown = thread if len(thread) <= 40 else f"{thread[:40]}…"
        reason = f"{shown!r} cannot be a thread: {fault}"
        raise InvalidValue("thread", thread, reason, "export WF_THREAD=shell--1")


def bind(
    root_path: str,
    thread: str,
    name: str,
    facts: ThreadFacts = _NO_FACTS,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Binding:
    """Bind a thread to a session, and put down that it was seen there now.

    Args:
        root_path: the root.
        thread: `<agent>--<id>`.
        name: the session.
        facts: what is known of the thread; what is empty stays as it was.
        timeout_s: how long to wait for the lock, in seconds.
        dry_run: whether only to tell the steps.

    Returns:
        The binding; `changed` is False where it was bound to that session already.

    Raises:
        InvalidValue: `thread` is none.
        SessionNotFound, SessionArchived: the session cannot be worked on.
        UnsafePath, DiskFailed: what is there cannot be replaced.

    On crash: bound as before; or bound to the session, whose file, or that of the session
    before, lags behind; or the new state.
    """
    check_thread(thread)

    def body(operation: Operation) -> Binding:
        root = operation.root
        place = find_session(root, name)
        if place.location != "root":
            raise SessionArchived(place.name, "bound to")
        held = read_binding(root, thread)
        former = find_bound(root, held)
        is_bound = former is not None and former.dirname == place.dirname
        carried: Data = {}
        leaving = None
        if former is not None and not is_bound:
            carried, leaving = _leave(operation, former, thread)
        folder = operation.session(place)
        enter = _make_entering(operation.moment, thread, facts, carried, is_bound)
        entering = Draft(operation, folder, f"{thread}.json", enter)
        pointer = Draft(operation, root, thread, lambda _: os.fsencode(place.name) + b"\n")
        if pointer.is_change:
            operation.note_step("bind", f"{layout.THREADS}/{thread}", place.name)
        operation.begin()
        _set_unusable_aside(operation, folder, place, thread)
        for draft in (pointer, entering, leaving):
            if draft is not None:
                draft.put()
        previous = former.name if former is not None else held or None
        changed = not is_bound
        return _tell(operation, thread, place, previous, changed)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def _tell(
    operation: Operation, thread: str, place: Place | None, previous: str | None, changed: bool
) -> Binding:
    return Binding(
        thread=thread,
        session=place.name if place else None,
        path=place.path_in(operation.root.path) if place else None,
        previous=previous,
        changed=changed,
        notes=tuple(operation.notes),
        steps=tuple(operation.steps),
    )


def _set_unusable_aside(operation: Operation, folder: Folder, place: Place, thread: str) -> None:
    """Move what is no record of a thread to the attic, so that its bytes are kept."""
    contents = read_file(folder, f"{thread}.json")
    if contents is not None and parse_thread(contents.data) is None:
        path = f"{place.directory}/{layout.THREADS}/{thread}.json"
        operation.set_aside(path, "thread", "it was no record of a thread")


def _leave(operation: Operation, place: Place, thread: str) -> tuple[Data, Draft | None]:
    """Prepare the end of the work on a session; return what is known of the thread besides."""
    folder = operation.session(place)
    contents = read_file(folder, f"{thread}.json")
    found = parse_thread(contents.data if contents else None)
    if found is None:
        return {}, None
    carried = {key: value for key, value in found.items() if key not in _OF_ONE_SESSION}
    end = _make_change(operation.moment, _end_work)
    return carried, Draft(operation, folder, f"{thread}.json", end)


def _make_change(moment: datetime, change: _Change) -> Make:
    """Return a change of a session's file of a thread, which leaves all else in it as it is.

    What is no such file is not changed.
    """

    def make(data: bytes | None) -> bytes | None:
        found = parse_thread(data)
        if data is None or found is None:
            return None
        assignments = {
            path: value
            for path, value in change(found, encode_time(moment)).items()
            if value is REMOVED or found.get(path[0]) != value
        }
        return splice(data.decode(), assignments).encode()

    return make


def _later(one: object, other: str) -> str:
    """Return the later of two times; `one` may be anything."""
    first, second = parse_time(one), parse_time(other)
    return str(one) if first is not None and second is not None and first > second else other


def _end_spans(found: Data, until: object) -> list[Data]:
    """Return the spans with the last one ended, unless it is."""
    spans = [dict(span) for span in found.get("spans", [])]
    if spans and spans[-1].get("until") is None:
        since = spans[-1].get("since")
        spans[-1]["until"] = _later(since, until) if isinstance(until, str) else since
    return spans


def _end_work(found: Data, stamp: str) -> Mapping[Path, Any]:
    """The thread goes on elsewhere."""
    seen = _later(found.get("last_seen"), stamp)
    return {("last_seen",): seen, ("spans",): _end_spans(found, stamp)}


def _close(found: Data, stamp: str, reason: str) -> Mapping[Path, Any]:
    """The thread has ended. It was seen last when it was: to end is no work."""
    if found.get("closed") is not None:
        return {}
    spans = _end_spans(found, found.get("last_seen"))
    return {("closed",): stamp, ("closed_by",): reason or None, ("spans",): spans}


def _make_entering(
    moment: datetime, thread: str, facts: ThreadFacts, carried: Data, is_bound: bool
) -> Make:
    """Return the change of the file of the session that a thread works on from now."""
    known = {key: _clean(value) for key, value in facts._asdict().items() if value}

    def enter(found: Data, stamp: str) -> Mapping[Path, Any]:
        # A span that a crash left open ended when the thread was last seen.
        spans = found.get("spans", []) if is_bound else _end_spans(found, found.get("last_seen"))
        if not spans or spans[-1].get("until") is not None:
            spans = [*spans, {"since": stamp, "until": None}]
        news = {"last_seen": _later(found.get("last_seen"), stamp), "closed": None, "spans": spans}
        return {(key,): value for key, value in {**carried, **known, **news}.items()}

    change = _make_change(moment, enter)

    def make(data: bytes | None) -> bytes | None:
        if parse_thread(data) is not None:
            return change(data)
        agent, _, thread_id = thread.partition("--")
        stamp = encode_time(moment)
        fresh = {
            "agent": agent,
            "id": thread_id,
            "first_seen": stamp,
            "last_seen": stamp,
            "closed": None,
            **carried,
            **known,
            "spans": [{"since": stamp, "until": None}],
        }
        return json.dumps(fresh, ensure_ascii=False, indent=2).encode() + b"\n"

    return make


def _clean(text: str) -> str:
    """Return what was declared as a text that JSON can hold, on one line."""
    plain = os.fsencode(text).decode(errors="replace")
    return "".join(" " if one < " " or one == "\x7f" else one for one in plain)[:_MOST_CHARACTERS]


def unbind(
    root_path: str,
    thread: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Binding:
    """Let a thread follow the marker until it is bound again.

    Its binding stays as an empty file, which says so.

    Returns:
        The binding; `changed` is False where it had none.

    Raises:
        InvalidValue: `thread` is none.

    On crash: bound as before; or unbound, with a file in the session that lags behind; or the
    new state.
    """
    check_thread(thread)

    def body(operation: Operation) -> Binding:
        held = read_binding(operation.root, thread)
        if not held:
            return _tell(operation, thread, None, None, changed=False)
        former = find_bound(operation.root, held)
        leaving = _leave(operation, former, thread)[1] if former is not None else None
        pointer = Draft(operation, operation.root, thread, lambda _: b"")
        operation.note_step("unbind", f"{layout.THREADS}/{thread}")
        operation.begin()
        pointer.put()
        if leaving is not None:
            leaving.put()
        previous = former.name if former is not None else held
        return _tell(operation, thread, None, previous, changed=True)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def close(
    root_path: str,
    thread: str,
    name: str,
    reason: str = "",
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Binding:
    """Put down that a thread has ended, in a session that it worked on, and why, if that is known.

    It keeps its binding, to which it comes back when it is resumed.

    Returns:
        The binding; `changed` is False where it was closed already.

    Raises:
        SessionNotFound, SessionArchived: the session is gone, or archived.

    On crash: as before, or closed.
    """

    def end(found: Data, stamp: str) -> Mapping[Path, Any]:
        return _close(found, stamp, _clean(reason))

    return _change_file(root_path, thread, name, "close", end, timeout_s, dry_run)


def label(
    root_path: str,
    thread: str,
    name: str,
    text: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Binding:
    """Give a thread a label, in a session that it worked on; an empty one takes it away.

    Arguments, result and errors are else those of `close`. On crash: as before, or labelled.
    """
    value = _clean(text).strip() or REMOVED

    def give(found: Data, stamp: str) -> Mapping[Path, Any]:
        return {("label",): value} if value is not REMOVED or "label" in found else {}

    return _change_file(root_path, thread, name, "label", give, timeout_s, dry_run)


def _change_file(
    root_path: str,
    thread: str,
    name: str,
    verb: str,
    change: _Change,
    timeout_s: float,
    dry_run: bool,
) -> Binding:
    def body(operation: Operation) -> Binding:
        place = find_session(operation.root, name)
        if place.location != "root":
            raise SessionArchived(place.name, "changed")
        folder = operation.session(place)
        make = _make_change(operation.moment, change)
        draft = Draft(operation, folder, f"{thread}.json", make)
        if draft.is_change:
            operation.note_step(verb, f"{place.directory}/{layout.THREADS}/{thread}.json")
            operation.begin()
            draft.put()
        bound = find_bound(operation.root, read_binding(operation.root, thread))
        return _tell(operation, thread, bound, place.name, draft.is_change)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def follow(root_path: str, event: Event, thread: str, timeout_s: float, dry_run: bool) -> Event:
    """Bind the thread that asked for it to the session that became active (protocol.md, 6).

    Other threads keep theirs, and so does one that was unbound: it follows the marker. What is
    undone leads back the thread that is bound to the session which is left.

    Returns:
        The event, with a note where the thread could not be bound: the marker has moved all the
        same.
    """
    if find_thread_fault(thread):
        return event
    name: str | None = event.session.name
    try:
        with open_root(root_path) as root:
            held = read_binding(root, thread)
        if event.undone is not None:
            name = event.undone.active[0] if held and held == event.undone.active[1] else None
        if name is None or held in ("", name):
            return event
        if dry_run:
            step = Step("bind", f"{layout.THREADS}/{thread}", name)
            return event._replace(steps=(*event.steps, step))
        bound = bind(root_path, thread, name, timeout_s=timeout_s)
    except (OSError, WfError) as error:
        reason = as_wf_error(root_path, error) if isinstance(error, OSError) else error
        note = f"{name} is active, but the thread {thread} stays bound as it was: {reason}"
        return event._replace(notes=(*event.notes, note))
    return event._replace(steps=(*event.steps, *bound.steps))
