"""Words for people: ages, sizes, costs, problems, and text that is taken for nothing but text.

Pure, and imports nothing that takes time: every command loads it. What is shown in a terminal and
in a browser says the same in the same words.
"""

import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# Joiners are part of the spelling of several scripts; all other format controls hide something.
JOINERS = "\u200c\u200d"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co"})
_THOUSAND, _MILLION = 1_000, 1_000_000
_MINUTE_S, _HOUR_S, _DAY_S, _MONTH_S, _YEAR_S = 60, 3_600, 86_400, 2_629_746, 31_556_952

# Findings that are only worth a word, never a warning.
_INFO = frozenset({"status-mismatch", "stray-marker", "abandoned-binding", "time-in-future"})
_PROBLEMS = {
    "orphaned-marker": "a marker in the root names it, but it is archived",
    "several-markers": "it has a marker too, and a newer one wins",
    "record-missing": "it has no record",
    "record-unreadable": "its record cannot be read",
    "record-corrupt": "its record is damaged",
    "record-wrong-type": "its record has a field of a wrong type",
    "record-newer-schema": "its record is from a newer version",
    "id-mismatch": "its record has another session_id",
    "status-mismatch": "the status in its record differs; the marker is right",
    "archive-cut-short": "it was about to be archived; wf archive finishes that",
    "duplicate-session": "it is in the root and among the archived",
    "name-collision": "another name differs from its own only in case or in Unicode form",
    "unsafe-session": "it is a symlink or no directory",
}


def sanitise(text: str) -> str:
    """Return text as one line in which nothing moves a cursor, hides or reverses anything.

    Line ends and tabs become spaces; other controls, bidirectional overrides among them, and
    bytes that are no UTF-8 become U+FFFD.
    """
    return make_harmless(text, JOINERS)


def make_harmless(text: str, kept: str) -> str:
    """Return text without controls: spaces become a space, what hides or reverses U+FFFD.

    Args:
        text: any.
        kept: characters that stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(one if one in kept else _replace(one) for one in text)


def _replace(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return "\ufffd" if unicodedata.category(character) in _HIDDEN else character


def tell_age(moment: "datetime", now: "datetime") -> str:
    """Return how long ago a moment is: `now`, `5 min`, `3 h`, `2 d`, `4 mo`, `1 y`."""
    seconds = int((now - moment).total_seconds())
    if seconds < -_MINUTE_S:
        return f"in {_tell_span(-seconds)}"
    return _tell_span(seconds) if seconds >= _MINUTE_S else "now"


def _tell_span(seconds: int) -> str:
    steps = ((_HOUR_S, _MINUTE_S, "min"), (_DAY_S, _HOUR_S, "h"), (_MONTH_S, _DAY_S, "d"))
    for limit_s, unit_s, word in (*steps, (_YEAR_S, _MONTH_S, "mo")):
        if seconds < limit_s:
            return f"{seconds // unit_s} {word}"
    return f"{seconds // _YEAR_S} y"


def tell_ago(moment: "datetime", now: "datetime") -> str:
    """Return an age within a sentence: `just now`, `3 h ago`, `in 2 d`."""
    age = tell_age(moment, now)
    if age == "now":
        return "just now"
    return age if age.startswith("in ") else f"{age} ago"


def is_serious(problem: str) -> bool:
    """Tell whether a finding is more than information."""
    return problem not in _INFO


def tell_problem(problem: str) -> str:
    """Return what a finding's id means, in a clause about the session."""
    return _PROBLEMS.get(problem, problem)


def tell_size(size_bytes: int) -> str:
    """Return a size in bytes: `512 B`, `1.2 kB`, `34 MB`."""
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


def tell_tokens(number: int, is_short: bool = True) -> str:
    """Return `512`, `22.9k`, `1.2M`; or all digits, as programs read them."""
    if not is_short or number < _THOUSAND:
        return str(number)
    if number < 999_950:
        return f"{number / _THOUSAND:.1f}k"
    return f"{number / _MILLION:,.1f}M"


def tell_cost(cost_usd: float | None, is_short: bool = True) -> str:
    """Return `$0.13`, more digits of what is less than a dollar; `?` where it is not known.

    Where it is not to be short, a number of six decimals, as programs read it.
    """
    if cost_usd is None:
        return "?"
    if not is_short:
        return f"{cost_usd:.6f}"
    if cost_usd >= 1 or cost_usd == 0:
        return f"${cost_usd:,.2f}"
    return f"${cost_usd:.4f}" if cost_usd < 0.1 else f"${cost_usd:.3f}"


def count(number: int, thing: str) -> str:
    """Return `1 task`, `3 tasks`, `2 boxes`."""
    return f"{number:,} {thing}{'' if number == 1 else 'es' if thing.endswith('x') else 's'}"


def join(words: "Iterable[str]", most: int = 0) -> str:
    """Return `a, b, c`; where there are more than `most`, the rest as a number."""
    listed = list(words)
    if most and len(listed) > most:
        listed = [*listed[:most], f"and {len(listed) - most} more"]
    return ", ".join(listed)
