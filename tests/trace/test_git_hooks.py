"""The hooks of git: put in, run by git itself, taken out again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.wf import REPOSITORY, see_tree, wf
from tests.trace.repository import Repository, git
from tests.trace.test_golden import URL_A, see, tell_lines

BASE = "one\ntwo\nthree\n"
pytestmark = pytest.mark.usefixtures("_wf_on_path")
SAYS = 'echo "$(basename "$0") $(dirname "$0") $*: $(cat)" >>"{log}"'


@pytest.fixture
def _wf_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the command where git's hooks look for it."""
    programs = tmp_path / "programs"
    programs.mkdir()
    program = programs / "wf"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m wfsession "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    paths = [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", ":".join(filter(None, paths)))


@pytest.fixture
def hooked(repository: Repository, _wf_on_path: None) -> Repository:
    """Return a repository with our hooks in it."""
    done = wf("install", "git-hooks")
    assert (done.code, done.err) == (0, "")
    return repository


def hooks_of(repository: Repository) -> Path:
    return repository.path / ".git" / "hooks"


def put_hook(path: Path, text: str) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path.read_bytes()


def test_each_commit_is_traced_and_nothing_is_said(hooked: Repository) -> None:
    hooked.a_writes("a.py", f"from A\n{BASE}")
    hooked.git("add", "-A")
    date = f"{hooked.now_s + 10} +0000"
    words = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"]
    done = subprocess.run(
        words,
        check=False,
        capture_output=True,
        env={**os.environ, "GIT_COMMITTER_DATE": date},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert see()["files"][0]["conversations"][0]["url"] == URL_A


def test_a_commit_in_which_no_agent_wrote_gets_no_note(hooked: Repository) -> None:
    hooked.write("a.py", f"of a person\n{BASE}")
    hooked.commit()
    assert wf("trace", "show").code == 1


def test_amend_rebase_and_squash_carry_the_records_along(hooked: Repository) -> None:
    hooked.a_writes("a.py", f"from A\n{BASE}")
    hooked.commit()
    hooked.write("a.py", f"from A\n{BASE}of a person\n")
    hooked.commit("amended", "--amend")
    assert tell_lines("a.py")[0] == ("from A", "WFS-alpha")
    hooked.b_writes("b.py", "from B\n")
    hooked.commit()
    hooked.b_writes("b.py", "from B\nmore\n")
    hooked.commit()
    # Only the notes are left to know it.
    shutil.rmtree(hooked.path / ".workflow/WFS-alpha")
    shutil.rmtree(hooked.path / ".workflow/WFS-beta")
    hooked.git("checkout", "-q", "-b", "onto", "HEAD~3")
    hooked.write("c.py", "c\n")
    hooked.commit()
    hooked.git("checkout", "-q", "main")
    editor = "sed -i -e '3s/^pick/squash/'"
    hooked.git("rebase", "-q", "-i", "onto", GIT_SEQUENCE_EDITOR=editor, GIT_EDITOR="true")
    assert hooked.git("rev-list", "--count", "onto..HEAD").strip() == "2"
    assert tell_lines("a.py") == [
        ("from A", "WFS-alpha"),
        ("one", "unknown"),
        ("two", "unknown"),
        ("three", "unknown"),
        ("of a person", "unknown"),
    ]
    assert tell_lines("b.py") == [("from B", "WFS-beta"), ("more", "WFS-beta")]


def test_a_commit_that_is_made_while_a_rebase_waits_is_traced(hooked: Repository) -> None:
    hooked.write("b.py", "b\n")
    hooked.commit()
    editor = "sed -i -e '1i break'"
    hooked.git("rebase", "-q", "-i", "HEAD~1", GIT_SEQUENCE_EDITOR=editor)
    hooked.a_writes("a.py", f"from A\n{BASE}")
    hooked.commit()
    hooked.git("rebase", "--continue", GIT_EDITOR="true")
    assert tell_lines("a.py")[0] == ("from A", "WFS-alpha")


def test_a_cherry_pick_is_traced(hooked: Repository) -> None:
    hooked.git("checkout", "-q", "-b", "side")
    hooked.a_writes("b.py", "from A\n")
    picked = hooked.commit()
    hooked.git("checkout", "-q", "main")
    hooked.write("c.py", "c\n")
    hooked.commit()
    hooked.git("cherry-pick", picked)
    assert tell_lines("b.py") == [("from A", "WFS-alpha")]


def test_what_fails_is_a_sentence_and_fails_no_commit(hooked: Repository) -> None:
    hooked.a_writes("a.py", f"from A\n{BASE}")
    (hooked.path / ".git/refs/notes").mkdir()
    (hooked.path / ".git/refs/notes/agent-trace.lock").write_text("")
    hooked.git("add", "-A")
    words = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"]
    date = f"{hooked.now_s} +0000"
    done = subprocess.run(
        words, check=False, capture_output=True, env={**os.environ, "GIT_COMMITTER_DATE": date}
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.startswith(b"wf: who wrote the lines of the commit was not kept: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "first",
    ["#!/bin/sh", "#!/usr/bin/env bash"],
)
def test_a_hook_of_somebody_elses_runs_as_if_it_stood_alone(
    repository: Repository, tmp_path: Path, first: str
) -> None:
    log = tmp_path / "log"
    kept = {
        name: put_hook(hooks_of(repository) / name, f"{first}\n{SAYS.format(log=log)}\nexit 3\n")
        for name in ("post-commit", "post-rewrite")
    }
    before = see_tree(hooks_of(repository))
    repository.commit("without ours", "--amend", "--allow-empty")
    alone = log.read_text()
    log.unlink()
    assert wf("install", "git-hooks").code == 0
    repository.a_writes("a.py", f"from A\n{BASE}")
    repository.commit("amended", "--amend")
    assert tell_lines("a.py")[0] == ("from A", "WFS-alpha")
    said, wanted = log.read_text().splitlines(), alone.splitlines()
    assert [line.split(":")[0] for line in said] == [line.split(":")[0] for line in wanted]
    assert said[1].startswith("post-rewrite ")
    assert repository.head() in said[1]
    assert wf("uninstall", "git-hooks").code == 0
    assert see_tree(hooks_of(repository)) == before
    for name, data in kept.items():
        assert (hooks_of(repository) / name).read_bytes() == data
        assert os.access(hooks_of(repository) / name, os.X_OK)


def test_a_hook_in_another_language_and_one_that_is_a_link_run_too(
    repository: Repository, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    text = f"#!{sys.executable}\nimport sys\nopen('{log}', 'a').write(sys.stdin.read())\n"
    put_hook(tmp_path / "elsewhere", text)
    hooks_of(repository).mkdir(exist_ok=True)
    (hooks_of(repository) / "post-rewrite").symlink_to(tmp_path / "elsewhere")
    assert wf("install", "git-hooks").code == 0
    old = repository.head()
    repository.write("b.py", "b\n")
    new = repository.commit("amended", "--amend")
    assert log.read_text() == f"{old} {new}\n"
    assert wf("uninstall", "git-hooks").code == 0
    assert (hooks_of(repository) / "post-rewrite").readlink() == tmp_path / "elsewhere"
    assert not (hooks_of(repository) / "post-commit").exists()


def test_a_hook_that_git_would_not_run_is_not_run(repository: Repository, tmp_path: Path) -> None:
    put_hook(hooks_of(repository) / "post-commit", f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (hooks_of(repository) / "post-commit").chmod(0o644)
    wf("install", "git-hooks")
    repository.write("b.py", "b\n")
    repository.commit()
    assert not (tmp_path / "ran").exists()


def test_without_wf_the_others_hook_runs_alone(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_hook(hooks_of(repository) / "post-commit", f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    wf("install", "git-hooks")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    repository.write("b.py", "b\n")
    repository.commit()
    assert (tmp_path / "ran").exists()


def test_hooks_are_where_git_looks_for_them(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "core.hooksPath", "tools/hooks")
    assert wf("install", "git-hooks", "--json").data["directory"] == str(
        repository.path / "tools/hooks"
    )
    assert (repository.path / "tools/hooks/post-commit").exists()
    repository.git("config", "core.hooksPath", str(tmp_path / "shared"))
    assert "for other repositories too" in wf("install", "git-hooks").err
    repository.git("config", "core.hooksPath", "/dev/null")
    assert "git config --unset core.hooksPath" in wf("install", "git-hooks").err


def test_hooks_that_husky_runs_are_put_where_people_put_theirs(
    repository: Repository, tmp_path: Path
) -> None:
    made = repository.path / ".husky" / "_"
    put_hook(made / "h", 'n=$(basename "$0")\ns=$(dirname "$(dirname "$0")")/$n\n'
             '[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\n')  # fmt: skip
    for name in ("post-commit", "post-rewrite"):
        put_hook(made / name, '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n')
    theirs = repository.path / ".husky" / "post-commit"
    theirs.write_text(f"touch {tmp_path}/ran\n")
    repository.git("config", "core.hooksPath", ".husky/_")
    before = see_tree(repository.path / ".husky")
    done = wf("install", "git-hooks", "--json")
    assert done.data["directory"] == str(repository.path / ".husky")
    assert "Husky" in done.err
    repository.a_writes("a.py", f"from A\n{BASE}")
    repository.commit()
    assert tell_lines("a.py")[0] == ("from A", "WFS-alpha")
    assert (tmp_path / "ran").exists()
    wf("uninstall", "git-hooks")
    assert see_tree(repository.path / ".husky") == before


def test_installing_twice_does_nothing_the_second_time(hooked: Repository) -> None:
    before = see_tree(hooks_of(hooked))
    data = wf("install", "git-hooks", "--json").data
    assert (data["changed"], data["files"]) == (False, [])
    assert see_tree(hooks_of(hooked)) == before
    assert wf("uninstall", "git-hooks", "--json").data["changed"]
    assert not wf("uninstall", "git-hooks", "--json").data["changed"]


def test_a_dry_run_tells_what_it_would_do(repository: Repository) -> None:
    put_hook(hooks_of(repository) / "post-commit", "#!/bin/sh\n")
    before = see_tree(hooks_of(repository))
    files = wf("install", "git-hooks", "--dry-run", "--json").data["files"]
    assert [(Path(one["path"]).name, one["action"]) for one in files] == [
        ("post-commit.before-wf", "keep"),
        ("post-commit", "create"),
        ("post-rewrite", "create"),
    ]
    assert see_tree(hooks_of(repository)) == before


def test_a_hook_that_took_the_place_of_ours_is_nobodys_to_overwrite(repository: Repository) -> None:
    hook = hooks_of(repository) / "post-commit"
    first = put_hook(hook, "#!/bin/sh\n: first\n")
    wf("install", "git-hooks")
    second = put_hook(hook, "#!/bin/sh\n: second\n")
    done = wf("install", "git-hooks")
    assert (done.code, "is kept from before" in done.err) == (1, True)
    assert "both it and" in wf("uninstall", "git-hooks").err
    assert hook.read_bytes() == second
    assert (hook.parent / "post-commit.before-wf").read_bytes() == first


def test_an_install_that_was_cut_short_is_finished_by_the_next(repository: Repository) -> None:
    hook = hooks_of(repository) / "post-commit"
    data = put_hook(hook, "#!/bin/sh\n: theirs\n")
    hook.rename(hook.parent / "post-commit.before-wf")
    wf("install", "git-hooks")
    assert hook.exists()
    wf("uninstall", "git-hooks")
    assert hook.read_bytes() == data


def test_hooks_of_git_are_not_a_users(repository: Repository) -> None:
    assert wf("install", "git-hooks", "--user").code == 2


def test_a_worktree_and_a_bare_repository_have_hooks_too(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"))
    monkeypatch.chdir(tmp_path / "linked")
    assert wf("install", "git-hooks", "--json").data["directory"] == str(hooks_of(repository))
    git("init", "-q", "--bare", str(tmp_path / "bare.git"), at=tmp_path)
    monkeypatch.chdir(tmp_path / "bare.git")
    where = wf("install", "git-hooks", "--json").data["directory"]
    assert where == str(tmp_path / "bare.git" / "hooks")
