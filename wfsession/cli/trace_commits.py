"""`wf trace commit`, `show`, `blame` and `rewrite`: the records of commits, and what they say."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from attrs import frozen

from wfsession.cli.answer import Answer, Ended, UsageError
from wfsession.cli.call import Call, find_root
from wfsession.cli.here import check_directory
from wfsession.cli.page import Column, Rows
from wfsession.cli.parser import add_action, add_common
from wfsession.cli.render import is_terminal
from wfsession.cli.verb import Verb
from wfsession.cli.version import find_version
from wfsession.core.jsontext import parse_json
from wfsession.errors import RootNotFound, WfError
from wfsession.git import Git, make_access
from wfsession.trace.blame import BlamedLine, blame
from wfsession.trace.commit import make_record, trace_commit
from wfsession.trace.history import read_commit
from wfsession.trace.keep import keep_record
from wfsession.trace.notes import REF, read_notes, write_records
from wfsession.trace.record import Record, encode_record, parse_records
from wfsession.trace.rewrite import parse_rewritten, trace_rewritten
from wfsession.words import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wfsession.cli.answer import Block, Data

_SHORT = 10
_HUNKS = (
    Column("FILE", least=12),
    Column("LINES"),
    Column("BY"),
    Column("MODEL", drop=2, least=10),
    Column("CONVERSATION", drop=1, least=20),
)
_LINES = (
    Column("LINE"),
    Column("COMMIT", drop=2),
    Column("BY"),
    Column("MODEL", drop=3, least=8),
    Column("SESSION", least=10),
    Column("CONVERSATION", drop=4),
    Column("CODE", drop=1, least=16),
)


@frozen
class Committed(Answer):
    """The record of a commit, and where it was written."""

    record: Record
    unparsed: int
    is_changed: bool
    file: str | None
    is_dry: bool
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return revision, record, and where that is."""
        return {
            "revision": self.record.revision,
            "record": parse_json(encode_record(self.record)),
            "note": None if self.is_dry else REF,
            "file": self.file,
            "changed": self.is_changed,
            "unparsed": self.unparsed,
            "dry_run": self.is_dry,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield a sentence, and the hunks."""
        commit = self.record.revision[:_SHORT]
        if self.is_dry:
            yield f"Nothing was done. The record of {commit} would say:"
        else:
            yield f"Traced {commit}: {_tell_hunks(self.record)}."
        yield Rows(_HUNKS, tuple(_make_hunk_rows(self.record)))
        if self.file:
            yield f"  {self.file}"


@frozen
class Shown(Answer):
    """The records in the note of a commit, those of other tools too."""

    revision: str
    records: tuple[Record, ...]

    @property
    def exit_code(self) -> int:  # type: ignore[override] # there a plain value
        """Be 1 where there is no record."""
        return 0 if self.records else 1

    def to_data(self) -> "Data":
        """Return revision and records."""
        return {
            "revision": self.revision,
            "records": [dict(record.data) for record in self.records],
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield each record: what wrote it, and its hunks."""
        commit = self.revision[:_SHORT]
        if not self.records and is_terminal:
            yield f"No record is kept of {commit}; to make one: wf trace commit {commit}"
        for record in self.records:
            if is_terminal:
                tool = " ".join(filter(None, record.tool)) or "an unnamed tool"
                yield f"{commit}, recorded by {tool}: {_tell_hunks(record)}."
            yield Rows(_HUNKS, tuple(_make_hunk_rows(record)))


@frozen
class Blamed(Answer):
    """Who wrote each line of a file."""

    file: str
    lines: tuple[BlamedLine, ...]

    def to_data(self) -> "Data":
        """Return file and lines."""
        return {"file": self.file, "lines": [_encode_line(line) for line in self.lines]}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the table; what no agent wrote stands back."""
        rows = tuple(_make_line_row(line) for line in self.lines)
        faint = frozenset(
            place for place, line in enumerate(self.lines) if line.contributor == "unknown"
        )
        yield Rows(_LINES, rows, faint=faint)


@frozen
class Rewritten(Answer):
    """The records of commits that took the place of others."""

    records: tuple[Record, ...]
    is_changed: bool
    is_dry: bool

    def to_data(self) -> "Data":
        """Return the commits."""
        return {
            "commits": [record.revision for record in self.records],
            "changed": self.is_changed,
            "dry_run": self.is_dry,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield a line for each commit."""
        if self.is_dry:
            yield "Nothing was done. Records would be kept of:"
        elif not self.records:
            yield "No agent wrote any line of these commits."
        for record in self.records:
            yield f"Traced {record.revision[:_SHORT]}: {_tell_hunks(record)}."


def _tell_hunks(record: Record) -> str:
    found = [one.contributor for file in record.files for one in file.conversations]
    parts = [
        f"{found.count(kind)} {kind}"
        for kind in ("ai", "mixed", "human", "unknown")
        if kind in found
    ]
    told = f" ({', '.join(parts)})" if parts else ""
    return f"{count(len(found), 'hunk')}{told}"


def _make_hunk_rows(record: Record) -> "Iterator[tuple[str, ...]]":
    for file in record.files:
        for one in file.conversations:
            link = one.url or " ".join(one.related)
            for span in one.ranges:
                lines = f"{span.start_line}-{span.end_line}"
                model = span.model_id or one.model_id
                yield file.path, lines, span.contributor or one.contributor, model, link


def _encode_line(line: BlamedLine) -> "Data":
    return {
        "line": line.number,
        "commit": line.revision or None,
        "contributor": line.contributor,
        "model_id": line.model_id or None,
        "session": line.session or None,
        "url": line.url or None,
        # What is no UTF-8 is no JSON either.
        "content": line.content.encode("utf-8", "replace").decode(),
    }


def _make_line_row(line: BlamedLine) -> tuple[str, ...]:
    commit = line.revision[:_SHORT] or "not yet"
    number, by = str(line.number), line.contributor
    return number, commit, by, line.model_id, line.session, line.url, line.content


def _open_git() -> Git:
    check_directory()
    return Git(make_access(os.environ))


def _find_any_root(call: Call) -> str | None:
    try:
        return find_root(call.options)
    except RootNotFound:
        if call.is_pinned:
            raise
        return None


def _do(call: Call, act: "Callable[[Call], Answer]") -> Answer:
    """Do what an action does; for a hook in silence, and without failing."""
    if not call.options.hook:
        return act(call)
    try:
        act(call)
    except (WfError, OSError) as error:
        return Ended(0, (f"who wrote the lines of the commit was not kept: {error}",))
    return Ended(0)


def commit(call: Call) -> Answer:
    """Make the record of a commit, and keep it."""
    return _do(call, _commit)


def _commit(call: Call) -> Answer:
    options, git = call.options, _open_git()
    root = _find_any_root(call) if options.hook else call.workspace.root
    if root is None:
        return Ended(0)
    session = call.pick() if options.file else ""
    traced = trace_commit(git, root, options.revision)
    if options.hook and not traced.has_agents:
        return Ended(0)
    record = make_record(traced, find_version())
    is_changed = not call.is_dry and write_records(git, {record.revision: record})
    file = keep_record(root, session, record) if options.file and not call.is_dry else None
    notes = list(call.notes)
    if traced.unparsed:
        patches = "a patch" if traced.unparsed == 1 else f"{traced.unparsed} patches"
        notes.append(f"{patches} of agents could not be read, and so counted nothing")
    return Committed(record, traced.unparsed, is_changed, file, call.is_dry, tuple(notes))


def rewrite(call: Call) -> Answer:
    """Make the records of commits anew that took the place of others."""
    return _do(call, _rewrite)


def _rewrite(call: Call) -> Answer:
    if sys.stdin is None or is_terminal(sys.stdin):
        hint = "git's hook post-rewrite calls this: wf install git-hooks"
        raise UsageError("trace rewrite reads OLD NEW from standard input", hint)
    rewritten = parse_rewritten(os.fsdecode(sys.stdin.buffer.read()))
    git = _open_git()
    traced = trace_rewritten(git, _find_any_root(call), rewritten)
    records = [make_record(one, find_version()) for one in traced]
    is_changed = bool(records) and not call.is_dry
    if is_changed:
        is_changed = write_records(git, {record.revision: record for record in records})
    return Rewritten(tuple(records), is_changed, call.is_dry)


def show(call: Call) -> Answer:
    """Tell what the note of a commit says."""
    git = _open_git()
    revision = read_commit(git, call.options.revision).revision
    found = read_notes(git).read([revision])
    return Shown(revision, parse_records(found.get(revision, b"")))


def tell_blame(call: Call) -> Answer:
    """Tell who wrote each line of a file."""
    file = call.options.file
    return Blamed(file, blame(_open_git(), file, call.options.lines or ""))


RUN = {"commit": commit, "show": show, "blame": tell_blame, "rewrite": rewrite}


def add_actions(actions: Any, verb: Verb) -> None:
    """Add the parsers of these actions."""
    summary = "make the record of a commit, and keep it as a note"
    made = add_action(actions, verb, "commit", summary, "[REV] [--file]")
    _add_revision(made)
    made.add_argument(
        "--file", action="store_true", help="keep it in the session's .agent-trace/ too"
    )
    _add_hook(made)
    add_common(made, verb, is_write=True)
    shown = add_action(actions, verb, "show", "tell what the record of a commit says", "[REV]")
    _add_revision(shown)
    add_common(shown, verb)
    summary = "tell of each line of a file which agent wrote it"
    blamed = add_action(actions, verb, "blame", summary, "FILE [-L RANGE]")
    blamed.add_argument("file", metavar="FILE", help="a file of the repository")
    blamed.add_argument(
        "-L", dest="lines", metavar="RANGE", help="which lines, as git blame takes them: 3,5"
    )
    add_common(blamed, verb)
    summary = "carry records over to rewritten commits; git's hook calls it"
    rewritten = add_action(actions, verb, "rewrite", summary)
    _add_hook(rewritten)
    add_common(rewritten, verb, is_write=True)


def _add_revision(parser: ArgumentParser) -> None:
    parser.add_argument(
        "revision", metavar="REV", nargs="?", default="HEAD", help="the commit; HEAD if left out"
    )


def _add_hook(parser: ArgumentParser) -> None:
    help_text = "as git's hook calls it: only where an agent wrote; in silence; never failing"
    parser.add_argument("--hook", action="store_true", help=help_text)
