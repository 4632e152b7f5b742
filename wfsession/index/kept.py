"""What sessions keep of threads -> the index: their conversations and stories, files of roots.

Imports this room, core and threads. Which sessions there are the index knows already (`roots.py`):
their directories are listed, and only files that changed are opened. Of a conversation what was
appended is read from where reading ended, a story is read whole. A file that cannot be read keeps
the rows that it had, and is reported.
"""

import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator
from io import FileIO

from attrs import frozen

from wfsession.core import layout
from wfsession.core.names import find_thread_fault
from wfsession.index.counting import count_once
from wfsession.index.database import write
from wfsession.index.fingerprints import (
    NO_TAIL,
    Known,
    Stamp,
    choose_action,
    has_usable_name,
    hash_tail,
    is_settled,
    make_stamp,
)
from wfsession.index.keeping import write_lines, write_story
from wfsession.index.refresh import Progress, Refreshed, Watch, note_refreshed
from wfsession.index.sidefiles import Unusable
from wfsession.index.store import give_number, remove_files, remove_rows
from wfsession.threads.lines import Skipped, open_lines, read_batches
from wfsession.threads.reader import KEPT, STORY, Kind, Problem, tell_reason

_PLACES: tuple[tuple[str, str, Kind], ...] = (
    (layout.CONVERSATION, ".jsonl", KEPT),
    (layout.STORIES, ".json", STORY),
)
_KNOWN = """
    SELECT path, id, thread, size, mtime_ns, inode, settled, done, tail FROM files
    WHERE kind IN ('kept', 'story')
"""
_ADD = """
    INSERT INTO files(path, kind, thread, agent, run, name, folder, size, mtime_ns, inode, settled,
        done, tail) VALUES(?,?,?,'','',?,?,0,0,0,0,0,NULL)
"""
_PUT = """
    UPDATE files SET size = ?, mtime_ns = ?, inode = ?, settled = ?, done = ?, tail = ?,
        lines = lines + ?, broken = broken + ?, too_long = too_long + ? WHERE id = ?
"""


@frozen
class KeptFile:
    """A file of a thread, in a session of a root; of none where `session` is empty."""

    path: str
    kind: Kind
    root: str
    session: str
    thread: str
    stamp: Stamp


def refresh_kept(
    connection: sqlite3.Connection, agent: str, roots: Iterable[str], watch: Watch | None = None
) -> Refreshed:
    """Bring the index up to what the sessions of roots keep of threads.

    Args:
        connection: an index that knows the sessions of these roots, in no transaction.
        agent: whose transcripts it has: its threads go by their ids, others by their whole names.
        roots: the roots; what others keep is taken out.
        watch: is told how far it is.

    Raises:
        sqlite3.Error: the index cannot be written.

    On crash: what was committed stays, and the next refresh goes on from there.
    """
    problems: list[Problem] = []
    known = _read_known(connection)
    gone = dict(known)
    tasks = []
    for found in list_kept(connection, roots, problems):
        gone.pop(found.path, None)
        if choose_action(known.get(found.path), found.stamp) != "same":
            tasks.append(found)
    unlisted = tuple(one.path for one in problems)
    left = [one for path, one in gone.items() if not path.startswith(unlisted)]
    if left:
        with write(connection):
            remove_files(connection, left)
    read, done, all_bytes = 0, 0, sum(task.stamp.size for task in tasks)
    for number, task in enumerate(tasks, 1):
        try:
            done += _take(connection, agent, task, known.get(task.path))
            read += 1
        except FileNotFoundError:
            continue  # moved since it was listed: the next refresh finds where it is
        except (OSError, Unusable) as error:
            problems.append(Problem(task.path, tell_reason(error)))
            if isinstance(error, Unusable) and task.path in known:
                with write(connection):
                    remove_files(connection, [known[task.path]])
        if watch is not None:
            watch(Progress(number, len(tasks), min(done, all_bytes), all_bytes))
    if read or left:
        note_refreshed(connection)
    return Refreshed(read, len(left), done, tuple(problems))


def _read_known(connection: sqlite3.Connection) -> dict[str, Known]:
    known = {}
    for path, file, thread, size, mtime_ns, inode, settled, done, tail in connection.execute(
        _KNOWN
    ):
        stamp = Stamp(size, mtime_ns, inode)
        known[path] = Known(file, thread, stamp, bool(settled), done, tail, has_failed=False)
    return known


def list_kept(
    connection: sqlite3.Connection, roots: Iterable[str], problems: list[Problem]
) -> Iterator[KeptFile]:
    """Yield what is kept in roots, and in the sessions that the index knows of them.

    What cannot be looked at is added to `problems`, and the rest is listed.
    """
    homes = [(root, "", root) for root in dict.fromkeys(roots) if has_usable_name(root)]
    homes += connection.execute("SELECT root, name, path FROM sessions ORDER BY path").fetchall()
    for root, session, home in homes:
        for directory, suffix, kind in _PLACES:
            folder = os.path.join(home, directory)
            try:
                with os.scandir(folder) as entries:
                    names = sorted(one.name for one in entries if one.name.endswith(suffix))
                if os.path.islink(folder) or os.path.islink(home):
                    continue  # leads out of the session
            except (FileNotFoundError, NotADirectoryError):
                continue  # nothing is kept, as in most
            except OSError as error:
                problems.append(Problem(folder, tell_reason(error)))
                continue
            for name in names:
                thread = name.removesuffix(suffix)
                path = os.path.join(folder, name)
                stamp = None if find_thread_fault(thread) else _find_stamp(path, problems)
                if stamp is not None:
                    yield KeptFile(path, kind, root, session, thread, stamp)


def _find_stamp(path: str, problems: list[Problem]) -> Stamp | None:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        problems.append(Problem(path, tell_reason(error)))
        return None
    if not stat.S_ISREG(status.st_mode):
        problems.append(Problem(path, "is no regular file"))
        return None
    return make_stamp(status)


def _take(connection: sqlite3.Connection, agent: str, task: KeptFile, known: Known | None) -> int:
    """Take a file in, all of it or none, and return how many bytes were read."""
    with open_lines(task.path) as stream, write(connection):
        descriptor = stream.fileno()
        stamp = make_stamp(os.fstat(descriptor))
        start = 0
        if task.kind == KEPT and known is not None and choose_action(known, stamp) == "grown":
            start = known.done if hash_tail(descriptor, known.done) == known.tail else 0
        if start and known is not None:
            thread, number = known.thread, known.file
        else:
            if known is not None:
                remove_rows(connection, known.thread, known.file)
                connection.execute("DELETE FROM files WHERE id = ?", (known.file,))
            thread, number = _add(connection, agent, task)
        settled = is_settled(stamp, time.time_ns())
        state = (stamp.size, stamp.mtime_ns, stamp.inode, settled)
        if task.kind == STORY:
            write_story(connection, thread, number, stream)
            connection.execute(_PUT, (*state, stamp.size, None, 1, 0, 0, number))
        else:
            told = _take_lines(connection, (thread, number), stream, start)
            connection.execute(_PUT, (*state, *told, number))
        count_once(connection, [thread])
        return stamp.size - start


def _take_lines(
    connection: sqlite3.Connection, where: tuple[int, int], stream: FileIO, start: int
) -> tuple[int, bytes, int, int, int]:
    """Write the lines from `start` on; return where they end, its hash, and how many there are."""
    done, lines, skipped = start, 0, Skipped()
    stream.seek(start)
    for batch in read_batches(stream, start):
        write_lines(connection, *where, batch.objects)
        done, lines, skipped = batch.end, lines + len(batch.objects), skipped + batch.skipped
    tail = hash_tail(stream.fileno(), done) if done else NO_TAIL
    return done, tail, lines, skipped.broken, skipped.too_long


def _add(connection: sqlite3.Connection, agent: str, task: KeptFile) -> tuple[int, int]:
    name = task.thread.removeprefix(f"{agent}--")
    thread = give_number(connection, name)
    told = (task.path, task.kind, thread, task.session, task.root)
    number = connection.execute(_ADD, told).lastrowid
    assert number is not None
    return thread, number
