"""Small files of our own, replaced as a whole, by the hands of `core.disk`."""

import os

from wfsession.core.disk import make_directories
from wfsession.errors import as_wf_error


def replace_file(path: str, data: bytes) -> None:
    """Write a file as a whole, with the directories above it.

    Raises:
        UnsafePath, DiskFailed: it cannot be written.

    On crash: the file is as before or as after; another one, whose name begins with a dot, may
    be left beside it.
    """
    directory, name = os.path.split(path)
    temporary = f".{name}.{os.getpid()}"
    try:
        with make_directories(directory) as folder:
            if folder.find(temporary) is not None:
                # Of a process that was killed, and whose number is ours now.
                folder.unlink(temporary)
            folder.create(temporary, data)
            folder.replace(temporary, name)
            folder.sync()
    except OSError as error:
        raise as_wf_error(path, error) from None
