"""Says on a terminal how far something long is, on standard error, and takes that away again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from wfsession.cli.render import is_terminal
from wfsession.core.snapshot import Watch

# Fewer things than these are read before anybody wonders.
_LONG = 5000


@contextmanager
def show_progress(what: str) -> Iterator[Watch | None]:
    """Give what tells how far it is, or None without a terminal.

    Args:
        what: is done, in two words.
    """
    if not is_terminal(sys.stderr):
        yield None
        return
    told = False

    def tell(done: int, total: int) -> None:
        nonlocal told
        if total >= _LONG:
            told = True
            print(f"\r{what}: {done:,} of {total:,}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if told:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
