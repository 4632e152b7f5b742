"""One file of a `.threads` directory as it is to be: staged first, put in its place later.

Like a record's change (protocol.md, 4): the file is read again just before it is replaced, and if
it is not the same, the change is made again to what is there then.
"""

from collections.abc import Callable

from wfsession.core.disk import FileContents, Folder
from wfsession.core.layout import THREADS
from wfsession.core.operation import TRIES, Operation
from wfsession.errors import Conflict

LIMIT_BYTES = 1_000_000

Make = Callable[[bytes | None], bytes | None]


def read_file(home: Folder, name: str) -> FileContents | None:
    """Return a file of the `.threads` directory of a root or a session, or None without one.

    Raises:
        UnsafePath: it, or the directory, is a symlink or of another kind, or too large.
    """
    try:
        with home.child(THREADS) as folder:
            return folder.read(name, LIMIT_BYTES)
    except FileNotFoundError:
        return None


class Draft:
    """A file that is going to be replaced, or made.

    Args:
        operation: what runs.
        home: the root, or a session's directory, that holds the `.threads` directory.
        name: the file's name in it.
        make: gives the new bytes for those that are there, or for None; None to change nothing.

    Raises:
        UnsafePath, OSError: it cannot be read, or the disk is full; nothing was done yet.
    """

    def __init__(self, operation: Operation, home: Folder, name: str, make: Make) -> None:
        self._operation = operation
        self._home = home
        self._name = name
        self._make = make
        self._stage()

    @property
    def is_change(self) -> bool:
        """Tell whether the file would differ from what is there."""
        return bool(self._temporary)

    def _stage(self) -> None:
        self._before = read_file(self._home, self._name)
        before = self._before.data if self._before else None
        data = self._make(before)
        self._temporary = ""
        if data is not None and data != before:
            self._temporary = self._operation.make_temporary("thread")
            if not self._operation.dry_run:
                self._operation.stage(self._temporary, data, self._before)

    def _is_untouched(self) -> bool:
        present = read_file(self._home, self._name)
        if self._before is None or present is None:
            return self._before is present
        return present.is_same(self._before)

    def put(self) -> None:
        """Put the file in its place, durable.

        Raises:
            Conflict: somebody else changed it each of five times.

        On crash: the old file, or the new one; the directory may be there without it.
        """
        for _ in range(TRIES):
            if not self._temporary or self._operation.dry_run:
                return
            self._operation.hold_lock()
            self._home.make_if_missing(THREADS)
            try:
                with self._home.child(THREADS) as folder:
                    if self._is_untouched():
                        self._operation.staging().replace(self._temporary, self._name, folder)
                        folder.sync()
                        return
            except FileNotFoundError:
                pass  # the directory, or `.wf` with what was staged, has gone: once more
            self._stage()
        raise Conflict(self._home.join(f"{THREADS}/{self._name}"))
