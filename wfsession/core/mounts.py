"""Which kind of file system a path is on, and what is known of that kind.

`parse_mounts` and `find_kind` are pure. Only Linux tells it cheaply; elsewhere nothing is known.
"""

import os
import re

_TABLE = "/proc/self/mountinfo"
_OCTAL = re.compile(r"\\([0-7]{3})")
_HINTS = {
    "nfs": "between machines the lock is as good as the server's; keep clocks in step (NTP)",
    "cifs": "locks and names are the server's; a local disk is safer for a .workflow",
    "9p": "a directory of another system (WSL, a virtual machine); work on this system's own disk",
    "drvfs": "a Windows drive in WSL; work on the Linux disk, below your home directory",
    "virtiofs": "a directory of another system (a virtual machine, a container's host)",
    "fuse": "a program stands behind it; what holds now may not hold when it is updated",
    "overlay": "directories of a lower layer cannot be renamed; make the .workflow in a volume",
    "tmpfs": "it lies in memory, and a restart empties it",
    "vfat": "it knows whole seconds only, no symlinks and no permissions",
}
_LIKE = {"nfs4": "nfs", "smb3": "cifs", "smbfs": "cifs", "ramfs": "tmpfs", "exfat": "vfat"}


def parse_mounts(text: str) -> tuple[tuple[str, str], ...]:
    """Return the mounts in the text of a mountinfo, as pairs of path and kind, in its order."""
    mounts = []
    for line in text.splitlines():
        head, _, tail = line.partition(" - ")
        fields, kinds = head.split(" "), tail.split(" ")
        if len(fields) > 4 and kinds[0]:
            path = _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4])
            mounts.append((path, kinds[0]))
    return tuple(mounts)


def find_kind(mounts: tuple[tuple[str, str], ...], path: str) -> str:
    """Return the kind of file system at an absolute path, or an empty text where none is told."""
    best, kind = "", ""
    for place, its_kind in mounts:
        inside = f"{path}/".startswith(f"{place.rstrip('/')}/")
        # Of two at one place the later one is on top.
        if inside and len(place) >= len(best):
            best, kind = place, its_kind
    return kind


def read_kind(path: str) -> str:
    """Return the kind of file system that a path is on, or an empty text where nobody tells."""
    try:
        with open(_TABLE, encoding="utf-8", errors="surrogateescape") as table:
            text = table.read()
    except OSError:
        # No Linux, or one that tells nothing.
        return ""
    return find_kind(parse_mounts(text), os.path.realpath(path))


def find_hint(kind: str) -> str:
    """Return what is known of a kind of file system, or an empty text."""
    base = kind.partition(".")[0]
    return _HINTS.get(_LIKE.get(base, base), "")
