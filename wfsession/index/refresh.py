"""What changed in a home since it was read last -> the index.

Imports this room and threads. Only files that changed (`changed.py`) are opened: what was appended
is read from where reading ended, all else anew. Files are written whole in one
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

from wfsession.index.ahead import Batch, Task, read_ahead, split
from wfsession.index.changed import (
    Changed,
    find_known,
    forget_listed,
    look_at_home,
    note_listed,
)
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
from wfsession.index.sidefiles import SIDEFILES, Unusable, write_sidefile
from wfsession.index.store import (
    Sheaf,
    Writer,
    give_number,
    list_spawning,
    remove_files,
    remove_rows,
)
from wfsession.threads.lines import Skipped, open_lines
from wfsession.threads.reader import TRANSCRIPTS, Problem, Reader, ThreadFile, tell_reason

# How much is read before it is told again.
_STEP_BYTES = 500_000
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
        connection.execute("INSERT OR REPLACE INTO state VALUES('refreshed', ?)", (time.time(),))


class _Refresh:
    """One refresh."""

    def __init__(self, connection: sqlite3.Connection, reader: Reader, watch: Watch | None) -> None:
        self._connection = connection
        self._sheaf = Sheaf(connection)
        self._reader = reader
        self._watch = watch
        self._problems: list[Problem] = []
        self._begun: tuple[int, int] | None = None
        self._threads: dict[str, int] = {}
        self._read = self._size_bytes = 0

    def run(self, home: str) -> Refreshed:
        look = look_at_home(self._connection, self._reader, home)
        self._problems += look.problems
        tasks = [task for one in look.changed if (task := self._make_task(one))]
        tell = self._make_teller(tasks)
        removed = self._remove(look.gone)
        with read_ahead(self._reader, list(split(tasks))) as batches:
            for batch in batches:
                with write(self._connection):
                    self._take_batch(batch, tell)
                tell(0)
        if tasks or look.gone:
            note_refreshed(self._connection)
        if look.listed is not None:
            note_listed(self._connection, look.listed)
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

    def _make_task(self, one: Changed) -> Task | None:
        """Return what has to be read of a file, if there is anything."""
        known = find_known(self._connection, one.file.path) if one.is_known else None
        action = choose_action(known, one.stamp)
        if action == "same":
            return None
        start = known.done if known is not None and action == "grown" else 0
        is_whole = one.file.kind in TRANSCRIPTS and not start
        return Task(one.file, one.stamp.size - start, is_whole)

    def _remove(self, gone: list[str]) -> int:
        if not gone:
            return 0
        with write(self._connection):
            # Where a link led to may come again in directories that rest.
            forget_listed(self._connection)
            found = (
                find_known(self._connection, path) for path in gone if not os.path.isfile(path)
            )
            files = [one for one in found if one is not None]
            remove_files(self._connection, files)
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
            reason = tell_reason(error)
            self._problems.append(Problem(file.path, reason))
            return self._note_failure(file, reason)

    def _take_read(self, file: ThreadFile, read: Transcript) -> int:
        known = find_known(self._connection, file.path)
        if choose_action(known, read.stamp) == "same":
            return 0
        self._begun = where = self._begin(file, known, 0)
        self._write_lines(where, read.pieces, 0, (read.stamp, read.is_settled))
        return where[0]

    def _take_open(self, file: ThreadFile, stream: FileIO) -> int:
        descriptor = stream.fileno()
        stamp = make_stamp(os.fstat(descriptor))
        known = find_known(self._connection, file.path)
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
        # Of this transaction: in another, somebody may have taken one out.
        thread = self._threads.get(file.thread) or give_number(connection, file.thread)
        self._threads[file.thread] = thread
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
            *(writer.ending or (None, None)),
            number,
        )
        self._sheaf.files.append((*_list_state(*state), done, tail, *rest))
        self._read += 1

    def _note_failure(self, file: ThreadFile, reason: str) -> int:
        """Note why a file could not be used; where it was begun, nothing of it counts."""
        if self._begun is None:
            self._begun = self._begin(file, find_known(self._connection, file.path), start=1)
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
