"""Moving the marker: the commit of every operation that changes who is active (protocol.md, 5).

Works on a running Operation; touches markers only, never records. What is no plain marker, empty
and of one name, is set aside, never deleted.
"""

import time

from wfsession.core.disk import is_directory, is_regular
from wfsession.core.hint import list_marker
from wfsession.core.locate import Place
from wfsession.core.markers import Listing, MarkerFile
from wfsession.core.names import encode_marker, nfc
from wfsession.core.operation import TRIES, Moved, Operation
from wfsession.errors import Conflict, SessionNotFound, UnsafePath


def activate(operation: Operation, listing: Listing, place: Place) -> Listing:
    """Make a session the active one: never none, never two, at any moment.

    Args:
        operation: what runs, with the lock held.
        listing: what was read under that lock; where it is not the whole root, what is read
            afterwards is the session alone, unless that does not stand as it should.
        place: the session; its directory is in the root.

    Returns:
        What was read afterwards; the listing as given in a dry run.

    Raises:
        Moved: somebody moved the winning marker meanwhile.
        SessionNotFound: the directory went away meanwhile; the marker is where it was.

    On crash: the session before is active, or this one; older markers may be left, which lose.

    Source: protocol.md, 5.
    """
    entry = encode_marker(place.dirname)
    winner = listing.winner
    operation.begin()
    if winner is None or winner.dirname != place.dirname:
        clear_target(operation, entry)
        if winner is None:
            create_marker(operation, entry, newest_ns(None))
        elif winner.is_plain:
            _touch_marker(operation, winner, time.time_ns())
            _rename_marker(operation, winner.entry, entry)
        else:
            _outdo(operation, winner, entry)
        for loser in reversed(listing.candidates[1:]):
            if loser.entry != entry:
                remove_marker(operation, loser.entry)
    if operation.dry_run:
        return listing
    operation.sync(operation.root)
    if not listing.is_whole:
        # What others do from here on is as if they did it after the operation.
        after = list_marker(operation.root, place.dirname)
        if after.winner is not None:
            return after
    return _confirm(operation, place, winner)


def activate_placed(operation: Operation, place: Place) -> None:
    """Activate a session whose directory was just put in the root.

    The operation has done something by then and must not start again, so what is read again
    where a marker moved is only the markers.

    Raises:
        Conflict: somebody moved the winning marker each of five times.
        SessionNotFound: as `activate` does.
    """
    for _ in range(TRIES):
        try:
            activate(operation, Listing(operation.root), place)
            return
        except Moved:
            continue
    raise Conflict(operation.root.path)


def remove_orphans(operation: Operation, listing: Listing, name: str) -> None:
    """Remove the markers of a name that has no directory yet.

    With its directory they would compete, and make a session active that nobody switched to.
    """
    for marker in listing.orphans:
        if nfc(marker.name) == nfc(name):
            remove_marker(operation, marker.entry)


def remove_marker_of(operation: Operation, listing: Listing, place: Place) -> None:
    """Remove the markers that a session had when the root was listed, durably."""
    markers = [marker for marker in listing.candidates if marker.dirname == place.dirname]
    for marker in markers:
        remove_marker(operation, marker.entry)
    if markers:
        operation.sync(operation.root)


def newest_ns(winner: MarkerFile | None) -> int:
    """Return a time, in nanoseconds, that is not before now and after that of the winner."""
    return max(time.time_ns(), winner.mtime_ns + 1 if winner is not None else 0)


def clear_target(operation: Operation, entry: str) -> None:
    """Set aside what stands where the marker goes, unless it is a plain marker."""
    status = operation.root.find(entry)
    if status is None:
        return
    if is_regular(status) and status.st_size == 0 and status.st_nlink == 1:
        return
    operation.set_aside(entry, "marker", "it was not an empty file of one name")


def _outdo(operation: Operation, winner: MarkerFile, entry: str) -> None:
    """Put a newer marker beside a winner that holds bytes or has two names, then set that aside.

    Renaming it would carry its bytes along, and renaming between two names of one file does
    nothing at all.
    """
    operation.note_step("create", entry)
    if not operation.dry_run:
        try:
            _put_marker(operation, entry, newest_ns(winner))
        except FileNotFoundError:
            operation.restage()
            raise Moved from None
    remove_marker(operation, winner.entry)


def _confirm(operation: Operation, place: Place, before: MarkerFile | None) -> Listing:
    """Look again: take the marker back where its session went away under it."""
    root = operation.root
    after = Listing(root)
    if after.winner is not None:
        if after.winner.dirname != place.dirname:
            operation.notes.append(f"{after.active} is active now: somebody moved the marker")
        return after
    status = root.find(place.dirname)
    if status is not None and is_directory(status):
        operation.notes.append("no session is active now: somebody removed the marker")
        return after
    former = root.find(before.dirname) if before is not None else None
    if before is not None and former is not None and is_directory(former):
        _rename_marker(operation, encode_marker(place.dirname), before.entry)
        operation.sync(root)
    raise SessionNotFound(place.name, root.path)


def deactivate(operation: Operation, listing: Listing) -> Listing | None:
    """Remove every marker, the losers first and the winner last, so that no loser is promoted.

    Returns:
        What is left, where the listing was not the whole root: it showed the one marker that
        there was. Else None, as somebody may have made another. In a dry run, the listing.

    On crash: the same session is active, or none.

    Source: protocol.md, 5.
    """
    operation.begin()
    for marker in reversed(listing.candidates):
        remove_marker(operation, marker.entry)
    if operation.dry_run:
        return listing
    operation.sync(operation.root)
    return None if listing.is_whole else list_marker(operation.root, "")


def _touch_marker(operation: Operation, marker: MarkerFile, mtime_ns: int) -> None:
    """Set a marker's time to now, unless it is later already."""
    if mtime_ns > marker.mtime_ns and not operation.dry_run:
        try:
            operation.root.set_mtime(marker.entry, mtime_ns)
        except (FileNotFoundError, UnsafePath):
            raise Moved from None


def _rename_marker(operation: Operation, entry: str, new_entry: str) -> None:
    """Rename a marker over another, in one step.

    Raises:
        Moved: it has gone.
    """
    operation.note_step("rename", entry, new_entry)
    if not operation.dry_run:
        try:
            operation.root.replace(entry, new_entry)
        except FileNotFoundError:
            raise Moved from None


def create_marker(operation: Operation, entry: str, mtime_ns: int) -> bool:
    """Create a marker of that time, or of now if that is later; one that is there will do.

    Returns:
        Whether it is there. Not so if somebody removed it by hand once it was made: others may
        have seen it by then, so that it is not ours to make a second time.

    Raises:
        Moved: one that was there already has gone.
    """
    operation.note_step("create", entry)
    if operation.dry_run:
        return True
    is_ours = True
    try:
        operation.root.create_marker(entry)
    except FileExistsError:
        # Made by hand this moment, or an orphan's; its time is set all the same.
        is_ours = False
    try:
        if operation.root.stat(entry).st_mtime_ns < mtime_ns:
            operation.root.set_mtime(entry, mtime_ns)
    except FileNotFoundError:
        if is_ours:
            return False
        raise Moved from None
    except UnsafePath:
        # Somebody's own has come in its place.
        raise Moved from None
    return True


def _put_marker(operation: Operation, entry: str, mtime_ns: int) -> None:
    """Put an empty marker of that time in its place, over any that is there, in one step."""
    temporary = operation.make_temporary("marker")
    operation.staging().create_marker(temporary)
    operation.staging().set_mtime(temporary, mtime_ns)
    operation.staging().replace(temporary, entry, operation.root)


def remove_marker(operation: Operation, entry: str) -> str:
    """Delete a marker if it is empty and has no other name; set it aside otherwise.

    Returns:
        Where it lies in the attic; empty where it was deleted, or had gone.
    """
    status = operation.root.find(entry)
    if status is None:
        return ""
    if not (is_regular(status) and status.st_size == 0 and status.st_nlink == 1):
        return operation.set_aside(entry, "marker", "it was not an empty file of one name")
    operation.note_step("remove", entry)
    if not operation.dry_run:
        try:
            operation.root.unlink(entry)
        except FileNotFoundError:
            pass  # removed by hand this moment
    return ""
