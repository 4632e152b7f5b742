"""A wf that is installed, or in a checkout, whose Python reports what it was given."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

SHIM = Path(__file__).parents[2] / "bin" / "wf"

Command = Sequence[str | Path]


# Says, as JSON, what a Python that was handed over to was given.
REPORT = """
import json, os, sys
def find_here():
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None
status = int(os.environ.get("STATUS", "0"))
def main(argv=None):
    print(json.dumps({
        "arguments": sys.argv[1:],
        "here": find_here(),
        "environment": dict(os.environ),
        "json": json.__file__,
        "path": sys.path,
        "module": os.path.dirname(sys.modules["wfsession"].__file__)
        if "wfsession" in sys.modules else None,
        "input": sys.stdin.read(),
    }))
    return status
"""
# Shells set these for themselves, and keep them as they go along.
SHELLS_OWN = {"LOGNAME", "OLDPWD", "PWD", "SHLVL", "_"}


@attrs.frozen
class Run:
    """What a call of wf gave: its outputs and its status."""

    out: str
    error: str
    status: int

    @property
    def report(self) -> dict[str, Any]:
        assert self.out, self.error
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded


def run(command: Command, here: Path, **variables: str) -> Run:
    done = subprocess.run(
        [os.fspath(word) for word in command],
        cwd=here,
        env={**os.environ, **variables},
        input="from here\n",
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )
    return Run(done.stdout, done.stderr, done.returncode)


def write_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def make_installed(folder: Path) -> Path:
    """Make what an installer makes: wf beside an entry point with its interpreter."""
    folder.mkdir(parents=True)
    shutil.copy(SHIM, folder / "wf")
    text = f"#!{sys.executable}\n{REPORT}\nsys.exit(main())\n"
    write_program(folder / "wf-python", text)
    return folder / "wf"


def make_checkout(folder: Path) -> Path:
    """Make a repository: bin/wf, a package that reports, and no environment."""
    (folder / "bin").mkdir(parents=True)
    shutil.copy(SHIM, folder / "bin" / "wf")
    for name, text in (
        ("__init__.py", ""),
        ("__main__.py", ""),
        ("cli/__init__.py", ""),
        ("cli/main.py", REPORT),
    ):
        path = folder / "wfsession" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder / "bin" / "wf"


def make_venv(checkout: Path) -> None:
    write_program(checkout / ".venv" / "bin" / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')


def make_path(folder: Path, **programs: str) -> str:
    """Make a folder for PATH: links to what is needed, and scripts of the given text."""
    folder.mkdir()
    for name in ("readlink", "env", "sh"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    for name, text in programs.items():
        write_program(folder / name, text)
    return str(folder)


def program_of(shell: tuple[str, ...]) -> list[str]:
    """Return the shell's command with its absolute path, for a PATH without it."""
    found = shutil.which(shell[0])
    assert found
    return [found, *shell[1:]]
