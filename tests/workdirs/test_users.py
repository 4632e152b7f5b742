"""Who uses a directory, by /proc and by lsof; and that not to know is not to know nobody."""

import os
from pathlib import Path

import pytest

from tests.workdirs.test_git import make_stub
from tests.workdirs.workshop import my_access
from wfsession.git import make_access
from wfsession.workdirs.users import find_users

NO_PROC = "/nonexistent"
ME = str(os.getpid())


@pytest.mark.parametrize("proc", ["/proc", pytest.param(NO_PROC, marks=pytest.mark.needs("lsof"))])
def test_who_has_a_file_open_uses_its_directories_and_no_others(tmp_path: Path, proc: str) -> None:
    real = Path(os.path.realpath(tmp_path))
    for name in ("a", "a-b"):
        (real / name / "below").mkdir(parents=True)
    paths = [str(real / name) for name in ("a", "a-b", "a/below")]
    with open(real / "a" / "below" / "file", "w"):
        found = find_users(paths, my_access(), proc)
    assert found is not None
    assert [[one.partition(" ")[0] for one in found[path]] for path in paths] == [[ME], [], [ME]]
    assert find_users(paths, my_access(), proc) == {path: [] for path in paths}


@pytest.mark.parametrize("script", ["exit 1", "echo p1; echo cinit; echo n/x"])
def test_an_lsof_that_does_not_even_see_us_tells_nothing(tmp_path: Path, script: str) -> None:
    access = make_stub(tmp_path, "")
    stub = tmp_path / "programs" / "lsof"
    stub.write_text(f"#!/bin/sh\n{script}\n")
    stub.chmod(0o755)
    assert find_users(["/x"], access, NO_PROC) is None


def test_without_proc_and_lsof_it_cannot_be_told(tmp_path: Path) -> None:
    assert find_users(["/x"], make_access({"PATH": str(tmp_path)}), NO_PROC) is None
