"""What is loaded for an answer, which decides how long people wait for it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wf import PAUSED, REPOSITORY, make_environment, wf
from tests.hook import make_event
from tests.transcripts import answer, text, write
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


# What hooks could load and do not: each of these an agent would wait for at each of its events.
SLOW_FOR_HOOKS = HEAVY | {"difflib", "platformdirs", "tomllib"}
OURS_SLOW_FOR_HOOKS = {
    "cli.parser",
    "core.repair",
    "threads.bindings",
    "threads.lines",
    "threads.transcript",
    "trace.envelopes",
    "trace.stories",
    "workspace",
}
EDIT: dict[str, Any] = {
    "tool_name": "Write",
    "tool_input": {"file_path": "/p/a.py", "content": "a = 1\n"},
    "tool_response": {"type": "create", "structuredPatch": []},
}


def list_loaded(*words: str, cwd: Path, given: bytes | None = None, **environment: str) -> set[str]:
    # Without site, as what it loads depends on what else is installed.
    paths = [str(Path(path)) for path in sys.path if path.endswith("site-packages")]
    done = subprocess.run(
        [sys.executable, "-S", "-c", ASK, str(REPOSITORY), *words],
        cwd=cwd,
        env=make_environment({"PYTHONPATH": ":".join((str(REPOSITORY), *paths)), **environment}),
        input=given,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return set(done.stderr.decode().splitlines()[-1].split())


def play(project: Path, event: str, word: str = "", **more: Any) -> set[str]:
    """Let an agent's event happen, and return what its hook loaded."""
    environment = more.pop("environment", {})
    given = json.dumps(make_event(event, "11111111-aaaa", project, **more)).encode()
    words = ("hook", "claude-code", word or event)
    return list_loaded(*words, cwd=project, given=given, **environment)


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


def test_the_log_is_read_without_orjson(project: Path) -> None:
    assert wf("switch", PAUSED).code == 0
    assert "orjson" not in list_loaded("log", cwd=project)


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


def test_no_hook_loads_what_takes_long(project: Path, tmp_path: Path) -> None:
    lines = [answer("m1", text("Done."), usage={"output": 1})]
    told = {"transcript_path": str(write(tmp_path / "t.jsonl", lines))}
    loaded = {"SessionStart": play(project, "SessionStart", **told)}
    for number in range(2):
        # The second finds the first in the conversation's file.
        edit = {**EDIT, **told, "tool_use_id": f"toolu_{number}"}
        loaded[f"edit {number}"] = play(project, "PostToolUse", "KeepPatch", **edit)
    for event in ("UserPromptSubmit", "PostToolUse", "PreCompact", "Stop"):
        loaded[event] = play(project, event, **told)
    # Without a transcript there is no story to keep.
    loaded["SessionEnd"] = play(project, "SessionEnd")
    for event, names in loaded.items():
        assert not names & SLOW_FOR_HOOKS, event
        assert not list_ours(names) & OURS_SLOW_FOR_HOOKS, event
    (kept,) = (project / ".workflow").glob("WFS-*/.conversation/*.jsonl")
    assert len(kept.read_bytes().splitlines()) == 2


def test_an_edit_of_which_nothing_is_kept_loads_what_reads_the_settings_and_no_more(
    project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "config" / "wfsession"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[trace]\npatches = false\n")
    settings = {"XDG_CONFIG_HOME": str(folder.parent)}
    edit = {**EDIT, "tool_use_id": "toolu_1", "environment": settings}
    loaded = play(project, "PostToolUse", "KeepPatch", **edit)
    assert loaded & SLOW_FOR_HOOKS == {"tomllib"}
    assert not [name for name in list_ours(loaded) if name.startswith("trace")]
