"""What an overview is made from: the workspace, the index, the workdirs.

Imports the library. Whoever shows it says where everything lies, and tells of changes: the index is
brought up to date once after each, however many ask.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from attrs import Factory, define, field, frozen

from wfsession.core import layout
from wfsession.core.locate import Environment
from wfsession.errors import IndexUnavailable, SessionNotFound
from wfsession.index.ask import Answer
from wfsession.index.desk import Desk, View
from wfsession.index.refresh import Refreshed
from wfsession.overview.refs import Refs, stamp_refs
from wfsession.workdirs.du import measure
from wfsession.workdirs.places import Places
from wfsession.workspace import Workspace

T = TypeVar("T")
# How many changes there were, and the number and the time of the root's directory.
Stamp = tuple[int, int, int]
# To measure a workdir takes as long as to list all of its files.
_MEASURED_FOR_S = 60.0
# For when nobody hears of changes: the directory lies on another machine, say.
_UP_TO_DATE_FOR_S = 60.0


@frozen
class Project:
    """A project whose root was seen. `key` stands for it in addresses, `is_here` where we are."""

    key: str
    root: str
    is_here: bool

    @property
    def directory(self) -> str:
        """The directory that the root lies in."""
        return os.path.dirname(self.root)

    @property
    def name(self) -> str:
        """What people call it."""
        return os.path.basename(self.directory) or self.directory


@define
class Sizes:
    """What was measured, with the time of that."""

    _known: dict[str, tuple[float, int]] = Factory(dict)

    def measure(self, path: str) -> int:
        """Return the size of a directory, in bytes."""
        at, size = self._known.get(path, (0.0, 0))
        if path not in self._known or time.monotonic() - at > _MEASURED_FOR_S:
            size = measure(path)
            self._known[path] = (time.monotonic(), size)
        return size


class Changes:
    """How many changes there were, and how many of them the index has."""

    def __init__(self) -> None:
        self.number = 0
        self._has = -1
        self._at = 0.0
        self._file = 0
        self._refreshing = threading.Lock()

    def ask(self, desk: Desk, question: Callable[[View], T]) -> Answer[T]:
        """Ask an index, which is brought up to date first if it lacks a change.

        Who asks meanwhile waits for the one that reads, and does not read again.
        """
        path = desk.sources.path
        if not self._is_due(path):
            return desk.ask(question, refresh=False)
        with self._refreshing:
            if not self._is_due(path):
                return desk.ask(question, refresh=False)
            number, at = self.number, time.monotonic()
            answer = desk.ask(question)
            # Else somebody else held the index, or there is none: the next question tries again.
            if not answer.refreshed.note and not answer.notes:
                self._has, self._at, self._file = number, at, _find_number(path)
            return answer

    def _is_due(self, path: str) -> bool:
        is_old = time.monotonic() - self._at > _UP_TO_DATE_FOR_S
        # Anybody may delete an index, which is made anew then, and empty.
        return self._has != self.number or is_old or self._file != _find_number(path)


def _find_number(path: str) -> int:
    """Return what tells a file from another one of its name; 0 where there is none."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


@frozen
class Site:
    """Where things lie.

    `open_workspace` gives that of the project that the overview is about, None where there is
    none; `open_desk` is told whether git has to be asked. `directory` is where somebody asked.
    """

    open_workspace: Callable[[], Workspace | None]
    open_desk: Callable[[bool], Desk]
    places: Places
    directory: str
    is_read_only: bool = False
    _sizes: Sizes = field(factory=Sizes, repr=False)
    _changes: Changes = field(factory=Changes, repr=False)
    _refs: dict[str, Refs] = field(factory=dict, repr=False)

    def stamp(self) -> Stamp:
        """Return what stays the same until a change is told of, or is plain to see in the root."""
        here = self.open_workspace()
        if here is None:
            return self._changes.number, 0, 0
        try:
            status = os.stat(here.root)
        except OSError:
            return self._changes.number, 0, 0
        return self._changes.number, status.st_ino, status.st_mtime_ns

    def tell_change(self) -> None:
        """Say that something changed: the next question brings the index up to date."""
        self._changes.number += 1

    def ask(self, question: Callable[[View], T]) -> Answer[T]:
        """Ask the index, as it is after the last change."""
        return self._changes.ask(self.open_desk(False), question)

    def ask_with_commits(
        self, question: Callable[[View], T], list_places: Callable[[T], Iterable[str]]
    ) -> Answer[T]:
        """Ask the index, which learns first what was committed in some directories since.

        Args:
            question: may be asked twice.
            list_places: gives the directories that an answer is about.
        """
        answer = self.ask(question)
        refs = {place: stamp_refs(place) for place in set(list_places(answer.value))}
        if all(self._refs.get(place, ()) == stamp for place, stamp in refs.items()):
            return answer
        answer = self.open_desk(True).ask(question)
        self._refs.update(refs)
        return answer

    def list_projects(self) -> tuple[Project, ...]:
        """Return the projects that were seen, the one here first."""
        here = self.open_workspace()
        roots = self.open_desk(False).sources.roots
        found = [Project(make_key(here.root), here.root, True)] if here else []
        found += [
            Project(make_key(root), root, False)
            for root in roots
            if (here is None or os.path.realpath(root) != os.path.realpath(here.root))
            and os.path.isdir(root)
        ]
        return tuple(found)

    def find_project(self, key: str) -> Project:
        """Return the project that a key stands for.

        Raises:
            SessionNotFound: none of those that were seen.
        """
        for project in self.list_projects():
            if project.key == key:
                return project
        raise SessionNotFound(key, "the projects that were seen")

    def open_project(self, project: Project) -> Workspace:
        """Return a project's workspace: the one here, or one that nothing is pinned in."""
        here = self.open_workspace() if project.is_here else None
        return here or Workspace(project.root, Environment())

    def measure(self, path: str) -> int:
        """Return what a workdir takes on the disk, in bytes, as it was a minute ago at most."""
        return self._sizes.measure(path)

    def list_watched(self) -> tuple[str, ...]:
        """Return the directories whose changes are news."""
        here = self.open_workspace()
        home = self.open_desk(False).sources.home
        root = here.root if here else os.path.join(self.directory, layout.ROOT)
        return root, os.path.join(home, "projects")


def make_key(root: str) -> str:
    """Return what stands for a root in addresses."""
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:12]


def ask_or_nothing(
    site: Site,
    question: Callable[[View], T],
    nothing: T,
    list_places: Callable[[T], Iterable[str]] | None = None,
) -> Answer[T]:
    """Ask the index; where it cannot be used, return `nothing` and a note that says why.

    With `list_places` what was committed in these directories counts, see `ask_with_commits`.
    """
    try:
        return site.ask_with_commits(question, list_places) if list_places else site.ask(question)
    except IndexUnavailable as error:
        return Answer(nothing, Refreshed(), (f"{error} ({error.hint})",))
