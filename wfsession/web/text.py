"""What stands on a page: texts made harmless, and numbers and moments in words. Pure.

What comes from records and transcripts is data: `show` passes over everything that a template
writes, so that no template can forget it. HTML is escaped by the templates' engine.
"""

import re
import unicodedata
from datetime import UTC, datetime

from markupsafe import Markup

from wfsession.core.times import encode_time

# More of one text is on no page; stories and search cut earlier.
MOST_CHARACTERS = 20_000
_THOUSAND, _MILLION = 1_000, 1_000_000
# Sequences that a terminal obeys; a browser would show their rests.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co"})
_KEPT = frozenset("\n\t\u200c\u200d")
_DAY_S = 86_400


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
    text = _ANSI.sub("", text.replace("\r\n", "\n"))
    return "".join(map(_make_harmless, text))


def _make_harmless(character: str) -> str:
    if character in _KEPT or character.isprintable():
        return character
    if character.isspace():
        return " "
    return "\ufffd" if unicodedata.category(character) in _HIDDEN else character


def show(value: object) -> object:
    """Return what a template writes for a value; None is nothing."""
    if value is None:
        return ""
    if isinstance(value, Markup):
        return value
    return clean(value) if isinstance(value, str) else value


def tell_cost(cost_usd: float | None) -> str:
    """Return `$0.13`, with more digits below ten cents; `price unknown` where it is not known."""
    if cost_usd is None:
        return "price unknown"
    if 0 < cost_usd < 0.1:
        return f"${cost_usd:.4f}"
    return f"${cost_usd:,.2f}"


def tell_tokens(number: int) -> str:
    """Return `512`, `22.9k`, `1.2M`."""
    if number < _THOUSAND:
        return str(number)
    return f"{number / _THOUSAND:.1f}k" if number < 999_950 else f"{number / _MILLION:,.1f}M"


def tell_size(size_bytes: int) -> str:
    """Return `512 B`, `1.2 kB`, `34 MB`."""
    size, units = float(size_bytes), ["B", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.1f} {units[0]}" if size < 9.95 and units[0] != "B" else f"{size:.0f} {units[0]}"


def tell_length(seconds: float) -> str:
    """Return how long something took: `42 s`, `5 min`, `3 h 20 min`."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def tell_age(moment: datetime, now: datetime) -> str:
    """Return `just now`, `5 min ago`, `3 h ago`, `2 d ago`, or that it is ahead."""
    seconds = (now - moment).total_seconds()
    if seconds < -60:
        return "in the future"
    for unit_s, word, limit_s in ((60, "min", 3600), (3600, "h", _DAY_S)):
        if seconds < limit_s:
            return f"{int(seconds // unit_s)} {word} ago" if seconds >= unit_s else "just now"
    return f"{int(seconds // _DAY_S)} d ago"


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


def count(number: int, thing: str) -> str:
    """Return `1 task`, `3 tasks`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
