"""What is loaded for an answer, which decides how long people wait for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.wf import PAUSED, REPOSITORY, make_environment
from wfsession.cli.parser import HOMES

ASK = """
import sys
sys.path.insert(0, sys.argv[1])
from wfsession.cli.main import main
main(sys.argv[2:])
print(*sorted(sys.modules), file=sys.stderr)
"""


def list_loaded(*words: str, cwd: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(REPOSITORY), *words],
        cwd=cwd,
        env=make_environment(),
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("words", [("current",), ("path",)])
def test_current_and_path_load_neither_parser_nor_library(
    project: Path, words: tuple[str, ...]
) -> None:
    loaded = list_loaded(*words, cwd=project)
    assert not loaded & {"argparse", "attr", "orjson", "filelock", "rich", "json", "datetime"}
    assert "wfsession.workspace" not in loaded


def test_current_as_json_loads_json_alone(project: Path) -> None:
    loaded = list_loaded("current", "--json", cwd=project)
    assert "json" in loaded
    assert not loaded & {"argparse", "attr", "orjson", "filelock", "rich", "wfsession.workspace"}


@pytest.mark.parametrize("words", [("list",), (), ("show",), ("switch", PAUSED), ("phase",)])
def test_rich_is_loaded_for_a_terminal_only(project: Path, words: tuple[str, ...]) -> None:
    assert "rich" not in list_loaded(*words, cwd=project)


@pytest.mark.parametrize("words", [("list",), ("show",), (), ("help", "show")])
def test_looking_loads_no_lock(project: Path, words: tuple[str, ...]) -> None:
    assert "filelock" not in list_loaded(*words, cwd=project)


def test_a_verb_loads_no_other_verb(project: Path) -> None:
    homes = set(HOMES.values())
    assert list_loaded("list", cwd=project) & homes == {"wfsession.cli.look"}
    assert list_loaded("switch", PAUSED, cwd=project) & homes == {"wfsession.cli.lifecycle"}
    assert list_loaded("init", cwd=project) & homes == {"wfsession.cli.place"}
