"""A whole new record in the place of another, or of none: for repairs and migrations.

Staged first, so that a full disk fails before anything else is done; then the bytes that were
there go to the attic, and the new record takes the place. What only changes a record's values
goes another way, by `Operation.prepare`, which leaves all else in it as it stands.
"""

from wfsession.core import layout
from wfsession.core.attic import keep_copy
from wfsession.core.disk import FileContents, Folder, identify
from wfsession.core.operation import Moved, Operation


def stage_record(operation: Operation, data: bytes, before: FileContents | None) -> str:
    """Write a record to `.wf/tmp`, synced; return its name there. `before` gives mode and owner."""
    temporary = operation.make_temporary("record")
    operation.staging().create(temporary, data, before)
    return temporary


def keep_record(operation: Operation, path: str, data: bytes, reason: str) -> str:
    """Put the bytes of a record into the attic; return the box, or nothing in a dry run.

    On crash: the record is as it was; a copy may lie in the attic.
    """
    operation.note_step("copy", path, layout.ATTIC)
    if operation.dry_run:
        return ""
    return keep_copy(operation.root, path, data, "record", reason, operation.moment)


def put_record(
    operation: Operation, temporary: str, folder: Folder, before: FileContents | None
) -> None:
    """Put a staged record in the place of the one that was read, or of none.

    Raises:
        Moved: somebody else wrote one meanwhile.

    On crash: the old record, or the new one.
    """
    operation.hold_lock()
    status = folder.find(layout.RECORD)
    if (identify(status) if status else None) != (before.identity if before else None):
        raise Moved
    operation.staging().replace(temporary, layout.RECORD, folder)
    folder.sync()
