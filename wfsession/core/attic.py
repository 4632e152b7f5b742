"""The attic, where what was in the way goes: nothing is deleted but empty markers (protocol.md, 9).

Puts things in; `boxes` lists them, brings them back and lets them go.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from wfsession.core import layout
from wfsession.core.disk import Folder
from wfsession.core.jsontext import encode_json, parse_json
from wfsession.core.times import encode_time, make_stamp, parse_time

ITEM = "item"
NOTE = "note.json"


class Note(NamedTuple):
    """What lies beside an item: when it was set aside, from which path of the root, and why.

    What a note does not say is empty, or None.
    """

    at: datetime | None = None
    origin: str = ""
    reason: str = ""


def encode_note(at: datetime, origin: str, reason: str) -> bytes:
    """Return the text of a note.

    A path that is no UTF-8 cannot stand in JSON as it is: `from` shows its odd bytes to people
    then, and `from_hex` has all of its bytes in hexadecimal digits.
    """
    path = os.fsencode(origin)
    shown = path.decode(errors="backslashreplace")
    note = {"at": encode_time(at), "from": shown, "reason": reason}
    if shown.encode() != path:
        note["from_hex"] = path.hex()
    return encode_json(note)


def parse_note(data: bytes) -> Note:
    """Read a note, which somebody may have edited: what is of no use is left out."""
    try:
        found = parse_json(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return Note()
    at, reason = parse_time(found.get("at")), _read_text(found, "reason")
    try:
        origin = os.fsdecode(bytes.fromhex(_read_text(found, "from_hex")))
    except ValueError:
        origin = ""
    return Note(at, origin or _read_text(found, "from"), reason)


def _read_text(found: dict[str, Any], key: str) -> str:
    text = found.get(key)
    return text if isinstance(text, str) else ""


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
    return open_below(root, path.rpartition("/")[0])


def open_below(folder: Folder, path: str) -> Folder:
    """Open a directory by its path in another, from there down; an empty path is that one itself.

    Raises:
        UnsafePath, FileNotFoundError: as `open_parent`.
    """
    found = folder.again()
    for name in path.split("/") if path else ():
        with found:
            found = found.child(name)
    return found


class _Box(NamedTuple):
    """A directory in the attic, by its path in the root, and open."""

    path: str
    folder: Folder


@contextmanager
def _open_box(root: Folder, path: str, what: str, reason: str, moment: datetime) -> Iterator[_Box]:
    """Make a directory in the attic with its note, durable; if nothing came into it, it goes."""
    root.make_if_missing(layout.ATTIC)
    name = f"{make_stamp(moment)}-{what}-{os.urandom(3).hex()}"
    with root.child(layout.ATTIC) as attic:
        attic.make(name)
        attic.sync()
        with attic.child(name) as folder:
            try:
                folder.create(NOTE, encode_note(moment, path, reason))
                yield _Box(f"{layout.ATTIC}/{name}", folder)
            finally:
                if folder.find(ITEM) is None:
                    _take_back(attic, name, folder)


def discard(root: Folder, path: str) -> None:
    """Take the box away from which an item, given by its path in the root, was taken.

    On crash: the box is left, empty or with its note.
    """
    box = path.rpartition("/")[0]
    with open_below(root, box) as folder:
        folder.unlink(NOTE)
    with open_parent(root, box) as attic:
        attic.remove(box.rpartition("/")[2])
        attic.sync()


def _take_back(attic: Folder, name: str, folder: Folder) -> None:
    try:
        if folder.find(NOTE) is not None:
            folder.unlink(NOTE)
        attic.remove(name)
    except OSError:
        pass  # as after a crash; the first error is the one to tell
