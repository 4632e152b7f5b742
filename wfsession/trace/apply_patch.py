"""The text that Codex gives its tool `apply_patch`, as a patch. Pure.

It names files and shows lines, with no numbers: those of a file that is added are known, of all
others they are 0.
"""

from collections.abc import Iterator

from wfsession.trace.edits import number_lines
from wfsession.trace.patch import Author, Hunk, Patch, PatchFile
from wfsession.trace.patches import Unparsed

_BEGIN, _END = "*** Begin Patch", "*** End Patch"
_ADD, _UPDATE, _DELETE = "*** Add File: ", "*** Update File: ", "*** Delete File: "
_MOVE, _LAST = "*** Move to: ", "*** End of File"


def parse_apply_patch(text: str, author: Author | None = None) -> Patch | Unparsed:
    """Return what a text for `apply_patch` does, or why it is none.

    A file that is deleted has no hunks, as the text does not tell what was in it.
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if _BEGIN not in lines:
        return Unparsed(f"there is no {_BEGIN!r}")
    begin = lines.index(_BEGIN) + 1
    end = lines.index(_END) if _END in lines else len(lines)
    files: list[PatchFile] = []
    for header, body in _split(lines[begin:end]):
        if header.startswith(_DELETE):
            files.append(PatchFile(header.removeprefix(_DELETE), None, "deleted"))
        elif header.startswith(_ADD):
            path = header.removeprefix(_ADD)
            added = [line for line in body if line.startswith("+")]
            hunks = (number_lines(added, 0, 1, author),) if added else ()
            files.append(PatchFile(None, path, "added", hunks))
        elif header.startswith(_UPDATE):
            files.append(_update(header.removeprefix(_UPDATE), body, author))
        else:
            return Unparsed(f"{header!r} is nothing that is done to a file")
    return Patch(tuple(files)) if files else Unparsed("it names no file")


def _split(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield what is done to each file: the line that names it, and those behind."""
    header = ""
    body: list[str] = []
    for line in lines:
        if line.startswith("*** ") and not line.startswith((_MOVE, _LAST)):
            if header:
                yield header, body
            header, body = line, []
        elif header or line.strip():
            body.append(line)
            header = header or line
    if header:
        yield header, body


def _update(old: str, body: list[str], author: Author | None) -> PatchFile:
    new = old
    if body and body[0].startswith(_MOVE):
        new = body.pop(0).removeprefix(_MOVE)
    hunks: list[Hunk] = []
    stretch: list[str] = []
    for line in (*body, "@@"):
        if line.startswith("@@"):
            if any(text[:1] in ("+", "-") for text in stretch):
                hunks.append(number_lines(stretch, 0, 0, author))
            stretch = []
        elif line != _LAST:
            stretch.append(line)
    return PatchFile(old, new, "modified" if old == new else "renamed", tuple(hunks))
