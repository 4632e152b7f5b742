"""`wf workdir webhook|sweep|reset`: which workdirs are done with, and away with them."""

import sys
from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer, UsageError
from wfsession.cli.call import Call
from wfsession.cli.page import Column, Rows
from wfsession.cli.render import is_terminal
from wfsession.cli.workdir_action import Action, find_access
from wfsession.core.times import now
from wfsession.settings import read_settings
from wfsession.words import count, tell_size
from wfsession.workdirs.clean import Decision
from wfsession.workdirs.key import make_key
from wfsession.workdirs.marks import Marked, mark_workdirs
from wfsession.workdirs.places import find_places
from wfsession.workdirs.reasons import Kind
from wfsession.workdirs.record import BadRecord
from wfsession.workdirs.remote import parse_remote
from wfsession.workdirs.reset import reset
from wfsession.workdirs.sweep import Swept, sweep
from wfsession.workdirs.webhook import LIMIT_BYTES, Ignored, Meant, parse_payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_COLUMNS = (
    Column("WHAT"),
    Column("AGENT", drop=2),
    Column("BRANCH", least=12),
    Column("SIZE", drop=1),
    Column("WHY", least=24),
)
_IN_A_PIPE = (*_COLUMNS, Column("REPOSITORY"), Column("PATH"))


@frozen
class Noted(Answer):
    """Which workdirs a payload marked, or (dry run) would mark; or why it marked none."""

    said: Meant | Ignored
    marked: Marked
    is_dry: bool

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]  # a value there, computed here
        """What could not be marked."""
        return _tell_bad(self.marked.bad)

    def to_data(self) -> "Data":
        """Return marked, ignored and dry_run."""
        ignored = self.said.reason if isinstance(self.said, Ignored) else None
        return {
            "marked": [
                {
                    "agent": one.agent,
                    "repository": one.repository,
                    "branch": one.branch,
                    "path": find_places().workdir(one.key),
                    "reason": one.marked.reason if one.marked else None,
                }
                for one in self.marked.records
            ],
            "ignored": ignored,
            "dry_run": self.is_dry,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield a line for each workdir, or one that says why there is none."""
        if isinstance(self.said, Ignored):
            yield f"Nothing is marked: {self.said.reason}."
            return
        if not self.marked.records:
            yield f"Nothing is marked: there is no workdir for {self.said.branch} there."
        word = "Would mark" if self.is_dry else "Marked"
        for one in self.marked.records:
            yield f"{word} the workdir of {one.agent} for {one.branch} of {one.repository}"


@frozen
class Cleaned(Answer):
    """What was removed and kept, or (not applied) would be. `again` is what to type to do it."""

    swept: Swept
    again: str

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]  # a value there, computed here
        """What went wrong on the way."""
        expired = (one.problem for one in self.swept.expired if one.problem)
        return (*self.swept.notes, *expired, *_tell_bad(self.swept.bad))

    def to_data(self) -> "Data":
        """Return the decisions, and what left the trash."""
        swept = self.swept
        return {
            "applied": swept.applied,
            "workdirs": [_encode(one) for one in swept.decisions],
            "others": swept.others,
            "expired": [
                {"path": one.path, "size_bytes": one.size_bytes, "problem": one.problem or None}
                for one in swept.expired
            ],
            "freed_bytes": swept.freed_bytes,
            "bad": [{"path": one.path, "reason": one.reason} for one in swept.bad],
            "notes": list(swept.notes),
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the table; on a terminal also what it comes to."""
        rows = tuple(self._make_row(one, is_terminal) for one in self.swept.decisions)
        if not is_terminal:
            yield Rows(_IN_A_PIPE, rows)
            return
        if rows:
            yield Rows(_COLUMNS, rows)
        for one in self.swept.decisions:
            for reason in one.reasons:
                yield f"{one.record.agent}, {one.record.branch}: {reason.sentence}"
        yield from self._sum_up()

    def _make_row(self, decision: Decision, is_terminal: bool) -> tuple[str, ...]:
        record = decision.record
        if decision.action == "keep":
            what, why = "kept", ", ".join(dict.fromkeys(one.code for one in decision.reasons))
        else:
            what, why = "removed" if decision.removed else "would go", decision.why
        row = (what, record.agent, record.branch, tell_size(decision.size_bytes), why)
        return row if is_terminal else (*row, record.repository, decision.path)

    def _sum_up(self) -> "Iterator[Block]":
        swept = self.swept
        removed = sum(one.action == "remove" for one in swept.decisions)
        expired = sum(not one.problem for one in swept.expired)
        gone = f"{count(expired, 'box')} of the trash, {tell_size(swept.freed_bytes)} of the disk"
        if swept.others:
            yield f"Not done with: {count(swept.others, 'other workdir')}."
        if not removed and not expired:
            yield "There is nothing to remove."
        elif not swept.applied:
            yield "Nothing was done, and the remote was not asked. This would:"
            if removed:
                yield f"  move {count(removed, 'workdir')} to the trash"
            if expired:
                yield f"  delete {gone}"
            yield f"To do it: {self.again}"
        else:
            if removed:
                yield f"Moved {count(removed, 'workdir')} to {find_places().trash}"
                yield "The note in each box there has the way back."
            if expired:
                yield f"Deleted {gone}."


def _encode(decision: Decision) -> "Data":
    record, removed = decision.record, decision.removed
    return {
        "agent": record.agent,
        "repository": record.repository,
        "branch": record.branch,
        "path": decision.path,
        "action": decision.action,
        "reasons": [
            {"code": one.code, "kind": one.kind, "message": one.sentence}
            for one in decision.reasons
        ],
        "why": decision.why or None,
        "size_bytes": decision.size_bytes,
        "trash": removed.box if removed else None,
        "bundle": (removed.bundle or None) if removed else None,
    }


def _tell_bad(bad: tuple[BadRecord, ...]) -> tuple[str, ...]:
    return tuple(f"{one.path} was left alone: {one.reason}" for one in bad)


def take_payload(call: Call) -> Answer:
    """Mark the workdirs that a payload on standard input is about."""
    if sys.stdin is None or is_terminal(sys.stdin):
        raise UsageError(
            "workdir webhook: the payload comes on standard input",
            "wf workdir webhook < payload.json",
        )
    said = parse_payload(sys.stdin.buffer.read(LIMIT_BYTES + 1))
    if isinstance(said, Ignored):
        return Noted(said, Marked((), ()), call.is_dry)
    return Noted(said, mark_workdirs(find_places(), said, now(), dry_run=call.is_dry), call.is_dry)


def sweep_all(call: Call) -> Answer:
    """Remove what is done with and safely elsewhere."""
    options = call.options
    repository = parse_remote(options.repo) if options.repo is not None else None
    swept = sweep(
        find_places(), find_access(), read_settings().workdirs,
        apply=_is_applied(call), at=now(), repository=repository,
    )  # fmt: skip
    return Cleaned(
        swept, " ".join(("wf workdir sweep --apply", *_say_option("repo", options.repo)))
    )


def reset_some(call: Call) -> Answer:
    """Remove one workdir of an agent, or all of them."""
    options = call.options
    is_one = options.repo is not None and options.branch is not None
    if options.all == is_one or (options.all and (options.repo or options.branch)):
        raise UsageError(
            "workdir reset: name one workdir, or take all of the agent's",
            "wf workdir reset --agent AGENT --repo REPOSITORY --branch BRANCH, or: --all",
        )
    remote = parse_remote(options.repo) if is_one else None
    key = make_key(options.agent, remote, options.branch) if remote else None
    flags: tuple[Kind, ...] = ("dirty", "unpushed")
    may_lose = frozenset(flag for flag in flags if getattr(options, flag))
    swept = reset(
        find_places(), find_access(), read_settings().workdirs,
        agent=options.agent, key=key, may_lose=may_lose, apply=_is_applied(call), at=now(),
    )  # fmt: skip
    words = [f"wf workdir reset --apply --agent {options.agent}"]
    words += ["--all"] if options.all else []
    words += [
        *_say_option("repo", remote.url if remote else None),
        *_say_option("branch", options.branch),
    ]
    return Cleaned(swept, " ".join([*words, *(f"--{flag}" for flag in flags if flag in may_lose)]))


def _say_option(name: str, value: str | None) -> tuple[str, ...]:
    import shlex

    return () if value is None else (f"--{name}", shlex.quote(value))


def _is_applied(call: Call) -> bool:
    if call.options.apply and call.is_dry:
        hint = "leave one of them out; without --apply nothing is removed"
        raise UsageError("workdir: --apply and --dry-run contradict each other", hint)
    return bool(call.options.apply)


def _add_sweep(parser: ArgumentParser) -> None:
    parser.add_argument("--repo", metavar="REPOSITORY", help="only workdirs of this one")
    _add_apply(parser)


def _add_reset(parser: ArgumentParser) -> None:
    parser.add_argument("--agent", metavar="AGENT", required=True, help="whose workdirs")
    parser.add_argument("--repo", metavar="REPOSITORY", help="with --branch: the one that is meant")
    parser.add_argument("--branch", metavar="BRANCH", help="with --repo: the one that is meant")
    parser.add_argument("--all", action="store_true", help="all of the agent's workdirs")
    parser.add_argument("--dirty", action="store_true", help="files that no commit has may go")
    parser.add_argument("--unpushed", action="store_true", help="commits that are only here may go")
    _add_apply(parser)


def _add_apply(parser: ArgumentParser) -> None:
    parser.add_argument("--apply", action="store_true", help="do it; otherwise only tell")


ACTIONS = {
    "webhook": Action(
        "mark the workdirs that a payload on standard input says are done with",
        "< PAYLOAD",
        take_payload,
        is_write=True,
    ),
    "sweep": Action(
        "move workdirs to the trash whose work is safely elsewhere; without --apply only tell",
        "[--apply] [--repo REPOSITORY]",
        sweep_all,
        _add_sweep,
        is_write=True,
    ),
    "reset": Action(
        "move an agent's workdirs to the trash, done with or not; without --apply only tell",
        "--agent AGENT (--all | --repo REPOSITORY --branch BRANCH) [--dirty] [--unpushed]"
        " [--apply]",
        reset_some,
        _add_reset,
        is_write=True,
    ),
}
