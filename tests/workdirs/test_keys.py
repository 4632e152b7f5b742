"""Names of agents and branches: git's own rules, and one directory for each exact key."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.workdirs.repositories import git
from wfsession.errors import InvalidValue
from wfsession.workdirs.key import Key, check_agent, find_branch_fault, make_key, name_repository
from wfsession.workdirs.places import Places, find_places
from wfsession.workdirs.remote import parse_remote

REMOTE = parse_remote("https://host/owner/name")
PLACES = Places("/c", "/d", "/s")
ALIKE = ["a/b", "a-b", "A-b", "a_b", "A/B", "ａ-b", "a-b" + "x" * 247, "a-b" + "X" * 247]


def git_takes(branch: str) -> bool:
    """Tell what git itself says of a name; outside a repository, where it can mean nothing else."""
    if "\0" in branch:
        return False
    words = [b"git", b"check-ref-format", b"--branch", os.fsencode(branch)]
    done = subprocess.run(words, cwd="/", capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize(
    "branch",
    [
        "main",
        "feature/a/b",
        "Größe/集成",
        "a" * 250,
        "é" * 125,
        "a" * 200 + "/" + "b" * 200,
        "refs/heads/x",
        "x@y",
        "a-",
        "#1",
    ],
)
def test_a_branch_that_git_takes_is_taken(branch: str) -> None:
    assert git_takes(branch)
    assert find_branch_fault(branch) == ""


@pytest.mark.parametrize(
    "branch",
    [
        *("", "-x", "--", "HEAD", "..", "a..b", "../x", "/a", "a/", "a//b", "a.", ".a", "a/.b"),
        *("a.lock", "a.lock/b", "a b", "a\tb", "a\nb", "a~1", "a^", "a:b", "a?", "a*", "a[b"),
        *("a\\b", "a@{1}", "@{-1}", "a\x7f"),
    ],
)
def test_a_branch_that_git_refuses_is_refused_with_the_reason(branch: str) -> None:
    assert not git_takes(branch)
    with pytest.raises(InvalidValue) as caught:
        make_key("dev", REMOTE, branch)
    assert caught.value.field == "branch"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("branch", ["@", "a" * 251, "x/" + "é" * 126, "a/" * 500 + "a", "\udcff"])
def test_a_branch_that_only_some_git_or_disk_takes_is_refused(branch: str) -> None:
    assert find_branch_fault(branch)


@given(st.text(alphabet=st.sampled_from("aA/.-@{}~^: \\é\x01kloc"), max_size=8))
@example("a.loc")
def test_git_and_we_agree_on_any_name(branch: str) -> None:
    if branch != "@":
        assert git_takes(branch) is (find_branch_fault(branch) == "")


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "../x",
        "a/b",
        "..",
        ".a",
        "a..b",
        "-a",
        "a--b",
        "a b",
        "a.lock",
        "a.",
        "é",
        "a" * 65,
        "a\n",
    ],
)
def test_an_agent_that_cannot_name_a_thread_and_a_branch_is_refused(agent: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        make_key(agent, REMOTE, "main")
    assert caught.value.field == "agent"
    assert caught.value.hint


@pytest.mark.parametrize("agent", ["dev", "dev-2", "a.b", "Dev_1", "a" * 64])
def test_an_agents_branch_is_one_that_git_takes(agent: str) -> None:
    check_agent(agent)
    assert all(git_takes(one) for one in make_key(agent, REMOTE, "a" * 250).local_branches)


def test_keys_that_look_alike_have_paths_that_differ_in_small_letters_too() -> None:
    keys = [Key(agent, "r", branch) for agent in ("dev", "Dev") for branch in ALIKE]
    assert len({PLACES.workdir(key).casefold() for key in keys}) == len(keys)
    assert len({PLACES.record(key).casefold() for key in keys}) == len(keys)


@given(st.text(), st.text(), st.text())
@example("x" * 64, "host/" + "é" * 300, "/" * 300)
def test_every_name_is_short_and_one_component(agent: str, repository: str, branch: str) -> None:
    try:
        key = Key(agent, repository, branch)
    except UnicodeEncodeError:
        return
    for name in (key.name, key.repository_name):
        assert len(name.encode()) <= 60 + 17
        assert Path(name).name == name
        assert name[0] not in ".-"


def test_names_can_be_read_and_never_change() -> None:
    key = make_key("dev", REMOTE, "feature/login")
    assert key.name == "dev--feature-login-50b8dd6350d375c6"
    assert (
        key.repository_name == name_repository("host/owner/name") == "owner-name-e55b7a00808466ce"
    )
    assert key.local_branches == ("wf/dev/feature/login", "wf-50b8dd6350d375c6")


def test_what_is_kept_where_is_told_by_the_key() -> None:
    key = make_key("dev", REMOTE, "main")
    repository = key.repository_name
    assert PLACES.bare(repository) == f"/c/repos/{repository}.git"
    assert PLACES.workdir(key) == f"/d/workdirs/{repository}/{key.name}"
    assert PLACES.root(repository) == f"/d/workdirs/{repository}/.workflow"
    assert PLACES.record(key) == f"/s/workdirs/{repository}/{key.name}.json"
    assert PLACES.threads(repository) == f"/s/threads/{repository}"


def test_the_users_own_places_are_those_of_the_platform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    assert find_places() == Places(
        *(str(tmp_path / name / "wfsession") for name in ("CACHE", "DATA", "STATE"))
    )


def test_a_local_branch_fits_into_a_file_name(tmp_path: Path) -> None:
    git("init", "-q", "--bare", ".", at=tmp_path)
    tree = git("mktree", at=tmp_path)
    commit = git("commit-tree", tree, "-m", "x", at=tmp_path)
    for branch in make_key("a" * 64, REMOTE, "b" * 250).local_branches:
        git("update-ref", f"refs/heads/{branch}", commit, at=tmp_path)
