"""bin/wf answers as Python does or hands over: in each shell, for `wf current` and `wf path`.

In place of Python the shells hand over to a script that says so. A hand-over is right by
definition, so what is compared is what a shell answers itself, and how often it does.
"""

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import attrs
import pytest

from tests.trees import OLD_NS, RECORD, ROOT, TOP, Entry, Tree, build_tree, make_tree

REPOSITORY = Path(__file__).parents[2]
FIXTURES = REPOSITORY / "tests" / "fixtures"
TREES = 1000
NOBODY = 65534

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


def name_of(name: str) -> Answer:
    return Answer(os.fsencode(name) + b"\n", 0)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bin/wf that hands over to a script which only says so."""
    folder = tmp_path_factory.mktemp("program")
    shutil.copy(REPOSITORY / "bin" / "wf", folder / "wf")
    stub = folder / "wf-python"
    stub.write_text("#!/bin/sh\necho handed over\nexit 97\n")
    stub.chmod(0o755)
    return folder / "wf"


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
            env={**_without_ours(), "PWD": "/"},
            stdout=subprocess.PIPE,
            check=True,
        )
    parts = done.stdout.split(b"\0")
    return [Answer(out, int(code)) for out, code in zip(parts[:-1:2], parts[1::2], strict=True)]


def _without_ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("WF_")}


@contextlib.contextmanager
def _standing(question: Question) -> Iterator[None]:
    variables = {**_without_ours(), **question.environment}
    with contextlib.chdir(question.here), mock.patch.dict(os.environ, variables, clear=True):
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


@attrs.frozen
class Sample:
    """A tree, the question asked in it, and what made it."""

    seed: int
    tree: Tree
    question: Question


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    folder = tmp_path_factory.mktemp("trees")
    made = []
    for seed in range(TREES):
        random = Random(seed)
        tree = make_tree(random)
        top = folder / str(seed)
        build_tree(tree, top)
        verb = random.choice(("current", "path"))
        question = Question(top / tree.here, tree.read_environment(top), verb)
        made.append(Sample(seed, tree, question))
    return made


@pytest.fixture(scope="module")
def questions(samples: list[Sample]) -> list[Question]:
    return [sample.question for sample in samples]


@pytest.fixture(scope="module")
def answers(questions: list[Question]) -> list[Answer]:
    return [ask_command(question) for question in questions]


def test_the_library_and_the_command_line_agree_on_a_thousand_trees(
    samples: list[Sample], answers: list[Answer]
) -> None:
    different = []
    for sample, answer in zip(samples, answers, strict=True):
        expected = ask_library(sample.question)
        # An error has a sentence, a binding that could not be followed a note.
        same = answer.status != 0 if expected is None else answer.output.endswith(expected.output)
        if not same or (expected and answer.status != expected.status):
            different.append((sample, answer, expected))
    assert not different, _show(different)


def test_a_process_of_its_own_answers_as_the_command_line_in_process(
    samples: list[Sample], answers: list[Answer]
) -> None:
    for index in range(0, TREES, TREES // 10):
        question = samples[index].question
        done = subprocess.run(
            [sys.executable, "-m", "wfsession", question.verb],
            cwd=question.here,
            env={**_without_ours(), **question.environment, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert Answer(done.stdout, done.returncode) == answers[index], samples[index]


@in_most_shells
def test_what_a_shell_answers_is_what_python_answers_on_a_thousand_trees(
    shell: tuple[str, ...],
    shim: Path,
    samples: list[Sample],
    questions: list[Question],
    answers: list[Answer],
) -> None:
    direct = list(zip(samples, ask_shell(shell, shim, questions), answers, strict=True))
    direct = [entry for entry in direct if entry[1] != HANDED_OVER]
    assert not [entry for entry in direct if entry[1] != entry[2]], _show(direct)
    # These trees are made to be odd; in ordinary ones it is every answer.
    assert sum(answer.status == 0 for _, answer, _ in direct) > TREES * 0.25
    assert sum(answer == NONE for _, answer, _ in direct) > TREES * 0.02


def _show(entries: list[tuple[Sample, Answer, Any]]) -> str:
    wrong = [entry for entry in entries if entry[1] != entry[2]]
    return "\n\n".join(f"{sample}\n  {got}\n  {wanted}" for sample, got, wanted in wrong[:3])


@in_each_shell
@pytest.mark.needs("dash")
def test_all_shells_hand_over_in_the_same_places(
    shell: tuple[str, ...], shim: Path, questions: list[Question]
) -> None:
    some = questions[: TREES // 5]
    assert ask_shell(shell, shim, some) == ask_shell(("dash",), shim, some)


@in_each_shell
@pytest.mark.parametrize("fixture", sorted(path.name for path in FIXTURES.iterdir()))
@pytest.mark.parametrize("verb", ["current", "path"])
def test_what_a_shell_answers_in_a_fixture_is_what_python_answers(
    shell: tuple[str, ...], fixture: str, verb: str, shim: Path, tmp_path: Path
) -> None:
    shutil.copytree(FIXTURES / fixture, tmp_path / "project", symlinks=True)
    for root in tmp_path.rglob(ROOT):
        os.utime(root, ns=(OLD_NS, OLD_NS))
    places = [path for path in (tmp_path / "project").rglob("*") if path.is_dir()]
    pins = [{}, *({"WF_SESSION": path.name} for path in places)]
    questions = [Question(tmp_path / "project", pin, verb) for pin in pins]
    questions += [Question(place, {}, verb) for place in places]
    for question, answer in zip(questions, ask_shell(shell, shim, questions), strict=True):
        if answer != HANDED_OVER:
            assert answer == ask_command(question), question


SESSION = (Entry(f"p/{ROOT}/WFS-a/{RECORD}", "file", "{}"),)
MARKED = (*SESSION, Entry(f"p/{ROOT}/.active-WFS-a", "file"))
TWO = (*MARKED, Entry(f"p/{ROOT}/WFS-b/{RECORD}", "file", "{}"))
BOUND = (*TWO, Entry(f"p/{ROOT}/.threads/claude--1", "file", "WFS-b\n"))
THREAD = (("WF_THREAD", "claude--1"),)


def _pin(name: str) -> tuple[tuple[str, str], ...]:
    return (("WF_SESSION", name),)


def _root(value: str) -> tuple[tuple[str, str], ...]:
    return (("WF_ROOT", value),)


def _at_root(*names: str) -> tuple[Entry, ...]:
    """Return one entry for each name in the root: a directory if it ends with a slash."""
    return tuple(
        Entry(f"p/{ROOT}/{name.rstrip('/')}", "directory" if name.endswith("/") else "file")
        for name in names
    )


# What is usual must be answered without Python, or the shim is of no use.
ANSWERED = {
    "a marker": (Tree(MARKED, "p"), "WFS-a"),
    "from below": (Tree((*MARKED, Entry("p/a/b/c")), "p/a/b/c"), "WFS-a"),
    "from within a session": (Tree(TWO, f"p/{ROOT}/WFS-b"), "WFS-a"),
    "from within the root": (Tree(MARKED, f"p/{ROOT}"), "WFS-a"),
    "a marker that makes a directory a session": (
        Tree(_at_root("notes/", ".active-notes"), "p"),
        "notes",
    ),
    "a marker with content": (
        Tree((*SESSION, Entry(f"p/{ROOT}/.active-WFS-a", "file", "on\n")), "p"),
        "WFS-a",
    ),
    "an ordinary repository": (Tree((*MARKED, Entry("p/.git"), Entry("p/a")), "p/a"), "WFS-a"),
    "a nested project": (
        Tree(
            (*MARKED, Entry(f"p/q/{ROOT}/WFS-z"), Entry(f"p/q/{ROOT}/.active-WFS-z", "file")), "p/q"
        ),
        "WFS-z",
    ),
    "a git file beside the root": (
        Tree((*MARKED, Entry("p/.git", "file", "gitdir: x")), "p"),
        "WFS-a",
    ),
    "a git file above the root": (
        Tree((*MARKED, Entry(".git", "file", "gitdir: x")), "p"),
        "WFS-a",
    ),
    "through a symlink": (Tree((*MARKED, Entry("way", "link", f"{TOP}/p")), "way"), "WFS-a"),
    "other hidden entries": (
        Tree((*MARKED, *_at_root(".wf/", ".threads/", ".gitignore", ".active", ".activex")), "p"),
        "WFS-a",
    ),
    "the longest name": (
        Tree(_at_root("WFS-" + "x" * 196 + "/", ".active-WFS-" + "x" * 196), "p"),
        "WFS-" + "x" * 196,
    ),
    "a pin": (Tree(TWO, "p", _pin("WFS-b")), "WFS-b"),
    "a pin without a record": (Tree((*MARKED, *_at_root("WFS-b/")), "p", _pin("WFS-b")), "WFS-b"),
    "a pin of another name with a record": (
        Tree((*MARKED, Entry(f"p/{ROOT}/notes/{RECORD}", "file", "{")), "p", _pin("notes")),
        "notes",
    ),
    "a pin of another name with a marker": (
        Tree((*MARKED, *_at_root("notes/", ".active-notes")), "p", _pin("notes")),
        "notes",
    ),
    "a pin among several markers": (
        Tree((*TWO, *_at_root(".active-WFS-b")), "p", _pin("WFS-a")),
        "WFS-a",
    ),
    "a pin beside its twin in other case": (
        Tree((*TWO, Entry(f"p/{ROOT}/wfs-b/{RECORD}", "file", "{}")), "p", _pin("WFS-b")),
        "WFS-b",
    ),
    "a pin before a binding": (Tree(BOUND, "p", (*_pin("WFS-a"), *THREAD)), "WFS-a"),
    "a pin before a thread that is none": (
        Tree(BOUND, "p", (*_pin("WFS-a"), ("WF_THREAD", "me"))),
        "WFS-a",
    ),
    "an empty pin": (Tree(TWO, "p", _pin("")), "WFS-a"),
    "a binding": (Tree(BOUND, "p", THREAD), "WFS-b"),
    "a binding without a line end": (
        Tree((*TWO, Entry(f"p/{ROOT}/.threads/claude--1", "file", "WFS-b")), "p", THREAD),
        "WFS-b",
    ),
    "a thread without a binding": (Tree(BOUND, "p", (("WF_THREAD", "claude--2"),)), "WFS-a"),
    "a thread without bindings": (Tree(MARKED, "p", THREAD), "WFS-a"),
    "a thread that was unbound": (
        Tree((*TWO, Entry(f"p/{ROOT}/.threads/claude--1", "file")), "p", THREAD),
        "WFS-a",
    ),
    "an empty thread": (Tree(BOUND, "p", (("WF_THREAD", ""),)), "WFS-a"),
    "a named root": (Tree((*MARKED, Entry("o")), "o", _root(f"{TOP}/p/{ROOT}")), "WFS-a"),
    "a named project": (Tree((*MARKED, Entry("o")), "o", _root(f"{TOP}/p")), "WFS-a"),
    "a named root, relative": (Tree(MARKED, ".", _root(f"p/{ROOT}")), "WFS-a"),
    "a named project, relative": (Tree(MARKED, ".", _root("p")), "WFS-a"),
    "a named root with a slash": (Tree(MARKED, ".", _root(f"{TOP}/p/{ROOT}/")), "WFS-a"),
    "a named root before a nearer one": (
        Tree((*MARKED, Entry(f"o/{ROOT}/WFS-z")), "o", _root(f"{TOP}/p")),
        "WFS-a",
    ),
    "an empty named root": (Tree(MARKED, "p", _root("")), "WFS-a"),
    "a named root in a linked worktree": (
        Tree((*MARKED, Entry("o/.git", "file", "gitdir: x")), "o", _root(f"{TOP}/p")),
        "WFS-a",
    ),
    "no root": (Tree((Entry("p/a"),), "p/a"), None),
    "no root in a repository": (Tree((Entry("p/.git"), Entry("p/a")), "p/a"), None),
    "no root for a thread": (Tree((Entry("p"),), "p", THREAD), None),
}
for _sign in (
    " ",
    "[x]",
    "*",
    "?",
    "\\",
    "'",
    '"',
    "$x",
    "`x`",
    "\n",
    "~",
    "ü",
    "\udcff",
    "-",
    "#",
):
    _moved = tuple(attrs.evolve(entry, path=f"a{_sign}b/{entry.path}") for entry in MARKED)
    ANSWERED[f"a path with {_sign!r}"] = (Tree(_moved, f"a{_sign}b/p"), "WFS-a")
    ANSWERED[f"a path with {_sign!r} and a pin"] = (
        Tree(
            (*_moved, Entry(f"a{_sign}b/p/{ROOT}/notes/{RECORD}", "file")),
            f"a{_sign}b/p",
            _pin("notes"),
        ),
        "notes",
    )


def _ask_in_trees(
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


@in_each_shell
def test_it_answers_itself_what_is_usual(
    shell: tuple[str, ...], shim: Path, tmp_path: Path
) -> None:
    trees = {title: tree for title, (tree, _) in ANSWERED.items()}
    asked = _ask_in_trees(shell, shim, trees, tmp_path, "current")
    got = {title: answer for title, (_, answer) in asked.items()}
    assert got == {
        title: NONE if session is None else name_of(session)
        for title, (_, session) in ANSWERED.items()
    }
    for title, (question, answer) in asked.items():
        assert ask_library(question) == answer, title


@in_each_shell
def test_the_path_it_answers_is_absolute_and_has_no_symlink_in_it(
    shell: tuple[str, ...], shim: Path, tmp_path: Path
) -> None:
    trees = {title: tree for title, (tree, session) in ANSWERED.items() if session}
    asked = _ask_in_trees(shell, shim, trees, tmp_path, "path")
    for title, (question, answer) in asked.items():
        path = os.fsdecode(answer.output.removesuffix(b"\n"))
        assert path == os.path.realpath(path), title
        assert os.path.isdir(path), title
        assert ask_library(question) == answer, title


# Where a shell cannot be sure it must not answer, whatever Python then says.
HANDED = {
    "no marker": Tree(SESSION, "p"),
    "two markers": Tree((*TWO, *_at_root(".active-WFS-b")), "p"),
    "a marker and an orphan": Tree((*MARKED, *_at_root(".active-WFS-gone")), "p"),
    "a marker and an editor's backup": Tree((*MARKED, *_at_root(".active-WFS-a~")), "p"),
    "an orphan": Tree(_at_root("WFS-b/", ".active-WFS-gone"), "p"),
    "a marker without a name": Tree((*SESSION, *_at_root(".active-")), "p"),
    "a marker that is a directory": Tree((*SESSION, *_at_root(".active-WFS-a/")), "p"),
    "a marker that is a symlink": Tree(
        (*SESSION, Entry(f"p/{ROOT}/.active-WFS-a", "link", f"WFS-a/{RECORD}")), "p"
    ),
    "a marker that is a pipe": Tree((*SESSION, Entry(f"p/{ROOT}/.active-WFS-a", "fifo")), "p"),
    "a marked file": Tree(_at_root("WFS-a", ".active-WFS-a"), "p"),
    "a marked symlink": Tree(
        (*_at_root("notes/", ".active-WFS-a"), Entry(f"p/{ROOT}/WFS-a", "link", "notes")), "p"
    ),
    "an archived session that is marked": Tree(_at_root("completed/WFS-a/", ".active-WFS-a"), "p"),
    "a root that is a symlink": Tree((*MARKED, Entry(f"q/{ROOT}", "link", f"{TOP}/p/{ROOT}")), "q"),
    "a root that is a broken symlink": Tree((Entry(f"q/{ROOT}", "link", "gone"),), "q"),
    "a root that is a file": Tree((Entry(f"q/{ROOT}", "file"),), "q"),
    "a root below one that is a symlink": Tree(
        (*MARKED, Entry(f"p/q/{ROOT}", "link", f"../{ROOT}"), Entry("p/q/r")), "p/q/r"
    ),
    "a linked worktree": Tree(
        (*MARKED, Entry("p/w/.git", "file", "gitdir: x"), Entry("p/w/a")), "p/w/a"
    ),
    "a git link": Tree((*MARKED, Entry("p/w/.git", "link", "gone")), "p/w"),
    "a pin that is unknown": Tree(MARKED, "p", _pin("WFS-gone")),
    "a pin that is archived": Tree((*MARKED, *_at_root("completed/WFS-z/")), "p", _pin("WFS-z")),
    "a pin that is somebody else's directory": Tree(
        (*MARKED, *_at_root("notes/")), "p", _pin("notes")
    ),
    "a pin that is a file": Tree((*MARKED, *_at_root("WFS-f")), "p", _pin("WFS-f")),
    "a pin that is a symlink": Tree(
        (*MARKED, Entry(f"p/{ROOT}/WFS-l", "link", "WFS-a")), "p", _pin("WFS-l")
    ),
    "a pin whose record is a symlink": Tree(
        (*MARKED, *_at_root("notes/x"), Entry(f"p/{ROOT}/notes/{RECORD}", "link", "x")),
        "p",
        _pin("notes"),
    ),
    "a pin whose marker is a directory": Tree(
        _at_root("notes/", ".active-notes/"), "p", _pin("notes")
    ),
    "a pin with a path": Tree(MARKED, "p", _pin("./WFS-a")),
    "a pin with a line end": Tree(MARKED, "p", _pin("WFS-a\n")),
    "a pin with a pattern": Tree(MARKED, "p", _pin("WFS-*")),
    "a pin of a reserved directory": Tree(
        (*MARKED, Entry(f"p/{ROOT}/completed/{RECORD}", "file")), "p", _pin("completed")
    ),
    "a pin of a device": Tree(
        (*MARKED, Entry(f"p/{ROOT}/aux.x/{RECORD}", "file")), "p", _pin("aux.x")
    ),
    "a pin without a root": Tree((Entry("p"),), "p", _pin("WFS-a")),
    "a name of 201 characters": Tree(
        _at_root("WFS-" + "x" * 197 + "/", ".active-WFS-" + "x" * 197), "p"
    ),
    "a name with an accent": Tree(_at_root("WFS-ü/", ".active-WFS-ü"), "p"),
    "a name that is no text": Tree(_at_root("WFS-\udcfc/", ".active-WFS-\udcfc"), "p"),
    "a name that ends with a dot": Tree(_at_root("WFS-a./", ".active-WFS-a."), "p"),
    "a name that begins with a hyphen": Tree(_at_root("-a/", ".active--a"), "p"),
    "a name that is a pattern": Tree(_at_root("*/", ".active-*"), "p"),
    "a thread that is none": Tree(BOUND, "p", (("WF_THREAD", "claude"),)),
    "a thread with a path": Tree(BOUND, "p", (("WF_THREAD", "../.threads/claude--1"),)),
    "a hidden thread": Tree(BOUND, "p", (("WF_THREAD", ".claude--1"),)),
    "a thread without an agent": Tree(BOUND, "p", (("WF_THREAD", "--1"),)),
    "a thread without an id": Tree(BOUND, "p", (("WF_THREAD", "claude--"),)),
    "a thread that is too long": Tree(BOUND, "p", (("WF_THREAD", "c--" + "1" * 198),)),
    "bindings in a symlink": Tree(
        (
            *MARKED,
            Entry(f"p/{ROOT}/t/claude--1", "file", "WFS-a"),
            Entry(f"p/{ROOT}/.threads", "link", "t"),
        ),
        "p",
        THREAD,
    ),
    "bindings in a file": Tree((*MARKED, *_at_root(".threads")), "p", THREAD),
    "a binding that is a symlink": Tree(
        (*BOUND, Entry(f"p/{ROOT}/.threads/c--1", "link", "claude--1")),
        "p",
        (("WF_THREAD", "c--1"),),
    ),
    "a binding that is a pipe": Tree(
        (*MARKED, Entry(f"p/{ROOT}/.threads/claude--1", "fifo")), "p", THREAD
    ),
    "a named root that is missing": Tree(MARKED, "p", _root(f"{TOP}/gone")),
    "a named root that is a symlink": Tree(
        (*MARKED, Entry(f"q/{ROOT}", "link", f"{TOP}/p/{ROOT}")), "p", _root(f"{TOP}/q/{ROOT}")
    ),
    "a named root behind a symlink": Tree(
        (*MARKED, Entry("way", "link", f"{TOP}/p")), "p", _root(f"{TOP}/way")
    ),
    "a named root with a way up": Tree(MARKED, "p", _root(f"{TOP}/p/../p")),
    "a named project without a root": Tree((*MARKED, Entry("p/sub")), "p/sub", _root(".")),
}
for _text in (
    "WFS-gone\n",
    " WFS-b\n",
    "WFS-b\r\n",
    "WFS-b\nmore\n",
    "WFS-b\nmore",
    "\nWFS-b\n",
    "WFS-b\n\n",
):
    HANDED[f"a binding that reads {_text!r}"] = Tree(
        (*TWO, Entry(f"p/{ROOT}/.threads/claude--1", "file", _text)), "p", THREAD
    )
for _name in ("active", "archives", "completed", "issues", "sessions", "specs"):
    for _spelled in (_name, _name.upper(), _name.title()):
        HANDED[f"the reserved name {_spelled}"] = Tree(
            _at_root(f"{_spelled}/", f".active-{_spelled}"), "p"
        )
for _name in ("con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt9"):
    for _spelled in (_name, _name.upper(), f"{_name.title()}.x.y"):
        HANDED[f"the device's name {_spelled}"] = Tree(
            _at_root(f"{_spelled}/", f".active-{_spelled}"), "p"
        )


@in_each_shell
@pytest.mark.parametrize("verb", ["current", "path"])
def test_it_hands_over_what_is_not_sure(
    shell: tuple[str, ...], verb: str, shim: Path, tmp_path: Path
) -> None:
    asked = _ask_in_trees(shell, shim, HANDED, tmp_path, verb)
    got = {title: answer for title, (_, answer) in asked.items()}
    assert got == dict.fromkeys(HANDED, HANDED_OVER)


# None of these changes what the answer is.
ODD_ENVIRONMENTS: list[dict[str, str]] = [
    {"CDPATH": "/:/tmp"},
    {"IFS": "aWF-/."},
    {"LC_ALL": "C.UTF-8"},
    {"LC_ALL": "", "LANG": "de_DE.UTF-8", "LC_COLLATE": "en_US.UTF-8"},
    {"POSIXLY_CORRECT": ""},
    {"PWD": "/"},
    {"PWD": "relative", "OLDPWD": "gone"},
    {"HOME": ""},
    {"PATH": ""},
    {"ENV": "/dev/null/gone", "BASH_ENV": "/dev/null/gone"},
    {"SHELLOPTS": "noglob:nounset:errexit:allexport:noclobber"},
    {"BASHOPTS": "nullglob:nocasematch:nocaseglob:dotglob:extglob"},
    {"BASHOPTS": "failglob"},
    {"BASH_FUNC_cd%%": "() { echo cd; false; }", "BASH_FUNC_printf%%": "() { echo printf; }"},
    {"BASH_FUNC_[%%": "() { true; }", "BASH_FUNC_read%%": "() { true; }"},
    {"wf_root": "/", "wf_name": "x", "wf_verb": "path", "wf_locale": "x"},
    {"ZSH_VERSION": "9", "BASH_VERSION": "9"},
]


@in_each_shell
@pytest.mark.parametrize("odd", ODD_ENVIRONMENTS, ids=" ".join)
def test_an_odd_environment_changes_no_answer(
    shell: tuple[str, ...], odd: dict[str, str], shim: Path, tmp_path: Path
) -> None:
    build_tree(Tree(BOUND), tmp_path / "top")
    program = shutil.which(shell[0])
    assert program
    for variables, session in (({}, "WFS-a"), (dict(THREAD), "WFS-b")):
        done = subprocess.run(
            [program, *shell[1:], str(shim), "current"],
            cwd=tmp_path / "top" / "p",
            env={**_without_ours(), **odd, **variables},
            capture_output=True,
            check=False,
        )
        assert Answer(done.stdout, done.returncode) == name_of(session), done.stderr


@in_each_shell
@pytest.mark.parametrize("option", ["failglob", "nullglob", "nocaseglob", "nocasematch", "dotglob"])
def test_an_option_of_bash_makes_nothing_sure_that_is_not(
    shell: tuple[str, ...], option: str, shim: Path, tmp_path: Path
) -> None:
    trees = [
        Tree(SESSION, "p"),
        Tree(_at_root("WFS-a/", ".ACTIVE-WFS-a"), "p"),
        Tree((*MARKED, *_at_root("wfs-b/")), "p", _pin("wfs-b")),
        Tree((*MARKED, *_at_root("Completed/")), "p", _pin("Completed")),
    ]
    told = (("BASHOPTS", option),)
    told_so = {
        str(index): attrs.evolve(tree, environment=(*tree.environment, *told))
        for index, tree in enumerate(trees)
    }
    asked = _ask_in_trees(shell, shim, told_so, tmp_path, "current")
    assert [answer for _, answer in asked.values()] == [HANDED_OVER] * len(trees)


@pytest.mark.needs("bash")
def test_what_bash_is_told_to_leave_out_of_listings_is_in_them(shim: Path, tmp_path: Path) -> None:
    build_tree(Tree((*TWO, *_at_root(".active-WFS-b"))), tmp_path / "top")
    told = tmp_path / "told"
    project = tmp_path / "top" / "p"
    told.write_text(f"GLOBIGNORE={shlex.quote(str(project / ROOT / '.active-WFS-b'))}\n")
    question = Question(project, {"BASH_ENV": str(told)}, "current")
    assert ask_shell(("bash",), shim, [question]) == [HANDED_OVER]


@pytest.mark.needs("bash")
def test_a_marker_that_comes_after_the_first_listing_is_not_missed(
    shim: Path, tmp_path: Path
) -> None:
    build_tree(Tree(TWO), tmp_path / "top")
    late = tmp_path / "top" / "p" / ROOT / ".active-WFS-b"
    gate = tmp_path / "gate"
    gate.write_text(
        f"set -o functrace; trap 'case $BASH_COMMAND in wf_once=*) : >{shlex.quote(str(late))};; "
        "esac' DEBUG\n"
    )
    question = Question(tmp_path / "top" / "p", {"BASH_ENV": str(gate)}, "current")
    assert ask_shell(("bash",), shim, [question]) == [HANDED_OVER]
    assert late.exists()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder that users without privileges reach, which pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)  # noqa: S103 - others shall read it
        yield Path(os.path.realpath(name))


@in_each_shell
@pytest.mark.parametrize("mode", [0o000, 0o300, 0o600])
@pytest.mark.parametrize("place", ["p", f"p/{ROOT}", f"p/{ROOT}/.threads"])
def test_it_hands_over_where_it_may_not_look(
    shell: tuple[str, ...], place: str, mode: int, shim: Path, public_folder: Path
) -> None:
    for file in shim.parent.iterdir():
        shutil.copy(file, public_folder)
    top = public_folder / "top"
    build_tree(Tree((*BOUND, Entry("p/sub"))), top)
    ordinary: dict[str, Any] = {}
    if os.geteuid() == 0:
        for path in (top, *top.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        ordinary = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    # Standing there and coming back without search permission takes a hand-held directory.
    here = os.open(top / "p" / "sub", os.O_RDONLY)
    os.chmod(top / place, mode)
    try:
        done = subprocess.run(
            ["sh", "-c", 'exec "$@"', "sh", *shell, str(public_folder / "wf"), "current"],
            env={**_without_ours(), **dict(THREAD)},
            capture_output=True,
            check=False,
            preexec_fn=lambda: os.fchdir(here),
            **ordinary,
        )
    finally:
        os.chmod(top / place, 0o755)  # noqa: S103 - so that it can be removed
        os.close(here)
    if (place, mode) == ("p", 0o300):
        # Nothing there has to be listed.
        assert Answer(done.stdout, done.returncode) in {name_of("WFS-b"), HANDED_OVER}
    else:
        assert Answer(done.stdout, done.returncode) == HANDED_OVER
