"""All workdirs as values: what their records say, and what is on the disk. Reads only."""

import os
from typing import Literal

from attrs import frozen

from wfsession.workdirs.key import name_repository
from wfsession.workdirs.links import find_link, is_linked
from wfsession.workdirs.locks import is_held
from wfsession.workdirs.places import Places
from wfsession.workdirs.record import WorkdirRecord, read_records

State = Literal["ready", "missing", "unlinked", "unfinished"]


@frozen
class Workdir:
    """A workdir: its record, where it is, and how it is.

    `state` is ready; missing: there is no directory; unlinked: its cache does not know it, or it
    does not lead there; unfinished: its files were never written in full. `in_use` tells whether
    somebody holds its lock. `git_dir` is its entry in the cache, or empty.
    """

    record: WorkdirRecord
    path: str
    state: State
    in_use: bool
    git_dir: str = ""


def read_workdirs(places: Places) -> list[Workdir]:
    """Return every workdir that has a record, by agent and branch.

    Raises:
        DiskFailed: something cannot be read.
    """
    records = sorted(
        read_records(places)[0], key=lambda one: (one.repository, one.agent, one.branch)
    )
    return [look_at(places, record) for record in records]


def look_at(places: Places, record: WorkdirRecord) -> Workdir:
    """Return a workdir as it is on the disk."""
    key = record.key
    path = places.workdir(key)
    link = find_link(places.bare(name_repository(record.repository)), path)
    state: State = "ready"
    if not os.path.isdir(path):
        state = "missing"
    elif link is None or not is_linked(path, link):
        state = "unlinked"
    elif link.is_unfinished:
        state = "unfinished"
    in_use = is_held(places.lock(key))
    return Workdir(record, path, state, in_use, link.git_dir if link is not None else "")
