"""Notes what one run of an operation does to the disk, call by call, and gives the tree after each.

A process that dies at a call leaves what the calls before it did: what its `finally` blocks would
still have done comes later in the recording. So a recording that is cut off is a process that died
and stayed dead, and one run gives all of its deaths. Nothing is forked.
"""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

from tests.system import CREATE, SYNC, Call, watch_system

# By its path below the top, of each file the bytes and the time, in ns; of a directory the time
# that it had before, and 0 where names in it have changed.
Tree = Mapping[str, tuple[bytes, int] | int]
# One end of a change: the number of the change, and the directory that it changes.
Half = tuple[int, int]
# What becomes of bytes that were not synced.
Fate = Literal["kept", "nothing", "half", "zeros"]
_TOP = 0


@attrs.frozen
class Change:
    """What one call of the system did: names in up to two directories, or bytes, or a time.

    `node` is what it is about; `drops` and `adds` are a directory and a name in it. Without any
    of them it is a sync, of `node`.
    """

    verb: str
    node: int
    drops: tuple[int, str] | None = None
    adds: tuple[int, str] | None = None
    data: bytes = b""
    mtime_ns: int = 0

    @property
    def folders(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(end[0] for end in (self.drops, self.adds) if end))


class Recording:
    """The directories and files below a top as they were, and the changes in their order."""

    def __init__(self, top: Path) -> None:
        self.changes: list[Change] = []
        self._folders: dict[int, dict[str, int]] = {}
        self._files: dict[int, tuple[bytes, int]] = {}
        self._times: dict[int, int] = {}
        self._nodes: dict[tuple[int, int], int] = {}
        self._count = 0
        self._scan(str(top))
        self._now = {node: dict(names) for node, names in self._folders.items()}

    @property
    def directories(self) -> frozenset[int]:
        """The nodes that are directories, those that were made among them."""
        return frozenset(self._now)

    def _scan(self, path: str) -> int:
        status = os.lstat(path)
        node = self._add(status)
        if stat.S_ISDIR(status.st_mode):
            self._folders[node] = {}
            self._times[node] = status.st_mtime_ns
            for name in sorted(os.listdir(path)):
                self._folders[node][name] = self._scan(f"{path}/{name}")
        else:
            assert stat.S_ISREG(status.st_mode), path
            self._files[node] = Path(path).read_bytes(), status.st_mtime_ns
        return node

    def _add(self, status: os.stat_result) -> int:
        node, self._count = self._count, self._count + 1
        # The system uses a number again once a file is gone; this is another node.
        self._nodes[status.st_dev, status.st_ino] = node
        return node

    def _find(self, descriptor: int) -> int | None:
        """Return the node of an open file or directory, or None where it is not below the top."""
        status = os.fstat(descriptor)
        return self._nodes.get((status.st_dev, status.st_ino))

    def __call__(
        self, name: str, real: Call, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        result = real(*args, **options)
        note = _NOTES.get(name)
        if note is not None:
            change = note(self, name, result, *args, **options)
            if change is not None:
                self._take(change)
        return result

    def _take(self, change: Change) -> None:
        self.changes.append(change)
        if change.drops:
            self._now[change.drops[0]].pop(change.drops[1])
        if change.adds:
            self._now[change.adds[0]][change.adds[1]] = change.node

    def _note_create(
        self, verb: str, result: int, name: str, flags: int, *_: int, dir_fd: int
    ) -> Change | None:
        folder = self._find(dir_fd)
        if folder is None or name in self._now[folder]:
            return None
        status = os.fstat(result)
        return Change(verb, self._add(status), adds=(folder, name), mtime_ns=status.st_mtime_ns)

    def _note_make(self, verb: str, _: None, name: str, mode: int, *, dir_fd: int) -> Change | None:
        folder = self._find(dir_fd)
        if folder is None:
            return None
        node = self._add(os.stat(name, dir_fd=dir_fd))
        self._now[node] = {}
        return Change(verb, node, adds=(folder, name))

    def _note_removal(self, verb: str, _: None, name: str, *, dir_fd: int) -> Change | None:
        folder = self._find(dir_fd)
        if folder is None:
            return None
        return Change(verb, self._now[folder][name], drops=(folder, name))

    def _note_rename(
        self, verb: str, _: None, name: str, new_name: str, *, src_dir_fd: int, dst_dir_fd: int
    ) -> Change:
        source, target = self._find(src_dir_fd), self._find(dst_dir_fd)
        assert source is not None
        assert target is not None
        return Change(verb, self._now[source][name], (source, name), (target, new_name))

    def _note_time(self, verb: str, _: None, descriptor: int, *, ns: tuple[int, int]) -> Change:
        node = self._find(descriptor)
        assert node is not None
        return Change(verb, node, mtime_ns=ns[1])

    def _note_write(self, verb: str, count: int, descriptor: int, data: bytes) -> Change | None:
        node = self._find(descriptor)
        if node is None:
            return None
        mtime_ns = os.fstat(descriptor).st_mtime_ns
        return Change(verb, node, data=data[:count], mtime_ns=mtime_ns)

    def _note_sync(self, verb: str, _: None, descriptor: int) -> Change | None:
        node = self._find(descriptor)
        return None if node is None else Change(verb, node)

    def grow(
        self,
        at: int,
        *,
        torn: int | None = None,
        lost: frozenset[Half] = frozenset(),
        fate: Fate = "kept",
    ) -> Tree:
        """Return the tree after the first `at` changes.

        Args:
            at: how many changes.
            torn: of the next one, which writes, so many bytes are there too.
            lost: ends of changes that never reached the drive.
            fate: what becomes of bytes, and of times, that were not synced.
        """
        changes = self.changes[:at]
        if torn is not None:
            changes.append(attrs.evolve(self.changes[at], data=self.changes[at].data[:torn]))
        folders = {node: dict(names) for node, names in self._folders.items()}
        times = dict(self._times)
        for number, change in enumerate(changes):
            if change.drops and (number, change.drops[0]) not in lost:
                folders.setdefault(change.drops[0], {}).pop(change.drops[1], None)
                times[change.drops[0]] = 0
            if change.adds and (number, change.adds[0]) not in lost:
                folders.setdefault(change.adds[0], {})[change.adds[1]] = change.node
                times[change.adds[0]] = 0
        files = self._read_files(changes, fate)
        tree: dict[str, tuple[bytes, int] | int] = {}

        def visit(node: int, path: str) -> None:
            for name, inner in sorted(folders.get(node, {}).items()):
                tree[path + name] = files[inner] if inner in files else times.get(inner, 0)
                if inner not in files:
                    visit(inner, f"{path}{name}/")

        visit(_TOP, "")
        return tree

    def _read_files(self, changes: list[Change], fate: Fate) -> dict[int, tuple[bytes, int]]:
        files, synced = dict(self._files), dict(self._files)
        for change in changes:
            if change.mtime_ns:
                before = files.get(change.node, (b"", 0))[0]
                files[change.node] = before + change.data, change.mtime_ns
                synced.setdefault(change.node, (b"", change.mtime_ns))
            elif change.verb == SYNC and change.node in files:
                synced[change.node] = files[change.node]
        if fate == "kept":
            return files
        return {node: _spoil(file, synced[node], fate) for node, file in files.items()}


_NOTES: Mapping[str, Callable[..., Change | None]] = {
    CREATE: Recording._note_create,
    "mkdir": Recording._note_make,
    "unlink": Recording._note_removal,
    "rmdir": Recording._note_removal,
    "rename": Recording._note_rename,
    "replace": Recording._note_rename,
    "utime": Recording._note_time,
    "write": Recording._note_write,
    SYNC: Recording._note_sync,
}


def _spoil(file: tuple[bytes, int], synced: tuple[bytes, int], fate: Fate) -> tuple[bytes, int]:
    safe, mtime_ns = synced
    rest = file[0][len(safe) :]
    left = {"nothing": b"", "half": rest[: len(rest) // 2], "zeros": bytes(len(rest))}
    return safe + left[fate], mtime_ns


def record(top: Path, act: Callable[[], object]) -> Recording:
    """Run an act and note what it does to the disk below a directory."""
    recording = Recording(top)
    with pytest.MonkeyPatch.context() as patch:
        watch_system(patch, recording)
        act()
    return recording


def plant(tree: Tree, top: Path) -> None:
    """Make a tree at a path that does not exist yet."""
    top.mkdir(parents=True)
    for path, file in tree.items():
        place = f"{top}/{path}"
        if isinstance(file, int):
            os.mkdir(place)
        else:
            Path(place).write_bytes(file[0])
            os.utime(place, ns=(file[1], file[1]))
    for path, mtime_ns in tree.items():
        if isinstance(mtime_ns, int) and mtime_ns:
            os.utime(f"{top}/{path}", ns=(mtime_ns, mtime_ns))
