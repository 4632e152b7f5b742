"""The locks of workdirs and caches: files that one process at a time holds, by `core.lock`.

A lock ends with its process, and with those that inherited its descriptor: a git that outlives us
keeps others out until it is done.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from wfsession.core.disk import Folder, make_directories
from wfsession.core.lock import Lock
from wfsession.errors import LockTimeout, as_wf_error

DEFAULT_WAIT_S = 600.0


@contextmanager
def hold(path: str, timeout_s: float = DEFAULT_WAIT_S) -> Iterator[int]:
    """Hold the lock of a file while the block runs, and give its descriptor.

    Args:
        path: the file, made if it is missing, in a directory that is made too.
        timeout_s: how long to wait for it, in seconds; 0 for a single try.

    Raises:
        LockTimeout: somebody else held it all that time.
        UnsafePath, DiskFailed: it cannot be made or opened.
    """
    above, private = os.path.split(os.path.dirname(path))
    try:
        make_directories(os.path.join(above, private)).close()
        folder = make_directories(above)
    except OSError as error:
        raise as_wf_error(path, error) from None
    with folder:
        lock = Lock(folder, private, os.path.basename(path))
        try:
            lock.acquire(timeout_s)
        except OSError as error:
            raise as_wf_error(path, error) from None
        try:
            yield lock.descriptor
        finally:
            lock.release()


def is_held(path: str) -> bool:
    """Tell whether somebody holds a lock. Makes nothing, and waits for nobody."""
    above, private = os.path.split(os.path.dirname(path))
    try:
        with Folder.open(os.path.realpath(above)) as folder:
            lock = Lock(folder, private, os.path.basename(path))
            lock.acquire(0, create=False)
            lock.release()
    except LockTimeout:
        return True
    except OSError:
        pass  # there is no such file, or none that we could ever lock
    return False
