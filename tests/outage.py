"""Which trees a process that dies, or a power failure, can leave of an operation that was recorded.

Of a drive without power this is assumed, and no more: what a sync covered stays; the entries of one
directory reach the drive in their order, those of two in any; a rename is there wholly or not at
all until one of its two directories is synced, and from then on each end is for itself: a source
synced before its destination may lose the thing, a destination synced before its source may leave
a file in both (never a directory, which has one parent). Bytes that were not synced are missing, or
cut off, or zeros.
"""

from collections.abc import Iterable, Iterator

import attrs

from tests.figures import count
from tests.recording import Change, Fate, Half, Recording, Tree
from tests.system import SYNC

_FATES: tuple[Fate, ...] = ("nothing", "half", "zeros")
_FROM = "lost from"


@attrs.frozen
class Outcome:
    """A tree that may be left: after how many changes, what became of the rest, at which call."""

    at: int
    how: str
    tree: Tree = attrs.field(repr=False)
    verb: str = "power"


def list_deaths(recording: Recording) -> Iterator[Outcome]:
    """Yield what a process leaves that dies before, after and in the middle of each change.

    The middle of a write is after one of its bytes, half, and all but one. What dies before a sync
    leaves what dying after it does; the last is the end.
    """
    for at in range(len(recording.changes) + 1):
        verb = recording.changes[at].verb if at < len(recording.changes) else "all"
        if verb != SYNC:
            yield Outcome(at, "dead", recording.grow(at), verb)
        if verb == "write":
            size = len(recording.changes[at].data)
            for torn in sorted({1, size // 2, size - 1} - {0}):
                how = f"torn after {torn} bytes"
                yield Outcome(at, how, recording.grow(at, torn=torn), verb)


def list_outages(recording: Recording) -> Iterator[Outcome]:
    """Yield what a power failure may leave after each change, at the end too.

    Bytes are lost with each end of what is pending, of which all and nothing are two.
    """
    for at in range(len(recording.changes) + 1):
        for how, lost in _list_losses(recording, at):
            yield Outcome(at, how, recording.grow(at, lost=lost))
            if how.startswith(_FROM):
                for fate in _FATES:
                    told = f"{how}, bytes: {fate}"
                    yield Outcome(at, told, recording.grow(at, lost=lost, fate=fate))


def list_different(recording: Recording) -> Iterator[tuple[Outcome, bool]]:
    """Yield each tree that a death or a power failure may leave, once.

    With each, whether the power failed when the operation had ended: what was answered stays so.
    """
    deaths = [(outcome, False) for outcome in list_deaths(recording)]
    end = len(recording.changes)
    outages = [(outcome, outcome.at == end) for outcome in list_outages(recording)]
    count("crash points", len(deaths))
    count("power failures: possible trees", len(outages))
    seen = set()
    for outcome, is_over in deaths + outages:
        key = is_over, frozenset(outcome.tree.items())
        if key not in seen:
            seen.add(key)
            count("different trees of a crash or a power failure")
            yield outcome, is_over


def _list_losses(recording: Recording, at: int) -> Iterator[tuple[str, frozenset[Half]]]:
    """Yield which halves are lost: in each way that the assumptions allow and the bound keeps.

    All from some change on, in the order of all; one change with what follows it in its
    directories; all but what one directory has, and what had to come before that.
    """
    changes = recording.changes[:at]
    pending = _list_pending(changes, recording.directories)
    for first in range(len(pending) + 1):
        yield f"{_FROM} {first} of {len(pending)}", _join(pending[first:])
    for first in range(len(pending)):
        yield f"lost alone: {pending[first]}", _join(_follow(changes, pending[first:]))
    for folder in sorted({folder for halves in pending for _, folder in halves}):
        yield f"lost but for directory {folder}", _join(_list_others(pending, folder))


def _list_pending(changes: list[Change], directories: frozenset[int]) -> list[list[Half]]:
    """Return, for each change that is not synced in all its directories, where it is not."""
    pending: list[list[Half]] = []
    synced: set[int] = set()
    for number in reversed(range(len(changes))):
        change = changes[number]
        if change.verb == SYNC:
            synced.add(change.node)
        halves = [(number, folder) for folder in change.folders if folder not in synced]
        is_bound = change.node in directories and change.adds and change.adds[0] in synced
        if halves and not is_bound:
            pending.insert(0, halves)
    return pending


def _follow(changes: list[Change], pending: list[list[Half]]) -> Iterator[list[Half]]:
    """Yield the first, and of the others what must be lost with it for the order of directories."""
    folders = {folder for _, folder in pending[0]}
    for halves in pending:
        if folders.isdisjoint(folder for _, folder in halves):
            continue
        if len(halves) == len(changes[halves[0][0]].folders):
            folders.update(folder for _, folder in halves)
        yield [half for half in halves if half[1] in folders]


def _list_others(pending: list[list[Half]], folder: int) -> Iterator[list[Half]]:
    """Yield what is in no directory that was kept up to there for the sake of one of them."""
    kept = {folder}
    for halves in reversed(pending):
        folders = {where for _, where in halves}
        if kept.isdisjoint(folders):
            yield halves
        else:
            kept |= folders


def _join(pending: Iterable[list[Half]]) -> frozenset[Half]:
    return frozenset(half for halves in pending for half in halves)
