"""`wf serve`: the same in a browser, until the server is ended."""

import os
from argparse import ArgumentParser

from wfsession.cli.answer import Answer, UsageError
from wfsession.cli.asking import open_desk
from wfsession.cli.call import Call
from wfsession.cli.execute import Ended
from wfsession.cli.extras import tell_install
from wfsession.cli.here import check_directory
from wfsession.cli.verb import Verb
from wfsession.errors import RootNotFound, WfError
from wfsession.index.desk import Desk
from wfsession.workspace import Workspace

_EXTRA = frozenset({"anyio", "jinja2", "markupsafe", "starlette", "uvicorn", "watchfiles"})


def serve(call: Call) -> Answer:
    """Serve the pages.

    Raises:
        WfError: what they are made with is not installed.
    """
    options = call.options
    if options.command:
        raise UsageError(f"serve: {options.command[0]!r} is not understood", "wf help serve")
    try:
        from wfsession.web.serve import Options
        from wfsession.web.serve import serve as run
        from wfsession.web.site import Site
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        message = f"wf serve needs {error.name}, which is not installed"
        raise WfError(message, tell_install("web")) from None
    from wfsession.workdirs.places import find_places

    check_directory()
    # Says now what else every page would say.
    _open_workspace(call)
    _open_desk(call, False)
    run(
        Site(
            # A call of its own each, as the project may change while the server runs.
            open_workspace=lambda: _open_workspace(Call(options)),
            open_desk=lambda with_git: _open_desk(Call(options), with_git),
            places=find_places(),
            directory=os.getcwd(),
            is_read_only=options.read_only,
        ),
        Options(options.host, options.port, options.open),
    )
    return Ended(0)


def _open_workspace(call: Call) -> Workspace | None:
    try:
        return call.workspace
    except RootNotFound:
        if call.is_pinned:
            raise
        return None


def _open_desk(call: Call, with_git: bool) -> Desk:
    """Return where to ask about the project here, or about all there are where it is none."""
    return open_desk(call, everywhere=_open_workspace(call) is None, with_git=with_git)


def _add_serve(parser: ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="open a browser there")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="which port; one that is free if left out"
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where to listen; this machine alone if left out",
    )
    parser.add_argument("--read-only", action="store_true", help="leave all actions out")


VERBS = {
    "serve": Verb(
        "serve",
        "show in a browser what is going on, and how it got there",
        """\
Prints an address with a token, and answers there until it is ended with Ctrl-C. Only
who has the address gets in, and only from this machine. Needs the extra:
pip install 'wfsession[web]'. Without a .workflow it shows what the transcripts tell.

  wf serve
  wf serve --open
  wf serve --port 8000 --read-only""",
        "[--open] [--port N] [--host ADDRESS] [--read-only]",
        serve,
        _add_serve,
        has_json=False,
    )
}
