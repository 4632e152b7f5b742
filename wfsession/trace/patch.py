"""What a patch is: files, hunks and lines, each line with whoever wrote it. Values only; pure.

Named tuples, as a hook makes them at every edit, and attrs takes longer to load than that takes.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["added", "modified", "deleted", "renamed"]
Touch = Literal["added", "removed", "context"]


class Author(NamedTuple):
    """Whoever wrote a line: a thread, `<agent>--<id>`, that worked on a session, with a model.

    `model_id` is empty where it is not known.
    """

    session: str
    thread: str
    model_id: str = ""

    @property
    def url(self) -> str:
        """The link to the conversation: `wfsession:SESSION/AGENT--ID`, the same on each machine."""
        from urllib.parse import quote

        return f"wfsession:{quote(self.session, safe='')}/{quote(self.thread, safe='')}"


class Line(NamedTuple):
    """A line of a hunk. Only those that are added or removed are touched.

    `number` is that in the new file, for one that is removed that in the old; 0 where it is not
    known. `content` is without the newline at its end, which `has_newline` tells of.
    """

    kind: Touch
    number: int
    content: str
    has_newline: bool = True
    author: Author | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes two lines the same: git may change the ends of lines on the way."""
        return self.kind, self.content.removesuffix("\r")


class Hunk(NamedTuple):
    """A hunk, with the ranges as its header gives them; a start of 0 is not known, if it counts."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    lines: tuple[Line, ...]
    heading: str = ""

    @property
    def touched(self) -> tuple[Line, ...]:
        """The lines that are added or removed."""
        return tuple(line for line in self.lines if line.kind != "context")

    @property
    def authors(self) -> tuple[Author, ...]:
        """Whoever wrote touched lines of it, each once."""
        return tuple(dict.fromkeys(line.author for line in self.touched if line.author))

    @property
    def model_id(self) -> str:
        """The one model that wrote all of it that has an author, or empty."""
        models = {author.model_id for author in self.authors}
        return models.pop() if len(models) == 1 else ""


class PatchFile(NamedTuple):
    """What a patch does to one file. `old_path` is None for a new one, `new_path` for a deleted.

    `extended` are git's lines between `diff --git` and the names, as they stand: modes,
    similarity, a binary patch.
    """

    old_path: str | None
    new_path: str | None
    kind: Kind
    hunks: tuple[Hunk, ...] = ()
    extended: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path that it has afterwards, or had before it was deleted."""
        return self.new_path or self.old_path or ""


class Patch(NamedTuple):
    """Several files' changes, in their order."""

    files: tuple[PatchFile, ...] = ()

    def touched(self) -> Iterator[tuple[PatchFile, Line]]:
        """Yield each touched line with its file."""
        for file in self.files:
            for hunk in file.hunks:
                for line in hunk.touched:
                    yield file, line


class Written(NamedTuple):
    """A patch that an agent made: who, when (ms since 1970), and what it did."""

    author: Author
    at_ms: int
    patch: Patch
