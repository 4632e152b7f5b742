"""Blocks for a terminal: tables that fit the width, colour, texts that are cut or broken to fit.

What is measured and broken is rich's work. Its tables are used for pairs only: they take half
a millisecond a row, and their modules longer to load than most commands take.
"""

import io
import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size

from wfsession.cli.page import Column, Pairs, Passage, Rows
from wfsession.words import sanitise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.table import Table

_GAP = 2
_INDENT = 2
_GREEN = "32"
# What a passage looks like, and what stands out in it, in rich's words.
_STYLES = {"": "", "strong": "bold", "faint": "dim", "bad": "red"}
_MATCH = "bold yellow"
_LEAST = 12
_DIM = "2"
# Spaces, and colours that begin and end in them, that nothing else stands behind.
_PADDING = re.compile(r"(?: |\x1b\[[0-9;]*m)+$")


def lay_out(block: Pairs | Passage | Rows, width: int, colour: bool) -> str:
    """Return a block's lines for a terminal.

    Args:
        block: what to show.
        width: the terminal's, in cells.
        colour: whether to use any.
    """
    if isinstance(block, Passage):
        lines = _lay_out_passage(block, width, colour).splitlines()
    elif isinstance(block, Pairs):
        lines = _lay_out_pairs(block, width, colour).splitlines()
    else:
        lines = [_paint(line, style * colour) for line, style in _list_lines(block, width)]
    # What fills the last column up would show when text is copied.
    return "".join(f"{_trim(line)}\n" for line in lines)


def _trim(line: str) -> str:
    return _PADDING.sub(lambda padding: padding.group().replace(" ", ""), line)


def _paint(line: str, style: str) -> str:
    return f"\x1b[{style}m{line}\x1b[0m" if style else line


def _lay_out_pairs(block: Pairs, width: int, colour: bool) -> str:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, _GAP, 0, 0))
    labels = max((cell_len(label) for label, _ in block.rows), default=0)
    table.add_column(style="dim", no_wrap=True, width=_INDENT + labels)
    table.add_column(overflow="fold")
    for label, value in block.rows:
        table.add_row(Text(" " * _INDENT + sanitise(label)), Text(sanitise(value)))
    return _print(table, width, colour)


def _lay_out_passage(block: Passage, width: int, colour: bool) -> str:
    from rich.table import Table
    from rich.text import Text

    head = sanitise(block.head)
    text = Text(sanitise(block.text), style=_STYLES[block.style])
    for start, end in block.matches:
        text.stylize(_MATCH, start, end)
    # With little room the head stays, and the text has at least a few cells of each line.
    indent = min(block.indent, max(width - cell_len(head) - _LEAST, 0))
    table = Table.grid(padding=0)
    before = Text(" " * indent + head, style=_STYLES[block.style])
    if before:
        # A column takes a cell at least.
        table.add_column(no_wrap=True, width=before.cell_len)
    table.add_column(overflow="fold")
    table.add_row(*((before,) if before else ()), text)
    return _print(table, width, colour)


def _print(table: "Table", width: int, colour: bool) -> str:
    from rich.console import Console

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
    return out.getvalue()


def _list_lines(block: Rows, width: int) -> Iterator[tuple[str, str]]:
    """Yield the lines of a table, each with its style."""
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
    titles = [column.title for column in block.columns]
    at_right = {number for number, column in enumerate(block.columns) if column.is_number}
    if any(titles):
        yield _join(titles, widths, width, at_right), _DIM
    for number, row in enumerate(rows):
        style = _GREEN if number in block.marked else _DIM if number in block.faint else ""
        yield _join(row, widths, width, at_right), style


def _join(cells: Sequence[str], widths: dict[int, int], width: int, at_right: set[int]) -> str:
    line = (" " * _GAP).join(
        _fit(cells[number], room, number in at_right) for number, room in widths.items()
    )
    return _fit(line, width) if sum(widths.values()) + _GAP * (len(widths) - 1) > width else line


def _fit(text: str, room: int, at_right: bool = False) -> str:
    """Return a text that takes so many cells: filled up, or cut off with a sign of it."""
    if cell_len(text) <= room:
        return " " * (room - cell_len(text)) + text if at_right else set_cell_size(text, room)
    return set_cell_size(text, max(room - 1, 0)) + "…"


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
