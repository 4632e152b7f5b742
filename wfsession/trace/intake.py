"""Items -> the conversations of the sessions that they belong to.

Which session that is, a pin says, else the binding of the item's thread. What belongs to none is
held in the root's `.conversation/`, nobody's, until `claim` gives it to one: when somebody says so,
when an agent's hook binds the thread, or with the next item of a thread that is bound by then.
Imports core, settings and this room; takes the present and the environment as arguments.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from io import FileIO
from typing import NamedTuple

from wfsession.core import layout
from wfsession.core.attic import open_below, set_aside
from wfsession.core.disk import Folder
from wfsession.core.locate import Place, find_bound, find_session, open_root, read_binding
from wfsession.core.lock import Lock
from wfsession.core.names import find_thread_fault
from wfsession.core.times import now
from wfsession.errors import SessionArchived, WfError, as_wf_error
from wfsession.trace.book import (
    Book,
    Patience,
    check_lock,
    hold_conversation,
    open_conversations,
)
from wfsession.trace.item import SUFFIX, Batch, Entry, Item, Problem, encode_line

# Of problems so many are told one by one; all are counted.
MOST_PROBLEMS = 1_000
# The agent of a conversation that nobody names.
UNKNOWN_AGENT = "unknown"

Allows = Callable[[Entry], bool]


class Counts(NamedTuple):
    """What became of items: each is persisted, a duplicate, or skipped for a problem.

    `problems` are the first MOST_PROBLEMS; `errors` are those that were not the items' own fault.
    """

    persisted: int = 0
    duplicate: int = 0
    skipped: int = 0
    problems: tuple[Problem, ...] = ()
    errors: tuple[WfError, ...] = ()

    @property
    def attempted(self) -> int:
        """How many items there were."""
        return self.persisted + self.duplicate + self.skipped


class Claimed(NamedTuple):
    """What came to a session of a thread that was held; `lines` are those that were new there."""

    thread: str
    session: str
    lines: int


class Intake:
    """Takes items into a root's conversations, batch by batch.

    Args:
        root_path: the root.
        patience: how long to wait where a conversation is busy.
        pin: the session that all items go to, whatever their threads are bound to; or empty.
        asking: the thread that hands them over, or empty.
        allows: which entries may be kept; None for all.
        dry_run: whether to count only.
    """

    def __init__(
        self,
        root_path: str,
        patience: Patience,
        pin: str = "",
        asking: str = "",
        allows: Allows | None = None,
        dry_run: bool = False,
    ) -> None:
        self.root_path = root_path
        self.patience = patience
        self.pin = pin
        self.asking = asking
        self.allows = allows
        self.dry_run = dry_run
        self.counts = Counts()
        self._books: dict[tuple[str, str], Book] = {}
        self._agents: dict[str, str] = {}
        self._past: dict[str, set[str]] | None = None

    def take(self, batch: Batch) -> None:
        """Keep a batch; what cannot be kept is counted and told, never raised.

        Raises:
            RootNotFound, UnsafePath, SessionNotFound, SessionArchived: nothing can be kept here.

        On crash: whole lines only; to hand it over again adds what is missing.
        """
        by_thread: dict[str, list[Item]] = {}
        with open_root(self.root_path) as root:
            if self.pin:
                self._find_pinned(root)
            for one in batch.found:
                if isinstance(one, Problem):
                    self._skip(one.position, one.reason, one.session_id)
                    continue
                agent = batch.agent or self._find_agent(root, one.session_id)
                thread = f"{agent}--{one.session_id}"
                fault = find_thread_fault(thread)
                if fault:
                    self._skip(
                        one.position, f"{thread[:80]!r} cannot be a thread: {fault}", one.session_id
                    )
                else:
                    by_thread.setdefault(thread, []).append(one)
            for thread, items in by_thread.items():
                self._take_thread(root, thread, items)

    def _skip(self, position: int, reason: str, session_id: str | None) -> None:
        problems = self.counts.problems
        if len(problems) < MOST_PROBLEMS:
            problems = (*problems, Problem(position, reason, session_id))
        self._count(skipped=1, problems=problems)

    def _count(
        self,
        persisted: int = 0,
        duplicate: int = 0,
        skipped: int = 0,
        problems: tuple[Problem, ...] | None = None,
        errors: tuple[WfError, ...] = (),
    ) -> None:
        so_far = self.counts
        self.counts = Counts(
            so_far.persisted + persisted,
            so_far.duplicate + duplicate,
            so_far.skipped + skipped,
            so_far.problems if problems is None else problems,
            so_far.errors + errors,
        )

    def _find_agent(self, root: Folder, session_id: str) -> str:
        """Return whose conversation has an id, where only one agent's is known here."""
        if session_id not in self._agents:
            asking, _, asking_id = self.asking.partition("--")
            found = {asking} if asking_id == session_id else _list_agents(root, session_id)
            found = found or self._list_past(session_id)
            self._agents[session_id] = next(iter(found)) if len(found) == 1 else UNKNOWN_AGENT
        return self._agents[session_id]

    def _list_past(self, session_id: str) -> set[str]:
        """Return the agents of conversations that are over: bound no more, known to sessions."""
        if self._past is None:
            # Hooks name their agent, and would wait for it.
            from wfsession.threads.bindings import list_threads

            self._past = {}
            for one in list_threads(self.root_path, archived=True):
                self._past.setdefault(one.id, set()).add(one.agent)
        return self._past.get(session_id, set())

    def _find_pinned(self, root: Folder) -> Place:
        place = find_session(root, self.pin)
        if place.location != "root":
            raise SessionArchived(place.name, "changed")
        return place

    def _find_home(self, root: Folder, thread: str) -> Place | None:
        if self.pin:
            return self._find_pinned(root)
        return find_bound(root, read_binding(root, thread))

    def _take_thread(self, root: Folder, thread: str, items: list[Item]) -> None:
        try:
            if self.dry_run:
                place = self._find_home(root, thread)
                written = self._sort(root, thread, place, items)[1]
            else:
                self._read_ahead(root, thread)
                with hold_conversation(root, thread, self.patience) as lock:
                    written = self._write(root, thread, items, lock)
        except (OSError, WfError) as problem:
            error = as_wf_error(root.path, problem) if isinstance(problem, OSError) else problem
            for item in items:
                self._skip(item.position, str(error), item.session_id)
            self._count(errors=(error,))
            # What was noted as written may not be.
            self._books = {key: book for key, book in self._books.items() if key[0] != thread}
            return
        for item, state in zip(items, written, strict=True):
            if state is None:
                self._skip(item.position, "the settings keep nothing of it", item.session_id)
            else:
                self._count(persisted=int(state), duplicate=int(not state))

    def _write(self, root: Folder, thread: str, items: list[Item], lock: Lock) -> list[bool | None]:
        place = self._find_home(root, thread)
        if place is not None:
            _claim(root, thread, place, lock, now())
        lines, written = self._sort(root, thread, place, items)
        book = self._get_book(thread, place)
        if lines or book.is_torn:
            check_lock(lock)
            with _open_home(root, place) as home, open_conversations(home, place is None) as folder:
                book.append(folder, thread + SUFFIX, lines)
        return written

    def _read_ahead(self, root: Folder, thread: str) -> None:
        """Read what a conversation has before its lock is held: others then wait for less."""
        book = self._read_book(root, thread, self._find_home(root, thread))
        if book.is_torn:
            # It may be the half of what somebody writes just now, whose rest would be no line.
            book.forget()

    def _read_book(self, root: Folder, thread: str, place: Place | None) -> Book:
        book = self._get_book(thread, place)
        try:
            with _open_home(root, place) as home, home.child(layout.CONVERSATION) as folder:
                book.read_on(folder, thread + SUFFIX)
        except FileNotFoundError:
            book.forget()
        return book

    def _get_book(self, thread: str, place: Place | None) -> Book:
        return self._books.setdefault((thread, place.directory if place else ""), Book())

    def _sort(
        self, root: Folder, thread: str, place: Place | None, items: list[Item]
    ) -> tuple[list[bytes], list[bool | None]]:
        """Return the lines that are new, and for each item whether any of it is.

        None is of an item of which nothing may be kept.
        """
        book = self._read_book(root, thread, place)
        lines: list[bytes] = []
        written: list[bool | None] = []
        for item in items:
            entries = [one for one in item.entries if self.allows is None or self.allows(one)]
            state = None if not entries else False
            for entry in entries:
                if not book.is_known(entry.line):
                    book.note(entry.line)
                    lines.append(encode_line(entry.line))
                    state = True
            written.append(state)
        return lines, written


def _open_home(root: Folder, place: Place | None) -> Folder:
    return open_below(root, place.directory if place is not None else "")


def _list_agents(root: Folder, session_id: str) -> set[str]:
    """Return the agents that have a conversation of that id, bound or held, in a root."""
    found = set()
    for directory, suffix in ((layout.THREADS, ""), (layout.CONVERSATION, SUFFIX)):
        try:
            with root.child(directory) as folder:
                names = folder.list_names()
        except OSError:
            continue  # none is bound, or none held
        end = f"--{session_id}{suffix}"
        found |= {name.removesuffix(end) for name in names if name.endswith(end)}
    return {agent for agent in found if agent != UNKNOWN_AGENT and "--" not in agent}


def list_held(root_path: str) -> tuple[str, ...]:
    """Return the threads of which lines are held for no session yet."""
    with open_root(root_path) as root:
        try:
            with root.child(layout.CONVERSATION) as folder:
                names = sorted(folder.list_names())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise as_wf_error(root_path, error) from None
    threads = (name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX))
    return tuple(thread for thread in threads if not find_thread_fault(thread))


def claim(root_path: str, threads: Iterable[str], name: str, patience: Patience) -> list[Claimed]:
    """Give what is held of threads to a session.

    Args:
        root_path: the root.
        threads: the threads; one of which nothing is held is passed over.
        name: the session.
        patience: how long to wait where a conversation is busy.

    Raises:
        SessionNotFound, SessionArchived: the session cannot be worked on.
        LockTimeout, Conflict, UnsafePath, DiskFailed: it stays as it was.

    On crash: the lines are held, or in the session, or both; the next claim goes on.
    """
    claimed = []
    with open_root(root_path) as root:
        place = find_session(root, name)
        if place.location != "root":
            raise SessionArchived(place.name, "changed")
        try:
            for thread in threads:
                if _is_held(root, thread):
                    with hold_conversation(root, thread, patience) as lock:
                        lines = _claim(root, thread, place, lock, now())
                    claimed.append(Claimed(thread, place.name, lines))
        except OSError as error:
            raise as_wf_error(root_path, error) from None
    return claimed


def _add_missing(waiting: Folder, folder: Folder, name: str) -> int:
    """Write what is held and not in a session yet behind what it has; return how many lines."""
    # Loaded here, as it takes long and most edits find nothing that is held.
    from wfsession.threads.lines import read_batches

    book = Book()
    book.read_on(folder, name)
    added = 0
    with FileIO(waiting.open_file(name)[0]) as stream:
        for batch in read_batches(stream):
            new = [line for line in batch.objects if not book.is_known(line)]
            for line in new:
                book.note(line)
            if new:
                book.append(folder, name, [encode_line(line) for line in new])
            added += len(new)
    return added


def _is_held(root: Folder, thread: str) -> bool:
    try:
        with root.child(layout.CONVERSATION) as folder:
            return folder.find(thread + SUFFIX) is not None
    except FileNotFoundError:
        return False


def _claim(root: Folder, thread: str, place: Place, lock: Lock, moment: datetime) -> int:
    """Move what is held of a thread to a session, whose lock is held; return how many lines."""
    if not _is_held(root, thread):
        return 0
    name = thread + SUFFIX
    held = Book()
    with (
        root.child(layout.CONVERSATION) as waiting,
        _open_home(root, place) as home,
        open_conversations(home, False) as folder,
    ):
        check_lock(lock)
        if folder.find(name) is None:
            held.read_on(waiting, name)
            waiting.move(name, name, folder)
            folder.sync()
            waiting.sync()
            return held.lines
        lines = _add_missing(waiting, folder, name)
    set_aside(
        root, f"{layout.CONVERSATION}/{name}", "conversation", f"{place.name} has it now", moment
    )
    return lines
