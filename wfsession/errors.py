"""The errors that the library raises. Imports nothing of ours; never prints.

Every error says which thing, where and why in one sentence, carries a stable `code` and a `hint`
that says what to type, and can be pickled. Each also is the standard exception of its meaning,
so that `except LookupError` works without knowing us.
"""

import os


def _rebuild(
    kind: type["WfError"], args: tuple[object, ...], state: dict[str, object]
) -> "WfError":
    error = kind.__new__(kind, *args)
    error.args = args
    for name, value in state.items():
        setattr(error, name, value)
    return error


class WfError(Exception):
    """The family. `str(error)` is the sentence, `code` is stable, `hint` may be empty."""

    code = "failed"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        state = dict(self.__dict__)
        if isinstance(self, OSError) and self.errno is not None:
            # The system's own attribute, which is not kept among ours.
            state["errno"] = self.errno
        return _rebuild, (type(self), self.args, state)


_BEGIN = 'wf new "what it is about"'


class RootNotFound(WfError, LookupError):
    """No `.workflow` directory at or above a path. Attributes: start."""

    code = "root-not-found"

    def __init__(self, start: str) -> None:
        super().__init__(f"there is no .workflow directory in {start} or above it", _BEGIN)
        self.start = start


class SessionNotFound(WfError, LookupError):
    """A name that no session has. Attributes: name, root, nearest (names that look alike)."""

    code = "session-not-found"

    def __init__(
        self, name: str, root: str, nearest: tuple[str, ...] = (), source: str = ""
    ) -> None:
        said = f"{source} names {name!r}, but there is" if source else "there is"
        what = f" named {name!r}" if not source else " of that name"
        hint = f"did you mean {', '.join(nearest)}?" if nearest else "wf list --all"
        super().__init__(f"{said} no session{what} in {root}", hint)
        self.name = name
        self.root = root
        self.nearest = nearest


class ThreadNotFound(WfError, LookupError):
    """A thread that a root knows nothing of. Attributes: thread, path."""

    code = "thread-not-found"

    def __init__(self, thread: str, path: str) -> None:
        shown = thread if len(thread) <= 40 else thread[:40] + "…"
        super().__init__(f"no thread {shown!r} is known in {path}", "wf threads --all")
        self.thread = thread
        self.path = path


class AmbiguousName(WfError, LookupError):
    """A part of a name that several sessions, threads, or boxes of the attic, share.

    Attributes: name, matches.
    """

    code = "ambiguous-name"

    def __init__(self, name: str, matches: tuple[str, ...]) -> None:
        super().__init__(
            f"{name!r} is part of {len(matches)} names: {', '.join(matches)}",
            "type enough of the name to tell them apart",
        )
        self.name = name
        self.matches = matches


class NotInAttic(WfError, LookupError):
    """A box that the attic does not have, or that has nothing in it. Attributes: name, attic."""

    code = "not-in-attic"

    def __init__(self, name: str, attic: str, is_empty: bool = False) -> None:
        super().__init__(
            f"the box {name} in {attic} is empty" if is_empty else f"no box {name!r} is in {attic}",
            f"wf attic empty {name}" if is_empty else "wf attic list",
        )
        self.name = name
        self.attic = attic


class InvalidName(WfError, ValueError):
    """A name that no session may have. Attributes: name, reason."""

    code = "invalid-name"

    def __init__(self, name: str, reason: str) -> None:
        shown = name if len(name) <= 40 else name[:40] + "…"
        super().__init__(
            f"{shown!r} cannot be the name of a session: {reason}",
            "use letters, digits, '-', '_' and '.', and begin with a letter or a digit",
        )
        self.name = name
        self.reason = reason


class InvalidValue(WfError, ValueError):
    """A value that an operation cannot use. Attributes: field, value."""

    code = "invalid-value"

    def __init__(self, field: str, value: object, reason: str, hint: str = "") -> None:
        super().__init__(f"{field}: {reason}", hint)
        self.field = field
        self.value = value


class NameCollision(WfError, FileExistsError):
    """The name of something new is taken. Attributes: name, path."""

    code = "name-collision"

    def __init__(self, name: str, path: str, reason: str = "") -> None:
        super().__init__(
            f"the name {name!r} is taken{reason and ': ' + reason}: {path}",
            "choose another name, or look with: wf list --all",
        )
        self.name = name
        self.path = path


class WrongState(WfError, ValueError):
    """An operation that the session's state does not allow. Attributes: name, state."""

    code = "wrong-state"

    def __init__(self, name: str, state: str, wanted: str, hint: str) -> None:
        super().__init__(f"{name} is {state}, so it cannot be {wanted}", hint)
        self.name = name
        self.state = state


class SessionArchived(WrongState):
    """A write to an archived session, which can only be read. Attributes: name, state."""

    code = "session-archived"

    def __init__(self, name: str, wanted: str) -> None:
        super().__init__(name, "archived", wanted, f"wf reopen {name}")


class NoActiveSession(WfError, LookupError):
    """An operation on the active session where none is active. Attributes: root."""

    code = "no-active-session"

    def __init__(self, root: str) -> None:
        super().__init__(f"no session is active in {root}", "name one, or: wf switch NAME")
        self.root = root


class UnfinishedTasks(WfError, RuntimeError):
    """Tasks that stand in the way of completing. Attributes: name, tasks."""

    code = "unfinished-tasks"

    def __init__(self, name: str, tasks: tuple[str, ...]) -> None:
        count = f"{len(tasks)} unfinished task{'s' if len(tasks) != 1 else ''}"
        super().__init__(f"{name} has {count}: {', '.join(tasks)}", f"wf complete --force {name}")
        self.name = name
        self.tasks = tasks


class RecordUnusable(WfError, ValueError):
    """A record that cannot be read or changed safely. Attributes: path, finding."""

    code = "record-unusable"

    def __init__(self, path: str, finding: str, reason: str) -> None:
        is_newer = finding == "record-newer-schema"
        super().__init__(
            f"{path}: {reason}", "upgrade wfsession" if is_newer else "wf doctor --fix"
        )
        self.path = path
        self.finding = finding


class Conflict(WfError, RuntimeError):
    """Somebody else kept changing what was to be written. Attributes: path."""

    code = "conflict"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} was changed by somebody else each time it was to be written",
            "try again when the other program is done",
        )
        self.path = path


class CannotUndo(WfError, RuntimeError):
    """An operation that cannot be taken back, or that there is none. Attributes: what, reason."""

    code = "cannot-undo"

    def __init__(self, what: str, reason: str, hint: str = "wf log") -> None:
        super().__init__(f"{what} cannot be taken back: {reason}" if what else reason, hint)
        self.what = what
        self.reason = reason


class GitFailed(WfError, RuntimeError):
    """git could not do what it was asked, or there is none that can.

    Attributes: command (without credentials), reason (git's own words), output (all of them).
    """

    code = "git-failed"

    def __init__(self, command: str, reason: str, hint: str = "", output: str = "") -> None:
        super().__init__(f"{command}: {reason}", hint)
        self.command = command
        self.reason = reason
        self.output = output


class LockTimeout(WfError, TimeoutError):
    """The lock of a root was held for too long. Attributes: path, timeout_s, holder."""

    code = "lock-timeout"

    def __init__(self, path: str, timeout_s: float, holder: str) -> None:
        held = f" by {holder}" if holder else ""
        super().__init__(
            f"{path} was held{held} for more than {timeout_s:g} s", "try again in a moment"
        )
        self.path = path
        self.timeout_s = timeout_s
        self.holder = holder


class UnsafePath(WfError, OSError):
    """A path that is not of the kind it must be: a symlink, a device, a file for a directory.

    Attributes: path, reason.
    """

    code = "unsafe-path"

    def __init__(self, path: str, reason: str, hint: str = "") -> None:
        super().__init__(f"{path} {reason}", hint or f"look at what is there: ls -ld {path}")
        self.path = path
        self.reason = reason


class CannotMove(WfError, OSError):
    """A directory that cannot be renamed to where it belongs. Attributes: path, target."""

    code = "cannot-move"

    def __init__(self, path: str, target: str, reason: str) -> None:
        super().__init__(
            f"{path} cannot be moved to {target}: {reason}; nothing was copied",
            "move it by hand, then try again",
        )
        self.path = path
        self.target = target


class DiskFailed(WfError, OSError):
    """The operating system refused. Attributes: path, errno (the system's number)."""

    code = "disk-failed"

    def __init__(self, path: str, error: OSError) -> None:
        reason = os.strerror(error.errno) if error.errno else str(error)
        super().__init__(f"{path}: {reason}", "see to the disk or its permissions, then try again")
        self.path = path
        self.errno = error.errno


class NotInIndex(WfError, LookupError):
    """A run, or an agent of one, of which no transcript knows. Attributes: what, name."""

    code = "not-in-index"

    def __init__(self, what: str, name: str, hint: str) -> None:
        super().__init__(f"no {what} {name!r} is known from the transcripts", hint)
        self.what = what
        self.name = name


class IndexUnavailable(WfError, RuntimeError):
    """An index that can neither be used nor be made. Attributes: path, reason."""

    code = "index-unavailable"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"the index {path} cannot be used: {reason}",
            f"it can be deleted at any time, and is made again: rm {path}",
        )
        self.path = path
        self.reason = reason


def as_wf_error(path: str, error: OSError) -> WfError:
    """Return an error of the system as one of ours; one that is ours already as it is.

    Args:
        path: the directory (or the file) that the failed call was about.
        error: what was raised; where it names an entry, that is put below `path`.
    """
    if isinstance(error, WfError):
        return error
    named = error.filename if isinstance(error.filename, str) else ""
    return DiskFailed(os.path.join(path, named) if named else path, error)
