"""Inputs without end: the tests that draw theirs, with a large budget and ever new seeds."""

import re
import subprocess
import sys
from pathlib import Path
from random import Random

import attrs

REPOSITORY = Path(__file__).parents[2]
_DRAWS = re.compile(r"^(from|import) hypothesis", re.MULTILINE)
_PASSED = re.compile(r"- (\d+) passing")


@attrs.define
class Figures:
    """What was done so far: how many runs of how many tests came to their end, on how many inputs.

    Examples of a state machine, each of many steps, are not among the inputs.
    """

    files: int = 0
    inputs: int = 0

    def __str__(self) -> str:
        return f"{self.inputs} inputs tried ({self.files} runs of test files)"


def list_files(seed: str) -> list[Path]:
    """Return the files of tests that draw inputs, in an order of the seed's."""
    sources = sorted(REPOSITORY.glob("tests/*/test_*.py"))
    found = [path for path in sources if _DRAWS.search(path.read_text("utf-8"))]
    Random(seed).shuffle(found)
    return found


def run_file(path: Path, seed: int, limit_s: float, figures: Figures) -> None:
    """Run the tests of a file, for at most `limit_s` seconds; what is not done by then is left.

    Raises:
        AssertionError: one failed; the message has the output, with what made it fail.
    """
    options = ["-q", "-m", "hypothesis", "-p", "no:cacheprovider", "--hypothesis-show-statistics"]
    seeds = [f"--hypothesis-seed={seed}", f"--randomly-seed={seed}", "--hypothesis-profile=round"]
    command = [sys.executable, "-m", "pytest", *options, *seeds, str(path)]
    try:
        result = subprocess.run(
            command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=limit_s
        )
    except subprocess.TimeoutExpired:
        return
    if result.returncode:
        raise AssertionError(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    figures.files += 1
    figures.inputs += sum(int(count) for count in _PASSED.findall(result.stdout))
