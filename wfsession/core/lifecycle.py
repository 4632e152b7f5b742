"""Switch, pause, resume, complete, archive, reopen, rename: what moves a session.

Each takes the absolute path of a root and the name of a session, and gives an Event. The marker
or the directory moves first and the records follow, so that every prefix of the steps is a tree
that readers understand. Source: protocol.md, 5.
"""

from wfsession.core import layout
from wfsession.core.activation import (
    activate,
    activate_placed,
    clear_target,
    create_marker,
    deactivate,
    newest_ns,
    remove_marker,
    remove_marker_of,
    remove_orphans,
)
from wfsession.core.creation import check_free, move_directory
from wfsession.core.edits import (
    become_active,
    become_archived,
    become_completed,
    become_paused,
    become_renamed,
)
from wfsession.core.hint import list_markers
from wfsession.core.locate import Place, find_session, place_of_winner
from wfsession.core.markers import Listing
from wfsession.core.model import Event, Session
from wfsession.core.names import check_name, encode_marker
from wfsession.core.operation import DEFAULT_TIMEOUT_S, Moved, Operation, run
from wfsession.core.tasks import list_unfinished
from wfsession.errors import (
    NameCollision,
    RecordUnusable,
    SessionArchived,
    UnfinishedTasks,
    UnsafePath,
    WrongState,
)


def switch(
    root_path: str,
    name: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Make a session the active one; the one before is paused.

    Returns:
        The event; `changed` is False where it was active already.

    Raises:
        SessionNotFound: there is none of that name, or it went away meanwhile.
        WrongState: it is completed; SessionArchived: it is archived.
        RecordUnusable, UnsafePath: its record, or its directory, cannot be used.

    On crash: the old state; or the new one with a status that differs; or the new one.

    Source: protocol.md, 5.
    """
    return _activate("switched", root_path, name, timeout_s, dry_run)


def resume(
    root_path: str,
    name: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Take a paused session up again; the same as `switch` but for the event's kind."""
    return _activate("resumed", root_path, name, timeout_s, dry_run)


def _activate(kind: str, root_path: str, name: str, timeout_s: float, dry_run: bool) -> Event:
    def body(operation: Operation) -> Event:
        listing = list_markers(operation.root)
        place = find_session(operation.root, name)
        previous = place_of_winner(listing)
        session = _read_usable(operation, place, listing, "switched to")
        if session.state == "completed":
            wanted, hint = "switched to", f"wf reopen {session.name}"
            raise WrongState(session.name, "completed", wanted, hint)
        if previous is not None and previous.dirname == place.dirname:
            return operation.finish(kind, place, previous.name, changed=False, listing=listing)
        before = previous.name if previous else None
        operation.announce(kind, place.name, (before, place.name))
        after = _enter(operation, listing, place, previous)
        return operation.finish(kind, place, before, listing=after)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def _read_usable(operation: Operation, place: Place, listing: Listing, wanted: str) -> Session:
    """Return a session that may be changed, or raise what stands against that."""
    session = operation.read(place, listing)
    if session.state == "bad":
        if session.problems[0] == "unsafe-session":
            raise UnsafePath(session.path, session.fault)
        raise RecordUnusable(session.path, session.problems[0], session.fault)
    if session.state == "archived":
        raise SessionArchived(session.name, wanted)
    return session


def _enter(operation: Operation, listing: Listing, place: Place, previous: Place | None) -> Listing:
    """Make a session active and say so in both records; returns what `activate` does."""
    leaving = operation.prepare_leaving(previous, become_paused(operation.moment))
    entering = operation.prepare(place, become_active(operation.moment), only_if_active=True)
    after = activate(operation, listing, place)
    operation.publish(leaving, entering)
    operation.sync()
    return after


def pause(
    root_path: str,
    name: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Put a session aside; none is active afterwards if it was the active one.

    Returns:
        The event; `changed` is False where it was paused already.

    Raises:
        SessionNotFound: there is none of that name.
        WrongState, SessionArchived: it is completed, or archived.

    On crash: the old state, perhaps with fewer losing markers; paused with a status that
    differs; or the new one.

    Source: protocol.md, 5 and 6.
    """

    def body(operation: Operation) -> Event:
        listing = list_markers(operation.root)
        place = find_session(operation.root, name)
        active = place_of_winner(listing)
        if active is None or active.dirname != place.dirname:
            session = _read_usable(operation, place, listing, "paused")
            if session.state == "completed":
                raise WrongState(session.name, "completed", "paused", f"wf reopen {session.name}")
            previous = active.name if active else None
            return operation.finish("paused", place, previous, changed=False, listing=listing)
        operation.announce("paused", place.name, (place.name, None))
        leaving = operation.prepare_leaving(place, become_paused(operation.moment))
        after = deactivate(operation, listing)
        operation.publish(leaving)
        operation.sync()
        return operation.finish("paused", place, place.name, listing=after)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def complete(
    root_path: str,
    name: str,
    *,
    archive: bool = False,
    unfinished: str = "refuse",
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """End a session, and archive it if asked.

    Args:
        root_path: the root.
        name: the session.
        archive: whether to move it to `completed/` afterwards.
        unfinished: refuse|allow, for tasks that are not done.
        timeout_s: how long to wait for the lock, in seconds.
        dry_run: whether only to tell the steps.

    Returns:
        The event; `changed` is False where it was completed already and stays where it is.

    Raises:
        UnfinishedTasks: some are, and `unfinished` is "refuse".
        SessionNotFound, SessionArchived, RecordUnusable: it cannot be completed.

    On crash: the old state; paused, with the completion unfinished; or the new one.

    Source: protocol.md, 5.
    """

    def body(operation: Operation) -> Event:
        listing = Listing(operation.root)
        place = find_session(operation.root, name)
        session = _read_usable(operation, place, listing, "completed")
        active = place_of_winner(listing)
        is_active = active is not None and active.dirname == place.dirname
        changed = is_active or session.state != "completed"
        previous = active.name if active else None
        kind = "archived" if archive and not changed else "completed"
        if archive:
            _require_room(operation, place)
        if changed:
            _require_finished(operation, place, session, unfinished)
        after = None if is_active else previous
        moves = ((place.dirname, _archived(place).directory),) if archive else ()
        operation.announce(kind, place.name, (previous, after), moves)
        if changed:
            _complete(operation, listing, place, is_active)
        if archive:
            place = _archive(operation, place, None if changed else listing)
        return operation.finish(kind, place, previous, changed=changed or archive)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def _require_finished(
    operation: Operation, place: Place, session: Session, unfinished: str
) -> None:
    if unfinished == "refuse" and session.record is not None:
        tasks = list_unfinished(operation.session(place), session.record)
        if tasks:
            raise UnfinishedTasks(session.name, tasks)


def _complete(operation: Operation, listing: Listing, place: Place, is_active: bool) -> None:
    ending = operation.prepare(place, become_completed(operation.moment), only_if_active=False)
    if is_active:
        deactivate(operation, listing)
    else:
        operation.begin()
        remove_marker_of(operation, listing, place)
    operation.publish(ending)
    operation.sync()


def archive(
    root_path: str,
    name: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Move a completed session to `completed/`.

    Returns:
        The event; `changed` is False where it is there already.

    Raises:
        WrongState: it is not completed.
        NameCollision, CannotMove: it cannot be moved there.
        SessionNotFound, RecordUnusable, UnsafePath: it cannot be used.

    On crash: completed where it was; or archived.

    Source: protocol.md, 5.
    """

    def body(operation: Operation) -> Event:
        listing = Listing(operation.root)
        place = find_session(operation.root, name)
        previous = listing.active
        if place.location == layout.COMPLETED:
            return operation.finish("archived", place, previous, changed=False)
        session = _read_usable(operation, place, listing, "archived")
        if session.state != "completed":
            hint = f"wf complete --archive {session.name}"
            raise WrongState(session.name, session.state, "archived", hint)
        _require_room(operation, place)
        moves = ((place.dirname, _archived(place).directory),)
        operation.announce("archived", place.name, (previous, previous), moves)
        place = _archive(operation, place, listing)
        return operation.finish("archived", place, previous)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def _require_room(operation: Operation, place: Place) -> None:
    """Refuse, while nothing is done yet, what the move into `completed/` would refuse."""
    try:
        completed = operation.completed()
    except FileNotFoundError:
        return
    if completed.find(place.dirname) is not None:
        raise NameCollision(place.dirname, completed.join(place.dirname))


def _archived(place: Place) -> Place:
    return Place(place.dirname, layout.COMPLETED)


def _archive(operation: Operation, place: Place, listing: Listing | None) -> Place:
    """Move a completed session; with a `listing`, remove the losing marker it may have in that."""
    target = _archived(place)
    archiving = operation.prepare(place, become_archived(operation.moment))
    operation.begin()
    if listing is not None:
        remove_marker_of(operation, listing, place)
    move_to_completed(operation, place)
    operation.follow(place, target, archiving)
    operation.publish(archiving)
    operation.sync()
    return place if operation.dry_run else target


def move_to_completed(operation: Operation, place: Place) -> None:
    """Move a session's directory from the root to `completed/`, which is made if it is missing."""
    operation.note_step("move", place.dirname, _archived(place).directory)
    if not operation.dry_run:
        operation.root.make_if_missing(layout.COMPLETED)
        operation.hold_lock()
        move_directory(operation.root, place.dirname, place.dirname, operation.completed())


def reopen(
    root_path: str,
    name: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Take a completed or archived session up again, and make it the active one.

    Raises:
        WrongState: it is paused.
        NameCollision, CannotMove: it cannot be moved back.
        SessionNotFound, RecordUnusable: it cannot be used.

    On crash: completed, in its place or back in the root; active with a status that differs;
    or the new state.
    """

    def body(operation: Operation) -> Event:
        listing = Listing(operation.root)
        place = find_session(operation.root, name)
        previous = place_of_winner(listing)
        before = previous.name if previous else None
        if place.location == layout.COMPLETED:
            place = _bring_back(operation, listing, place, previous)
            return operation.finish("reopened", place, before)
        session = _read_usable(operation, place, listing, "reopened")
        if session.state == "paused":
            hint = f"wf resume {session.name}"
            raise WrongState(session.name, "paused", "reopened", hint)
        if previous is not None and previous.dirname == place.dirname:
            return operation.finish("reopened", place, before, changed=False)
        operation.announce("reopened", place.name, (before, place.name))
        _enter(operation, listing, place, previous)
        return operation.finish("reopened", place, before)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def _bring_back(
    operation: Operation, listing: Listing, place: Place, previous: Place | None
) -> Place:
    target = Place(place.dirname, "root")
    before = previous.name if previous else None
    moves = ((place.directory, target.directory),)
    operation.announce("reopened", place.name, (before, place.name), moves)
    leaving = operation.prepare_leaving(previous, become_paused(operation.moment))
    entering = operation.prepare(place, become_active(operation.moment), only_if_active=True)
    operation.begin()
    remove_orphans(operation, listing, place.name)
    operation.note_step("move", place.directory, target.directory)
    if not operation.dry_run:
        move_directory(operation.completed(), place.dirname, place.dirname, operation.root)
    operation.follow(place, target, entering)
    activate_placed(operation, target)
    operation.publish(leaving, entering)
    operation.sync()
    return place if operation.dry_run else target


def rename(
    root_path: str,
    name: str,
    new_name: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Event:
    """Give a session another name; the one before still finds it.

    Raises:
        InvalidName: the new name cannot be used; NameCollision: it is taken, or was.
        SessionNotFound, SessionArchived, RecordUnusable: the session cannot be renamed.

    On crash: the old name; the new one with the old id in its record; or the new one. Exactly
    one session is active at each step if this one is.

    Source: protocol.md, 5.
    """
    check_name(new_name)

    def body(operation: Operation) -> Event:
        listing = Listing(operation.root)
        place = find_session(operation.root, name)
        previous = listing.active
        session = _read_usable(operation, place, listing, "renamed")
        if session.name == new_name:
            return operation.finish("renamed", place, previous, changed=False)
        check_free(operation, listing, new_name, but=session.name)
        edit = become_renamed(operation.moment, session.name, new_name)
        renaming = operation.prepare(place, edit)
        active = new_name if previous == session.name else previous
        moves = ((place.dirname, new_name),)
        operation.announce("renamed", new_name, (previous, active), moves)
        operation.begin()
        rename_directory(operation, listing, place, new_name)
        new_place = Place(new_name, "root")
        operation.follow(place, new_place, renaming)
        operation.publish(renaming)
        operation.sync()
        return operation.finish("renamed", place if operation.dry_run else new_place, previous)

    return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)


def rename_directory(operation: Operation, listing: Listing, place: Place, new_name: str) -> None:
    """Rename the directory; if it is the active one, its new marker waits for it."""
    winner = listing.winner
    entry = encode_marker(new_name)
    remove_orphans(operation, listing, new_name)
    clear_target(operation, entry)
    try:
        is_active = winner is not None and winner.dirname == place.dirname
        # While it waits for its directory it makes nobody active, so it may be made again.
        if is_active and not create_marker(operation, entry, newest_ns(winner)):
            raise Moved
        operation.note_step("rename", place.dirname, new_name)
        if not operation.dry_run:
            move_directory(operation.root, place.dirname, new_name, operation.root)
    except OSError:
        if operation.root.find(place.dirname) is not None:
            # Beside a directory of somebody else's it would make that one active.
            remove_marker(operation, entry)
        raise
    remove_marker_of(operation, listing, place)
