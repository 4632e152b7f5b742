"""bin/wf in odd environments, and where it may not look: no answer changes."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.cli.shim import (
    BOUND,
    HANDED_OVER,
    MARKED,
    SESSION,
    THREAD,
    TWO,
    Answer,
    Question,
    ask_in_trees,
    ask_shell,
    at_root,
    in_each_shell,
    name_of,
    pin,
    without_ours,
)
from tests.trees import ROOT, Entry, Tree, build_tree

NOBODY = 65534

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
            env={**without_ours(), **odd, **variables},
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
        Tree(at_root("WFS-a/", ".ACTIVE-WFS-a"), "p"),
        Tree((*MARKED, *at_root("wfs-b/")), "p", pin("wfs-b")),
        Tree((*MARKED, *at_root("Completed/")), "p", pin("Completed")),
    ]
    told = (("BASHOPTS", option),)
    told_so = {
        str(index): attrs.evolve(tree, environment=(*tree.environment, *told))
        for index, tree in enumerate(trees)
    }
    asked = ask_in_trees(shell, shim, told_so, tmp_path, "current")
    assert [answer for _, answer in asked.values()] == [HANDED_OVER] * len(trees)


@pytest.mark.needs("bash")
def test_what_bash_is_told_to_leave_out_of_listings_is_in_them(shim: Path, tmp_path: Path) -> None:
    build_tree(Tree((*TWO, *at_root(".active-WFS-b"))), tmp_path / "top")
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
            env={**without_ours(), **dict(THREAD)},
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
