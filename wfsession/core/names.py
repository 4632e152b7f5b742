"""The grammar of session names and of threads, slugs made from titles, file names of markers.

Pure: text in, text out; no disk, no clock. Imports only `errors`.
Source: protocol.md, 1.
"""

import unicodedata

from wfsession.errors import InvalidName

MARKER_PREFIX = ".active-"
SESSION_PREFIX = "WFS-"
MAX_BYTES = 200

_RESERVED = frozenset({"completed", "active", "archives", "sessions", "issues", "specs"})
# Windows has more of them; those hold signs that no name may have.
_WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789"}
)
_ASCII_USABLE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
_ASCII_FIRST = _ASCII_USABLE - frozenset("-_.")
# A slug longer than this is no longer a name that anybody types; the title is kept whole.
_SLUG_CHARACTERS = 60
_SLUG_BYTES = MAX_BYTES - len("WFS--9999")


def nfc(name: str) -> str:
    """Return `name` in the form in which names are compared (Unicode NFC)."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def fold(name: str) -> str:
    """Return the form in which two names collide: NFC, case-folded."""
    return nfc(nfc(name).casefold())


def _is_usable(character: str) -> bool:
    if character.isascii():
        return character in _ASCII_USABLE
    # Marks belong to the letters of many scripts; symbols and format controls to none.
    return unicodedata.category(character) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"}


def _may_begin(character: str) -> bool:
    return character not in "-_." and unicodedata.category(character)[0] != "M"


def find_fault(name: str) -> str:
    """Return why `name` cannot be the name of a session, or an empty text where it can."""
    if not name:
        return "it is empty"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "it is not valid UTF-8"
    if size > MAX_BYTES:
        return f"it has {size} bytes, and {MAX_BYTES} is the most"
    if not _ASCII_USABLE.issuperset(name):
        for character in name:
            if not _is_usable(character):
                return f"it contains {character!r}"
    if name[0] not in _ASCII_FIRST and not _may_begin(name[0]):
        return f"it begins with {name[0]!r}"
    if name.endswith("."):
        return "it ends with a dot"
    if nfc(name) != name:
        return "it is not in Unicode's composed form (NFC)"
    folded = name.casefold()
    if folded in _RESERVED:
        return "that name is reserved for a directory of the layout"
    if folded.split(".")[0] in _WINDOWS_DEVICES:
        return "Windows reserves that name"
    return ""


def check_name(name: str) -> None:
    """Accept the name of a new session, or raise InvalidName with the reason."""
    fault = find_fault(name)
    if fault:
        raise InvalidName(name, fault)


def is_session_name(raw: str) -> bool:
    """Tell whether a directory entry's name can be a session's (any Unicode form)."""
    return not find_fault(nfc(raw))


def find_thread_fault(thread: str) -> str:
    """Return why `thread` is no `<agent>--<id>`, or an empty text where it is one."""
    agent, dashes, rest = thread.partition("--")
    if not (agent and dashes and rest):
        return "it is no <agent>--<id>"
    if len(thread) > MAX_BYTES:
        return f"it has {len(thread)} characters, and {MAX_BYTES} is the most"
    odd = next((one for one in thread if one not in _ASCII_USABLE), "")
    if odd:
        return f"it contains {odd!r}"
    return "" if _may_begin(thread[0]) else f"it begins with {thread[0]!r}"


def encode_marker(name: str) -> str:
    """Return the file name of the marker of the session `name`."""
    return MARKER_PREFIX + name


def parse_marker(entry: str) -> str | None:
    """Return the session's name in a marker's file name, as it stands, or None for others.

    `.active-`, editor backups (`.active-x~`) and conflict copies (`.active-x (1)`) are None.
    """
    if not entry.startswith(MARKER_PREFIX):
        return None
    raw = entry[len(MARKER_PREFIX) :]
    return raw if is_session_name(raw) else None


def join_words(title: str) -> str:
    """Lower `title` and join its usable stretches with single hyphens."""
    kept: list[str] = []
    for character in nfc(nfc(title).lower()):
        usable = _is_usable(character)
        # A mark without the letter that it belongs to (an emoji's selector) says nothing.
        is_mark = unicodedata.category(character)[0] == "M"
        is_stray = is_mark and (not kept or kept[-1] in "-_.")
        kept.append(character if usable and not is_stray else "-")
    return "-".join(part for part in "".join(kept).split("-") if part.strip("_."))


def make_slug(title: str, stamp: str) -> str:
    """Make the name of a session from its title.

    Args:
        title: any text; only letters, digits, `_` and `.` of it are used, in lower case.
        stamp: `YYYYMMDD-HHMMSS`, used where the title has no usable letter.

    Returns:
        A valid name that begins with `WFS-`; it may collide with one that exists.
    """
    words = join_words(title).removeprefix("wfs-")
    if len(words) > _SLUG_CHARACTERS:
        whole_words = words[: _SLUG_CHARACTERS + 1].rpartition("-")[0]
        enough = len(whole_words) > _SLUG_CHARACTERS // 2
        words = whole_words if enough else words[:_SLUG_CHARACTERS]
    words = words.encode()[:_SLUG_BYTES].decode(errors="ignore").strip("-_.")
    return SESSION_PREFIX + (words or stamp)


def number_name(name: str, number: int) -> str:
    """Return the `number`-th try at `name`: itself, then `name-2`, `name-3`, …"""
    return name if number == 1 else f"{name}-{number}"
