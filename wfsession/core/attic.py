"""The attic, where what was in the way goes: nothing is deleted but empty markers (R2)."""

import os
from datetime import datetime

import orjson

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
    with open_parent(root, path) as parent, _Box(root, path, what, reason, moment) as box:
        try:
            parent.move(path.rpartition("/")[2], ITEM, box.folder)
        except FileNotFoundError:
            box.discard()
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
    with _Box(root, path, what, reason, moment) as box:
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


class _Box:
    """A new directory in the attic, with its note, open and durable."""

    def __init__(self, root: Folder, path: str, what: str, reason: str, moment: datetime) -> None:
        root.make_if_missing(layout.ATTIC)
        self._attic = root.child(layout.ATTIC)
        self._name = f"{make_stamp(moment)}-{what}-{os.urandom(3).hex()}"
        self.path = f"{layout.ATTIC}/{self._name}"
        self._attic.make(self._name)
        self._attic.sync()
        self.folder = self._attic.child(self._name)
        # A name that is no UTF-8 cannot stand in JSON as it is.
        origin = os.fsencode(path).decode(errors="backslashreplace")
        note = {"at": encode_time(moment), "from": origin, "reason": reason}
        self.folder.create(NOTE, orjson.dumps(note, option=orjson.OPT_APPEND_NEWLINE))

    def __enter__(self) -> "_Box":
        return self

    def __exit__(self, *_: object) -> None:
        self.folder.close()
        self._attic.close()

    def discard(self) -> None:
        """Take it away again, as long as there is only its note in it."""
        self.folder.unlink(NOTE)
        self._attic.remove(self._name)


def discard(root: Folder, path: str) -> None:
    """Take the box away from which an item, given by its path in the root, was taken."""
    box = path.rpartition("/")[0]
    with open_parent(root, path) as folder:
        folder.unlink(NOTE)
    with open_parent(root, box) as attic:
        attic.remove(box.rpartition("/")[2])
