"""The lock of a root, which one writer at a time holds (protocol.md, 4).

Opens and signs a file of the private directory; changes nothing of a session. Loads nothing heavy.
"""

import errno
import os
import time

from wfsession.core.disk import Folder, is_regular, read_all
from wfsession.errors import LockTimeout, UnsafePath

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.001, 0.02

# What `flock` says on one disk or another where somebody else has it.
_HELD = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK)

_held: set[int] = set()


def _close_in_child() -> None:  # pragma: no cover - what a forked child does is not measured
    """Close what the parent holds, never unlock it: both share one lock (protocol.md, 4)."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows does not fork
    os.register_at_fork(after_in_child=_close_in_child)


def _try_lock(descriptor: int) -> bool:
    """Lock an open file without waiting, as filelock does; tell whether that went well."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows, whose locks are another matter
        from filelock import lock_descriptor

        return lock_descriptor(descriptor, blocking=False)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


class Lock:
    """The one lock that the writers of a root hold: a file in its private directory.

    It is the operating system's (`flock`, or what filelock has where there is none): it ends with
    its process. The file says who holds it, for people; nothing is decided by that.
    """

    def __init__(self, root: Folder, private: str, name: str) -> None:
        self._root = root
        self._private = private
        self._name = name
        self._descriptor = -1
        self._pid = 0

    @property
    def path(self) -> str:
        """The absolute path of the lock file."""
        return self._root.join(f"{self._private}/{self._name}")

    @property
    def descriptor(self) -> int:
        """The open lock file; whoever inherits it holds the lock too. -1 while it is not held."""
        return self._descriptor

    def acquire(self, timeout_s: float, create: bool = True) -> None:
        """Take the lock, waiting at most `timeout_s` seconds.

        Args:
            timeout_s: seconds, 0 for a single try.
            create: make the file where there is none, and sign it; a reader does neither.

        Raises:
            LockTimeout: somebody else held it all that time.
            UnsafePath: the lock file is a symlink or no regular file.
            OSError: as the system says, FileNotFoundError among them.
        """
        deadline = time.monotonic() + timeout_s
        wait_s = _FIRST_WAIT_S
        while True:
            descriptor = self._open(create)
            if _try_lock(descriptor):
                self._descriptor, self._pid = descriptor, os.getpid()
                _held.add(descriptor)
                if self._is_taken(create):
                    return
                self.release()
            else:
                holder = read_all(descriptor, 200).decode(errors="replace").strip()
                os.close(descriptor)
                if time.monotonic() >= deadline:
                    raise LockTimeout(self.path, timeout_s, holder)
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _is_taken(self, sign: bool) -> bool:
        try:
            if not self.is_ours():
                return False
        except OSError:
            # Nobody would let go of it.
            self.release()
            raise
        if sign:
            self._sign()
        return True

    def _open(self, create: bool) -> int:
        try:
            with self._root.child(self._private) as private:
                descriptor = private.open_lock_file(self._name, create)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO):
                raise UnsafePath(self.path, "is no regular file") from None
            raise
        if is_regular(os.fstat(descriptor)):
            return descriptor
        os.close(descriptor)
        raise UnsafePath(self.path, "is no regular file")

    def _sign(self) -> None:
        host = os.uname().nodename if hasattr(os, "uname") else ""
        try:
            # Whatever else somebody put or linked here keeps its bytes.
            before = read_all(self._descriptor, 200)
            name = f"process {self._pid} on {host}\n".encode()
            if before == name or (before and not before.startswith(b"process ")):
                return
            if os.fstat(self._descriptor).st_nlink != 1:
                return
            # Not emptied first: ext4 writes what was emptied and filled again to the drive at once.
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, name)
            os.ftruncate(self._descriptor, len(name))
        except OSError:
            pass  # a full disk: the lock holds without a name on it

    def is_ours(self) -> bool:
        """Tell whether the file that we locked is still the one that others would lock."""
        if self._descriptor < 0 or self._pid != os.getpid():
            return False
        status = self._root.find(f"{self._private}/{self._name}")
        return status is not None and os.path.samestat(status, os.fstat(self._descriptor))

    def release(self) -> None:
        """Let the lock go, in the process that took it; once is enough."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0 and self._pid == os.getpid():
            _held.discard(descriptor)
            os.close(descriptor)
