"""Blocks for a terminal, by rich: tables that fit the width, colour, cells that truncate right.

Loaded only where standard output is a terminal, as rich costs more than most commands.
"""

import io
import re

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wfsession.cli.page import Column, Pairs, Rows
from wfsession.cli.words import sanitise

_GAP = 2
_INDENT = 2
_MARKED = "green"
_FAINT = "dim"
# Spaces, and colours that begin and end in them, that nothing else stands behind.
_PADDING = re.compile(r"(?: |\x1b\[[0-9;]*m)+$")


def lay_out(block: Pairs | Rows, width: int, colour: bool) -> str:
    """Return a block's lines for a terminal.

    Args:
        block: what to show.
        width: the terminal's, in cells.
        colour: whether to use any.
    """
    table = _make_pairs(block) if isinstance(block, Pairs) else _make_table(block, width)
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(width, 1),
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
    console.print(table)
    # rich fills the last column up with spaces, which shows when text is copied.
    return "".join(f"{_trim(line)}\n" for line in out.getvalue().splitlines())


def _trim(line: str) -> str:
    return _PADDING.sub(lambda padding: padding.group().replace(" ", ""), line)


def _make_pairs(block: Pairs) -> Table:
    table = Table.grid(padding=(0, _GAP, 0, 0))
    labels = max((cell_len(label) for label, _ in block.rows), default=0)
    table.add_column(style=_FAINT, no_wrap=True, width=_INDENT + labels)
    table.add_column(overflow="fold")
    for label, value in block.rows:
        table.add_row(Text(" " * _INDENT + sanitise(label)), Text(sanitise(value)))
    return table


def _make_table(block: Rows, width: int) -> Table:
    rows = [tuple(map(sanitise, row)) for row in block.rows]
    widest = [
        max((cell_len(row[number]) for row in rows), default=0)
        for number in range(len(block.columns))
    ]
    natural = [
        max(cell_len(column.title), cells) if cells or not column.drop else 0
        for column, cells in zip(block.columns, widest, strict=True)
    ]
    widths = choose_widths(block.columns, natural, width)
    has_titles = any(column.title for column in block.columns)
    table = Table(
        box=None,
        padding=(0, _GAP, 0, 0),
        pad_edge=False,
        show_header=has_titles,
        header_style=_FAINT,
    )
    for number, cells in widths.items():
        title = Text(block.columns[number].title)
        table.add_column(title, width=cells, no_wrap=True, overflow="ellipsis")
    for line, row in enumerate(rows):
        style = _MARKED if line in block.marked else _FAINT if line in block.faint else None
        table.add_row(*(Text(row[number]) for number in widths), style=style)
    return table


def choose_widths(columns: tuple[Column, ...], natural: list[int], width: int) -> dict[int, int]:
    """Return the columns that a terminal has room for, by number, each with its cells.

    Args:
        columns: the table's.
        natural: how many cells what is in each takes.
        width: the terminal's, in cells.

    Columns whose cells are all empty go at once; then, while there is no room, the one with the
    highest `drop`. What room is left then goes to those that were narrowed, from the left.
    """
    kept = [number for number in range(len(columns)) if natural[number] or not columns[number].drop]

    def least(number: int) -> int:
        narrow = columns[number].least
        return min(natural[number], narrow) if narrow else natural[number]

    def need() -> int:
        return sum(map(least, kept)) + _GAP * (len(kept) - 1)

    while need() > width and any(columns[number].drop for number in kept):
        kept.remove(max(kept, key=lambda number: columns[number].drop))
    spare = max(width - need(), 0)
    widths = {}
    for number in kept:
        more = min(spare, natural[number] - least(number))
        widths[number] = least(number) + more
        spare -= more
    return widths
