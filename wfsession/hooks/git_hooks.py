"""The hooks that `wf install git-hooks` puts into a repository, and takes out of it again.

A hook that stands there already is kept beside ours, under a name of its own, and run by it with
the same arguments and the same input. A script of a shell is run within ours, so that the name by
which it knows itself is the one that it had. To take ours out is to rename that one back.
"""

import os
from collections.abc import Iterator

from attrs import frozen

from wfsession.core.disk import Folder, make_directories
from wfsession.errors import InvalidValue, as_wf_error
from wfsession.git import Git
from wfsession.hooks.install import read_whole

NAMES = ("post-commit", "post-rewrite")
KEPT = ".before-wf"
_SIGN = "# Written by `wf install git-hooks`"

_HEAD = f"""\
#!/bin/sh
{_SIGN}; `wf uninstall git-hooks` takes it out again.
# The hook that stood here before is the file beside it that ends with {KEPT}.
"""
# A rebase tells of all that it made at its end, to post-rewrite.
_COMMIT = """\
if command -v wf >/dev/null 2>&1; then
    case $(git reflog -1 --format=%gs 2>/dev/null) in
        rebase* | pull*) ;;
        *) wf trace commit --hook </dev/null >/dev/null || : ;;
    esac
fi
"""
_REWRITE = """\
pairs=$(cat)
if command -v wf >/dev/null 2>&1; then
    printf '%s\\n' "$pairs" | wf trace rewrite --hook >/dev/null || :
fi
if [ -n "$pairs" ]; then
    exec <<PAIRS
$pairs
PAIRS
fi
"""
_CHAIN = f"""\
kept=$0{KEPT}
[ -x "$kept" ] || exit 0
first=
read -r first <"$kept" 2>/dev/null || :
case $first in
    '#!/bin/sh' | '#!/usr/bin/env sh') . "$kept" ;;
    '#!/bin/bash' | '#!/usr/bin/env bash') exec bash -c '. "$0{KEPT}"' "$0" "$@" ;;
    *) exec "$kept" "$@" ;;
esac
"""
# Husky runs its hooks by `sh -e`, whether or not they could run by themselves.
_CHAIN_HUSKY = f"""\
[ ! -f "$0{KEPT}" ] || . "$0{KEPT}"
"""


@frozen
class HookChange:
    """What becomes of one file: create|change|remove, or a rename: keep|restore."""

    path: str
    action: str
    data: bytes = b""


@frozen
class HookPlan:
    """What is to be done in the directory of a repository's hooks, and what to say."""

    directory: str
    changes: tuple[HookChange, ...]
    notes: tuple[str, ...] = ()


def find_hooks(git: Git) -> tuple[str, bool]:
    """Return the directory of a repository's hooks, and whether Husky runs what is in it.

    Raises:
        GitFailed: there is no repository.
        InvalidValue: its hooks are switched off.
    """
    common, top = _find_tops(git)
    named = _read_hooks_path(git)
    directory = os.path.join(top, named) if named else os.path.join(common, "hooks")
    if os.path.lexists(directory) and not os.path.isdir(directory):
        reason = f"core.hooksPath is {named or directory}, which is no directory"
        raise InvalidValue("git-hooks", directory, reason, "git config --unset core.hooksPath")
    above, last = os.path.split(os.path.normpath(directory))
    if last == "_" and os.path.isfile(os.path.join(directory, "h")):
        # What is in it Husky makes anew; the hooks of people are above.
        return above, True
    return os.path.normpath(directory), False


def _find_tops(git: Git) -> tuple[str, str]:
    """Return the directory of a repository itself, and that of its files, if it has any."""
    common = git.ask("rev-parse", "--path-format=absolute", "--git-common-dir")
    is_bare = git.ask("rev-parse", "--is-bare-repository") == "true"
    return common, common if is_bare else git.ask("rev-parse", "--show-toplevel")


def _read_hooks_path(git: Git) -> str:
    listed = git.find("config", "--show-scope", "--type=path", "--get-all", "core.hooksPath") or ""
    pairs = (line.partition("\t") for line in listed.splitlines())
    # Our own calls run without hooks, by a setting of the command.
    values = [value for scope, _, value in pairs if scope != "command"]
    return values[-1] if values else ""


def make_hook(name: str, is_husky: bool) -> bytes:
    """Return the text of one of our hooks."""
    body = _COMMIT if name == "post-commit" else _REWRITE
    return f"{_HEAD}{body}{_CHAIN_HUSKY if is_husky else _CHAIN}".encode()


def plan_git_install(git: Git) -> HookPlan:
    """Return what is to be done so that git calls us after each commit.

    Raises:
        GitFailed, InvalidValue: as `find_hooks`; or a hook is in the way that was kept before.
        UnsafePath, DiskFailed: a hook cannot be read.
    """
    directory, is_husky = find_hooks(git)
    changes: list[HookChange] = []
    for name in NAMES:
        path, ours = os.path.join(directory, name), make_hook(name, is_husky)
        present = read_whole(path)
        if present == ours:
            continue
        if present is None or _is_ours(present):
            changes.append(HookChange(path, "change" if present else "create", ours))
            continue
        if os.path.lexists(path + KEPT):
            reason = f"{path} is not ours any more, and {path}{KEPT} is kept from before"
            hint = f"put into one what you want of both, then: rm {path}{KEPT}"
            raise InvalidValue("git-hooks", path, reason, hint)
        changes += [HookChange(path + KEPT, "keep"), HookChange(path, "create", ours)]
    return HookPlan(directory, tuple(changes), tuple(_tell_reach(git, directory, is_husky)))


def _tell_reach(git: Git, directory: str, is_husky: bool) -> Iterator[str]:
    if is_husky:
        yield f"Husky runs the hooks in {directory}, which are part of the repository's files"
    elif not any(f"{directory}/".startswith(f"{base}/") for base in _find_tops(git)):
        yield f"{directory} is for other repositories too (core.hooksPath)"


def plan_git_uninstall(git: Git) -> HookPlan:
    """Return what is to be done so that the hooks are as they were before.

    Raises:
        GitFailed, InvalidValue, UnsafePath, DiskFailed: as `plan_git_install`.
    """
    directory, _ = find_hooks(git)
    changes, notes = [], []
    for name in NAMES:
        path = os.path.join(directory, name)
        present, is_kept = read_whole(path), os.path.lexists(path + KEPT)
        if present is not None and not _is_ours(present):
            if is_kept:
                notes.append(f"{path} is not ours any more; both it and {path}{KEPT} stay")
        elif is_kept:
            changes.append(HookChange(path, "restore"))
        elif present is not None:
            changes.append(HookChange(path, "remove"))
    return HookPlan(directory, tuple(changes), tuple(notes))


def apply_git_plan(plan: HookPlan) -> None:
    """Make the changes of a plan.

    Raises:
        UnsafePath, DiskFailed: a file cannot be written.

    On crash: each hook is as before, as after, or kept and not there; the next run does the rest.
    """
    try:
        with make_directories(plan.directory) as folder:
            for change in plan.changes:
                _make(folder, os.path.basename(change.path), change)
            folder.sync()
    except OSError as error:
        raise as_wf_error(plan.directory, error) from None


def _make(folder: Folder, name: str, change: HookChange) -> None:
    if change.action == "keep":
        folder.move(name.removesuffix(KEPT), name)
    elif change.action == "restore":
        folder.replace(name + KEPT, name)
    elif change.action == "remove":
        folder.unlink(name)
    else:
        temporary = f".{name}.wf-{os.getpid()}"
        folder.create(temporary, change.data)
        # For all who may read it, as git's own samples.
        os.chmod(folder.join(temporary), 0o755)  # noqa: S103
        folder.replace(temporary, name)


def _is_ours(data: bytes) -> bool:
    return f"\n{_SIGN}".encode() in data[:200]
