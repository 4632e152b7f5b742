"""A disk that is full, read-only or broken, at any call: the old state or the new, nothing lost."""

import errno
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import wfsession
from tests.faults.test_crashes import OPERATIONS, build, list_texts, look_at, without_several
from tests.hands import CHANGING, GROWING, count_calls, fail, run_in_child
from tests.trees_disk import (
    check_sound,
    list_files,
    list_leftovers,
    list_markers,
    photograph,
    read_json,
    states,
)
from wfsession.core import disk
from wfsession.core.disk import Folder
from wfsession.errors import DiskFailed, LockTimeout

# Before the fixture takes it away.
SYNC = disk._sync_descriptor


def count(monkeypatch: pytest.MonkeyPatch, top: Path, name: str, verbs: tuple[str, ...]) -> int:
    root = build(top)
    with monkeypatch.context() as patch:
        calls = count_calls(patch, *verbs)
        OPERATIONS[name].act(str(root))
    return len(calls)


@pytest.mark.parametrize("name", OPERATIONS)
def test_on_a_full_disk_an_operation_fails_before_anything_is_visible_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """From some call on, nothing can be made; renames and removals need no room.

    The last call writes the journal's second line, when all is done: that it fails is only noted.
    """
    for at in range(1, count(monkeypatch, tmp_path / "count", name, GROWING)):
        root = build(tmp_path / str(at))
        texts = list_texts(root)
        with monkeypatch.context() as patch:
            fail(patch, errno.ENOSPC, *GROWING, at=at)
            with pytest.raises(DiskFailed) as caught:
                OPERATIONS[name].act(str(root))
        assert caught.value.errno == errno.ENOSPC
        assert caught.value.path.startswith(str(root))
        seen = without_several(look_at(root))
        # Archiving comes after completing, which is done by then.
        allowed = OPERATIONS[name].states[0 : 3 if name == "complete and archive" else 1]
        assert seen in allowed, (at, seen)
        assert list_texts(root) == texts
        assert list_leftovers(root) == []
        # And the lock is free again.
        OPERATIONS[name].act(str(root))
        assert look_at(root) == OPERATIONS[name].states[-1]


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.EROFS])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_call_that_fails_leaves_a_state_that_the_table_allows_and_no_leftovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    operation = OPERATIONS[name]
    for at in range(1, 1 + count(monkeypatch, tmp_path / "count", name, CHANGING)):
        root = build(tmp_path / str(at))
        texts = list_texts(root)
        with monkeypatch.context() as patch:
            fail(patch, number, *CHANGING, at=at, times=1)
            # What only takes our own leftovers away may fail without a word.
            with suppress(DiskFailed):
                operation.act(str(root))
        seen = without_several(look_at(root))
        assert seen in operation.states, (at, seen)
        assert list_texts(root) == texts
        held = [entry for entry in list_leftovers(root) if entry.startswith("session")]
        assert held == []
        orphans = [
            e for e in list_markers(root) if not (root / e.removeprefix(".active-")).is_dir()
        ]
        # As after a crash: the directory was renamed, its old marker is still there.
        assert orphans in ([], [".active-a"] if (root / "z").is_dir() else []), at


@pytest.mark.parametrize("name", OPERATIONS)
def test_on_a_read_only_disk_nothing_changes_and_everything_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    root = build(tmp_path)
    before = photograph(root)
    fail(monkeypatch, errno.EROFS, *CHANGING, "open_lock_file")

    with pytest.raises(DiskFailed) as caught:
        OPERATIONS[name].act(str(root))

    assert caught.value.errno == errno.EROFS
    assert photograph(root) == before
    assert wfsession.current(root) == "a"
    assert states(root)["a"] == "active"


@pytest.mark.parametrize("name", OPERATIONS)
def test_who_may_not_take_the_lock_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    root = build(tmp_path)
    with monkeypatch.context() as patch:
        fail(patch, errno.EACCES, "open_lock_file")
        with pytest.raises(DiskFailed) as caught:
            OPERATIONS[name].act(str(root))
    assert caught.value.errno == errno.EACCES
    assert look_at(root) == OPERATIONS[name].states[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_may_only_read_can_read_all_and_write_nothing() -> None:
    nobody = 65534
    # Not below the runner's own directory, which is closed to others.
    with tempfile.TemporaryDirectory() as top:
        root = build(Path(top, "project"))
        for folder in (Path(top), *Path(top).parents):
            if not folder.stat().st_mode & 0o001:
                if folder != Path(top):
                    pytest.skip(f"{folder} is closed to others")
                folder.chmod(0o755)
        # What is imported on the way may be closed to others as well.
        wfsession.open(root).switch("a", dry_run=True)
        before = photograph(root)

        def act_as_nobody() -> None:
            os.setgroups([])
            os.setgid(nobody)
            os.setuid(nobody)
            assert wfsession.current(root) == "a"
            assert len(wfsession.open(root).sessions(archived=True)) == 4
            with pytest.raises(DiskFailed) as caught:
                wfsession.open(root).switch("b")
            assert caught.value.errno == errno.EACCES
            assert str(root) in str(caught.value)

        run_in_child(act_as_nobody)

        assert photograph(root) == before


@pytest.mark.parametrize("kind", ["new", "adopted"])
def test_a_session_that_cannot_be_written_leaves_no_half_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    root = build(tmp_path / "project")
    work = tmp_path / "work"
    work.mkdir()
    (work / "kept").write_bytes(b"kept\n")
    adopt = work if kind == "adopted" else None
    real = os.write

    def write_half(descriptor: int, data: bytes) -> int:
        if len(data) > 100:
            return real(descriptor, data[:50])
        if b"process" in data:
            return real(descriptor, data)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_half)
        (root / ".gitignore").write_bytes(b"theirs\n")
        with pytest.raises(DiskFailed):
            wfsession.open(root).create("new", adopt=adopt)

    assert os.listdir(work) == ["kept"]
    assert list_leftovers(root) == []
    assert wfsession.open(root).create("new", adopt=adopt).state == "active"


def test_what_cannot_be_taken_back_is_left_to_the_doctor_and_the_first_error_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = build(tmp_path)
    wfsession.open(root).pause("b")
    calls: list[Callable[[], object]] = [
        lambda: wfsession.open(root).create("new"),
        lambda: wfsession.open(root).switch("b"),
    ]
    for call in calls:
        with monkeypatch.context() as patch:
            fail(patch, errno.EIO, "sync", "replace", "move")
            fail(patch, errno.EROFS, "unlink", "remove")
            with pytest.raises(DiskFailed) as caught:
                call()
        assert caught.value.errno == errno.EIO
    assert list_leftovers(root) != []
    assert check_sound(root).active == "a"


def test_after_a_failure_the_lock_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = build(tmp_path)
    workspace = wfsession.open(root)
    workspace.timeout_s = 0

    for verb in (*CHANGING, "list_names", "find", "stat", "read", "child"):
        with monkeypatch.context() as patch:
            fail(patch, errno.EIO, verb, at=3)
            try:
                workspace.switch("b")
            except LockTimeout:
                pytest.fail(f"the lock was held when {verb} failed")
            except (OSError, ValueError):
                pass
    assert workspace.switch("b").state == "active"


def test_the_directory_is_synced_after_every_change_of_a_name_and_the_file_before_its_replace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = build(tmp_path)
    calls: list[tuple[str, str]] = []
    monkeypatch.setattr(
        disk,
        "_sync_descriptor",
        lambda descriptor: calls.append(("sync", os.readlink(f"/proc/self/fd/{descriptor}"))),
    )
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("the system does not tell what a descriptor is of")
    real = Folder.replace

    def replace(self: Folder, name: str, new_name: str, into: Folder | None = None) -> None:
        calls.append(("replace", (into or self).join(new_name)))
        real(self, name, new_name, into)

    monkeypatch.setattr(Folder, "replace", replace)

    wfsession.open(root).switch("b")

    kinds = [
        (kind, "record-" if "record-" in path else path.removeprefix(f"{root}/"))
        for kind, path in calls
    ]
    at = kinds.index(("replace", ".active-b"))
    # Both records are on the drive before the marker moves.
    assert kinds[:at].count(("sync", "record-")) == 2
    assert kinds[at:] == [
        ("replace", ".active-b"),
        ("sync", str(root)),
        ("replace", "a/workflow-session.json"),
        ("replace", "b/workflow-session.json"),
        ("sync", "a"),
        ("sync", "b"),
    ]


@pytest.mark.parametrize(
    ("number", "is_fine"), [(errno.EINVAL, True), (errno.ENOTSUP, True), (errno.EIO, False)]
)
def test_a_directory_that_cannot_be_synced_by_nature_is_fine_and_a_broken_drive_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, is_fine: bool
) -> None:
    tries: list[int] = []

    def refuse(descriptor: int) -> None:
        tries.append(descriptor)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk, "_sync_descriptor", SYNC)
    monkeypatch.setattr(os, "fsync", refuse)
    with Folder.open(str(tmp_path)) as folder:
        if is_fine:
            folder.sync()
        else:
            with pytest.raises(OSError, match="Input/output"):
                folder.sync()
        with pytest.raises(OSError, match=os.strerror(number)):
            folder.create("file", b"x")
    # Once for each: never again on the same descriptor.
    assert len(tries) == 2


def test_a_switch_survives_with_real_syncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_sync_descriptor", SYNC)
    root = build(tmp_path)

    wfsession.open(root).switch("b")

    assert read_json(root / "b")["status"] == "active"
    assert list_files(root)
