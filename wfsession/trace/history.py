"""What git knows of commits: which they are, and the lines that they changed. Reads only.

Diffs have no lines around the changed ones, so that what one person and one agent did in
neighbouring places are two hunks, and the ranges of a hunk are the lines that it added.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from attrs import frozen

from wfsession.core.times import from_ns
from wfsession.errors import GitFailed, InvalidValue
from wfsession.git import Git
from wfsession.trace.patch import Hunk, Line, Patch
from wfsession.trace.patches import Unparsed, parse_patch

_DIFF = (
    "diff-tree", "-r", "-p", "-U0", "-M", "--no-color", "--no-ext-diff", "--no-textconv",
    "--diff-algorithm=default", "--src-prefix=a/", "--dst-prefix=b/", "--no-relative",
    "--no-commit-id",
)  # fmt: skip
_SUBMODULE = "160000"


@frozen
class Commit:
    """A commit: its whole hash, those of its parents, and when it was made (committer, UTC)."""

    revision: str
    parents: tuple[str, ...]
    at: datetime

    @property
    def until_ms(self) -> int:
        """The last moment that it may hold what was written then, in ms since 1970."""
        return int(self.at.timestamp()) * 1000 + 999


def read_commit(git: Git, revision: str) -> Commit:
    """Return the commit that a revision names.

    Raises:
        InvalidValue: there is none.
        GitFailed: there is no repository, or it cannot be read.
    """
    git.ask("rev-parse", "--git-dir")
    named = f"{revision}^{{commit}}"
    found = None
    if revision and not revision.startswith("-"):
        found = git.find("rev-parse", "--verify", "--quiet", named)
    if found is None:
        is_empty = git.find("rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None
        reason = "the repository has no commit yet" if is_empty else f"no commit is {revision!r}"
        raise InvalidValue("revision", revision, reason, "git log --oneline")
    return _parse_commit(found, git.ask("cat-file", "commit", found))


def _parse_commit(revision: str, text: str) -> Commit:
    # Not asked of the log: where a clone is shallow, that leaves parents out.
    headers = [line.partition(" ") for line in text.partition("\n\n")[0].split("\n")]
    parents = tuple(value for name, _, value in headers if name == "parent")
    committer = next(value for name, _, value in headers if name == "committer")
    seconds = int(committer.rpartition("> ")[2].split()[0])
    return Commit(revision, parents, from_ns(seconds * 1_000_000_000))


def read_changes(git: Git, commit: Commit) -> Patch:
    """Return what a commit changed; a merge only the lines that none of its parents has.

    Raises:
        InvalidValue: its parent is not in the clone, which is shallow.
        GitFailed: git cannot tell.
    """
    if not commit.parents:
        return _diff(git, "--root", commit.revision)
    try:
        patches = [_diff(git, parent, commit.revision) for parent in commit.parents]
    except GitFailed:
        for parent in commit.parents:
            if git.find("cat-file", "-e", parent) is None:
                reason = f"what {commit.revision[:10]} changed cannot be told: the clone is shallow"
                hint = "git fetch --deepen=1"
                raise InvalidValue("revision", commit.revision, reason, hint) from None
        raise
    return patches[0] if len(patches) == 1 else _keep_common(patches)


def _diff(git: Git, *words: str) -> Patch:
    return _parse(git.ask(*_DIFF, *words))


def _parse(text: str) -> Patch:
    found = parse_patch(text)
    if isinstance(found, Unparsed):
        # An empty commit, or one without a file in it.
        return Patch()
    files = (
        file
        for file in found.files
        if not any(line.endswith(f" {_SUBMODULE}") for line in file.extended)
    )
    return Patch(tuple(files))


def _keep_common(patches: list[Patch]) -> Patch:
    """Return the first patch with the lines only that all of them add."""
    added = [
        {(file.path, line.number) for file, line in patch.touched() if line.kind == "added"}
        for patch in patches
    ]
    common = set.intersection(*added)
    files = []
    for file in patches[0].files:
        kept = (line for hunk in file.hunks for line in hunk.touched)
        hunks = _make_hunks(
            [line for line in kept if line.kind == "added" and (file.path, line.number) in common]
        )
        if hunks:
            files.append(file._replace(hunks=hunks))
    return Patch(tuple(files))


def _make_hunks(lines: list[Line]) -> tuple[Hunk, ...]:
    """Return a hunk for each stretch of lines that follow each other."""
    stretches: list[list[Line]] = []
    for line in lines:
        if stretches and stretches[-1][-1].number == line.number - 1:
            stretches[-1].append(line)
        else:
            stretches.append([line])
    return tuple(Hunk(0, 0, some[0].number, len(some), tuple(some)) for some in stretches)


def list_earlier(git: Git, commit: Commit, since_ms: int, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the ancestors of a commit since a moment that changed one of these files."""
    if not commit.parents:
        return ()
    since = f"--max-age={max(since_ms // 1000, 0)}"
    named = (f":(top,literal){path}" for path in paths)
    return tuple(
        git.ask("rev-list", "--full-history", since, *commit.parents, "--", *named).split()
    )


def read_several(git: Git, revisions: Iterable[str]) -> Iterator[tuple[str, Patch]]:
    """Yield what each of several commits changed, by one process; merges are left out."""
    wanted = tuple(revisions)
    if not wanted:
        return
    words = [word for word in _DIFF if word != "--no-commit-id"]
    text = git.ask(
        *words, "--root", "--stdin", stdin="".join(f"{one}\n" for one in wanted).encode()
    )
    known, revision = set(wanted), ""
    lines: list[str] = []
    for line in text.split("\n"):
        if line in known:
            if revision:
                yield revision, _parse("\n".join(lines))
            revision, lines = line, []
        else:
            lines.append(line)
    if revision:
        yield revision, _parse("\n".join(lines))
