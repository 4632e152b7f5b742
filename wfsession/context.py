"""Where a command works: the place that `wfsession.enter` gives it, for as long as it runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import frozen

from wfsession.core import locate, scratch
from wfsession.core.model import Record
from wfsession.errors import RootNotFound
from wfsession.workspace import open_workspace


@frozen
class Context:
    """Where a command works: an active session, or a temporary workspace.

    `session` and `record` are None in a temporary workspace, `root` where there is no root.
    `record` is also None where it cannot be used. `path` is absolute.
    """

    session: str | None
    record: Record | None
    path: str
    root: str | None

    @property
    def is_temporary(self) -> bool:
        """Tell whether no session was active."""
        return self.session is None

    @property
    def is_kept(self) -> bool:
        """Tell whether the directory is still there, once the command is done."""
        return os.path.isdir(self.path)


@contextmanager
def enter(
    command: str = "", path: str | os.PathLike[str] | None = None, session: str | None = None
) -> Iterator[Context]:
    """Give a command its place: the active session's directory, or a temporary workspace.

    Args:
        command: what is run, in a word or two; it names a temporary workspace.
        path: where to look for the root; the current directory if None.
        session: the session, if the caller knows it.

    Yields:
        The Context. A temporary workspace is removed afterwards if it is empty; otherwise it is
        kept, and `Workspace.create(title, adopt=context.path)` makes a session of it.

        What needs no judgement is put right before: a marker that names no directory, unchanged
        for 60 s, and a corrupt record of the session, unchanged for 2 s. A warning of the logger
        `wfsession` says so, on standard error unless `logging` was told otherwise.

    Raises:
        SessionNotFound: `session` or WF_SESSION names none.

    On crash: a temporary workspace stays; of a repair, see `core.selfheal.arrive`.

    Source: protocol.md, 6.
    """
    context = _make_context(command, path, session)
    try:
        yield context
    finally:
        if context.is_temporary:
            scratch.remove_if_empty(context.root, context.path)


def _make_context(
    command: str, path: str | os.PathLike[str] | None, session: str | None
) -> Context:
    try:
        workspace = open_workspace(path)
    except RootNotFound:
        if session is not None or locate.read_environment().session:
            raise
        return Context(None, None, scratch.make_workspace(None, command), None)
    arrival = workspace.arrive(session)
    if arrival.healed:
        import logging

        logging.getLogger("wfsession").warning("%s", arrival.healed)
    found = arrival.session
    if found is None:
        made = scratch.make_workspace(workspace.root, command)
        return Context(None, None, made, workspace.root)
    return Context(found.name, found.record, found.path, workspace.root)
