"""What stands in the way of a migration, who is active, and what cannot be held."""

import errno
import os
from pathlib import Path

import pytest

from tests.hands import fail
from tests.layouts import (
    LINE,
    REGISTRY,
    forget_moments,
    list_findings,
    list_rejected,
    read_attic,
    register,
)
from tests.trees_disk import (
    RECORD,
    add_session,
    list_markers,
    make_root,
    mark,
    photograph,
    read_json,
    states,
    write_old,
)
from wfsession.core import legacy
from wfsession.core.disk import Folder
from wfsession.core.migrate import Migration, migrate
from wfsession.errors import DiskFailed, InvalidValue


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root in order, with WFS-a and WFS-b paused."""
    return make_root(tmp_path, "WFS-a", "WFS-b")


def move(root: Path) -> Migration:
    return migrate(str(root))


def test_a_root_of_this_layout_has_nothing_to_migrate_and_is_left_alone(root: Path) -> None:
    mark(root, "WFS-a")
    mark(root, "WFS-b", age_s=7200)
    mark(root, "WFS-gone")
    add_session(root, "WFS-looks", "active")
    before = photograph(root)

    assert move(root) == Migration(active="WFS-a")
    assert photograph(root) == before


def test_an_empty_old_place_is_set_aside_and_another_s_is_not(root: Path) -> None:
    (root / "sessions").mkdir()
    (root / "active").mkdir()
    (root / "active" / "mine.txt").write_text("mine")
    (root / "archives").write_text("a file of mine")

    migration = move(root)

    assert [step.path for step in migration.steps] == ["sessions"]
    assert read_attic(root) == [("sessions", None)]
    assert migration.backup is None
    assert (root / "archives").read_text() == "a file of mine"


@pytest.mark.parametrize("kind", ["link", "directory", "fifo", "large", "denied"])
def test_a_registry_that_cannot_be_read_is_told_and_decides_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = root / REGISTRY
    if kind == "link":
        (root / "elsewhere").write_text(LINE)
        path.symlink_to("elsewhere")
    elif kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        register(root, LINE)
    if kind == "large":
        monkeypatch.setattr(legacy, "LIMIT_BYTES", 10)
    if kind == "denied":
        fail(monkeypatch, errno.EACCES, "read", name=REGISTRY)
    before = photograph(root)
    migration = move(root)
    assert photograph(root) == before
    ((source, line, _),) = list_rejected(migration)
    assert (source, line, migration.steps) == (REGISTRY, None, ())

    add_session(root, "active/WFS-c", "active")
    migration = move(root)

    # It might have said that another one was active.
    assert (migration.active, migration.choices) == (None, ("WFS-c",))
    assert states(root)["WFS-c"] == "paused"
    assert os.path.lexists(path)
    assert read_json(root / "WFS-a")["project"] == "About WFS-a"


@pytest.mark.parametrize("kind", ["link", "file"])
def test_where_nothing_can_be_archived_the_archives_stay_and_the_rest_is_migrated(
    root: Path, kind: str
) -> None:
    if kind == "link":
        (root / "completed").symlink_to("elsewhere")
    else:
        write_old(root / "completed", b"a file of mine")
    add_session(root, "archives/WFS-old", "completed")
    write_old(root / "archives" / "manifest.json", b'[{"session_id": "WFS-old", "tags": []}]')
    add_session(root, "active/WFS-c", "paused")
    register(root, LINE.replace("WFS-a", "WFS-old"))

    migration = move(root)

    assert [source for source, _, _ in list_rejected(migration)] == [
        "archives/WFS-old",
        "archives/manifest.json",
    ]
    # What the line says of it is in its record, where it is.
    record = read_json(root / "archives" / "WFS-old")
    assert record["migrated_from"]["registry"]["description"] == "What the line says"
    assert record["status"] == "completed"
    assert states(root)["WFS-c"] == "paused"
    assert "WFS-old" not in states(root)
    assert "cannot be moved" in migration.notes[0] or "archived" in migration.notes[0]
    assert move(root).steps == ()


def test_what_is_on_another_device_is_listed_and_gets_what_is_said_of_it_where_it_is(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session(root, "active/WFS-far", "active")
    add_session(root, "active/WFS-near", "paused")
    register(root, LINE.replace("WFS-a", "WFS-far"))
    real = Folder.stat

    def stat(self: Folder, name: str) -> os.stat_result:
        status = real(self, name)
        if name != "WFS-far":
            return status
        return os.stat_result((*status[:2], status.st_dev + 1, *status[3:10]))

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "stat", stat)
        migration = move(root)

    ((source, line, reason),) = list_rejected(migration)
    assert (source, line) == ("active/WFS-far", None)
    assert "another device" in reason
    assert (migration.active, migration.migrated) == (None, ("WFS-far", "WFS-near"))
    assert "cannot be moved to the root" in migration.notes[0]
    assert read_json(root / "active" / "WFS-far")["status"] == "active"
    assert list_markers(root) == []


def refuse_to_move(root: Path, patch: pytest.MonkeyPatch, name: str) -> None:
    """Let a directory be where the system moves nothing from."""
    real = Folder.move

    def hand(self: Folder, entry: str, new_name: str, into: Folder | None = None) -> None:
        if entry == name:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), entry)
        real(self, entry, new_name, into)

    patch.setattr(Folder, "move", hand)


def test_what_turns_out_not_to_be_movable_is_listed_and_keeps_no_other_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session(root, "active/WFS-far", "active")
    add_session(root, "active/WFS-near", "paused")
    add_session(root, "sessions/WFS-too", "paused")
    forget_moments(root)
    with monkeypatch.context() as patch:
        refuse_to_move(root, patch, "WFS-far")
        migration = move(root)
        assert list_markers(root) == []

    assert [source for source, _, _ in list_rejected(migration)] == ["active/WFS-far"]
    assert migration.active is None
    assert migration.migrated == ("WFS-near", "WFS-too")
    assert "active/WFS-far" not in [step.path for step in migration.steps]
    assert read_attic(root) == [("sessions", None)]
    # Later it can be.
    assert move(root).active == "WFS-far"
    assert list_findings(root) == []


def test_a_paused_one_that_turns_out_not_to_be_movable_leaves_the_marker_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a")
    add_session(root, "active/WFS-far", "paused")
    with monkeypatch.context() as patch:
        refuse_to_move(root, patch, "WFS-far")
        assert move(root).active == "WFS-a"
    assert list_markers(root) == [".active-WFS-a"]


def test_a_name_with_no_room_for_a_number_stays_where_it_is(tmp_path: Path) -> None:
    name = "WFS-" + "a" * 196
    root = make_root(tmp_path, name)
    add_session(root, f"active/{name}", "active")

    migration = move(root)

    ((source, _, reason),) = list_rejected(migration)
    assert source == f"active/{name}"
    assert "no room for a number" in reason
    assert (migration.steps, migration.active) == ((), None)
    assert (root / "active" / name / RECORD).exists()


def test_a_migration_leaves_one_marker_where_there_were_several(root: Path) -> None:
    mark(root, "WFS-a")
    mark(root, "WFS-b", age_s=7200)
    mark(root, "WFS-gone", age_s=0)
    add_session(root, "active/WFS-c", "active")
    assert move(root).active == "WFS-a"
    # What nobody knows of may be waiting for its directory.
    assert list_markers(root) == [".active-WFS-a", ".active-WFS-gone"]


def test_of_several_markers_that_wait_the_newest_counts(root: Path) -> None:
    for name, age_s in (("WFS-c", 60), ("WFS-gone", 0), ("WFS-d", 3600)):
        mark(root, name, age_s=age_s)
    add_session(root, "active/WFS-c", "paused")
    add_session(root, "active/WFS-d", "active")
    assert move(root).active == "WFS-c"
    assert list_markers(root) == [".active-WFS-c", ".active-WFS-gone"]


def test_a_corrupt_record_of_which_nothing_is_said_is_moved_as_it_is(root: Path) -> None:
    add_session(root, "active/WFS-c", "active")
    write_old(root / "active" / "WFS-c" / RECORD, b'{"cut')
    assert move(root).migrated == ("WFS-c",)
    assert (root / "WFS-c" / RECORD).read_bytes() == b'{"cut'
    assert list_findings(root) == ["record-corrupt"]


def test_an_entry_whose_name_somebody_else_has_is_refused(root: Path) -> None:
    write_old(root / "WFS-file", b"a file")
    (root / "archives").mkdir()
    write_old(root / "archives" / "manifest.json", b'[{"session_id": "WFS-file"}]')
    ((source, line, reason),) = list_rejected(move(root))
    assert (source, line) == ("archives/manifest.json", None)
    assert "something else has its name" in reason


def test_a_line_whose_name_somebody_else_has_is_refused(root: Path) -> None:
    write_old(root / "WFS-file", b"a file")
    (root / "WFS-link").symlink_to("WFS-a")
    lines = [LINE.replace("WFS-a", name) for name in ("WFS-c", "WFS-file", "WFS-link", "wfs-B")]
    register(root, *lines)

    migration = move(root)

    assert [line for _, line, _ in list_rejected(migration)] == [2, 3, 4]
    # The others are later lines, but nobody's.
    assert states(root)["WFS-c"] == "active"


def test_a_directory_that_only_the_registry_names_becomes_a_session(root: Path) -> None:
    (root / "plain").mkdir()
    write_old(root / "plain" / "mine.md", b"mine")
    register(root, LINE.replace("WFS-a", "plain"))

    assert move(root).active == "plain"
    assert read_json(root / "plain")["project"] == "What the line says"
    assert (root / "plain" / "mine.md").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("said", "status", "state"),
    [
        ("archived", "completed", "completed"),
        ("failed", "failed", "completed"),
        ("interrupted", "paused", "paused"),
        ("on hold", "on hold", "paused"),
        ("", "paused", "paused"),
    ],
)
def test_a_session_that_only_a_line_knows_gets_the_status_that_its_place_has_for_it(
    root: Path, said: str, status: str, state: str
) -> None:
    register(root, LINE.replace("WFS-a", "WFS-c").replace("active", said))
    move(root)
    assert (read_json(root / "WFS-c")["status"], states(root)["WFS-c"]) == (status, state)
    assert list_findings(root) == []


def test_one_that_looks_active_can_be_chosen_and_no_other(root: Path) -> None:
    for name in "cd":
        add_session(root, f"active/WFS-{name}", "active")
    before = photograph(root)
    with pytest.raises(InvalidValue) as caught:
        migrate(str(root), active="WFS-a")
    assert caught.value.hint == "one of: WFS-c, WFS-d"
    assert photograph(root) == before

    migration = migrate(str(root), active="WFS-d")

    assert (migration.active, migration.choices) == ("WFS-d", ())
    assert (states(root)["WFS-c"], states(root)["WFS-d"]) == ("paused", "active")
    assert list_findings(root) == []
    with pytest.raises(InvalidValue) as caught:
        migrate(str(root), active="WFS-c")
    assert caught.value.hint == "wf switch WFS-c"


def test_one_of_this_layout_that_only_looks_active_is_not_woken(root: Path) -> None:
    add_session(root, "WFS-mine", "active")
    add_session(root, "active/WFS-c", "paused")
    before = (root / "WFS-mine" / RECORD).read_bytes()
    migration = move(root)
    assert (migration.active, migration.choices) == (None, ())
    assert (root / "WFS-mine" / RECORD).read_bytes() == before
    add_session(root, "WFS-too", "active")
    add_session(root, "active/WFS-d", "paused")
    assert move(root).choices == ()
    # One that moves may have been it, and so may they.
    add_session(root, "active/WFS-e", "active")
    assert move(root).choices == ("WFS-e", "WFS-mine", "WFS-too")


def test_a_marker_is_no_longer_an_orphan_where_an_older_layout_has_its_session(
    root: Path,
) -> None:
    add_session(root, "active/WFS-c", "paused")
    register(root, LINE.replace("WFS-a", "WFS-d").replace("active", "paused"))
    for name in ("WFS-c", "WFS-d", "WFS-gone"):
        mark(root, name)
    assert list_findings(root) == ["legacy-layout", "legacy-registry", "orphaned-marker"]


def test_a_manifest_that_cannot_be_read_stays_and_is_listed(root: Path) -> None:
    add_session(root, "archives/WFS-old", "completed")
    (root / "archives" / "manifest.json").symlink_to("elsewhere.json")
    add_session(root, ".archives/WFS-older", "completed")
    (root / ".archives" / "manifest.json").mkdir()

    migration = move(root)

    assert [source for source, _, _ in list_rejected(migration)] == [
        ".archives/manifest.json",
        "archives/manifest.json",
    ]
    assert states(root)["completed/WFS-old"] == "archived"
    assert sorted(os.listdir(root / "archives")) == ["manifest.json"]
    assert move(root).steps == ()


def test_an_old_place_that_may_not_be_read_stays_and_is_listed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session(root, "active/WFS-c", "paused")
    real = Folder.child

    def child(self: Folder, name: str) -> Folder:
        if name == "active":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
        return real(self, name)

    monkeypatch.setattr(Folder, "child", child)
    migration = move(root)
    assert [source for source, _, _ in list_rejected(migration)] == ["active"]
    assert migration.steps == ()


def test_what_looks_into_nothing_follows_no_link(root: Path) -> None:
    (root / "active" / "a b").mkdir(parents=True)
    (root / "active" / "c d").symlink_to("a b")
    (root / "active" / "WFS-x y").write_text("a file of that name")
    assert move(root).rejected == ()


def test_what_nobody_could_hold_in_a_record_is_refused_and_kept(root: Path) -> None:
    large = "x" * 8_000_000
    newer = '{"schema_version": 99, "cut'
    write_old(root / "WFS-b" / RECORD, newer.encode())
    register(
        root,
        f'{{"id": "WFS-a", "large": "{large}"}}',
        f'{{"id": "WFS-b", "large": "{large}"}}',
        f'{{"id": "WFS-new", "large": "{large}"}}',
        '{"id": "WFS-fine"}',
    )
    lines = (root / REGISTRY).read_bytes()

    migration = move(root)

    assert [line for _, line, _ in list_rejected(migration)] == [1, 2, 3]
    assert migration.migrated == ("WFS-fine",)
    assert read_attic(root) == [(REGISTRY, lines)]
    assert (root / "WFS-b" / RECORD).read_text() == newer


def test_a_record_without_room_for_what_is_said_still_gets_its_name_and_its_status(
    root: Path,
) -> None:
    add_session(root, "archives/WFS-c", "active", migrated_from="mine", project="Ours")
    add_session(root, "archives/WFS-a", "active", migrated_from="mine", project="Ours")
    write_old(root / "archives" / "manifest.json", b'[{"session_id": "WFS-a", "project": "P"}]')
    register(root, LINE.replace("WFS-a", "WFS-c"))

    migration = move(root)

    assert [(source, line) for source, line, _ in list_rejected(migration)] == [
        (REGISTRY, 1),
        ("archives/manifest.json", None),
    ]
    for name in ("WFS-c", "WFS-a-2"):
        record = read_json(root / "completed" / name)
        assert (record["session_id"], record["status"]) == (name, "completed")
        assert record["migrated_from"] == "mine"
    assert list_findings(root) == []


def test_a_disk_that_takes_nothing_is_an_error_and_nothing_is_done(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(root, LINE)
    before = photograph(root)
    with monkeypatch.context() as patch:
        fail(patch, errno.EROFS, "create", "make", "open_lock_file")
        with pytest.raises(DiskFailed):
            move(root)
    assert photograph(root) == before
