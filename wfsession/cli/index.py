"""`wf index`: how large the index is and how old; bring it up to date, make it anew, compare it."""

from argparse import ArgumentParser

import attrs
from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.asking import ask, open_desk, put
from wfsession.cli.call import Call
from wfsession.cli.page import Pairs
from wfsession.cli.parser import add_action, add_common
from wfsession.cli.verb import Verb
from wfsession.cli.watching import show_progress
from wfsession.core.times import encode_time, now
from wfsession.index.as_json import encode_status
from wfsession.index.ask import rebuild
from wfsession.index.desk import Desk
from wfsession.index.refresh import Refreshed
from wfsession.index.verify import Difference, IndexStatus, read_status, verify_index
from wfsession.words import count, join, tell_ago, tell_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_MOST = 10


@frozen
class Told(Answer):
    """What an index has."""

    status: IndexStatus
    home: str
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return where it is, how large, of when, and what it has."""
        return {**encode_status(self.status), "home": self.home}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the page."""
        yield Pairs(tuple(self._tell(is_terminal)))

    def _tell(self, is_terminal: bool) -> "Iterator[tuple[str, str]]":
        status = self.status
        yield "transcripts", self.home
        yield "index", status.path or "in memory, for this answer only"
        yield "size", tell_size(status.size_bytes)
        if status.refreshed:
            at = status.refreshed
            yield "refreshed", tell_ago(at, now()) if is_terminal else encode_time(at)
        label = "has"
        for name, number in status.rows:
            yield label, f"{name}: {number:,}"
            label = ""
        if status.skipped:
            much = count(status.skipped, "line")
            yield "left out", f"{much} of {status.lines:,} that are broken or too long"
        if status.unknown:
            kinds = join((f"{name} ({number})" for name, number in status.unknown), _MOST)
            yield "unknown", f"lines of types that are not known: {kinds}"
        label = "problems"
        for problem in status.problems[:_MOST]:
            yield label, f"{problem.path}: {problem.reason}"
            label = ""


@frozen
class Done(Answer):
    """What bringing an index up to date came to."""

    refreshed: Refreshed
    path: str
    is_new: bool
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return how much was read, and what could not be."""
        done = self.refreshed
        return {
            "path": self.path,
            "read": done.read,
            "removed": done.removed,
            "size_bytes": done.size_bytes,
            "problems": [attrs.asdict(one) for one in done.problems],
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what was done."""
        done = self.refreshed
        if not self.is_new and not done.read and not done.removed:
            yield "The index was up to date."
            return
        gone = f", and took out {count(done.removed, 'file')}" if done.removed else ""
        much = f"{count(done.read, 'file')}, {tell_size(done.size_bytes)}{gone}"
        yield f"{'Made the index anew' if self.is_new else 'Read what is new'}: {much}."


@frozen
class Compared(Answer):
    """Where an index and the transcripts differ."""

    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # a value there, computed here
        """1 where they differ."""
        return 1 if self.differences else 0

    def to_data(self) -> "Data":
        """Return the differences."""
        return {"differences": [attrs.asdict(one) for one in self.differences]}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield each difference, and what to do."""
        if not self.differences:
            yield "The index says what the transcripts say."
            return
        for one in self.differences:
            yield f"{one.path}: {one.indexed:,} {one.what}, but {one.counted:,} in the file"
        yield "To make it anew: wf index rebuild"


def index(call: Call) -> Answer:
    """Tell of the index, bring it up to date, make it anew, or compare it."""
    desk = open_desk(call, everywhere=True)
    action = call.options.action
    if action in (None, "status"):
        status = ask(call, desk, lambda view: read_status(view.connection))
        return Told(status, desk.sources.home, tuple(call.notes))
    if action == "verify":
        return _verify(call, desk)
    if action == "rebuild":
        rebuild(desk.sources)
    answer = put(call, desk, lambda view: None)
    return Done(answer.refreshed, desk.sources.path, action == "rebuild", tuple(call.notes))


def _verify(call: Call, desk: Desk) -> Answer:
    sources = desk.sources
    with show_progress("comparing files") as watch:
        differences = ask(
            call,
            desk,
            lambda view: verify_index(
                view.connection, sources.reader, sources.home, sources.roots, watch
            ),
        )
    return Compared(differences, tuple(call.notes))


def _add_index(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION")
    for name, summary in (
        ("status", "tell what the index has, and what it could not read"),
        ("refresh", "read what is new"),
        ("rebuild", "make it anew from the transcripts"),
        ("verify", "count all transcripts again, and tell where the index differs"),
    ):
        add_common(add_action(actions, INDEX, name, summary), INDEX)


INDEX = Verb(
    "index",
    "look after the index of what agents said and did",
    """\
The index is a file in the user's cache. It is made of the transcripts, brought up to
date by whatever asks it, and made anew where it is gone or damaged: it can be deleted
at any time, and costs nothing but the time to read. `verify` fails with 1 where it
differs from the transcripts.

  wf index
  wf index rebuild""",
    "[status | refresh | rebuild | verify]",
    index,
    _add_index,
)
VERBS = {INDEX.name: INDEX}
