"""The attic, where what was in the way goes: nothing is deleted but empty markers (R2)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import orjson
from attrs import frozen

from wfsession.core import layout
from wfsession.core.disk import Folder
from wfsession.core.times import encode_time, make_stamp

ITEM = "item"
NOTE = "note.json"


def set_aside(root: Folder, path: str, what: str, reason: str, moment: datetime) -> str:
    """Move an entry to `.attic/<time>-<what>/item`, with a note beside it.

    Args:
        root: the open root.
        path: the entry, as a path in the root with `/`.
        what: what it is, in a word, for the name of the directory.
        reason: why, as a sentence, for the note.
        moment: when.

    Returns:
        The directory in the attic, as a path in the root; empty if the entry was taken away
        meanwhile.

    On crash: the entry is where it was, or in the attic; an attic directory may be empty.
    """
    with open_parent(root, path) as parent, _open_box(root, path, what, reason, moment) as box:
        try:
            parent.move(path.rpartition("/")[2], ITEM, box.folder)
        except FileNotFoundError:
            return ""
        box.folder.sync()
        parent.sync()
        return box.path


def keep_copy(
    root: Folder, path: str, data: bytes, what: str, reason: str, moment: datetime
) -> str:
    """Put the bytes of a file that is about to be replaced into the attic.

    Arguments and result are those of `set_aside`. On crash: the file is as it was.
    """
    with _open_box(root, path, what, reason, moment) as box:
        box.folder.create(ITEM, data)
        box.folder.sync()
        return box.path


def open_parent(root: Folder, path: str) -> Folder:
    """Open the directory that an entry is in, given by its path in the root.

    Raises:
        UnsafePath: something on the way is no real directory.
        FileNotFoundError: it is not there.
    """
    folder = Folder.open(root.path)
    for name in path.split("/")[:-1]:
        with folder:
            folder = folder.child(name)
    return folder


@frozen
class _Box:
    """A directory in the attic, by its path in the root, and open."""

    path: str
    folder: Folder


@contextmanager
def _open_box(root: Folder, path: str, what: str, reason: str, moment: datetime) -> Iterator[_Box]:
    """Make a directory in the attic with its note, durable; if nothing came into it, it goes."""
    root.make_if_missing(layout.ATTIC)
    name = f"{make_stamp(moment)}-{what}-{os.urandom(3).hex()}"
    # A name that is no UTF-8 cannot stand in JSON as it is.
    origin = os.fsencode(path).decode(errors="backslashreplace")
    note = {"at": encode_time(moment), "from": origin, "reason": reason}
    with root.child(layout.ATTIC) as attic:
        attic.make(name)
        attic.sync()
        with attic.child(name) as folder:
            try:
                folder.create(NOTE, orjson.dumps(note, option=orjson.OPT_APPEND_NEWLINE))
                yield _Box(f"{layout.ATTIC}/{name}", folder)
            finally:
                if folder.find(ITEM) is None:
                    _take_back(attic, name, folder)


def discard(root: Folder, path: str) -> None:
    """Take the box away from which an item, given by its path in the root, was taken."""
    box = path.rpartition("/")[0]
    with open_parent(root, path) as folder:
        folder.unlink(NOTE)
    with open_parent(root, box) as attic:
        attic.remove(box.rpartition("/")[2])


def _take_back(attic: Folder, name: str, folder: Folder) -> None:
    try:
        if folder.find(NOTE) is not None:
            folder.unlink(NOTE)
        attic.remove(name)
    except OSError:
        pass  # as after a crash; the first error is the one to tell
