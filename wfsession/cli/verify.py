"""`wf verify-fs`: what wfsession promises, and which of it holds on this disk."""

import os
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from types import FrameType

from attrs import frozen

from wfsession.cli.answer import Answer, UsageError
from wfsession.cli.call import Call, find_project
from wfsession.cli.page import Column, Rows
from wfsession.cli.render import is_terminal, print_line
from wfsession.cli.verb import Verb
from wfsession.core.mounts import find_hint, read_kind
from wfsession.core.verify import ASSUMPTIONS, Check, verify
from wfsession.words import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.cli.answer import Block, Data

_BROKEN = 3
_WORDS = {True: "holds", False: "fails", None: "unknown"}
_COLUMNS = (
    Column(""),
    Column("check", drop=2),
    Column("promise", least=20),
    Column("seen", drop=1, least=20),
)
# Nobody is told to wait for what is over in a moment.
_QUIET_S = 3.0


@frozen
class Verified(Answer):
    """What was seen of a directory's disk."""

    directory: str
    filesystem: str
    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # a value there, computed here
        """3 where a promise does not hold, or may not."""
        return _BROKEN if any(check.breaks_promise for check in self.checks) else 0

    def to_data(self) -> "Data":
        """Return directory, filesystem, what is known of that kind, and the checks."""
        return {
            "directory": self.directory,
            "filesystem": self.filesystem or None,
            "hint": find_hint(self.filesystem) or None,
            "checks": [
                {
                    "name": check.name,
                    "holds": check.holds,
                    "seen": check.seen,
                    "promise": check.promise or None,
                }
                for check in self.checks
            ],
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the result, what is broken, and then all that was seen."""
        broken = [check for check in self.checks if check.breaks_promise]
        kind = f" ({self.filesystem})" if self.filesystem else ""
        if broken:
            yield f"{count(len(broken), 'promise')} may not hold on {self.directory}{kind}:"
        else:
            yield f"Every promise holds on {self.directory}{kind}."
        for check in broken:
            yield f"{_WORDS[check.holds]}: {check.promise}"
            yield f"  {check.name}: {check.seen}"
        hint = find_hint(self.filesystem)
        if hint:
            yield f"{self.filesystem}: {hint}."
        rows = tuple((_tell(check), check.name, check.promise, check.seen) for check in self.checks)
        yield Rows(_COLUMNS, rows)


def _tell(check: Check) -> str:
    return _WORDS[check.holds] if check.promise or check.holds is not False else "no"


def verify_fs(call: Call) -> Answer:
    """Try out a directory's disk."""
    directory = os.path.realpath(_find_directory(call))
    with _unwound():
        checks = tuple(_follow(verify(directory)))
    return Verified(directory, read_kind(directory), checks)


def _find_directory(call: Call) -> str:
    directory: str | None = call.options.directory
    if directory == "":
        raise UsageError("the directory is an empty text", "wf verify-fs .")
    if directory is not None and getattr(call.options, "root", None) is not None:
        raise UsageError("the directory is named twice", "leave out --root or the directory")
    return find_project(call) if directory is None else directory


def _follow(checks: Generator[Check, None, None]) -> Iterator[Check]:
    """Pass checks on, and tell where they are if somebody watches and it takes long."""
    begun = time.monotonic()
    with closing(checks):
        for number, check in enumerate(checks, 1):
            if time.monotonic() - begun > _QUIET_S and is_terminal(sys.stderr):
                print_line(f"wf: {number} of {len(ASSUMPTIONS)}: {check.name}")
            yield check


@contextmanager
def _unwound() -> Iterator[None]:
    """Let what was made be removed also where the system asks this process to end."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    found = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # One that is ignored, by nohup for example, stays so.
    ending = [number for number in found if signal.getsignal(number) is signal.SIG_DFL]
    for number in ending:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ending:
            signal.signal(number, signal.SIG_DFL)


def _add_verify(parser: ArgumentParser) -> None:
    parser.add_argument(
        "directory",
        nargs="?",
        metavar="DIR",
        help="a directory on the disk in question; the project if left out",
    )


VERBS = {
    "verify-fs": Verb(
        "verify-fs",
        "try out which promises hold on this disk",
        """\
For network and cloud folders, container mounts and the like: tries out in a few
seconds, in a temporary directory that it removes again, what wfsession assumes of a
disk, and says what does not hold there. Exit code 3: something does not.

  wf verify-fs
  wf verify-fs /mnt/shared --json""",
        "[DIR]",
        verify_fs,
        _add_verify,
    )
}
