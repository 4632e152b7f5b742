"""`wf search` and `wf unfinished`: what was said, and what has no end, with what shows it."""

from argparse import ArgumentParser
from datetime import datetime
from typing import get_args

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.asking import add_filters, ask, make_scope, open_desk
from wfsession.cli.call import Call
from wfsession.cli.figures import shorten_id, tell_moment, tell_status
from wfsession.cli.page import Column, Passage, Rows
from wfsession.cli.verb import Verb
from wfsession.core.times import encode_time, now
from wfsession.index.as_json import encode_hit, encode_unfinished
from wfsession.index.search import Hit, SearchFilter, search
from wfsession.index.unfinished import Unfinished, list_unfinished
from wfsession.threads.events import Role
from wfsession.words import join, tell_ago

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_MOST = 20
_INDENT = 2
_HITS = tuple(map(Column, ("AT", "ROLE", "THREAD", "AGENT", "SESSION", "TEXT", "TRANSCRIPT")))
_OPEN = tuple(map(Column, ("KIND", "NAME", "STATUS", "AT", "SESSION", "EVIDENCE", "PATH")))


@frozen
class Found(Answer):
    """Messages that were found, the best first."""

    words: str
    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # a value there, computed here
        """1 where nothing was found."""
        return 0 if self.hits else 1

    def to_data(self) -> "Data":
        """Return the messages."""
        return {"words": self.words, "hits": [encode_hit(hit) for hit in self.hits]}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield each message with where it stands; in a pipe as a row."""
        if not is_terminal:
            yield Rows(_HITS, tuple(map(_make_hit_row, self.hits)))
            return
        if not self.hits:
            yield "No message has all of these words."
        for hit in self.hits:
            where = join(
                one
                for one in (tell_moment(hit.at), hit.role, hit.label or hit.agent, hit.session)
                if one
            )
            yield Passage(f"{where} ({shorten_id(hit.thread)})", style="faint")
            yield Passage(hit.snippet, indent=_INDENT, matches=hit.matches)
        if len(self.hits) == _MOST:
            yield Passage(f"These are the best {_MOST}; more words find fewer.")


def _make_hit_row(hit: Hit) -> tuple[str, ...]:
    at = encode_time(hit.at) if hit.at else ""
    who = hit.label or hit.agent
    return at, hit.role, hit.thread, who, hit.session, hit.snippet, hit.path


@frozen
class StillOpen(Answer):
    """What was begun and has no end, the last that was touched first."""

    found: tuple[Unfinished, ...]
    at: datetime
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return what has no end."""
        return {"unfinished": [encode_unfinished(one) for one in self.found]}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield each with what shows it; in a pipe as a row."""
        if not is_terminal:
            yield Rows(_OPEN, tuple(map(_make_open_row, self.found)))
            return
        if not self.found:
            yield "Nothing is unfinished."
        for one in self.found:
            name = shorten_id(one.name) if one.kind == "thread" else one.name
            of = f" of {one.run}" if one.kind == "agent" else ""
            rest = join(
                text
                for text in (
                    tell_status(one.status, one.certain),
                    tell_ago(one.at, self.at) if one.at else "",
                    one.session if one.kind != "session" else "",
                )
                if text
            )
            yield Passage(f"{one.kind} {name}{of}: {rest}", style="strong")
            yield Passage(one.evidence, indent=_INDENT)


def _make_open_row(one: Unfinished) -> tuple[str, ...]:
    at = encode_time(one.at) if one.at else ""
    status = tell_status(one.status, one.certain)
    return one.kind, one.name, status, at, one.session, one.evidence, one.path


def find(call: Call) -> Answer:
    """Find messages."""
    options, desk = call.options, open_desk(call)
    words = " ".join(options.words)
    wanted = SearchFilter(
        make_scope(call, desk), run=options.run or "", agent=options.agent or "", role=options.role
    )
    hits = ask(call, desk, lambda view: search(view.connection, view.catalog, words, wanted, _MOST))
    return Found(words, hits, tuple(call.notes))


def unfinished(call: Call) -> Answer:
    """List what has no end."""
    desk = open_desk(call)
    scope = make_scope(call, desk)
    found = ask(
        call, desk, lambda view: list_unfinished(view.connection, view.catalog, view.now, scope)
    )
    return StillOpen(found, now(), tuple(call.notes))


def _add_search(parser: ArgumentParser) -> None:
    parser.add_argument("words", metavar="WORDS", nargs="+", help="what all must be in a message")
    parser.add_argument("--run", metavar="ID", help="what agents of this run said")
    help_text = "what this agent said: its label, type or id; `main` is the conversation itself"
    parser.add_argument("--agent", metavar="AGENT", help=help_text)
    parser.add_argument("--role", choices=get_args(Role), help="who said it")
    add_filters(parser, since=True)


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "search",
            "find what was said in the conversations of this project",
            """\
Finds messages that have all of the words, or words that begin with them; no sign has
a meaning, and neither case nor accents count. The best first, at most 20. Fails with
1 where there is none. In a pipe: a line each, with tabs between time, role, thread,
agent, session, text and transcript.

  wf search refresh token
  wf search migration --role user --since 7d
  wf search "--force" --all-projects""",
            "WORDS [--role ROLE] [--since WHEN] …",
            find,
            _add_search,
        ),
        Verb(
            "unfinished",
            "list what was begun and has no end: runs, agents, sessions, conversations",
            """\
Runs that did not complete, agents without a result, sessions that are paused with
tasks in hand, and conversations whose last word is a question, or that something
blocks them; each with what shows it. A question mark: only the times of files tell.
In a pipe: a line each, with tabs between kind, name, status, time, session, evidence
and path.

  wf unfinished
  wf unfinished --all-projects""",
            "[--session NAME] [--all-projects]",
            unfinished,
            add_filters,
        ),
    )
}
