"""`wf show`: a session whole."""

from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call
from wfsession.cli.kept import encode_kept, list_kept_of, tell_kept
from wfsession.cli.page import Pairs
from wfsession.cli.portrait import (
    encode_checkpoint,
    encode_session,
    encode_task,
    encode_transition,
    list_in_hand,
    list_tasks,
    tell_artifacts,
    tell_checkpoint,
    tell_title,
)
from wfsession.cli.verb import Verb
from wfsession.core import layout
from wfsession.core.disk import Folder, is_directory
from wfsession.core.doctor import KINDS, describe
from wfsession.core.model import Session, Task
from wfsession.core.snapshot import open_session
from wfsession.core.times import now
from wfsession.errors import NoActiveSession
from wfsession.words import count, join, tell_ago

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from wfsession.cli.answer import Block, Data
    from wfsession.cli.kept import KeptTold

# Then it is left to a person, and what follows says how.
_NO_REPAIR = "none: "
_FOLDERS_DEEP = 8
_MOST_FILES = 10_000
_MOST_SHOWN = 12
_MOST_TASKS = 15


@frozen
class Files:
    """The user's files in a session: top-level names, directories with what is in them.

    `total` counts files at every depth; `is_all` is False where there were too many to count.
    """

    names: tuple[str, ...] = ()
    folders: tuple[tuple[str, tuple[str, ...]], ...] = ()
    total: int = 0
    is_all: bool = True


@frozen
class Shown(Answer):
    """A session with its tasks and files."""

    session: Session
    tasks: tuple[Task, ...]
    files: Files
    at: "datetime"
    stories: "tuple[KeptTold, ...]" = ()
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return the row of `wf list --json`, and all else that is known."""
        session, record = self.session, self.session.record
        return {
            **encode_session(session),
            "location": session.location,
            "wrong_fields": [
                {"path": one.path, "expected": one.expected, "found": one.found}
                for one in (record.wrong if record else ())
            ],
            "completed_phases": list(record.completed_phases) if record else [],
            "transitions": [encode_transition(one) for one in record.transitions] if record else [],
            "tasks_in_hand": list(list_in_hand(session, self.tasks)),
            "task_list": [encode_task(task) for task in self.tasks],
            "checkpoint": encode_checkpoint(record.checkpoint if record else None),
            "former_names": list(record.renamed_from) if record else [],
            "files": [*self.files.names, *_list_paths(self.files)],
            "kept_stories": [encode_kept(one) for one in self.stories],
            "files_total": self.files.total,
            "files_complete": self.files.is_all,
            "record": dict(record.data) if record else None,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the page."""
        yield f"{self.session.name} ({self.session.state})"
        yield Pairs(tuple(self._tell()))

    def _tell(self) -> "Iterator[tuple[str, str]]":
        session = self.session
        if session.state != "bad" and tell_title(session):
            yield "title", session.title
        yield from self._tell_problems()
        if session.record is not None:
            yield from self._tell_work()
            former = join(session.record.renamed_from)
            if former:
                yield "was called", former
        yield "changed", tell_ago(session.updated, self.at)
        yield "created", tell_ago(session.created, self.at)
        if session.threads:
            yield "threads", str(session.threads)
        yield from tell_kept(self.stories, self.at)
        yield from _tell_files(self.files)
        yield "path", session.path

    def _tell_problems(self) -> "Iterator[tuple[str, str]]":
        is_mendable = False
        for problem in self.session.problems:
            yield "problem", f"{problem}: {describe(self.session, problem)}"
            repair = KINDS[problem].repair
            is_mendable |= not repair.startswith(_NO_REPAIR)
            yield "repair", repair.removeprefix(_NO_REPAIR)
        if is_mendable:
            yield "to mend", "wf doctor --fix"

    def _tell_work(self) -> "Iterator[tuple[str, str]]":
        record = self.session.record
        assert record is not None
        if record.type:
            yield "type", record.type
        after = f", after {join(record.completed_phases)}" if record.completed_phases else ""
        yield "phase", f"{record.phase or 'none'}{after}"
        label = "hand-over"
        for one in record.transitions:
            when = f", {tell_ago(one.completed_at, self.at)}" if one.completed_at else ""
            what = tell_artifacts(one.artifacts) or "nothing named"
            yield label, f"{one.phase_completed} to {one.next_phase}{when}: {what}"
            label = ""
        yield from self._tell_tasks()
        yield "checkpoint", tell_checkpoint(record, self.at)

    def _tell_tasks(self) -> "Iterator[tuple[str, str]]":
        counts = self.session.tasks
        in_hand = list_in_hand(self.session, self.tasks)
        more = f", in hand: {join(in_hand)}" if in_hand else ""
        yield "tasks", f"{counts.done} of {counts.total} done{more}" if counts.total else "none"
        files = [task for task in self.tasks if task.source]
        for task in files[:_MOST_TASKS]:
            yield "", f"{task.id} ({task.status.replace('_', ' ')}) {task.title}".rstrip()
        if len(files) > _MOST_TASKS:
            yield "", f"and {len(files) - _MOST_TASKS} more: wf task list"


def _list_paths(files: Files) -> list[str]:
    return [f"{folder}/{name}" for folder, names in files.folders for name in names]


def _tell_files(files: Files) -> "Iterator[tuple[str, str]]":
    label = "files"
    lines = [*files.names]
    lines += [
        f"{folder}/ ({count(len(names), 'file')}) {join(names, 3)}"
        for folder, names in files.folders
    ]
    for line in lines[:_MOST_SHOWN]:
        yield label, line.rstrip()
        label = ""
    if len(lines) > _MOST_SHOWN:
        more = "" if files.is_all else "at least "
        yield "", f"and more, {more}{count(files.total, 'file')} in all"
    if not lines:
        yield label, "none but the record"


def list_files(session: Session) -> Files:
    """Return the user's files in a session's directory; no symlink is followed."""
    names: list[str] = []
    folders: list[tuple[str, tuple[str, ...]]] = []
    try:
        with open_session(session) as folder:
            for name in sorted(folder.list_names()):
                if name in layout.IN_SESSION:
                    continue
                status = folder.find(name)
                if status is not None and is_directory(status):
                    folders.append((name, tuple(_walk(folder, name))))
                elif status is not None:
                    names.append(name)
    except OSError:
        # Listed as bad, or gone this moment: there is nothing to tell of it.
        return Files()
    total = len(names) + sum(len(inner) for _, inner in folders)
    return Files(tuple(names), tuple(folders), total, total < _MOST_FILES)


def _walk(parent: Folder, name: str, depth: int = 0) -> "Iterator[str]":
    """Yield the files below a directory, as paths in it."""
    try:
        with parent.child(name) as folder:
            for entry in sorted(folder.list_names())[:_MOST_FILES]:
                status = folder.find(entry)
                if status is None:
                    continue
                if not is_directory(status):
                    yield entry
                elif depth < _FOLDERS_DEEP:
                    yield from (f"{entry}/{below}" for below in _walk(folder, entry, depth + 1))
    except OSError:
        return  # closed to us, or gone


def show(call: Call) -> Answer:
    """Show a session whole."""
    try:
        session = _find(call)
    except NoActiveSession as error:
        error.hint = "wf show NAME, and wf list for the names"
        raise
    tasks = list_tasks(session)
    files, stories = list_files(session), list_kept_of(session, call)
    return Shown(session, tasks, files, now(), stories, tuple(call.notes))


def _find(call: Call) -> Session:
    if call.options.name is not None and call.flag is None:
        return call.find(call.options.name)
    return call.workspace.get(call.pick(call.options.name))


def _add_show(parser: ArgumentParser) -> None:
    help_text = "the session: its name, a former one, or a part; the active one if left out"
    parser.add_argument("name", metavar="NAME", nargs="?", help=help_text)


VERBS = {
    "show": Verb(
        "show",
        "show a session whole",
        """\
Its title and state, its problems with their repairs, the phases with what each
handed to the next, the tasks, the last checkpoint, the files and the path; and of
conversations whose transcripts are gone the stories that were kept. --json gives the
record too.

  wf show
  wf show oauth --json""",
        "[NAME]",
        show,
        _add_show,
        takes_session=True,
    )
}
