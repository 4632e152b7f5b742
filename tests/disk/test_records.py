"""A record that others write too: in place, by an editor's rename, by another wfsession."""

import errno
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hands import play
from tests.trees_disk import (
    RECORD,
    list_leftovers,
    list_markers,
    make_root,
    photograph,
    read_json,
    write_old,
)
from wfsession.core.disk import FileContents, Folder
from wfsession.errors import Conflict, RecordUnusable
from wfsession.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path, "WFS-a", "WFS-b", active="WFS-a")


def _change(path: Path, **fields: object) -> bytes:
    return json.dumps({**json.loads(path.read_bytes()), **fields}, indent=1).encode()


def in_place(path: Path) -> None:
    """What `jq … record > record` does in the end: truncate and write."""
    data = _change(path, theirs="in place")
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(data)


def in_place_of_the_same_size_and_time(path: Path) -> None:
    """Changes no status that tells: only the bytes do."""
    before = path.stat()
    data = path.read_bytes()
    with path.open("r+b") as file:
        file.write(data.replace(b"About", b"ABOUT"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def by_rename(path: Path) -> None:
    """What an editor does when it saves."""
    new = path.with_suffix(".tmp")
    new.write_bytes(_change(path, theirs="by rename"))
    new.replace(path)


def by_another_wfsession(path: Path) -> None:
    """Another process; it needs the lock, so this one is told to do without."""
    code = (
        "import sys, wfsession\n"
        "from wfsession.core.lock import Lock\n"
        "Lock.acquire = lambda *args, **options: None\n"
        "Lock.is_ours = lambda self: True\n"
        "wfsession.open(sys.argv[1]).update(sys.argv[2], {'theirs': 'another'})\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(path.parents[2]), path.parent.name],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


WRITERS = [in_place, in_place_of_the_same_size_and_time, by_rename, by_another_wfsession]


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", ["WFS-a", "WFS-b"])
def test_what_somebody_writes_between_our_reading_and_our_replace_survives(
    root: Path,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    writer: Callable[[Path], None],
    name: str,
) -> None:
    record = root / name / RECORD
    # The markers have moved by then, and the records were prepared before.
    play(monkeypatch, "replace", lambda: writer(record), name=".active-", after=True)

    workspace.switch("WFS-b")

    left, entered = read_json(root / "WFS-a"), read_json(root / "WFS-b")
    assert (left["status"], entered["status"]) == ("paused", "active")
    assert left["their_own"] == entered["their_own"] == [1, {"kept": 1e2}]
    changed = read_json(root / name)
    assert changed.get("theirs") or changed["project"] == f"ABOUT {name}"
    assert list_leftovers(root) == []


@pytest.mark.parametrize("times", [1, 4])
def test_a_record_that_changes_several_times_is_read_again_each_time(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    record = root / "WFS-a" / RECORD
    # Each staged file was made of bytes that are old by the time it is there.
    play(monkeypatch, "create", lambda: in_place(record), times=times, name="record-", after=True)

    workspace.update("WFS-a", {"ours": 1})

    changed = read_json(root / "WFS-a")
    assert (changed["ours"], changed["theirs"]) == (1, "in place")
    assert list_leftovers(root) == []


def test_a_record_that_changes_five_times_in_a_row_is_a_conflict(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = root / "WFS-a" / RECORD
    number = iter(range(99))

    def rewrite() -> None:
        write_old(record, _change(record, theirs=next(number)))

    play(monkeypatch, "create", rewrite, times=99, name="record-", after=True)

    with pytest.raises(Conflict) as caught:
        workspace.update("WFS-a", {"ours": 1})

    assert caught.value.path == str(record)
    assert "ours" not in read_json(root / "WFS-a")
    # Prepared once, and again after each of the five times.
    assert read_json(root / "WFS-a")["theirs"] == 5
    assert list_leftovers(root) == []


def test_a_conflict_over_one_record_does_not_keep_the_other_from_being_told(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = root / "WFS-a" / RECORD
    real = Folder.read

    def rewrite_and_read(self: Folder, name: str, limit_bytes: int) -> FileContents:
        if self.path.endswith("WFS-a") and list_markers(root) == [".active-WFS-b"]:
            write_old(left, _change(left, theirs=os.urandom(4).hex()))
        return real(self, name, limit_bytes)

    monkeypatch.setattr(Folder, "read", rewrite_and_read)

    with pytest.raises(Conflict, match="WFS-a"):
        workspace.switch("WFS-b")

    assert read_json(root / "WFS-b")["status"] == "active"
    assert list_markers(root) == [".active-WFS-b"]


def test_the_change_is_made_again_on_what_the_record_says_now(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = root / "WFS-a" / RECORD

    def add_theirs() -> None:
        data = read_json(record.parent)
        data["progress"]["current_tasks"].append("theirs")
        write_old(record, json.dumps(data).encode())

    play(monkeypatch, "create", add_theirs, name="record-", after=True)

    workspace.add_task("ours", "WFS-a")

    assert read_json(record.parent)["progress"]["current_tasks"] == ["theirs", "ours"]


def test_where_the_change_was_made_by_somebody_else_there_is_nothing_to_do(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = root / "WFS-a" / RECORD

    def add_the_same() -> None:
        data = read_json(record.parent)
        data["progress"]["current_tasks"].append("same")
        write_old(record, json.dumps(data).encode())

    play(monkeypatch, "create", add_the_same, name="record-", after=True)

    workspace.add_task("same", "WFS-a")

    assert read_json(record.parent)["progress"]["current_tasks"] == ["same"]


@pytest.mark.parametrize("how", ["corrupt", "removed", "symlink", "wrong type"])
def test_a_record_that_becomes_useless_meanwhile_is_left_as_it_is(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    record = root / "WFS-a" / RECORD

    def spoil() -> None:
        if how == "corrupt":
            write_old(record, b"{")
        elif how == "wrong type":
            write_old(record, b'{"x": 1, "progress": []}')
        else:
            record.rename(record.with_name("moved"))
        if how == "symlink":
            record.symlink_to("moved")

    play(monkeypatch, "create", spoil, name="record-", after=True)

    with pytest.raises(RecordUnusable, match=RECORD):
        workspace.add_task("ours", "WFS-a")

    assert {
        "corrupt": lambda: record.read_bytes() == b"{",
        "wrong type": lambda: record.read_bytes() == b'{"x": 1, "progress": []}',
        "removed": lambda: not record.exists(),
        "symlink": record.is_symlink,
    }[how]()
    assert list_leftovers(root) == []


def test_a_record_that_goes_away_just_before_the_replace_is_not_made_anew(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = root / "WFS-gone"
    play(monkeypatch, "replace", lambda: (root / "WFS-a").rename(away), name="record-")

    with pytest.raises(Exception, match="WFS-a"):
        workspace.update("WFS-a", {"ours": 1})
    assert not (root / "WFS-a").exists()


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664, 0o400])
def test_a_record_keeps_its_mode(root: Path, workspace: Workspace, mode: int) -> None:
    record = root / "WFS-a" / RECORD
    record.chmod(mode)

    workspace.update("WFS-a", {"ours": 1})

    assert read_json(root / "WFS-a")["ours"] == 1
    assert stat.S_IMODE(record.stat().st_mode) == mode


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_a_record_keeps_its_owner(root: Path, workspace: Workspace) -> None:
    record = root / "WFS-a" / RECORD
    os.chown(record, 12, 34)
    record.chmod(0o640)

    workspace.update("WFS-a", {"ours": 1})

    status = record.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12, 34, 0o640)


def test_who_may_not_give_a_record_away_writes_it_all_the_same(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = root / "WFS-a" / RECORD
    record.chmod(0o640)
    real = Folder.read

    def read_as_somebody_elses(self: Folder, name: str, limit_bytes: int) -> FileContents:
        contents = real(self, name, limit_bytes)
        contents.uid += 1
        return contents

    def refuse(*args: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Folder, "read", read_as_somebody_elses)
    monkeypatch.setattr(os, "fchown", refuse)

    workspace.update("WFS-a", {"ours": 1})

    assert read_json(root / "WFS-a")["ours"] == 1
    assert stat.S_IMODE(record.stat().st_mode) == 0o640


def test_where_the_system_has_no_modes_a_record_is_written_all_the_same(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "fchmod")

    workspace.update("WFS-a", {"ours": 1})

    assert read_json(root / "WFS-a")["ours"] == 1


def test_a_record_without_need_of_a_change_is_not_written(root: Path, workspace: Workspace) -> None:
    workspace.update("WFS-a", {"x": 1})
    before = photograph(root, ".wf")

    workspace.update("WFS-a", {})
    workspace.update("WFS-a", {"nothing": None, "never": {"there": None}})

    after = photograph(root, ".wf")
    changed = {path for path in before if before[path][3] != after[path][3]}
    assert changed <= {f"WFS-a/{RECORD}"}
    assert "nothing" not in read_json(root / "WFS-a")
