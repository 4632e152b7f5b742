"""Puts questions to the index for the verbs: whose transcripts, which project, which threads.

Finds the user's directories and reads the environment; says what became of a refresh.
"""

import os
import re
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from wfsession.cli.call import Call, find_root
from wfsession.cli.refreshing import show_refresh
from wfsession.cli.stories import keep_aged
from wfsession.core.times import now, parse_time
from wfsession.errors import InvalidValue, RootNotFound
from wfsession.hooks.agent import find_home
from wfsession.hooks.claude_code import AGENT
from wfsession.index.aging import Aged, list_aged
from wfsession.index.ask import Answer, Sources
from wfsession.index.desk import Desk, View, list_notes
from wfsession.index.roots import list_roots, remember_root
from wfsession.index.threads import Scope
from wfsession.settings import find_settings_file, read_settings
from wfsession.threads.claude_code import READER
from wfsession.threads.prices import DEFAULT_TABLE, Prices, read_prices
from wfsession.threads.reader import ThreadFile

T = TypeVar("T")
_APP = "wfsession"
PRICES = "prices.toml"
_AGE = re.compile(r"(\d{1,6}) ?(min|h|d|w)")
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY_ONLY = re.compile(r"\d{4}-?\d\d-?\d\d")


def find_transcripts() -> tuple[str, Prices]:
    """Return where the agent's transcripts are, and what its models cost.

    Raises:
        InvalidValue: there is no home, or the settings or the prices cannot be used.
    """
    return find_home(AGENT.home, "transcripts"), _read_prices()


def find_transcript(thread: str) -> str:
    """Return the transcript of a thread of which no hook told where it lies; empty: it has none.

    Args:
        thread: the agent's id of it.

    Raises:
        InvalidValue: there is no home.
    """
    files = READER.list_files(find_home(AGENT.home, "transcripts")).files
    return choose_transcript(files, thread)


def choose_transcript(files: Iterable[ThreadFile], thread: str) -> str:
    """Return the transcript of a thread among files; empty where it has none of its own."""
    found = [one.path for one in files if (one.thread, one.kind) == (thread, "thread")]
    return found[-1] if found else ""


def _read_prices() -> Prices:
    """Return the user's own prices, beside the settings, or ours."""
    own = os.path.join(os.path.dirname(find_settings_file()), PRICES)
    return read_prices(own if os.path.lexists(own) else DEFAULT_TABLE)


def open_desk(call: Call, *, everywhere: bool | None = None, with_git: bool = False) -> Desk:
    """Return where to put questions: about the project that is meant, or about all.

    Args:
        call: what was typed.
        everywhere: whether all projects are meant; what was typed if None.
        with_git: whether git is to be asked what was committed meanwhile.

    Raises:
        RootNotFound: one project is meant, and this is none.
        InvalidValue: there is no home, or the settings or the prices cannot be used.
    """
    from platformdirs import user_cache_dir, user_state_dir

    if everywhere is None:
        everywhere = bool(getattr(call.options, "all_projects", False))
    root = _find_root(call, everywhere)
    state = user_state_dir(_APP, appauthor=False)
    if root:
        remember_root(state, root)
    return Desk(
        sources=Sources(
            home=find_home(AGENT.home, "transcripts"),
            cache=user_cache_dir(_APP, appauthor=False),
            roots=tuple(dict.fromkeys((*list_roots(state), *([root] if root else [])))),
            git=dict(os.environ) if with_git else None,
        ),
        prices=_read_prices(),
        project="" if everywhere else os.path.dirname(root),
        projects=read_settings().index.projects,
    )


def _find_root(call: Call, everywhere: bool) -> str:
    try:
        return find_root(call.options)
    except RootNotFound as error:
        if everywhere and getattr(call.options, "root", None) is None:
            return ""
        error.hint = error.hint + "; or ask about all projects, with: --all-projects"
        raise


def ask(call: Call, desk: Desk, question: Callable[[View], T]) -> T:
    """Ask, after bringing the index up to date; what is worth a word goes to the call's notes."""
    return put(call, desk, question).value


def put(call: Call, desk: Desk, question: Callable[[View], T]) -> Answer[T]:
    """Ask as `ask` does, and return what bringing the index up to date came to, too.

    What is about to be deleted by its agent is kept then, as a story of its session.
    """

    def look(view: View) -> tuple[T, tuple[Aged, ...]]:
        return question(view), list_aged(view.connection, AGENT.name, view.now)

    with show_refresh() as watch:
        answer = desk.ask(look, watch)
    call.notes += list_notes(answer)
    value, aged = answer.value
    if aged:
        keep_aged(aged, desk.sources.path)
    return Answer(value, answer.refreshed, answer.notes)


def make_scope(call: Call, desk: Desk) -> Scope:
    """Return which threads are meant by what was typed."""
    options = call.options
    since = getattr(options, "since", None)
    return Scope(
        project=desk.project,
        session=_find_session(call, desk),
        thread=getattr(options, "thread", None) or "",
        since=parse_since(since) if since is not None else None,
    )


def _find_session(call: Call, desk: Desk) -> str:
    """Return the session that is meant by --session: of another project only its whole name."""
    if call.flag is None:
        return ""
    return call.find(call.flag).name if desk.project else call.flag


def parse_since(text: str) -> datetime:
    """Return the moment that is meant by a date, a time, or an age such as `7d`.

    Raises:
        InvalidValue: it is none of them.
    """
    age = _AGE.fullmatch(text.strip())
    try:
        if age:
            return now() - timedelta(**{_UNITS[age[2]]: int(age[1])})
        if _DAY_ONLY.fullmatch(text.strip()):
            # A day begins where the user is.
            return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError, OSError):
        pass  # a date that no calendar has: as any other text
    moment = parse_time(text.strip())
    if moment is None:
        reason = f"{text!r} is no date, no time and no age"
        raise InvalidValue("--since", text, reason, "as in 2026-09-14, or 90min, 12h, 7d, 2w")
    return moment


def add_filters(parser: ArgumentParser, *, since: bool = False) -> None:
    """Add the options that say which threads are meant."""
    parser.add_argument(
        "--session", metavar="NAME", help="those of one session, or a part of its name"
    )
    if since:
        help_text = "what is not older: a date, a time, or an age such as 12h or 7d"
        parser.add_argument("--since", metavar="WHEN", help=help_text)
    add_all_projects(parser)


def add_all_projects(parser: ArgumentParser) -> None:
    """Add the option that widens a question."""
    parser.add_argument(
        "--all-projects", action="store_true", help="those of all projects, not of this one only"
    )
