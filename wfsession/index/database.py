"""The file of an index: where it lies, opened, made, and made anew where it cannot be used.

Imports errors and `schema`. Holds nothing that cannot be read again from the files of agents, so a
file that is damaged, or of another version, is replaced and never repaired.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from urllib.parse import quote

from wfsession.errors import IndexUnavailable
from wfsession.index.schema import create_tables, find_fault, is_foreign

FOLDER = "index"
BUSY_S = 5.0
_LOCK_S = 30.0
_SUFFIX = ".sqlite"
_BESIDE = ("-wal", "-shm", "-journal")
_SLUG_CHARACTERS = 40
_NO_LETTERS = re.compile(r"[^A-Za-z0-9]+")
# Of SQLite's codes, the first eight bits.
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# What is at hand for each connection; secure deletion would write over what anybody can read in
# the transcripts.
_SETTINGS = """
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = OFF;
    PRAGMA cache_size = -16000;
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = 4000;
"""


def find_index(cache: str, agent: str, home: str) -> str:
    """Return the path of the index of a home; the same for each way to write that.

    Args:
        cache: wfsession's directory among the user's caches.
        agent: the agent's name.
        home: the directory that the agent keeps for its user.
    """
    real = os.path.realpath(home)
    slug = _NO_LETTERS.sub("-", real).strip("-")[-_SLUG_CHARACTERS:].strip("-")
    digest = blake2b(os.fsencode(real), digest_size=6).hexdigest()
    name = "-".join(part for part in (agent, slug, digest) if part)
    return os.path.join(cache, FOLDER, name + _SUFFIX)


def open_index(path: str) -> sqlite3.Connection:
    """Open an index; make it where there is none, or none that can be used.

    Returns:
        A connection in which each statement is a transaction, but for those between BEGIN and
        COMMIT.

    Raises:
        IndexUnavailable: neither is possible.

    On crash: the file is an index, or it is made anew by the next who opens it.
    """
    try:
        connection = _open_sound(path)
        if connection is not None:
            return connection
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with lock_file(f"{path}.lock", _LOCK_S):
            return _open_sound(path) or _make(path)
    except TimeoutError:
        raise IndexUnavailable(path, "somebody else is making it") from None
    except OSError as error:
        raise IndexUnavailable(path, error.strerror or str(error)) from None
    except sqlite3.Error as error:
        raise IndexUnavailable(path, str(error)) from None


def open_memory() -> sqlite3.Connection:
    """Return an empty index that is gone when it is closed."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(_SETTINGS)
    create_tables(connection)
    return connection


def remove_index(path: str) -> None:
    """Remove the file of an index, and what SQLite keeps beside it.

    Raises:
        OSError: as the system says.
    """
    for suffix in ("", *_BESIDE):
        with suppress(FileNotFoundError):
            os.unlink(path + suffix)


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether an error means that somebody else holds the index."""
    return _code(error) in _BUSY


def is_damaged(error: sqlite3.Error) -> bool:
    """Tell whether an error means that the file is no sound database."""
    return _code(error) in _DAMAGED


def _code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


@contextmanager
def lock_file(path: str, timeout_s: float) -> Iterator[None]:
    """Hold a lock that ends with its process.

    Raises:
        TimeoutError: somebody else holds it for longer than `timeout_s`.
        OSError: it cannot be made.
    """
    from filelock import FileLock

    with FileLock(path, timeout=timeout_s, mode=0o600):
        yield


@contextmanager
def write(connection: sqlite3.Connection) -> Iterator[None]:
    """Make what is done within one transaction; whatever breaks it off, none of it is kept."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        # An error may have ended it already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _open_sound(path: str) -> sqlite3.Connection | None:
    """Open a file that is an index, or return None where it is none, or there is none."""
    if not os.path.exists(path):
        return None
    connection = None
    try:
        connection = _connect(path)
        if not find_fault(connection):
            return connection
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        if is_busy(error):
            raise
        if not is_damaged(error) and os.path.exists(path):
            raise
        return None
    connection.close()
    return None


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_S
    )
    try:
        connection.executescript(_SETTINGS)
    except BaseException:
        connection.close()
        raise
    return connection


def _make(path: str) -> sqlite3.Connection:
    _put_away(path)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection = _connect(path)
    try:
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA journal_mode = WAL")
        create_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _put_away(path: str) -> None:
    """Make room for a new index: set aside what somebody else made, and remove what was ours."""
    if not os.path.lexists(path):
        return
    foreign = False
    try:
        connection = _connect(path)
        try:
            foreign = is_foreign(connection)
        finally:
            connection.close()
    except sqlite3.Error:
        # Damaged, or no database: what would be in it can be read again.
        pass
    if foreign:
        os.replace(path, f"{path}.aside")
    remove_index(path)
