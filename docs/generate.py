"""Write the parts of the documentation that come from the code.

    python docs/generate.py

`commands.md` comes from the help of the command, `errors.md` from the errors' own words,
`findings.md` from the doctor's table, `settings.md` from the settings; `words.tsv`, what shells
complete, from the parser; `formats/` from what `schemas.py` says of the code's values. A test
compares them with what is committed.
"""

import argparse
import inspect
from collections.abc import Iterator
from pathlib import Path

import schemas

from wfsession.cli.main import build_parser
from wfsession.core.doctor import KINDS
from wfsession.core.progress import PHASES
from wfsession.errors import WfError
from wfsession.settings import list_settings

HERE = Path(__file__).parent


def list_verbs(
    parser: argparse.ArgumentParser, words: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Give each verb's parser with the words that lead to it, parents first."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield f"{words} {name}", child
                yield from list_verbs(child, f"{words} {name}")


def describe_argument(action: argparse.Action) -> str:
    """Return one argument as a line of a list."""
    if action.option_strings:
        value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
        name = ", ".join(f"{option}{value}" for option in action.option_strings)
    else:
        name = str(action.metavar or action.dest)
    choices = f" One of {', '.join(map(str, action.choices))}." if action.choices else ""
    return f"- `{name}`: {(action.help or '').rstrip('.')}.{choices}"


def write_arguments(parser: argparse.ArgumentParser, but: frozenset[str]) -> list[str]:
    """Return the lines for the arguments of a parser that have a help text, but for some."""
    shown = [
        action
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
        and action.help is not argparse.SUPPRESS
        and action.dest not in but
    ]
    return [describe_argument(action) for action in shown]


def make_commands() -> str:
    """Return the command reference."""
    parser = build_parser()
    lines = [
        "# Commands",
        "",
        "Made from `wf --help` by `docs/generate.py`.",
        "",
        (parser.description or "").strip(),
        "",
        "With every verb:",
        "",
        *write_arguments(parser, frozenset({"version"})),
    ]
    for words, verb in list_verbs(parser, "wf"):
        lines += ["", f"## {words}", "", (verb.description or "").strip()]
        arguments = write_arguments(verb, frozenset({"root", "json"}))
        if arguments:
            lines += ["", *arguments]
        if verb.epilog:
            lines += ["", verb.epilog.strip()]
    return "\n".join(lines) + "\n"


def list_errors(kind: type[WfError]) -> Iterator[type[WfError]]:
    """Give the library's errors below one, by name, each before its own."""
    for child in sorted(kind.__subclasses__(), key=lambda one: one.__name__):
        if child.__module__ == WfError.__module__:
            yield child
            yield from list_errors(child)


def make_errors() -> str:
    """Return the error reference."""
    lines = [
        "# Errors",
        "",
        "Made from `wfsession/errors.py` by `docs/generate.py`.",
        "",
        "Every error of the library is a `WfError` and also the standard exception of its meaning.",
        "`str(error)` is one sentence, `error.hint` says what to type, `error.code` never changes.",
        "`wf` prints the sentence and the hint on standard error, or with `--json` puts them into",
        "`errors`, and exits with 1; with 4 for `lock-timeout`.",
        "",
        "| code | class | is also | when |",
        "|---|---|---|---|",
    ]
    for kind in list_errors(WfError):
        standard = next(base for base in kind.__mro__ if base.__module__ == "builtins")
        text = " ".join((inspect.getdoc(kind) or "").split())
        lines.append(f"| `{kind.code}` | `{kind.__name__}` | `{standard.__name__}` | {text} |")
    return "\n".join(lines) + "\n"


def make_findings() -> str:
    """Return the reference of what the doctor finds."""
    lines = [
        "# Findings",
        "",
        "Made from `wfsession/core/doctor.py` by `docs/generate.py`.",
        "",
        "What `wf doctor` finds, and what `wf doctor --fix` does about it. It exits with 3 while",
        "an error or a warning remains. Nothing is deleted but empty markers: what was in the way",
        "lies in `.workflow/.attic`, with a note that says where it was and why it was moved;",
        "`wf attic` lists it, and `wf attic restore` brings it back.",
        "",
        "| id | severity | meaning | repair |",
        "|---|---|---|---|",
    ]
    for name, kind in KINDS.items():
        lines.append(f"| `{name}` | {kind.severity} | {kind.meaning} | {kind.repair} |")
    return "\n".join(lines) + "\n"


def make_settings() -> str:
    """Return the reference of the user's settings."""
    lines = [
        "# Settings",
        "",
        "Made from `wfsession/settings.py` by `docs/generate.py`.",
        "",
        "They stand in `config.toml`, in the directory `wfsession` of the platform's place for",
        "configuration: on Linux `~/.config/wfsession/config.toml`. What is left out has its",
        "default; a name that is unknown, or a value of another type, is an error.",
        "",
        "```toml",
        "[workdirs]",
        "trash_days = 7",
        "```",
        "",
        "| setting | type | default | meaning |",
        "|---|---|---|---|",
    ]
    for one in list_settings():
        default = one.default if isinstance(one.default, tuple) else (one.default,)
        # As TOML has them.
        words = [
            str(value).lower() if value is True or value is False else value for value in default
        ]
        shown = ", ".join(f"`{value}`" for value in words if value != "") or "none"
        lines.append(f"| `{one.name}` | {one.type} | {shown} | {one.meaning} |")
    return "\n".join(lines) + "\n"


def list_values(words: str, action: argparse.Action) -> list[str]:
    """Return what may be typed for an argument: words, or @ and the kind of what a shell finds."""
    if action.choices:
        return [str(choice) for choice in action.choices]
    if action.metavar == "PHASE":
        return list(PHASES)
    if action.metavar in {"DIR", "FILE", "PATH"}:
        return ["@file"]
    if words.startswith("wf attic") or action.dest not in {"name", "session"}:
        return ["@none"]
    if action.option_strings and action.dest == "name":
        return ["@none"]
    return ["@any" if words in {"wf show", "wf reopen"} else "@session"]


def list_words(words: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, str]]:
    """Give what may follow some words: the words, the next, and what it means."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield words, name, (child.description or "").partition(".\n")[0].rstrip(".")
            for name, child in action.choices.items():
                yield from list_words(f"{words} {name}", child)
        elif action.option_strings:
            option = action.option_strings[-1]
            yield words, option, (action.help or "").rstrip(".")
            if action.nargs != 0:
                for one in action.option_strings:
                    yield from (
                        (f"{words} {one}", value, "") for value in list_values(words, action)
                    )
        else:
            yield from ((words, value, "") for value in list_values(words, action))


def make_words() -> str:
    """Return what shells complete: a line each, with tabs between what `list_words` gives."""
    rows = list(list_words("wf", build_parser()))
    verbs = [row for row in rows if row[0] == "wf" and not row[1].startswith("-")]
    rows += [("wf", "help", "Tell more of a verb"), *(("wf help", *row[1:]) for row in verbs)]
    return "".join(f"{words}\t{word}\t{about}\n" for words, word, about in rows)


PAGES = {
    "commands.md": make_commands,
    "errors.md": make_errors,
    "findings.md": make_findings,
    "settings.md": make_settings,
    "../wfsession/cli/shells/words.tsv": make_words,
    **schemas.FILES,
}


if __name__ == "__main__":
    for name, make in PAGES.items():
        (HERE / name).write_text(make(), encoding="utf-8")
