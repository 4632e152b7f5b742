"""Taking things out of the attic: bringing one back to where it was, or letting boxes go.

Changes what lies in the attic and at the places that notes name; no session's record. No path in
a note leads out of the root or into what is private. Source: protocol.md, 9.
"""

import os
from collections.abc import Callable, Collection

from attrs import frozen

from wfsession.core import layout
from wfsession.core.activation import remove_orphans
from wfsession.core.attic import ITEM, NOTE, discard, open_below, open_parent
from wfsession.core.boxes import Box, open_box, read_boxes, read_note, tell_kind
from wfsession.core.creation import check_free, move_directory
from wfsession.core.disk import Folder, is_directory, is_regular
from wfsession.core.markers import Listing
from wfsession.core.model import Step
from wfsession.core.names import fold
from wfsession.core.operation import DEFAULT_TIMEOUT_S, Operation, run
from wfsession.errors import NameCollision, NotInAttic, UnsafePath, WfError, as_wf_error


@frozen
class Restored:
    """What was (dry run: would be) brought back, to which path.

    `replaced` is the path of the box with what stood there, or empty. Both paths are absolute.
    """

    name: str
    path: str
    replaced: str
    steps: tuple[Step, ...]


@frozen
class Emptied:
    """The boxes that were let go, or (`applied` False) would be."""

    boxes: tuple[Box, ...]
    applied: bool

    @property
    def size_bytes(self) -> int:
        """The size of all of them."""
        return sum(box.size_bytes for box in self.boxes)


def restore(
    root_path: str,
    name: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Restored:
    """Bring a thing back to where it was; a file that stands there now is set aside first.

    Args:
        root_path: the root.
        name: the box's whole name.
        timeout_s: how long to wait for the lock, in seconds.
        dry_run: whether only to tell the steps.

    Raises:
        NotInAttic: there is no such box, or nothing in it.
        UnsafePath: its note names no place for it, or the directory that it was in has gone.
        NameCollision: what stands there is no file; or it is a session whose name is taken.
        CannotMove: the place is on another device.

    On crash: it is in the attic, or back. What stood there is where it was, or in the attic. The
    box may be left, with nothing in it.

    Source: protocol.md, 5.
    """

    def body(operation: Operation) -> Restored:
        return _restore(operation, name)

    try:
        return run(root_path, body, timeout_s=timeout_s, dry_run=dry_run)
    except NameCollision as error:
        item = os.path.join(root_path, layout.ATTIC, name, ITEM)
        error.hint = f"move away what has the name, or: {_tell_by_hand(item)}"
        raise


def _restore(operation: Operation, name: str) -> Restored:
    root = operation.root
    with open_box(root, name) as box:
        kind = tell_kind(box)
        if kind == "missing":
            raise NotInAttic(name, root.join(layout.ATTIC), is_empty=True)
        origin = _read_origin(box)
        with _open_parent(root, origin, box) as parent:
            entry = origin.rpartition("/")[2]
            is_taken = _is_taken(parent, entry)
            if kind == "directory" and entry == origin:
                _make_way_for_session(operation, entry, is_taken)
            replaced = _move_back(operation, box, parent, origin, is_taken)
    path = root.join(replaced) if replaced else ""
    return Restored(name, root.join(origin), path, tuple(operation.steps))


def find_origin_fault(origin: str) -> str:
    """Return why nothing can be brought back to a path, as a clause, or an empty text."""
    if not origin:
        return "does not say where it came from"
    parts = origin.split("/")
    if "\0" in origin or not {"", ".", ".."}.isdisjoint(parts):
        return f"names no path in the root: {origin!r}"
    # On some disks another spelling leads there too.
    if fold(parts[0]) in (layout.PRIVATE, layout.ATTIC):
        return f"names a place that is private to wfsession: {origin!r}"
    return ""


def _read_origin(box: Folder) -> str:
    origin = read_note(box).origin
    fault = find_origin_fault(origin)
    if fault:
        raise UnsafePath(box.join(NOTE), fault, _tell_by_hand(box.join(ITEM)))
    return origin


def _tell_by_hand(item: str) -> str:
    return f"mv {item} WHERE"


def _open_parent(root: Folder, origin: str, box: Folder) -> Folder:
    try:
        return open_parent(root, origin)
    except FileNotFoundError:
        path, hint = origin.rpartition("/")[0], _tell_by_hand(box.join(ITEM))
        raise UnsafePath(root.join(path), "is not there any more", hint) from None


def _is_taken(parent: Folder, entry: str) -> bool:
    """Tell whether a file stands there, which can be set aside; anything else is in the way."""
    status = parent.find(entry)
    if status is not None and not is_regular(status):
        raise NameCollision(entry, parent.join(entry))
    return status is not None


def _make_way_for_session(operation: Operation, name: str, is_taken: bool) -> None:
    """See to it that a session which comes back is paused, and has no twin."""
    listing = Listing(operation.root)
    if not is_taken:
        check_free(operation, listing, name)
    operation.begin()
    remove_orphans(operation, listing, name)


def _move_back(
    operation: Operation, box: Folder, parent: Folder, origin: str, is_taken: bool
) -> str:
    """Move the item of a box; return the box in which what stood there is now, or nothing."""
    name, entry = os.path.basename(box.path), origin.rpartition("/")[2]
    operation.begin()
    replaced = ""
    if is_taken:
        reason = f"{name} was brought back to this place"
        replaced = operation.set_aside(origin, "replaced", reason)
    operation.note_step("move", f"{layout.ATTIC}/{name}/{ITEM}", origin)
    if not operation.dry_run:
        try:
            operation.hold_lock()
            _take_out(operation.root, box, parent, entry)
        except OSError:
            _put_again(operation.root, replaced, parent, entry)
            raise
    return replaced


def _take_out(root: Folder, box: Folder, parent: Folder, entry: str) -> None:
    move_directory(box, ITEM, entry, parent)
    try:
        discard(root, f"{layout.ATTIC}/{os.path.basename(box.path)}/{ITEM}")
    except OSError:
        pass  # the box is left, with nothing of any worth in it


def _put_again(root: Folder, replaced: str, parent: Folder, entry: str) -> None:
    """Put what was set aside for nothing back in its place."""
    if replaced:
        try:
            with open_below(root, replaced) as box:
                _take_out(root, box, parent, entry)
        except OSError:
            pass  # it stays in the attic; the first error is the one to tell


def empty(
    root_path: str,
    names: Collection[str] | None = None,
    *,
    apply: bool = False,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Emptied:
    """Delete boxes with all that is in them, which nothing brings back.

    Args:
        root_path: the root.
        names: whole names of boxes; None for all that there are.
        apply: whether to do it; otherwise only tell which they are.
        timeout_s: how long to wait for the lock, in seconds.

    Returns:
        The boxes. One that somebody else deletes at the same time is not among them.

    Raises:
        NotInAttic: there is none of a name; nothing was deleted.
        DiskFailed, UnsafePath: one could not be deleted; the others were.

    On crash: some boxes are gone. One may be left with a part of what was in it, and without its
    note, so that no part is ever brought back for the whole. The next run lets it go.
    """

    def body(operation: Operation) -> Emptied:
        boxes = _choose(operation.root, names)
        if operation.dry_run or not boxes:
            return Emptied(boxes, applied=not operation.dry_run)
        operation.begin()
        with operation.root.child(layout.ATTIC) as attic:
            return Emptied(_delete_boxes(operation, attic, boxes), applied=True)

    return run(root_path, body, timeout_s=timeout_s, dry_run=not apply)


def _choose(root: Folder, names: Collection[str] | None) -> tuple[Box, ...]:
    boxes = read_boxes(root)
    if names is None:
        return boxes
    known = {box.name for box in boxes}
    for name in names:
        if name not in known:
            raise NotInAttic(name, root.join(layout.ATTIC))
    return tuple(box for box in boxes if box.name in names)


def _delete_boxes(operation: Operation, attic: Folder, boxes: tuple[Box, ...]) -> tuple[Box, ...]:
    deleted = []
    failed: WfError | None = None
    for one in boxes:
        operation.hold_lock()
        try:
            with attic.child(one.name) as box:
                delete_contents(box, operation.make_name)
            attic.remove(one.name)
        except FileNotFoundError:
            continue  # somebody else is deleting it
        except OSError as error:
            failed = failed or as_wf_error(attic.path, error)
            continue
        deleted.append(one)
    attic.sync()
    if failed is not None:
        raise failed
    return tuple(deleted)


def delete_contents(box: Folder, make_name: Callable[[str], str]) -> None:
    """Delete all that is in a box, the note first; `make_name` gives names that are free in it.

    A directory within another is moved up into the box before it is emptied. So a single call
    leads from the box to whatever is deleted, however deep it was: no symlink can be on the way,
    and what is mounted somewhere below, which no rename moves, is not reached.
    """
    waiting = sorted(box.list_names(), key=lambda name: name == NOTE)
    while waiting:
        name = waiting.pop()
        if not is_directory(box.stat(name)):
            box.unlink(name)
            if name == NOTE:
                box.sync()
            continue
        with box.child(name) as folder:
            for entry in folder.list_names():
                if is_directory(folder.stat(entry)):
                    waiting.append(make_name("part"))
                    folder.move(entry, waiting[-1], box)
                else:
                    folder.unlink(entry)
        box.remove(name)
