"""A record as a file, in the directory of a session: `.agent-trace/<revision>.json`."""

import os

from wfsession.core.attic import open_below
from wfsession.core.disk import Folder
from wfsession.core.locate import find_session, open_root
from wfsession.errors import SessionArchived, as_wf_error
from wfsession.trace.record import Record, encode_record

DIRECTORY = ".agent-trace"


def keep_record(root_path: str, name: str, record: Record) -> str:
    """Write a record into a session's directory, in the place of an earlier one, and return where.

    Raises:
        SessionNotFound, SessionArchived: the session is gone, or archived.
        UnsafePath, DiskFailed: it cannot be written.

    On crash: as before or as after; a file of another name may be left.
    """
    with open_root(root_path) as root:
        place = find_session(root, name)
        if place.location != "root":
            raise SessionArchived(place.name, "changed")
        try:
            with open_below(root, place.directory) as session:
                return _write(session, record)
        except OSError as error:
            raise as_wf_error(place.path_in(root_path), error) from None


def _write(session: Folder, record: Record) -> str:
    name = f"{record.revision}.json"
    session.make_if_missing(DIRECTORY)
    with session.child(DIRECTORY) as folder:
        temporary = f".{name}.wf-{os.getpid()}"
        folder.create(temporary, encode_record(record))
        folder.replace(temporary, name)
        folder.sync()
        return folder.join(name)
