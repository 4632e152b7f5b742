"""The threads of a root as values: what their sessions' files and their bindings say together.

Reads only; `core.binding` writes. A thread that worked on several sessions has a file in each;
the one in the session that it is bound to counts, else the one that was written last.
"""

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from attrs import evolve, field, frozen

from wfsession.core import layout
from wfsession.core.binding import bind, close, declare, label, parse_thread
from wfsession.core.disk import Folder
from wfsession.core.draft import read_file
from wfsession.core.locate import Environment, find_bound, open_root, read_binding
from wfsession.core.model import Binding, Session, ThreadFacts
from wfsession.core.names import find_thread_fault
from wfsession.core.operation import DEFAULT_TIMEOUT_S
from wfsession.core.snapshot import open_session, read_snapshot
from wfsession.core.times import parse_time
from wfsession.errors import AmbiguousName, ThreadNotFound, UnsafePath, as_wf_error

_SHORT = 8
_SUFFIX = ".json"
_NO_FACTS = ThreadFacts()


@frozen
class Span:
    """A stretch of work on a session; `until` is None while it lasts."""

    since: datetime | None
    until: datetime | None


@frozen
class Thread:
    """A conversation of an agent, as a root knows it.

    `name` is `<agent>--<id>`. `session` is the one that it is bound to, or None; `home` the one
    whose file tells the rest, or None where no session has one; `sessions` are all that have.
    `bound_to` is the name that the binding holds, also where that session is gone. Texts that are
    not known are empty. `data` is the whole file, with what we do not know.
    """

    name: str
    session: str | None = None
    bound_to: str = ""
    home: str | None = None
    is_archived: bool = False
    sessions: tuple[str, ...] = ()
    facts: ThreadFacts = _NO_FACTS
    user_label: str = ""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    closed: datetime | None = None
    spans: tuple[Span, ...] = ()
    data: Mapping[str, Any] = field(factory=dict, repr=False)

    @property
    def agent(self) -> str:
        """The agent that it is a conversation of."""
        return self.name.partition("--")[0]

    @property
    def id(self) -> str:
        """What the agent calls it."""
        return self.name.partition("--")[2]

    @property
    def label(self) -> str:
        """What to call it: the user's label, else the declared one, else the short id."""
        return self.user_label or self.facts.declared_label or self.id[:_SHORT]

    @property
    def is_open(self) -> bool:
        """Tell whether it may still be at work: it is bound, and nobody closed it."""
        return self.session is not None and self.closed is None


def bind_thread(
    root_path: str,
    thread: str | None,
    name: str,
    environment: Environment,
    timeout_s: float,
    dry_run: bool,
) -> Binding:
    """Bind a thread to a session; if it is None the one that asks, with what is declared of it.

    Raises:
        InvalidValue: it is no thread, or none asks; and what `core.binding.bind` raises.
    """
    facts = declare(environment) if thread is None else _NO_FACTS
    asking = environment.thread if thread is None else thread
    return bind(root_path, asking, name, facts, timeout_s=timeout_s, dry_run=dry_run)


def list_threads(root_path: str, archived: bool = False) -> tuple[Thread, ...]:
    """Read the threads of a root, the one that was seen last first.

    Args:
        root_path: the root.
        archived: whether to count what is in archived sessions too.

    Returns:
        One value for each thread. Files that are no records of threads count nothing.

    Raises:
        RootNotFound, UnsafePath, DiskFailed: the root cannot be read.
    """
    return _read_threads(root_path, archived, is_strict=False)


def _read_threads(root_path: str, archived: bool, is_strict: bool) -> tuple[Thread, ...]:
    """Read the threads; where `is_strict`, a disk that fails is an error and not a gap."""
    found: dict[str, list[Thread]] = {}
    with open_root(root_path) as root:
        try:
            for session in read_snapshot(root_path, archived).sessions:
                for thread in _read_session(session, is_strict):
                    found.setdefault(thread.name, []).append(thread)
            bound = dict(_read_bindings(root))
        except OSError as error:
            raise as_wf_error(root_path, error) from None
    names = dict.fromkeys((*found, *bound))
    threads = [_merge(name, found.get(name, []), *bound.get(name, ("", None))) for name in names]
    return tuple(sorted(threads, key=_order, reverse=True))


def _order(thread: Thread) -> tuple[float, str]:
    return (thread.last_seen.timestamp() if thread.last_seen else 0.0), thread.name


def _read_bindings(root: Folder) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """Yield each thread that has a binding: what that holds, and the session that it leads to."""
    try:
        with root.child(layout.THREADS) as folder:
            names = sorted(folder.list_names())
    except (FileNotFoundError, UnsafePath):
        # Nothing is bound, or nothing that could be followed.
        return
    for name in names:
        held = read_binding(root, name) if not find_thread_fault(name) else None
        if held is not None:
            place = find_bound(root, held)
            yield name, (held, place.name if place else None)


def _read_session(session: Session, is_strict: bool) -> Iterator[Thread]:
    if "unsafe-session" in session.problems:
        return
    try:
        with open_session(session) as folder:
            with folder.child(layout.THREADS) as threads:
                names = [name for name in threads.list_names() if name.endswith(_SUFFIX)]
            for name in sorted(names):
                thread = name.removesuffix(_SUFFIX)
                data = None if find_thread_fault(thread) else _read_data(folder, name, is_strict)
                if data is not None:
                    yield build_thread(thread, session, data)
    except OSError as error:
        # Without threads, moved meanwhile, or not to be read: a listing does not depend on it.
        if is_strict and not isinstance(error, FileNotFoundError | UnsafePath):
            raise


def _read_data(folder: Folder, name: str, is_strict: bool) -> dict[str, Any] | None:
    try:
        contents = read_file(folder, name)
    except OSError as error:
        # A symlink, a device, or somebody else's.
        if is_strict and not isinstance(error, UnsafePath):
            raise
        return None
    return parse_thread(contents.data if contents else None)


def build_thread(name: str, session: Session, data: Mapping[str, Any]) -> Thread:
    """Return a thread as one session's file has it; what is of a wrong type is left out."""

    def text(key: str) -> str:
        value = data.get(key)
        return value if isinstance(value, str) else ""

    facts = ThreadFacts(
        start_directory=text("start_directory"),
        config_directory=text("config_directory"),
        transcript=text("transcript"),
        branch=text("branch"),
        run=text("run"),
        parent=text("parent"),
        declared_label=text("declared_label"),
    )
    return Thread(
        name=name,
        home=session.name,
        is_archived=session.location != "root",
        facts=facts,
        user_label=text("label"),
        first_seen=parse_time(data.get("first_seen")),
        last_seen=parse_time(data.get("last_seen")),
        closed=parse_time(data.get("closed")),
        spans=tuple(
            Span(parse_time(span.get("since")), parse_time(span.get("until")))
            for span in data.get("spans", [])
        ),
        data=data,
    )


def _merge(name: str, files: list[Thread], bound_to: str, session: str | None) -> Thread:
    files = sorted(files, key=_order, reverse=True)
    home = next((one for one in files if one.home == session), files[0] if files else None)
    sessions = tuple(dict.fromkeys(one.home for one in files if one.home is not None))
    if home is None:
        return Thread(name, session, bound_to)
    spans = home.spans
    if spans and spans[-1].until is None and home.home != session:
        # It went on elsewhere, and a crash kept that from being put down here.
        spans = (*spans[:-1], Span(spans[-1].since, home.last_seen))
    return evolve(home, session=session, bound_to=bound_to, sessions=sessions, spans=spans)


def find_thread(root_path: str, wanted: str) -> Thread:
    """Return the thread that somebody means by its name, its id, its label, or how one begins.

    Raises:
        ThreadNotFound, AmbiguousName: none is meant, or several.
    """
    threads = _read_threads(root_path, archived=True, is_strict=True)
    for keys in (_whole_names, _beginnings):
        meant = [one for one in threads if wanted and keys(one, wanted)]
        if len(meant) == 1:
            return meant[0]
        if meant:
            raise AmbiguousName(wanted, tuple(one.name for one in meant))
    raise ThreadNotFound(wanted, os.path.join(root_path, layout.THREADS))


def _whole_names(thread: Thread, wanted: str) -> bool:
    return wanted in (thread.name, thread.id, thread.label)


def _beginnings(thread: Thread, wanted: str) -> bool:
    return thread.name.startswith(wanted) or thread.id.startswith(wanted)


def close_thread(
    root_path: str, wanted: str, *, timeout_s: float = DEFAULT_TIMEOUT_S, dry_run: bool = False
) -> Binding:
    """Put down that the thread has ended that is meant by `wanted`; see `core.binding.close`.

    Raises:
        ThreadNotFound, AmbiguousName: as `find_thread`.
    """
    thread = find_thread(root_path, wanted)
    return close(root_path, thread.name, _find_home(thread), timeout_s=timeout_s, dry_run=dry_run)


def label_thread(
    root_path: str,
    wanted: str,
    text: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Binding:
    """Give the thread a label that is meant by `wanted`; an empty one takes it away.

    Raises:
        ThreadNotFound, AmbiguousName: as `find_thread`.
    """
    thread = find_thread(root_path, wanted)
    home = _find_home(thread)
    return label(root_path, thread.name, home, text, timeout_s=timeout_s, dry_run=dry_run)


def _find_home(thread: Thread) -> str:
    if thread.home is None:
        raise ThreadNotFound(thread.name, f"any session: bound to {thread.bound_to!r} only")
    return thread.home
