"""Real repositories for tests: a bare one that stands for a remote, and people who push to it."""

import os
import shutil
import subprocess
from pathlib import Path

from attrs import frozen

from wfsession.workdirs.remote import Remote, parse_remote

IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
}


def git(*words: str, at: Path | str, stdin: str = "") -> str:
    """Run git as a person would, and return what it prints."""
    done = subprocess.run(
        ["git", *words],
        cwd=at,
        env={**os.environ, **IDENTITY},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
    return done.stdout.removesuffix("\n")


def make_repository(bare: Path) -> Path:
    """Make a bare repository with `main`, and `feature/a` one commit ahead of it."""
    work = bare.parent / "work"
    git("init", "-q", "-b", "main", str(work), at=bare.parent)
    (work / "file.txt").write_text("one\n")
    (work / "folder").mkdir()
    (work / "folder" / "inner.txt").write_text("inner\n")
    (work / ".gitignore").write_text(".env\n*.pyc\n")
    git("add", "-A", at=work)
    git("commit", "-qm", "First", at=work)
    git("checkout", "-q", "-b", "feature/a", at=work)
    (work / "file.txt").write_text("one\ntwo\n")
    git("commit", "-qam", "Second", at=work)
    git("checkout", "-q", "main", at=work)
    git("clone", "-q", "--bare", str(work), str(bare), at=bare.parent)
    return bare


@frozen
class Repository:
    """A remote at `bare`."""

    bare: Path

    @classmethod
    def copy(cls, template: Path, folder: Path) -> "Repository":
        folder.mkdir()
        return cls(Path(shutil.copytree(template, folder / "r.git")))

    @property
    def remote(self) -> Remote:
        return parse_remote(f"file://{self.bare}")

    def commit(self, branch: str, text: str = "more\n", base: str = "main") -> str:
        """Put a commit on a branch of the remote, made if it is missing; return the commit."""
        known = git("for-each-ref", "--format=%(refname:short)", "refs/heads", at=self.bare)
        parent = branch if branch in known.splitlines() else base
        blob = git("hash-object", "-w", "--stdin", at=self.bare, stdin=text)
        lines = git("ls-tree", parent, at=self.bare).splitlines()
        kept = [line for line in lines if not line.endswith("\tfile.txt")]
        entry = f"100644 blob {blob}\tfile.txt"
        tree = git("mktree", at=self.bare, stdin="\n".join([*kept, entry]) + "\n")
        commit = git("commit-tree", "-p", parent, "-m", text[:40], tree, at=self.bare)
        git("update-ref", f"refs/heads/{branch}", commit, at=self.bare)
        return commit

    def head(self, branch: str) -> str:
        return git("rev-parse", f"refs/heads/{branch}", at=self.bare)
