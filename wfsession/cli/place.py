"""The verbs that make something: init, new, adopt."""

import os
from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer, UsageError
from wfsession.cli.call import Call, check_text
from wfsession.cli.changed import encode_step, make_changed, tell_steps
from wfsession.cli.here import check_directory
from wfsession.cli.verb import Verb
from wfsession.core import creation, layout, locate
from wfsession.core.model import Step
from wfsession.core.names import make_slug
from wfsession.core.records import TYPES
from wfsession.core.times import make_stamp, now
from wfsession.errors import RootNotFound, UnsafePath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data


@frozen
class Made(Answer):
    """A root, which was made or (`is_new` False) was there."""

    root: str
    is_new: bool
    is_dry: bool

    def to_data(self) -> "Data":
        """Return root, and whether it was made."""
        return {
            "root": self.root,
            "created": self.is_new and not self.is_dry,
            "dry_run": self.is_dry,
            "steps": [encode_step(Step("create", self.root))] if self.is_new else [],
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield where it is."""
        if not self.is_new:
            yield f"There is {self.root} already; nothing was done."
        elif self.is_dry:
            yield f"Nothing was done. This would make {self.root}"
        else:
            yield f"Made {self.root}"
            if is_terminal:
                yield 'To begin a session: wf new "what it is about"'


@frozen
class Foretold(Answer):
    """What `wf new --dry-run` would do where there is no root yet."""

    root: str
    session_id: str
    is_active: bool

    @property
    def _steps(self) -> tuple[Step, ...]:
        steps = (Step("create", layout.ROOT), Step("create", self.session_id))
        return (*steps, Step("activate", f".active-{self.session_id}")) if self.is_active else steps

    def to_data(self) -> "Data":
        """Return the keys of a writing verb."""
        return {
            "session": self.session_id,
            "state": "active" if self.is_active else "paused",
            "path": os.path.join(self.root, self.session_id),
            "previous": None,
            "changed": False,
            "dry_run": True,
            "steps": [encode_step(step) for step in self._steps],
            "notes": [],
            "root_created": False,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the steps."""
        yield from tell_steps(self.session_id, self._steps)


def init(call: Call) -> Answer:
    """Make the root of a project."""
    directory = call.options.directory
    named = getattr(call.options, "root", None)
    if directory is not None and named is not None:
        raise UsageError("the directory is named twice", "leave out --root or the directory")
    project = _strip_root(directory if directory is not None else named)
    if call.is_dry:
        return _foretell(project)
    root, is_new = creation.create_root(project)
    return Made(root, is_new, is_dry=False)


def _foretell(project: str) -> Made:
    """Return what would be made, or raise what making it would."""
    if not os.path.isdir(project):
        raise UnsafePath(project, "is no directory")
    root = os.path.join(os.path.realpath(project), layout.ROOT)
    is_new = not os.path.lexists(root)
    return Made(root if is_new else locate.find_root(None, root), is_new, is_dry=True)


def _strip_root(path: str | None) -> str:
    """Return the project that is meant, be it named by its root."""
    if path == "":
        raise UsageError("the directory is an empty text", "wf init .")
    if path is None:
        check_directory()
        return "."
    bare = path.rstrip(os.sep) or path
    inside = os.path.basename(bare) == layout.ROOT
    return os.path.dirname(bare) or "." if inside else path


def new(call: Call) -> Answer:
    """Create a session, and the root if there is none."""
    options = call.options
    title = _read_title(call)
    return _create(call, title, options.name, adopt=None)


def adopt(call: Call) -> Answer:
    """Make a session of a directory."""
    path = call.options.path
    check_directory()
    title = _read_title(call)
    return _create(call, title, call.options.name, adopt=os.path.abspath(path))


def _read_title(call: Call) -> str:
    """Return the title that was typed, in one word or several; the name where there is none."""
    words, name = call.options.title, call.options.name
    if not words and name is None:
        raise UsageError("new: what is it about?", 'wf new "OAuth integration"')
    return " ".join(words) if words else name


def _create(call: Call, title: str, name: str | None, adopt: str | None) -> Answer:
    kind, switch = call.options.type, call.options.switch
    check_text("title", title)
    creation.check_new(title, kind, name)
    is_made = False
    try:
        workspace = call.workspace
    except RootNotFound:
        if call.is_pinned:
            raise
        if call.is_dry:
            root = os.path.join(os.getcwd(), layout.ROOT)
            return Foretold(root, name or make_slug(title, make_stamp(now())), switch)
        root, is_made = creation.create_root(".")
        workspace = call.use(root)
    event = call.do(
        lambda here: here.create(
            title, name=name, type=kind, switch=switch, adopt=adopt, dry_run=call.is_dry
        )
    )
    session = event.session
    if switch:
        call.warn_if_pinned(session.name)
    made = (f"There was no .workflow here or above, so this one was made: {workspace.root}",)
    verb = "Created" if adopt is None else "Adopted as"
    state = "the active session now" if session.is_active else "paused"
    paused = f" (paused: {event.previous})" if event.previous else ""
    sentence = f"{verb} {session.name}, {state}{paused}."
    more = (f"  {session.path}", *(made if is_made else ()))
    return make_changed(call, event, sentence, more, {"root_created": is_made})


def _add_init(parser: ArgumentParser) -> None:
    help_text = "the project's directory; the current one if left out"
    parser.add_argument("directory", metavar="DIR", nargs="?", help=help_text)


def _add_new(parser: ArgumentParser) -> None:
    help_text = "what it is about; with --name it may be left out"
    parser.add_argument("title", metavar="TITLE", nargs="*", help=help_text)
    _add_kind(parser)


def _add_kind(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--type",
        choices=TYPES,
        default="medium",
        help="how big it is: simple, medium (if left out) or complex",
    )
    parser.add_argument("--name", metavar="NAME", help="its name; made from the title if left out")
    parser.add_argument(
        "--no-switch",
        dest="switch",
        action="store_false",
        help="leave it paused, stay where we are",
    )


def _add_adopt(parser: ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="a directory; it is moved, with all in it")
    parser.add_argument("title", metavar="TITLE", nargs="*", help="what it is about")
    _add_kind(parser)


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "init",
            "make the .workflow directory of a project",
            """\
Where there is one already, nothing is done. `wf new` makes one too, in the
current directory, if there is none here or above.

  wf init""",
            "[DIR]",
            init,
            _add_init,
            is_write=True,
        ),
        Verb(
            "new",
            "begin a session",
            """\
Makes a directory and a record for it, and makes it the active session. Its name
is made from the title, and gets a number where it is taken.

  wf new "OAuth integration"
  wf new "Cart total is NaN" --type simple --no-switch""",
            "TITLE [--type simple|medium|complex] [--name NAME] [--no-switch]",
            new,
            _add_new,
            is_write=True,
        ),
        Verb(
            "adopt",
            "make a session of a directory",
            """\
The directory is moved into .workflow, with all that is in it. This is how a
temporary workspace that `wf exec` kept becomes a session.

  wf adopt ./notes "OAuth integration\"""",
            "PATH TITLE [--type simple|medium|complex] [--name NAME] [--no-switch]",
            adopt,
            _add_adopt,
            is_write=True,
        ),
    )
}
