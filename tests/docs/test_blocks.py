"""No example of a page is only words: what is not run is at least what its language says it is.

`console` and `python` blocks are run by `test_docs.py`, which also writes those that are files.
"""

import ast
import configparser
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from tests.docs.test_docs import PAGES, REPOSITORY
from wfsession.cli.answer import Told
from wfsession.cli.parser import HOMES, parse
from wfsession.settings import read_settings

TEXTS = [*PAGES, REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "SECURITY.md"]
_FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_LINE = re.compile(r"^    (.*)$", re.MULTILINE)
# What ends a command, for whoever asks what `wf` is given.
_END = re.compile(r"^(?:[|;<>]|&&|\|\||[0-9]?>+&?[0-9]?)")
_INLINE = re.compile(r"`wf ([a-z][a-z-]*)[^`]*`")


def _ignore(text: str, place: Path) -> None:
    """Hold nothing: it is what another program prints, or words for a person."""


def _run_imports(text: str, place: Path) -> None:
    tree = ast.parse(text)
    tree.body = [one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
    exec(compile(tree, "page", "exec"), {})  # noqa: S102  # only imports are left of it


def _parse_shell(text: str, place: Path) -> None:
    subprocess.run(["sh", "-n"], input=text, text=True, check=True)


def _parse_ini(text: str, place: Path) -> None:
    configparser.ConfigParser(strict=False).read_string(text)


def _parse_settings(text: str, place: Path) -> None:
    (place / "config.toml").write_text(text, "utf-8")
    read_settings(str(place / "config.toml"))
    assert tomllib.loads(text)


def _parse_json(text: str, place: Path) -> None:
    json.loads(text)


# Each language that a page may use, and what holds its blocks.
HELD: dict[str, Callable[[str, Path], None]] = {
    "ini": _parse_ini,
    "json": _parse_json,
    "py": _run_imports,
    "sh": _parse_shell,
    "toml": _parse_settings,
    # The text of a slash-command, and a line of cron.
    "markdown": _ignore,
    "text": _ignore,
    # For Sphinx, whose warnings are errors.
    "{eval-rst}": _ignore,
    "{toctree}": _ignore,
}
RUN = {"console", "python"}


@attrs.frozen
class Block:
    """A block of a page: its language, the name of the file that it is, or none, its text."""

    page: str
    language: str
    file: str
    text: str


def list_blocks() -> Iterator[Block]:
    for page in TEXTS:
        for words, text in _FENCE.findall(page.read_text("utf-8")):
            language, _, file = words.partition(" ")
            yield Block(page.name, language, file, text)


def test_each_block_is_of_a_language_that_is_run_or_held() -> None:
    assert {one.language for one in list_blocks()} - RUN - {*HELD} == set()


@pytest.mark.parametrize(
    "block",
    [one for one in list_blocks() if one.language not in RUN],
    ids=lambda one: f"{one.page}-{one.language}",
)
def test_what_is_not_run_is_what_its_language_says(block: Block, tmp_path: Path) -> None:
    HELD[block.language](block.text, tmp_path)


def list_commands() -> Iterator[tuple[str, str]]:
    """Give page and line of each command that stands in an indented block, or in one of `sh`."""
    for page in TEXTS:
        text = page.read_text("utf-8")
        shell = "\n".join(body for words, body in _FENCE.findall(text) if words == "sh")
        plain = "\n".join(_LINE.findall(_FENCE.sub("", text)))
        for line in f"{shell}\n{plain}".replace("\\\n", " ").splitlines():
            if line.startswith("wf ") or line == "wf":
                yield page.name, line


@pytest.mark.parametrize(("page", "line"), [*list_commands()])
def test_each_command_that_a_page_shows_is_one(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    end = next((at for at, word in enumerate(words) if _END.match(word)), len(words))
    verb, _ = parse(words[1:end])
    assert verb.name


def test_commands_are_found_on_the_pages() -> None:
    assert len({page for page, _ in list_commands()}) > 5


@pytest.mark.parametrize("line", ["wf lsit", "wf list --al", "wf runs --session"])
def test_what_is_no_command_is_seen(line: str) -> None:
    with pytest.raises(Exception, match=r"no verb|unrecognized|expected|argument"):
        test_each_command_that_a_page_shows_is_one("a page", line)


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_each_verb_that_a_page_names_is_one(page: Path) -> None:
    named = set(_INLINE.findall(page.read_text("utf-8")))
    assert named - {*HOMES} - {"help"} == set()


def test_asking_for_help_is_a_command_too() -> None:
    with pytest.raises(Told):
        parse(["help"])
