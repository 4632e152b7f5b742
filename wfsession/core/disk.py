"""The only hands on the disk: one thin verb for each system call that the protocol needs.

Knows descriptors, not sessions. Every call is relative to an open directory, no call follows a
symlink, and no open blocks (protocol.md, 2). Raises OSError as the system gives it, and UnsafePath
where a path is not of the kind that it must be. Imports only `errors`; nothing heavy at import.
"""

import errno
import os
import stat

from wfsession.errors import UnsafePath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_BLOCK = getattr(os, "O_NONBLOCK", 0)
_UPDATE = os.O_RDWR | _NO_FOLLOW | _NO_BLOCK | getattr(os, "O_CLOEXEC", 0)
_APPEND = _UPDATE | os.O_APPEND | os.O_CREAT
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | getattr(os, "O_CLOEXEC", 0)
# Where the system has no calls relative to a directory (Windows), folders go by their path.
_HAS_DESCRIPTORS = os.open in os.supports_dir_fd
_NOT_A_DIRECTORY = (errno.ENOTDIR, errno.ELOOP, errno.EMLINK)
_NOTHING_TO_SYNC = (errno.EINVAL, errno.ENOTSUP)


class FileContents:
    """The bytes of a regular file, with what tells whether it is still the same one.

    `identity` is (device, inode, mtime in ns, size in bytes); mode, uid, gid are the owner's.
    """

    __slots__ = ("data", "gid", "identity", "mode", "uid")

    def __init__(self, data: bytes, status: os.stat_result) -> None:
        self.data = data
        self.identity = identify(status)
        self.mode = stat.S_IMODE(status.st_mode)
        self.uid = status.st_uid
        self.gid = status.st_gid

    def is_same(self, other: "FileContents") -> bool:
        """Tell whether the file was untouched between two readings, in its bytes too."""
        return self.identity == other.identity and self.data == other.data


def identify(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return (device, inode, mtime in ns, size in bytes): equal means untouched."""
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def is_regular(status: os.stat_result) -> bool:
    """Tell whether an `lstat` is of a regular file."""
    return stat.S_ISREG(status.st_mode)


def is_directory(status: os.stat_result) -> bool:
    """Tell whether an `lstat` is of a real directory."""
    return stat.S_ISDIR(status.st_mode)


def _sync_descriptor(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows has no fcntl, and no full sync
        os.fsync(descriptor)
        return
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fsync(descriptor)
    else:  # pragma: no cover - macOS: fsync alone leaves the bytes in the drive's cache
        fcntl.fcntl(descriptor, full)


def _tell_path(
    call: "Callable[Concatenate[Folder, P], T]",
) -> "Callable[Concatenate[Folder, P], T]":
    """Let the errors of a call name a whole path, and not an entry of some directory."""

    def told(self: "Folder", /, *args: "P.args", **kwargs: "P.kwargs") -> "T":
        try:
            return call(self, *args, **kwargs)
        except OSError as error:
            # A call on a descriptor names nothing; the entry is the first argument of each.
            named = error.filename if isinstance(error.filename, str) else args[0]
            if not os.path.isabs(str(named)):
                error.filename = self.join(str(named))
            raise

    told.__doc__ = call.__doc__
    return told


class Folder:
    """An open directory. All names are single entries of it; use it as a context manager."""

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: str, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def open(cls, path: str) -> "Folder":
        """Open the directory at an absolute path, whose last component is no symlink.

        Raises:
            UnsafePath: it is a symlink or no directory.
            OSError: as the system says, FileNotFoundError among them.
        """
        return cls._open(path, path, None)

    @classmethod
    def _open(cls, path: str, name: str, parent: int | None) -> "Folder":
        if not _HAS_DESCRIPTORS:
            if not is_directory(os.lstat(path)):
                raise UnsafePath(path, "is no directory (or a symlink to one)")
            return cls(path, None)
        try:
            descriptor = os.open(name, _READ | _DIRECTORY | _NO_FOLLOW, dir_fd=parent)
        except OSError as error:
            if error.errno in _NOT_A_DIRECTORY:
                raise UnsafePath(path, "is no directory (or a symlink to one)") from None
            error.filename = path
            raise
        return cls(path, descriptor)

    def child(self, name: str) -> "Folder":
        """Open a directory in this one, as `open` does."""
        return self._open(self.join(name), name, self._descriptor)

    def again(self) -> "Folder":
        """Open this same directory once more, wherever it is by now."""
        if self._descriptor is None:
            return self.open(self.path)
        flags = _READ | _DIRECTORY
        return Folder(self.path, os.open(os.curdir, flags, dir_fd=self._descriptor))

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor; once is enough, twice does no harm."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def join(self, name: str) -> str:
        """Return the absolute path of an entry."""
        return f"{self.path.rstrip('/')}/{name}" if os.sep == "/" else os.path.join(self.path, name)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else self.join(name)

    def list_names(self) -> list[str]:
        """Return the names of all entries, in the system's order."""
        return os.listdir(self.path if self._descriptor is None else self._descriptor)

    def read_status(self) -> os.stat_result:
        """Return the status of this directory itself."""
        return os.stat(self.path if self._descriptor is None else self._descriptor)

    def is_writable(self, name: str) -> bool:
        """Tell whether an entry may be written to, as far as its permissions say."""
        return os.access(self._at(name), os.W_OK, dir_fd=self._descriptor)

    @_tell_path
    def stat(self, name: str) -> os.stat_result:
        """Return the status of an entry, of the link itself where it is a symlink."""
        return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)

    def find(self, name: str) -> os.stat_result | None:
        """Return what `stat` does, or None where there is no such entry."""
        try:
            return self.stat(name)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _open_entry(self, name: str, flags: int = _READ) -> int:
        flags |= _NO_FOLLOW | _NO_BLOCK
        try:
            return os.open(self._at(name), flags, 0o666, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO):
                raise UnsafePath(self.join(name), "is a symlink or no regular file") from None
            raise

    @_tell_path
    def open_file(self, name: str) -> tuple[int, os.stat_result]:
        """Open a regular file, to be read; UnsafePath where it is none."""
        descriptor = self._open_entry(name)
        status = os.fstat(descriptor)
        if is_regular(status):
            return descriptor, status
        os.close(descriptor)
        raise UnsafePath(self.join(name), "is no regular file")

    @_tell_path
    def read(self, name: str, limit_bytes: int) -> FileContents:
        """Return the bytes of a regular file of at most `limit_bytes`.

        Raises:
            UnsafePath: it is a symlink, or no regular file, or larger; nothing was read.
            OSError: as the system says, FileNotFoundError among them.
        """
        descriptor, status = self.open_file(name)
        try:
            if status.st_size > limit_bytes:
                size = f"has {status.st_size:,} bytes, and {limit_bytes:,} is the most"
                raise UnsafePath(self.join(name), size)
            return FileContents(_read_file(descriptor, status.st_size, limit_bytes), status)
        finally:
            os.close(descriptor)

    @_tell_path
    def create(self, name: str, data: bytes, like: FileContents | None = None) -> None:
        """Create a file that must not exist, with `data`, synced.

        Args:
            name: the entry's name.
            data: all of its bytes.
            like: a file whose mode and owner the new one takes, the owner as far as allowed.

        Raises:
            OSError: as the system says; the file is gone again then.

        On crash: the file is absent, or there with any part of `data`.
        """
        descriptor = os.open(self._at(name), _NEW, 0o666, dir_fd=self._descriptor)
        try:
            _fill(descriptor, data, like)
        except OSError:
            self._drop_partial(name)
            raise
        finally:
            os.close(descriptor)

    @_tell_path
    def append(self, name: str, line: bytes, durable: bool, takes_back: bool = False) -> None:
        """Write a line, or several, at the end of a file, made if it is missing.

        Args:
            name: the entry's name.
            line: the bytes, with the newline at their end.
            durable: whether the file is synced, and the directory too if the file is new.
            takes_back: whether to cut off again what was written of it if the rest cannot be.

        Raises:
            UnsafePath: it is a symlink, or no regular file, or has another name elsewhere.
            OSError: as the system says; a part of the line may be there then.

        On crash: any part of the line is there; the next one starts on a line of its own.
        """
        descriptor = self._open_entry(name, _APPEND)
        try:
            status = os.fstat(descriptor)
            if not is_regular(status) or status.st_nlink != 1:
                raise UnsafePath(self.join(name), "is no regular file, or has another name")
            if status.st_size:
                os.lseek(descriptor, -1, os.SEEK_END)
                if os.read(descriptor, 1) != b"\n":
                    line = b"\n" + line
            try:
                _write(descriptor, line)
            except OSError:
                if takes_back:
                    os.ftruncate(descriptor, status.st_size)
                raise
            if durable:
                _sync_descriptor(descriptor)
        finally:
            os.close(descriptor)
        if durable and not status.st_size:
            self.sync()

    def _drop_partial(self, name: str) -> None:
        """Remove half of a file: it must not stand in the way of the next try."""
        try:
            self.unlink(name)
        except OSError:
            pass  # as after a crash; the first error is the one to tell

    @_tell_path
    def create_marker(self, name: str) -> None:
        """Create an empty file that must not exist; durable once the directory is synced."""
        os.close(os.open(self._at(name), _NEW, 0o666, dir_fd=self._descriptor))

    def _rename(self, call: "Callable[..., None]", name: str, new: str, into: "Folder") -> None:
        call(
            self._at(name), into._at(new), src_dir_fd=self._descriptor, dst_dir_fd=into._descriptor
        )

    @_tell_path
    def replace(self, name: str, new_name: str, into: "Folder | None" = None) -> None:
        """Rename a file over whatever file has the new name, in one step.

        On crash: the old or the new; durable once both directories are synced.
        """
        other = self if into is None else into
        self._rename(os.replace, name, new_name, other)

    @_tell_path
    def move(self, name: str, new_name: str, into: "Folder | None" = None) -> None:
        """Rename a file or a directory to a name that must be free (protocol.md, 5).

        Raises:
            FileExistsError: the name is taken, by an empty directory too.
            OSError: EXDEV where the target is on another device; nothing is ever copied.
        """
        other = self if into is None else into
        if other.find(new_name) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), other.join(new_name))
        self._rename(os.rename, name, new_name, other)

    @_tell_path
    def unlink(self, name: str) -> None:
        """Remove a file's name."""
        os.unlink(self._at(name), dir_fd=self._descriptor)

    @_tell_path
    def make(self, name: str) -> None:
        """Create a directory that must not exist."""
        os.mkdir(self._at(name), 0o777, dir_fd=self._descriptor)

    @_tell_path
    def make_symlink(self, name: str, target: str) -> None:
        """Create a symlink that must not exist; only a trial of the disk has a use for one."""
        os.symlink(target, self._at(name), dir_fd=self._descriptor)

    @_tell_path
    def make_hard_link(self, name: str, new_name: str) -> None:
        """Give a file a second name; only a trial of the disk has a use for one."""
        os.link(
            self._at(name),
            self._at(new_name),
            src_dir_fd=self._descriptor,
            dst_dir_fd=self._descriptor,
        )

    def make_if_missing(self, name: str) -> bool:
        """Make a directory, durable at once, where nothing has that name; tell whether it did."""
        if self.find(name) is not None:
            return False
        try:
            self.make(name)
        except FileExistsError:
            return False
        self.sync()
        return True

    @_tell_path
    def remove(self, name: str) -> None:
        """Remove an empty directory."""
        os.rmdir(self._at(name), dir_fd=self._descriptor)

    @_tell_path
    def set_mtime(self, name: str, mtime_ns: int) -> None:
        """Set the time stamps of an entry, in nanoseconds.

        Raises:
            UnsafePath: it is a symlink, or a file with another name, whose time that is too.
        """
        if os.utime not in os.supports_fd:  # pragma: no cover - Windows
            os.utime(self._at(name), ns=(mtime_ns, mtime_ns))
            return
        descriptor = self._open_entry(name)
        try:
            status = os.fstat(descriptor)
            if not is_directory(status) and status.st_nlink != 1:
                raise UnsafePath(self.join(name), "has another name, whose time it is too")
            os.utime(descriptor, ns=(mtime_ns, mtime_ns))
        finally:
            os.close(descriptor)

    def sync(self) -> bool:
        """Make the names here durable (protocol.md, 4); tell whether the system can at all."""
        if self._descriptor is None:
            return False
        try:
            _sync_descriptor(self._descriptor)
        except OSError as error:
            if error.errno not in _NOTHING_TO_SYNC:
                raise
            return False
        return True

    @_tell_path
    def open_lock_file(self, name: str, create: bool) -> int:
        """Open the file that is locked, and return its descriptor."""
        flags = _UPDATE | os.O_CREAT if create else _UPDATE
        return os.open(self._at(name), flags, 0o666, dir_fd=self._descriptor)


def make_directories(path: str) -> Folder:
    """Make a directory of the user's own with those above it, and open it."""
    os.makedirs(path, exist_ok=True)
    return Folder.open(os.path.realpath(path))


def read_all(descriptor: int, limit_bytes: int) -> bytes:
    """Return what is left to read of an open file, at most `limit_bytes` of it."""
    parts: list[bytes] = []
    while limit_bytes > 0 and (part := os.read(descriptor, min(limit_bytes, 1 << 16))):
        parts.append(part)
        limit_bytes -= len(part)
    return b"".join(parts)


def _read_file(descriptor: int, size_bytes: int, limit_bytes: int) -> bytes:
    """Return what is in a regular file of that size, which may be changing; usually in one call."""
    data = os.read(descriptor, size_bytes + 1)
    if len(data) == size_bytes:
        return data
    return data + read_all(descriptor, limit_bytes + 1 - len(data))


def _write(descriptor: int, data: bytes) -> None:
    written = 0
    while written < len(data):
        written += os.write(descriptor, data[written:])


def _fill(descriptor: int, data: bytes, like: FileContents | None) -> None:
    _write(descriptor, data)
    if like is not None and hasattr(os, "fchmod"):
        _take_owner(descriptor, like)
    _sync_descriptor(descriptor)


def _take_owner(descriptor: int, like: FileContents) -> None:
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (like.uid, like.gid):
        try:
            os.fchown(descriptor, like.uid, like.gid)
        except PermissionError:
            pass  # only root may give files away; the mode below still holds
    os.fchmod(descriptor, like.mode)
