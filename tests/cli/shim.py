"""Asking bin/wf in each shell, and Python, the same question.

In place of Python the shells hand over to a script that says so. A hand-over is right by
definition, so what is compared is what a shell answers itself, and how often it does.
"""

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import pytest

from tests.trees import RECORD, ROOT, Entry, Tree, build_tree

REPOSITORY = Path(__file__).parents[2]

SHELLS = [
    pytest.param(("dash",), marks=pytest.mark.needs("dash"), id="dash"),
    pytest.param(("bash",), marks=pytest.mark.needs("bash"), id="bash"),
    pytest.param(("bash", "--posix"), marks=pytest.mark.needs("bash"), id="bash-posix"),
    pytest.param(("zsh",), marks=pytest.mark.needs("zsh"), id="zsh"),
    pytest.param(("busybox", "sh"), marks=pytest.mark.needs("busybox"), id="busybox"),
]
in_each_shell = pytest.mark.parametrize("shell", SHELLS)
# bash's two ways differ little, and this takes seconds.
in_most_shells = pytest.mark.parametrize("shell", [p for p in SHELLS if p.id != "bash-posix"])


@attrs.frozen
class Question:
    """One call of wf: where, with which variables, which verb."""

    here: Path
    environment: dict[str, str]
    verb: str


@attrs.frozen
class Answer:
    """What one call wrote, to both outputs, and its exit status."""

    output: bytes
    status: int


HANDED_OVER = Answer(b"handed over\n", 97)
NONE = Answer(b"", 1)


def make_shim(folder: Path, instead: str) -> Path:
    """Copy bin/wf, and put a script beside it in place of Python."""
    shutil.copy(REPOSITORY / "bin" / "wf", folder / "wf")
    stub = folder / "wf-python"
    stub.write_text(f"#!/bin/sh\n{instead}\n")
    stub.chmod(0o755)
    return folder / "wf"


def name_of(name: str) -> Answer:
    return Answer(os.fsencode(name) + b"\n", 0)


def ask_shell(shell: Sequence[str], shim: Path, questions: Sequence[Question]) -> list[Answer]:
    """Run the shell once for each question, all of them from one script: that is fast."""
    lines = []
    for question in questions:
        pairs = " ".join(f"{name}={shlex.quote(v)}" for name, v in question.environment.items())
        lines.append(f"cd {shlex.quote(str(question.here))} || exit 3")
        lines.append(f'{pairs} "$@" {question.verb} 2>&1')
        lines.append("printf '\\0%s\\0' $?")
    with tempfile.NamedTemporaryFile() as script:
        script.write(os.fsencode("\n".join(lines)))
        script.flush()
        done = subprocess.run(
            ["sh", script.name, *shell, str(shim)],
            env={**without_ours(), "PWD": "/"},
            stdout=subprocess.PIPE,
            check=True,
        )
    parts = done.stdout.split(b"\0")
    return [Answer(out, int(code)) for out, code in zip(parts[:-1:2], parts[1::2], strict=True)]


def without_ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("WF_")}


@contextlib.contextmanager
def _standing(question: Question) -> Iterator[None]:
    with contextlib.chdir(question.here), pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("WF_")]:
            patch.delenv(name)
        for name, value in question.environment.items():
            patch.setenv(name, value)
        yield


def ask_command(question: Question) -> Answer:
    """Ask the command line, in this process."""
    from wfsession.cli.main import main

    output = io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", write_through=True)
    with (
        _standing(question),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        status = main([question.verb])
    assert isinstance(output.buffer, io.BytesIO)
    return Answer(output.buffer.getvalue(), status)


def ask_library(question: Question) -> Answer | None:
    """Ask the library; None where it raises, so that no direct answer is right."""
    from wfsession.core.locate import find_current
    from wfsession.errors import WfError

    with _standing(question):
        try:
            found = find_current()
        except WfError:
            return None
    answer = found.session if question.verb == "current" else found.path
    return NONE if answer is None else name_of(answer)


SESSION = (Entry(f"p/{ROOT}/WFS-a/{RECORD}", "file", "{}"),)
MARKED = (*SESSION, Entry(f"p/{ROOT}/.active-WFS-a", "file"))
TWO = (*MARKED, Entry(f"p/{ROOT}/WFS-b/{RECORD}", "file", "{}"))
BOUND = (*TWO, Entry(f"p/{ROOT}/.threads/claude--1", "file", "WFS-b\n"))
THREAD = (("WF_THREAD", "claude--1"),)


def pin(name: str) -> tuple[tuple[str, str], ...]:
    return (("WF_SESSION", name),)


def root_named(value: str) -> tuple[tuple[str, str], ...]:
    return (("WF_ROOT", value),)


def at_root(*names: str) -> tuple[Entry, ...]:
    """Return one entry for each name in the root: a directory if it ends with a slash."""
    return tuple(
        Entry(f"p/{ROOT}/{name.rstrip('/')}", "directory" if name.endswith("/") else "file")
        for name in names
    )


# What is usual must be answered without Python, or the shim is of no use.


def ask_in_trees(
    shell: tuple[str, ...], shim: Path, trees: dict[str, Tree], folder: Path, verb: str
) -> dict[str, tuple[Question, Answer]]:
    """Build the trees, ask once in each, and return the answers by the trees' titles."""
    questions = []
    for index, tree in enumerate(trees.values()):
        top = folder / str(index)
        build_tree(tree, top)
        questions.append(Question(top / tree.here, tree.read_environment(top), verb))
    pairs = zip(questions, ask_shell(shell, shim, questions), strict=True)
    return dict(zip(trees, pairs, strict=True))
