"""The attic, where what was in the way goes: nothing is deleted but empty markers (R2)."""

import os
from datetime import datetime

import orjson

from wfsession.core import layout
from wfsession.core.disk import Folder
from wfsession.core.times import encode_time, make_stamp

ITEM = "item"
NOTE = "note.json"


def set_aside(root: Folder, entry: str, what: str, reason: str, moment: datetime) -> None:
    """Move an entry of the root to `.attic/<time>-<what>/item`, with a note beside it.

    Args:
        root: the open root.
        entry: the entry's name; nothing happens if somebody takes it away meanwhile.
        what: what it is, in a word, for the name of the directory.
        reason: why, as a sentence, for the note.
        moment: when.

    On crash: the entry is where it was, or in the attic; an attic directory may be empty.
    """
    root.make_if_missing(layout.ATTIC)
    with root.child(layout.ATTIC) as attic:
        name = f"{make_stamp(moment)}-{what}-{os.urandom(3).hex()}"
        attic.make(name)
        with attic.child(name) as box:
            note = {"at": encode_time(moment), "from": entry, "reason": reason}
            box.create(NOTE, orjson.dumps(note, option=orjson.OPT_APPEND_NEWLINE))
            attic.sync()
            try:
                root.move(entry, ITEM, box)
            except FileNotFoundError:
                box.unlink(NOTE)
                attic.remove(name)
            box.sync()
    root.sync()
