"""Whether directories still have the entries that they had: by what the system says of each.

Imports nothing of ours, lists nothing. A file that grows leaves no trace in its directory.
"""

import os

# Within so long of each other, two changes may have one time.
GRAIN_NS = 2_000_000_000
# A clock that goes ahead of ours by more than this is wrong, and no reason to look for ever.
_AHEAD_NS = 3_600_000_000_000


def is_settled_at(time_ns: int, now_ns: int) -> bool:
    """Tell whether what is changed from now on will have another time than that which it has."""
    return not -_AHEAD_NS < now_ns - time_ns < GRAIN_NS


def stamp_folder(path: str) -> tuple[str, int]:
    """Return what changes when an entry comes or goes, and when it did last.

    The second of its times can be set by nobody: archives are unpacked with the first one of old.

    Returns:
        A text, and nanoseconds since 1970; an empty text and 0 where there is no such directory.

    Raises:
        OSError: as the system says.
    """
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return "", 0
    changed, renewed = status.st_mtime_ns, status.st_ctime_ns
    return f"{changed} {renewed} {status.st_ino}", max(changed, renewed)


def encode_stamps(stamps: dict[str, str]) -> bytes:
    """Return directories with their stamps as bytes, whatever their names are."""
    return os.fsencode("\0".join(text for one in stamps.items() for text in one))


def has_changed(stamps: bytes) -> bool:
    """Tell whether an entry came or went in any of the directories of `encode_stamps`."""
    told = os.fsdecode(stamps).split("\0")
    try:
        for path, stamp in zip(told[::2], told[1::2], strict=True):
            if stamp_folder(path)[0] != stamp:
                return True
    except OSError:
        return True
    return False
