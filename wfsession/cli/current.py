"""`wf current` and `wf path`: which session is this? Loads no more than the answer needs."""

from wfsession.cli.answer import Answer, Raw
from wfsession.cli.here import check_directory
from wfsession.core import locate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data


class Current(Answer):
    """The session that is meant here, or none; `shown` is what a script gets to read of it."""

    __slots__ = ("exit_code", "notes", "resolution", "shown")

    def __init__(self, verb: str, resolution: locate.Resolution) -> None:
        self.resolution = resolution
        self.shown = resolution.path if verb == "path" else resolution.session
        self.exit_code = 0 if resolution.session else 1
        self.notes = (resolution.note,) if resolution.note else ()

    def to_data(self) -> "Data":
        """Return session, path, root and source."""
        found = self.resolution
        return {
            "session": found.session,
            "path": found.path,
            "root": found.root,
            "source": found.source,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the name, or the path."""
        if self.shown is not None:
            yield Raw(self.shown)


def find_current(verb: str) -> Current:
    """Answer `wf current` or `wf path` for the current directory."""
    if not locate.read_environment().root:
        check_directory()
    return Current(verb, locate.find_current())
