"""What only a broken cache has -> into the new one: worktrees' entries, branches, their objects.

Reads of the old cache what can be read; changes nothing there.
"""

import os
import shutil
from contextlib import suppress

from wfsession.errors import GitFailed
from wfsession.workdirs.git import Git
from wfsession.workdirs.links import list_links

_REMOTE = "refs/remotes/"
# What lies beside the objects and the refs, and is somebody's work or settings.
_FOLDERS = ("worktrees", "logs", "hooks", "lfs", "modules", "rr-cache")
_ALTERNATES = ("objects", "info", "alternates")


def carry_over(old: str, new: Git) -> tuple[str, ...]:
    """Give a new cache what only the old one has, and return what could not be saved.

    Args:
        old: the broken cache.
        new: git for the new one, which has what the remote has, and which nobody uses yet.
    """
    notes = []
    alternates = os.path.join(new.git_dir, *_ALTERNATES)
    mine = _list_objects(new)
    os.makedirs(os.path.dirname(alternates), exist_ok=True)
    with open(alternates, "wb") as file:
        file.write(os.fsencode(os.path.join(os.path.realpath(old), "objects")) + b"\n")
    try:
        lost = _copy_objects(new, sorted(_list_objects(new) - mine))
        if lost:
            notes.append(f"{lost} objects of the old cache could not be read")
    except GitFailed as error:
        notes.append(f"the objects of the old cache could not be read: {error.reason}")
    finally:
        os.unlink(alternates)
    for name in _FOLDERS:
        _copy_folder(os.path.join(old, name), os.path.join(new.git_dir, name))
    refs = {**_read_last_heads(old), **_read_refs(old)}
    for ref, commit in sorted(refs.items()):
        if not ref.startswith(_REMOTE) and not _take_ref(new, ref, commit):
            notes.append(f"{ref} could not be saved: {commit} is not whole")
    return tuple(notes)


def _list_objects(git: Git) -> set[str]:
    said = git.ask("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    return set(said.split())


def _copy_objects(git: Git, objects: list[str]) -> int:
    """Copy objects from where the alternates lead; return how many could not be."""
    if not objects:
        return 0
    pack = os.path.join(git.git_dir, "objects", "pack", "pack")
    try:
        git.run("pack-objects", "--quiet", pack, stdin="\n".join(objects).encode() + b"\n")
    except GitFailed:
        return sum(not _copy_object(git, one) for one in objects)
    return 0


def _copy_object(git: Git, name: str) -> bool:
    pack = os.path.join(git.git_dir, "objects", "pack", "pack")
    try:
        git.run("pack-objects", "--quiet", pack, stdin=f"{name}\n".encode())
    except GitFailed:
        return False
    return True


def _copy_folder(source: str, target: str) -> None:
    if os.path.isdir(source):
        with suppress(shutil.Error):
            # It names the files that could not be read; the rest is copied all the same.
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def _read_refs(bare: str) -> dict[str, str]:
    """Return the refs in the files of a repository, without git, which may refuse to look."""
    packed = _read(os.path.join(bare, "packed-refs")).splitlines()
    pairs = [line.split(" ", 1) for line in packed if line[:1] not in ("#", "^")]
    refs = {pair[1]: pair[0] for pair in pairs if len(pair) == 2}
    top = os.path.join(bare, "refs")
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            refs[f"refs/{os.path.relpath(path, top)}"] = _read(path).strip()
    return {ref: commit for ref, commit in refs.items() if _is_hash(commit)}


def _read_last_heads(bare: str) -> dict[str, str]:
    """Return the branches that worktrees are on, at the last commits that their logs name."""
    found = {}
    for link in list_links(bare):
        lines = _read(os.path.join(link.git_dir, "logs", "HEAD")).splitlines()
        words = lines[-1].split(" ", 2) if lines else []
        if link.branch and len(words) == 3 and _is_hash(words[1]):
            found[f"refs/heads/{link.branch}"] = words[1]
    return found


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read())
    except OSError:
        return ""


def _is_hash(text: str) -> bool:
    return len(text) in (40, 64) and not set(text) - set("0123456789abcdef")


def _take_ref(git: Git, ref: str, commit: str) -> bool:
    """Set a ref, if all that it leads to is there; one that the remote gave us stays."""
    if git.find("rev-parse", "--verify", "--quiet", ref) is not None:
        return True
    try:
        git.ask("rev-list", "--objects", "--quiet", commit, "--not", "--remotes=origin")
        git.run("update-ref", ref, commit)
    except GitFailed:
        return False
    return True
