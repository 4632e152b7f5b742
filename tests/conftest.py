"""What every test has: a clean environment, hypothesis profiles, `needs`, sample trees."""

import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

FIXTURES = Path(__file__).parent / "fixtures"
IN_CI = os.environ.get("CI") == "true"

# No deadline: a slow machine is not a wrong result.
hypothesis.settings.register_profile("dev", deadline=None, max_examples=50)
hypothesis.settings.register_profile(
    "ci", deadline=None, max_examples=200, derandomize=True, print_blob=True
)
# For hours, not for each change: see CONTRIBUTING.
hypothesis.settings.register_profile("soak", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile("ci" if IN_CI else "dev")

_AMBIENT_PREFIXES = ("WF_", "XDG_", "CLAUDE_", "CODEX_", "GIT_")
_AMBIENT_NAMES = frozenset({"NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"})
_home_numbers = itertools.count()


def missing_programs(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if shutil.which(name) is None]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        missing = missing_programs(mark.args)
        if missing and IN_CI:
            pytest.fail(f"not installed: {', '.join(missing)}", pytrace=False)
        if missing:
            pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.fixture(autouse=True)
def _clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Hide the settings of whoever runs the tests, and give each test an empty home."""
    for name in list(os.environ):
        if name.startswith(_AMBIENT_PREFIXES) or name in _AMBIENT_NAMES:
            monkeypatch.delenv(name)
    # Not mktemp: it lists all earlier folders to find the next free number.
    home = tmp_path_factory.getbasetemp() / f"home-of-test-{next(_home_numbers)}"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def copy_tree(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that copies a folder of tests/fixtures and returns the copy's path."""

    def copy(name: str) -> Path:
        project = tmp_path / "project"
        # git keeps no empty folders, so in the repository each holds a .gitkeep.
        shutil.copytree(
            FIXTURES / name,
            project,
            symlinks=True,
            ignore=shutil.ignore_patterns(".gitkeep", "EXPECT.json"),
        )
        return project

    return copy


@pytest.fixture
def seed_tree(copy_tree: Callable[[str], Path]) -> Path:
    """Return a project with three sessions, one of them active, and one archived."""
    return copy_tree("01-seed-markers")
