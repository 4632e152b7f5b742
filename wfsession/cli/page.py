"""The blocks that a page for people is made of: pairs, tables, and passages of text.

A line is a plain `str`. Values only; `render` sanitises and prints them.
"""

from typing import Literal, NamedTuple

Style = Literal["", "strong", "faint", "bad"]


class Pairs(NamedTuple):
    """Labels and what they stand for, under each other; a label may be empty to go on."""

    rows: tuple[tuple[str, str], ...]


class Column(NamedTuple):
    """A column of a table on a terminal.

    `drop` is its place in the order in which columns go where the terminal is narrow, the
    highest first; 0 stays. `least` is how narrow it may get, in cells; 0: never narrower than
    what is in it. Numbers stand at the right. Where a cell is cut, its end is left if `keeps_end`:
    of a path that says most.
    """

    title: str
    drop: int = 0
    least: int = 0
    is_number: bool = False
    keeps_end: bool = False


class Rows(NamedTuple):
    """A table. In a pipe each row is its cells, joined by tabs, an empty one as `-`.

    `marked` are the rows that stand out (the active session's), `faint` those that stand back;
    only a terminal shows either.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    faint: frozenset[int] = frozenset()


class Passage(NamedTuple):
    """A text that a terminal breaks to fit; elsewhere it is one line.

    Its lines are `indent` cells in, and begin behind the `head`, which stands before the first of
    them. `matches` are ranges of characters that stand out.
    """

    text: str
    head: str = ""
    indent: int = 0
    style: Style = ""
    matches: tuple[tuple[int, int], ...] = ()
