"""The verbs that move between sessions, from switch to rename, and how each tells what it did."""

from wfsession.cli.answer import Answer, UsageError
from wfsession.cli.call import Call
from wfsession.cli.changed import make_changed
from wfsession.cli.page import Pairs
from wfsession.cli.portrait import encode_checkpoint, list_in_hand, tell_checkpoint
from wfsession.cli.render import ask
from wfsession.cli.verb import Verb
from wfsession.core.model import Event
from wfsession.core.times import now
from wfsession.errors import SessionNotFound, UnfinishedTasks
from wfsession.words import count, join
from wfsession.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser


def switch(call: Call) -> Answer:
    """Make a session the active one."""
    name = call.options.name
    if name is None:
        raise UsageError("switch: to which session?", "wf switch NAME, and wf list for the names")
    if call.options.cd:
        from wfsession.cli.shell_init import WITHOUT_SHELL

        raise UsageError("switch: wf cannot change the directory of your shell", WITHOUT_SHELL)
    wanted = _find_previous(call.workspace) if name == "-" else call.find(name).name
    event = call.do(lambda workspace: workspace.switch(wanted, dry_run=call.is_dry))
    call.warn_if_pinned(event.session.name)
    if not event.changed:
        return make_changed(call, event, f"{event.session.name} is the active session already.")
    return make_changed(call, event, f"Switched to {event.session.name}{_tell_previous(event)}.")


def _find_previous(workspace: Workspace) -> str:
    previous = workspace.previous()
    if previous is None:
        error = SessionNotFound("-", workspace.root)
        error.message = f"there is no session to go back to: none is paused in {workspace.root}"
        error.hint = "wf list --all"
        raise error
    return previous.name


def _tell_previous(event: Event) -> str:
    if event.previous in (None, event.session.name):
        return ""
    return f" (paused: {event.previous})"


def pause(call: Call) -> Answer:
    """Put a session aside."""
    name = call.pick(call.options.name, whole=True)
    event = call.do(lambda workspace: workspace.pause(name, dry_run=call.is_dry))
    if not event.changed:
        return make_changed(call, event, f"{event.session.name} is paused already.")
    more = ("No session is active now; to go on with it: wf resume",)
    return make_changed(call, event, f"Paused {event.session.name}.", more)


def resume(call: Call) -> Answer:
    """Take a paused session up again, and tell where it stood."""
    named = call.options.name is not None or call.flag is not None
    name = call.pick(call.options.name) if named else None
    event = call.do(lambda workspace: workspace.resume(name, dry_run=call.is_dry))
    session = event.session
    call.warn_if_pinned(session.name)
    in_hand = list_in_hand(session)
    checkpoint = session.record.checkpoint if session.record else None
    extra = {
        "phase": session.phase or None,
        "tasks_in_hand": list(in_hand),
        "checkpoint": encode_checkpoint(checkpoint),
    }
    pairs = Pairs(
        (
            ("title", session.title),
            ("phase", session.phase or "none"),
            ("in hand", join(in_hand) or "no task"),
            ("checkpoint", tell_checkpoint(session.record, now())),
        )
    )
    if event.changed:
        sentence = f"Resumed {session.name}{_tell_previous(event)}."
    else:
        sentence = f"{session.name} is the active session already."
    return make_changed(call, event, sentence, (pairs,), extra)


def complete(call: Call) -> Answer:
    """End a session; with unfinished tasks only if that is really meant."""
    name = call.pick(call.options.name, whole=True)
    event, unfinished = _complete(call, name)
    session = event.session
    if event.changed and not call.is_dry and session.threads:
        from wfsession.cli.stories import keep_stories_of

        call.notes += keep_stories_of(call.workspace.root, session.name)
    more: tuple[str, ...] = ()
    if unfinished:
        more = (f"Unfinished and kept as they are: {join(unfinished, 10)}",)
    is_archived = session.state == "archived"
    if event.changed:
        sentence = f"Completed {session.name}{' and archived it' if is_archived else ''}."
        hint = f"To move it to completed/: wf archive {session.name}"
        more = (*more, f"  {session.path}" if is_archived else hint)
    else:
        sentence = f"{session.name} is completed already."
    extra = {"unfinished": list(unfinished)}
    return make_changed(call, event, sentence, more, extra)


def _complete(call: Call, name: str) -> tuple[Event, tuple[str, ...]]:
    archive, dry_run = call.options.archive, call.is_dry
    try:
        return call.do(lambda here: here.complete(name, archive=archive, dry_run=dry_run)), ()
    except UnfinishedTasks as error:
        if not call.options.force and not _is_meant(call, error):
            raise
        tasks = error.tasks
    event = call.do(
        lambda here: here.complete(name, archive=archive, unfinished="allow", dry_run=dry_run)
    )
    return event, tasks


def _is_meant(call: Call, error: UnfinishedTasks) -> bool:
    """Ask whether to complete it all the same."""
    if call.as_json or call.is_dry:
        return False
    tasks = f"{count(len(error.tasks), 'unfinished task')}: {join(error.tasks, 10)}"
    return ask(f"{error.name} has {tasks}", "Complete it all the same?")


def archive(call: Call) -> Answer:
    """Move a completed session to `completed/`."""
    name = call.find(call.options.name, whole=True).name
    event = call.do(lambda workspace: workspace.archive(name, dry_run=call.is_dry))
    if not event.changed:
        return make_changed(call, event, f"{event.session.name} is archived already.")
    more = (f"  {event.session.path}",)
    return make_changed(call, event, f"Archived {event.session.name}.", more)


def reopen(call: Call) -> Answer:
    """Take a completed or archived session up again."""
    name = call.find(call.options.name).name
    event = call.do(lambda workspace: workspace.reopen(name, dry_run=call.is_dry))
    call.warn_if_pinned(event.session.name)
    if not event.changed:
        return make_changed(call, event, f"{event.session.name} is the active session already.")
    sentence = f"Reopened {event.session.name}{_tell_previous(event)}."
    return make_changed(call, event, sentence)


def rename(call: Call) -> Answer:
    """Give a session another name."""
    first, second = call.options.name, call.options.new_name
    old, new = (None, first) if second is None else (first, second)
    name = call.pick(old, whole=True)
    event = call.do(lambda workspace: workspace.rename(name, new, dry_run=call.is_dry))
    extra = {"renamed_from": name}
    if not event.changed:
        return make_changed(call, event, f"{name} is its name already.", (), extra)
    sentence = f"Renamed {name} to {event.session.name}; the old name still finds it."
    return make_changed(call, event, sentence, (), extra)


_NAME_HELP = "the session: its name, a former one, or a part that no other has"
_WHOLE_NAME_HELP = "the session: its name, or a former one"
_OR_ACTIVE = "; the active one if left out"


def _add_name(parser: "ArgumentParser") -> None:
    parser.add_argument("name", metavar="NAME", help=_NAME_HELP)


def _add_whole_name(parser: "ArgumentParser") -> None:
    parser.add_argument("name", metavar="NAME", help=_WHOLE_NAME_HELP)


def _add_optional_name(parser: "ArgumentParser") -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help=_NAME_HELP + _OR_ACTIVE)


def _add_optional_whole_name(parser: "ArgumentParser") -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help=_WHOLE_NAME_HELP + _OR_ACTIVE)


def _add_switch(parser: "ArgumentParser") -> None:
    # Optional for the parser only, whose words for a missing one would not say where names are.
    help_text = f"{_NAME_HELP}; - for the one before"
    parser.add_argument("name", metavar="NAME", nargs="?", help=help_text)
    parser.add_argument(
        "--cd", action="store_true", help="go to its directory; in a shell with wf shell-init"
    )


def _add_complete(parser: "ArgumentParser") -> None:
    _add_optional_whole_name(parser)
    parser.add_argument("--archive", action="store_true", help="move it to completed/ as well")
    parser.add_argument(
        "--force", action="store_true", help="complete it with unfinished tasks, and do not ask"
    )


def _add_rename(parser: "ArgumentParser") -> None:
    help_text = f"{_WHOLE_NAME_HELP}; with one name, the new one"
    parser.add_argument("name", metavar="OLD", help=help_text)
    parser.add_argument("new_name", metavar="NEW", nargs="?", help="the new name")


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "switch",
            "make another session the active one",
            """\
The session that was active is paused; there is exactly one active session all
the time. A part of the name will do where no other name has it.

  wf switch WFS-oauth-integration
  wf switch oauth
  wf switch -
  wf switch oauth --cd""",
            "NAME | - [--cd]",
            switch,
            _add_switch,
            is_write=True,
        ),
        Verb(
            "pause",
            "put the active session aside",
            """\
None is active afterwards. `wf resume` takes it up again and tells where it
stood.

  wf pause""",
            "[NAME]",
            pause,
            _add_optional_whole_name,
            takes_session=True,
            is_write=True,
        ),
        Verb(
            "resume",
            "take a paused session up again, and tell where it stood",
            """\
Answers its phase, the tasks in hand and the last checkpoint. Without a name it
is the session that was active last.

  wf resume
  wf resume oauth""",
            "[NAME]",
            resume,
            _add_optional_name,
            takes_session=True,
            is_write=True,
        ),
        Verb(
            "complete",
            "end a session",
            """\
Its directory stays where it is until it is archived. Where tasks are unfinished
it says which, and asks on a terminal; a script needs --force.

  wf complete
  wf complete WFS-oauth-integration --archive""",
            "[NAME] [--archive] [--force]",
            complete,
            _add_complete,
            takes_session=True,
            is_write=True,
        ),
        Verb(
            "archive",
            "move a completed session to completed/",
            """\
It can still be listed and shown, and `wf reopen` brings it back.

  wf archive WFS-oauth-integration""",
            "NAME",
            archive,
            _add_whole_name,
            is_write=True,
        ),
        Verb(
            "reopen",
            "take a completed or archived session up again",
            """\
It becomes the active session; an archived one is moved back first.

  wf reopen oauth""",
            "NAME",
            reopen,
            _add_name,
            is_write=True,
        ),
        Verb(
            "rename",
            "give a session another name",
            """\
With one name it is the active session that gets it. The old name still finds
the session.

  wf rename WFS-oauth-login
  wf rename WFS-oauth WFS-oauth-login""",
            "[OLD] NEW",
            rename,
            _add_rename,
            takes_session=True,
            is_write=True,
        ),
    )
}
