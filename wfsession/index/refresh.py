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
from wfsession.index.ahead import Task, read_ahead, split
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
from wfsession.threads.lines import Skipped, open_lines
from wfsession.threads.reader import TRANSCRIPTS, Problem, Reader, ThreadFile

_READ = TRANSCRIPTS | SIDEFILES | NAMES_ONLY
# Of each file one text: thousands of rows as values would keep the collector of garbage busy.
_KNOWN = """
    SELECT path, size || ' ' || mtime_ns || ' ' || inode || ' ' || (settled AND error = '')
    FROM files
"""
_FIND_KNOWN = """
    SELECT size, mtime_ns, inode, id, thread, settled, done, tail, error <> '' FROM files
    WHERE path = ?
"""
_PUT_FILE = """
    UPDATE files SET
        size = ?, mtime_ns = ?, inode = ?, settled = ?, done = ?, tail = coalesce(?, tail),
        error = '', error_at = NULL, lines = ?, broken = broken + ?, too_long = too_long + ?,
        unusable = ?, unknown = ?, first = ?, last = ?, version = ?
    WHERE id = ?
"""
_RESET_FILE = """
    UPDATE files SET
        size = 0, mtime_ns = 0, inode = 0, done = 0, tail = NULL,
        lines = 0, broken = 0, too_long = 0, unusable = 0,
        unknown = '', first = NULL, last = NULL, version = '', ending = '', last_words = ''
    WHERE id = ?
"""


@frozen
class Progress:
    """How far a refresh is, in files and bytes, of all that it has to read."""

    files: int
    all_files: int
    size_bytes: int
    all_bytes: int


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


def refresh_files(
    connection: sqlite3.Connection, reader: Reader, home: str, watch: Watch | None = None
) -> Refreshed:
    """Bring the index up to what the files of a home say.

    Args:
        connection: an index, in no transaction.
        reader: that of the agent.
        home: the directory that the agent keeps for its user.
        watch: is told how far it is, a few times each second.

    Raises:
        sqlite3.Error: the index cannot be written.

    On crash: what was committed stays, and the next refresh goes on from there.
    """
    return _Refresh(connection, reader, watch).run(home)


class _Refresh:
    """One refresh."""

    def __init__(self, connection: sqlite3.Connection, reader: Reader, watch: Watch | None) -> None:
        self._connection = connection
        self._sheaf = Sheaf(connection)
        self._reader = reader
        self._watch = watch
        self._problems: list[Problem] = []
        # By path, as the index has them: most are only compared.
        self._known: dict[str, str] = {}
        self._version = -1
        self._begun: tuple[int, int] | None = None
        self._read = self._size_bytes = 0

    def run(self, home: str) -> Refreshed:
        listed = self._reader.list_files(home)
        self._problems += listed.problems
        self._look_again()
        tasks, gone = self._plan(listed.files, tuple(one.path for one in listed.problems))
        all_bytes = sum(task.size_bytes for task in tasks)
        removed = self._remove(gone)
        with read_ahead(self._reader, list(split(tasks))) as batches:
            for batch in batches:
                with write(self._connection):
                    self._look_again()
                    threads = {self._take(task.file, read) for task, read in batch}
                    self._sheaf.write()
                    count_once(self._connection, sorted(threads - {0}))
                if self._watch is not None:
                    done = min(self._size_bytes, all_bytes)
                    self._watch(Progress(self._read, len(tasks), done, all_bytes))
        if tasks or gone:
            with write(self._connection):
                self._connection.execute(
                    "INSERT OR REPLACE INTO state VALUES('refreshed', ?)", (time.time(),)
                )
        return Refreshed(self._read, removed, self._size_bytes, tuple(self._problems))

    def _look_again(self) -> None:
        """Read what is known of the files, if somebody else wrote to the index meanwhile."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        self._version = version
        self._known = dict(self._connection.execute(_KNOWN).fetchall())

    def _find_known(self, path: str) -> Known | None:
        if path not in self._known:
            return None
        row = self._connection.execute(_FIND_KNOWN, (path,)).fetchone()
        size, mtime_ns, inode, file, thread, settled, done, tail, failed = row
        stamp = Stamp(size, mtime_ns, inode)
        return Known(file, thread, stamp, bool(settled), done, tail, bool(failed))

    def _plan(
        self, files: Iterable[ThreadFile], unlisted: tuple[str, ...]
    ) -> tuple[list[Task], list[str]]:
        """Return what has to be read, and which files are gone."""
        left = dict.fromkeys(self._known)
        tasks = []
        for file in files:
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
            told = f"{status.st_size} {status.st_mtime_ns} {status.st_ino} 1"
            if self._known.get(file.path) == told:
                # The most frequent case, told without making values.
                continue
            known, stamp = self._find_known(file.path), make_stamp(status)
            action = choose_action(known, stamp)
            if action != "same":
                start = known.done if known is not None and action == "grown" else 0
                is_whole = file.kind in TRANSCRIPTS and not start
                tasks.append(Task(file, stamp.size - start, is_whole))
        beneath = tuple(os.path.join(path, "") for path in unlisted)
        gone = [
            path
            for path in left
            if path in self._known and path not in unlisted and not path.startswith(beneath)
        ]
        return tasks, gone

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
            self._look_again()
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
            count, skipped = write_sidefile(self._connection, file.kind, number, stream)
        rest = (count, skipped.broken, skipped.too_long, 0, "", None, None, "", number)
        self._connection.execute(_PUT_FILE, (*_list_state(*state), stamp.size, None, *rest))
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
        connection.execute("INSERT OR IGNORE INTO threads(name) VALUES(?)", (file.thread,))
        thread = connection.execute(
            "SELECT id FROM threads WHERE name = ?", (file.thread,)
        ).fetchone()[0]
        number = connection.execute(
            "INSERT INTO files(path, kind, thread, agent, run, name, folder, size, mtime_ns,"
            " inode, settled, done) VALUES(?,?,?,?,?,?,?,0,0,0,0,0)",
            (file.path, file.kind, thread, file.agent, file.run, file.name, file.folder),
        ).lastrowid
        assert number is not None
        return thread, number

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
            number,
        )
        self._connection.execute(_PUT_FILE, (*_list_state(*state), done, tail, *rest))
        if writer.ending is not None:
            self._connection.execute(
                "UPDATE files SET ending = ?, last_words = ? WHERE id = ?",
                (*writer.ending, number),
            )
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
