"""One run of a verb: what was typed, which root and session that means, and what was heard back.

Finds names for people; the rules about sessions are the library's.
"""

import os
from collections.abc import Callable

from wfsession.cli.answer import UsageError
from wfsession.cli.here import check_directory
from wfsession.cli.render import print_line
from wfsession.core import locate
from wfsession.core.choose import match_session
from wfsession.core.model import Event, Session
from wfsession.core.names import fold
from wfsession.errors import (
    InvalidValue,
    NoActiveSession,
    RootNotFound,
    SessionNotFound,
    UnsafePath,
    WfError,
)
from wfsession.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from types import SimpleNamespace

# How much of a word must be the same, of 1, for it to be suggested.
_ALIKE = 0.7


class Call:
    """What was typed (`options`), and the workspace that it is about, opened when it is needed."""

    def __init__(self, options: "Namespace | SimpleNamespace") -> None:
        self.options = options
        self.notes: list[str] = []
        self._workspace: Workspace | None = None
        self._event: Event | None = None

    @property
    def as_json(self) -> bool:
        """Whether the answer is to be JSON."""
        return bool(getattr(self.options, "json", False))

    @property
    def flag(self) -> str | None:
        """What `--session` names, or None."""
        name: str | None = getattr(self.options, "session", None)
        return name

    @property
    def has_flag(self) -> bool:
        """Whether `--session` or `--root` was typed."""
        return self.flag is not None or getattr(self.options, "root", None) is not None

    @property
    def is_pinned(self) -> bool:
        """Whether a flag or a variable says where to look: then finding nothing is an error."""
        ambient = locate.read_environment()
        return self.has_flag or bool(ambient.session or ambient.root)

    @property
    def is_dry(self) -> bool:
        """Whether to tell the steps only."""
        return bool(getattr(self.options, "dry_run", False))

    @property
    def workspace(self) -> Workspace:
        """The workspace of `--root`, of WF_ROOT, or of the current directory.

        Raises:
            RootNotFound, UnsafePath, DiskFailed: there is none, or none that can be used.
        """
        if self._workspace is None:
            self.use(find_root(self.options))
        assert self._workspace is not None
        return self._workspace

    def use(self, root: str) -> Workspace:
        """Open a root, and listen to what is done there; a write brings an older layout over."""
        workspace = Workspace(root, locate.read_environment())
        workspace.listen(self._hear)
        self._workspace = workspace
        if getattr(self.options, "brings_over", False) and not self.is_dry:
            bring_over(workspace)
        return workspace

    def _hear(self, event: Event) -> None:
        self._event = event
        self.notes.extend(event.notes)

    def do(self, operation: Callable[[Workspace], Session]) -> Event:
        """Run one operation, and return what it says that it did."""
        operation(self.workspace)
        assert self._event is not None
        return self._event

    def find(self, name: str, whole: bool = False) -> Session:
        """Return the session that somebody means by a name, or by a part of one.

        Args:
            name: what was typed; a part of an archived session's name counts only where no
                other session has it.
            whole: whether a part will not do, since what is done next ends or renames it.

        Raises:
            SessionNotFound, AmbiguousName: none is meant, or several.
        """
        try:
            return self.workspace.get(name)
        except SessionNotFound as error:
            not_found = error
        except UnsafePath as error:
            return self._find_listed(name, error)
        snapshot = self.workspace.snapshot()
        for archived in (False, True):
            try:
                found = match_session(snapshot, name, archived)
            except SessionNotFound:
                continue
            if not whole:
                return found
            raise SessionNotFound(name, not_found.root, (found.name,))
        raise self._suggest(not_found) from None

    def _find_listed(self, name: str, error: UnsafePath) -> Session:
        """Return a bad session as it is listed, to be shown; a change to it is refused later."""
        for session in self.workspace.snapshot().sessions:
            if session.path == error.path:
                return session
        raise error

    def _suggest(self, error: SessionNotFound) -> SessionNotFound:
        """Return the error with names in it that have a word like the one that was typed."""
        if error.nearest or not error.name:
            return error
        from difflib import get_close_matches

        by_word: dict[str, str] = {}
        for session in self.workspace.snapshot().sessions:
            for word in fold(session.name).split("-"):
                by_word.setdefault(word, session.name)
        near = get_close_matches(fold(error.name), by_word, 3, _ALIKE)
        nearest = tuple(dict.fromkeys(by_word[word] for word in near))
        return SessionNotFound(error.name, error.root, nearest)

    def pick(self, name: str | None = None, whole: bool = False) -> str:
        """Return the name of the session that a verb is about; `whole` is as for `find`.

        That is the one which was typed, else `--session`, WF_SESSION, the thread's, the marked.

        Raises:
            NoActiveSession: nothing names any.
        """
        if name is not None:
            if self.flag is not None:
                raise UsageError("the session is named twice", "leave out --session or the name")
            return self.find(name, whole).name
        picked = self.look()
        if picked.session is None:
            raise NoActiveSession(self.workspace.root)
        return picked.session

    def look(self) -> locate.Resolution:
        """Find out which session is meant where none is typed; there may be none."""
        resolution = self.workspace.resolve(self.flag)
        if resolution.note:
            self.notes.append(resolution.note)
        return resolution

    def warn_if_pinned(self, name: str) -> None:
        """Note that this shell or thread goes on in another session than the one made active."""
        if self.is_dry:
            return
        try:
            meant = self.workspace.resolve()
        except WfError as error:
            self.notes.append(f"{error}; unset it to work in {name}")
            return
        if meant.session in (name, None):
            return
        if meant.source == "environment":
            self.notes.append(
                f"WF_SESSION keeps this shell in {meant.session}; to work in {name}: "
                "wf use, or unset WF_SESSION"
            )
        else:
            self.notes.append(f"this thread is bound to {meant.session}, and stays in it")


def bring_over(workspace: Workspace) -> None:
    """Bring an older layout over, and say so at once: the verb itself may fail yet."""
    try:
        migration = workspace.bring_over()
    except WfError as error:
        print_line(f"wf: the older layout was left as it is: {error}")
        return
    if migration is not None:
        from wfsession.cli.older import tell_briefly

        for line in tell_briefly(migration):
            print_line(f"wf: {line}")


def find_root(options: "Namespace | SimpleNamespace") -> str:
    """Return the root that was asked for, or the one that belongs to the current directory.

    Raises:
        RootNotFound, UnsafePath, DiskFailed: as `core.locate.find_root`.
        UsageError: `--root` is empty.
    """
    named = getattr(options, "root", None)
    if named is None:
        named, source = locate.read_environment().root, "WF_ROOT"
    elif named:
        source = "--root"
    else:
        raise UsageError("--root is empty", "wf --root PROJECT …")
    if not named:
        check_directory()
        return locate.find_root()
    try:
        return locate.find_root(None, named)
    except RootNotFound as error:
        error.message = f"there is no .workflow directory in {named}, which {source} names"
        error.hint = f"wf init {named}"
        raise


def find_project(call: Call) -> str:
    """Return the directory of the project that is meant: that of its root, or the current one.

    Raises:
        RootNotFound: a root was named, and there is none; and as `find_root`.
    """
    try:
        return os.path.dirname(find_root(call.options))
    except RootNotFound:
        if call.is_pinned:
            raise
        check_directory()
        return os.getcwd()


def check_text(field: str, text: str) -> None:
    """Make sure that what was typed is text, which JSON can hold.

    Raises:
        InvalidValue: it is not valid UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidValue(field, text, "it is not valid UTF-8", "type it as UTF-8") from None
