"""The threads of an index: which there are, of which project and session, and what is asked for.

Imports this room, threads and core. Every other question begins here: what is about some project,
session or branch is about the threads of that.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property

from attrs import frozen

from wfsession.core import layout
from wfsession.core.times import from_ns
from wfsession.errors import AmbiguousName, ThreadNotFound
from wfsession.index.store import to_moment
from wfsession.threads.reader import KEPT
from wfsession.threads.status import Tier, choose_label, find_tier

_FILES = """
    SELECT files.id, path, kind, threads.name, agent, run, mtime_ns, first, last, ending,
        last_words, iif(kind IN ('kept', 'story'), folder, ''),
        iif(kind IN ('kept', 'story'), files.name, '')
    FROM files JOIN threads ON threads.id = files.thread
"""
# The first directory and branch of each main transcript that names one.
_PLACES = """
    SELECT threads.name, cwd, branch FROM git_spans
    JOIN files ON files.id = file JOIN threads ON threads.id = files.thread
    ORDER BY kind <> 'thread', path, number
"""


@frozen
class File:
    """A file of a thread, as the index knows it; `agent` and `run` are empty where it has none.

    `root` and `session` are those that keep it, where it is no file of the agent's own.
    """

    id: int
    path: str
    kind: str
    thread: str
    agent: str
    run: str
    written: datetime
    first: datetime | None
    last: datetime | None
    ending: str
    last_words: str
    root: str
    session: str


@frozen
class Thread:
    """A thread of the index.

    `name` is the agent's id of it, of other agents than the index is for the whole name. `project`
    is a directory, `session` and `root` those that it is bound to, or worked on last, else those
    that keep something of it; empty where there are none. `path` is its transcript, the newest
    where it has several, and empty where only subagents' are left, or what sessions keep.
    """

    name: str
    project: str
    cwd: str
    branch: str
    root: str
    session: str
    label: str
    path: str
    first: datetime | None
    last: datetime | None
    written: datetime
    closed: datetime | None

    def find_tier(self, now: datetime) -> Tier:
        """Return how alive the thread is."""
        if self.closed is not None:
            return "closed"
        return find_tier(self.last, now, touched=self.written)


@frozen
class Scope:
    """Which threads a question is about: those that are in all that is said. Empty says nothing.

    `project` is a directory: threads that began in it, and those bound to a session of its root.
    `since` is when the rows were written that count.
    """

    project: str = ""
    session: str = ""
    thread: str = ""
    since: datetime | None = None


class Catalog:
    """The threads and files of an index, as one question sees them; read when they are needed."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        agent: str,
        projects: Iterable[str],
        roots: Iterable[str],
    ) -> None:
        self._connection = connection
        self._agent = agent
        self._find_project = _make_finder(projects, roots)

    @cached_property
    def files(self) -> tuple[File, ...]:
        """All files that the index has."""
        found = []
        for (
            number,
            path,
            kind,
            thread,
            agent,
            run,
            ns,
            first,
            last,
            *rest,
        ) in self._connection.execute(_FILES):
            times = (from_ns(ns), to_moment(first), to_moment(last))
            found.append(File(number, path, kind, thread, agent, run, *times, *rest))
        return tuple(found)

    @cached_property
    def threads(self) -> Mapping[str, Thread]:
        """All threads, by their names."""
        places: dict[str, tuple[str, str]] = {}
        for name, cwd, branch in self._connection.execute(_PLACES):
            places.setdefault(name, (cwd, branch))
        by_thread: dict[str, list[File]] = {}
        for file in self.files:
            by_thread.setdefault(file.thread, []).append(file)
        return {
            name: _make_thread(
                name, its, places.get(name, ("", "")), self._bound.get(name), self._find_project
            )
            for name, its in by_thread.items()
        }

    def find_session(self, thread: str) -> str:
        """Return the session of a thread, or an empty text."""
        bound = self._bound.get(thread)
        return bound[1] if bound else ""

    @cached_property
    def _bound(self) -> "dict[str, _Bound]":
        return _read_bindings(self._connection, f"{self._agent}--")


def read_catalog(
    connection: sqlite3.Connection,
    agent: str = "claude-code",
    projects: Iterable[str] = (),
    roots: Iterable[str] = (),
) -> Catalog:
    """Return which threads there are.

    Args:
        connection: an index, as long as the catalog is used.
        agent: whose threads it has, as bindings name it.
        projects: directories that are projects whatever else is; the innermost counts.
        roots: those that were seen; each makes a project of the directory that it lies in.
    """
    return Catalog(connection, agent, projects, roots)


def choose_files(catalog: Catalog, scope: Scope) -> frozenset[int]:
    """Return the ids of the files that a scope is about.

    What a session keeps of a conversation was said for that session, whichever is bound to it now.

    Raises:
        ThreadNotFound, AmbiguousName: as `choose_threads`.
    """
    chosen = choose_threads(catalog, scope)
    wanted = find_thread(catalog, scope.thread).name if scope.thread else ""
    project_root = os.path.join(os.path.realpath(scope.project), layout.ROOT)
    is_of = {
        root: not scope.project or os.path.realpath(root) == project_root
        for root in {file.root for file in catalog.files}
    }
    return frozenset(
        file.id
        for file in catalog.files
        if (
            file.thread in chosen
            if file.kind != KEPT
            else (not wanted or file.thread == wanted)
            and (not scope.session or file.session == scope.session)
            and (is_of[file.root] or _is_of(catalog.threads[file.thread], scope.project))
        )
    )


def choose_threads(catalog: Catalog, scope: Scope) -> frozenset[str]:
    """Return the names of the threads that a scope is about.

    Raises:
        ThreadNotFound, AmbiguousName: its thread is none, or several are meant.
    """
    wanted = find_thread(catalog, scope.thread).name if scope.thread else ""
    place = os.path.realpath(scope.project) if scope.project else ""
    return frozenset(
        one.name
        for one in catalog.threads.values()
        if (not wanted or one.name == wanted)
        and (not scope.session or one.session == scope.session)
        and (not place or _is_of(one, place))
    )


def find_thread(catalog: Catalog, wanted: str) -> Thread:
    """Return the thread that is meant by its name, how that begins, or its label.

    Raises:
        ThreadNotFound, AmbiguousName: none is meant, or several.
    """
    plain = wanted.rpartition("--")[2]
    for name in (wanted, plain):
        if name in catalog.threads:
            return catalog.threads[name]
    meant = [
        one
        for one in catalog.threads.values()
        if plain and (_get_id(one.name).startswith(plain) or wanted == one.label)
    ]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise AmbiguousName(wanted, tuple(sorted(one.name for one in meant)))
    raise ThreadNotFound(wanted, "the transcripts")


def _get_id(name: str) -> str:
    """Return the agent's id of a thread, of whichever agent it is."""
    return name.rpartition("--")[2]


def _is_of(thread: Thread, project: str) -> bool:
    return thread.project == project or is_root_of(thread.root, project)


def is_root_of(root: str, project: str) -> bool:
    """Tell whether a root is the one that lies in a directory."""
    return bool(root) and os.path.realpath(root) == os.path.join(
        os.path.realpath(project), layout.ROOT
    )


_Bound = tuple[str, str, str, float | None, float | None]


def _read_bindings(connection: sqlite3.Connection, prefix: str) -> dict[str, _Bound]:
    """Return what roots say of threads; of several the one that saw it last.

    Those of the agent whose names begin with `prefix` go by their ids.
    """
    found = {}
    for root, name, session, label, closed, seen in connection.execute(
        "SELECT * FROM bindings ORDER BY last_seen, root"
    ):
        found[name.removeprefix(prefix)] = (root, session, label, closed, seen)
    return found


def _make_finder(projects: Iterable[str], roots: Iterable[str]) -> Callable[[str], str]:
    """Return a function from a directory to its project."""
    chosen = {os.path.realpath(os.path.expanduser(one)) for one in projects}
    seen = {os.path.realpath(os.path.dirname(root)) for root in roots}
    known: dict[str, str] = {}

    def find(cwd: str) -> str:
        if cwd not in known:
            known[cwd] = _climb(cwd, chosen) or _climb(cwd, seen) or cwd
        return known[cwd]

    return find


def _climb(cwd: str, directories: set[str]) -> str:
    here = os.path.normpath(cwd) if cwd else ""
    while here and here not in directories:
        above = os.path.dirname(here)
        here = above if above != here else ""
    return here


def _make_thread(
    name: str,
    files: list[File],
    place: tuple[str, str],
    bound: _Bound | None,
    find_project: Callable[[str], str],
) -> Thread:
    cwd, branch = place
    root, session, label, closed, _ = bound or (*_find_keeper(files), "", None, None)
    told = [one for one in files if not one.root] or files
    mains = sorted((one.written, one.path) for one in files if one.kind == "thread")
    return Thread(
        name=name,
        project=find_project(cwd),
        cwd=cwd,
        branch=branch,
        root=root,
        session=session,
        label=choose_label(_get_id(name), {_get_id(name): label}),
        path=mains[-1][1] if mains else "",
        first=min((one.first for one in files if one.first), default=None),
        last=max((one.last for one in files if one.last), default=None),
        written=max(one.written for one in told),
        closed=to_moment(closed),
    )


def _find_keeper(files: list[File]) -> tuple[str, str]:
    """Return the root and the session that keep something of a thread, the last that was written.

    What is held for nobody has no session.
    """
    keepers = [(one.written, one.path, one.root, one.session) for one in files if one.root]
    return max(keepers)[2:] if keepers else ("", "")
