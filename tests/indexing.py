"""Homes of an agent to index, whose files have the times that a test wants, and what is in one."""

import itertools
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve

from tests.cli.wf import make_environment
from tests.transcripts import Line, answer, encode, text, user
from wfsession.index.ask import Answer, Question, Sources, ask
from wfsession.index.database import open_memory
from wfsession.index.kept import refresh_kept
from wfsession.index.refresh import refresh_files
from wfsession.index.roots import refresh_roots
from wfsession.threads.claude_code import READER

T = TypeVar("T")
_moments = itertools.count(1_700_000_000)
_LATEST = 1_750_000_000
# Rows by what they are, without the numbers that depend on the order in which files were read.
_DUMP = (
    (
        "SELECT path, kind, threads.name, agent, run, files.name, size, mtime_ns, done, tail,"
        " lines, broken, too_long, unusable, unknown, first, last, version, ending,"
        " last_words, error"
        " FROM files JOIN threads ON threads.id = files.thread"
    ),
    "SELECT name FROM threads",
    (
        "SELECT path, t.name, key, at, model, input, output, cache_read, write_5m, write_1h,"
        " is_batch, counts FROM responses"
        " JOIN files ON files.id = file JOIN threads t ON t.id = responses.thread"
    ),
    (
        "SELECT path, t.name, key, at, tool_calls.name, argument, response, counts FROM tool_calls"
        " JOIN files ON files.id = file JOIN threads t ON t.id = tool_calls.thread"
    ),
    (
        "SELECT path, t.name, key, at, is_error, tool_results.error, tool_results.size,"
        " tool_results.agent, task, tool_results.run, mentions, counts FROM tool_results"
        " JOIN files ON files.id = file JOIN threads t ON t.id = tool_results.thread"
    ),
    (
        "SELECT path, t.name, key, at, role, text, model, turn, counts FROM messages"
        " JOIN files ON files.id = file JOIN threads t ON t.id = messages.thread"
    ),
    "SELECT path, key, role, model FROM turns JOIN files ON files.id = file",
    (
        "SELECT path, started, responses, tool_calls, errors, input, output, cache_read,"
        " cache_write, cost FROM stories JOIN files ON files.id = file"
    ),
    (
        "SELECT path, number, cwd, branch, git_spans.first, git_spans.last FROM git_spans"
        " JOIN files ON files.id = file"
    ),
    (
        "SELECT path, type, description, call, depth, parent FROM subagents"
        " JOIN files ON files.id = file"
    ),
    (
        "SELECT path, number, run_agents.agent, label, phase, result FROM run_agents"
        " JOIN files ON files.id = file"
    ),
    (
        "SELECT path, runs.name, status, task, started, ended, summary, runs.error, script, result,"
        " phases, agents FROM runs JOIN files ON files.id = file"
    ),
)


class Home:
    """A home of an agent, and where its index goes."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "claude"
        # Whether all directories have rested when the index is asked; `folders.GRAIN_NS` must be 0.
        self.rests = False
        self.sources = Sources(str(self.path), str(directory / "cache"))
        self.project = self.path / "projects" / "-home-sam-shop"
        self.project.mkdir(parents=True)

    def file(self, name: str) -> Path:
        return self.project / name

    def put(self, name: str, lines: Iterable[Any] | bytes) -> Path:
        """Write a file, at a time that is long ago and later than that of all others."""
        path = self.file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lines if isinstance(lines, bytes) else encode(lines))
        return age(path)

    def append(self, name: str, lines: Iterable[Any] | bytes) -> Path:
        path = self.file(name)
        with path.open("ab") as file:
            file.write(lines if isinstance(lines, bytes) else encode(lines))
        return age(path)

    def ask(self, question: Question[T], **more: Any) -> Answer[T]:
        if self.rests:
            age_folders(self.path)
        return ask(self.sources, question, **more)

    def with_roots(self, *roots: str) -> None:
        self.sources = evolve(self.sources, roots=roots)

    def dump(self) -> list[list[tuple[Any, ...]]]:
        return self.ask(dump).value


def age(path: Path) -> Path:
    moment = next(_moments)
    os.utime(path, (moment, moment))
    return path


def age_folders(home: Path) -> None:
    """Give each directory that changed a time of its own, however fast the changes follow."""
    for folder, _, _ in os.walk(home, followlinks=True):
        if os.stat(folder).st_mtime > _LATEST:
            age(Path(folder))


def dump(connection: sqlite3.Connection) -> list[list[tuple[Any, ...]]]:
    """Return all rows that are made of files; the words must be those of the messages."""
    connection.execute("INSERT INTO words(words, rank) VALUES('integrity-check', 1)")
    return [sorted(connection.execute(statement), key=repr) for statement in _DUMP]


def dump_rebuilt(home: Home) -> list[list[tuple[Any, ...]]]:
    """Return what an index that begins with nothing says of a home now."""
    with closing(open_memory()) as connection:
        refresh_files(connection, READER, str(home.path))
        refresh_roots(connection, home.sources.roots)
        refresh_kept(connection, READER.agent, home.sources.roots)
        return dump(connection)


def say(key: str, words: str = "Done.", output: int = 1, second: int = 0, **more: Any) -> Line:
    """Return a line of a response with a text, and some usage."""
    usage = {"input": 10, "output": output}
    return answer(key, text(words), usage=usage, second=second, uuid=f"u-{key}-{words}", **more)


def ask_for(words: str, second: int = 0, **more: Any) -> Line:
    return user(words, second, uuid=f"u-{words}-{second}", **more)


# Holds the lock that it is given.
HOLD_LOCK = """
import sys
from wfsession.index.database import lock_file
with lock_file(sys.argv[1], 5):
    print(flush=True)
    sys.stdin.read()
"""


@contextmanager
def beside(script: str, *words: object) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a script beside, from where it prints a line until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", script, *map(str, words)],
        env=make_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        # Its input is closed, and it is waited for, on the way out.
        yield process
