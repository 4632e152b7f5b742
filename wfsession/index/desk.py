"""Where questions are put: an index with its threads, prices and project, opened for each of them.

Imports this room and threads. What the commands, the server for agents and the local page have in
common; whoever makes a desk says where everything lies.
"""

import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from attrs import field, frozen

from wfsession.core.times import now
from wfsession.index.ask import Answer, Sources, ask
from wfsession.index.git_spans import find_commits
from wfsession.index.refresh import Watch
from wfsession.index.threads import Catalog, read_catalog
from wfsession.threads.prices import Prices
from wfsession.threads.reader import Problem

T = TypeVar("T")


@frozen
class View:
    """An index as one question sees it, at one moment."""

    connection: sqlite3.Connection
    catalog: Catalog
    prices: Prices
    now: datetime


@frozen
class Desk:
    """Where questions are put.

    `project` is the directory that they are about, empty for all there are; `projects` are
    directories that are projects whatever else is.
    """

    sources: Sources
    prices: Prices = field(repr=False)
    project: str = ""
    projects: tuple[str, ...] = ()

    def ask(self, question: Callable[[View], T], watch: Watch | None = None) -> Answer[T]:
        """Bring the index up to date, and ask it; see `ask.ask`.

        Raises:
            IndexUnavailable: nothing can be read, even in memory; and what the question raises.
        """
        sources = self.sources

        def look(connection: sqlite3.Connection) -> T:
            catalog = read_catalog(connection, sources.reader.agent, self.projects, sources.roots)
            return question(View(connection, catalog, self.prices, now()))

        return ask(sources, look, watch=watch)

    def find_commits(self, wanted: Iterable[str], directory: str) -> tuple[str, ...]:
        """Return the hashes of commits as git knows them in a directory, or in the project.

        Raises:
            InvalidValue: git knows no such commit.
        """
        return find_commits(wanted, (directory, self.project), self.sources.git or {})


def list_notes(answer: Answer[T]) -> tuple[str, ...]:
    """Return what is to be said beside an answer: what could not be read, or not be done."""
    problems = answer.refreshed.problems
    return (*answer.notes, tell_problems(problems)) if problems else answer.notes


def tell_problems(problems: tuple[Problem, ...]) -> str:
    """Return that files could not be read, with the first of them."""
    first = f"{problems[0].path}: {problems[0].reason}"
    if len(problems) == 1:
        return f"1 file could not be read and is left out: {first}"
    return f"{len(problems)} files could not be read and are left out: {first}"
