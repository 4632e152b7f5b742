"""Which processes use a directory: they stand in it, or have something below it open.

Reads `/proc` where there is one, and asks lsof elsewhere. What belongs to others and is closed to
us counts nothing: a system always has such processes, and workdirs are the user's own.
"""

import os
import subprocess
from collections.abc import Collection, Iterator

from wfsession.git import Access

_PROC = "/proc"
_DELETED = " (deleted)"


def find_users(
    paths: Collection[str], access: Access, proc: str = _PROC
) -> dict[str, list[str]] | None:
    """Return for each path the processes that use it, as `PID NAME`.

    Args:
        paths: real paths of directories.
        access: with the variables that lsof runs with.
        proc: where the system tells of its processes.

    Returns:
        A list for each path, empty where nobody uses it; None where it cannot be told at all.
    """
    found: dict[str, set[str]] = {path: set() for path in paths}
    told = _read_proc(proc) if os.path.isdir(os.path.join(proc, "self")) else _ask_lsof(access)
    if told is None:
        return None
    for process, target in told:
        for path in paths:
            if target == path or target.startswith(f"{path}{os.sep}"):
                found[path].add(process)
    return {path: sorted(processes) for path, processes in found.items()}


def _read_proc(proc: str) -> Iterator[tuple[str, str]]:
    for pid in os.listdir(proc):
        if not pid.isdecimal():
            continue
        base = os.path.join(proc, pid)
        targets = {_follow(os.path.join(base, name)) for name in ("cwd", "root", "exe")}
        try:
            descriptors = os.listdir(os.path.join(base, "fd"))
        except OSError:
            descriptors = []  # ended meanwhile, or somebody else's
        targets |= {_follow(os.path.join(base, "fd", name)) for name in descriptors}
        used = [target for target in targets if target]
        if used:
            process = f"{pid} {_read_name(base)}".rstrip()
            yield from ((process, target) for target in used)


def _follow(link: str) -> str:
    try:
        return os.readlink(link).removesuffix(_DELETED)
    except OSError:
        return ""  # ended meanwhile, or somebody else's


def _read_name(base: str) -> str:
    try:
        with open(os.path.join(base, "comm"), "rb") as file:
            return file.read(64).decode(errors="replace").strip()
    except OSError:
        return ""


def _ask_lsof(access: Access) -> list[tuple[str, str]] | None:
    """Return each process with what it has open, or None where lsof does not even know ours."""
    try:
        done = subprocess.run(
            ("lsof", "-nPw", "-Fpcn"),
            env=access.make_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return None
    pid, name, found = "", "", []
    for line in os.fsdecode(done.stdout).split("\n"):
        kind, text = line[:1], line[1:]
        if kind == "p":
            pid, name = text, ""
        elif kind == "c":
            name = text
        elif kind == "n":
            found.append((f"{pid} {name}".rstrip(), text))
    is_whole = any(process.partition(" ")[0] == str(os.getpid()) for process, _ in found)
    return found if is_whole else None
