"""`wf log` and `wf undo`: what was done, and taking the last of it back."""

import os
from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call
from wfsession.cli.changed import make_changed
from wfsession.cli.page import Column, Rows
from wfsession.cli.verb import Verb
from wfsession.core import layout
from wfsession.core.model import ABSENT, Change, Event, LogEntry
from wfsession.core.times import encode_time, now
from wfsession.core.undo import tell_entry
from wfsession.words import join, tell_age

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from wfsession.cli.answer import Block, Data

_COLUMNS = (
    Column("WHEN"),
    Column("WHAT"),
    Column("SESSION", least=16),
    Column("DETAILS", drop=1, least=16),
)
_MOST = 20
_VALUE_LENGTH = 30
# What follows from the rest of a change, and is no news.
_STAMPS = frozenset({"updated", "paused_at", "resumed_at", "completed_at", "archived_at"})
_FOLLOWING = frozenset({"checkpoint", "transitions", "session_id", "renamed_from"})
_COUNTED = frozenset({"last_checkpoint", "completed_phases", "total", "completed"})


@frozen
class Log(Answer):
    """What was done in a root, the newest first. `entries` is all that the journal has."""

    root: str
    entries: tuple[LogEntry, ...]
    shown: tuple[LogEntry, ...]

    def to_data(self) -> "Data":
        """Return root and entries."""
        return {"root": self.root, "entries": [encode_entry(entry) for entry in self.shown]}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the table; on a terminal its newest rows only."""
        if not self.shown:
            yield f"Nothing is known to have been done in {self.root}."
            return
        moment = now() if is_terminal else None
        shown = self.shown[:_MOST] if is_terminal else self.shown
        yield Rows(_COLUMNS, tuple(self._make_row(entry, moment) for entry in shown))
        if len(shown) < len(self.shown):
            yield f"{len(self.shown) - len(shown)} before these; all of them: wf log | less"

    def _make_row(self, entry: LogEntry, moment: "datetime | None") -> tuple[str, ...]:
        when = ""
        if entry.at is not None:
            when = tell_age(entry.at, moment) if moment else encode_time(entry.at)
        return when, entry.op, entry.session, self._tell_details(entry)

    def _tell_details(self, entry: LogEntry) -> str:
        if entry.state != "done":
            return "cut short" if entry.state == "unfinished" else "cut short, seen to"
        before, after = entry.active
        source, target = entry.moves[0] if entry.moves else ("", "")
        if entry.op == "undone":
            taken = [one for one in self.entries if one.id == entry.undoes]
            return tell_undone(taken[0], self.entries) if taken else ""
        if entry.op == "renamed":
            return f"from {source}"
        if entry.op == "completed" and target:
            return "and archived"
        if entry.op == "changed":
            return join(_tell_changes(entry.changes), 3)
        return f"before: {before}" if before not in (None, after) else ""


def _tell_changes(changes: tuple[Change, ...]) -> "Iterator[str]":
    for change in changes:
        last = change.path[-1]
        if last in _STAMPS or change.path[0] in _FOLLOWING:
            continue
        if change.path[0] == "progress" and last in _COUNTED:
            continue
        yield f"{last} {_tell_value(change.before)} → {_tell_value(change.after)}"


def _tell_value(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = " ".join(value) or "none"
    else:
        text = "nothing" if value is ABSENT else str(value)
    return text if len(text) <= _VALUE_LENGTH else f"{text[:_VALUE_LENGTH]}…"


def encode_entry(entry: LogEntry) -> "Data":
    """Return an operation as JSON has it: what is not known is null, what was not there absent."""
    return {
        "id": entry.id,
        "op": entry.op,
        "at": encode_time(entry.at) if entry.at else None,
        "session": entry.session,
        "active": {"before": entry.active[0], "after": entry.active[1]},
        "moves": [{"from": source or None, "to": target} for source, target in entry.moves],
        "changes": [_encode_change(change) for change in entry.changes],
        "undoes": entry.undoes or None,
        "state": entry.state,
    }


def _encode_change(change: Change) -> "Data":
    values = {"before": change.before, "after": change.after}
    present = {key: value for key, value in values.items() if value is not ABSENT}
    return {"directory": change.directory, "path": list(change.path), **present}


def log(call: Call) -> Answer:
    """Tell what was done."""
    workspace = call.workspace
    entries = workspace.log()
    shown = entries if call.flag is None else workspace.log(call.flag)
    return Log(workspace.root, entries, tuple(reversed(shown)))


def undo(call: Call) -> Answer:
    """Take back the last operation."""
    entries = call.workspace.log()
    event = call.do(lambda workspace: workspace.undo(dry_run=call.is_dry).session)
    assert event.undone is not None
    call.warn_if_pinned(event.undone.active[0] or event.session.name)
    words = tell_undone(event.undone, entries)
    sentence = f"{words[0].upper()}{words[1:]}{_tell_active(event.undone)}."
    extra: Data = {"undone": encode_entry(event.undone)}
    if not _is_in_attic(call.workspace.root, event):
        return make_changed(call, event, sentence, extra=extra)
    extra["state"] = None
    more = (f"  kept: {event.session.path}", "To bring it back: wf undo")
    return make_changed(call, event, sentence, more, extra)


def tell_undone(entry: LogEntry, entries: tuple[LogEntry, ...]) -> str:
    """Return a clause for an operation that was taken back: "took back the switch to WFS-b"."""
    phrase = tell_entry(entry, entries)
    done = phrase.removeprefix("the undoing of ")
    return f"took back {done}" if done == phrase else f"brought back {done}"


def _tell_active(entry: LogEntry) -> str:
    before, after = entry.active
    if before == after:
        return ""
    return f"; {before or 'no session'} is active now"


def _is_in_attic(root: str, event: Event) -> bool:
    return event.session.path.startswith(os.path.join(root, layout.ATTIC, ""))


def _add_log(parser: ArgumentParser) -> None:
    parser.add_argument("--session", metavar="NAME", help="only what this session had to do with")


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "log",
            "tell what was done, the newest first",
            """\
What sessions were created, switched to, changed and so on, by wf and by programs.
It is kept in .workflow/.wf, up to about a megabyte, and may be deleted.

  wf log
  wf log --session WFS-oauth""",
            "[--session NAME]",
            log,
            _add_log,
        ),
        Verb(
            "undo",
            "take back the last thing that was done",
            """\
Switch, pause, resume, complete, archive, reopen, rename, a change of phase or task,
and new, whose session goes to .workflow/.attic if nothing was added to it. Refused
where something else was done by hand since. Undo twice, and it is back.

  wf undo --dry-run
  wf undo""",
            "",
            undo,
            is_write=True,
            brings_over=False,
        ),
    )
}
