"""One question to the index: opened, brought up to date, asked; whatever becomes of the file.

Imports this room, threads and errors. An index is a cache: where its file is damaged it is made
anew, and where it cannot be used at all the question goes to one in memory, made of the same
transcripts for this one time.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Generic, TypeVar

from attrs import evolve, field, frozen

from wfsession.errors import IndexUnavailable
from wfsession.index.database import (
    find_index,
    is_busy,
    is_damaged,
    lock_file,
    open_index,
    open_memory,
    remove_index,
)
from wfsession.index.git_spans import refresh_commits
from wfsession.index.kept import refresh_kept
from wfsession.index.refresh import Progress, Refreshed, Watch, refresh_files
from wfsession.index.roots import refresh_roots
from wfsession.threads.claude_code import READER
from wfsession.threads.reader import Reader

T = TypeVar("T")
Question = Callable[[sqlite3.Connection], T]
_WAIT_S = 5.0


@frozen
class Sources:
    """Where the answers come from.

    `home` is the directory that the agent keeps for its user, `cache` wfsession's directory among
    the user's caches, `roots` are those whose sessions and bindings count. `git` is the environment
    to ask git in which commits were made, None where no question needs them.
    """

    home: str
    cache: str
    roots: tuple[str, ...] = ()
    git: Mapping[str, str] | None = field(default=None, repr=False)
    reader: Reader = field(default=READER, repr=False)

    @property
    def path(self) -> str:
        """The file of the index."""
        return find_index(self.cache, self.reader.agent, self.home)


@frozen
class Answer(Generic[T]):
    """What was asked for, and what bringing the index up to date came to.

    `notes` are sentences for the caller: that the index could not be used, or not be refreshed.
    """

    value: T
    refreshed: Refreshed
    notes: tuple[str, ...] = ()


def ask(
    sources: Sources,
    question: Question[T],
    *,
    watch: Watch | None = None,
    refresh: bool = True,
    wait_s: float = _WAIT_S,
) -> Answer[T]:
    """Bring an index up to date, and ask it.

    Args:
        sources: where its answers come from.
        question: is given the index, in one transaction that reads.
        watch: is told how far the refresh is, and first that it waits for another one.
        refresh: whether to look at the transcripts first.
        wait_s: for how long another process that refreshes is waited for; the question is
            answered with what is there then.

    Raises:
        IndexUnavailable: nothing can be read, even in memory.

    On crash: the index is as before, or further.
    """
    try:
        return _ask_file(sources, question, watch, refresh, wait_s)
    except IndexUnavailable as error:
        reason = str(error)
    except sqlite3.Error as error:
        reason = f"{sources.path}: {error}"
    note = f"the index cannot be used, so the transcripts were read for this answer: {reason}"
    try:
        with closing(open_memory()) as connection:
            answer = _ask(connection, sources, question, watch)
    except sqlite3.Error as error:
        raise IndexUnavailable(sources.path, str(error)) from None
    return evolve(answer, notes=(note, *answer.notes))


def _ask_file(
    sources: Sources, question: Question[T], watch: Watch | None, refresh: bool, wait_s: float
) -> Answer[T]:
    try:
        return _ask_once(sources, question, watch, refresh, wait_s)
    except sqlite3.Error as error:
        # Damaged where nobody looked when it was opened; or somebody replaced it meanwhile.
        if not is_damaged(error) and _is_there(sources.path):
            raise
    rebuild(sources)
    return _ask_once(sources, question, watch, refresh, wait_s)


def rebuild(sources: Sources) -> None:
    """Remove the index, so that the next question makes it anew.

    Raises:
        IndexUnavailable: it cannot be removed.
    """
    path = sources.path
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with lock_file(f"{path}.lock", _WAIT_S):
            remove_index(path)
    except TimeoutError:
        raise IndexUnavailable(path, "somebody else is making it") from None
    except OSError as error:
        raise IndexUnavailable(path, error.strerror or str(error)) from None


def _is_there(path: str) -> bool:
    return os.path.exists(path)


def _ask_once(
    sources: Sources, question: Question[T], watch: Watch | None, refresh: bool, wait_s: float
) -> Answer[T]:
    path = sources.path
    with closing(open_index(path)) as connection:
        if not refresh:
            return Answer(_read(connection, question), Refreshed())
        note = ""
        try:
            with _take_turn(f"{path}.refresh.lock", wait_s, watch):
                return _ask(connection, sources, question, watch)
        except TimeoutError:
            note = f"another process has been refreshing the index for more than {wait_s:g} s"
        except sqlite3.Error as error:
            if not is_busy(error):
                raise
            note = "another process holds the index"
        note = f"{note}; this is what it has so far"
        return Answer(_read(connection, question), Refreshed(note=note), (note,))


@contextmanager
def _take_turn(lock: str, wait_s: float, watch: Watch | None) -> Iterator[None]:
    """Hold the lock of whoever refreshes, and say so where somebody else has it."""
    with ExitStack() as stack:
        try:
            stack.enter_context(lock_file(lock, 0))
        except TimeoutError:
            if watch is not None:
                watch(Progress(is_waiting=True))
            stack.enter_context(lock_file(lock, wait_s))
        except OSError as error:
            raise IndexUnavailable(lock, error.strerror or str(error)) from None
        yield


def _ask(
    connection: sqlite3.Connection,
    sources: Sources,
    question: Question[T],
    watch: Watch | None,
) -> Answer[T]:
    done = refresh_files(connection, sources.reader, sources.home, watch)
    problems = refresh_roots(connection, sources.roots)
    kept = refresh_kept(connection, sources.reader.agent, sources.roots, watch)
    if sources.git is not None:
        refresh_commits(connection, sources.git)
    done = Refreshed(
        read=done.read + kept.read,
        removed=done.removed + kept.removed,
        size_bytes=done.size_bytes + kept.size_bytes,
        problems=(*done.problems, *problems, *kept.problems),
    )
    return Answer(_read(connection, question), done)


def _read(connection: sqlite3.Connection, question: Question[T]) -> T:
    connection.execute("BEGIN")
    try:
        return question(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
