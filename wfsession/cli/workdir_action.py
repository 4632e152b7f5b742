"""One action of `wf workdir` before it runs, and what several of them need."""

import os
from argparse import ArgumentParser
from collections.abc import Callable

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call
from wfsession.settings import read_settings
from wfsession.workdirs.git import Access, make_access


@frozen
class Action:
    """An action: a line of help, its arguments as they are typed, and what it does.

    `arguments` adds them to its parser. `is_write` is for one that takes `--dry-run`.
    """

    summary: str
    usage: str
    run: Callable[[Call], Answer]
    arguments: Callable[[ArgumentParser], None] | None = None
    is_write: bool = False


def add_key(parser: ArgumentParser) -> None:
    """Add the options that name a workdir."""
    parser.add_argument("--agent", metavar="AGENT", required=True, help="who works in it")
    parser.add_argument(
        "--repo", metavar="REPOSITORY", required=True, help="a URL, an address, or a path"
    )
    parser.add_argument("--branch", metavar="BRANCH", required=True, help="the branch")


def find_access() -> Access:
    """Return how git is run and opens remotes, by the environment and the settings."""
    return make_access(os.environ, read_settings().workdirs.askpass)
