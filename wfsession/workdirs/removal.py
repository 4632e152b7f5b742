"""Taking a workdir away: its files to the trash, its commits under a salvage ref.

Decides nothing: whoever calls holds the locks of the workdir and of its cache, and has looked
just before. Every prefix of the steps leaves what the next removal, or the next acquisition, goes
on with; nothing is deleted but a branch whose commit is salvaged, and what was copied.
"""

import errno
import os
import shlex
import shutil
from contextlib import suppress
from datetime import datetime

from attrs import frozen

from wfsession.core.disk import Folder
from wfsession.errors import GitFailed, as_wf_error
from wfsession.git import Git
from wfsession.workdirs import trash
from wfsession.workdirs.evidence import Evidence
from wfsession.workdirs.files import replace_file
from wfsession.workdirs.merged import ORIGIN
from wfsession.workdirs.places import Places
from wfsession.workdirs.record import LIMIT_BYTES

SALVAGE = "refs/wf/salvage"


@frozen
class Removed:
    """Where a workdir is now: its box in the trash, and the bundle of its commits, or empty."""

    box: str
    bundle: str


def remove(places: Places, evidence: Evidence, cache: Git, why: str, at: datetime) -> Removed:
    """Move a workdir to the trash, and its commits under salvage refs.

    Args:
        places: where it is.
        evidence: what was found just now.
        cache: git in its bare cache.
        why: the reason, as a sentence, for the note.
        at: when.

    Raises:
        GitFailed, UnsafePath, DiskFailed: a step failed. Before the files were moved all is as it
            was; afterwards the next removal goes on.

    On crash: the files are at their place or in the box; what was not done yet is done by the
    next removal. The record goes last.
    """
    key = evidence.record.key
    heads = _list_heads(cache, evidence)
    box = trash.make_box(places, evidence.path, key.name, at)
    name = os.path.basename(box)
    refs = {f"{SALVAGE}/{key.name}/{name[:15]}/{n}": one for n, one in enumerate(heads, 1)}
    bundle = _salvage(places, cache, name, refs)
    if evidence.has_files or not trash.read_note(box):
        # The note of a removal that was cut short knows more than can be seen now.
        trash.write_note(box, _make_note(places, evidence, box, tuple(refs), bundle, why, at))
    if evidence.has_files:
        _move_files(evidence.path, box)
    if evidence.link is not None:
        _move_registration(evidence.link.git_dir, os.path.join(box, trash.REGISTRATION))
    if evidence.tip in heads:
        _drop_branch(cache, evidence)
    _move_record(places.record(key), os.path.join(box, trash.RECORD))
    return Removed(box, bundle)


def _list_heads(cache: Git, evidence: Evidence) -> list[str]:
    """Return the commits to salvage: HEAD, the branch, and what HEAD was at that is on no way."""
    if not evidence.tips:
        return []
    told = cache.ask("cat-file", "--batch-check", stdin="\n".join([*evidence.tips, ""]).encode())
    lines = told.split("\n")
    there = [tip for tip, line in zip(evidence.tips, lines, strict=True) if " commit " in line]
    heads = [one for one in there if one in (evidence.head, evidence.tip)]
    for tip in there:
        words = ("rev-list", "--max-count=1", tip, "--not", *heads, f"--glob={ORIGIN}/*")
        if tip not in heads and cache.ask(*words):
            heads.append(tip)
    return heads


def _salvage(places: Places, cache: Git, name: str, refs: dict[str, str]) -> str:
    """Put commits under refs; and into a bundle those that the remote has not, if there are any."""
    if not refs:
        return ""
    lines = "".join(f"update {ref} {commit}\n" for ref, commit in refs.items())
    cache.run("update-ref", "--stdin", stdin=lines.encode())
    except_remote = ("--not", f"--glob={ORIGIN}/*")
    if not cache.ask("rev-list", "--max-count=1", *refs, *except_remote):
        return ""
    bundle = os.path.join(places.salvage, f"{name}.bundle")
    temporary = os.path.join(places.salvage, f".{name}.{os.getpid()}")
    try:
        os.makedirs(places.salvage, exist_ok=True)
        cache.run("bundle", "create", "--quiet", temporary, *refs, *except_remote)
        os.replace(temporary, bundle)
    except OSError as error:
        raise as_wf_error(bundle, error) from None
    return bundle


def _make_note(
    places: Places,
    evidence: Evidence,
    box: str,
    refs: tuple[str, ...],
    bundle: str,
    why: str,
    at: datetime,
) -> trash.Note:
    record = evidence.record
    bare = places.bare(record.key.repository_name)
    moves = []
    if evidence.has_files or os.path.lexists(os.path.join(box, trash.WORKTREE)):
        moves.append((trash.WORKTREE, evidence.path))
    if evidence.link is not None:
        moves.append((trash.REGISTRATION, evidence.link.git_dir))
    moves.append((trash.RECORD, places.record(record.key)))
    parents = sorted({os.path.dirname(path) for _, path in moves})
    lines = [shlex.join(("mkdir", "-p", *parents))]
    lines += [shlex.join(("mv", "-n", os.path.join(box, one), path)) for one, path in moves]
    if evidence.tip:
        branch = f"refs/heads/{record.local_branch}"
        lines.insert(0, shlex.join(("git", "--git-dir", bare, "update-ref", branch, evidence.tip)))
    return trash.Note(
        at, record.agent, record.repository, record.branch, evidence.path, why, evidence.head,
        refs, bundle, tuple(lines),
    )  # fmt: skip


def _move_files(path: str, box: str) -> None:
    above, name = os.path.split(path)
    try:
        with Folder.open(os.path.realpath(above)) as parent, Folder.open(box) as folder:
            parent.move(name, trash.WORKTREE, folder)
            folder.sync()
            parent.sync()
    except OSError as error:
        trash.discard_box(box)
        raise as_wf_error(path, error) from None


def _move_registration(git_dir: str, target: str) -> None:
    """Move a worktree's entry out of its cache, which may be on another disk.

    On crash: it is where it was, or in the box; between two disks it may be in both.
    """
    part = f"{target}.part"
    try:
        try:
            os.rename(git_dir, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(git_dir, part, symlinks=True)
            os.rename(part, target)
            shutil.rmtree(git_dir)
    except OSError as error:
        raise as_wf_error(git_dir, error) from None


def _drop_branch(cache: Git, evidence: Evidence) -> None:
    """Delete the local branch, if it still is at the commit that was salvaged."""
    branch = evidence.record.local_branch
    cache.run("update-ref", "-d", f"refs/heads/{branch}", evidence.tip)
    with suppress(GitFailed):
        # Only of a branch that somebody configured there is a section.
        cache.run("config", "--remove-section", f"branch.{branch}")


def _move_record(path: str, target: str) -> None:
    """Move a record into its box, which may be on another disk."""
    directory, name = os.path.split(path)
    try:
        with Folder.open(os.path.realpath(directory)) as folder:
            replace_file(target, folder.read(name, LIMIT_BYTES).data)
            folder.unlink(name)
            folder.sync()
    except OSError as error:
        raise as_wf_error(path, error) from None
