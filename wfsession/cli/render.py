"""Prints: the answer on standard output, notes and errors on standard error. The only place.

For a pipe nothing is loaded; for a terminal, `terminal` lays out tables. What comes from records
and names is sanitised here. A stream that is closed, full or of another encoding is no traceback.
"""

import os
import sys

from wfsession.cli.answer import Answer, Raw
from wfsession.errors import WfError
from wfsession.words import sanitise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from wfsession.cli.answer import Block

VERSION = 1
_DEFAULT_WIDTH = 80


def is_terminal(stream: "TextIO | None") -> bool:
    """Tell whether a stream is a terminal; one that is closed is none."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def print_answer(answer: Answer, as_json: bool) -> int:
    """Print an answer and its notes, and return the exit code."""
    if as_json:
        text = encode_envelope(answer.to_data())
    else:
        on_terminal = is_terminal(sys.stdout)
        first = f"SESSION_ID: {answer.session_id}\n" if answer.session_id else ""
        text = ("" if on_terminal else first) + _lay_out(answer.to_blocks(on_terminal), on_terminal)
    for note in answer.notes:
        print_line(f"wf: {note}")
    return answer.exit_code if _print(text) else 1


def print_error(error: WfError, as_json: bool) -> None:
    """Print an error with its hint; as JSON on standard output, alone."""
    if as_json:
        _print(encode_envelope(None, error))
        return
    print_line(f"wf: {error}")
    if error.hint:
        print_line(f"hint: {error.hint}")


def print_text(key: str, text: str, as_json: bool) -> int:
    """Print help or the version, and return the exit code."""
    return 0 if _print(encode_envelope({key: text}) if as_json else f"{text}\n") else 1


def print_line(line: str) -> None:
    """Print a line on standard error, if that can be written to."""
    try:
        if sys.stderr is not None:
            _put(sys.stderr, f"{sanitise(line)}\n")
    except (OSError, ValueError):
        pass  # closed, or full: there is nowhere left to say so


def encode_envelope(data: "dict[str, Any] | None", error: WfError | None = None) -> str:
    """Return the one object of `--json`, and a line end."""
    import json

    errors = []
    if error is not None:
        errors.append({"code": error.code, "message": str(error), "hint": error.hint})
    envelope = {"version": VERSION, "ok": error is None, "data": data, "errors": errors}
    text = json.dumps(envelope, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        # A path that is no UTF-8: its bytes stand as lone surrogates, which only ASCII can carry.
        text = json.dumps(envelope)
    return f"{text}\n"


def _lay_out(blocks: "Iterable[Block]", on_terminal: bool) -> str:
    parts: list[str] = []
    for block in blocks:
        if isinstance(block, Raw) and not on_terminal:
            parts.append(f"{block}\n")
        elif isinstance(block, str):
            parts.append(f"{sanitise(block)}\n")
        elif on_terminal:
            from wfsession.cli.terminal import lay_out

            parts.append(lay_out(block, find_width(), has_colour()))
        else:
            from wfsession.cli.plain import lay_out_plainly

            parts.append(lay_out_plainly(block))
    return "".join(parts)


def find_width() -> int:
    """Return how many cells a line of the terminal has: COLUMNS, else what the system says."""
    import shutil

    return shutil.get_terminal_size((_DEFAULT_WIDTH, 24)).columns


def has_colour() -> bool:
    """Tell whether a terminal is to be coloured: not with NO_COLOR, not where it cannot."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") not in {"", "dumb"}


def _print(text: str) -> bool:
    """Write to standard output; tell whether that went well. A reader that left is fine."""
    if sys.stdout is None:
        print_line("wf: the answer could not be printed: standard output is closed")
        return False
    try:
        _put(sys.stdout, text)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "standard output is closed"
        print_line(f"wf: the answer could not be printed: {reason}")
        _forget_stdout()
        return False
    return True


def _forget_stdout() -> None:
    """Let what is still buffered go nowhere, or the interpreter complains when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass  # no file behind it, so nothing is flushed at the end either


def ask(matter: str, question: str) -> bool:
    """Ask for a yes, if somebody is there to ask: both standard streams are terminals.

    The end of the input and Ctrl-C are a no.
    """
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        return False
    print(sanitise(matter))
    try:
        answer = input(f"{question} [y/N] ")
    except (EOFError, KeyboardInterrupt):
        print()
        return False
    return answer.strip().casefold() in {"y", "yes"}


def choose(matter: str, names: "Sequence[str]") -> str | None:
    """Let somebody choose a name, if there is anybody: input and standard error are terminals.

    An empty line and the end of the input choose none. Asked on standard error, so that the
    answer of the verb may go into a file.
    """
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return None
    print_line(matter)
    for number, name in enumerate(names, 1):
        print_line(f"  {number}  {name}")
    numbers = {str(number): name for number, name in enumerate(names, 1)}
    while True:
        print(f"Which one? [1-{len(names)}, empty: none] ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line.strip():
            if not line:
                print_line("")
            return None
        if line.strip() in numbers:
            return numbers[line.strip()]


def _put(stream: "TextIO", text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.flush()
        stream.buffer.write(_encode(text, stream.encoding))


def _encode(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace")
