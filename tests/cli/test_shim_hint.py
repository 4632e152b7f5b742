"""bin/wf takes the word of the hint where that holds, in each shell, and never else."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shim import (
    HANDED_OVER,
    NONE,
    Answer,
    Question,
    ask_command,
    ask_shell,
    in_each_shell,
    name_of,
)
from tests.hints import (
    put_hint,
    replace_by_directory,
    replace_by_pipe,
    replace_by_symlink,
    take_time_of,
)

FEW, MORE, MANY = 5, 100, 10_000
ACTIVE = name_of("WFS-a")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "p" / ".workflow"
    for name in ("WFS-a", "WFS-b", ".wf"):
        (root / name).mkdir(parents=True)
    (root / ".active-WFS-a").touch()
    return root


def ask(shell: tuple[str, ...], shim: Path, root: Path) -> Answer:
    (answer,) = ask_shell(shell, shim, [Question(root.parent, {}, "current")])
    return answer


@in_each_shell
def test_with_a_hint_a_large_root_is_not_listed(
    shell: tuple[str, ...], shim: Path, root: Path
) -> None:
    # To whoever lists, an orphan is a reason to ask Python.
    (root / ".active-WFS-gone").touch()
    put_hint(root, "WFS-a", MORE)
    assert ask(shell, shim, root) == ACTIVE
    (answer,) = ask_shell(shell, shim, [Question(root.parent, {}, "path")])
    assert answer == name_of(f"{root}/WFS-a")


@in_each_shell
def test_a_small_root_is_listed_all_the_same(
    shell: tuple[str, ...], shim: Path, root: Path
) -> None:
    put_hint(root, "WFS-b", FEW)
    assert ask(shell, shim, root) == ACTIVE


@in_each_shell
@pytest.mark.parametrize("entries", [FEW, MORE, MANY])
def test_with_a_hint_it_says_itself_that_none_is_active(
    shell: tuple[str, ...], entries: int, shim: Path, root: Path
) -> None:
    (root / ".active-WFS-a").unlink()
    assert ask(shell, shim, root) == HANDED_OVER
    put_hint(root, "", entries)
    assert ask(shell, shim, root) == NONE


@in_each_shell
def test_a_marker_in_a_small_root_of_which_the_hint_says_nothing_is_not_missed(
    shell: tuple[str, ...], shim: Path, root: Path
) -> None:
    put_hint(root, "", FEW)
    assert ask(shell, shim, root) == ACTIVE


@in_each_shell
@pytest.mark.parametrize("seconds", [-1.5, -1e-8, 1e-8, 1.5])
def test_a_hint_of_another_time_than_the_roots_is_not_believed(
    shell: tuple[str, ...], seconds: float, shim: Path, root: Path
) -> None:
    put_hint(root, "WFS-b", MORE)
    (root / ".active-WFS-b").touch()
    (root / ".active-WFS-a").unlink()
    path = put_hint(root, "WFS-a", MORE)
    (root / ".active-WFS-a").touch()
    (root / ".active-WFS-b").unlink()
    # Not only that time: busybox compares whole seconds, and a hint is two of them behind.
    moved = 2.0 if seconds > 0 else -2.0
    span = seconds if shell[0] != "busybox" else moved
    stamp_ns = root.stat().st_mtime_ns + int(span * 1e9)
    os.utime(path, ns=(stamp_ns, stamp_ns))
    assert ask(shell, shim, root) == ACTIVE
    (root / ".active-WFS-gone").touch()
    assert ask(shell, shim, root) == HANDED_OVER


@in_each_shell
def test_with_a_hint_that_is_old_a_very_large_root_is_left_to_python(
    shell: tuple[str, ...], shim: Path, root: Path
) -> None:
    path = put_hint(root, "WFS-a", MANY)
    os.utime(path, ns=(0, 0))
    assert ask(shell, shim, root) == HANDED_OVER
    path = put_hint(root, "WFS-a", MANY - 1)
    os.utime(path, ns=(0, 0))
    assert ask(shell, shim, root) == ACTIVE


def remove(path: Path) -> None:
    path.unlink()


def link_all_that_is_private(path: Path) -> None:
    folder = path.parent
    folder.rename(folder.parent.parent / "elsewhere")
    folder.symlink_to(folder.parent.parent / "elsewhere")


def write(data: bytes) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        path.write_bytes(data)

    return act


SPOILT = {
    "missing": remove,
    "empty": write(b""),
    "cut off": lambda path: os.truncate(path, path.stat().st_size - 1),
    "one line": write(b"WFS-b\n"),
    "two lines": write(b"WFS-b\n1 2 3 4\n"),
    "no line": write(b"WFS-b"),
    "of a name that has gone": write(b"WFS-gone\n1 2 3 4\n5\n"),
    "of no name": write(b"../p\n1 2 3 4\n5\n"),
    "with a number that is none": write(b"WFS-b\n1 2 3 4\nx\n"),
    "no text": write(b"\xff\0\n" * 5),
    "a pipe": replace_by_pipe,
    "a directory": replace_by_directory,
    "a symlink": replace_by_symlink,
    "behind a symlink": link_all_that_is_private,
}


@in_each_shell
@pytest.mark.parametrize("how", SPOILT)
def test_a_hint_that_is_spoilt_changes_no_answer(
    shell: tuple[str, ...], how: str, shim: Path, root: Path
) -> None:
    path = put_hint(root, "WFS-b", MORE)
    SPOILT[how](path)
    if os.path.lexists(path):
        take_time_of(root, path)
    assert ask(shell, shim, root) == ACTIVE


UNFIT: dict[str, Callable[[Path], object]] = {
    "no marker": lambda root: (root / ".active-WFS-a").unlink(),
    "a marker that is a symlink": lambda root: replace_by_symlink(root / ".active-WFS-a"),
    "a marker that is a pipe": lambda root: replace_by_pipe(root / ".active-WFS-a"),
    "no directory": lambda root: (root / "WFS-a").rmdir(),
    "a directory that is a symlink": lambda root: replace_by_symlink(root / "WFS-a"),
}


@in_each_shell
@pytest.mark.parametrize("how", UNFIT)
def test_what_the_hint_names_must_be_there(
    shell: tuple[str, ...], how: str, shim: Path, root: Path
) -> None:
    UNFIT[how](root)
    put_hint(root, "WFS-a", MORE)
    assert ask(shell, shim, root) == HANDED_OVER


@pytest.mark.needs("bash")
@pytest.mark.parametrize("moment", ["-nt", "-ot"])
def test_a_hint_that_is_replaced_between_reading_and_comparing_is_not_believed(
    moment: str, shim: Path, root: Path, tmp_path: Path
) -> None:
    # What was read is WFS-b; what is compared then is the hint that came since.
    (root / ".active-WFS-b").touch()
    new = put_hint(root, "WFS-a", MORE).rename(tmp_path / "new")
    put_hint(root, "WFS-b", MORE)
    gate = tmp_path / "gate"
    act = f"mv {shlex.quote(str(new))} {shlex.quote(str(root / '.wf' / 'active'))}"
    trap = f"case $BASH_COMMAND in *{moment}*) {act};; esac"
    gate.write_text(f"set -o functrace; trap {shlex.quote(trap)} DEBUG\n")
    question = Question(root.parent, {"BASH_ENV": str(gate)}, "current")
    assert ask_shell(("bash",), shim, [question]) == [HANDED_OVER]
    assert not new.exists()


@in_each_shell
@pytest.mark.parametrize("how", ["cp -a", "tar"])
def test_a_copy_of_a_root_answers_as_the_root(
    shell: tuple[str, ...], how: str, shim: Path, root: Path
) -> None:
    put_hint(root, "WFS-a", MORE)
    copy = root.parent.parent / "copy"
    copy.mkdir()
    command = f"{how} p/. copy" if how == "cp -a" else "tar -C p -cf - . | tar -C copy -xpf -"
    subprocess.run(command, shell=True, cwd=root.parent.parent, check=True)  # noqa: S602 - no input of others
    assert ask(shell, shim, copy / ".workflow") == ACTIVE
    assert ask_command(Question(copy, {}, "current")) == ACTIVE
