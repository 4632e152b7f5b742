"""Blocks as text without a terminal: tab-separated rows for scripts, aligned pairs. Pure."""

from wfsession.cli.page import Pairs, Passage, Rows
from wfsession.words import sanitise


def lay_out_plainly(block: Pairs | Passage | Rows) -> str:
    """Return a block's lines, each with its line end."""
    if isinstance(block, Passage):
        return f"{' ' * block.indent}{sanitise(block.head + block.text)}\n"
    if isinstance(block, Pairs):
        width = max((len(label) for label, _ in block.rows), default=0)
        lines = [
            f"  {sanitise(label):{width}}  {sanitise(value)}".rstrip()
            for label, value in block.rows
        ]
    else:
        lines = ["\t".join(sanitise(cell) or "-" for cell in row) for row in block.rows]
    return "".join(f"{line}\n" for line in lines)
