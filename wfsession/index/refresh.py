"""What changed in a home since it was read last -> the index.

Imports this room and threads. Directories are listed, and only files that changed are opened: what
was appended is read from where reading ended, all else anew. Files are written whole in one
transaction, several at a time, so a reader never sees half of one, and to break it off loses
nothing that was committed. A file that cannot be read keeps the rows that it had, and is reported.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from io import FileIO

import orjson
from attrs import frozen

from wfsession.errors import UnsafePath
from wfsession.index.ahead import Batch, Task, read_ahead, split
from wfsession.index.counting import count_once
from wfsession.index.database import write
from wfsession.index.fingerprints import (
    NO_TAIL,
    Known,
    Stamp,
    choose_action,
    hash_tail,
    is_settled,
    make_stamp,
)
from wfsession.index.rows import Piece, Transcript, read_pieces, to_seconds
from wfsession.index.sidefiles import NAMES_ONLY, SIDEFILES, Unusable, write_sidefile
from wfsession.index.store import Sheaf, Writer, list_spawning, remove_rows
from wfsession.threads.folders import has_changed
from wfsession.threads.lines import Skipped, open_lines
from wfsession.threads.reader import TRANSCRIPTS, Files, Problem, Reader, ThreadFile

_READ = TRANSCRIPTS | SIDEFILES | NAMES_ONLY
_KNOWN = """
    SELECT path, size, mtime_ns, inode, settled AND error = '' FROM files
    WHERE kind NOT IN ('kept', 'story')
"""
_FILE = """
    SELECT kind, path, folder, threads.name, agent, run, files.name
    FROM files JOIN threads ON threads.id = thread WHERE path = ?
"""
_LISTED = "listed"
_FIND_KNOWN = """
    SELECT size, mtime_ns, inode, id, thread, settled, done, tail, error <> '' FROM files
    WHERE path = ?
"""
# How much is read before it is told again.
_STEP_BYTES = 500_000
_PUT_STATE = "INSERT OR REPLACE INTO state VALUES(?, ?)"
_RESET_FILE = """
    UPDATE files SET
        size = 0, mtime_ns = 0, inode = 0, done = 0, tail = NULL,
        lines = 0, broken = 0, too_long = 0, unusable = 0,
        unknown = '', first = NULL, last = NULL, version = '', ending = '', last_words = ''
    WHERE id = ?
"""


@frozen
class Progress:
    """How far a refresh is, in files and bytes, of all that it has to read.

    `is_waiting` where another process refreshes, and this one waits for it.
    """

    files: int = 0
    all_files: int = 0
    size_bytes: int = 0
    all_bytes: int = 0
    is_waiting: bool = False


@frozen
class Refreshed:
    """What a refresh did: how many files it read and removed, how many bytes, what it could not.

    `note` is a sentence where not all could be brought in, and else empty.
    """

    read: int = 0
    removed: int = 0
    size_bytes: int = 0
    problems: tuple[Problem, ...] = ()
    note: str = ""


Watch = Callable[[Progress], object]
# A file, what the system says of it, and whether the index has it.
_Changed = tuple[ThreadFile, Stamp, bool]


def refresh_files(
    connection: sqlite3.Connection, reader: Reader, home: str, watch: Watch | None = None
) -> Refreshed:
    """Bring the index up to what the files of a home say.

    Args:
        connection: an index, in no transaction.
        reader: that of the agent.
        home: the directory that the agent keeps for its user.
        watch: is told how far it is, after each half a megabyte.

    Raises:
        sqlite3.Error: the index cannot be written.

    On crash: what was committed stays, and the next refresh goes on from there.
    """
    return _Refresh(connection, reader, watch).run(home)


def note_refreshed(connection: sqlite3.Connection) -> None:
    """Put down that something was brought in just now."""
    with write(connection):
        connection.execute(_PUT_STATE, ("refreshed", time.time()))


class _Refresh:
    """One refresh."""

    def __init__(self, connection: sqlite3.Connection, reader: Reader, watch: Watch | None) -> None:
        self._connection = connection
        self._sheaf = Sheaf(connection)
        self._reader = reader
        self._watch = watch
        self._problems: list[Problem] = []
        self._begun: tuple[int, int] | None = None
        # Of this transaction: in another, somebody may have taken one out.
        self._threads: dict[str, int] = {}
        self._read = self._size_bytes = 0

    def run(self, home: str) -> Refreshed:
        listed, gone = None, list[str]()
        changed = self._list_changed()
        if changed is None:
            listed = self._reader.list_files(home)
            self._problems += listed.problems
            changed, gone = self._compare(listed)
        tasks = [task for one in changed if (task := self._make_task(*one))]
        tell = self._make_teller(tasks)
        removed = self._remove(gone)
        with read_ahead(self._reader, list(split(tasks))) as batches:
            for batch in batches:
                with write(self._connection):
                    self._take_batch(batch, tell)
                tell(0)
        if tasks or gone:
            note_refreshed(self._connection)
        if listed is not None:
            self._remember(listed)
        return Refreshed(self._read, removed, self._size_bytes, tuple(self._problems))

    def _take_batch(self, batch: Batch, tell: Callable[[int], object]) -> None:
        self._threads.clear()
        threads = set()
        for task, read in batch:
            threads.add(self._take(task.file, read))
            tell(_STEP_BYTES)
        self._sheaf.write()
        count_once(self._connection, sorted(threads - {0}))

    def _make_teller(self, tasks: list[Task]) -> Callable[[int], object]:
        """Return what tells how far it is, if so many bytes more were read since it told last."""
        all_bytes = sum(task.size_bytes for task in tasks)
        told = 0

        def tell(step_bytes: int) -> None:
            nonlocal told
            if self._watch is not None and self._size_bytes >= told + step_bytes:
                told = self._size_bytes
                self._watch(Progress(self._read, len(tasks), min(told, all_bytes), all_bytes))

        return tell

    def _list_changed(self) -> list[_Changed] | None:
        """Return the files that changed, if they can be told without listing any directory."""
        folders = self._read_listed()
        if not folders or has_changed(folders):
            return None
        changed = []
        for path, size, mtime_ns, inode, is_sound in self._connection.execute(_KNOWN):
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
        files = [self._connection.execute(_FILE, (path,)).fetchone() for path, _ in changed]
        # One that somebody else took out meanwhile was gone then.
        return [
            (ThreadFile(*row), stamp, True)
            for row, (_, stamp) in zip(files, changed, strict=True)
            if row is not None
        ]

    def _read_listed(self) -> bytes:
        """Return the directories of which the index has all files, as they were then."""
        row = self._connection.execute(
            "SELECT value FROM state WHERE name = ?", (_LISTED,)
        ).fetchone()
        return row[0] if row else b""

    def _remember(self, listed: Files) -> None:
        """Note the directories that were listed, if the index has all files in them.

        It has not where one could not be taken in, or somebody else took it out.
        """
        if not listed.folders or listed.folders == self._read_listed():
            return
        with write(self._connection):
            known = {path for (path,) in self._connection.execute("SELECT path FROM files")}
            if known >= {file.path for file in listed.files if file.kind in _READ}:
                self._connection.execute(_PUT_STATE, (_LISTED, listed.folders))

    def _find_known(self, path: str) -> Known | None:
        row = self._connection.execute(_FIND_KNOWN, (path,)).fetchone()
        if row is None:
            return None
        size, mtime_ns, inode, file, thread, settled, done, tail, failed = row
        stamp = Stamp(size, mtime_ns, inode)
        return Known(file, thread, stamp, bool(settled), done, tail, bool(failed))

    def _compare(self, listed: Files) -> tuple[list[_Changed], list[str]]:
        """Return which files changed or are new, and which are gone."""
        known = {path: told for path, *told in self._connection.execute(_KNOWN)}
        left = dict.fromkeys(known)
        changed = []
        for file in listed.files:
            if file.kind not in _READ or not self._has_usable_name(file):
                continue
            left.pop(file.path, None)
            try:
                status = os.stat(file.path)
            except FileNotFoundError:
                left[file.path] = None
                continue
            except OSError as error:
                self._problems.append(Problem(file.path, error.strerror or str(error)))
                continue
            told = [status.st_size, status.st_mtime_ns, status.st_ino, 1]
            if known.get(file.path) != told:
                changed.append((file, make_stamp(status), file.path in known))
        unlisted = tuple(one.path for one in listed.problems)
        beneath = tuple(os.path.join(path, "") for path in unlisted)
        gone = [
            path
            for path in left
            if path in known and path not in unlisted and not path.startswith(beneath)
        ]
        return changed, gone

    def _make_task(self, file: ThreadFile, stamp: Stamp, is_known: bool) -> Task | None:
        """Return what has to be read of a file, if there is anything."""
        known = self._find_known(file.path) if is_known else None
        action = choose_action(known, stamp)
        if action == "same":
            return None
        start = known.done if known is not None and action == "grown" else 0
        return Task(file, stamp.size - start, file.kind in TRANSCRIPTS and not start)

    def _has_usable_name(self, file: ThreadFile) -> bool:
        if file.path.isascii():
            return True
        try:
            file.path.encode()
        except UnicodeEncodeError:
            self._problems.append(Problem(ascii(file.path), "has a name that is no UTF-8"))
            return False
        return True

    def _remove(self, gone: list[str]) -> int:
        if not gone:
            return 0
        with write(self._connection):
            # Where a link led to may come again in directories that rest.
            self._connection.execute("DELETE FROM state WHERE name = ?", (_LISTED,))
            found = [self._find_known(path) for path in gone if not os.path.isfile(path)]
            files = [one for one in found if one is not None]
            for one in files:
                remove_rows(self._connection, one.thread, one.file)
                self._connection.execute("DELETE FROM files WHERE id = ?", (one.file,))
            threads = sorted({one.thread for one in files})
            count_once(self._connection, threads)
            self._connection.executemany(
                "DELETE FROM threads WHERE id = ?1"
                " AND NOT EXISTS(SELECT 1 FROM files WHERE thread = ?1)",
                ((thread,) for thread in threads),
            )
        return len(files)

    def _take(self, file: ThreadFile, read: Transcript | OSError | None) -> int:
        """Take a file in, and return its thread in the index; 0 where there was nothing to do."""
        self._begun = None
        try:
            if isinstance(read, Transcript):
                return self._take_read(file, read)
            if read is not None:
                raise read
            with open_lines(file.path) as stream:
                return self._take_open(file, stream)
        except FileNotFoundError:
            # Deleted since it was listed; the next refresh takes its rows away.
            return 0
        except (OSError, Unusable) as error:
            reason = getattr(error, "strerror", None) or str(error)
            if isinstance(error, UnsafePath):
                reason = error.reason
            self._problems.append(Problem(file.path, reason))
            return self._note_failure(file, reason)

    def _take_read(self, file: ThreadFile, read: Transcript) -> int:
        known = self._find_known(file.path)
        if choose_action(known, read.stamp) == "same":
            return 0
        self._begun = where = self._begin(file, known, 0)
        self._write_lines(where, read.pieces, 0, (read.stamp, read.is_settled))
        return where[0]

    def _take_open(self, file: ThreadFile, stream: FileIO) -> int:
        descriptor = stream.fileno()
        stamp = make_stamp(os.fstat(descriptor))
        known = self._find_known(file.path)
        action = choose_action(known, stamp)
        if action == "same":
            # Somebody else read it meanwhile.
            return 0
        is_transcript = file.kind in TRANSCRIPTS
        start = 0
        if action == "grown" and known is not None and is_transcript:
            start = known.done if hash_tail(descriptor, known.done) == known.tail else 0
        self._begun = where = thread, number = self._begin(file, known, start)
        state = stamp, is_settled(stamp, time.time_ns())
        if is_transcript:
            spawning = list_spawning(self._connection, *where) if start else ()
            pieces = read_pieces(self._reader, stream, start, spawning)
            self._write_lines(where, pieces, start, state)
            return thread
        count, skipped = 0, Skipped()
        if file.kind in SIDEFILES:
            count, skipped = write_sidefile(self._connection, file.kind, number, stream, stamp.size)
        rest = (count, skipped.broken, skipped.too_long, 0, "", None, None, "", None, None, number)
        self._sheaf.files.append((*_list_state(*state), stamp.size, None, *rest))
        self._size_bytes += stamp.size
        self._read += 1
        return thread

    def _begin(self, file: ThreadFile, known: Known | None, start: int) -> tuple[int, int]:
        """Return a file's thread and number; without its rows unless it is read from `start` on."""
        connection = self._connection
        if known is not None:
            if not start:
                remove_rows(connection, known.thread, known.file)
                connection.execute(_RESET_FILE, (known.file,))
            return known.thread, known.file
        thread = self._find_thread(file.thread)
        number = connection.execute(
            "INSERT INTO files(path, kind, thread, agent, run, name, folder, size, mtime_ns,"
            " inode, settled, done) VALUES(?,?,?,?,?,?,?,0,0,0,0,0)",
            (file.path, file.kind, thread, file.agent, file.run, file.name, file.folder),
        ).lastrowid
        assert number is not None
        return thread, number

    def _find_thread(self, name: str) -> int:
        """Return the number of a thread, which is given one if it has none."""
        if name not in self._threads:
            connection = self._connection
            connection.execute("INSERT OR IGNORE INTO threads(name) VALUES(?)", (name,))
            found = connection.execute("SELECT id FROM threads WHERE name = ?", (name,))
            self._threads[name] = found.fetchone()[0]
        return self._threads[name]

    def _write_lines(
        self,
        where: tuple[int, int],
        pieces: Iterable[Piece],
        start: int,
        state: tuple[Stamp, bool],
    ) -> None:
        thread, number = where
        writer = Writer(self._sheaf, thread, number, is_new=not start)
        done, tail, skipped = start, None if start else NO_TAIL, Skipped()
        for piece in pieces:
            writer.add(piece.rows)
            self._size_bytes += piece.end - done
            done, tail, skipped = piece.end, piece.tail, skipped + piece.skipped
        writer.add_spans()
        facts = writer.facts
        unknown = orjson.dumps(dict(facts.unknown), option=orjson.OPT_SORT_KEYS).decode()
        rest = (
            facts.lines,
            skipped.broken,
            skipped.too_long,
            facts.unusable,
            unknown if facts.unknown else "",
            to_seconds(writer.first),
            to_seconds(writer.last),
            facts.version,
            *(writer.ending or (None, None)),
            number,
        )
        self._sheaf.files.append((*_list_state(*state), done, tail, *rest))
        self._read += 1

    def _note_failure(self, file: ThreadFile, reason: str) -> int:
        """Note why a file could not be used; where it was begun, nothing of it counts."""
        if self._begun is None:
            self._begun = self._begin(file, self._find_known(file.path), start=1)
        else:
            self._sheaf.write()
            remove_rows(self._connection, *self._begun)
            self._connection.execute(_RESET_FILE, (self._begun[1],))
        thread, number = self._begun
        self._connection.execute(
            "UPDATE files SET error = ?, error_at = ? WHERE id = ?", (reason, time.time(), number)
        )
        return thread


def _list_state(stamp: Stamp, settled: bool) -> tuple[int, int, int, bool]:
    return stamp.size, stamp.mtime_ns, stamp.inode, settled
