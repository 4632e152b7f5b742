"""Each kind of unsaved work in a workdir, and each thing that holds one, with its reason's code."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import evolve

from tests.workdirs.repositories import IDENTITY, git
from tests.workdirs.yard import AT, Yard
from wfsession.workdirs.locks import hold
from wfsession.workdirs.record import Hold

Soil = Callable[[Yard, str], object]
_WAIT = "import sys; print(flush=True); sys.stdin.read()"


def remove(yard: Yard, branch: str) -> None:
    (yard.workdir(branch) / "file.txt").unlink()


def make_executable(yard: Yard, branch: str) -> None:
    (yard.workdir(branch) / "file.txt").chmod(0o755)


def try_git(*words: str, at: Path) -> None:
    """Run a command of git that ends in a conflict."""
    environment = {**os.environ, **IDENTITY}
    done = subprocess.run(
        ["git", *words], cwd=at, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 1, done.stderr


def write(name: str, text: str = "work\n") -> Soil:
    def soil(yard: Yard, branch: str) -> None:
        path = yard.workdir(branch) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return soil


def run(*words: str) -> Soil:
    return lambda yard, branch: git(*words, at=yard.workdir(branch))


def both(*soils: Soil) -> Soil:
    def soil(yard: Yard, branch: str) -> None:
        for one in soils:
            one(yard, branch)

    return soil


def diverge(yard: Yard, branch: str) -> None:
    """Have two pushed commits that contradict each other, HEAD at the second."""
    path = yard.workdir(branch)
    yard.commit(branch, "file.txt", f"{branch} theirs\n")
    git("push", "-q", "origin", f"HEAD:refs/heads/{branch}-theirs", at=path)
    git("reset", "-q", "--hard", "HEAD~1", at=path)
    yard.commit(branch, "file.txt", f"{branch} ours\n")
    yard.push(branch)


def conflict(*words: str) -> Soil:
    def soil(yard: Yard, branch: str) -> None:
        diverge(yard, branch)
        theirs = f"refs/remotes/origin/{branch}-theirs"
        path = yard.workdir(branch)
        try_git(*(word.format(theirs) for word in words), at=path)
        # Resolved as it was: what is left to see is that something goes on.
        git("checkout", "-q", "HEAD", "--", ".", at=path)

    return soil


def in_am(yard: Yard, branch: str) -> None:
    diverge(yard, branch)
    path = yard.workdir(branch)
    patch = git("format-patch", "-1", "--stdout", f"refs/remotes/origin/{branch}-theirs", at=path)
    mail = yard.person.parent / "mail"
    mail.write_text(f"{patch}\n")
    environment = {**os.environ, **IDENTITY}
    done = subprocess.run(
        ["git", "am", str(mail)], cwd=path, env=environment, capture_output=True, check=False
    )
    assert done.returncode, done.stdout


def detach(yard: Yard, branch: str) -> None:
    git("checkout", "-q", "--detach", at=yard.workdir(branch))
    yard.commit(branch, branch)


def hide(flag: str) -> Soil:
    def soil(yard: Yard, branch: str) -> None:
        git("update-index", flag, "file.txt", at=yard.workdir(branch))
        write("file.txt")(yard, branch)

    return soil


def nest(name: str) -> Soil:
    def soil(yard: Yard, branch: str) -> None:
        path = yard.workdir(branch)
        git("config", "core.excludesFile", str(yard.person.parent / "ignored"), at=path)
        (yard.person.parent / "ignored").write_text("node_modules/\n")
        (path / name).mkdir(parents=True)
        git("init", "-q", at=path / name)
        (path / name / "file").write_text("work\n")
        git("add", "file", at=path / name)

    return soil


def add_submodule(yard: Yard, branch: str) -> Path:
    path, allowed = yard.workdir(branch), ("-c", "protocol.file.allow=always")
    url = str(yard.repository.bare)
    git(*allowed, "submodule", "--quiet", "add", url, "sub", at=path)
    git("commit", "-qm", "Add a submodule", at=path)
    yard.push(branch)
    return path / "sub"


def submodule_changed(yard: Yard, branch: str) -> None:
    (add_submodule(yard, branch) / "file.txt").write_text("work\n")


def submodule_committed(yard: Yard, branch: str) -> None:
    """Have a commit that only the submodule has, and that is none of its HEAD's."""
    inside = add_submodule(yard, branch)
    git("checkout", "-q", "-b", "own", at=inside)
    (inside / "file.txt").write_text("work\n")
    git("commit", "-qam", "Work", at=inside)
    git("checkout", "-q", "main", at=inside)


def submodule_ignored(yard: Yard, branch: str) -> None:
    (add_submodule(yard, branch) / ".env").write_text("secret")


def lock_record(yard: Yard, branch: str) -> None:
    yard.change(evolve(yard.record(branch), locked=Hold(AT, "a colleague looks at it")))


def break_registration(yard: Yard, branch: str) -> None:
    (yard.workdir(branch) / ".git").write_text("gitdir: /nowhere\n")


def give_away(yard: Yard, branch: str) -> None:
    os.chown(yard.workdir(branch) / "folder" / "inner.txt", 12345, -1)


def close(yard: Yard, branch: str) -> None:
    (yard.workdir(branch) / "folder" / "closed").mkdir(mode=0)


def nothing(yard: Yard, branch: str) -> None:
    """Leave it clean; `hold_open` holds it."""


_IS_ROOT = os.geteuid() == 0
DIRT: dict[str, tuple[Soil, frozenset[str]]] = {
    name: (soil, frozenset(codes.split()))
    for name, soil, codes in (
        ("staged", both(write("new"), run("add", "new")), "staged"),
        ("unstaged", write("file.txt"), "unstaged"),
        ("deleted", run("rm", "-q", "--cached", "file.txt"), "staged untracked"),
        ("missing", remove, "unstaged"),
        ("chmod", make_executable, "unstaged"),
        ("untracked", write("new"), "untracked"),
        ("untracked-odd", write("a\n\tb"), "untracked"),
        ("env", write(".env"), "ignored"),
        ("env-deep", write("folder/deep/.env"), "ignored"),
        ("intended", both(write("new"), run("add", "-N", "new")), "unstaged"),
        ("stash", both(write("file.txt"), run("stash", "-q")), "stash"),
        ("merge", conflict("merge", "-q", "{}"), "operation-in-progress"),
        ("pick", conflict("cherry-pick", "{}"), "operation-in-progress"),
        ("rebase", conflict("rebase", "-q", "{}"), "operation-in-progress"),
        ("revert", both(diverge, run("revert", "--no-commit", "HEAD"),
                        run("checkout", "-q", "HEAD", "--", ".")), "operation-in-progress"),
        ("bisect", run("bisect", "start"), "operation-in-progress"),
        ("am", in_am, "operation-in-progress"),
        ("conflict", both(diverge, lambda yard, branch: try_git(
            "merge", "-q", f"refs/remotes/origin/{branch}-theirs", at=yard.workdir(branch))),
            "conflicted operation-in-progress"),
        ("detached", detach, "detached"),
        ("elsewhere", run("checkout", "-q", "-b", "another"), "head-elsewhere"),
        ("assumed", hide("--assume-unchanged"), "hidden-change"),
        ("skipped", hide("--skip-worktree"), "hidden-change"),
        ("nested", nest("nested"), "untracked nested-repository"),
        ("nested-in-modules", nest("node_modules/p"), "nested-repository"),
        ("submodule-changed", submodule_changed, "submodule"),
        ("submodule-committed", submodule_committed, "submodule"),
        ("submodule-ignored", submodule_ignored, "submodule"),
        ("locked", lock_record, "locked"),
        ("locked-by-git", lambda yard, branch: git(
            "worktree", "lock", str(yard.workdir(branch)), at=yard.bare), "locked"),
        ("unregistered", break_registration, "registration-broken"),
        ("cwd", nothing, "in-use"),
        ("open-file", nothing, "in-use"),
        ("busy", nothing, "busy"),
        *([("foreign", give_away, "foreign-owner")] if _IS_ROOT else []),
        *([] if _IS_ROOT else [("closed", close, "unreadable")]),
    )
}  # fmt: skip


@contextmanager
def hold_open(yard: Yard) -> Iterator[None]:
    """Let processes use two of the workdirs, and somebody hold the lock of a third."""
    with ExitStack() as stack:
        file = stack.enter_context(open(yard.workdir("open-file") / "file.txt", "rb"))
        for directory, inherited in (
            (yard.workdir("cwd") / "folder", ()),
            (Path("/"), (file.fileno(),)),
        ):
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-S", "-c", _WAIT],
                    cwd=directory,
                    pass_fds=inherited,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            assert process.stdout is not None
            process.stdout.readline()
        stack.enter_context(hold(yard.places.lock(yard.key("busy")), 0))
        yield
