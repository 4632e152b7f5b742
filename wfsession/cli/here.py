"""The current directory, which may be gone. Imports nothing heavy."""

import errno
import os

from wfsession.errors import DiskFailed


def check_directory() -> None:
    """Make sure that there is a current directory.

    Raises:
        DiskFailed: somebody deleted it.
    """
    try:
        os.getcwd()
    except FileNotFoundError:
        error = DiskFailed(".", OSError(errno.ENOENT, os.strerror(errno.ENOENT)))
        error.message = "the current directory has been deleted"
        error.hint = "cd to a directory that exists"
        raise error from None
