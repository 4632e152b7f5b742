"""What stands on a page: texts made harmless, and what a template writes of values. Pure.

Imports the words that a terminal has too. What comes from records and transcripts is data: `show`
passes over everything that a template writes, so that no template can forget it. HTML is escaped by
the templates' engine.
"""

import re
from datetime import UTC, datetime

from markupsafe import Markup

from wfsession import words
from wfsession.core.times import encode_time

# More of one text is on no page; stories and search cut earlier.
MOST_CHARACTERS = 20_000
# Sequences that a terminal obeys; a browser would show their rests.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_KEPT = f"\n\t{words.JOINERS}"


def clean(text: str) -> str:
    """Return a text in which nothing hides, reverses or moves anything; lines stay lines.

    Sequences for terminals are taken out, other controls and bidirectional marks become U+FFFD.
    What is longer than `MOST_CHARACTERS` is cut, and says so.
    """
    left_out = len(text) - MOST_CHARACTERS
    if left_out > 0:
        text = f"{text[:MOST_CHARACTERS]}… ({left_out:,} more characters are not shown)"
    if text.isprintable():
        return text
    return words.make_harmless(_ANSI.sub("", text.replace("\r\n", "\n")), _KEPT)


def show(value: object) -> object:
    """Return what a template writes for a value; None is nothing."""
    if value is None:
        return ""
    if isinstance(value, Markup):
        return value
    return clean(value) if isinstance(value, str) else value


def tell_cost(cost_usd: float | None) -> str:
    """Return `$0.13`; `price unknown` where it is not known."""
    return "price unknown" if cost_usd is None else words.tell_cost(cost_usd)


def keep_end(text: str, width: float) -> str:
    """Return as much of the end of a text as has room within a width, in letters of 11 pixels."""
    for at in range(len(text) - 1, -1, -1):
        width -= _measure_letter(text[at])
        if width < 0:
            return text[at + 1 :]
    return text


def _measure_letter(letter: str) -> float:
    """Return the width of a letter of 11 pixels in a wide font."""
    if letter in "mwMW@%" or not letter.isascii():
        return 12
    return 9 if letter.isupper() else 7


def mark_time(moment: datetime | None) -> Markup:
    """Return a moment as an element that the page's script puts into the reader's zone."""
    if moment is None:
        return Markup('<span class="faint">–</span>')  # noqa: RUF001
    written = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    # Both are made of digits and signs only.
    return Markup('<time datetime="{}">{} UTC</time>').format(encode_time(moment), written)
