"""What the lines of a transcript say together: where and when they were written, and what was odd.

Pure. Imports core's times and this room's. The facts of pieces of a file can be joined, in any
grouping, to those of the whole.
"""

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from wfsession.core.times import parse_time
from wfsession.threads.activity import LONGEST_PAUSE, Spell, merge_spells
from wfsession.threads.loose import as_text

_LONGEST_TYPE = 40


@frozen
class Stretch:
    """Lines one after the other that were written in one directory and on one branch."""

    cwd: str
    branch: str
    first: datetime | None
    last: datetime | None


@frozen
class Facts:
    """What the lines of a file say together. `join` makes those of two pieces to those of both.

    `spells` are of the times on all lines. `unknown` counts the lines of
    types that we do not know; `unusable` counts values of a wrong type or size, and rows that
    nothing identifies, all of which were left out.
    """

    lines: int = 0
    spells: tuple[Spell, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    version: str = ""
    unknown: Mapping[str, int] = field(factory=dict)
    unusable: int = 0

    @property
    def first(self) -> datetime | None:
        """The earliest time on any line."""
        return self.spells[0].start if self.spells else None

    @property
    def last(self) -> datetime | None:
        """The latest time on any line."""
        return self.spells[-1].end if self.spells else None


def join(earlier: Facts, later: Facts) -> Facts:
    """Return the facts of two pieces of a file that follow each other."""
    stretches = [*earlier.stretches]
    following = later.stretches
    if stretches and following and _is_same_place(stretches[-1], following[0]):
        stretches[-1] = Stretch(
            following[0].cwd,
            following[0].branch,
            min_time(stretches[-1].first, following[0].first),
            max_time(stretches[-1].last, following[0].last),
        )
        following = following[1:]
    unknown = dict(earlier.unknown)
    for name, count in later.unknown.items():
        unknown[name] = unknown.get(name, 0) + count
    return Facts(
        lines=earlier.lines + later.lines,
        spells=merge_spells((*earlier.spells, *later.spells)),
        stretches=(*stretches, *following),
        version=later.version or earlier.version,
        unknown=unknown,
        unusable=earlier.unusable + later.unusable,
    )


def _is_same_place(one: Stretch, other: Stretch) -> bool:
    return one.cwd == other.cwd and one.branch == other.branch


def min_time(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two times, or the one that is known."""
    return min(one, other) if one and other else one or other


def max_time(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two times, or the one that is known."""
    return max(one, other) if one and other else one or other


class Gathering:
    """The facts of the lines so far. `unusable` is for whoever parses the lines to count up."""

    def __init__(self) -> None:
        self.unusable = 0
        self._lines = 0
        self._version = ""
        self._unknown: dict[str, int] = {}
        self._spells: list[Spell] = []
        self._start: datetime | None = None
        self._end: datetime | None = None
        self._stretches: list[Stretch] = []
        self._cwd = self._branch = ""
        self._since: datetime | None = None
        self._until: datetime | None = None

    def note_line(self, stamp: object) -> datetime | None:
        """Count a line, and return when it was written; `stamp` is what it says of that."""
        self._lines += 1
        if stamp is None:
            return None
        at = parse_time(stamp)
        if at is None:
            self.unusable += 1
            return None
        start, end = self._start, self._end
        if start is None or end is None or at < start or at - end > LONGEST_PAUSE:
            self._end_spell()
            self._start = self._end = at
        elif at > end:
            self._end = at
        return at

    def note_place(self, cwd: object, branch: object, version: object, at: datetime | None) -> None:
        """Take what a line says of where it was written, and by which version of the agent."""
        if version != self._version:
            self._version = as_text(version) or self._version
        if cwd != self._cwd or branch != self._branch:
            if not isinstance(cwd, str) or not as_text(cwd):
                self.unusable += 1
                return
            self.unusable += branch is not None and not isinstance(branch, str)
            name = as_text(branch)
            if cwd != self._cwd or name != self._branch:
                self._end_stretch()
                self._cwd, self._branch = cwd, name
                self._since = self._until = at
                return
        if at is not None:
            if self._since is None or at < self._since:
                self._since = at
            if self._until is None or at > self._until:
                self._until = at

    def note_unknown(self, kind: object) -> None:
        """Count a line of a type that is not known, by that, or by `?` where it is no name."""
        is_name = isinstance(kind, str) and len(kind) <= _LONGEST_TYPE and kind.isprintable()
        name = str(kind) if is_name else "?"
        self._unknown[name] = self._unknown.get(name, 0) + 1

    def make_facts(self) -> Facts:
        """Return the facts, after the last line."""
        self._end_stretch()
        self._end_spell()
        return Facts(
            lines=self._lines,
            spells=merge_spells(self._spells),
            stretches=tuple(self._stretches),
            version=self._version,
            unknown=self._unknown,
            unusable=self.unusable,
        )

    def _end_spell(self) -> None:
        if self._start is not None and self._end is not None:
            self._spells.append(Spell(self._start, self._end))

    def _end_stretch(self) -> None:
        if self._cwd:
            self._stretches.append(Stretch(self._cwd, self._branch, self._since, self._until))
