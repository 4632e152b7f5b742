"""The wheel as others have it: its command, its files, and its types as mypy sees them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.conftest import Built
from tests.packaging.test_contents import read_project

# Uses of the public names as a program of somebody else's has them.
SAMPLE = '''
"""A program that works in the active session."""

from datetime import datetime

import wfsession
from wfsession import Session, WfError


def describe(session: Session) -> str:
    """Return a session on one line."""
    made: datetime = session.created
    return f"{session.name} {session.state} {made:%Y} {session.tasks.total}"


def main() -> int:
    """Create a session, and work in it."""
    workspace = wfsession.init(".")
    try:
        print(describe(workspace.create("OAuth integration", type="complex")))
    except WfError as error:
        print(error, error.hint, error.code)
        return 1
    with wfsession.enter(command="look") as context:
        path: str = context.path
    name: str | None = wfsession.current()
    wfsession.open().switch(name or path)
    return 0
'''


def run_wheel(built: Built, *words: str, place: Path) -> "subprocess.CompletedProcess[str]":
    # So that nothing of the checkout is found by another way.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    path = f"{built.installed / 'bin'}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        words,
        cwd=place,
        env={**environment, "PATH": path},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("command", ["wf", "wf-python"])
def test_the_command_says_which_version_it_is(built: Built, command: str, tmp_path: Path) -> None:
    program = built.installed / "bin" / command
    said = run_wheel(built, str(program), "--version", place=tmp_path)
    assert said.stdout == f"wf {read_project()['version']}\n", said.stderr


def test_the_package_is_the_one_of_the_wheel(built: Built, tmp_path: Path) -> None:
    ask = "import wfsession; print(wfsession.__file__)"
    said = run_wheel(built, str(built.python), "-c", ask, place=tmp_path)
    assert Path(said.stdout.strip()).is_relative_to(built.installed), said


def test_what_the_command_reads_of_its_own_files_is_there(built: Built, tmp_path: Path) -> None:
    for line in (
        "wf new 'OAuth integration'",
        "wf list",
        "wf doctor",
        "wf shell-init bash",
        "wf shell-init zsh",
        "wf shell-init fish",
        "wf install claude-code --dry-run",
        "wf install opencode --dry-run",
        "wf usage",
    ):
        done = run_wheel(built, "sh", "-c", line, place=tmp_path)
        assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), (line, done)
        assert done.stdout, line


@pytest.mark.needs("bash", "fish")
def test_shells_complete_from_the_files_that_the_page_tells_of(
    built: Built, tmp_path: Path
) -> None:
    bash = Path.home() / ".local/share/bash-completion/completions/wf"
    fish = Path.home() / ".config/fish/conf.d/wf.fish"
    for shell, path in (("bash", bash), ("fish", fish)):
        path.parent.mkdir(parents=True)
        run_wheel(built, "sh", "-c", f"wf shell-init {shell} > {path}", place=tmp_path)
    ask = "COMP_WORDS=(wf swi) COMP_CWORD=1; _wf_complete; echo ${COMPREPLY[@]}; complete -p wf"
    said = run_wheel(built, "bash", "-c", f". {bash}; {ask}", place=tmp_path)
    assert said.stdout.splitlines() == ["switch", "complete -F _wf_complete wf"], said
    said = run_wheel(built, "fish", "-c", "complete -C 'wf swi'", place=tmp_path)
    assert said.stdout.startswith("switch\t"), said


def check_types(built: Built, source: str, place: Path) -> str:
    (place / "sample.py").write_text(source, "utf-8")
    flags = ["--strict", "--python-executable", str(built.python), "--cache-dir", "types"]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *flags, "sample.py"],
        cwd=place,
        env={name: value for name, value in os.environ.items() if name != "MYPYPATH"},
        check=False,
        capture_output=True,
        text=True,
    )
    return checked.stdout + checked.stderr


def test_a_program_of_somebody_else_is_checked_by_the_types_of_the_wheel(
    built: Built, tmp_path: Path
) -> None:
    assert "Success" in check_types(built, SAMPLE, tmp_path)
    wrong = SAMPLE.replace("name or path", "5").replace("session.tasks.total", "session.total")
    said = check_types(built, wrong, tmp_path)
    assert 'has incompatible type "int"; expected "str"' in said, said
    assert '"Session" has no attribute "total"' in said, said
    assert "Found 2 errors" in said, said
