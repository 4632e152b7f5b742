"""`wf workdir run`: run a command in the workdir of an agent, with its session and conversation.

The command runs as a child, which inherits the locks: it is put down how it ended, and its exit
status and signals are passed on.
"""

import os
from argparse import ArgumentParser

from wfsession.cli.answer import Answer, Ended, UsageError
from wfsession.cli.call import Call
from wfsession.cli.execute import die_of, run_child
from wfsession.cli.render import print_line
from wfsession.cli.workdir_action import Action, add_key, find_access
from wfsession.errors import WfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.workdirs.dispatch import Dispatch, Terms

_EXAMPLE = "wf workdir run --agent dev --repo URL --branch B -- make test"


def _run(call: Call) -> Answer:
    # The other actions need none of it.
    from wfsession.workdirs.dispatch import dispatch
    from wfsession.workdirs.places import find_places
    from wfsession.workdirs.remote import parse_remote

    options = call.options
    command: list[str] = options.words
    if not command:
        raise UsageError("workdir run: which command?", _EXAMPLE)
    remote = parse_remote(options.repo)
    names = (options.agent, remote, options.branch, options.issue)
    with dispatch(find_places(), *names, terms=_read_terms(call)) as work:
        for line in _tell(work, options.agent):
            print_line(f"wf: {line}")
        os.chdir(work.path)
        for descriptor in work.descriptors:
            os.set_inheritable(descriptor, True)
        code = run_child(command, work.environment)
        try:
            work.finish("failed" if code else "ended", code)
        except WfError as error:
            # The command has ended as it has, whatever can be put down of it.
            print_line(f"wf: how it ended could not be put down: {error}")
    if code < 0:
        die_of(-code)
    return Ended(code)


def _read_terms(call: Call) -> "Terms":
    from wfsession.settings import read_settings
    from wfsession.workdirs.child import Identity
    from wfsession.workdirs.dispatch import Terms

    settings = read_settings().workdirs
    return Terms(
        access=find_access(),
        identity=Identity(settings.name, settings.email),
        thread_days=settings.thread_days,
        timeout_s=call.options.wait,
        base=call.options.base,
        filter_blobs=call.options.filter_blobs,
    )


def _tell(work: "Dispatch", agent: str) -> list[str]:
    resume = work.resume
    if resume.is_possible:
        how = f"goes on with {work.record.thread}"
    else:
        how = f"begins a conversation ({resume.sentence})"
    first = f"{agent} {how}, in {work.session}; workdir {work.acquired.state}: {work.path}"
    return [first, *work.notes]


def _add_run(parser: ArgumentParser) -> None:
    add_key(parser)
    parser.add_argument(
        "--issue", metavar="N", help="what it works on; the branch itself if left out"
    )
    parser.add_argument(
        "--base", metavar="REF", help="where a new branch begins; the remote's default if left out"
    )
    parser.add_argument(
        "--filter-blobs",
        action="store_true",
        help="fetch the contents of files only when they are needed, if the cache is new",
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="how long to wait for a run that is at work there; 0 if left out",
    )
    parser.add_argument("words", metavar="COMMAND", nargs="*", help="what to run, behind --")


ACTIONS = {
    "run": Action(
        "run a command in a workdir, in the session and conversation of its issue",
        "--agent AGENT --repo REPOSITORY --branch BRANCH [--issue N] [options] -- COMMAND…",
        _run,
        _add_run,
        has_json=False,
    ),
}
