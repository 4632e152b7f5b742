"""Records as notes of git, `refs/notes/agent-trace`: one a line, beside those of other tools.

A note that is there is added to. What others wrote in it stays, byte for byte; a record of ours is
replaced by its successor. All notes of one change are written in one step, and not over one that
somebody wrote meanwhile.
"""

import os
import time
from collections.abc import Iterable, Mapping

from attrs import field, frozen

from wfsession.errors import GitFailed
from wfsession.git import Git
from wfsession.trace.record import Record, encode_record, parse_record, parse_records

REF = "refs/notes/agent-trace"
_WHO = "wfsession <wfsession@localhost>"
# How long to wait before another try, where somebody else writes notes.
_WAITS_S = (0.0, 0.01, 0.04, 0.16, 0.64)


@frozen
class Notes:
    """The notes of a repository as they were read; `blobs` are those of annotated commits."""

    git: Git
    tip: str
    blobs: Mapping[str, str] = field(repr=False)

    def read(self, revisions: Iterable[str]) -> dict[str, bytes]:
        """Return the notes of those commits that have one."""
        wanted = {one: self.blobs[one] for one in revisions if one in self.blobs}
        if not wanted:
            return {}
        asked = "".join(f"{blob}\n" for blob in wanted.values()).encode()
        data = os.fsencode(self.git.ask("cat-file", "--batch", stdin=asked)) + b"\n"
        found, at = {}, 0
        for revision in wanted:
            end = data.index(b"\n", at)
            size = int(data[at:end].rpartition(b" ")[2])
            found[revision] = data[end + 1 : end + 1 + size]
            at = end + 2 + size
        return found

    def read_records(self, revisions: Iterable[str]) -> dict[str, tuple[Record, ...]]:
        """Return the records of commits that are about them, and not copied from others."""
        return {
            revision: tuple(
                record for record in parse_records(data) if record.revision in ("", revision)
            )
            for revision, data in self.read(revisions).items()
        }


def read_notes(git: Git) -> Notes:
    """Return which commits have a note.

    Raises:
        GitFailed: git cannot tell.
    """
    tip = git.find("rev-parse", "--verify", "--quiet", REF) or ""
    # Of the very notes that `tip` names, whatever is written meanwhile.
    listed = git.ask("notes", f"--ref={REF}", "list") if tip else ""
    pairs = (line.split() for line in listed.splitlines())
    return Notes(git, tip, {revision: blob for blob, revision in pairs})


def put_record(note: bytes | None, record: Record) -> bytes:
    """Return a note with a record in it, in the place of one of ours, else behind what is there."""
    encoded = encode_record(record)
    lines = (note or b"").split(b"\n")
    kept = [line for line in lines if not _is_ours(line)]
    rest = b"\n".join(kept)
    if rest and not rest.endswith(b"\n"):
        rest += b"\n"
    return rest + encoded


def _is_ours(line: bytes) -> bool:
    record = parse_record(line) if line.startswith(b"{") else None
    return record is not None and record.is_ours


def write_records(git: Git, records: Mapping[str, Record]) -> bool:
    """Write the records of commits into their notes, and tell whether any note is another now.

    Raises:
        GitFailed: git cannot write, or others wrote notes each time; nothing was written.

    On crash: all of them are written, or none.
    """
    for last, wait_s in enumerate(_WAITS_S, 1):
        time.sleep(wait_s)
        notes = read_notes(git)
        present = notes.read(records)
        changed = {
            revision: note
            for revision, record in records.items()
            if (note := put_record(present.get(revision), record)) != present.get(revision)
        }
        if not changed:
            return False
        try:
            git.run("fast-import", "--quiet", stdin=_encode_import(notes.tip, changed))
        except GitFailed:
            # Somebody else may just be writing notes.
            if last == len(_WAITS_S):
                raise
        else:
            break
    return True


def _encode_import(tip: str, notes: Mapping[str, bytes]) -> bytes:
    """Return the input of `git fast-import`, which refuses where the notes moved on meanwhile."""
    message = b"Notes added by wfsession\n"
    parts = [f"commit {REF}\ncommitter {_WHO} {int(time.time())} +0000\n".encode()]
    parts.append(b"data %d\n%s" % (len(message), message))
    if tip:
        parts.append(f"from {tip}\n".encode())
    for revision, note in notes.items():
        parts.append(b"N inline %s\ndata %d\n%s\n" % (revision.encode(), len(note), note))
    return b"".join(parts)
