"""How much of the disk caches, workdirs and what was set aside take, in allocated blocks.

What has several names (hard links) counts once, where it is seen first; nothing is followed.
"""

import os
import stat
from collections.abc import Iterator
from typing import Literal

from attrs import frozen

from wfsession.workdirs.cache import parse_cache_name
from wfsession.workdirs.files import list_entries
from wfsession.workdirs.key import name_repository
from wfsession.workdirs.places import Places
from wfsession.workdirs.record import WorkdirRecord, read_records

# What `st_blocks` counts, on every system.
_BLOCK_BYTES = 512
Kind = Literal["cache", "workdir", "other", "trash", "salvage"]
_Seen = set[tuple[int, int]]


@frozen
class Usage:
    """What one directory takes. `agent` and `branch` are empty for what is not a workdir's.

    `repository` is the identity of a remote, or the name of a directory where that is not known.
    """

    kind: Kind
    repository: str
    agent: str
    branch: str
    path: str
    size_bytes: int


def measure_usage(places: Places) -> tuple[Usage, ...]:
    """Return what takes room, caches first, then workdirs, then what was set aside.

    Raises:
        DiskFailed: a directory of ours cannot be read; what vanishes meanwhile counts nothing.
    """
    records = read_records(places)[0]
    names = {name_repository(one.repository): one.repository for one in records}
    by_path = {places.workdir(one.key): one for one in records}
    seen: _Seen = set()
    found = []
    repos = os.path.dirname(places.bare(""))
    for name in list_entries(repos):
        if not name.endswith(".lock"):
            repository = names.get(parse_cache_name(name)[0], name)
            found.append(_measure("cache", repository, None, os.path.join(repos, name), seen))
    for name in list_entries(places.workdirs):
        top = os.path.join(places.workdirs, name)
        for one in list_entries(top):
            path = os.path.join(top, one)
            record = by_path.get(path)
            kind: Kind = "other" if record is None else "workdir"
            found.append(_measure(kind, names.get(name, name), record, path, seen))
    for kind, top in (("trash", places.trash), ("salvage", places.salvage)):
        for name in list_entries(top):
            found.append(_measure(kind, "", None, os.path.join(top, name), seen))
    return tuple(found)


def measure(path: str) -> int:
    """Return what one file or directory takes, in bytes."""
    return sum(_walk(path, set()))


def _measure(
    kind: Kind, repository: str, record: WorkdirRecord | None, path: str, seen: _Seen
) -> Usage:
    size = sum(_walk(path, seen))
    agent, branch = (record.agent, record.branch) if record is not None else ("", "")
    return Usage(kind, repository, agent, branch, path, size)


def _walk(path: str, seen: _Seen) -> Iterator[int]:
    """Yield the bytes of an entry and of each below it; what cannot be looked at counts nothing."""
    stack = [path]
    while stack:
        place = stack.pop()
        try:
            status = os.lstat(place)
            is_directory = stat.S_ISDIR(status.st_mode)
            if is_directory:
                stack += [os.path.join(place, name) for name in os.listdir(place)]
        except OSError:
            continue  # gone meanwhile, or closed to us
        number = (status.st_dev, status.st_ino)
        if not is_directory and status.st_nlink > 1:
            if number in seen:
                continue
            seen.add(number)
        yield status.st_blocks * _BLOCK_BYTES
