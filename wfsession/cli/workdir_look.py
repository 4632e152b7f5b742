"""`wf workdir path|list|du|doctor`: where workdirs are, how they are, and what they take."""

import os
from argparse import ArgumentParser
from datetime import datetime

from attrs import frozen

from wfsession.cli.answer import Answer, Raw
from wfsession.cli.call import Call
from wfsession.cli.doctor import encode_finding
from wfsession.cli.page import Column, Rows
from wfsession.cli.workdir_action import Action, add_key, find_access
from wfsession.core.times import encode_time, now
from wfsession.words import count, tell_age, tell_size
from wfsession.workdirs.acquire import find_path
from wfsession.workdirs.check import Checked, check, check_and_fix
from wfsession.workdirs.du import Usage, measure_usage
from wfsession.workdirs.listing import Workdir, read_workdirs
from wfsession.workdirs.places import find_places
from wfsession.workdirs.record import BadRecord, read_records
from wfsession.workdirs.remote import parse_remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_FOUND = 3
_LISTED = (
    Column("AGENT", least=6),
    Column("BRANCH", least=12),
    Column("REPOSITORY", drop=2, least=16),
    Column("STATE"),
    Column("USED", drop=1),
    Column("PATH", drop=3, least=30),
)
_MEASURED = (
    Column("SIZE"),
    Column("WHAT"),
    Column("AGENT", drop=2),
    Column("BRANCH", least=12),
    Column("REPOSITORY", drop=1, least=16),
    Column("PATH", drop=3, least=30),
)


@frozen
class Path(Answer):
    """Where a workdir is, or would be."""

    path: str

    def to_data(self) -> "Data":
        """Return path, and whether there is one."""
        return {"path": self.path, "exists": os.path.isdir(self.path)}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the path."""
        yield Raw(self.path)


@frozen
class Listed(Answer):
    """All workdirs, and what should be a record and is none."""

    workdirs: tuple[Workdir, ...]
    bad: tuple[BadRecord, ...]
    at: datetime

    def to_data(self) -> "Data":
        """Return workdirs and bad."""
        return {
            "workdirs": [encode_workdir(one) for one in self.workdirs],
            "bad": [{"path": one.path, "reason": one.reason} for one in self.bad],
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the table, and what could not be read."""
        if is_terminal and not self.workdirs:
            yield "There are no workdirs."
        else:
            yield Rows(_LISTED, tuple(self._make_row(one) for one in self.workdirs))
        for one in self.bad if is_terminal else ():
            yield f"{one.path}: {one.reason}; to put it right: wf workdir doctor --fix"

    def _make_row(self, workdir: Workdir) -> tuple[str, ...]:
        record = workdir.record
        age = tell_age(record.used_at, self.at)
        return record.agent, record.branch, record.repository, tell(workdir), age, workdir.path


def tell(workdir: Workdir) -> str:
    """Return the state of a workdir in a word or two."""
    if workdir.in_use:
        return "in use"
    if workdir.state == "ready" and workdir.record.marked is not None:
        return workdir.record.marked.reason.replace("_", " ")
    return workdir.state


def encode_workdir(workdir: Workdir) -> "Data":
    """Return a workdir as JSON has it."""
    record = workdir.record
    marked, locked = record.marked, record.locked
    return {
        "agent": record.agent,
        "repository": record.repository,
        "url": record.url,
        "branch": record.branch,
        "local_branch": record.local_branch,
        "path": workdir.path,
        "state": workdir.state,
        "in_use": workdir.in_use,
        "created": encode_time(record.created_at),
        "used": encode_time(record.used_at),
        "marked": marked
        and {"at": encode_time(marked.at), "reason": marked.reason, "from": marked.source},
        "locked": locked and {"at": encode_time(locked.at), "reason": locked.reason},
    }


@frozen
class Measured(Answer):
    """What takes room on the disk."""

    usages: tuple[Usage, ...]

    def to_data(self) -> "Data":
        """Return a row for each directory, sums of them, and the total."""
        return {
            "rows": [
                {
                    "kind": one.kind,
                    "repository": one.repository or None,
                    "agent": one.agent or None,
                    "branch": one.branch or None,
                    "path": one.path,
                    "size_bytes": one.size_bytes,
                }
                for one in self.usages
            ],
            **{f"by_{key}": self._sum(key) for key in ("kind", "repository", "agent", "branch")},
            "total_bytes": sum(one.size_bytes for one in self.usages),
        }

    def _sum(self, key: str) -> dict[str, int]:
        sums: dict[str, int] = {}
        for one in self.usages:
            name = getattr(one, key)
            if name:
                sums[name] = sums.get(name, 0) + one.size_bytes
        return sums

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the table, the largest first, and the sums."""
        rows = sorted(self.usages, key=lambda one: -one.size_bytes)
        yield Rows(_MEASURED, tuple(_make_row(one) for one in rows))
        if is_terminal:
            total = sum(one.size_bytes for one in self.usages)
            parts = (f"{kind} {tell_size(size)}" for kind, size in self._sum("kind").items())
            yield f"{tell_size(total)} in all: {', '.join(parts)}" if rows else "Nothing is kept."


def _make_row(one: Usage) -> tuple[str, ...]:
    size = tell_size(one.size_bytes)
    return size, one.kind, one.agent, one.branch, one.repository, one.path


@frozen
class Examined(Answer):
    """What is wrong with caches and workdirs, and what was put right."""

    checked: Checked

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # a value there, computed here
        """3 while something remains that is more than information."""
        return _FOUND if any(one.severity != "info" for one in self.checked.findings) else 0

    def to_data(self) -> "Data":
        """Return findings, fixed and failed."""
        return {
            "findings": [encode_finding(one) for one in self.checked.findings],
            "fixed": [encode_finding(one) for one in self.checked.fixed],
            "failed": list(self.checked.failed),
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what was put right, what could not be, and what is wrong."""
        for one in self.checked.fixed:
            yield f"Put right: {one.paths[0]}: {one.message}"
        for sentence in self.checked.failed:
            yield f"Not put right: {sentence}"
        findings = self.checked.findings
        for one in findings:
            yield f"{one.severity}: {one.paths[0]}: {one.message}"
            yield f"  repair: {one.repair}"
        if not findings:
            yield "Nothing is wrong with the workdirs."
        elif not self.checked.fixed and not self.checked.failed:
            yield f"{count(len(findings), 'finding')}. To put right: wf workdir doctor --fix"


def show_path(call: Call) -> Answer:
    """Tell where a workdir is. Asks neither git nor any network."""
    options = call.options
    remote = parse_remote(options.repo)
    return Path(find_path(find_places(), options.agent, remote, options.branch))


def list_all(call: Call) -> Answer:
    """List the workdirs."""
    places = find_places()
    return Listed(tuple(read_workdirs(places)), tuple(read_records(places)[1]), now())


def measure(call: Call) -> Answer:
    """Tell what takes how much room."""
    return Measured(measure_usage(find_places()))


def doctor(call: Call) -> Answer:
    """Look the caches and workdirs over, and put them right if asked."""
    places = find_places()
    if call.options.fix:
        return Examined(check_and_fix(places, find_access()))
    return Examined(check(places))


def _add_doctor(parser: ArgumentParser) -> None:
    parser.add_argument("--fix", action="store_true", help="put right what needs no judgement")


_KEY = "--agent AGENT --repo REPOSITORY --branch BRANCH"
ACTIONS = {
    "path": Action(
        "print where a workdir is, or would be; it need not exist", _KEY, show_path, add_key
    ),
    "list": Action("list the workdirs, their states, and when they were used", "", list_all),
    "du": Action("tell what takes how much of the disk, caches and workdirs apart", "", measure),
    "doctor": Action(
        "find what is wrong with caches and workdirs, and put it right; no file of anybody's goes",
        "[--fix]",
        doctor,
        _add_doctor,
    ),
}
