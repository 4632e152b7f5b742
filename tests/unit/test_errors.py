"""Each error says which, where and why; has a code and a hint; is the standard one; pickles."""

import copy
import errno
import os
import pickle

import pytest

from wfsession import errors
from wfsession.errors import (
    AmbiguousName,
    CannotMove,
    CannotUndo,
    Conflict,
    DiskFailed,
    GitFailed,
    IndexUnavailable,
    InvalidName,
    InvalidValue,
    LockTimeout,
    NameCollision,
    NoActiveSession,
    NotInAttic,
    NotInIndex,
    RecordUnusable,
    RootNotFound,
    SessionArchived,
    SessionNotFound,
    ThreadNotFound,
    UnfinishedTasks,
    UnsafePath,
    WfError,
    WrongState,
    as_wf_error,
)

NO_SPACE = os.strerror(errno.ENOSPC)

# The error, its code, the standard exception that it is, its sentence, its hint, its attributes.
CASES: list[tuple[WfError, str, type[Exception], str, str, dict[str, object]]] = [
    (WfError("it broke"), "failed", Exception, "it broke", "", {}),
    (
        RootNotFound("/p"),
        "root-not-found",
        LookupError,
        "there is no .workflow directory in /p or above it",
        'wf new "what it is about"',
        {"start": "/p"},
    ),
    (
        SessionNotFound("WFS-a", "/r"),
        "session-not-found",
        LookupError,
        "there is no session named 'WFS-a' in /r",
        "wf list --all",
        {"name": "WFS-a", "root": "/r", "nearest": ()},
    ),
    (
        SessionNotFound("WFS-a", "/r", ("WFS-b", "WFS-c"), "WF_SESSION"),
        "session-not-found",
        LookupError,
        "WF_SESSION names 'WFS-a', but there is no session of that name in /r",
        "did you mean WFS-b, WFS-c?",
        {"name": "WFS-a", "root": "/r", "nearest": ("WFS-b", "WFS-c")},
    ),
    (
        GitFailed("git fetch", "no way in", "give it one", "no way in\n"),
        "git-failed",
        RuntimeError,
        "git fetch: no way in",
        "give it one",
        {"command": "git fetch", "reason": "no way in", "output": "no way in\n"},
    ),
    (
        AmbiguousName("a", ("WFS-a1", "WFS-a2")),
        "ambiguous-name",
        LookupError,
        "'a' is part of 2 names: WFS-a1, WFS-a2",
        "type enough of the name to tell them apart",
        {"name": "a", "matches": ("WFS-a1", "WFS-a2")},
    ),
    (
        ThreadNotFound("shell--1", "/r/.threads"),
        "thread-not-found",
        LookupError,
        "no thread 'shell--1' is known in /r/.threads",
        "wf threads --all",
        {"thread": "shell--1", "path": "/r/.threads"},
    ),
    (
        NotInAttic("x", "/r/.attic"),
        "not-in-attic",
        LookupError,
        "no box 'x' is in /r/.attic",
        "wf attic list",
        {"name": "x", "attic": "/r/.attic"},
    ),
    (
        NotInAttic("x", "/r/.attic", is_empty=True),
        "not-in-attic",
        LookupError,
        "the box x in /r/.attic is empty",
        "wf attic empty x",
        {"name": "x", "attic": "/r/.attic"},
    ),
    (
        InvalidName("a/b", "it contains '/'"),
        "invalid-name",
        ValueError,
        "'a/b' cannot be the name of a session: it contains '/'",
        "use letters, digits, '-', '_' and '.', and begin with a letter or a digit",
        {"name": "a/b", "reason": "it contains '/'"},
    ),
    (
        InvalidValue("type", "huge", "'huge' is no type", "wf new --help"),
        "invalid-value",
        ValueError,
        "type: 'huge' is no type",
        "wf new --help",
        {"field": "type", "value": "huge"},
    ),
    (
        NameCollision("WFS-a", "/r/WFS-a"),
        "name-collision",
        FileExistsError,
        "the name 'WFS-a' is taken: /r/WFS-a",
        "choose another name, or look with: wf list --all",
        {"name": "WFS-a", "path": "/r/WFS-a"},
    ),
    (
        NameCollision("WFS-a", "/r/WFS-a", "archived"),
        "name-collision",
        FileExistsError,
        "the name 'WFS-a' is taken: archived: /r/WFS-a",
        "choose another name, or look with: wf list --all",
        {"name": "WFS-a", "path": "/r/WFS-a"},
    ),
    (
        WrongState("WFS-a", "completed", "paused", "wf reopen WFS-a"),
        "wrong-state",
        ValueError,
        "WFS-a is completed, so it cannot be paused",
        "wf reopen WFS-a",
        {"name": "WFS-a", "state": "completed"},
    ),
    (
        SessionArchived("WFS-a", "changed"),
        "session-archived",
        WrongState,
        "WFS-a is archived, so it cannot be changed",
        "wf reopen WFS-a",
        {"name": "WFS-a", "state": "archived"},
    ),
    (
        NoActiveSession("/r"),
        "no-active-session",
        LookupError,
        "no session is active in /r",
        "name one, or: wf switch NAME",
        {"root": "/r"},
    ),
    (
        NotInIndex("run", "wf_1-a", "wf runs --all-projects"),
        "not-in-index",
        LookupError,
        "no run 'wf_1-a' is known from the transcripts",
        "wf runs --all-projects",
        {"what": "run", "name": "wf_1-a"},
    ),
    (
        IndexUnavailable("/c/i.sqlite", "disk full"),
        "index-unavailable",
        RuntimeError,
        "the index /c/i.sqlite cannot be used: disk full",
        "it can be deleted at any time, and is made again: rm /c/i.sqlite",
        {"path": "/c/i.sqlite", "reason": "disk full"},
    ),
    (
        UnfinishedTasks("WFS-a", ("IMPL-1",)),
        "unfinished-tasks",
        RuntimeError,
        "WFS-a has 1 unfinished task: IMPL-1",
        "wf complete --force WFS-a",
        {"name": "WFS-a", "tasks": ("IMPL-1",)},
    ),
    (
        UnfinishedTasks("WFS-a", ("IMPL-1", "IMPL-2")),
        "unfinished-tasks",
        RuntimeError,
        "WFS-a has 2 unfinished tasks: IMPL-1, IMPL-2",
        "wf complete --force WFS-a",
        {"name": "WFS-a", "tasks": ("IMPL-1", "IMPL-2")},
    ),
    (
        RecordUnusable("/r/WFS-a/workflow-session.json", "record-corrupt", "it is empty"),
        "record-unusable",
        ValueError,
        "/r/WFS-a/workflow-session.json: it is empty",
        "wf doctor --fix",
        {"path": "/r/WFS-a/workflow-session.json", "finding": "record-corrupt"},
    ),
    (
        Conflict("/r/x"),
        "conflict",
        RuntimeError,
        "/r/x was changed by somebody else each time it was to be written",
        "try again when the other program is done",
        {"path": "/r/x"},
    ),
    (
        CannotUndo("the switch to WFS-b", "WFS-c is active now"),
        "cannot-undo",
        RuntimeError,
        "the switch to WFS-b cannot be taken back: WFS-c is active now",
        "wf log",
        {"what": "the switch to WFS-b", "reason": "WFS-c is active now"},
    ),
    (
        CannotUndo("", "nothing is known to have been done in /r"),
        "cannot-undo",
        RuntimeError,
        "nothing is known to have been done in /r",
        "wf log",
        {"what": "", "reason": "nothing is known to have been done in /r"},
    ),
    (
        LockTimeout("/r/.wf/lock", 30.0, "process 7"),
        "lock-timeout",
        TimeoutError,
        "/r/.wf/lock was held by process 7 for more than 30 s",
        "try again in a moment",
        {"path": "/r/.wf/lock", "timeout_s": 30.0, "holder": "process 7"},
    ),
    (
        LockTimeout("/r/.wf/lock", 0.5, ""),
        "lock-timeout",
        OSError,
        "/r/.wf/lock was held for more than 0.5 s",
        "try again in a moment",
        {"path": "/r/.wf/lock", "timeout_s": 0.5, "holder": ""},
    ),
    (
        UnsafePath("/r/x", "is a symlink", "remove it"),
        "unsafe-path",
        OSError,
        "/r/x is a symlink",
        "remove it",
        {"path": "/r/x", "reason": "is a symlink"},
    ),
    (
        UnsafePath("/r/x", "is a symlink"),
        "unsafe-path",
        OSError,
        "/r/x is a symlink",
        "look at what is there: ls -ld /r/x",
        {"path": "/r/x", "reason": "is a symlink"},
    ),
    (
        CannotMove("/r/a", "/r/b", "another device"),
        "cannot-move",
        OSError,
        "/r/a cannot be moved to /r/b: another device; nothing was copied",
        "move it by hand, then try again",
        {"path": "/r/a", "target": "/r/b"},
    ),
    (
        DiskFailed("/r/x", OSError(errno.ENOSPC, "?")),
        "disk-failed",
        OSError,
        f"/r/x: {NO_SPACE}",
        "see to the disk or its permissions, then try again",
        {"path": "/r/x", "errno": errno.ENOSPC},
    ),
    (
        DiskFailed("/r/x", OSError("odd")),
        "disk-failed",
        OSError,
        "/r/x: odd",
        "see to the disk or its permissions, then try again",
        {"path": "/r/x", "errno": None},
    ),
]
ids = [f"{number}-{case[1]}" for number, case in enumerate(CASES)]
FAMILY = {
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, WfError)
}


@pytest.mark.parametrize(
    ("error", "code", "standard", "message", "hint", "attributes"), CASES, ids=ids
)
def test_an_error_says_what_is_wrong_and_what_to_type(
    error: WfError,
    code: str,
    standard: type[Exception],
    message: str,
    hint: str,
    attributes: dict[str, object],
) -> None:
    assert str(error) == error.message == message
    assert error.code == code
    assert error.hint == hint
    assert isinstance(error, standard)
    assert isinstance(error, WfError)
    assert {name: getattr(error, name) for name in attributes} == attributes


@pytest.mark.parametrize("error", [case[0] for case in CASES], ids=ids)
def test_an_error_survives_pickling_and_copying_with_all_that_it_says(error: WfError) -> None:
    error.add_note("seen on the way")
    copies = [copy.copy(error)]
    copies += [pickle.loads(pickle.dumps(error, level)) for level in range(6)]
    for other in copies:
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert other.args == error.args
        assert vars(other) == vars(error)
        if isinstance(error, OSError):
            assert isinstance(other, OSError)
            assert other.errno == error.errno


def test_every_error_is_among_the_cases() -> None:
    assert {type(case[0]) for case in CASES} == FAMILY


def test_codes_are_stable_and_each_is_of_one_error() -> None:
    """Scripts compare these. One may be added; none may change."""
    assert {kind.__name__: kind.code for kind in FAMILY} == {
        "WfError": "failed",
        "RootNotFound": "root-not-found",
        "SessionNotFound": "session-not-found",
        "AmbiguousName": "ambiguous-name",
        "ThreadNotFound": "thread-not-found",
        "NotInAttic": "not-in-attic",
        "InvalidName": "invalid-name",
        "InvalidValue": "invalid-value",
        "NameCollision": "name-collision",
        "WrongState": "wrong-state",
        "SessionArchived": "session-archived",
        "NoActiveSession": "no-active-session",
        "NotInIndex": "not-in-index",
        "IndexUnavailable": "index-unavailable",
        "UnfinishedTasks": "unfinished-tasks",
        "RecordUnusable": "record-unusable",
        "Conflict": "conflict",
        "CannotUndo": "cannot-undo",
        "LockTimeout": "lock-timeout",
        "UnsafePath": "unsafe-path",
        "CannotMove": "cannot-move",
        "DiskFailed": "disk-failed",
        "GitFailed": "git-failed",
    }
    assert len({kind.code for kind in FAMILY}) == len(FAMILY)


def test_a_long_name_is_shortened_in_the_message_and_whole_in_the_error() -> None:
    error = InvalidName("x" * 300, "it is too long")
    assert str(error) == f"'{'x' * 40}…' cannot be the name of a session: it is too long"
    assert error.name == "x" * 300
    assert "…" not in str(InvalidName("x" * 40, ""))
    assert "…" in str(InvalidName("x" * 41, ""))


def test_an_error_of_the_system_names_the_entry_that_it_was_about() -> None:
    error = as_wf_error("/r", PermissionError(errno.EACCES, "?", ".wf"))
    assert isinstance(error, DiskFailed)
    assert (error.path, error.errno) == ("/r/.wf", errno.EACCES)


def test_an_error_of_the_system_about_no_entry_names_the_path() -> None:
    for nameless in (OSError(errno.EIO, "?"), OSError(errno.EIO, "?", b"x"), OSError("?")):
        error = as_wf_error("/r", nameless)
        assert isinstance(error, DiskFailed)
        assert error.path == "/r"


def test_an_error_of_ours_stays_as_it_is() -> None:
    error = UnsafePath("/r", "is a symlink")
    assert as_wf_error("/elsewhere", error) is error
