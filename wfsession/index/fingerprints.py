"""What is known of a file from outside, and whether it has to be read, from where. Pure.

Imports the rule of times of threads. A file is known by its size, its time and its inode, and by a
hash of what stands before the place up to which it was read.
"""

import os
from hashlib import blake2b
from typing import Literal

from attrs import frozen

from wfsession.threads.folders import is_settled_at

Action = Literal["same", "grown", "anew"]

# Agents only append: of an edit further up, before more is appended, `wf index verify` tells.
TAIL_BYTES = 4_096
# Why a file or a root is left out whose name the index cannot hold.
NO_UTF_8 = "has a name that is no UTF-8"


@frozen
class Stamp:
    """What the system says of a file: bytes, nanoseconds since 1970, the inode."""

    size: int
    mtime_ns: int
    inode: int


@frozen
class Known:
    """A file as it was read last.

    `done` is the offset up to which its lines were taken, `tail` the hash of what is before it.
    `is_settled` is False where it may have been written after it was read, within the same time.
    """

    file: int
    thread: int
    stamp: Stamp
    is_settled: bool
    done: int
    tail: bytes | None
    has_failed: bool


def has_usable_name(path: str) -> bool:
    """Tell whether a path can stand in the index, whose texts are UTF-8."""
    if path.isascii():
        return True
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def make_stamp(status: os.stat_result) -> Stamp:
    """Return the stamp of a file."""
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


def is_settled(stamp: Stamp, now_ns: int) -> bool:
    """Tell whether a file that is written from now on will have another time."""
    return is_settled_at(stamp.mtime_ns, now_ns)


def choose_action(known: Known | None, stamp: Stamp) -> Action:
    """Return what has to be read of a file: nothing, what is new behind `done`, or all of it."""
    if known is None or known.has_failed or known.stamp.inode != stamp.inode:
        return "anew"
    if stamp == known.stamp:
        return "same" if known.is_settled else "anew"
    return "grown" if stamp.size > known.stamp.size and known.tail is not None else "anew"


# The hash of nothing: of a file of which nothing was taken yet.
NO_TAIL = blake2b(digest_size=16).digest()


def hash_tail(descriptor: int, done: int) -> bytes:
    """Return the hash of what stands before an offset of an open file.

    Raises:
        OSError: as the system says.
    """
    start = max(0, done - TAIL_BYTES)
    return blake2b(os.pread(descriptor, done - start, start), digest_size=16).digest()
