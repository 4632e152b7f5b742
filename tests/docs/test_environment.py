"""The page on the environment has each variable that is read or set, and no other."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs/environment.md").read_text("utf-8")
# Of ours and of agents; what they call a constant or a key of theirs is no variable.
_OURS = re.compile(r"\b(?:WF|CLAUDE|CODEX|OPENCODE)_[A-Z_]+\b")
_NO_VARIABLES = {"CLAUDE_CODE", "CODEX_TOOL"}
_NAMED = re.compile(r"`([A-Z][A-Z_]+[A-Z])`")


def read_sources() -> str:
    paths = [*(REPOSITORY / "wfsession").rglob("*"), REPOSITORY / "bin/wf"]
    kinds = {".py", ".sh", ".fish", ".bash", ".zsh", ".js", ""}
    return "\n".join(
        path.read_text("utf-8") for path in paths if path.is_file() and path.suffix in kinds
    )


def test_each_variable_of_the_sources_is_on_the_page() -> None:
    assert {*_OURS.findall(read_sources())} - _NO_VARIABLES - {*_NAMED.findall(PAGE)} == set()


def test_each_variable_of_the_page_is_in_the_sources() -> None:
    # platformdirs reads those.
    elsewhere = {name for name in _NAMED.findall(PAGE) if name.startswith("XDG_")}
    words = {*re.findall(r"\b[A-Z][A-Z_]+\b", read_sources())}
    assert {*_NAMED.findall(PAGE)} - elsewhere - words == set()
