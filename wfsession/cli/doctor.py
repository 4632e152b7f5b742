"""`wf doctor`: what is wrong with a root, and with `--fix` its repair."""

import os
from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call
from wfsession.cli.verb import Verb
from wfsession.core.model import Finding
from wfsession.core.repair import Applied, Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_FOUND = 3


@frozen
class Examined(Answer):
    """What is wrong with a root, and what was (dry run: would be) done about it."""

    root: str
    report: Report
    is_dry: bool = False
    only_looks: bool = False

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # a value there, computed here
        """3 while something remains that is more than information."""
        return _FOUND if any(one.severity != "info" for one in self.report.findings) else 0

    def to_data(self) -> "Data":
        """Return findings, applied and failed."""
        return {
            "findings": [encode_finding(one) for one in self.report.findings],
            "applied": [self._encode_applied(one) for one in self.report.applied],
            "failed": list(self.report.failed),
            "dry_run": self.is_dry,
        }

    def _encode_applied(self, applied: Applied) -> "Data":
        return {
            "finding": applied.finding,
            "action": applied.action,
            "paths": [os.path.join(self.root, path) for path in applied.paths],
            "attic": os.path.join(self.root, applied.attic) if applied.attic else None,
            "sources": dict(applied.sources),
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what was done, what could not be, and what is wrong."""
        findings, applied, failed = self.report.findings, self.report.applied, self.report.failed
        if self.is_dry:
            yield "Nothing was done. This would:" if applied else "Nothing was done."
        elif applied:
            yield "Done:"
        for one in applied:
            yield from self._tell_applied(one)
        if any(one.attic for one in applied):
            yield "To bring something back: wf attic restore NAME"
        for sentence in failed:
            yield f"Not done: {sentence}"
        if not findings:
            yield f"Nothing is wrong with {self.root}."
        for finding in findings:
            where = ", ".join(self._shorten(path) for path in finding.paths)
            yield f"{finding.severity}: {where}: {finding.message}"
            yield f"  repair: {finding.repair}"
        if self.only_looks and any(map(_calls_for_repair, findings)):
            yield "To repair: wf doctor --fix"

    def _tell_applied(self, applied: Applied) -> "Iterator[Block]":
        where = ", ".join(self._shorten(path) for path in applied.paths)
        yield f"  {where}: {applied.action}"
        if applied.attic:
            yield f"    what there was: {self._shorten(applied.attic)}"
        for name, source in applied.sources:
            yield f"    {name}: {source}"

    def _shorten(self, path: str) -> str:
        """Return a path from the project, which is where people are."""
        return os.path.relpath(os.path.join(self.root, path), os.path.dirname(self.root))


def _calls_for_repair(finding: Finding) -> bool:
    return finding.severity != "info" and not finding.repair.startswith("none:")


def encode_finding(finding: Finding) -> "Data":
    """Return a finding as it stands in `data`."""
    return {
        "id": finding.id,
        "severity": finding.severity,
        "paths": list(finding.paths),
        "message": finding.message,
        "repair": finding.repair,
    }


def doctor(call: Call) -> Answer:
    """Look a root over, and put it right if asked."""
    workspace = call.workspace
    if call.options.fix:
        return Examined(workspace.root, workspace.heal(dry_run=call.is_dry), call.is_dry)
    return Examined(workspace.root, Report(workspace.diagnose(), ()), only_looks=True)


def _add_doctor(parser: ArgumentParser) -> None:
    parser.add_argument("--fix", action="store_true", help="repair what needs no judgement")
    parser.add_argument(
        "--dry-run", action="store_true", help="with --fix: tell what would be done, do nothing"
    )


VERBS = {
    "doctor": Verb(
        "doctor",
        "find what is wrong with .workflow, and repair it",
        """\
Only looks, unless --fix is given. Nothing is deleted but empty markers: what is in
the way goes to .workflow/.attic. Exit code 3: an error or a warning remains.

  wf doctor
  wf doctor --fix --dry-run
  wf doctor --fix""",
        "[--fix] [--dry-run]",
        doctor,
        _add_doctor,
    )
}
