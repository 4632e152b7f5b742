"""On which branch and in which worktree threads were, from when to when, and what was committed.

Imports this room, git and errors. What stands in transcripts is brought in by a refresh; which
commits were made in between, git says, in the directories that are still there. Nothing is changed.
"""

import os
import re
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import frozen

from wfsession.errors import GitFailed, InvalidValue
from wfsession.git import Git, make_access
from wfsession.index.database import write
from wfsession.index.store import to_moment

_OPTIONS = ("-c", "log.showSignature=false")
_HEAD = "HEAD"
# Longer than git takes for any of this, but where a disk or a network does not answer.
LIMIT_S = 20.0
_HASH = re.compile("[0-9a-fA-F]+")
_SPANS = """
    SELECT threads.name, cwd, branch, min(git_spans.first), max(git_spans.last)
    FROM git_spans JOIN files ON files.id = file JOIN threads ON threads.id = files.thread
    GROUP BY threads.name, cwd, branch ORDER BY 1, 4, 2, 3
"""
# A commit has its time in whole seconds, a span in fractions of them.
_COMMITS = """
    SELECT DISTINCT threads.name, commits.cwd, commits.branch, hash, at, subject
    FROM git_spans JOIN files ON files.id = file JOIN threads ON threads.id = files.thread
    JOIN commits ON commits.cwd = git_spans.cwd AND commits.branch = git_spans.branch
        AND at BETWEEN CAST(git_spans.first AS INTEGER) AND git_spans.last
    ORDER BY at, hash, 2, 3
"""


@frozen
class GitSpan:
    """Where a thread was, and from when to when; `branch` is empty outside of any."""

    cwd: str
    branch: str
    first: datetime | None
    last: datetime | None


@frozen
class Commit:
    """A commit that was made on the branch and in the worktree of a thread, while it was there."""

    hash: str
    at: datetime | None
    subject: str
    cwd: str
    branch: str


def read_spans(connection: sqlite3.Connection) -> dict[str, tuple[GitSpan, ...]]:
    """Return where each thread was, with its subagents, each directory and branch once."""
    found: dict[str, tuple[GitSpan, ...]] = {}
    for thread, cwd, branch, first, last in connection.execute(_SPANS):
        span = GitSpan(cwd, branch, to_moment(first), to_moment(last))
        found[thread] = (*found.get(thread, ()), span)
    return found


def read_commits(connection: sqlite3.Connection) -> dict[str, tuple[Commit, ...]]:
    """Return what was committed while each thread was there, as far as git was asked."""
    found: dict[str, tuple[Commit, ...]] = {}
    for thread, cwd, branch, name, at, subject in connection.execute(_COMMITS):
        commit = Commit(name, to_moment(at), subject, cwd, branch)
        found[thread] = (*found.get(thread, ()), commit)
    return found


def find_commits(
    wanted: Iterable[str], directories: Iterable[str], environment: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the hashes of commits that are given as git takes them: `HEAD`, a branch, a hash.

    Args:
        wanted: what was typed.
        directories: where git is asked, one after the other.
        environment: the variables of a process that may run git; its `GIT_*` are left out.

    Returns:
        One for each. What only looks like a hash, of a commit of another project, stays as it is.

    Raises:
        InvalidValue: git knows no such commit.
    """
    places = tuple(dict.fromkeys(one for one in directories if one))
    return tuple(_find_commit(one, places, environment) for one in wanted)


def _find_commit(wanted: str, places: tuple[str, ...], environment: Mapping[str, str]) -> str:
    # What begins with a hyphen would be an option, and git has no name that does.
    if wanted and not wanted.startswith("-") and "\0" not in wanted:
        for place in places:
            words = ("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}")
            if found := _run_git(environment, place, *words):
                return found
    if _HASH.fullmatch(wanted):
        return wanted
    where = " or ".join(places)
    reason = f"{wanted!r} is no commit that git knows in {where}"
    raise InvalidValue("commit", wanted, reason, "git log --all --oneline")


def refresh_commits(connection: sqlite3.Connection, environment: Mapping[str, str]) -> None:
    """Ask git what was committed where threads were, where that may have changed.

    Args:
        connection: an index, in no transaction.
        environment: the variables of a process that may run git; its `GIT_*` are left out.

    Raises:
        sqlite3.Error: the index cannot be written.
    """
    spans: dict[str, list[tuple[str, float, float]]] = {}
    for cwd, branch, first, last in connection.execute(
        "SELECT cwd, branch, min(first), max(last) FROM git_spans"
        " WHERE last IS NOT NULL GROUP BY cwd, branch"
    ):
        spans.setdefault(cwd, []).append((branch, first, last))
    known = {tuple(row) for row in connection.execute("SELECT * FROM commits_asked")}
    asked: list[tuple[str, str, str, float, float]] = []
    found: list[tuple[str, str, str, int, str]] = []
    for cwd, its in spans.items():
        tips = _read_tips(environment, cwd)
        for branch, first, last in its:
            # A branch that is gone was merged, as a rule, into what is checked out.
            tip = tips.get(branch) or tips.get(_HEAD, "")
            one = (cwd, branch, tip, first, last)
            commits = _read_log(environment, *one) if tip and one not in known else []
            # What git could not tell is asked again the next time.
            if tip and commits is not None:
                asked.append(one)
                found += commits
    _replace(connection, known, set(asked), found)


def _replace(
    connection: sqlite3.Connection,
    known: set[tuple[object, ...]],
    asked: set[tuple[object, ...]],
    found: list[tuple[str, str, str, int, str]],
) -> None:
    if known == asked:
        return
    with write(connection):
        for statement in (
            "DELETE FROM commits WHERE cwd = ? AND branch = ?",
            "DELETE FROM commits_asked WHERE cwd = ? AND branch = ?",
        ):
            connection.executemany(statement, (one[:2] for one in known - asked))
        connection.executemany("INSERT OR REPLACE INTO commits VALUES(?,?,?,?,?)", found)
        connection.executemany(
            "INSERT OR REPLACE INTO commits_asked VALUES(?,?,?,?,?)", asked - known
        )


def _read_tips(environment: Mapping[str, str], cwd: str) -> dict[str, str]:
    """Return what each branch of a directory's repository has, and what is checked out there."""
    told = _run_git(
        environment, cwd, "for-each-ref", "--format=%(objectname) %(refname:short)", "refs/heads"
    )
    if told is None:
        return {}
    tips = {}
    for line in told.split("\n"):
        tip, _, branch = line.partition(" ")
        tips[branch] = tip
    head = _run_git(environment, cwd, "rev-parse", "--verify", "--quiet", _HEAD)
    return {**tips, _HEAD: head} if head else tips


def _read_log(
    environment: Mapping[str, str], cwd: str, branch: str, tip: str, first: float, last: float
) -> list[tuple[str, str, str, int, str]] | None:
    """Return what was committed on a branch between two times; None where git cannot tell."""
    between = (f"--since=@{int(first)}", f"--until=@{int(last) + 1}")
    told = _run_git(environment, cwd, "log", "--format=%H %ct %s", *between, tip, "--")
    if told is None:
        return None
    # A subject may have any sign in it but a newline, and may be empty.
    lines = (line.split(" ", 2) for line in told.split("\n") if line)
    return [(cwd, branch, name, int(at), subject) for name, at, subject in lines]


def _run_git(environment: Mapping[str, str], cwd: str, *words: str) -> str | None:
    """Return what git says in a directory; None where it cannot tell, or takes too long."""
    if not os.path.isabs(cwd) or not os.path.isdir(cwd):
        return None
    access = make_access(environment)
    try:
        return Git(access, directory=cwd, options=_OPTIONS, timeout_s=LIMIT_S).find(*words)
    except GitFailed:
        return None
