"""What is built of this checkout, once: its sdist, the wheel of that, and the wheel of the tree."""

import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from tests.once import make_once

REPOSITORY = Path(__file__).parents[2]


@attrs.frozen
class Built:
    """The files that were built, and where the wheel is installed: `bin/`, beside its libraries.

    The libraries themselves are those of the environment that runs the tests.
    """

    sdist: Path
    wheel: Path
    wheel_of_tree: Path
    installed: Path

    @property
    def python(self) -> Path:
        """The interpreter that has the wheel."""
        return self.installed / "bin/python"


def run(*words: str | Path) -> None:
    done = subprocess.run(
        [str(word) for word in words], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def build(place: Path) -> None:
    # Without isolation, so that nothing is fetched: the environment has what builds it.
    tool = (sys.executable, "-m", "build", "--no-isolation")
    run(*tool, "--outdir", place / "built", REPOSITORY)
    run(*tool, "--wheel", "--outdir", place / "of-tree", REPOSITORY)


def install(wheel: Path, place: Path) -> None:
    run(sys.executable, "-m", "venv", "--without-pip", place)
    python = place / "bin/python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-cache-dir", "--no-deps", wheel)
    (libraries,) = (path for path in sys.path if path.endswith("site-packages"))
    # Of what is named in there the wheel comes first, and an editable one is not looked for.
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(f"{libraries}\n", "utf-8")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Built:
    place = make_once(tmp_path_factory, worker_id, "packaging", build)
    (sdist,) = place.glob("built/*.tar.gz")
    (wheel,) = place.glob("built/*.whl")
    (of_tree,) = place.glob("of-tree/*.whl")
    # An environment holds its own path, so it is not made elsewhere and moved.
    environment = place / "environment"
    make_once(
        tmp_path_factory, worker_id, "packaging-installed", lambda _: install(wheel, environment)
    )
    return Built(sdist, wheel, of_tree, environment)
