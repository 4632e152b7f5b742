"""`wf list`, and `wf current` and `wf path` with options."""

from datetime import datetime

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call
from wfsession.cli.current import Current
from wfsession.cli.page import Column, Rows
from wfsession.cli.portrait import encode_session, tell_tasks, tell_title
from wfsession.cli.verb import Verb
from wfsession.cli.watching import show_progress
from wfsession.core import locate
from wfsession.core.model import Session, Snapshot
from wfsession.errors import RootNotFound
from wfsession.words import count, is_serious, tell_age

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_STATE = Column("STATE", drop=1)
_MARK = Column("")
_COLUMNS = (
    Column("NAME", least=20),
    _STATE,
    Column("PHASE", drop=5),
    Column("TASKS", drop=4),
    Column("AGE", drop=3),
    Column("TITLE", drop=6, least=12),
)
_PROBLEMS = Column("PROBLEMS", drop=2, least=17)


class Listed(Answer):
    """The sessions of a root, in the order in which they are shown."""

    __slots__ = ("sessions", "snapshot", "with_archived")

    def __init__(
        self, snapshot: Snapshot, sessions: tuple[Session, ...], with_archived: bool
    ) -> None:
        self.snapshot = snapshot
        self.sessions = sessions
        self.with_archived = with_archived

    def to_data(self) -> "Data":
        """Return root, active and sessions."""
        return {
            "root": self.snapshot.root,
            "active": self.snapshot.active,
            "sessions": [encode_session(session) for session in self.sessions],
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the table, and on a terminal what is worth a word about it."""
        now = self.snapshot.taken_at
        rows = tuple(_make_row(session, now) for session in self.sessions)
        if not is_terminal:
            yield Rows(_COLUMNS, rows)
            return
        if not rows:
            yield f"There is no session in {self.snapshot.root} yet."
            yield 'To begin one: wf new "what it is about"'
            return
        active = self.snapshot.active
        # Scripts hold on to the number of their columns; they have --json for the problems.
        yield Rows(
            (_MARK, *_COLUMNS[:-1], _PROBLEMS, _COLUMNS[-1]),
            tuple(
                (_tell_mark(one, active), *row[:-1], _tell_problems(one), row[-1])
                for one, row in zip(self.sessions, rows, strict=True)
            ),
            marked=frozenset(
                place for place, one in enumerate(self.sessions) if _is_active(one, active)
            ),
            faint=frozenset(
                place
                for place, one in enumerate(self.sessions)
                if one.state in ("completed", "archived")
            ),
        )
        troubled = [one.name for one in self.sessions if any(map(is_serious, one.problems))]
        if troubled:
            yield f"{count(len(troubled), 'session')} with problems; look with: wf show NAME"


def _is_active(session: Session, active: str | None) -> bool:
    return session.name == active and session.location == "root"


def _tell_mark(session: Session, active: str | None) -> str:
    return "*" if _is_active(session, active) else ""


def _tell_problems(session: Session) -> str:
    """Return the id of the first problem, and how many more there are."""
    more = len(session.problems) - 1
    return "".join(session.problems[:1]) + (f" +{more}" if more > 0 else "")


def _make_row(session: Session, now: datetime) -> tuple[str, ...]:
    return (
        session.name,
        session.state,
        session.phase,
        tell_tasks(session),
        tell_age(session.updated, now),
        tell_title(session),
    )


def sort_sessions(snapshot: Snapshot) -> tuple[Session, ...]:
    """Return the sessions: the active one, then by their last change, the archived ones last."""
    by_name = sorted(snapshot.sessions, key=lambda session: session.name)
    by_age = sorted(by_name, key=lambda session: session.updated, reverse=True)
    return tuple(
        sorted(
            by_age,
            key=lambda one: (one.location != "root", not _is_active(one, snapshot.active)),
        )
    )


def list_sessions(call: Call) -> Answer:
    """List the sessions of a root."""
    with show_progress("reading sessions") as watch:
        snapshot = call.workspace.snapshot(archived=call.options.all, watch=watch)
    return Listed(snapshot, sort_sessions(snapshot), call.options.all)


def current(call: Call) -> Answer:
    """Answer which session is meant here."""
    return Current("current", _resolve(call))


def path(call: Call) -> Answer:
    """Answer where the session is that is meant here."""
    return Current("path", _resolve(call))


def _resolve(call: Call) -> locate.Resolution:
    try:
        workspace = call.workspace
    except RootNotFound:
        # A WF_ROOT without a root says that there is none; the library answers the same.
        if call.has_flag or locate.read_environment().session:
            raise
        return locate.Resolution(None, None, "none")
    return workspace.resolve(call.flag)


def _add_list(parser: "ArgumentParser") -> None:
    parser.add_argument("-a", "--all", action="store_true", help="the archived ones too")


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "list",
            "list the sessions of this project",
            """\
The active one first, then by their last change; bad ones are listed as bad, with
the reason. On a terminal a column names what is wrong with each. In a pipe: a line
each, with tabs between name, state, phase, tasks, age and title, and `-` for what is
empty.

  wf list
  wf list --all --json""",
            "[--all]",
            list_sessions,
            _add_list,
        ),
        Verb(
            "current",
            "print the name of the session that is meant here",
            """\
That is, in this order: --session, WF_SESSION, the thread's own, the marker's.
Prints nothing and fails with 1 where none is. --json says which of these it was.

  wf current""",
            "",
            current,
            takes_session=True,
        ),
        Verb(
            "path",
            "print the directory of the session that is meant here",
            """\
As `wf current`, but the absolute path.

  cat "$(wf path)/IMPL_PLAN.md\"""",
            "",
            path,
            takes_session=True,
        ),
    )
}
