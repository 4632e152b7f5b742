"""What every test has: a clean environment, hypothesis profiles, `needs`, sample trees."""

import gc
import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.figures import FIGURES

FIXTURES = Path(__file__).parent / "fixtures"
IN_CI = os.environ.get("CI") == "true"

# No deadline: a slow machine is not a wrong result.
hypothesis.settings.register_profile("dev", deadline=None, max_examples=50)
hypothesis.settings.register_profile(
    "ci", deadline=None, max_examples=50, derandomize=True, print_blob=True
)
# What runs for long, and by request: pytest --hypothesis-profile=soak
hypothesis.settings.register_profile(
    "soak",
    deadline=None,
    max_examples=10_000,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
# For `bin/soak`, which asks for it by name, again and again with new seeds.
hypothesis.settings.register_profile("round", deadline=None, max_examples=300, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "dev")

_AMBIENT_PREFIXES = ("WF_", "XDG_", "CLAUDE_", "CODEX_", "GIT_")
_AMBIENT_NAMES = frozenset({"NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"})
_UNTRACED = frozenset(
    {
        "cli",
        "docs",
        "index",
        "mcp",
        "packaging",
        "races",
        "soak",
        "threads",
        "trace",
        "web",
        "workdirs",
    }
)
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as untraced what reaches nothing in the core that tests of the core itself do not."""
    for item in items:
        if item.path.parent.name in _UNTRACED:
            item.add_marker("untraced")


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over the thousands of tests, which stay to the end."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the figures of one of several processes over to the one that prints them."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = dict(FIGURES)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    FIGURES.update(getattr(node, "workeroutput", {}).get("figures", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was enumerated: docs/reliability.md quotes these lines."""
    if FIGURES:
        terminalreporter.section("enumerated", sep="-")
        for what, number in sorted(FIGURES.items()):
            terminalreporter.write_line(f"{number:>9,} {what}")


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
def is_soak() -> bool:
    """Tell whether this is the long run, which leaves nothing out that the ordinary one samples."""
    return hypothesis.settings.get_current_profile_name() == "soak"


@pytest.fixture
def copy_tree(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that copies a folder of tests/fixtures and returns the copy's path."""

    def copy(name: str) -> Path:
        return copy_fixture(name, tmp_path / "project")

    return copy


def copy_fixture(name: str, project: Path) -> Path:
    """Copy a folder of tests/fixtures to a path that does not exist yet, and return that."""
    # git keeps no empty folders, so in the repository each holds a .gitkeep.
    ignored = shutil.ignore_patterns(".gitkeep", "EXPECT.json")
    return Path(shutil.copytree(FIXTURES / name, project, symlinks=True, ignore=ignored))


@pytest.fixture
def seed_tree(copy_tree: Callable[[str], Path]) -> Path:
    """Return a project with three sessions, one of them active, and one archived."""
    return copy_tree("01-seed-markers")


@pytest.fixture
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the user's clock be one or two hours ahead, by the season."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()
