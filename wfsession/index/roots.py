"""The roots that were seen, and what they say of threads: sessions, and who is bound to which.

Imports core, threads and errors. Roots are read only. The list of them is a text file in the
user's state directory, one path a line, which people may edit.
"""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress

import orjson

from wfsession.core.disk import Folder
from wfsession.core.model import Session
from wfsession.core.snapshot import open_session, read_snapshot
from wfsession.core.tasks import name_in_hand, read_tasks
from wfsession.errors import WfError
from wfsession.index.database import write
from wfsession.index.fingerprints import NO_UTF_8, has_usable_name
from wfsession.index.rows import to_seconds
from wfsession.threads.bindings import Thread, list_threads
from wfsession.threads.reader import Problem

LIST = "roots"
_MOST_BYTES = 4_000_000


def remember_root(state: str, root: str) -> None:
    """Put a root on the list of those that were seen, where it is not on it.

    That it cannot be written is no error: it costs what other roots are asked for later.

    Args:
        state: wfsession's directory among the user's state directories.
        root: the absolute path of a `.workflow`.

    On crash: the list is as before, or has the root.
    """
    if "\n" in root or root in _read_list(state):
        return
    with suppress(OSError):
        os.makedirs(state, mode=0o700, exist_ok=True)
        with Folder.open(state) as folder:
            folder.append(LIST, os.fsencode(root) + b"\n", durable=False)


def list_roots(state: str) -> tuple[str, ...]:
    """Return the roots that were seen and are still there."""
    return tuple(root for root in _read_list(state) if os.path.isdir(root))


def _read_list(state: str) -> list[str]:
    try:
        with open(os.path.join(state, LIST), "rb") as file:
            lines = os.fsdecode(file.read(_MOST_BYTES)).split("\n")
    except OSError:
        return []
    return [line for line in dict.fromkeys(lines) if os.path.isabs(line)]


def refresh_roots(connection: sqlite3.Connection, roots: Iterable[str]) -> tuple[Problem, ...]:
    """Bring in the sessions and bindings of roots, and take out those of all others.

    Returns:
        What could not be read: of such a root, what was known stays.

    Raises:
        sqlite3.Error: the index cannot be written.
    """
    problems = []
    roots = tuple(dict.fromkeys(roots))
    for root in roots:
        if not has_usable_name(root):
            problems.append(Problem(ascii(root), NO_UTF_8))
            continue
        try:
            found = read_snapshot(root, True).sessions
            # Of one that is in the root and archived, which is a finding, the first counts.
            by_name = {one.name: one for one in sorted(found, key=_order, reverse=True)}
            sessions = [_make_session(root, one) for one in by_name.values()]
            bindings = [_make_binding(root, one) for one in list_threads(root, archived=True)]
        except WfError as error:
            problems.append(Problem(root, str(error)))
            continue
        if _read_rows(connection, root) != (sorted(sessions), sorted(bindings)):
            with write(connection):
                _remove(connection, root)
                connection.executemany("INSERT INTO sessions VALUES(?,?,?,?,?,?,?)", sessions)
                connection.executemany("INSERT INTO bindings VALUES(?,?,?,?,?,?)", bindings)
    for (root,) in connection.execute(
        "SELECT root FROM sessions UNION SELECT root FROM bindings"
    ).fetchall():
        if root not in roots:
            with write(connection):
                _remove(connection, root)
    return tuple(problems)


def _order(session: Session) -> bool:
    return session.location != "root"


def _read_rows(connection: sqlite3.Connection, root: str) -> tuple[list[object], list[object]]:
    sessions = connection.execute("SELECT * FROM sessions WHERE root = ? ORDER BY 2", (root,))
    bindings = connection.execute("SELECT * FROM bindings WHERE root = ? ORDER BY 2", (root,))
    return sessions.fetchall(), bindings.fetchall()


def _remove(connection: sqlite3.Connection, root: str) -> None:
    connection.execute("DELETE FROM sessions WHERE root = ?", (root,))
    connection.execute("DELETE FROM bindings WHERE root = ?", (root,))


def _make_session(root: str, session: Session) -> tuple[object, ...]:
    tasks = orjson.dumps(_list_in_hand(session)).decode()
    updated = to_seconds(session.updated)
    return root, session.name, session.state, session.title, session.path, tasks, updated


def _list_in_hand(session: Session) -> tuple[str, ...]:
    if not session.tasks.in_progress:
        return ()
    try:
        with open_session(session) as folder:
            return name_in_hand(read_tasks(folder, session.record), session.record)
    except OSError:
        # Moved meanwhile: the next time tells.
        return ()


def _make_binding(root: str, thread: Thread) -> tuple[object, ...]:
    """Return a thread's session: the one it is bound to, else the one it worked on last."""
    session = thread.session or thread.home or ""
    label = thread.user_label or thread.facts.declared_label
    times = to_seconds(thread.closed), to_seconds(thread.last_seen)
    return root, thread.name, session, label, *times
