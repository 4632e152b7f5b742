"""What the documentation says is so: its examples run, its references are those of the code."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from tests.talks import plant_talks

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *sorted(DOCS.glob("*.md"))]
LINKING = [
    *PAGES,
    *(REPOSITORY / f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY")),
]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A block that is a file, whose name stands behind the language.
_FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
_ADDRESS = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[\w./~%+@?=&-]*)?")
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
# The page whose examples are about conversations that took place.
_ABOUT_TALKS = DOCS / "runs.md"
# What differs from run to run, as the pages write it; the conversations are always of one day.
_TIME = re.compile(r"(?!2026-09-14)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SLOW = "wf: reading transcripts, which takes a moment\n"
_IN_ATTIC = re.compile(r"\d{8}-\d{6}-(\w+)-[0-9a-f]{6}")


def list_blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in _BLOCK.findall(page.read_text("utf-8")) if kind == language]


def write_files(page: Path, place: Path) -> None:
    """Write the files that a page shows into a directory."""
    for name, text in _FILE.findall(page.read_text("utf-8")):
        (place / name).write_text(text, "utf-8")


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", load_generator().PAGES)
def test_generated_pages_are_those_that_the_code_makes(name: str) -> None:
    made = load_generator().PAGES[name]()
    assert (DOCS / name).read_text("utf-8") == made, "run: python docs/generate.py"


def test_every_verb_is_in_the_readme_or_the_reference_with_a_description() -> None:
    generator = load_generator()
    for words, parser in generator.list_verbs(generator.build_parser(), "wf"):
        assert parser.description, words


def run_console(block: str, place: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run the `$` lines of a block in one shell, and return the block as it comes out.

    Without an environment the command is that of the checkout.
    """
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    script = "exec 2>&1\n" + "\n".join(
        f"printf '%s\\n' {_quote('$ ' + command)}\n{command}" for command in commands
    )
    result = subprocess.run(
        ["bash", "-c", script],
        check=False,
        cwd=place,
        env=_environment(place) if environment is None else environment,
        capture_output=True,
        text=True,
    )
    return result.stdout


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _environment(place: Path) -> dict[str, str]:
    # The command of the environment that runs the tests, whose Python has the dependencies.
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([str(REPOSITORY / "bin"), beside, os.environ["PATH"]])
    home = str(place.parent)
    return {**os.environ, "PATH": path, "COLUMNS": "80", "HOME": home, "TZ": "UTC"}


def normalise(text: str, place: Path) -> str:
    text = text.replace(_SLOW, "").replace(str(place.parent), "/home/ada")
    text = _IN_ATTIC.sub(r"20261122-100000-\1-a1b2c3", text)
    return _TIME.sub("2026-11-22T10:00:00Z", text)


def consoles() -> list[tuple[Path, str]]:
    """Return, for each page, its console blocks as one story told in one directory."""
    return [
        (page, "".join(list_blocks(page, "console")))
        for page in PAGES
        if list_blocks(page, "console")
    ]


@pytest.mark.needs("bash")
@pytest.mark.parametrize(
    ("page", "story"), consoles(), ids=lambda value: getattr(value, "name", "story")
)
def test_console_examples_print_what_the_page_shows(page: Path, story: str, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    place.mkdir()
    write_files(page, place)
    if page == _ABOUT_TALKS:
        plant_talks(place.resolve().parent, place.resolve())
    assert normalise(run_console(story, place.resolve()), place.resolve()) == story, page


def pythons() -> list[tuple[str, int, str]]:
    return [
        (page.name, number, block)
        for page in PAGES
        for number, block in enumerate(list_blocks(page, "python"))
    ]


@pytest.mark.parametrize(("page", "number", "block"), pythons())
def test_python_examples_run(page: str, number: int, block: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", block],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, f"{page}, example {number}: {result.stderr}"


def test_the_tests_that_the_page_on_slash_commands_shows_pass(tmp_path: Path) -> None:
    write_files(DOCS / "slash-commands.md", tmp_path)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        check=False,
        cwd=tmp_path,
        # What would lead elsewhere, if the fixture did not take it away.
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            # Or it tidies up after earlier runs of the tests, for long.
            "TMPDIR": str(tmp_path),
            "WF_ROOT": str(tmp_path),
            "WF_SESSION": "a",
        },
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout
    assert not (tmp_path / ".workflow").exists()


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
        else:
            # Whether it is there cannot be tried without a network.
            assert _ADDRESS.fullmatch(target), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tests_that_pages_name_are_there(page: Path) -> None:
    for path, name in _TEST.findall(page.read_text("utf-8")):
        source = REPOSITORY / path
        assert source.is_file(), path
        if name:
            assert f"def {name}(" in source.read_text("utf-8"), f"{path}::{name}"
