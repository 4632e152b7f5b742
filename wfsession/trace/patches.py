"""Unified and git diffs <-> patches. Pure; a text that is no such diff is told with the reason.

Lines end with a newline and with nothing else: a form feed, a lone carriage return or U+2028 in
them is content. What is not UTF-8 comes and goes as surrogates.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from wfsession.trace.patch import Author, Hunk, Kind, Line, Patch, PatchFile
from wfsession.trace.paths import (
    NOWHERE,
    has_no_prefixes,
    parse_name,
    quote,
    split_pair,
    strip_pair,
    unquote,
)

_GIT = "diff --git "
_COMBINED = ("diff --cc ", "diff --combined ", "@@@ ")
_RANGES = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)", re.DOTALL)
_NO_NEWLINE = "\\ No newline at end of file"
_SIGNS = {"added": "+", "removed": "-", "context": " "}
# A number that no file has as many lines as; what is larger is no diff.
_MOST_LINES = 10**9


class Unparsed(NamedTuple):
    """A text that is no diff which can be understood, and why."""

    reason: str


class _Broken(Exception):
    """Why a text is no diff."""


def parse_patch(text: str, path: str = "", author: Author | None = None) -> Patch | Unparsed:
    """Return the patch that a text holds; all that stands around the diffs in it is passed over.

    Args:
        text: one diff or several, of git or of `diff -u`.
        path: the file that hunks without a name belong to; empty where there must be none.
        author: whoever wrote the touched lines.

    Returns:
        The patch, with at least one file; else the reason why there is none.
    """
    try:
        files = tuple(_Reader(text, path, author).read())
    except _Broken as error:
        return Unparsed(str(error))
    return Patch(files) if files else Unparsed("there is no diff in it")


class _Reader:
    """Goes through the lines of a text once."""

    def __init__(self, text: str, path: str, author: Author | None) -> None:
        self._lines = text.split("\n")
        if not self._lines[-1]:
            self._lines.pop()
        self._at = 0
        self._path = path
        self._author = author

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._lines[at] if at < len(self._lines) else ""

    def read(self) -> Iterator[PatchFile]:
        while self._at < len(self._lines):
            line = self._peek()
            if line.startswith(_COMBINED):
                raise _Broken(f"line {self._at + 1}: it is a combined diff, of several parents")
            if line.startswith(_GIT):
                yield self._read_git()
            elif self._has_names():
                names = self._read_names()
                yield self._finish(*strip_pair(*names), ())
            elif self._has_hunk():
                if not self._path:
                    raise _Broken(f"line {self._at + 1}: a hunk of which no file is named")
                yield self._finish(self._path, self._path, ())
            else:
                self._at += 1

    def _has_names(self) -> bool:
        return self._peek().startswith("--- ") and self._peek(1).startswith("+++ ")

    def _has_hunk(self) -> bool:
        return self._peek().startswith("@@ -")

    def _read_names(self) -> tuple[str | None, str | None]:
        names = parse_name(self._peek()), parse_name(self._peek(1))
        if names == (None, None):
            raise _Broken(f"line {self._at + 1}: both names are {NOWHERE}")
        self._at += 2
        return names

    def _read_git(self) -> PatchFile:
        pair = split_pair(self._peek()[len(_GIT) :].removesuffix("\r"))
        start = self._at
        self._at += 1
        extended = []
        while self._at < len(self._lines) and not (
            self._has_names() or self._has_hunk() or self._peek().startswith((_GIT, *_COMBINED))
        ):
            extended.append(self._peek().removesuffix("\r"))
            self._at += 1
        names = self._read_names() if self._has_names() else None
        moved = _find_moved(extended)
        old: str | None
        new: str | None
        if moved is not None:
            old, new = moved
        elif names is not None:
            old, new = names if has_no_prefixes(pair) else strip_pair(*names)
        elif pair is not None:
            old, new = _find_unchanged(pair, extended)
        else:
            raise _Broken(f"line {start + 1}: the names of the file cannot be told apart")
        return self._finish(old, new, tuple(extended))

    def _finish(self, old: str | None, new: str | None, extended: tuple[str, ...]) -> PatchFile:
        hunks = []
        while self._has_hunk():
            hunks.append(self._read_hunk())
        return PatchFile(old, new, _tell_kind(old, new, extended), tuple(hunks), extended)

    def _read_hunk(self) -> Hunk:
        found = _RANGES.fullmatch(self._peek())
        if found is None:
            raise _Broken(f"line {self._at + 1}: a hunk has no ranges that can be read")
        old_start, old_count, new_start, new_count = (
            1 if text is None else int(text[:12]) for text in found.group(1, 2, 3, 4)
        )
        if max(old_start + old_count, new_start + new_count) > _MOST_LINES:
            raise _Broken(f"line {self._at + 1}: a hunk has numbers that no file has")
        begin = self._at
        self._at += 1
        body = _Body(old_start, old_count, new_start, new_count, self._author)
        while not body.is_full:
            if self._at >= len(self._lines):
                raise _Broken(f"line {begin + 1}: a hunk ends before its ranges do")
            body.take(self._peek(), self._at + 1)
            self._at += 1
        if self._peek().startswith("\\"):
            body.mark_end()
            self._at += 1
        heading = found[5].removesuffix("\r")
        return Hunk(old_start, old_count, new_start, new_count, tuple(body.lines), heading)


class _Body:
    """The lines of one hunk, numbered as they come."""

    def __init__(
        self, old_start: int, old_count: int, new_start: int, new_count: int, author: Author | None
    ) -> None:
        # A start of 0 with lines in it stands for a place that nobody knows.
        self._old, self._old_step = old_start, int(old_start > 0)
        self._new, self._new_step = new_start, int(new_start > 0)
        self._old_left, self._new_left = old_count, new_count
        self._author = author
        self.lines: list[Line] = []

    @property
    def is_full(self) -> bool:
        return not (self._old_left or self._new_left)

    def take(self, text: str, at: int) -> None:
        sign, content = text[:1], text[1:]
        if sign == "\\":
            self.mark_end()
        elif sign == "+" and self._new_left:
            self.lines.append(Line("added", self._new, content, author=self._author))
            self._pass(old=0, new=1)
        elif sign == "-" and self._old_left:
            self.lines.append(Line("removed", self._old, content, author=self._author))
            self._pass(old=1, new=0)
        elif text in ("", "\r") or sign == " ":
            # Some programs take the blank off a line that is empty.
            if not (self._old_left and self._new_left):
                raise _Broken(f"line {at}: a hunk has more lines than its ranges")
            self.lines.append(Line("context", self._new, content if sign == " " else text))
            self._pass(old=1, new=1)
        else:
            raise _Broken(f"line {at}: it does not belong in a hunk")

    def _pass(self, old: int, new: int) -> None:
        self._old_left -= old
        self._new_left -= new
        self._old += old * self._old_step
        self._new += new * self._new_step

    def mark_end(self) -> None:
        if self.lines:
            self.lines[-1] = self.lines[-1]._replace(has_newline=False)


def _find_moved(extended: list[str]) -> tuple[str, str] | None:
    """Return the names that git gives for what is renamed or copied, which have no prefixes."""
    for verb in ("rename", "copy"):
        old, new = (
            next((line[len(start) :] for line in extended if line.startswith(start)), None)
            for start in (f"{verb} from ", f"{verb} to ")
        )
        if old is not None and new is not None:
            return unquote(old), unquote(new)
    return None


def _find_unchanged(pair: tuple[str, str], extended: list[str]) -> tuple[str | None, str | None]:
    """Return the names of a file of which no content is shown: its mode, or a binary one."""
    old, new = strip_pair(*pair)
    if any(line.startswith("new file mode ") for line in extended):
        return None, new
    if any(line.startswith("deleted file mode ") for line in extended):
        return old, None
    return old, new


def _tell_kind(old: str | None, new: str | None, extended: tuple[str, ...]) -> Kind:
    if old is None or any(line.startswith("copy to ") for line in extended):
        return "added"
    if new is None:
        return "deleted"
    return "modified" if old == new else "renamed"


def encode_patch(patch: Patch) -> str:
    """Return a patch as a git diff, with the usual prefixes; empty without files."""
    lines: list[str] = []
    for file in patch.files:
        old, new = file.old_path, file.new_path
        lines.append(f"{_GIT}{_prefix('a/', old or new)} {_prefix('b/', new or old)}")
        lines += file.extended or _make_extended(file)
        if file.hunks:
            lines += [f"--- {_name('a/', old)}", f"+++ {_name('b/', new)}"]
        for hunk in file.hunks:
            lines += _encode_hunk(hunk)
    return "".join(f"{line}\n" for line in lines)


def _make_extended(file: PatchFile) -> tuple[str, ...]:
    if file.old_path is None:
        return ("new file mode 100644",)
    if file.new_path is None:
        return ("deleted file mode 100644",)
    if file.kind == "renamed":
        return f"rename from {quote(file.old_path)}", f"rename to {quote(file.new_path)}"
    return ()


def _prefix(prefix: str, path: str | None) -> str:
    return quote(f"{prefix}{path}")


def _name(prefix: str, path: str | None) -> str:
    if path is None:
        return NOWHERE
    name = _prefix(prefix, path)
    # As git does, so that `patch` finds the end of the name.
    return f"{name}\t" if " " in path else name


def _encode_hunk(hunk: Hunk) -> Iterator[str]:
    old = _encode_range(hunk.old_start, hunk.old_count)
    new = _encode_range(hunk.new_start, hunk.new_count)
    yield f"@@ -{old} +{new} @@{hunk.heading}"
    for line in hunk.lines:
        yield _SIGNS[line.kind] + line.content
        if not line.has_newline:
            yield _NO_NEWLINE


def _encode_range(start: int, count: int) -> str:
    return str(start) if count == 1 else f"{start},{count}"
