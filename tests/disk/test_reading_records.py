"""A record that cannot be read at once: torn, too large, failing; and files made whole."""

import errno
import json
import os
import time
from pathlib import Path

import pytest

from tests.hands import fail
from tests.trees_disk import (
    RECORD,
    make_root,
    read_json,
    write_old,
)
from wfsession.core import disk
from wfsession.core.disk import Folder
from wfsession.core.model import Record
from wfsession.core.records import read_record
from wfsession.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path, "WFS-a", "WFS-b", active="WFS-a")


def _change(path: Path, **fields: object) -> bytes:
    return json.dumps({**json.loads(path.read_bytes()), **fields}, indent=1).encode()


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Take the place of sleeping; the list grows by what would have been slept."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_a_record_that_is_being_written_in_place_is_read_again_until_it_is_whole(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = root / "WFS-a" / RECORD
    whole = record.read_bytes()
    record.write_bytes(whole[:50])
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        record.write_bytes(whole if len(slept) == 3 else whole[:60])

    monkeypatch.setattr(time, "sleep", sleep)

    with Folder.open(str(record.parent)) as folder:
        _, found = read_record(folder)

    assert isinstance(found, Record)
    assert slept == [0.01, 0.03, 0.1]


def test_a_record_that_stays_torn_is_given_up_after_three_waits(
    root: Path, naps: list[float]
) -> None:
    (root / "WFS-a" / RECORD).write_bytes(b"{")

    with Folder.open(str(root / "WFS-a")) as folder:
        contents, found = read_record(folder)

    assert contents is not None
    assert not isinstance(found, Record)
    assert naps == [0.01, 0.03, 0.1]


def test_a_record_that_is_long_torn_or_missing_is_not_waited_for(
    root: Path, naps: list[float]
) -> None:
    write_old(root / "WFS-a" / RECORD, b"{")
    (root / "WFS-b" / RECORD).unlink()

    for name in ("WFS-a", "WFS-b"):
        with Folder.open(str(root / name)) as folder:
            assert not isinstance(read_record(folder)[1], Record)

    assert naps == []


def test_an_operation_waits_for_a_writer_in_place(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = root / "WFS-b" / RECORD
    whole = record.read_bytes()
    record.write_bytes(whole[:50])
    monkeypatch.setattr(time, "sleep", lambda seconds: record.write_bytes(whole))

    workspace.switch("WFS-b")

    assert read_json(root / "WFS-b")["status"] == "active"


def test_a_file_that_is_larger_than_the_limit_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    with Folder.open(str(tmp_path)) as folder:
        assert folder.read("file", 5).data == b"12345"
        monkeypatch.setattr(disk, "read_all", lambda *args: pytest.fail("it was read"))
        with pytest.raises(OSError, match="has 5 bytes, and 4 is the most"):
            folder.read("file", 4)


def test_a_file_that_grows_while_it_is_read_is_read_to_the_limit_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    real = os.fstat

    def grow(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        (tmp_path / "file").write_bytes(b"x" * 1_000_000)
        return status

    monkeypatch.setattr(os, "fstat", grow)
    with Folder.open(str(tmp_path)) as folder:
        assert len(folder.read("file", 100_000).data) == 100_001


def test_an_error_of_reading_passes_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with Folder.open(str(root)) as folder:
        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(OSError, match="Input/output"):
            folder.read(".active-WFS-a", 10)


def test_a_file_that_exists_is_never_created_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"theirs")
    with Folder.open(str(tmp_path)) as folder:
        with pytest.raises(FileExistsError):
            folder.create("file", b"ours")
        with pytest.raises(FileExistsError):
            folder.create_marker("file")
    assert (tmp_path / "file").read_bytes() == b"theirs"


@pytest.mark.parametrize("piece", [1, 3, 100])
def test_a_file_is_written_whole_though_the_system_takes_it_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:piece]))

    with Folder.open(str(tmp_path)) as folder:
        folder.create("file", b"0123456789")

    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_half_of_a_file_is_taken_away_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def write_half(descriptor: int, data: bytes) -> int:
        if len(data) < 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:5])

    monkeypatch.setattr(os, "write", write_half)
    with Folder.open(str(tmp_path)) as folder:
        with pytest.raises(OSError, match="No space"):
            folder.create("file", b"0123456789")
        assert os.listdir(tmp_path) == []
        fail(monkeypatch, errno.EIO, "unlink")
        with pytest.raises(OSError, match="No space"):
            folder.create("file", b"0123456789")
