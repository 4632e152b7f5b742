"""Sums for a page; moments and paths as the user of this machine sees them.

Pure but for where that is.
"""

import os
import re
from contextlib import suppress
from datetime import datetime

from wfsession.words import join, tell_cost, tell_tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.threads.conversation import Totals

_SHORT_ID = 8
# Before a path, or what stands there is the middle of a longer one.
_NO_PATH = r"(?<![\w.~/-])"


def tell_all_tokens(totals: "Totals", is_terminal: bool) -> str:
    """Return how many tokens there were of each kind, as a list for a sentence."""
    tokens = (
        (totals.input_tokens, "input"),
        (totals.output_tokens, "output"),
        (totals.cache_read_tokens, "read from the cache"),
        (totals.cache_write_tokens, "written to it"),
    )
    return join(f"{tell_tokens(number, is_terminal)} {what}" for number, what in tokens)


def make_cells(totals: "Totals", is_terminal: bool) -> tuple[str, ...]:
    """Return the end of a row: calls, errors, retries, the four kinds of tokens, and the cost."""
    tokens = (
        totals.input_tokens,
        totals.output_tokens,
        totals.cache_read_tokens,
        totals.cache_write_tokens,
    )
    return (
        *(str(number) for number in (totals.tool_calls, totals.errors, totals.retries)),
        *(tell_tokens(number, is_terminal) for number in tokens),
        tell_cost(totals.cost_usd, is_terminal),
    )


def tell_status(status: str, is_certain: bool) -> str:
    """Return what became of something, with a question mark where only file times tell."""
    return status if is_certain else f"{status}?"


def tell_moment(moment: datetime | None) -> str:
    """Return a moment as the user's clock showed it, or an empty text."""
    if moment is None:
        return ""
    with suppress(OverflowError, ValueError):  # at either end of the calendar
        moment = moment.astimezone()
    return moment.replace(tzinfo=None).isoformat(" ", "minutes")


def shorten_id(thread: str) -> str:
    """Return enough of a thread's id to type."""
    return thread[:_SHORT_ID]


def shorten_paths(text: str) -> str:
    """Return a text in which paths begin where the user is, or with `~`."""
    try:
        here = os.getcwd()
    except FileNotFoundError:
        # Deleted meanwhile: nothing is below it.
        here = ""
    home = os.path.expanduser("~")
    for directory, name in ((here, ""), (home, "~/")):
        if len(directory) > 1:
            text = re.sub(f"{_NO_PATH}{re.escape(directory)}/", name, text)
    return text
