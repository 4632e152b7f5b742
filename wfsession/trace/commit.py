"""The Agent Trace record of a commit, from what agents wrote and what was committed. Reads only.

The same commit and the same sessions give the same record: its id and its time are made from the
commit.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from attrs import evolve, frozen

from wfsession.core.times import encode_time
from wfsession.git import Git
from wfsession.trace.history import Commit, list_earlier, read_changes, read_commit, read_several
from wfsession.trace.intersect import intersect
from wfsession.trace.notes import Notes, read_notes
from wfsession.trace.patch import Author, Hunk, Patch, PatchFile
from wfsession.trace.paths import quote
from wfsession.trace.record import (
    MOST_MODEL_CHARACTERS,
    TOOL,
    Contributor,
    Conversation,
    Range,
    Record,
    Span,
    TracedFile,
    find_author,
)
from wfsession.trace.written import Store, read_written


@frozen
class Traced:
    """A commit, what it changed, and what of it agents wrote, each line with its author.

    `unparsed` is how many patches of agents could not be read.
    """

    commit: Commit
    changes: Patch
    authored: Patch
    unparsed: int = 0

    @property
    def has_agents(self) -> bool:
        """Tell whether an agent wrote any line of it."""
        return bool(self.authored.files)


def trace_commit(git: Git, root_path: str, revision: str) -> Traced:
    """Find out which lines of a commit agents wrote.

    Raises:
        InvalidValue: there is no such commit, or its parent is missing in a shallow clone.
        GitFailed: there is no repository, or it cannot be read.
        UnsafePath, DiskFailed: the root cannot be read.
    """
    commit = read_commit(git, revision)
    changes = read_changes(git, commit)
    store = read_written(root_path, list_paths(changes))
    authored = find_authored(git, commit, changes, store)
    return Traced(commit, changes, authored, store.unparsed)


def list_paths(changes: Patch) -> list[str]:
    """Return the paths that files of a patch have, or had before."""
    names = (name for file in changes.files for name in (file.old_path, file.new_path))
    return list(dict.fromkeys(name for name in names if name is not None))


def find_authored(
    git: Git,
    commit: Commit,
    changes: Patch,
    store: Store,
    carried: Iterable[Patch] = (),
    fresh: Mapping[str, Patch] | None = None,
) -> Patch:
    """Return the lines of a commit that agents wrote, each with its author.

    Args:
        git: the repository.
        commit: the commit.
        changes: what it changed.
        store: what agents wrote; what is later than the commit does not count.
        carried: lines with authors, of the commits that this one replaces.
        fresh: what agents wrote of commits, where that is not in the notes yet.
    """
    written = sorted(
        (one for one in store.written if one.at_ms <= commit.until_ms), key=lambda one: one.at_ms
    )
    used: list[Patch] = []
    if written:
        earlier = list_earlier(git, commit, written[0].at_ms, list_paths(changes))
        known = {**read_authored(read_notes(git), earlier), **(fresh or {})}
        used = [known[one] for one in earlier if one in known]
    return intersect((one.patch for one in written), changes, used, carried)


def read_authored(notes: Notes, revisions: Iterable[str]) -> dict[str, Patch]:
    """Return, for commits that have a record of ours, their lines with authors."""
    lines = {
        revision: record.lines
        for revision, records in notes.read_records(revisions).items()
        for record in records
        if record.is_ours and record.lines
    }
    several = read_several(notes.git, lines)
    return {revision: _claim(changes, lines[revision]) for revision, changes in several}


def _claim(changes: Patch, lines: Mapping[str, tuple[Span, ...]]) -> Patch:
    """Return the touched lines of a commit that its record knows the authors of."""
    files = []
    for file in changes.files:
        spans = lines.get(tell_path(file.path), ())
        hunks = []
        for hunk in file.hunks:
            touched = (
                line._replace(author=find_author(spans, line.kind, line.number))
                for line in hunk.touched
            )
            hunks.append(hunk._replace(lines=tuple(line for line in touched if line.author)))
        files.append(file._replace(hunks=tuple(hunks)))
    return Patch(tuple(files))


def tell_path(path: str) -> str:
    """Return a path as a record has it: as it is, or quoted by git's rules if it is no UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return quote(path)
    return path


def make_record(traced: Traced, tool_version: str) -> Record:
    """Return the record of a commit, with a conversation for each hunk of it.

    Args:
        traced: the commit.
        tool_version: our own version.
    """
    commit, changes, authored = traced.commit, traced.changes, traced.authored
    found = {
        (file.path, hunk.old_start, hunk.new_start): hunk
        for file in authored.files
        for hunk in file.hunks
    }
    files = []
    for file in changes.files:
        conversations = tuple(
            _make_conversation(hunk, found.get((file.path, hunk.old_start, hunk.new_start)))
            for hunk in file.hunks
        )
        if conversations:
            files.append(TracedFile(tell_path(file.path), conversations))
    return Record(
        id=_make_id(commit),
        timestamp=encode_time(commit.at),
        revision=commit.revision,
        files=tuple(files),
        tool=(TOOL, tool_version),
        lines={tell_path(file.path): tuple(_make_spans(file)) for file in authored.files},
    )


def _make_id(commit: Commit) -> str:
    """Return a UUID of version 7: the commit's time, and what a digest of its hash begins with."""
    at_ms = max(int(commit.at.timestamp()), 0) * 1000
    digest = hashlib.sha256(f"agent-trace {commit.revision}".encode()).digest()
    rest = int.from_bytes(digest[:10], "big")
    number = (at_ms & (1 << 48) - 1) << 80 | rest
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(3 << 62) | 2 << 62
    return str(uuid.UUID(int=number))


def _make_conversation(hunk: Hunk, authored: Hunk | None) -> Conversation:
    contributor: Contributor = "unknown"
    authors: tuple[Author, ...] = ()
    model = ""
    if authored is not None:
        authors, model = authored.authors, authored.model_id
        contributor = "ai" if len(authored.touched) == len(hunk.touched) else "mixed"
    urls = sorted({author.url for author in authors})
    return Conversation(
        contributor=contributor,
        ranges=(_make_range(hunk),),
        # What several wrote is nobody's in particular.
        url=urls[0] if len(urls) == 1 else "",
        model_id=model if len(model) <= MOST_MODEL_CHARACTERS else "",
        related=tuple(urls),
    )


def _make_range(hunk: Hunk) -> Range:
    # A hunk that only removes has no line of its own: the one before it stands for it.
    start = max(hunk.new_start, 1)
    end = max(hunk.new_start + hunk.new_count - 1, start)
    added = [line for line in hunk.lines if line.kind == "added"]
    return Range(start, end, _hash(line.content for line in added) if added else "")


def _hash(lines: Iterable[str]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()}"


def _make_spans(file: PatchFile) -> Iterator[Span]:
    """Yield the lines of each author, as few spans as there can be."""
    kinds: tuple[Literal["added", "removed"], ...] = ("added", "removed")
    for kind in kinds:
        spans: list[Span] = []
        for hunk in file.hunks:
            for line in hunk.lines:
                if line.kind != kind or line.author is None:
                    continue
                last = spans[-1] if spans else None
                if last and last.author == line.author and last.end == line.number - 1:
                    spans[-1] = evolve(last, end=line.number)
                else:
                    spans.append(Span(kind, line.number, line.number, line.author))
        yield from spans
