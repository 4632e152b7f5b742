"""Marks: the word from elsewhere that workdirs may be done with. They decide nothing.

Writes the records of workdirs. A record is written by a rename, and a mark that is lost to a
process which wrote at the same moment costs nothing but time: the sweep also looks for branches
that are gone.
"""

from datetime import datetime

from attrs import evolve, frozen

from wfsession.workdirs.places import Places
from wfsession.workdirs.record import BadRecord, Mark, WorkdirRecord, read_records, write_record
from wfsession.workdirs.webhook import Meant


@frozen
class Marked:
    """The records as they are marked, by their paths, and those that nobody can read."""

    records: tuple[WorkdirRecord, ...]
    bad: tuple[BadRecord, ...]


def mark_workdirs(places: Places, meant: Meant, at: datetime, *, dry_run: bool = False) -> Marked:
    """Mark every agent's workdir of a branch; in a dry run only tell which.

    Raises:
        UnsafePath, DiskFailed: a record cannot be read or written; those before it are marked.

    On crash: some of them are marked.
    """
    records, bad = read_records(places)
    mark = Mark(at, meant.reason, meant.source)
    marked = [
        evolve(record, marked=mark)
        for record in records
        if record.repository in meant.repositories and record.branch == meant.branch
    ]
    for record in () if dry_run else marked:
        write_record(places, record)
    return Marked(tuple(marked), tuple(bad))
