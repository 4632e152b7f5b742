"""What is loaded for an answer, which decides how long people wait for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.wf import PAUSED, REPOSITORY, make_environment, wf
from wfsession.cli.call import Call
from wfsession.cli.parser import HOMES, parse
from wfsession.cli.plainly import parse_plainly
from wfsession.cli.shell_init import SHELLS, Script

ASK = """
import sys
sys.path.insert(0, sys.argv[1])
from wfsession.cli.main import main
main(sys.argv[2:])
print(*sorted(sys.modules), file=sys.stderr)
"""

# What may be loaded of ours: a new name here is time that everybody waits at that verb.
CURRENT = set(
    """
    cli cli.answer cli.current cli.here cli.main cli.render cli.scan core core.disk
    core.hint core.layout core.locate core.lock core.markers core.names errors words
    """.split()
)
LIST = CURRENT - {"cli.current"} | set(
    """
    cli.call cli.current cli.look cli.page cli.plain cli.plainly cli.portrait cli.verb cli.watching
    core.activation core.attic core.choose core.creation core.edits core.fields core.first_write
    core.journal core.jsontext core.lifecycle core.model core.operation core.private
    core.progress core.recording core.records core.snapshot core.splice core.states core.tasks
    core.times core.values workspace
    """.split()
)
SWITCH = LIST - {"cli.look", "cli.plain", "cli.current", "cli.watching"} | {
    "cli.changed",
    "cli.lifecycle",
}
INIT = {"cli", "errors", "words"} | {
    f"cli.{name}" for name in ("answer", "main", "render", "scan", "shell_init", "verb")
}
# Each of these takes longer to load than all of ours together.
HEAVY = {
    "argparse",
    "attr",
    "dataclasses",
    "filelock",
    "inspect",
    "logging",
    "orjson",
    "pathlib",
    "rich",
}


def list_loaded(*words: str, cwd: Path) -> set[str]:
    # Without site, as what it loads depends on what else is installed.
    paths = [str(Path(path)) for path in sys.path if path.endswith("site-packages")]
    done = subprocess.run(
        [sys.executable, "-S", "-c", ASK, str(REPOSITORY), *words],
        cwd=cwd,
        env=make_environment({"PYTHONPATH": ":".join((str(REPOSITORY), *paths))}),
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return set(done.stderr.splitlines()[-1].split())


def list_ours(loaded: set[str]) -> set[str]:
    return {name.removeprefix("wfsession.") for name in loaded if name.startswith("wfsession.")}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("current",), CURRENT),
        (("path",), CURRENT),
        (("list",), LIST),
        (("switch", PAUSED), SWITCH),
        (("shell-init", "zsh"), INIT),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_frequent_verb_loads_these_modules_and_no_others(
    project: Path, words: tuple[str, ...], expected: set[str]
) -> None:
    loaded = list_loaded(*words, cwd=project)
    assert list_ours(loaded) == expected
    assert not loaded & HEAVY


@pytest.mark.parametrize("words", [("current",), ("path",)])
def test_current_and_path_load_neither_parser_nor_library(
    project: Path, words: tuple[str, ...]
) -> None:
    loaded = list_loaded(*words, cwd=project)
    assert not loaded & {"argparse", "datetime", "json", "re", "typing"}


def test_current_as_json_loads_json_alone(project: Path) -> None:
    loaded = list_loaded("current", "--json", cwd=project)
    assert "json" in loaded
    assert not loaded & {*HEAVY, "wfsession.workspace"}


@pytest.mark.parametrize("words", [("list",), (), ("show",), ("switch", PAUSED), ("phase",)])
def test_rich_is_loaded_for_a_terminal_only(project: Path, words: tuple[str, ...]) -> None:
    assert "rich" not in list_loaded(*words, cwd=project)


def test_a_verb_loads_no_other_verb(project: Path) -> None:
    homes = set(HOMES.values())
    assert list_loaded("list", cwd=project) & homes == {"wfsession.cli.look"}
    assert list_loaded("switch", PAUSED, cwd=project) & homes == {"wfsession.cli.lifecycle"}
    assert list_loaded("init", cwd=project) & homes == {"wfsession.cli.place"}


@pytest.mark.parametrize(
    "words", [["list"], ["switch", "WFS-a"], ["switch", "a b"], ["switch", ""]]
)
def test_what_is_read_without_the_parser_is_what_the_parser_reads(words: list[str]) -> None:
    plain = parse_plainly(words)
    assert plain is not None
    verb, options = parse(words)
    assert plain[0] is verb
    assert {**vars(plain[1]), "command": []} == vars(options)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_new_terminal_gets_without_the_parser_what_it_would_get_with_it(shell: str) -> None:
    verb, options = parse(["shell-init", shell])
    answer = verb.run(Call(options))
    assert isinstance(answer, Script)
    assert wf("shell-init", shell).out == answer.text


@pytest.mark.parametrize(
    "words", [[], ["list", "-a"], ["switch"], ["switch", "-"], ["switch", "-h"], ["--", "list"]]
)
def test_what_has_options_is_left_to_the_parser(words: list[str]) -> None:
    assert parse_plainly(words) is None
