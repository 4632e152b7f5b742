"""`wf attic`: what was set aside, and the way back, or out."""

from argparse import ArgumentParser
from datetime import datetime

from attrs import frozen

from wfsession.cli.answer import Answer, UsageError
from wfsession.cli.call import Call
from wfsession.cli.changed import encode_step, tell_steps
from wfsession.cli.page import Column, Pairs, Rows
from wfsession.cli.parser import add_action, add_common
from wfsession.cli.verb import Verb
from wfsession.core import layout
from wfsession.core.attic import ITEM
from wfsession.core.boxes import Box, match_box, open_box
from wfsession.core.locate import open_root
from wfsession.core.times import encode_time, now
from wfsession.core.unboxing import Emptied, Restored
from wfsession.errors import WfError
from wfsession.words import count, join, tell_age, tell_ago, tell_size
from wfsession.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_MOST_ENTRIES = 12
_MOST_TEXT_BYTES = 4096
_COLUMNS = (
    Column("AGE", drop=2),
    Column("WHAT", drop=3),
    Column("FROM", least=12),
    Column("SIZE", drop=1),
    Column("REASON", drop=4, least=40),
)


@frozen
class Listed(Answer):
    """What lies in the attic of a root, the newest first."""

    root: str
    boxes: tuple[Box, ...]
    at: datetime

    def to_data(self) -> "Data":
        """Return boxes."""
        return {"boxes": [encode_box(box) for box in self.boxes]}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the table; on a terminal with the part of each name that is enough to type."""
        rows = tuple(self._make_row(box) for box in self.boxes)
        if not is_terminal:
            names = (box.name for box in self.boxes)
            yield Rows((Column("NAME"), *_COLUMNS), _put_before(names, rows))
        elif rows:
            names = (box.short_name for box in self.boxes)
            yield Rows((Column("NAME"), *_COLUMNS), _put_before(names, rows))
            yield "To bring something back: wf attic restore NAME"
        else:
            yield f"There is nothing in the attic of {self.root}."

    def _make_row(self, box: Box) -> tuple[str, ...]:
        age = tell_age(box.at, self.at)
        return age, box.what, box.origin, tell_box_size(box), box.reason


def _put_before(
    names: "Iterator[str]", rows: tuple[tuple[str, ...], ...]
) -> tuple[tuple[str, ...], ...]:
    return tuple((name, *row) for name, row in zip(names, rows, strict=True))


@frozen
class Shown(Answer):
    """A box, with the names in a directory, or the lines of a short text; None otherwise."""

    box: Box
    entries: tuple[str, ...] | None
    text: str | None
    at: datetime

    def to_data(self) -> "Data":
        """Return the row of `wf attic list --json`, entries and text."""
        entries = None if self.entries is None else list(self.entries)
        return {**encode_box(self.box), "entries": entries, "text": self.text}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the page."""
        yield self.box.name
        yield Pairs(tuple(self._tell()))
        if self.text is not None:
            yield ""
            yield from self.text.splitlines()

    def _tell(self) -> "Iterator[tuple[str, str]]":
        box = self.box
        yield "from", box.origin or "not known"
        yield "reason", box.reason or "not known"
        yield "set aside", f"{tell_ago(box.at, self.at)}, {encode_time(box.at)}"
        yield "kind", box.kind
        yield "size", tell_box_size(box)
        yield "path", box.path
        if self.entries is not None:
            yield "holds", join(self.entries, _MOST_ENTRIES) or "nothing"


@frozen
class Returned(Answer):
    """What was brought back, or (dry run) would be."""

    restored: Restored
    is_dry: bool

    def to_data(self) -> "Data":
        """Return name, path, replaced, and the steps."""
        return {
            "name": self.restored.name,
            "path": self.restored.path,
            "replaced": self.restored.replaced or None,
            "dry_run": self.is_dry,
            "steps": [encode_step(step) for step in self.restored.steps],
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what was done; in a dry run the steps."""
        if self.is_dry:
            yield from tell_steps(self.restored.name, self.restored.steps)
            return
        yield f"Brought back {self.restored.path}"
        if self.restored.replaced:
            yield f"  what stood there is set aside: {self.restored.replaced}"


@frozen
class LetGo(Answer):
    """The boxes that were deleted, or would be. `typed` are the names that were typed."""

    emptied: Emptied
    typed: tuple[str, ...]

    def to_data(self) -> "Data":
        """Return boxes, size_bytes and applied."""
        return {
            "boxes": [box.name for box in self.emptied.boxes],
            "size_bytes": self.emptied.size_bytes,
            "applied": self.emptied.applied,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what was deleted; or what would be, and what to type."""
        boxes = self.emptied.boxes
        much = f"{count(len(boxes), 'box')}, {tell_size(self.emptied.size_bytes)} in all"
        if not boxes:
            yield "Nothing was deleted: there is nothing in the attic."
        elif self.emptied.applied:
            yield f"Deleted {much}."
        else:
            yield f"Nothing was deleted. This would delete {much}, for good:"
            for box in boxes:
                yield f"  {box.name}  {box.origin or 'from where is not known'}"
            yield " ".join(("To delete: wf attic empty --apply", *self.typed))


def encode_box(box: Box) -> "Data":
    """Return a box as JSON has it."""
    return {
        "name": box.name,
        "at": encode_time(box.at),
        "from": box.origin or None,
        "reason": box.reason or None,
        "kind": box.kind,
        "size_bytes": box.size_bytes,
        "path": box.path,
    }


def tell_box_size(box: Box) -> str:
    """Return how much is in a box."""
    return "empty" if box.kind == "missing" and not box.size_bytes else tell_size(box.size_bytes)


def attic(call: Call) -> Answer:
    """List what was set aside, show it, bring it back, or let it go."""
    workspace, action = call.workspace, call.options.action
    if action in (None, "list"):
        return Listed(workspace.root, workspace.attic(), now())
    if action == "show":
        return _show(workspace.root, _find(workspace, call.options.name))
    if action == "restore":
        name = _find(workspace, call.options.name).name
        return Returned(workspace.restore(name, dry_run=call.is_dry), call.is_dry)
    return _empty(call)


def _find(workspace: Workspace, text: str) -> Box:
    return match_box(workspace.attic(), text, f"{workspace.root}/{layout.ATTIC}")


def _show(root_path: str, box: Box) -> Answer:
    entries = text = None
    try:
        with open_root(root_path) as root, open_box(root, box.name) as folder:
            if box.kind == "directory":
                with folder.child(ITEM) as item:
                    entries = tuple(sorted(item.list_names()))
            elif box.kind == "file":
                data = folder.read(ITEM, _MOST_TEXT_BYTES).data
                text = None if b"\0" in data else data.decode()
    except (OSError, WfError, UnicodeDecodeError):
        pass  # closed to us, large, or no text: the rest is worth a page all the same
    return Shown(box, entries, text, now())


def _empty(call: Call) -> Answer:
    typed, workspace = tuple(call.options.names), call.workspace
    if call.options.apply and call.is_dry:
        hint = "leave one of them out; without --apply nothing is deleted"
        raise UsageError("attic empty: --apply and --dry-run contradict each other", hint)
    names = {_find(workspace, text).name for text in typed} if typed else None
    return LetGo(workspace.empty_attic(names, apply=call.options.apply), typed)


def _add_attic(parser: ArgumentParser) -> None:
    help_text = "its whole name, or a part that no other has"
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION")
    add_common(add_action(actions, ATTIC, "list", "list what was set aside"), ATTIC)
    shown = add_action(actions, ATTIC, "show", "show one thing that was set aside", "NAME")
    shown.add_argument("name", metavar="NAME", help=help_text)
    add_common(shown, ATTIC)
    summary = "bring a thing back; a file in its place is set aside"
    restored = add_action(actions, ATTIC, "restore", summary, "NAME")
    restored.add_argument("name", metavar="NAME", help=help_text)
    add_common(restored, ATTIC, is_write=True)
    summary = "delete what was set aside, all or by name; without --apply only tell what"
    emptied = add_action(actions, ATTIC, "empty", summary, "[NAME...] [--apply]")
    emptied.add_argument("names", metavar="NAME", nargs="*", help=help_text)
    emptied.add_argument("--apply", action="store_true", help="delete it, for good")
    add_common(emptied, ATTIC, is_write=True)


ATTIC = Verb(
    "attic",
    "list what was set aside, bring it back, or let it go",
    """\
What a repair or another command finds in its way goes to .workflow/.attic, with a
note that says where it was and why. Nothing leaves the attic by itself. The first
column of the list is enough of a name to type.

  wf attic
  wf attic restore 3fa2c1
  wf attic empty --apply""",
    "[list | show NAME | restore NAME | empty [NAME...] [--apply]]",
    attic,
    _add_attic,
    brings_over=False,
)
VERBS = {ATTIC.name: ATTIC}
