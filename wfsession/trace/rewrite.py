"""What becomes of records when commits are rewritten: amend, rebase, squash. Reads only.

The lines that the old commits' records know the authors of are matched anew with the lines of the
new commit; so each line of it has the author that it had, wherever it went.
"""

import re
from collections.abc import Iterable, Mapping

from wfsession.errors import InvalidValue
from wfsession.git import Git
from wfsession.trace.commit import Traced, find_authored, list_paths, read_authored
from wfsession.trace.history import read_changes, read_commit
from wfsession.trace.notes import read_notes
from wfsession.trace.patch import Patch
from wfsession.trace.written import Store, read_written

_PAIR = re.compile(r"([0-9a-f]{40,64}) ([0-9a-f]{40,64})(?: .*)?")


def parse_rewritten(text: str) -> dict[str, list[str]]:
    """Return the old commits of each new one, both in their order, from what git tells its hook.

    Raises:
        InvalidValue: a line is not `OLD NEW`, two whole hashes.
    """
    rewritten: dict[str, list[str]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        found = _PAIR.fullmatch(line.strip())
        if found is None:
            reason = f"line {number} of what was read is not OLD NEW, two whole hashes"
            raise InvalidValue("rewrite", line, reason, "git's hook post-rewrite calls this")
        rewritten.setdefault(found[2], []).append(found[1])
    return rewritten


def trace_rewritten(
    git: Git, root_path: str | None, rewritten: Mapping[str, Iterable[str]]
) -> list[Traced]:
    """Find out which lines agents wrote of commits that took the place of others.

    Args:
        git: the repository.
        root_path: the root, or None where there is none: then the old records are all there is.
        rewritten: the old commits of each new one, ancestors first.

    Returns:
        Those that agents wrote lines of, or that have a note already.

    Raises:
        InvalidValue, GitFailed, UnsafePath, DiskFailed: as `trace_commit`.
    """
    notes = read_notes(git)
    news = [read_commit(git, new) for new in rewritten]
    changed = {commit.revision: read_changes(git, commit) for commit in news}
    store = Store()
    if root_path is not None:
        paths = {path for changes in changed.values() for path in list_paths(changes)}
        store = read_written(root_path, max((one.until_ms for one in news), default=0), paths)
    fresh: dict[str, Patch] = {}
    traced = []
    for commit in news:
        changes, olds = changed[commit.revision], rewritten[commit.revision]
        carried = read_authored(notes, olds)
        authored = find_authored(
            git, commit, changes, store, [carried[old] for old in olds if old in carried], fresh
        )
        fresh[commit.revision] = authored
        one = Traced(commit, changes, authored, store.unparsed)
        if one.has_agents or commit.revision in notes.blobs:
            traced.append(one)
    return traced
