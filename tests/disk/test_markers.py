"""Who is active while people and other tools touch, move and spoil the markers (protocol.md, 5)."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.hands import play
from tests.trees_disk import (
    SECOND_NS,
    add_session,
    list_attic,
    list_files,
    list_markers,
    make_root,
    mark,
    read,
    settle,
    states,
    touch,
)
from wfsession.errors import UnsafePath
from wfsession.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path, "WFS-a", "WFS-b", "WFS-c")


def test_the_newest_marker_wins(root: Path) -> None:
    mark(root, "WFS-a", age_s=10)
    mark(root, "WFS-b", age_s=5)
    mark(root, "WFS-c", age_s=20)

    snapshot = read(root)

    assert snapshot.active == "WFS-b"
    assert [marker.name for marker in snapshot.markers] == ["WFS-b", "WFS-a", "WFS-c"]
    assert states(root) == {"WFS-a": "paused", "WFS-b": "active", "WFS-c": "paused"}


def test_of_markers_of_one_time_the_first_by_its_bytes_wins(tmp_path: Path) -> None:
    names = ["WFS-B", "WFS-a", "WFS-ä", "WFS-Z"]
    root = make_root(tmp_path, *names)
    for name in names:
        mark(root, name)

    assert [marker.name for marker in read(root).markers] == ["WFS-B", "WFS-Z", "WFS-a", "WFS-ä"]


def test_an_orphan_never_competes_though_it_is_the_newest(root: Path) -> None:
    mark(root, "WFS-a", age_s=3600)
    mark(root, "WFS-gone", age_s=0)
    (root / "WFS-file").touch()
    mark(root, "WFS-file", age_s=0)

    assert read(root).active == "WFS-a"
    assert wfsession.current(root) == "WFS-a"


@pytest.mark.parametrize(
    "entry",
    [
        ".active-",
        ".active-WFS-b~",
        ".active-WFS-b (1)",
        ".active-WFS-b.",
        ".active-completed",
        ".active-.",
        ".active-..",
        ".active--WFS-b",
        ".active-WFS-b\udcff",
        ".activeWFS-b",
        ".Active-WFS-b",
    ],
)
def test_what_only_looks_like_a_marker_is_none_and_is_left_alone(
    root: Path, workspace: Workspace, entry: str
) -> None:
    mark(root, "WFS-a")
    (root / entry).touch()
    (root / "completed").mkdir()
    settle(root)

    assert read(root).active == "WFS-a"
    workspace.switch("WFS-c")
    workspace.pause()

    assert entry in os.listdir(root)
    assert list_attic(root) == []


def _link(path: Path) -> None:
    path.symlink_to("WFS-a")


def _link_to_marker(path: Path) -> None:
    (path.parent / "real").touch()
    path.symlink_to("real")


def _directory(path: Path) -> None:
    path.mkdir()
    (path / "kept").write_bytes(b"kept\n")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


IRREGULAR = [_link, _link_to_marker, _directory, _fifo]


@pytest.mark.parametrize("spoil", IRREGULAR)
def test_what_is_no_regular_file_activates_nothing(
    root: Path, spoil: Callable[[Path], None]
) -> None:
    mark(root, "WFS-a")
    spoil(root / ".active-WFS-b")
    settle(root)

    assert read(root).active == "WFS-a"


def test_after_a_switch_from_an_old_marker_an_earlier_touch_does_not_win(
    root: Path, workspace: Workspace
) -> None:
    mark(root, "WFS-a", age_s=3600)
    # The rename would keep the hour-old time, and this one would be newer.
    os.utime(mark(root, "WFS-c"), ns=(time.time_ns() - 60 * SECOND_NS,) * 2)
    os.utime(root / ".active-WFS-a", ns=(time.time_ns() - 30 * SECOND_NS,) * 2)

    workspace.switch("WFS-b")
    assert list_markers(root) == [".active-WFS-b"]

    # One that a sync tool delivers late, with the time of before the switch.
    os.utime(mark(root, "WFS-c"), ns=(time.time_ns() - 10 * SECOND_NS,) * 2)
    assert read(root).active == "WFS-b"


def test_a_switch_never_makes_the_marker_older_than_it_was(
    root: Path, workspace: Workspace
) -> None:
    late = time.time_ns() + 3600 * SECOND_NS
    os.utime(mark(root, "WFS-a"), ns=(late, late))

    workspace.switch("WFS-b")

    assert (root / ".active-WFS-b").stat().st_mtime_ns == late


def test_a_touch_by_hand_after_a_switch_wins(root: Path, workspace: Workspace) -> None:
    mark(root, "WFS-b", age_s=3600)
    mark(root, "WFS-a", age_s=7200)
    workspace.switch("WFS-b")
    settle(root)

    later = time.time_ns() + SECOND_NS
    os.utime(root / ".active-WFS-a", ns=(later, later))

    assert read(root).active == "WFS-a"
    assert wfsession.current(root) == "WFS-a"


def test_a_touch_by_hand_reopens_a_completed_session(root: Path) -> None:
    add_session(root, "WFS-done", "completed")

    touch(root, "WFS-done")

    assert states(root)["WFS-done"] == "active"


@pytest.mark.parametrize("target", ["WFS-a", "WFS-b"])
def test_pausing_with_two_markers_promotes_no_loser(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    mark(root, "WFS-a", age_s=20)
    mark(root, "WFS-b", age_s=10)
    seen: list[str | None] = []
    play(monkeypatch, "unlink", lambda: seen.append(read(root).active), times=9, name=".active-")

    workspace.pause(target)

    if target == "WFS-b":
        assert list_markers(root) == []
        assert seen == ["WFS-b", "WFS-b"]
    else:
        assert list_markers(root) == [".active-WFS-a", ".active-WFS-b"]
        assert seen == []


def test_switching_removes_the_losers_oldest_first_and_after_the_winner_moved(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session(root, "WFS-d")
    mark(root, "WFS-a", age_s=10)
    mark(root, "WFS-b", age_s=20)
    mark(root, "WFS-c", age_s=30)
    seen: list[list[str]] = []
    play(monkeypatch, "unlink", lambda: seen.append(list_markers(root)), times=9, name=".active-")

    workspace.switch("WFS-d")

    assert seen == [
        [".active-WFS-b", ".active-WFS-c", ".active-WFS-d"],
        [".active-WFS-b", ".active-WFS-d"],
    ]
    assert list_markers(root) == [".active-WFS-d"]


def test_switching_to_a_loser_leaves_only_its_marker(root: Path, workspace: Workspace) -> None:
    mark(root, "WFS-a", age_s=10)
    mark(root, "WFS-b", age_s=20)

    workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-b"]
    assert states(root)["WFS-b"] == "active"


def test_at_no_moment_of_a_switch_is_none_active_or_another_than_the_two(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a", age_s=10)
    mark(root, "WFS-c", age_s=20)
    seen: list[str | None] = []
    for verb in ("set_mtime", "replace", "unlink", "sync"):
        play(monkeypatch, verb, lambda: seen.append(read(root).active), times=99)
        play(monkeypatch, verb, lambda: seen.append(read(root).active), times=99, after=True)

    workspace.switch("WFS-b")

    assert seen[0] == "WFS-a"
    assert seen[-1] == "WFS-b"
    assert seen == sorted(seen, key=str)


def test_switching_leaves_orphans_to_the_doctor(root: Path, workspace: Workspace) -> None:
    mark(root, "WFS-a")
    mark(root, "WFS-gone")

    workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-b", ".active-WFS-gone"]


@pytest.mark.parametrize("spoil", IRREGULAR)
@pytest.mark.parametrize("active", ["", "WFS-a"])
def test_what_stands_in_the_way_of_a_marker_is_set_aside_with_a_note(
    root: Path, workspace: Workspace, spoil: Callable[[Path], None], active: str
) -> None:
    if active:
        mark(root, active)
    spoil(root / ".active-WFS-b")
    before = list_files(root)

    workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-b"]
    assert (root / ".active-WFS-b").read_bytes() == b""
    (box,) = list_attic(root)
    note = json.loads((box / "note.json").read_bytes())
    assert note["from"] == ".active-WFS-b"
    assert note["reason"]
    assert (box / "item").is_symlink() == (spoil in (_link, _link_to_marker))
    kept = [data for data in before.values() if data == b"kept\n"]
    assert [data for data in list_files(root).values() if data == b"kept\n"] == kept


@pytest.mark.parametrize("role", ["target", "winner", "loser", "paused winner", "paused loser"])
def test_a_marker_with_content_is_set_aside_and_loses_nothing(
    root: Path, workspace: Workspace, role: str
) -> None:
    content = {"winner": ["WFS-a"], "loser": ["WFS-c"], "target": ["WFS-b"]}
    full = content[role.removeprefix("paused ")]
    mark(root, "WFS-a", age_s=10, data=b"kept\n" if "WFS-a" in full else b"")
    mark(root, "WFS-c", age_s=20, data=b"kept\n" if "WFS-c" in full else b"")
    if role == "target":
        mark(root, "WFS-b", age_s=30, data=b"kept\n")

    if role.startswith("paused"):
        workspace.pause()
    else:
        workspace.switch("WFS-b")

    assert list_markers(root) == ([] if role.startswith("paused") else [".active-WFS-b"])
    (box,) = list_attic(root)
    assert (box / "item").read_bytes() == b"kept\n"
    assert b"kept\n" not in [path.read_bytes() for path in root.glob(".active-*")]
    assert os.listdir(root / ".wf" / "tmp") == []


@pytest.mark.parametrize("first", ["WFS-a", "WFS-b"])
def test_two_markers_that_are_names_of_one_file_are_both_set_aside(
    root: Path, workspace: Workspace, first: str
) -> None:
    mark(root, "WFS-a")
    os.link(root / ".active-WFS-a", root / ".active-WFS-b")
    settle(root)
    assert read(root).active == "WFS-a"

    workspace.switch("WFS-b")

    assert list_markers(root) == [".active-WFS-b"]
    assert (root / ".active-WFS-b").stat().st_nlink == 1
    assert states(root) == {"WFS-a": "paused", "WFS-b": "active", "WFS-c": "paused"}
    assert len(list_attic(root)) == 2


def test_a_winner_that_is_hard_linked_elsewhere_is_outdone_before_it_is_set_aside(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    late = time.time_ns() + 3600 * SECOND_NS
    os.utime(mark(root, "WFS-a"), ns=(late, late))
    os.link(root / ".active-WFS-a", tmp_path / "other-name")
    seen: list[str | None] = []
    play(monkeypatch, "move", lambda: seen.append(read(root).active), name=".active-")

    workspace.switch("WFS-b")

    assert seen == ["WFS-b"]
    assert list_markers(root) == [".active-WFS-b"]
    assert (tmp_path / "other-name").stat().st_mtime_ns == late


def test_an_attic_that_is_a_symlink_is_refused(
    root: Path, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (root / ".attic").symlink_to(tmp_path / "outside")
    mark(root, "WFS-b", data=b"kept\n")
    mark(root, "WFS-a", age_s=0)

    with pytest.raises(UnsafePath, match=r"\.attic"):
        workspace.switch("WFS-b")

    assert os.listdir(tmp_path / "outside") == []
    assert (root / ".active-WFS-b").read_bytes() == b"kept\n"
    assert read(root).active == "WFS-a"


def test_a_marker_that_goes_away_before_it_is_set_aside_leaves_no_empty_box(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a", data=b"kept\n")
    play(monkeypatch, "move", (root / ".active-WFS-a").unlink, name=".active-")

    workspace.pause()

    assert list_attic(root) == []
    assert list_markers(root) == []
