"""`wf workdir path|list|du|doctor`: what they print, in a pipe, on a terminal, as JSON."""

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.wf import run_in_terminal, strip_colour, wf
from tests.workdirs.repositories import Repository, make_repository
from wfsession.workdirs.acquire import Acquired, acquire
from wfsession.workdirs.git import make_access

KEY = ("--agent", "dev", "--repo", "https://ada:hunter2@host/owner/name", "--branch", "feature/a")


@pytest.fixture
def made(empty: Path, tmp_path: Path) -> Acquired:
    """Return a workdir of a real repository, in the user's own places."""
    remote = Repository(make_repository(tmp_path / "r.git")).remote
    return acquire(None, "dev", remote, "feature/a", access=make_access(dict(os.environ)))


def test_a_path_is_printed_whether_or_not_there_is_one_and_git_is_not_asked(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(empty))
    done = wf("workdir", "path", *KEY)
    assert done.code == 0
    data = Path.home() / ".local" / "share" / "wfsession" / "workdirs"
    assert done.out == f"{data}/owner-name-e55b7a00808466ce/dev--feature-a-570be7aafac1e6e2\n"
    assert wf("workdir", "path", *KEY, "--json").data == {
        "path": done.out.strip(),
        "exists": False,
    }
    assert not (Path.home() / ".local").exists()


def test_the_path_is_that_of_the_workdir(made: Acquired, tmp_path: Path) -> None:
    key = ("--agent", "dev", "--repo", f"{tmp_path}/r.git/", "--branch", "feature/a")
    assert wf("workdir", "path", *key, "--json").data == {"path": made.path, "exists": True}


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        (1, "../x", "invalid-value"),
        (3, "ext::sh", "invalid-value"),
        (5, "a..b", "invalid-value"),
    ],
)
def test_a_name_that_cannot_be_is_one_sentence(
    empty: Path, place: int, value: str, code: str
) -> None:
    words = [*KEY]
    words[place] = value
    done = wf("workdir", "path", *words, "--json")
    assert (done.code, done.error["code"]) == (1, code)
    assert done.error["hint"]
    assert not (Path.home() / ".local").exists()


@pytest.mark.parametrize("words", [("workdir",), ("workdir", "path"), ("workdir", "fly")])
def test_what_is_no_command_is_told_so(empty: Path, words: tuple[str, ...]) -> None:
    assert wf(*words).code == 2


def test_a_listing_tells_each_workdir(made: Acquired) -> None:
    (row,) = wf("workdir", "list", "--json").data["workdirs"]
    assert row == {
        "agent": "dev",
        "repository": made.record.repository,
        "url": made.record.url,
        "branch": "feature/a",
        "local_branch": "wf/dev/feature/a",
        "path": made.path,
        "state": "ready",
        "in_use": False,
        "created": row["created"],
        "used": row["used"],
        "marked": None,
        "locked": None,
    }
    cells = wf("workdir", "list").out.rstrip("\n").split("\t")
    assert cells == ["dev", "feature/a", made.record.repository, "ready", "now", made.path]


def test_disk_use_is_told_by_kind_repository_agent_and_branch(made: Acquired) -> None:
    data = wf("workdir", "du", "--json").data
    assert {row["kind"] for row in data["rows"]} == {"cache", "workdir"}
    assert data["total_bytes"] == sum(row["size_bytes"] for row in data["rows"])
    assert set(data["by_agent"]) == {"dev"}
    assert set(data["by_branch"]) == {"feature/a"}
    assert data["by_repository"] == {made.record.repository: data["total_bytes"]}
    assert data["by_kind"]["workdir"] == data["by_agent"]["dev"] > 0
    assert len(wf("workdir", "du").out.splitlines()) == 2


def test_the_doctor_finds_repairs_and_then_finds_nothing(made: Acquired) -> None:
    assert wf("workdir", "doctor").out == "Nothing is wrong with the workdirs.\n"
    shutil.rmtree(made.path)
    done = wf("workdir", "doctor", "--json")
    assert done.code == 3
    assert [one["id"] for one in done.data["findings"]] == ["workdir-missing"]
    assert done.data["findings"][0]["paths"] == [made.path]
    told = wf("workdir", "doctor")
    assert told.out.endswith("1 finding. To put right: wf workdir doctor --fix\n")
    fixed = wf("workdir", "doctor", "--fix", "--json")
    assert (fixed.code, fixed.data["findings"], fixed.data["failed"]) == (0, [], [])
    assert [one["id"] for one in fixed.data["fixed"]] == ["workdir-missing"]
    assert (Path(made.path) / "file.txt").exists()


def test_settings_that_are_wrong_are_one_sentence(made: Acquired) -> None:
    config = Path.home() / ".config" / "wfsession" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[workdirs]\naskpas = 'x'\n")
    done = wf("workdir", "doctor", "--fix", "--json")
    assert done.code == 1
    assert "workdirs.askpas" in done.error["message"]
    assert str(config) in done.error["message"]


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("action", ["list", "du", "doctor"])
def test_a_page_keeps_to_the_width_of_the_terminal(
    made: Acquired, columns: int, action: str
) -> None:
    done = run_in_terminal("workdir", action, columns=columns)
    assert done.code == 0
    lines = strip_colour(done.out).splitlines()
    assert lines
    if action != "doctor":
        assert all(len(line) <= columns for line in lines[:-1])
