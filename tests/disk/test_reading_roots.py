"""What reading leaves as it is, and roots that are missing, no real directory, or closed to us."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wfsession
from tests.hands import fail, play
from tests.trees_disk import (
    RECORD,
    get,
    make_root,
    photograph,
    read,
)
from wfsession.core.disk import Folder
from wfsession.core.snapshot import read_session
from wfsession.errors import DiskFailed, RootNotFound, UnsafePath, WfError

READERS: list[Callable[[Path], Any]] = [
    wfsession.current,
    lambda project: wfsession.open(project).snapshot(),
    lambda project: wfsession.open(project).sessions(),
    lambda project: wfsession.open(project).active(),
    lambda project: wfsession.open(project).get("WFS-bug-fix-123"),
    lambda project: wfsession.open(project).get("WFS-old-thing"),
    lambda project: wfsession.open(project).previous(),
    lambda project: wfsession.open(project).resolve(),
    lambda project: wfsession.open(project).switch("WFS-oauth-integration", dry_run=True),
]


@pytest.mark.parametrize("has_written", [False, True])
@pytest.mark.parametrize("number", range(len(READERS)))
def test_reading_changes_nothing_not_even_a_time(
    seed_tree: Path, number: int, has_written: bool
) -> None:
    if has_written:
        wfsession.open(seed_tree).checkpoint()
    # A second marker of this moment makes listings void, up to the lock.
    (seed_tree / ".workflow" / ".active-WFS-bug-fix-123").touch()
    before = photograph(seed_tree)

    READERS[number](seed_tree)

    assert photograph(seed_tree) == before


def test_a_root_that_is_missing_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(RootNotFound):
        read(tmp_path / ".workflow")


@pytest.mark.parametrize("kind", ["file", "symlink", "loop", "fifo"])
def test_a_root_that_is_no_real_directory_is_refused(tmp_path: Path, kind: str) -> None:
    root = tmp_path / ".workflow"
    if kind == "file":
        root.touch()
    elif kind == "symlink":
        make_root(tmp_path / "other")
        root.symlink_to(tmp_path / "other" / ".workflow")
    elif kind == "loop":
        root.symlink_to(root)
    else:
        os.mkfifo(root)
    before = photograph(tmp_path)

    calls: list[Callable[[], object]] = [
        lambda: read(root),
        lambda: wfsession.open(tmp_path),
        lambda: wfsession.init(tmp_path),
        lambda: wfsession.current(tmp_path),
    ]
    for call in calls:
        with pytest.raises(UnsafePath) as caught:
            call()
        assert str(root) in str(caught.value)
    assert photograph(tmp_path) == before


@pytest.mark.parametrize("number", [5, 13])
def test_a_root_that_cannot_be_read_names_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    root = make_root(tmp_path, "WFS-a")
    fail(monkeypatch, number, "list_names")

    for call in (
        lambda: wfsession.open(tmp_path).snapshot(),
        lambda: wfsession.current(tmp_path),
        lambda: wfsession.open(tmp_path).active(),
        lambda: wfsession.open(tmp_path).get("WFS-a"),
    ):
        with pytest.raises(DiskFailed) as caught:
            call()
        assert caught.value.errno == number
        assert caught.value.path.startswith(str(root))


def test_a_root_that_may_not_be_opened_is_a_failure_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_root(tmp_path, "WFS-a")
    workspace = wfsession.open(tmp_path)

    def refuse(path: str) -> Folder:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Folder, "open", refuse)

    with pytest.raises(DiskFailed):
        workspace.snapshot()


def test_a_session_that_has_gone_reads_as_none(tmp_path: Path) -> None:
    from wfsession.core.locate import Place
    from wfsession.core.markers import Listing

    root = make_root(tmp_path, "WFS-a")
    (root / "completed").mkdir()
    with Folder.open(str(root)) as folder:
        listing = Listing(folder)
        assert read_session(folder, Place("WFS-gone", "root"), listing) is None
        assert read_session(folder, Place("WFS-gone", "completed"), listing) is None


def test_get_says_so_when_the_session_goes_away_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path, "WFS-a")
    workspace = wfsession.open(tmp_path)
    play(monkeypatch, "child", lambda: (root / "WFS-a").rename(tmp_path / "away"))

    with pytest.raises(WfError, match="WFS-a"):
        workspace.get("WFS-a")


@pytest.mark.skipif(not hasattr(os, "mknod"), reason="the system makes no devices")
def test_a_device_is_never_read(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-a")
    record = root / "WFS-a" / RECORD
    record.unlink()
    try:
        # /dev/zero, whose reading would never end.
        os.mknod(record, 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")

    assert get(root, "WFS-a").problems == ("record-unreadable",)
