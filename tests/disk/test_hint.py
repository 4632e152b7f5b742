"""When the hint is written, and when it is believed (R3)."""

import errno
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hands import fail, play
from tests.hints import (
    ask,
    believe,
    list_hints,
    make_private_root,
    put_hint,
    replace_by_directory,
    replace_by_pipe,
    replace_by_symlink,
)
from tests.stamps import Stamps
from tests.trees_disk import SECOND_NS, list_leftovers, make_root, mark, photograph
from wfsession.core.disk import Folder
from wfsession.core.hint import renew_hint

TICK_NS = 4_000_000
QUIET_NS = 2 * SECOND_NS


@pytest.fixture
def stamps(monkeypatch: pytest.MonkeyPatch) -> Stamps:
    return Stamps(TICK_NS).install(monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_private_root(tmp_path, "WFS-a")


# When it is written


@pytest.mark.parametrize("active", ["WFS-a", ""])
def test_the_second_answer_in_a_quiet_root_comes_from_the_hint(
    tmp_path: Path, active: str, stamps: Stamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_private_root(tmp_path, active)
    ask(root)
    stamps.wait(QUIET_NS)
    assert ask(root) == active
    assert list_hints(root) == ["active"]
    listings = play(monkeypatch, "list_names", lambda: None)
    assert ask(root) == active
    assert not listings


def test_a_root_that_changed_less_than_two_seconds_ago_gets_no_hint(
    root: Path, stamps: Stamps
) -> None:
    ask(root)
    stamps.wait(QUIET_NS - TICK_NS)
    ask(root)
    assert list_hints(root) == []


def test_the_disks_clock_counts_and_not_the_machines(
    root: Path, stamps: Stamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(root)
    # A server whose clock is far behind: to the machine everything there is long past.
    monkeypatch.setattr(time, "time_ns", lambda: stamps.now_ns + 3600 * SECOND_NS)
    ask(root)
    assert list_hints(root) == []


def test_a_root_whose_time_was_set_back_just_now_gets_no_hint(root: Path, stamps: Stamps) -> None:
    ask(root)
    stamps.wait(QUIET_NS)
    stamps.set_back(root, stamps.now_ns - 3600 * SECOND_NS)
    ask(root)
    assert list_hints(root) == []


def test_a_change_while_the_root_is_listed_leaves_no_hint(
    root: Path, stamps: Stamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(root)
    stamps.wait(QUIET_NS)
    with Folder.open(str(root)) as folder:
        play(monkeypatch, "list_names", (root / ".active-WFS-b").touch, after=True)
        renew_hint(folder)
    assert list_hints(root) == []


def test_a_root_with_a_time_in_the_future_gets_no_hint(root: Path, stamps: Stamps) -> None:
    ask(root)
    stamps.wait(-QUIET_NS)
    ask(root)
    assert list_hints(root) == []


def test_where_two_markers_compete_there_is_no_hint_as_a_touch_would_not_show(
    root: Path, stamps: Stamps
) -> None:
    mark(root, "WFS-b", age_s=7200)
    ask(root)
    stamps.wait(QUIET_NS)
    assert ask(root) == "WFS-a"
    assert list_hints(root) == []
    before = root.stat()
    (root / ".active-WFS-b").touch()
    after = root.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)
    assert ask(root) == "WFS-b"


@pytest.mark.parametrize("private", ["nothing", "no staging", "a symlink", "a file"])
def test_a_reader_makes_no_private_directory(tmp_path: Path, private: str, stamps: Stamps) -> None:
    root = make_root(tmp_path / "p", "WFS-a", active="WFS-a")
    if private == "no staging":
        (root / ".wf").mkdir()
    elif private == "a symlink":
        (tmp_path / "elsewhere" / "tmp").mkdir(parents=True)
        (root / ".wf").symlink_to(tmp_path / "elsewhere")
    elif private == "a file":
        (root / ".wf").touch()
    ask(root)
    stamps.wait(QUIET_NS)
    before = photograph(tmp_path)
    assert ask(root) == "WFS-a"
    assert photograph(tmp_path) == before


def test_a_private_directory_on_another_device_gets_no_hint(
    root: Path, stamps: Stamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(root)
    stamps.wait(QUIET_NS)
    real = Folder.read_status

    def read_status(folder: Folder) -> os.stat_result:
        status = real(folder)
        if folder.path.endswith(".wf"):
            status.st_dev = -1  # type: ignore[misc]  # a stand-in, which may be changed
        return status

    monkeypatch.setattr(Folder, "read_status", read_status)
    assert ask(root) == "WFS-a"
    assert list_hints(root) == []


def test_a_disk_that_cannot_hold_the_roots_time_exactly_gets_no_hint(
    root: Path, stamps: Stamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(root)
    stamps.wait(QUIET_NS)
    real = Folder.set_mtime
    monkeypatch.setattr(
        Folder, "set_mtime", lambda self, name, ns: real(self, name, ns - ns % SECOND_NS)
    )
    assert ask(root) == "WFS-a"
    assert list_hints(root) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("verb", ["create_marker", "append", "set_mtime", "replace", "unlink"])
def test_a_hint_that_cannot_be_written_is_no_matter(
    root: Path, verb: str, number: int, stamps: Stamps
) -> None:
    ask(root)
    stamps.wait(QUIET_NS)
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, number, verb)
        assert ask(root) == "WFS-a"
    shutil.rmtree(root / ".wf" / "tmp")
    assert ask(root) == "WFS-a"


# When it is believed


def test_a_hint_for_the_root_as_it_is_is_believed(root: Path) -> None:
    put_hint(root, "WFS-a")
    assert believe(root) == "WFS-a"


SPOILT: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "of another version": lambda path: path.write_bytes(b"2\n" + path.read_bytes()),
    "of another root": lambda path: path.write_bytes(path.read_bytes().replace(b" ", b" 1", 1)),
    "of another name": lambda path: path.write_bytes(b"WFS-b" + path.read_bytes()[5:]),
    "of a name that has gone": lambda path: path.write_bytes(b"WFS-z" + path.read_bytes()[5:]),
    "of no name": lambda path: path.write_bytes(b"../../" + path.read_bytes()),
    "no text": lambda path: path.write_bytes(b"\xff\0" * 99),
    "large": lambda path: path.write_bytes(path.read_bytes() + b"\n" * 9999),
    "a pipe": replace_by_pipe,
    "a directory": replace_by_directory,
    "a symlink": replace_by_symlink,
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_hint_that_is_spoilt_changes_no_answer_and_is_replaced(
    root: Path, how: str, stamps: Stamps
) -> None:
    ask(root)
    stamps.wait(QUIET_NS)
    ask(root)
    SPOILT[how](root / ".wf" / "active")
    assert believe(root) is None
    assert ask(root) == "WFS-a"
    assert list_leftovers(root) == []
    assert believe(root) == (None if how == "a directory" else "WFS-a")


def test_a_hint_with_another_name_elsewhere_is_as_good_and_that_one_stays_as_it_is(
    root: Path, stamps: Stamps
) -> None:
    ask(root)
    stamps.wait(QUIET_NS)
    ask(root)
    other = root.parent / "other"
    os.link(root / ".wf" / "active", other)
    data = other.read_bytes()
    (root / ".active-WFS-a").rename(root / ".active-WFS-b")
    stamps.wait(QUIET_NS)
    ask(root)
    stamps.wait(QUIET_NS)
    assert ask(root) == "WFS-b" == believe(root)
    assert other.read_bytes() == data


def test_what_the_shell_would_still_believe_is_removed(root: Path) -> None:
    path = put_hint(root, "WFS-a")
    os.chmod(root, 0o700)
    assert believe(root) is None
    assert not path.exists()


def test_what_the_shell_does_not_believe_either_may_stay(root: Path) -> None:
    path = put_hint(root, "WFS-a")
    (root / "notes").touch()
    assert believe(root) is None
    assert path.exists()


def test_a_hint_that_cannot_be_removed_is_not_believed_all_the_same(root: Path) -> None:
    put_hint(root, "WFS-a")
    os.chmod(root, 0o700)
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, errno.EROFS, "unlink")
        assert believe(root) is None


def test_a_marker_in_another_unicode_form_has_no_use_of_a_hint(
    tmp_path: Path, stamps: Stamps
) -> None:
    root = make_private_root(tmp_path)
    (root / "WFS-u\u0308").mkdir()
    (root / ".active-WFS-\xfc").touch()
    for _ in range(3):
        assert ask(root) == "WFS-u\u0308"
        stamps.wait(QUIET_NS)
