"""Disks that are really full or read-only, and a process that really has no descriptors left."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import wfsession
from tests.faults.test_crashes import build, list_texts, look_at, without_several
from tests.faults.test_every_call import run_with
from tests.figures import count
from tests.hands import run_in_child
from tests.system import Fault
from tests.trees_disk import list_leftovers, mark, photograph
from tests.writers import WRITERS
from wfsession.errors import DiskFailed

# What changes the root that `build` makes, in the order in which it is done to one root.
NAMES = ("create", "switch", "update", "checkpoint", "rename", "complete and archive")
_SIZE_BYTES = 256 * 1024


def mount(place: Path, options: str) -> bool:
    """Mount a small file system in memory, or mount it again; tell whether that is allowed."""
    words = ["mount", "-t", "tmpfs", "-o", options, "wfsession-tests", str(place)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    if not mount(place, f"size={_SIZE_BYTES}"):
        pytest.skip("capability mount: this user may not mount a file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path, free_pages: int) -> Path:
    """Take up all room of a disk but for some pages; returns the file that does."""
    path = place / "filling"
    status = os.statvfs(place)
    path.write_bytes(bytes((status.f_bavail - free_pages) * status.f_frsize))
    assert os.statvfs(place).f_bavail == free_pages
    return path


@pytest.mark.parametrize("name", NAMES)
def test_on_a_disk_that_is_really_full_an_operation_is_done_or_nothing_is(
    small_disk: Path, name: str
) -> None:
    writer = WRITERS[name]
    outcomes = []
    for free_pages in range(12):
        root = build(small_disk / "project")
        before, texts = look_at(root), list_texts(root)
        filling = fill(small_disk, free_pages)
        error = run_with(Fault(), partial(writer.run, root))[1]
        assert error is None or (isinstance(error, DiskFailed) and error.errno == errno.ENOSPC)
        outcomes.append("full" if error else "done")
        count("operations on a full disk")
        seen = without_several(look_at(root))
        # Archiving comes after completing, which is done by then.
        done = 1 if outcomes[-1] == "done" else 3 if name == "complete and archive" else 0
        assert seen in (before, writer.states[-1], *writer.states[:done])
        assert seen == (writer.states[-1] if outcomes[-1] == "done" else seen)
        assert list_texts(root) == texts
        assert list_leftovers(root) == []
        filling.unlink()
        shutil.rmtree(small_disk / "project")
    assert outcomes[0] == "full"
    assert outcomes[-1] == "done"


@pytest.mark.parametrize("name", NAMES)
def test_on_a_disk_that_is_really_read_only_nothing_changes_and_all_can_be_read(
    small_disk: Path, name: str
) -> None:
    root = build(small_disk / "project")
    mark(root, "gone")
    before = photograph(root)
    assert mount(small_disk, "remount,ro")

    with pytest.raises(DiskFailed) as caught:
        WRITERS[name].run(root)

    assert caught.value.errno == errno.EROFS
    assert wfsession.current(root) == "a"
    assert len(wfsession.open(root).sessions(archived=True)) == 4
    assert photograph(root) == before
    with pytest.raises(DiskFailed):
        wfsession.open(root).heal()
    assert photograph(root) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_process_without_descriptors_says_so_and_leaves_a_known_state(
    tmp_path: Path, name: str
) -> None:
    resource = pytest.importorskip("resource")
    writer = WRITERS[name]
    # All that is imported on the way needs descriptors too.
    writer.run(build(tmp_path / "warm"))

    for spare in range(12):
        root = build(tmp_path / str(spare))
        texts = list_texts(root)

        def act(root: Path = root, spare: int = spare) -> None:
            lowest = os.dup(0)
            os.close(lowest)
            limit = lowest + spare
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            error = run_with(Fault(), lambda: writer.run(root))[1]
            assert error is None or os.strerror(errno.EMFILE) in str(error)

        run_in_child(act)
        count("operations without descriptors")
        assert without_several(look_at(root)) in writer.states
        assert list_texts(root) == texts
