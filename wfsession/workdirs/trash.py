"""The trash, in which removed workdirs wait until they expire: `trash/<time>-<name>`.

A removed workdir has a box there, with a note that says what it was and how to get it back. The
only room of workdirs that deletes what people made, and only what has lain here for long enough.
"""

import os
import re
import stat
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen

from wfsession.core.disk import Folder
from wfsession.core.jsontext import encode_json, parse_json
from wfsession.core.names import number_name
from wfsession.core.times import encode_time, make_stamp, parse_name_suffix
from wfsession.core.unboxing import delete_contents
from wfsession.errors import UnsafePath, as_wf_error
from wfsession.workdirs.du import measure
from wfsession.workdirs.files import replace_file
from wfsession.workdirs.places import Places

# What a box of a removed workdir holds. With its record in it, it is whole.
NOTE, WORKTREE, REGISTRATION, RECORD = "note.json", "worktree", "registration", "record.json"
_NAME = re.compile(r"(\d{8}-\d{6})-.+", re.ASCII | re.DOTALL)
_NOTE_BYTES = 1_000_000
_OWNER = stat.S_IRWXU


@frozen
class Note:
    """What stands in the note of a box. `put_back` are the lines of a shell that undo it."""

    at: datetime
    agent: str
    repository: str
    branch: str
    path: str
    why: str
    commit: str
    salvaged: tuple[str, ...]
    bundle: str
    put_back: tuple[str, ...]


@frozen
class Expired:
    """An entry of the trash that has lain there for long enough.

    `size_bytes` is what it takes of the disk. `problem` says why it could not be deleted.
    """

    path: str
    size_bytes: int
    problem: str = ""


def encode_note(note: Note) -> bytes:
    """Return a note as JSON."""
    shown = {
        "what": f"the workdir of {note.agent} for {note.branch} of {note.repository}",
        "at": encode_time(note.at),
        "why": note.why,
        "agent": note.agent,
        "repository": note.repository,
        "branch": note.branch,
        "path": note.path,
        "commit": note.commit or None,
        "salvaged": list(note.salvaged),
        "bundle": note.bundle or None,
        "put_back": list(note.put_back),
    }
    return encode_json(shown, indent=2)


def make_box(places: Places, path: str, name: str, at: datetime) -> str:
    """Return a box for what was at a path: a new one, or the one of a removal that was cut short.

    Raises:
        DiskFailed: none can be made.
    """
    try:
        os.makedirs(places.trash, exist_ok=True)
        for one in sorted(os.listdir(places.trash), reverse=True):
            box = os.path.join(places.trash, one)
            if _is_unfinished(box, path):
                return box
        stamp, number = f"{make_stamp(at)}-{name}", 1
        while os.path.lexists(box := os.path.join(places.trash, number_name(stamp, number))):
            number += 1
        os.mkdir(box, 0o700)
    except OSError as error:
        raise as_wf_error(places.trash, error) from None
    return box


def _is_unfinished(box: str, path: str) -> bool:
    if os.path.lexists(os.path.join(box, RECORD)):
        return False
    # Where there are files again, those in the box are of another time.
    if os.path.lexists(path) and os.path.lexists(os.path.join(box, WORKTREE)):
        return False
    return read_note(box).get("path") == path


def read_note(box: str) -> dict[str, Any]:
    """Return what stands in the note of a box; nothing where there is none that can be read."""
    try:
        with Folder.open(box) as folder:
            found = parse_json(folder.read(NOTE, _NOTE_BYTES).data)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_note(box: str, note: Note) -> None:
    """Write the note of a box.

    Raises:
        UnsafePath, DiskFailed: it cannot be written.
    """
    replace_file(os.path.join(box, NOTE), encode_note(note))


def discard_box(box: str) -> None:
    """Remove a box in which nothing is but its note."""
    try:
        with Folder.open(box) as folder:
            folder.unlink(NOTE)
        os.rmdir(box)
    except OSError:
        pass  # it expires


def expire(places: Places, days: int, at: datetime, *, apply: bool) -> list[Expired]:
    """Delete what has lain in the trash for more than `days` days; without `apply` only tell it.

    Entries whose names begin with no time, or with one in the future, stay.

    Raises:
        DiskFailed, UnsafePath: the trash cannot be listed.

    On crash: some are gone. One may be left with a part of what was in it, and without its note.
    """
    before = at - timedelta(days=days)
    try:
        with Folder.open(os.path.realpath(places.trash)) as trash:
            return [
                _delete(trash, name, apply=apply)
                for name in sorted(trash.list_names())
                if _is_older(name, before)
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise as_wf_error(places.trash, error) from None


def _is_older(name: str, before: datetime) -> bool:
    found = _NAME.fullmatch(name)
    at = parse_name_suffix(f"-{found[1]}") if found else None
    return at is not None and at < before


def _delete(trash: Folder, name: str, *, apply: bool) -> Expired:
    path = trash.join(name)
    size_bytes = measure(path)
    if not apply:
        return Expired(path, size_bytes)
    try:
        if not stat.S_ISDIR(trash.stat(name).st_mode):
            trash.unlink(name)
            return Expired(path, size_bytes)
        _open_up(path)
        with trash.child(name) as box:
            delete_contents(box, lambda what: f"{what}-{os.urandom(6).hex()}")
        trash.remove(name)
    except UnsafePath as error:
        return Expired(path, 0, error.message)
    except OSError as error:
        return Expired(path, 0, str(as_wf_error(path, error)))
    return Expired(path, size_bytes)


def _open_up(top: str) -> None:
    """Make every directory in an expired entry one that its owner may empty."""
    waiting = [top]
    while waiting:
        path = waiting.pop()
        if os.lstat(path).st_mode & _OWNER != _OWNER:
            os.chmod(path, _OWNER)
        with os.scandir(path) as entries:
            waiting += [one.path for one in entries if one.is_dir(follow_symlinks=False)]
