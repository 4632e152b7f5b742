"""`wf serve`: the same in a browser, until the server is ended."""

from argparse import ArgumentParser

from wfsession.cli.answer import Answer, Ended, UsageError
from wfsession.cli.call import Call
from wfsession.cli.extras import tell_install
from wfsession.cli.here import check_directory
from wfsession.cli.verb import Verb
from wfsession.errors import WfError

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
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        message = f"wf serve needs {error.name}, which is not installed"
        raise WfError(message, tell_install("web")) from None
    from wfsession.cli.site import make_site

    check_directory()
    run(
        make_site(call, is_read_only=options.read_only),
        Options(options.host, options.port, options.open),
    )
    return Ended(0)


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
