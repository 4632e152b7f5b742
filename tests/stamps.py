"""A disk whose time stamps are coarse, and whose clock is moved by hand: a stand-in for stat.

The stamps of the disk under the tests are so fine that no two changes share one.
"""

import os
import time
from pathlib import Path
from typing import Any

import attrs
import pytest

from wfsession.core.disk import Folder


@attrs.define
class Stamps:
    """Shows each file with the time at which it changed, by a clock of its own, cut to a grain."""

    grain_ns: int
    now_ns: int = 1_800_000_000_123_456_789
    # Of each file: what its real stamps are, and the ones that are shown for them.
    _shown: dict[tuple[int, int], tuple[Any, int, int]] = attrs.Factory(dict)

    def wait(self, span_ns: int) -> None:
        self.now_ns += span_ns

    def install(self, patch: pytest.MonkeyPatch) -> "Stamps":
        for verb in ("read_status", "stat"):
            patch.setattr(Folder, verb, self._show_all_of(getattr(Folder, verb)))
        set_mtime = Folder.set_mtime

        def set_and_show(folder: Folder, name: str, mtime_ns: int) -> None:
            cut_ns = self._cut(mtime_ns)
            set_mtime(folder, name, cut_ns)
            shown = Folder.stat(folder, name)
            self._shown[shown.st_dev, shown.st_ino] = (shown.real, cut_ns, self._cut(self.now_ns))  # type: ignore[attr-defined]  # only here

        patch.setattr(Folder, "set_mtime", set_and_show)
        patch.setattr(time, "time_ns", lambda: self.now_ns)
        patch.setattr(time, "sleep", lambda seconds: self.wait(int(seconds * 1e9)))
        return self

    def set_back(self, path: Path, mtime_ns: int) -> None:
        """Set the modification time of a directory by hand; the time of that is now."""
        os.utime(path, ns=(mtime_ns, mtime_ns))
        status = os.stat(path)
        real = status.st_mtime_ns, status.st_ctime_ns
        now_ns = self._cut(self.now_ns)
        self._shown[status.st_dev, status.st_ino] = (real, self._cut(mtime_ns), now_ns)

    def _cut(self, moment_ns: int) -> int:
        return moment_ns - moment_ns % self.grain_ns

    def _show_all_of(self, verb: Any) -> Any:
        def show(*args: Any) -> Any:
            status = verb(*args)
            key = status.st_dev, status.st_ino
            real = status.st_mtime_ns, status.st_ctime_ns
            if key not in self._shown or self._shown[key][0] != real:
                now_ns = self._cut(self.now_ns)
                self._shown[key] = (real, now_ns, now_ns)
            _, mtime_ns, ctime_ns = self._shown[key]
            return _Status(status, real, mtime_ns, ctime_ns)

        return show


class _Status:
    def __init__(self, status: Any, real: Any, mtime_ns: int, ctime_ns: int) -> None:
        self._status = status
        self.real = real
        self.st_mtime_ns = mtime_ns
        self.st_ctime_ns = ctime_ns

    def __getattr__(self, name: str) -> Any:
        return getattr(self._status, name)
