"""`main`, what the command `wf` starts: find the verb, run it, print its answer or its error.

Loads what the verb at hand needs and no more. Errors of the library become sentences and exit
codes here: 1 it failed or the answer is none, 2 usage, 4 lock timeout.
"""

import sys

from wfsession.cli.answer import Told, UsageError
from wfsession.cli.render import print_answer, print_error, print_text
from wfsession.cli.scan import find_verb, wants_json
from wfsession.errors import LockTimeout, WfError, as_wf_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.cli.answer import Answer
    from wfsession.cli.parser import Parser

_INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run `wf` with arguments (those of the process if None), and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    at = find_verb(words)
    if at is not None and words[at] == "hook" and not {"-h", "--help"} & {*words}:
        # Agents call this, and whatever fails is not to stop them: not by way of the parser.
        from wfsession.hooks.frame import run

        return run([*words[:at], *words[at + 1 :]])
    try:
        return _run(words)
    except KeyboardInterrupt:
        return _INTERRUPTED


def build_parser() -> "Parser":
    """Return the whole parser, from which the command reference is generated."""
    from wfsession.cli import parser

    return parser.build_parser()


def _run(argv: list[str]) -> int:
    as_json = wants_json(argv)
    try:
        answer = _answer(argv)
    except Told as told:
        return print_text(told.key, told.text, as_json)
    except WfError as error:
        print_error(error, as_json)
        return _exit_code_of(error)
    except OSError as error:
        print_error(as_wf_error(".", error), as_json)
        return 1
    return print_answer(answer, as_json)


def _answer(argv: list[str]) -> "Answer":
    words = [word for word in argv if word != "--json"]
    if words in (["current"], ["path"]):
        # Asked before every command: without a parser, and without what operations need.
        from wfsession.cli.current import find_current

        return find_current(words[0])
    if words == ["--version"]:
        from wfsession.cli.version import tell_version

        tell_version()
    if words[:1] == ["shell-init"]:
        # Asked by each new terminal.
        from wfsession.cli.shell_init import SHELLS, Script

        if len(words) == 2 and words[1] in SHELLS:
            return Script(words[1])
    from wfsession.cli.call import Call
    from wfsession.cli.plainly import parse_plainly

    plain = parse_plainly(argv)
    if plain is not None:
        return plain[0].run(Call(plain[1]))
    from wfsession.cli.parser import parse

    verb, options = parse(argv)
    return verb.run(Call(options))


def _exit_code_of(error: WfError) -> int:
    if isinstance(error, UsageError):
        return 2
    return 4 if isinstance(error, LockTimeout) else 1
