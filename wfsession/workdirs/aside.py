"""Setting aside what is in the way: into the trash, from where it expires. Deletes nothing."""

import errno
import os
import shutil

from wfsession.core.names import number_name
from wfsession.core.times import make_stamp, now
from wfsession.errors import as_wf_error
from wfsession.workdirs.places import Places


def set_aside(places: Places, path: str) -> str:
    """Move a file or a directory to `trash/<time>-<name>`, and return where it is now.

    Raises:
        DiskFailed: it cannot be moved.

    On crash: it is where it was, or in the trash; between two disks, a part of it may be in both.
    """
    stamp = f"{make_stamp(now())}-{os.path.basename(path)}"
    try:
        os.makedirs(places.trash, exist_ok=True)
        number = 1
        while os.path.lexists(target := os.path.join(places.trash, number_name(stamp, number))):
            number += 1
        try:
            os.rename(path, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.move(path, target)
    except OSError as error:
        raise as_wf_error(path, error) from None
    return target
