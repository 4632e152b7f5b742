"""`wf bind`, `wf unbind`, `wf threads`: which session each agent's conversation works on."""

from argparse import ArgumentParser
from datetime import datetime

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call, check_text
from wfsession.cli.changed import encode_step, tell_steps
from wfsession.cli.page import Column, Rows
from wfsession.cli.parser import add_action, add_common
from wfsession.cli.portrait import encode_moment
from wfsession.cli.stories import keep_story_of
from wfsession.cli.verb import Verb
from wfsession.core.binding import check_thread
from wfsession.core.locate import read_environment
from wfsession.core.model import Binding
from wfsession.core.times import now
from wfsession.threads.bindings import Thread
from wfsession.words import tell_age

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_COLUMNS = (
    Column("LABEL", least=12),
    Column("SESSION", least=20),
    Column("STATE", drop=1),
    Column("SEEN", drop=2),
    Column("AGENT", drop=4),
    Column("THREAD", drop=3, least=16),
)


@frozen
class Bound(Answer):
    """What was done about one thread; `sentence` says it for people."""

    binding: Binding
    sentence: str
    is_dry: bool
    notes: tuple[str, ...] = ()
    session_id: str = ""

    def to_data(self) -> "Data":
        """Return thread, session, path, previous, and what else there is to know."""
        binding = self.binding
        return {
            "thread": binding.thread,
            "session": binding.session,
            "path": binding.path,
            "previous": binding.previous,
            "changed": binding.changed and not self.is_dry,
            "dry_run": self.is_dry,
            "steps": [encode_step(step) for step in binding.steps],
            "notes": list(binding.notes),
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what was done; in a dry run the steps."""
        if self.is_dry:
            yield from tell_steps(self.binding.thread, self.binding.steps)
        else:
            yield self.sentence


@frozen
class Listed(Answer):
    """The threads of a root; without `with_all` only those that are open."""

    root: str
    threads: tuple[Thread, ...]
    with_all: bool
    at: datetime

    def to_data(self) -> "Data":
        """Return root and threads."""
        return {"root": self.root, "threads": [encode_thread(one) for one in self.threads]}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the table."""
        if is_terminal and not self.threads:
            rest = "." if self.with_all else "; all that are known: wf threads --all"
            yield f"No thread is open in {self.root}{rest}"
            return
        faint = frozenset(
            place for place, one in enumerate(self.threads) if tell_state(one) != "open"
        )
        yield Rows(_COLUMNS, tuple(self._make_row(one) for one in self.threads), faint=faint)

    def _make_row(self, thread: Thread) -> tuple[str, ...]:
        seen = tell_age(thread.last_seen, self.at) if thread.last_seen else ""
        where = thread.session or thread.bound_to or thread.home or ""
        return thread.label, where, tell_state(thread), seen, thread.agent, thread.name


def tell_state(thread: Thread) -> str:
    """Return open|closed|lost|unbound; lost is one whose session is gone or archived."""
    if thread.closed is not None:
        return "closed"
    if thread.session is not None:
        return "open"
    return "lost" if thread.bound_to else "unbound"


def encode_thread(thread: Thread) -> "Data":
    """Return a thread as JSON has it."""
    facts = thread.facts
    return {
        "thread": thread.name,
        "agent": thread.agent,
        "id": thread.id,
        "label": thread.label,
        "state": tell_state(thread),
        "session": thread.session,
        "bound_to": thread.bound_to or None,
        "sessions": list(thread.sessions),
        "first_seen": encode_moment(thread.first_seen),
        "last_seen": encode_moment(thread.last_seen),
        "closed": encode_moment(thread.closed),
        "start_directory": facts.start_directory or None,
        "config_directory": facts.config_directory or None,
        "transcript": facts.transcript or None,
        "branch": facts.branch or None,
        "run": facts.run or None,
        "parent": facts.parent or None,
        "declared_label": facts.declared_label or None,
        "spans": [
            {"since": encode_moment(one.since), "until": encode_moment(one.until)}
            for one in thread.spans
        ],
    }


def bind(call: Call) -> Answer:
    """Bind the thread that asks to a session."""
    check_thread(read_environment().thread)
    name = call.pick(call.options.name)
    binding = call.workspace.bind(name, dry_run=call.is_dry)
    if binding.changed:
        before = f" (before: {binding.previous})" if binding.previous else ""
        sentence = f"Bound {binding.thread} to {binding.session}{before}."
    else:
        sentence = f"{binding.thread} is bound to {binding.session} already."
    notes = (*call.notes, *binding.notes)
    return Bound(binding, sentence, call.is_dry, notes, binding.session or "")


def unbind(call: Call) -> Answer:
    """Let the thread that asks follow the marker."""
    binding = call.workspace.unbind(dry_run=call.is_dry)
    thread = binding.thread
    if binding.changed:
        sentence = f"Unbound {thread} from {binding.previous}; it follows the marker now."
    else:
        sentence = f"{thread} is bound to no session; it follows the marker."
    return Bound(binding, sentence, call.is_dry, binding.notes)


def threads(call: Call) -> Answer:
    """List the threads, label one, or put down that one has ended."""
    workspace, action = call.workspace, call.options.action
    if action == "label":
        return _label(call)
    if action == "close":
        binding = workspace.close_thread(call.options.thread, dry_run=call.is_dry)
        if not call.is_dry:
            call.notes += keep_story_of(workspace.root, binding.thread)
        done = "Closed" if binding.changed else "Closed already:"
        notes = (*call.notes, *binding.notes)
        return Bound(binding, f"{done} {binding.thread}.", call.is_dry, notes)
    with_all = bool(getattr(call.options, "all", False))
    found = workspace.threads(archived=with_all)
    shown = found if with_all else tuple(one for one in found if one.is_open)
    return Listed(workspace.root, shown, with_all, now())


def _label(call: Call) -> Answer:
    label = call.options.label
    check_text("label", label)
    binding = call.workspace.label_thread(call.options.thread, label, dry_run=call.is_dry)
    if not label.strip():
        sentence = f"{binding.thread} has no label of yours now."
    else:
        sentence = f"{binding.thread} is called {label.strip()} now."
    return Bound(binding, sentence, call.is_dry, binding.notes)


def _add_bind(parser: ArgumentParser) -> None:
    help_text = "the session: its name, a former one, or a part that no other has; the one that "
    parser.add_argument("name", metavar="NAME", nargs="?", help=f"{help_text}is meant if left out")


def _add_threads(parser: ArgumentParser) -> None:
    help_text = "its name, its id or its label, or how one of the first two begins"
    parser.add_argument("-a", "--all", action="store_true", help="those that have ended too")
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION")
    summary = "call a thread by a name of your own; an empty one takes it away"
    labelled = add_action(actions, THREADS, "label", summary, "ID NAME")
    labelled.add_argument("thread", metavar="ID", help=help_text)
    labelled.add_argument("label", metavar="NAME", help="what to call it")
    add_common(labelled, THREADS, is_write=True)
    summary = "put down that a thread has ended whose terminal was killed"
    closed = add_action(actions, THREADS, "close", summary, "ID")
    closed.add_argument("thread", metavar="ID", help=help_text)
    add_common(closed, THREADS, is_write=True)


THREADS = Verb(
    "threads",
    "list agents' conversations and their sessions, label one, or close it",
    """\
Those that are open, the one that was seen last first; with --all also those that have
ended, and those of archived sessions. In a pipe: a line each, with tabs between label,
session, state, age, agent and thread. The state is open, closed, unbound, or lost:
its session is gone or archived.

  wf threads
  wf threads label 0b9c41f2 "the reviewer"
  wf threads close 0b9c41f2""",
    "[--all | label ID NAME | close ID]",
    threads,
    _add_threads,
)
VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "bind",
            "bind this conversation to a session, whatever becomes active elsewhere",
            """\
WF_THREAD names the conversation, <agent>--<id>; the hook of `wf install` sets it in
the shells of an agent. It keeps its session while others switch, until it switches
itself or is unbound.

  wf bind oauth
  WF_THREAD=shell--1 wf bind WFS-oauth-integration""",
            "[NAME]",
            bind,
            _add_bind,
            takes_session=True,
            is_write=True,
        ),
        Verb(
            "unbind",
            "let this conversation follow the active session again",
            """\
WF_THREAD names the conversation, as for `wf bind`.

  wf unbind""",
            "",
            unbind,
            is_write=True,
        ),
        THREADS,
    )
}
