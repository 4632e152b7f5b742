"""From what was typed to a verb and its options, by argparse; and the help.

Only the parser of the verb at hand is built; `build_parser` builds all of them, for the help and
for the command reference, which is generated from it.
"""

import argparse
import functools
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from wfsession.cli.answer import Told, UsageError
from wfsession.cli.render import find_width
from wfsession.cli.scan import find_verb
from wfsession.cli.verb import Verb
from wfsession.cli.version import tell_version

# In the order of the help; each verb with the module that has it.
GROUPS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "begin",
        {
            "init": "wfsession.cli.place",
            "new": "wfsession.cli.place",
            "adopt": "wfsession.cli.place",
        },
    ),
    (
        "look",
        {
            "status": "wfsession.cli.status",
            "serve": "wfsession.cli.serve",
            "list": "wfsession.cli.look",
            "show": "wfsession.cli.show",
            "current": "wfsession.cli.look",
            "path": "wfsession.cli.look",
        },
    ),
    (
        "move between sessions",
        {
            "switch": "wfsession.cli.lifecycle",
            "pause": "wfsession.cli.lifecycle",
            "resume": "wfsession.cli.lifecycle",
            "complete": "wfsession.cli.lifecycle",
            "archive": "wfsession.cli.lifecycle",
            "reopen": "wfsession.cli.lifecycle",
            "rename": "wfsession.cli.lifecycle",
        },
    ),
    (
        "work",
        {
            "phase": "wfsession.cli.progress",
            "task": "wfsession.cli.progress",
            "checkpoint": "wfsession.cli.progress",
            "exec": "wfsession.cli.execute",
        },
    ),
    (
        "agents",
        {
            "bind": "wfsession.cli.threads",
            "unbind": "wfsession.cli.threads",
            "threads": "wfsession.cli.threads",
            "workdir": "wfsession.cli.workdir",
            "install": "wfsession.cli.install",
            "uninstall": "wfsession.cli.install",
            "hook": "wfsession.cli.hook",
            "trace": "wfsession.cli.trace",
            "conversation": "wfsession.cli.conversation",
        },
    ),
    (
        "look back",
        {
            "runs": "wfsession.cli.runs",
            "search": "wfsession.cli.search",
            "unfinished": "wfsession.cli.search",
            "usage": "wfsession.cli.usage",
            "story": "wfsession.cli.story",
            "index": "wfsession.cli.index",
            "mcp": "wfsession.cli.mcp",
        },
    ),
    (
        "shells",
        {
            "use": "wfsession.cli.shell",
            "shell-init": "wfsession.cli.shell_init",
            "statusline": "wfsession.cli.shell",
        },
    ),
    (
        "put right",
        {
            "log": "wfsession.cli.history",
            "undo": "wfsession.cli.history",
            "doctor": "wfsession.cli.doctor",
            "attic": "wfsession.cli.attic",
            "migrate": "wfsession.cli.migrate",
            "verify-fs": "wfsession.cli.verify",
        },
    ),
)
HOMES = {name: home for _, verbs in GROUPS for name, home in verbs.items()}
_ABOUT = "Switch between the sessions of work that agents and people do in one project."
_WIDEST = 90


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing and leaving."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with what was typed."""
        verb = self.prog.partition(" ")[2]
        hint = f"wf help {verb.partition(' ')[0]}" if verb else "wf help"
        raise UsageError(f"{verb}: {message}" if verb else message, hint)

    def print_help(self, file: object = None) -> None:
        """Raise the help."""
        raise Told("help", self.format_help().rstrip())

    def format_help(self) -> str:
        """Return the help, for the width of the terminal."""
        # Asked only here: parsing makes a formatter for each argument, and needs no width.
        formatter: Any = self.formatter_class
        self.formatter_class = functools.partial(formatter, width=find_width())
        return super().format_help()

    def format_usage(self) -> str:
        """Return the usage; the same whichever Python formats it."""
        return f"usage: {self.usage}\n"


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str, width: int = _WIDEST) -> None:
        super().__init__(prog, max_help_position=28, width=min(width, _WIDEST) - 2)

    def add_usage(
        self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None
    ) -> None:
        # As it stands, in the same words on each version of Python.
        self._add_item(lambda: f"usage: {usage}\n\n", [])

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        value = f" {self._format_args(action, action.dest.upper())}" if action.nargs != 0 else ""
        return ", ".join(action.option_strings) + value


class _TopFormatter(_Formatter):
    """The list of verbs by what one wants to do."""

    def start_section(self, heading: str | None) -> None:
        # The list of verbs has headings of its own.
        super().start_section(None if heading == "verbs" else heading)

    def _format_action(self, action: argparse.Action) -> str:
        if not isinstance(action, argparse._SubParsersAction):
            return super()._format_action(action)
        summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
        lines = []
        for title, names in GROUPS:
            lines.append(f"{title}:")
            lines += [f"  {name:10}  {summaries[name]}" for name in names if name in summaries]
            lines.append("")
        return "\n".join(lines)


def load_verb(name: str) -> Verb:
    """Return a verb, loading its module.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in HOMES:
        from difflib import get_close_matches

        near = get_close_matches(name, HOMES, 1)
        hint = f"did you mean: wf {near[0]}" if near else "wf help lists the verbs"
        raise UsageError(f"there is no verb {name!r}", hint)
    verbs: dict[str, Verb] = import_module(HOMES[name]).VERBS
    return verbs[name]


def parse(argv: Sequence[str]) -> tuple[Verb, argparse.Namespace]:
    """Return the verb that was typed, and its options.

    Raises:
        UsageError: it is no command; Told: help or the version was asked for.
    """
    at = find_verb(argv)
    if at is None:
        name, tokens = "status", list(argv)
        if {"-h", "--help", "--version"} & set(tokens):
            build_parser().parse_args(tokens)
    elif argv[at] == "help":
        _tell_help(argv[at + 1 :])
    else:
        name, tokens = argv[at], [*_without_dashes(argv[:at]), *argv[at + 1 :]]
    verb = load_verb(name)
    command: list[str] = []
    if at is not None and not verb.has_json:
        cut = find_verb(argv, at)
        command = [] if cut is None else list(argv[cut:])
        tokens = _without_dashes([*argv[:at], *argv[at + 1 : cut]])
    options = _add_all(make_parser(verb), verb).parse_args(tokens)
    options.command = command
    return verb, options


def _without_dashes(tokens: Sequence[str]) -> list[str]:
    """Return words without the `--` that parts options from the rest."""
    return [token for token in tokens if token != "--"]


def _tell_help(tokens: Sequence[str]) -> NoReturn:
    at = find_verb(tokens)
    if at is not None:
        verb = load_verb(tokens[at])
        _add_all(make_parser(verb), verb).print_help()
    build_parser().print_help()
    raise AssertionError("print_help raises")


def make_parser(verb: Verb, subparsers: Any = None) -> Parser:
    """Return an empty parser for a verb, below those of `build_parser` if given."""
    text, _, examples = verb.about.partition("\n\n")
    listed = "".join(f"\n    {line.strip()}" for line in examples.splitlines())
    words: dict[str, Any] = {
        "prog": f"wf {verb.name}",
        "usage": f"wf {verb.name} {verb.usage}".rstrip(),
        "description": f"{verb.summary[0].upper()}{verb.summary[1:]}.\n\n{text}",
        "epilog": f"examples:\n{listed}",
        "formatter_class": _Formatter,
        "allow_abbrev": False,
        "add_help": False,
    }
    if subparsers is None:
        return Parser(**words)
    parser: Parser = subparsers.add_parser(verb.name, help=verb.summary, **words)
    return parser


def _add_all(parser: Parser, verb: Verb) -> Parser:
    if verb.arguments is not None:
        verb.arguments(parser)
    add_common(parser, verb)
    return parser


def add_common(
    parser: argparse.ArgumentParser,
    verb: Verb,
    is_write: bool | None = None,
    has_json: bool | None = None,
) -> None:
    """Add the options that many verbs have; the last two are for an action that differs."""
    common = parser.add_argument_group("common options")
    absent = argparse.SUPPRESS
    if verb.takes_session:
        common.add_argument(
            "--session",
            metavar="NAME",
            default=absent,
            help="the session, whole name; beats WF_SESSION and the marker",
        )
    if verb.is_write if is_write is None else is_write:
        parser.set_defaults(brings_over=verb.brings_over)
        common.add_argument(
            "--dry-run", action="store_true", default=absent, help="tell the steps, do nothing"
        )
    _add_global(common, verb.has_json if has_json is None else has_json)


def add_action(subparsers: Any, verb: Verb, name: str, summary: str, usage: str = "") -> Parser:
    """Add one of the actions that a verb has, and return its parser, still without options."""
    parser: Parser = subparsers.add_parser(
        name,
        help=summary,
        prog=f"wf {verb.name} {name}",
        usage=f"wf {verb.name} {name} {usage}".rstrip(),
        description=f"{summary[0].upper()}{summary[1:]}.",
        formatter_class=_Formatter,
        allow_abbrev=False,
        add_help=False,
    )
    return parser


def _add_global(group: Any, has_json: bool) -> None:
    group.add_argument(
        "--root",
        metavar="PATH",
        default=argparse.SUPPRESS,
        help="a project or its .workflow; beats WF_ROOT and the current directory",
    )
    if has_json:
        group.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help="one JSON object on standard output, errors too",
        )
    group.add_argument("-h", "--help", action="help", help="this help")


class _TellVersion(argparse.Action):
    def __call__(self, *_: object) -> NoReturn:
        tell_version()


def build_parser() -> Parser:
    """Return the whole parser: for the help, and for whoever generates the reference."""
    parser = Parser(
        prog="wf",
        usage="wf [VERB] [options]",
        description=f"{_ABOUT}\n`wf` alone is `wf status`; `wf help VERB` tells more of a verb.",
        formatter_class=_TopFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    subparsers = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB")
    for name in HOMES:
        verb = load_verb(name)
        _add_all(make_parser(verb, subparsers), verb)
    options = parser.add_argument_group("options")
    _add_global(options, has_json=True)
    options.add_argument("--version", action=_TellVersion, nargs=0, help="which wf this is")
    return parser
