"""What lies in the attic, box by box. Reads only; `unboxing` takes things out.

A box is a directory `.attic/<time>-<what>-<six digits>` with the `item` and its note. What else
lies in the attic is somebody else's. A note is data that anybody may have edited, or lost.
"""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Literal

from attrs import frozen

from wfsession.core import layout
from wfsession.core.attic import ITEM, NOTE, Note, open_below, parse_note
from wfsession.core.disk import Folder, is_directory, is_regular
from wfsession.core.locate import open_root
from wfsession.core.times import parse_name_suffix
from wfsession.errors import AmbiguousName, NotInAttic, as_wf_error

ItemKind = Literal["file", "directory", "other", "missing"]

_NAME = re.compile(r"([0-9]{8}-[0-9]{6})-([\w.-]+)-([0-9a-f]{6})", re.ASCII)
_NOTE_BYTES = 65_536
_DEEPEST = 100


@frozen
class Box:
    """One thing that was set aside.

    `origin` is its path in the root, empty where the note does not say; `at` comes from the name
    then. `size_bytes` is that of all files in the box but the note, down to a hundred directories
    below each other. `kind` is "missing" where the box is empty, and "other" for symlinks, devices
    and what may not be looked at.
    """

    name: str
    path: str
    at: datetime
    origin: str
    reason: str
    kind: ItemKind
    size_bytes: int

    @property
    def what(self) -> str:
        """What it is, in a word."""
        return _NAME.sub(r"\2", self.name)

    @property
    def short_name(self) -> str:
        """The part of its name that no other is likely to have."""
        return _NAME.sub(r"\3", self.name)


def list_boxes(root_path: str) -> tuple[Box, ...]:
    """Return what lies in the attic of a root, the newest first.

    Raises:
        RootNotFound, UnsafePath, DiskFailed: the root or its attic cannot be read.
    """
    with open_root(root_path) as root:
        try:
            return read_boxes(root)
        except OSError as error:
            raise as_wf_error(root_path, error) from None


def read_boxes(root: Folder) -> tuple[Box, ...]:
    """Do what `list_boxes` does, for an open root."""
    try:
        attic = root.child(layout.ATTIC)
    except FileNotFoundError:
        return ()
    with attic:
        found = (_read_box(attic, name) for name in attic.list_names())
        boxes = (box for box in found if box is not None)
        return tuple(sorted(boxes, key=lambda box: (box.at, box.name), reverse=True))


def _read_box(attic: Folder, name: str) -> Box | None:
    match = _NAME.fullmatch(name)
    at = parse_name_suffix(f"-{match[1]}") if match else None
    status = attic.find(name)
    if at is None or status is None or not is_directory(status):
        return None
    try:
        with attic.child(name) as folder:
            note, kind, size_bytes = read_note(folder), tell_kind(folder), _measure(folder)
    except OSError:
        # Closed to us; or gone this moment, and then it is not there the next time.
        note, kind, size_bytes = Note(), "other", 0
    path = attic.join(name)
    return Box(name, path, note.at or at, note.origin, note.reason, kind, size_bytes)


def read_note(box: Folder) -> Note:
    """Read the note of an open box; one that cannot be read says nothing."""
    try:
        return parse_note(box.read(NOTE, _NOTE_BYTES).data)
    except OSError:
        # None, or nothing that could be one: the name tells the rest.
        return Note()


def tell_kind(box: Folder) -> ItemKind:
    """Tell of what kind the item of an open box is."""
    status = box.find(ITEM)
    if status is None:
        return "missing"
    if is_regular(status):
        return "file"
    return "directory" if is_directory(status) else "other"


def open_box(root: Folder, name: str) -> Folder:
    """Open a box by its whole name.

    Raises:
        NotInAttic: there is none of that name.
        UnsafePath, OSError: it, or the attic, cannot be opened.
    """
    if _NAME.fullmatch(name):
        try:
            return open_below(root, f"{layout.ATTIC}/{name}")
        except FileNotFoundError:
            pass  # gone, or never there
    raise NotInAttic(name, root.join(layout.ATTIC))


def _measure(box: Folder) -> int:
    """Return how many bytes the files in a box have; each directory is opened from the box."""
    size_bytes, waiting = 0, [""]
    while waiting:
        path = waiting.pop()
        try:
            with open_below(box, path) as folder:
                statuses = {name: folder.find(name) for name in folder.list_names()}
        except OSError:
            continue  # closed to us, or gone this moment
        for name, status in statuses.items():
            if status is not None and is_directory(status):
                if path.count("/") < _DEEPEST:
                    waiting.append(f"{path}/{name}" if path else name)
            elif status is not None and is_regular(status) and (path or name != NOTE):
                size_bytes += status.st_size
    return size_bytes


def match_box(boxes: Collection[Box], text: str, attic: str) -> Box:
    """Return the one box whose name ends in a text, or else has it anywhere.

    Args:
        boxes: those to choose from.
        text: what was typed.
        attic: where they are, for the message.

    Raises:
        NotInAttic: none has it in its name.
        AmbiguousName: several have.
    """
    wanted = text.casefold()
    for is_match in (
        lambda name: name.endswith(f"-{wanted}"),
        lambda name: wanted in name,
    ):
        found = [box for box in boxes if is_match(box.name.casefold())] if wanted else []
        if len(found) == 1:
            return found[0]
        if found:
            raise AmbiguousName(text, tuple(box.name for box in found))
    raise NotInAttic(text, attic)
