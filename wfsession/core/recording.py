"""What a running operation writes into the journal, and when.

The intent goes before the first visible call, so that a crash can be told from a hand-made
change; the outcome after the last one. An operation that is not announced, a repair or a
migration, writes nothing: those are taken back from the attic. Source: protocol.md, 7.
"""

import os
from datetime import datetime

from wfsession.core import layout
from wfsession.core.disk import Folder, is_directory
from wfsession.core.journal import append_line, encode_done, encode_intent, encode_withdrawn
from wfsession.core.model import Change, LogEntry, Record
from wfsession.core.values import diff
from wfsession.errors import UnsafePath

Moves = tuple[tuple[str, str], ...]

# A crash in one of these leaves something that only the journal tells the doctor.
_DURABLE = frozenset({"completed", "archived", "renamed"})


class Recording:
    """The journal's two lines of one operation."""

    def __init__(self, root: Folder) -> None:
        self.notes: list[str] = []
        self._root = root
        self._announced: LogEntry | None = None
        self._intent: LogEntry | None = None
        self._expected: list[tuple[str, Record, Record]] = []
        self._made: list[tuple[str, Record, Record]] = []
        self._moves: Moves | None = None

    def announce(
        self,
        op: str,
        moment: datetime,
        session: str,
        active: tuple[str | None, str | None],
        moves: Moves,
        undoes: str,
    ) -> None:
        """Say what the operation is going to do; see LogEntry."""
        entry_id = os.urandom(6).hex()
        self._announced = LogEntry(entry_id, op, moment, session, active, moves, undoes=undoes)

    def expect(self, directory: str, before: Record, after: Record) -> None:
        """Take in a change of a record that was prepared."""
        self._expected.append((directory, before, after))

    def add(self, directory: str, before: Record, after: Record) -> None:
        """Take in a change of a record that was made."""
        self._made.append((directory, before, after))

    def write_intent(self) -> None:
        """Write the first line, once.

        Raises:
            OSError: the disk is full, or fails; nothing has happened yet.
        """
        if self._announced is None or self._intent is not None:
            return
        moves = self._announced.moves
        intent = self._announced._replace(changes=_merge(self._expected, moves))
        try:
            append_line(self._root, encode_intent(intent), durable=intent.op in _DURABLE)
        except UnsafePath as error:
            # Nobody is kept from working by a file that may be deleted at any time.
            self._note(error)
            self._announced = None
        else:
            self._intent = intent

    def correct(self, moves: Moves) -> None:
        """Say what was moved, where that could not be known when it was announced."""
        self._moves = moves

    def write_done(self, active: str | None) -> None:
        """Write the second line, if there was a first; `active` is the active session now."""
        if self._intent is None:
            return
        moves = self._intent.moves if self._moves is None else self._moves
        try:
            done = self._intent._replace(
                active=(self._intent.active[0], active),
                moves=moves,
                changes=_merge(self._made, moves),
                holds=self._read_brought_in(moves),
            )
            append_line(self._root, encode_done(self._intent, done))
        except OSError as error:
            # The operation is done. Undo will ask for the doctor, and nothing else misses it.
            self._note(error)

    def withdraw(self) -> None:
        """Write that nothing was done after all."""
        if self._intent is not None:
            try:
                append_line(self._root, encode_withdrawn(self._intent.id))
            except OSError as error:
                self._note(error)

    def _note(self, error: OSError) -> None:
        self.notes.append(f"the journal could not be written: {error}")

    def _read_brought_in(self, moves: Moves) -> dict[str, tuple[int, int]]:
        for source, target in moves:
            if not source or source.startswith("."):
                with self._root.child(target) as folder:
                    return read_holds(folder)
        return {}


def read_holds(folder: Folder) -> dict[str, tuple[int, int]]:
    """Return the size in bytes and the mtime in ns of each entry of a directory, by name.

    That a thread was bound to the session is no work in it.
    """
    holds = {}
    for name in sorted({*folder.list_names()} - {layout.THREADS}):
        status = folder.stat(name)
        size = 0 if is_directory(status) else status.st_size
        # A name that is no UTF-8 cannot stand in JSON as it is.
        holds[os.fsencode(name).decode(errors="backslashreplace")] = (size, status.st_mtime_ns)
    return holds


def _merge(pairs: list[tuple[str, Record, Record]], moves: Moves) -> tuple[Change, ...]:
    """Return what several changes come to: the first value before, the last one after."""
    moved = dict(moves)
    merged: dict[tuple[str, tuple[str, ...]], Change] = {}
    for directory, before, after in pairs:
        where = moved.get(directory, directory)
        for path, old, new in diff(before.data, after.data):
            known = merged.get((where, path))
            first = known.before if known else old
            merged[where, path] = Change(where, path, first, new)
    return tuple(merged.values())
