"""The verbs of the work itself: phase, task, checkpoint."""

import os
from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer, UsageError
from wfsession.cli.call import Call, check_text
from wfsession.cli.changed import make_changed
from wfsession.cli.page import Column, Rows
from wfsession.cli.parser import add_action, add_common
from wfsession.cli.portrait import (
    encode_checkpoint,
    encode_task,
    encode_transition,
    list_in_hand,
    list_tasks,
    tell_artifacts,
)
from wfsession.cli.verb import Verb
from wfsession.core.model import Event, Session, Task
from wfsession.core.progress import PHASES
from wfsession.words import join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data

_COLUMNS = (Column("ID", least=16), Column("STATUS"), Column("TITLE", drop=1, least=12))


@frozen
class Phase(Answer):
    """The phase of a session."""

    session: Session
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return session, path, phase and the hand-overs."""
        record = self.session.record
        return {
            "session": self.session.name,
            "path": self.session.path,
            "phase": self.session.phase or None,
            "completed_phases": list(record.completed_phases) if record else [],
            "transitions": [encode_transition(one) for one in record.transitions] if record else [],
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the phase, and what was handed to it."""
        record = self.session.record
        done = (
            f" (done: {join(record.completed_phases)})"
            if record and record.completed_phases
            else ""
        )
        yield f"{self.session.name}: {self.session.phase or 'no phase'}{done}"
        for one in record.transitions if record else ():
            if one.next_phase == self.session.phase and one.artifacts:
                yield f"  from {one.phase_completed}: {tell_artifacts(one.artifacts)}"


@frozen
class Tasks(Answer):
    """The tasks of a session."""

    session: Session
    tasks: tuple[Task, ...]
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return session, path and tasks."""
        counts = self.session.tasks
        return {
            "session": self.session.name,
            "path": self.session.path,
            "tasks": [encode_task(task) for task in self.tasks],
            "in_hand": list(list_in_hand(self.session, self.tasks)),
            "counts": {
                "done": counts.done,
                "total": counts.total,
                "in_progress": counts.in_progress,
                "unreadable": counts.unreadable,
            },
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield a line for each task."""
        rows = tuple((task.id, task.status, task.title) for task in self.tasks)
        if not is_terminal:
            yield Rows(_COLUMNS, rows)
            return
        counts = self.session.tasks
        yield f"{self.session.name}: {counts.done} of {counts.total} tasks done"
        if rows:
            in_hand = list_in_hand(self.session, self.tasks)
            yield Rows(
                _COLUMNS,
                rows,
                marked=frozenset(n for n, row in enumerate(rows) if row[0] in in_hand),
                faint=frozenset(n for n, row in enumerate(rows) if row[1] == "completed"),
            )


def show_phase(call: Call) -> Answer:
    """Show the phase, or go to another."""
    action = call.options.action
    session = call.workspace.get(call.pick())
    if action is None:
        return Phase(session, tuple(call.notes))
    artifacts = _read_artifacts(call, session)
    name = session.name
    if action == "next":
        event = call.do(
            lambda here: here.next_phase(name, artifacts=artifacts, dry_run=call.is_dry)
        )
    else:
        phase = call.options.phase
        event = call.do(
            lambda here: here.set_phase(phase, name, artifacts=artifacts, dry_run=call.is_dry)
        )
    return _tell_move(call, session, event)


def _tell_move(call: Call, before: Session, event: Event) -> Answer:
    after = event.session
    transitions = after.record.transitions if after.record else ()
    extra = {
        "phase": after.phase or None,
        "phase_before": before.phase or None,
        "transition": encode_transition(transitions[-1]) if transitions else None,
    }
    if not event.changed:
        return make_changed(call, event, f"{after.name} is in {after.phase} already.", (), extra)
    came = f" from {before.phase}" if before.phase else ""
    sentence = f"{after.name} went{came} to {after.phase}."
    is_new = before.record is None or len(transitions) > len(before.record.transitions)
    handed = transitions[-1].artifacts if transitions and is_new else {}
    more = (f"Handed over: {tell_artifacts(handed)}",) if handed else ()
    return make_changed(call, event, sentence, more, extra)


def checkpoint(call: Call) -> Answer:
    """Keep the state of the work."""
    session = call.workspace.get(call.pick())
    artifacts = _read_artifacts(call, session)
    note = call.options.message
    check_text("note", note)
    event = call.do(
        lambda here: here.checkpoint(
            session.name, note=note, artifacts=artifacts, dry_run=call.is_dry
        )
    )
    after = event.session
    kept = after.record.checkpoint if after.record else None
    in_hand = f", in hand: {join(kept.tasks)}" if kept and kept.tasks else ""
    sentence = f"Kept a checkpoint of {after.name} in {after.phase or 'no phase'}{in_hand}."
    extra = {"checkpoint": encode_checkpoint(kept)}
    return make_changed(call, event, sentence, (f"  {note}",) if note else (), extra)


def _read_artifacts(call: Call, session: Session) -> dict[str, str]:
    """Return what `--artifact NAME=PATH` names, each path as the next phase is to read it."""
    artifacts: dict[str, str] = {}
    for text in call.options.artifact:
        name, _, path = text.partition("=")
        if not name or not path:
            raise UsageError(
                f"--artifact takes NAME=PATH, not {text!r}", "--artifact plan=IMPL_PLAN.md"
            )
        if name in artifacts:
            raise UsageError(f"the artifact {name!r} is named twice", "use another name for one")
        check_text("artifact", text)
        artifacts[name] = _place_artifact(call, session, path)
    return artifacts


def _place_artifact(call: Call, session: Session, path: str) -> str:
    # As it stands in the session's directory; else the file that the shell completed here.
    if os.path.exists(os.path.join(session.path, path)):
        return path
    if os.path.exists(path):
        return os.path.abspath(path)
    call.notes.append(f"there is no {path} in {session.path} yet; it is named all the same")
    return path


def task(call: Call) -> Answer:
    """List the tasks, take one in hand, or put one out of hand."""
    action = call.options.action
    name = call.pick()
    if action in (None, "list"):
        session = call.workspace.get(name)
        return Tasks(session, list_tasks(session), tuple(call.notes))
    task_id = call.options.task
    check_text("task", task_id)
    if action == "add":
        event = call.do(lambda here: here.add_task(task_id, name, dry_run=call.is_dry))
    else:
        event = call.do(lambda here: here.finish_task(task_id, name, dry_run=call.is_dry))
    session = event.session
    in_hand = session.record.current_tasks if session.record else ()
    extra = {"task": task_id, "tasks_in_hand": list(in_hand)}
    if not event.changed:
        sentence = f"{task_id} of {session.name} is in hand already."
        return make_changed(call, event, sentence, (), extra)
    rest = f"in hand now: {join(in_hand, 10)}" if in_hand else "none is in hand now"
    done = "in hand" if action == "add" else "done"
    sentence = f"{task_id} of {session.name} is {done}; {rest}."
    if action == "add":
        sentence = f"{task_id} of {session.name} is in hand."
    return make_changed(call, event, sentence, (), extra)


def _add_artifact(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--artifact",
        metavar="NAME=PATH",
        action="append",
        default=[],
        help="what there is to go on with, by name; may be given several times",
    )


def _add_phase(parser: ArgumentParser) -> None:
    parser.set_defaults(artifact=[])
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION")
    following = add_action(actions, PHASE, "next", "go to the next phase", "[--artifact NAME=PATH]")
    _add_artifact(following)
    add_common(following, PHASE, is_write=True)
    usage = f"{'|'.join(PHASES)} [--artifact NAME=PATH]"
    named = add_action(actions, PHASE, "set", "go to a phase", usage)
    named.add_argument("phase", metavar="PHASE", help=f"{join(PHASES)}, in any case of letters")
    _add_artifact(named)
    add_common(named, PHASE, is_write=True)


def _add_task(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION")
    listed = add_action(actions, TASK, "list", "list the tasks, from their files or the record")
    add_common(listed, TASK)
    for name, summary in (("add", "take a task in hand"), ("done", "put a task out of hand")):
        parser_of = add_action(actions, TASK, name, summary, "ID")
        parser_of.add_argument("task", metavar="ID", help="the task's id, such as IMPL-1")
        add_common(parser_of, TASK, is_write=True)


def _add_checkpoint(parser: ArgumentParser) -> None:
    parser.add_argument(
        "-m", "--message", metavar="NOTE", default="", help="a sentence for whoever goes on"
    )
    _add_artifact(parser)


PHASE = Verb(
    "phase",
    "show the phase, or go to another with a hand-over",
    """\
The phases are PLAN, IMPLEMENT and REVIEW. What a phase made is named to the next
with --artifact; paths are as they stand in the session's directory, or else in
the current one. A phase of another tool's is shown and kept.

  wf phase
  wf phase next --artifact plan=IMPL_PLAN.md
  wf phase set PLAN""",
    "[next | set PHASE] [--artifact NAME=PATH]",
    show_phase,
    _add_phase,
    takes_session=True,
)
TASK = Verb(
    "task",
    "list the tasks, take one in hand, or put one out of hand",
    """\
Tasks have files in .task/, which are yours, or only an id in the record. These
change the record: which tasks are in hand, and how many are done.

  wf task add IMPL-1
  wf task done IMPL-1
  wf task list""",
    "[list | add ID | done ID]",
    task,
    _add_task,
    takes_session=True,
)
CHECKPOINT = Verb(
    "checkpoint",
    "keep the state of the work, for whoever goes on",
    """\
Keeps the phase, the tasks in hand and a note as the last checkpoint, which
`wf resume` answers.

  wf checkpoint -m "tokens refresh; logout is next\"""",
    "[-m NOTE] [--artifact NAME=PATH]",
    checkpoint,
    _add_checkpoint,
    takes_session=True,
    is_write=True,
)
VERBS = {verb.name: verb for verb in (PHASE, TASK, CHECKPOINT)}
