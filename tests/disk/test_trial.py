"""Each assumption about a disk, tried out on one that keeps it and on one that does not.

The other disk is this one with a call that does something else.
"""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from tests.hands import fail
from wfsession.core import disk
from wfsession.core.disk import Folder
from wfsession.core.trial import Assumption, Trial
from wfsession.core.trial_names import NAMES
from wfsession.core.trial_times import TIMES

ALONE = {assumption.name: assumption for assumption in (*NAMES, *TIMES)}
SECOND_NS = 1_000_000_000
Disk = Callable[[pytest.MonkeyPatch], object]


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    with Folder.open(str(tmp_path)) as folder:
        yield Trial(folder, [])


@pytest.mark.parametrize("assumption", ALONE.values(), ids=lambda one: one.name)
def test_this_disk_keeps_each_of_them(trial: Trial, assumption: Assumption) -> None:
    seen = assumption.check(trial)
    assert seen.holds, seen.text


def put(verb: str, make: Callable[[Any], Callable[..., Any]]) -> Disk:
    """Return a disk on which a verb is what is made of the real one."""
    return lambda patch: patch.setattr(Folder, verb, make(getattr(Folder, verb)))


def hide_dots(real: Any) -> Callable[..., Any]:
    return lambda self: [name for name in real(self) if not name.startswith(".")]


def shorten(real: Any) -> Callable[..., Any]:
    return lambda self: [name[:30] for name in real(self)]


def refuse_long(real: Any) -> Callable[..., Any]:
    def create(self: Folder, name: str) -> None:
        if len(os.fsencode(name)) > 143:
            raise OSError(errno.ENAMETOOLONG, "File name too long", name)
        real(self, name)

    return create


def find_any_case(real: Any) -> Callable[..., Any]:
    def find(self: Folder, name: str) -> os.stat_result | None:
        alike = [one for one in os.listdir(self.path) if one.casefold() == name.casefold()]
        return real(self, alike[0]) if alike else None

    return find


def decompose(real: Any) -> Callable[..., Any]:
    return lambda self, name: real(self, normalize("NFD", name))


def find_any_form(real: Any) -> Callable[..., Any]:
    return lambda self, name: real(self, normalize("NFC", name))


def copy_instead(real: Any) -> Callable[..., Any]:
    def replace(self: Folder, name: str, new_name: str) -> None:
        if os.path.isdir(self.join(name)):
            os.mkdir(self.join(new_name))
            os.rmdir(self.join(name))
        else:
            shutil.copy2(self.join(name), self.join(new_name))
            os.unlink(self.join(name))

    return replace


def count_one(real: Any) -> Callable[..., Any]:
    def stat(self: Folder, name: str) -> os.stat_result:
        fields = list(real(self, name))
        fields[3] = 1
        return os.stat_result(fields)

    return stat


def clear_the_way(real: Any) -> Callable[..., Any]:
    def replace(self: Folder, name: str, new_name: str) -> None:
        shutil.rmtree(self.join(new_name), ignore_errors=True)
        real(self, name, new_name)

    return replace


def on_another_device(real: Any) -> Callable[..., Any]:
    def stat(self: Folder, name: str) -> os.stat_result:
        fields = list(real(self, name))
        fields[2] += 1
        return os.stat_result(fields)

    return stat


def in_whole_seconds(real: Any) -> Callable[..., Any]:
    return lambda self, name, ns: real(self, name, ns // SECOND_NS * SECOND_NS)


def date_anew(real: Any) -> Callable[..., Any]:
    def replace(self: Folder, name: str, new_name: str) -> None:
        real(self, name, new_name)
        os.utime(self.join(new_name))

    return replace


def unnoticed(real: Any) -> Callable[..., Any]:
    def act(self: Folder, *names: str) -> None:
        before = os.stat(self.path)
        real(self, *names)
        os.utime(self.path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return act


def stand_still(real: Any) -> Callable[..., Any]:
    status = os.stat(__file__)
    return lambda self: status


def refuse_sync(number: int) -> Disk:
    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    return lambda patch: patch.setattr(disk, "_sync_descriptor", refuse)


def an_hour_behind(patch: pytest.MonkeyPatch) -> None:
    real = time.time_ns
    patch.setattr(time, "time_ns", lambda: real() - 3600 * SECOND_NS)


# What is assumed, a disk that does not keep it, and what is said of that.
BROKEN: list[tuple[str, Disk, str]] = [
    ("hidden-files-are-listed", put("list_names", hide_dots), ".active-WFS-x, .wf, .attic"),
    ("hidden-files-are-listed", put("find", lambda real: lambda self, name: None), ".attic"),
    ("names-are-kept", put("create_marker", refuse_long), "200 bytes (File name too long), "),
    ("names-are-kept", put("list_names", shorten), "200 bytes (listed as something else)"),
    ("symlinks-are-refused", lambda p: p.setattr(disk, "_NO_FOLLOW", 0), "to a file and to a dir"),
    ("open-directories-stay-open", lambda p: p.setattr(disk, "_HAS_DESCRIPTORS", False), "another"),
    ("open-directories-stay-open", lambda p: fail(p, errno.ESTALE, "create_marker"), "Stale"),
    ("inodes-stay", put("replace", copy_instead), "got another inode number"),
    ("hard-links-are-counted", put("stat", count_one), "1 names with a hard link and 1 without"),
    ("taken-names-are-refused", put("replace", clear_the_way), "was renamed onto another"),
    ("one-device", put("stat", on_another_device), "on another device than the one"),
    ("files-are-synced", refuse_sync(errno.EINVAL), "Invalid argument"),
    ("directories-are-synced", refuse_sync(errno.EINVAL), "cannot be synced"),
    ("directories-are-synced", refuse_sync(errno.EIO), "Input/output error"),
    ("times-are-kept", put("set_mtime", in_whole_seconds), "988 ms away"),
    ("renaming-keeps-the-time", put("replace", date_anew), "got another time"),
    ("directories-change-their-time", put("replace", unnoticed), "a renamed file, a renamed dir"),
    ("directories-change-their-time", put("unlink", unnoticed), "at a removed file"),
    ("directory-times-are-fine", put("read_status", stand_still), "stood still"),
    ("clocks-agree", an_hour_behind, "3,600 s ahead of"),
]


@pytest.mark.parametrize(("name", "other_disk", "words"), BROKEN)
def test_a_disk_that_does_not_keep_one_is_told(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, name: str, other_disk: Disk, words: str
) -> None:
    assert ALONE[name].promise
    other_disk(monkeypatch)

    seen = ALONE[name].check(trial)

    assert seen.holds is False
    assert words in seen.text


def test_each_assumption_that_carries_a_promise_has_a_disk_that_breaks_it() -> None:
    assert {name for name, _, _ in BROKEN} == {
        name for name, assumption in ALONE.items() if assumption.promise
    }


@pytest.mark.parametrize(
    ("name", "other_disk", "words"),
    [
        ("case-is-distinguished", put("find", find_any_case), "are one"),
        ("unicode-forms-are-distinguished", put("create_marker", decompose), "taken apart"),
        ("unicode-forms-are-distinguished", put("find", find_any_form), "are one name"),
    ],
)
def test_what_the_protocol_lives_with_is_told_and_breaks_no_promise(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, name: str, other_disk: Disk, words: str
) -> None:
    other_disk(monkeypatch)

    seen = ALONE[name].check(trial)

    assert (seen.holds, ALONE[name].promise) == (False, "")
    assert words in seen.text


LINKS = pytest.mark.parametrize(
    ("name", "verb"),
    [("symlinks-are-refused", "make_symlink"), ("hard-links-are-counted", "make_hard_link")],
)


@LINKS
def test_a_disk_that_has_no_links_has_none_to_fear(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, name: str, verb: str
) -> None:
    fail(monkeypatch, errno.EPERM, verb)

    seen = ALONE[name].check(trial)

    assert seen.holds
    assert "links on this disk" in seen.text


@LINKS
def test_a_link_that_cannot_be_made_for_another_reason_says_nothing(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, name: str, verb: str
) -> None:
    fail(monkeypatch, errno.EIO, verb)

    with pytest.raises(OSError, match="Input/output"):
        ALONE[name].check(trial)


def test_a_disk_of_shorter_file_names_may_still_have_room_for_ours(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, errno.ENAMETOOLONG, "create_marker", name="yyy")

    seen = ALONE["names-are-kept"].check(trial)

    assert seen.holds
    assert "though no file names of 255" in seen.text


@pytest.mark.parametrize("name", ["project", ".workflow"])
def test_the_directories_of_a_root_that_are_on_another_device_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    place = tmp_path / name
    root = place if name == ".workflow" else place / ".workflow"
    (root / "completed").mkdir(parents=True)
    (root / ".attic").symlink_to(tmp_path)
    (place / "trial").mkdir()
    real = os.lstat

    def lstat(path: Any, **options: Any) -> os.stat_result:
        fields = list(real(path, **options))
        fields[2] += str(path).endswith("completed")
        return os.stat_result(fields)

    with Folder.open(str(place / "trial")) as folder:
        check = ALONE["one-device"].check
        assert "as are 2 of the .workflow's" in check(Trial(folder, [])).text
        folder.remove("subdirectory")
        monkeypatch.setattr(os, "lstat", lstat)
        seen = check(Trial(folder, []))

    assert seen.holds is False
    assert seen.text.endswith(f": {root / 'completed'}")
