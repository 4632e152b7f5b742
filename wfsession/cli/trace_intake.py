"""`wf trace ingest` and `wf trace claim`: agents' conversations come to their sessions."""

import sys
import time
from typing import Any

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call
from wfsession.cli.parser import add_action, add_common
from wfsession.cli.render import is_terminal
from wfsession.cli.verb import Verb
from wfsession.core.binding import check_thread
from wfsession.core.locate import read_environment
from wfsession.errors import InvalidValue, ThreadNotFound, WfError
from wfsession.settings import TraceSettings, read_settings
from wfsession.trace.allowed import make_allows
from wfsession.trace.book import make_patience
from wfsession.trace.envelopes import read_envelope
from wfsession.trace.intake import Claimed, Counts, Intake, claim, list_held
from wfsession.words import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data


@frozen
class Ingested(Answer):
    """What became of an envelope. `failure` is why it could not be read to its end, if so."""

    counts: Counts
    failure: WfError | None
    is_dry: bool
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return attempted, persisted, duplicate, skipped and problems."""
        counts = self.counts
        return {
            "attempted": counts.attempted,
            "persisted": counts.persisted,
            "duplicate": counts.duplicate,
            "skipped": counts.skipped,
            "problems": [
                {"index": one.position, "reason": one.reason, "session_id": one.session_id}
                for one in counts.problems
            ],
            "error": str(self.failure) if self.failure is not None else None,
            "dry_run": self.is_dry,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield one line."""
        counts = self.counts
        kept = "would be kept" if self.is_dry else "kept"
        yield (
            f"{count(counts.attempted, 'item')}: {counts.persisted} {kept},"
            f" {counts.duplicate} known already, {counts.skipped} skipped"
        )


@frozen
class Given(Answer):
    """What was held, and came to a session."""

    claimed: tuple[Claimed, ...]
    session: str
    is_dry: bool
    session_id: str = ""
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return session and threads."""
        return {
            "session": self.session,
            "threads": [{"thread": one.thread, "lines": one.lines} for one in self.claimed],
            "dry_run": self.is_dry,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield a line for each thread."""
        if not self.claimed:
            yield "Nothing was done: no conversation is held that belongs to no session."
        for one in self.claimed:
            if self.is_dry:
                yield f"Nothing was done. This would give {one.thread} to {self.session}."
            else:
                yield f"Gave {one.thread} to {self.session}: {count(one.lines, 'line')}."


def ingest(call: Call) -> Answer:
    """Take in an envelope from standard input; whatever comes, it is no failure of the agent."""
    intake: Intake | None = None
    failure: WfError | None = None
    try:
        settings = _read_settings(call)
        intake = _make_intake(call, settings)
        if sys.stdin is None or is_terminal(sys.stdin):
            hint = "pipe an envelope into it; docs/conversations.md tells which there are"
            raise InvalidValue("standard input", None, "there is nothing on it", hint)
        for batch in read_envelope(sys.stdin.buffer.read, time.time_ns() // 1_000_000):
            intake.take(batch)
    except WfError as found:
        failure = found
    except OSError as error:
        failure = InvalidValue("standard input", None, f"it cannot be read: {error}")
    counts = intake.counts if intake is not None else Counts()
    notes = []
    for one in (*counts.errors, *((failure,) if failure else ())):
        notes.append(f"{one} ({one.hint})" if one.hint else str(one))
    notes += [f"item {one.position} was skipped: {one.reason}" for one in counts.problems[:3]]
    if counts.skipped > 3:
        notes.append(f"{counts.skipped - 3} more were skipped; --json tells of each")
    return Ingested(counts, failure, call.is_dry, (*call.notes, *dict.fromkeys(notes)))


def _read_settings(call: Call) -> TraceSettings:
    """Return the settings; what was asked for by hand does not fail for a mistake in them."""
    try:
        return read_settings().trace
    except WfError as error:
        if call.options.by_settings:
            raise
        call.notes.append(str(error))
        return TraceSettings()


def _make_intake(call: Call, settings: TraceSettings) -> Intake:
    environment = read_environment()
    return Intake(
        call.workspace.root,
        make_patience(settings),
        pin=call.flag if call.flag is not None else environment.session,
        asking=environment.thread,
        allows=make_allows(settings) if call.options.by_settings else None,
        dry_run=call.is_dry,
    )


def give(call: Call) -> Answer:
    """Give to a session what is held of threads that belonged to none."""
    root = call.workspace.root
    held = list_held(root)
    wanted = call.options.thread
    if wanted is not None:
        meant = [one for one in held if wanted in (one, one.partition("--")[2])]
        if not meant:
            check_thread(wanted if "--" in wanted else f"agent--{wanted}")
            raise ThreadNotFound(wanted, f"{root}/.conversation")
        held = tuple(meant)
    name = call.pick()
    if call.is_dry:
        claimed = [Claimed(one, name, 0) for one in held]
    else:
        claimed = claim(root, held, name, make_patience(read_settings().trace))
    return Given(tuple(claimed), name, call.is_dry, name, tuple(call.notes))


RUN = {"ingest": ingest, "claim": give}


def add_actions(actions: Any, verb: Verb) -> None:
    """Add the parsers of these actions."""
    summary = "take in messages and patches of a conversation from standard input"
    taken = add_action(actions, verb, "ingest", summary, "[--session NAME] [--by-settings]")
    taken.add_argument(
        "--by-settings",
        action="store_true",
        help="keep only what trace.messages and trace.patches allow, as plugins do",
    )
    add_common(taken, verb, is_write=True)
    _add_session(taken, "where all of it goes; else to what each thread is bound to")
    summary = "give to a session what was held of conversations that belonged to none"
    claimed = add_action(actions, verb, "claim", summary, "[THREAD] [--session NAME]")
    claimed.add_argument(
        "thread", metavar="THREAD", nargs="?", help="its name or its id; all if left out"
    )
    add_common(claimed, verb, is_write=True)
    _add_session(claimed, "the session; the one that is meant if left out")


def _add_session(parser: Any, about: str) -> None:
    parser.add_argument("--session", metavar="NAME", default=None, help=about)
