"""Which files of a home changed since they were read last, which are new, and which are gone.

Imports this room and threads. Opens no file, and lists directories only where an entry came or went
in one of them, or where that cannot be told.
"""

import os
import sqlite3

from attrs import frozen

from wfsession.index.database import write
from wfsession.index.fingerprints import NO_UTF_8, Known, Stamp, has_usable_name, make_stamp
from wfsession.index.sidefiles import NAMES_ONLY, SIDEFILES
from wfsession.threads.folders import has_changed
from wfsession.threads.reader import (
    TRANSCRIPTS,
    Files,
    Problem,
    Reader,
    ThreadFile,
    tell_reason,
)

_READ = TRANSCRIPTS | SIDEFILES | NAMES_ONLY
_KNOWN = """
    SELECT path, size, mtime_ns, inode, settled AND error = '' FROM files
    WHERE kind NOT IN ('kept', 'story')
"""
_FILE = """
    SELECT kind, path, folder, threads.name, agent, run, files.name
    FROM files JOIN threads ON threads.id = thread WHERE path = ?
"""
_FIND_KNOWN = """
    SELECT size, mtime_ns, inode, id, thread, settled, done, tail, error <> '' FROM files
    WHERE path = ?
"""
_LISTED = "listed"


@frozen
class Changed:
    """A file that has to be looked into, as the system says it is now, and if the index has it."""

    file: ThreadFile
    stamp: Stamp
    is_known: bool


@frozen
class Look:
    """What one look at a home told.

    `gone` are paths that the index has and the home has not; `listed` is what was listed, None
    where nothing had to be.
    """

    changed: list[Changed]
    gone: list[str]
    problems: list[Problem]
    listed: Files | None


def look_at_home(connection: sqlite3.Connection, reader: Reader, home: str) -> Look:
    """Compare the files of a home with what the index has of them.

    Args:
        connection: an index.
        reader: that of the agent.
        home: the directory that the agent keeps for its user.
    """
    changed = _list_grown(connection)
    if changed is not None:
        return Look(changed, [], [], None)
    return _compare(connection, reader.list_files(home))


def find_known(connection: sqlite3.Connection, path: str) -> Known | None:
    """Return how a file was read last; None of one that the index has not."""
    row = connection.execute(_FIND_KNOWN, (path,)).fetchone()
    if row is None:
        return None
    size, mtime_ns, inode, file, thread, settled, done, tail, failed = row
    stamp = Stamp(size, mtime_ns, inode)
    return Known(file, thread, stamp, bool(settled), done, tail, bool(failed))


def note_listed(connection: sqlite3.Connection, listed: Files) -> None:
    """Put down which directories were listed, if the index has all files in them.

    It has not where one could not be taken in, or somebody else took it out.
    """
    if not listed.folders or listed.folders == _read_listed(connection):
        return
    with write(connection):
        known = {path for (path,) in connection.execute("SELECT path FROM files")}
        if known >= {file.path for file in listed.files if file.kind in _READ}:
            connection.execute(
                "INSERT OR REPLACE INTO state VALUES(?, ?)", (_LISTED, listed.folders)
            )


def forget_listed(connection: sqlite3.Connection) -> None:
    """Have all directories listed the next time, within the transaction of whoever calls."""
    connection.execute("DELETE FROM state WHERE name = ?", (_LISTED,))


def _read_listed(connection: sqlite3.Connection) -> bytes:
    """Return the directories of which the index has all files, as they were then."""
    row = connection.execute("SELECT value FROM state WHERE name = ?", (_LISTED,)).fetchone()
    return row[0] if row else b""


def _list_grown(connection: sqlite3.Connection) -> list[Changed] | None:
    """Return the files that changed, if they can be told without listing any directory."""
    folders = _read_listed(connection)
    if not folders or has_changed(folders):
        return None
    changed = []
    for path, size, mtime_ns, inode, is_sound in connection.execute(_KNOWN):
        try:
            status = os.stat(path)
        except OSError:
            # What a link leads to may go, and come again, without a trace.
            return None
        if not (
            is_sound
            and status.st_mtime_ns == mtime_ns
            and status.st_size == size
            and status.st_ino == inode
        ):
            changed.append((path, make_stamp(status)))
    files = [connection.execute(_FILE, (path,)).fetchone() for path, _ in changed]
    # One that somebody else took out meanwhile was gone then.
    return [
        Changed(ThreadFile(*row), stamp, is_known=True)
        for row, (_, stamp) in zip(files, changed, strict=True)
        if row is not None
    ]


def _compare(connection: sqlite3.Connection, listed: Files) -> Look:
    problems = [*listed.problems]
    known = {path: told for path, *told in connection.execute(_KNOWN)}
    left = dict.fromkeys(known)
    changed = []
    for file in listed.files:
        if file.kind not in _READ:
            continue
        if not has_usable_name(file.path):
            problems.append(Problem(ascii(file.path), NO_UTF_8))
            continue
        left.pop(file.path, None)
        try:
            status = os.stat(file.path)
        except FileNotFoundError:
            left[file.path] = None
            continue
        except OSError as error:
            problems.append(Problem(file.path, tell_reason(error)))
            continue
        told = [status.st_size, status.st_mtime_ns, status.st_ino, 1]
        if known.get(file.path) != told:
            changed.append(Changed(file, make_stamp(status), file.path in known))
    unlisted = tuple(one.path for one in listed.problems)
    beneath = tuple(os.path.join(path, "") for path in unlisted)
    gone = [
        path
        for path in left
        if path in known and path not in unlisted and not path.startswith(beneath)
    ]
    return Look(changed, gone, problems, listed)
