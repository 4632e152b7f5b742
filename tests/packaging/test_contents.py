"""What is in the sdist and in the wheel: all of it, and nothing else."""

import email
import re
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.packaging.conftest import REPOSITORY, Built

pytestmark = [
    pytest.mark.needs("git"),
    pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="what belongs to it, git knows"),
]
# What a checkout has for itself alone.
_NOT_SENT = {".ci/run"}


def list_files(*below: str) -> set[str]:
    """Return the files that are versioned, or will be."""
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *below)
    listed = subprocess.run(words, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return {name for name in listed.stdout.split("\0") if name and (REPOSITORY / name).is_file()}


def read_project() -> dict[str, str]:
    found: dict[str, str] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return found


def list_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {*archive.namelist()}


def test_the_wheel_has_the_package_the_command_and_what_describes_them(built: Built) -> None:
    named = f"wfsession-{read_project()['version']}"
    described = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    assert list_wheel(built.wheel) == {
        *list_files("wfsession"),
        f"{named}.data/scripts/wf",
        *(f"{named}.dist-info/{name}" for name in described),
    }


@pytest.mark.parametrize(
    "name",
    [
        "wfsession/py.typed",
        "wfsession/cli/shells/words.tsv",
        "wfsession/cli/shells/init.fish",
        "wfsession/hooks/files/claude-code/.claude-plugin/plugin.json",
        "wfsession/threads/prices.toml",
        "wfsession/trace/agent-trace.schema.json",
        "wfsession/web/static/style.css",
        "wfsession/web/templates/base.html",
    ],
)
def test_what_is_no_python_is_in_the_wheel_too(built: Built, name: str) -> None:
    assert name in list_wheel(built.wheel)


def test_the_sdist_has_what_is_versioned(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        sent = {one.name.partition("/")[2] for one in archive.getmembers() if not one.isdir()}
    assert sent == list_files() - _NOT_SENT | {"PKG-INFO"}


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_tree(built: Built) -> None:
    assert built.wheel.name == built.wheel_of_tree.name
    assert built.wheel.read_bytes() == built.wheel_of_tree.read_bytes()


def test_the_wheel_says_its_licence_its_python_and_what_it_needs(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith("/METADATA"))
        said = email.message_from_bytes(archive.read(name))
    assert said["License-Expression"] == "MIT"
    assert said["License-File"] == "LICENSE"
    assert tuple(map(int, said["Metadata-Version"].split("."))) >= (2, 4)
    assert said["Requires-Python"] == ">=3.11"
    assert not [one for one in said.get_all("Classifier", []) if one.startswith("License")]
    assert {*said.get_all("Provides-Extra", [])} == {"bench", "dev", "mcp", "web"}
    needed = [one for one in said.get_all("Requires-Dist", []) if "extra ==" not in one]
    names = {re.split(r"[^a-z]", one)[0] for one in needed}
    assert names == {"attrs", "filelock", "orjson", "platformdirs", "rich"}
    assert [one for one in said.get_all("Requires-Dist", []) if ">=" not in one] == []
