"""`wf shell-init`: what makes wf a part of a shell.

Asked by each new terminal, so that it loads no more than it must. What a shell is given are the
files beside this module, in `shells`: `common.sh` for all of the family of sh, one for each shell,
and `words.tsv`, the words to complete, which docs/generate.py makes from the parser.
"""

import os

from wfsession.cli.answer import Answer, Raw
from wfsession.cli.verb import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data
    from wfsession.cli.call import Call

SHELLS = ("sh", "bash", "zsh", "fish")
WITHOUT_SHELL = 'eval "$(wf shell-init bash)" once in this shell; zsh, fish and sh have one too'
_FILES = os.path.join(os.path.dirname(__file__), "shells")
# bash puts aliases in while it reads a function; no alias of anybody is to change these.
_ALIASES_OFF = """\
if shopt -q expand_aliases; then _wf_aliases=1; else _wf_aliases=; fi
shopt -u expand_aliases
"""
_ALIASES_BACK = """\
if [[ $_wf_aliases ]]; then shopt -s expand_aliases; fi
unset _wf_aliases
"""


class Script(Answer):
    """What a shell is to evaluate: with the wrapper of `claude`, or without."""

    __slots__ = ("shell", "text")

    def __init__(self, shell: str, with_claude: bool = False) -> None:
        self.shell = shell
        self.text = make_script(shell, with_claude)

    def to_data(self) -> "Data":
        """Return the shell and the text."""
        return {"shell": self.shell, "script": self.text}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the lines."""
        yield from map(Raw, self.text.rstrip("\n").split("\n"))


def shell_init(call: "Call") -> Answer:
    """Give a shell what it is to evaluate."""
    return Script(call.options.shell, call.options.claude)


def make_script(shell: str, with_claude: bool) -> str:
    """Return what one of the SHELLS is to evaluate."""
    words = _quote(shell, _read("words.tsv").rstrip("\n"))
    own = _read(f"init.{shell}").replace("@WORDS@", words)
    if shell == "fish":
        return own + (_read("claude.fish") if with_claude else "")
    common = _read("common.sh") + (_read("claude.sh") if with_claude else "")
    if shell == "bash":
        return _ALIASES_OFF + common + own + _ALIASES_BACK
    if shell == "zsh":
        # Whatever options and aliases somebody has, these functions have those of sh.
        return f"emulate sh -o no_aliases -c {_quote(shell, common)}\n{own}"
    return common + own


def _read(name: str) -> str:
    with open(os.path.join(_FILES, name), encoding="utf-8") as file:
        return file.read()


def _quote(shell: str, text: str) -> str:
    if shell == "fish":
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "'" + text.replace("'", "'\\''") + "'"


def _add_shell(parser: "ArgumentParser") -> None:
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="the shell")
    parser.add_argument(
        "--claude",
        action="store_true",
        help="a function `claude` too, whose --as NAME labels the conversation",
    )


VERBS = {
    "shell-init": Verb(
        "shell-init",
        "print what makes `wf` part of a shell",
        """\
For the file that your shell reads when it starts. `wf switch NAME --cd` changes the
shell's directory then, `wf use NAME` pins the terminal to a session, names and verbs
are completed, and `wf_segment` sets $wf_segment for the prompt. docs/shells.md tells
the rest.

  eval "$(wf shell-init bash)"
  wf shell-init fish | source""",
        "sh | bash | zsh | fish [--claude]",
        shell_init,
        _add_shell,
    )
}
