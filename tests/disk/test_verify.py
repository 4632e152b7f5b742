"""Trying out a whole disk: all assumptions, several processes, and not a trace of it afterwards."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hands import fail, play
from tests.trees_disk import make_root, photograph
from wfsession.core import lock, trial_together
from wfsession.core.bystander import name_marker
from wfsession.core.disk import Folder
from wfsession.core.trial import Assumption, Trial, open_trial
from wfsession.core.trial_together import TOGETHER
from wfsession.core.verify import ASSUMPTIONS, Check, verify
from wfsession.errors import DiskFailed, UnsafePath

BY_NAME = {assumption.name: assumption for assumption in TOGETHER}


def read_all(place: Path) -> dict[str, Check]:
    return {check.name: check for check in verify(str(place))}


def test_this_disk_keeps_all_of_them_and_nothing_stays(tmp_path: Path) -> None:
    make_root(tmp_path, "WFS-a", active="WFS-a")
    before = photograph(tmp_path)

    checks = read_all(tmp_path)

    assert [name for name, check in checks.items() if check.breaks_promise] == []
    assert list(checks) == [assumption.name for assumption in ASSUMPTIONS]
    after = photograph(tmp_path)
    # Something was made in it for a while.
    assert before.pop(".") != after.pop(".")
    assert after == before


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="there is no file system in memory")
def test_a_disk_in_memory_keeps_all_of_them(request: pytest.FixtureRequest) -> None:
    place = Path(f"/dev/shm/wfsession-verify-{os.getpid()}")
    request.addfinalizer(lambda: shutil.rmtree(place))
    place.mkdir()

    checks = read_all(place)

    assert [name for name, check in checks.items() if check.breaks_promise] == []
    assert os.listdir(place) == []


@pytest.fixture
def coarse(tmp_path: Path) -> Iterator[Path]:
    """Return a real disk whose stamps have whole seconds: small inodes have no room for more."""
    image, place = tmp_path / "image", tmp_path / "mounted"
    place.mkdir()
    image.touch()
    os.truncate(image, 16 << 20)
    try:
        for command in (f"mkfs.ext4 -q -I 128 {image}", f"mount -o loop {image} {place}"):
            subprocess.run(command.split(), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system mounts no images")
    yield place
    subprocess.run(["umount", place], check=True)


def test_on_a_real_disk_of_whole_seconds_later_markers_may_not_count(coarse: Path) -> None:
    checks = read_all(coarse)

    broken = {name: check.promise for name, check in checks.items() if check.breaks_promise}
    assert broken == {"times-are-kept": "of two markers, the one made later counts"}
    assert os.listdir(coarse) == ["lost+found"]


class Played:
    """Another process that saw what the test says."""

    def __init__(self, *seen: Any) -> None:
        self.seen = list(seen)

    def watch(self, act: Callable[[], object], role: str, *arguments: Any) -> Any:
        act()
        return self.seen.pop(0)

    def kill(self) -> None:
        pass


def check_with(place: Path, name: str, *seen: Any) -> tuple[bool | None, str]:
    """Return what is said where the first of the other processes saw these, one after another."""
    with Folder.open(str(place)) as folder:
        others: Any = [Played(*seen), Played(*seen)]
        told = BY_NAME[name].check(Trial(folder, others))
    return told.holds, told.text


def test_a_rename_of_several_steps_is_told(tmp_path: Path) -> None:
    holds, text = check_with(tmp_path, "renaming-is-one-step", (1000, 3))
    assert holds is False
    assert "looked 1,000 times, and 3 times it had no name" in text


def test_a_rename_that_leaves_the_old_name_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = play(monkeypatch, "replace", (tmp_path / name_marker(0)).touch, name=name_marker(2))
    holds, text = check_with(tmp_path, "renaming-is-one-step", (1000, 0))
    assert played
    assert holds is False
    assert "has 2 names now" in text


@pytest.mark.parametrize(
    ("seen", "words"),
    [((90, 2, 0), "2 times it was not there"), ((90, 0, 5), "5 times not whole")],
)
def test_a_replacing_of_several_steps_is_told(
    tmp_path: Path, seen: tuple[int, int, int], words: str
) -> None:
    holds, text = check_with(tmp_path, "replacing-is-one-step", seen)
    assert holds is False
    assert words in text


def run_real(
    place: Path, name: str, break_it: Callable[[pytest.MonkeyPatch], object]
) -> tuple[bool | None, str]:
    """Return what is said with real other processes, on a disk that is broken for this one."""
    with open_trial(str(place)) as trial, pytest.MonkeyPatch.context() as patch:
        break_it(patch)
        told = BY_NAME[name].check(trial)
    return told.holds, told.text


def test_a_creating_that_is_not_exclusive_is_told(tmp_path: Path) -> None:
    def accept_all(self: Folder, name: str) -> None:
        # Not before one of the others has made this one, from the other end.
        while not Path(self.path, "claimed-199").exists():
            os.sched_yield()
        Path(self.path, name).touch()

    holds, text = run_real(
        tmp_path,
        "creating-is-exclusive",
        lambda patch: patch.setattr(Folder, "create_marker", accept_all),
    )
    assert holds is False
    assert "of them were created more than once" in text


def test_a_creating_of_other_names_is_told(tmp_path: Path) -> None:
    holds, _ = check_with(tmp_path, "creating-is-exclusive", [])
    assert holds
    for path in tmp_path.iterdir():
        path.unlink()
    holds, _ = check_with(tmp_path, "creating-is-exclusive", ["one more"])
    assert holds is False


def lock_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lock, "_try_lock", lambda descriptor: True)


def lock_never(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lock, "_try_lock", lambda descriptor: False)


@pytest.mark.parametrize(
    ("name", "break_it", "holds", "words"),
    [
        ("locks-exclude-processes", lock_nothing, False, "another process took the lock"),
        ("locks-exclude-processes", lock_never, False, "could not be taken"),
        ("locks-exclude-threads", lock_nothing, False, "taken twice by one process"),
        ("locks-end-with-their-process", lock_nothing, None, "took it all the same"),
        ("locks-end-with-their-process", lock_never, False, "still held 0 s after"),
    ],
)
def test_locks_that_are_none_or_that_stay_are_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    break_it: Callable[[pytest.MonkeyPatch], object],
    holds: bool | None,
    words: str,
) -> None:
    monkeypatch.setattr(trial_together, "_RELEASE_S", 0)
    seen, text = run_real(tmp_path, name, break_it)
    assert seen is holds
    assert words in text


def test_a_lock_that_another_process_cannot_take_is_told(tmp_path: Path) -> None:
    holds, text = check_with(tmp_path, "locks-end-with-their-process", False)
    assert (holds, "another process could not take it" in text) == (False, True)


def break_off(error: BaseException) -> Callable[[Trial], Any]:
    def check(trial: Trial) -> Any:
        trial.folder.make("left")
        with trial.folder.child("left") as inner:
            inner.create("file", b"x")
            inner.make_symlink("link", "/")
        raise error

    return check


def put_check(patch: pytest.MonkeyPatch, check: Callable[[Trial], Any]) -> None:
    assumptions = (Assumption("odd", "it is even", check), *ASSUMPTIONS[:1])
    patch.setattr("wfsession.core.verify.ASSUMPTIONS", assumptions)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143), ValueError()])
def test_whatever_breaks_it_off_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    put_check(monkeypatch, break_off(error))

    with pytest.raises(type(error)):
        read_all(tmp_path)

    assert os.listdir(tmp_path) == []


def test_who_reads_no_further_leaves_nothing(tmp_path: Path) -> None:
    checks = verify(str(tmp_path))
    next(checks)
    assert len(os.listdir(tmp_path)) == 1

    checks.close()

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (UnsafePath("/x", "is no directory"), "/x is no directory"),
    ],
)
def test_what_cannot_be_tried_is_unknown_and_breaks_its_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    put_check(monkeypatch, break_off(error))

    odd, even = verify(str(tmp_path))

    assert odd == Check("odd", None, f"it could not be tried: {words}", "it is even")
    assert odd.breaks_promise
    assert even.holds


@pytest.mark.parametrize("kind", ["missing", "file", "link"])
def test_where_no_directory_can_be_made_nothing_is_tried(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "file":
        place.touch()
    elif kind == "link":
        place.symlink_to(tmp_path)
    before = photograph(tmp_path)

    with pytest.raises(DiskFailed if kind == "missing" else UnsafePath, match="place"):
        read_all(place)

    assert photograph(tmp_path) == before


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, errno.EROFS, "make")
    with pytest.raises(DiskFailed, match="Read-only"):
        read_all(tmp_path)


def test_what_cannot_be_removed_again_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, errno.EACCES, "unlink")
    with pytest.raises(DiskFailed, match=r"\.wf-verify-"):
        read_all(tmp_path)


def test_processes_that_cannot_be_started_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("wfsession.core.trial.Bystander", refuse)
    with pytest.raises(DiskFailed, match="temporarily"):
        read_all(tmp_path)
    assert os.listdir(tmp_path) == []
