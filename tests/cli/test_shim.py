"""bin/wf answers as Python does or hands over: on a thousand trees and the fixtures."""

import contextlib
import os
import pickle
import shutil
import subprocess
import sys
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import attrs
import pytest
from filelock import FileLock

from tests.cli.shim import (
    HANDED_OVER,
    NONE,
    REPOSITORY,
    Answer,
    Question,
    ask_command,
    ask_library,
    ask_shell,
    in_each_shell,
    in_most_shells,
    without_ours,
)
from tests.trees import OLD_NS, ROOT, Tree, build_tree, make_tree

FIXTURES = REPOSITORY / "tests" / "fixtures"
TREES = 1000


@attrs.frozen
class Sample:
    """A tree, the question asked in it, and what made it."""

    seed: int
    tree: Tree
    question: Question


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Sample, Answer]]:
    """Return the samples with the answers of Python, made by the first process that asks."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    kept = folder / "answered"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            made = make_samples(folder / "trees")
            pairs = [(sample, ask_command(sample.question)) for sample in made]
            kept.write_bytes(pickle.dumps(pairs))
    loaded: list[tuple[Sample, Answer]] = pickle.loads(kept.read_bytes())
    return loaded


def make_samples(folder: Path) -> list[Sample]:
    made = []
    for seed in range(TREES):
        random = Random(seed)
        tree = make_tree(random)
        top = folder / str(seed)
        build_tree(tree, top)
        for root in top.rglob(ROOT) if seed % 2 else ():
            with contextlib.suppress(OSError):
                (root / ".wf" / "tmp").mkdir(parents=True)
        verb = random.choice(("current", "path"))
        question = Question(top / tree.here, tree.read_environment(top), verb)
        if seed % 2:
            leave_hint(question)
        made.append(Sample(seed, tree, question))
    return made


def leave_hint(question: Question) -> None:
    """Let a reader write the hint, where there is a root, as if that had rested for long."""
    with mock.patch("wfsession.core.hint._has_rested", return_value=True):
        ask_library(question)


def test_the_library_and_the_command_line_agree_on_a_thousand_trees(
    answered: list[tuple[Sample, Answer]],
) -> None:
    different = []
    for sample, answer in answered:
        expected = ask_library(sample.question)
        # An error has a sentence, a binding that could not be followed a note.
        same = answer.status != 0 if expected is None else answer.output.endswith(expected.output)
        if not same or (expected and answer.status != expected.status):
            different.append((sample, answer, expected))
    assert not different, _show(different)


def test_a_process_of_its_own_answers_as_the_command_line_in_process(
    answered: list[tuple[Sample, Answer]],
) -> None:
    for sample, answer in answered[:: TREES // 10]:
        question = sample.question
        done = subprocess.run(
            [sys.executable, "-m", "wfsession", question.verb],
            cwd=question.here,
            env={**without_ours(), **question.environment, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert Answer(done.stdout, done.returncode) == answer, sample


@in_most_shells
def test_what_a_shell_answers_is_what_python_answers_on_a_thousand_trees(
    shell: tuple[str, ...], shim: Path, answered: list[tuple[Sample, Answer]]
) -> None:
    got = ask_shell(shell, shim, [sample.question for sample, _ in answered])
    direct = [
        (sample, answer, expected)
        for (sample, expected), answer in zip(answered, got, strict=True)
        if answer != HANDED_OVER
    ]
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
    shell: tuple[str, ...], shim: Path, answered: list[tuple[Sample, Answer]]
) -> None:
    some = [sample.question for sample, _ in answered[: TREES // 5]]
    assert ask_shell(shell, shim, some) == ask_shell(("dash",), shim, some)


@pytest.fixture(scope="module")
def fixture_questions(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Question, Answer]]:
    """Return questions at each place of each fixture, and with each pin, and Python's answers."""
    project = tmp_path_factory.mktemp("fixtures") / "project"
    shutil.copytree(FIXTURES, project, symlinks=True)
    asked: list[tuple[Path, dict[str, str]]] = []
    for root in project.rglob(ROOT):
        os.utime(root, ns=(OLD_NS, OLD_NS))
        places = [path for path in (root.parent, *root.parent.rglob("*")) if path.is_dir()]
        asked += [(root.parent, {"WF_SESSION": path.name}) for path in places]
        asked += [(place, {}) for place in places]
    # By turns: the two verbs differ in the last step only.
    questions = [Question(*one, verb) for one, verb in zip(asked, cycle(("current", "path")))]
    return [(question, ask_command(question)) for question in questions]


@in_each_shell
def test_what_a_shell_answers_in_a_fixture_is_what_python_answers(
    shell: tuple[str, ...], shim: Path, fixture_questions: list[tuple[Question, Answer]]
) -> None:
    got = ask_shell(shell, shim, [question for question, _ in fixture_questions])
    direct = 0
    for (question, expected), answer in zip(fixture_questions, got, strict=True):
        if answer != HANDED_OVER:
            direct += 1
            assert answer == expected, question
    # Most of these roots are from before, which is for Python to say.
    assert direct > len(fixture_questions) / 10
