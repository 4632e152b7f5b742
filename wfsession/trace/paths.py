"""Paths as git writes them into a diff: quoted, with prefixes, two on one line. Pure."""

import re

# What stands behind a backslash, and the byte that it is.
_ESCAPES = {
    "a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92,
}  # fmt: skip
_ESCAPED = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_LETTERS = {value: name for name, value in _ESCAPES.items()}
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PAIR = re.compile(rf"({_QUOTED}|\S.*?) ({_QUOTED}|\S.*)")
# Of `diff`, and of `diff.mnemonicPrefix`: commit, index, worktree, object.
_PREFIXES = frozenset("abciow12")
NOWHERE = "/dev/null"


def unquote(text: str) -> str:
    """Return a path that may be quoted as C does, with octal escapes for its bytes."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    data = text[1:-1].encode("utf-8", "surrogateescape")
    plain = _ESCAPED.sub(lambda found: bytes([_value_of(found[1])]), data)
    return plain.decode("utf-8", "surrogateescape")


def _value_of(escape: bytes) -> int:
    return int(escape, 8) & 255 if escape[0] in b"01234567" else _ESCAPES[escape.decode()]


def quote(path: str) -> str:
    """Return a path as git writes it: in quotes where it has a control, a quote, or other bytes."""
    data = path.encode("utf-8", "surrogateescape")
    quoted = "".join(map(_escape, data))
    return path if quoted == path else f'"{quoted}"'


def _escape(byte: int) -> str:
    if byte in _LETTERS:
        return f"\\{_LETTERS[byte]}"
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def split_pair(text: str) -> tuple[str, str] | None:
    """Return both names of a `diff --git` line, with their prefixes; None where it cannot be told.

    Without quotes only the names of a file that keeps its name can be told apart, since there may
    be blanks in them; of others the lines below tell.
    """
    if '"' in text:
        found = _PAIR.fullmatch(text)
        return (unquote(found[1]), unquote(found[2])) if found else None
    middle = len(text) // 2
    old, new = text[:middle], text[middle + 1 :]
    is_pair = text[middle : middle + 1] == " " and (old == new or _is_prefixed(old, new))
    return (old, new) if is_pair else None


def _is_prefixed(old: str, new: str) -> bool:
    return _has_prefix(old) and _has_prefix(new) and old[:2] != new[:2] and old[2:] == new[2:]


def _has_prefix(path: str) -> bool:
    return path[1:2] == "/" and path[0] in _PREFIXES and len(path) > 2


def has_no_prefixes(pair: tuple[str, str] | None) -> bool:
    """Tell whether the names of a `diff --git` line show that `diff.noprefix` is on."""
    return pair is not None and pair[0] == pair[1]


def strip_pair(old: str | None, new: str | None) -> tuple[str | None, str | None]:
    """Return both names of a file without the prefixes, if all there are have one."""
    names = [name for name in (old, new) if name is not None]
    alike = old is not None and new is not None and old[:2] == new[:2]
    if not names or alike or not all(map(_has_prefix, names)):
        return old, new
    return old and old[2:], new and new[2:]


def parse_name(line: str) -> str | None:
    """Return the name on a `---` or `+++` line, with its prefix; None for no file."""
    text = line[4:].removesuffix("\r")
    if text.startswith('"'):
        end = text.rfind('"')
        return unquote(text[: end + 1])
    # What `diff -u` puts behind the name is its time; git a tab alone, if there are blanks in it.
    name = text.partition("\t")[0]
    return None if name == NOWHERE else name
