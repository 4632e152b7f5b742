"""Listings during which somebody writes: which are void, and what is done then (protocol.md, 2)."""

import os
import time
from pathlib import Path

import attrs
import pytest

from tests.hands import play
from tests.trees_disk import OLD_NS, SECOND_NS, make_root, mark, photograph, settle
from wfsession.core import markers
from wfsession.core.disk import Folder
from wfsession.core.lock import Lock
from wfsession.core.markers import Listing, read_markers

NOW_NS = 1_800_000_000_123_456_789
GRAIN_NS = 20_000_000


@attrs.define
class Clock:
    """Stands still, and notes who wanted to wait."""

    now_ns: int = NOW_NS
    naps_s: list[float] = attrs.Factory(list)

    def time_ns(self) -> int:
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.naps_s.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time_ns", clock.time_ns)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[Listing]:
    """Grows by every listing that is made."""
    made: list[Listing] = []

    class Noted(Listing):
        def __init__(self, root: Folder) -> None:
            super().__init__(root)
            made.append(self)

    monkeypatch.setattr(markers, "Listing", Noted)
    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path, "WFS-a", "WFS-b")


def who_is_active(root: Path) -> str | None:
    with Folder.open(str(root)) as folder:
        return read_markers(folder).active


def set_mtime(root: Path, ns: int) -> None:
    os.utime(root, ns=(ns, ns))


def test_a_listing_of_a_root_at_rest_is_made_once(
    root: Path, clock: Clock, listings: list[Listing]
) -> None:
    for names in ([], ["WFS-a"], ["WFS-b"]):
        for name in names:
            mark(root, name)
        who_is_active(root)
    assert len(listings) == 3
    assert clock.naps_s == []


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(
    ("mtime_ns", "is_sound"),
    [
        (NOW_NS, False),
        (NOW_NS - GRAIN_NS + 1, False),
        (NOW_NS - GRAIN_NS, True),
        # The clock went back by less than the grain, or by an hour.
        (NOW_NS + GRAIN_NS - 1, False),
        (NOW_NS + GRAIN_NS, True),
        (NOW_NS + 3600 * SECOND_NS, True),
        # Stamps in whole seconds may be of a disk that has no finer ones.
        (NOW_NS // SECOND_NS * SECOND_NS - SECOND_NS, False),
        (NOW_NS // SECOND_NS * SECOND_NS - 2 * SECOND_NS, True),
    ],
)
def test_none_or_several_count_only_when_the_root_is_older_than_the_grain_of_its_clock(
    root: Path, clock: Clock, listings: list[Listing], several: bool, mtime_ns: int, is_sound: bool
) -> None:
    if several:
        mark(root, "WFS-a")
        mark(root, "WFS-b", age_s=7200)
    set_mtime(root, mtime_ns)

    assert who_is_active(root) == ("WFS-a" if several else None)

    if is_sound:
        assert (len(listings), clock.naps_s) == (1, [])
    else:
        # Five, and one more where the lock would be, which is not there.
        assert (len(listings), clock.naps_s) == (6, [0.0, 0.001, 0.004, 0.016])


@pytest.mark.parametrize("mtime_ns", [NOW_NS, NOW_NS // SECOND_NS * SECOND_NS])
def test_a_single_candidate_counts_at_once_where_nothing_moved(
    root: Path, clock: Clock, listings: list[Listing], mtime_ns: int
) -> None:
    mark(root, "WFS-a")
    set_mtime(root, mtime_ns)

    assert who_is_active(root) == "WFS-a"
    assert len(listings) == 1


def test_a_single_candidate_while_the_root_moved_counts_after_a_second_listing(
    root: Path, clock: Clock, listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a")
    moved = iter(range(1, 99))
    play(monkeypatch, "list_names", lambda: set_mtime(root, OLD_NS + next(moved)), times=99)

    assert who_is_active(root) == "WFS-a"
    assert (len(listings), clock.naps_s) == (2, [0.0])


def test_two_listings_that_show_different_single_candidates_do_not_agree(
    root: Path, clock: Clock, listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a")
    moved = iter(range(1, 99))

    def switch_to_and_fro() -> None:
        old, new = ("WFS-a", "WFS-b") if (root / ".active-WFS-a").exists() else ("WFS-b", "WFS-a")
        (root / f".active-{old}").rename(root / f".active-{new}")
        set_mtime(root, OLD_NS + next(moved))

    play(monkeypatch, "list_names", switch_to_and_fro, times=3)

    # b, a, b, each while the root moved; then b at rest.
    assert who_is_active(root) == "WFS-b"
    assert len(listings) == 4


def test_a_rename_that_hides_the_marker_from_a_listing_voids_it(
    root: Path, clock: Clock, listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing went past `b` before the rename, and past `a` after it: it shows none."""
    mark(root, "WFS-a")
    real = Folder.list_names
    calls = 0

    def list_names(self: Folder) -> list[str]:
        nonlocal calls
        calls += 1
        if calls > 1:
            return real(self)
        names = [name for name in real(self) if not name.startswith(".active-")]
        (root / ".active-WFS-a").rename(root / ".active-WFS-b")
        return names

    monkeypatch.setattr(Folder, "list_names", list_names)

    assert who_is_active(root) == "WFS-b"
    assert listings[0].active is None
    assert not listings[0].was_still
    assert len(listings) == 2


def test_a_rename_that_shows_the_marker_twice_voids_the_listing(
    root: Path, clock: Clock, listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a")
    real = Folder.list_names
    calls = 0

    def list_names(self: Folder) -> list[str]:
        nonlocal calls
        calls += 1
        if calls == 1:
            os.link(root / ".active-WFS-a", root / ".active-WFS-b")
        elif calls == 2:
            (root / ".active-WFS-a").unlink()
        return real(self)

    monkeypatch.setattr(Folder, "list_names", list_names)

    assert who_is_active(root) == "WFS-b"
    assert len(listings[0].candidates) == 2


def test_where_stamps_are_too_coarse_to_move_a_young_listing_of_none_is_repeated(
    root: Path, clock: Clock, listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old kernels stamp in steps of some milliseconds: the rename left no trace in the mtime."""
    young = NOW_NS - 4_000_000
    set_mtime(root, young)
    play(monkeypatch, "list_names", lambda: mark(root, "WFS-a"), at=2)
    play(monkeypatch, "list_names", lambda: set_mtime(root, young), times=9)

    assert who_is_active(root) == "WFS-a"
    assert listings[0].was_still
    assert len(listings) > 1


def test_a_reader_waits_for_the_writer_at_the_lock_where_there_is_one(
    root: Path, clock: Clock, listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".wf").mkdir()
    (root / ".wf" / "lock").touch()
    set_mtime(root, NOW_NS)
    timeouts: list[float] = []
    real = Lock.acquire

    def acquire(self: Lock, timeout_s: float, create: bool = True) -> None:
        timeouts.append(timeout_s)
        assert not create
        real(self, timeout_s, create)

    monkeypatch.setattr(Lock, "acquire", acquire)
    before = photograph(root)

    assert who_is_active(root) is None

    assert timeouts == [0.2]
    assert len(listings) == 6
    assert photograph(root) == before
    # It let go of it again.
    with Folder.open(str(root)) as folder:
        Lock(folder, ".wf", "lock").acquire(0, create=False)


def test_a_reader_that_does_not_get_the_lock_answers_all_the_same(
    root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".wf").mkdir()
    mark(root, "WFS-a")
    mark(root, "WFS-b", age_s=7200)
    set_mtime(root, NOW_NS)
    monkeypatch.setattr(markers, "_LOCK_WAIT_S", 0)
    with Folder.open(str(root)) as folder:
        lock = Lock(folder, ".wf", "lock")
        lock.acquire(0)

        assert who_is_active(root) == "WFS-a"
        lock.release()


@pytest.mark.parametrize(("at", "expected"), [(9, "WFS-b"), (99, None)])
def test_beside_writers_that_never_rest_none_is_not_believed_at_once(
    root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, at: int, expected: str | None
) -> None:
    """Each listing before that is one during which a rename hid the marker."""
    (root / ".wf").mkdir()
    monkeypatch.setattr(markers, "_LOCK_WAIT_S", 0)
    set_mtime(root, NOW_NS)
    play(monkeypatch, "list_names", lambda: mark(root, "WFS-b"), at=at)
    with Folder.open(str(root)) as folder:
        lock = Lock(folder, ".wf", "lock")
        lock.acquire(0)

        assert who_is_active(root) == expected
        lock.release()


@pytest.mark.parametrize("kind", ["absent", "empty", "fifo lock", "symlink"])
def test_a_reader_makes_nothing_where_there_is_no_lock(
    root: Path, clock: Clock, tmp_path: Path, kind: str
) -> None:
    if kind == "symlink":
        (tmp_path / "outside").mkdir()
        (root / ".wf").symlink_to(tmp_path / "outside")
    elif kind != "absent":
        (root / ".wf").mkdir()
    if kind == "fifo lock":
        os.mkfifo(root / ".wf" / "lock")
    set_mtime(root, NOW_NS)
    before = photograph(tmp_path)

    assert who_is_active(root) is None

    assert photograph(tmp_path) == before


def test_a_marker_that_goes_away_between_the_listing_and_its_look_is_none(
    root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(root, "WFS-a")
    mark(root, "WFS-b")
    play(monkeypatch, "find", (root / ".active-WFS-a").unlink, name=".active-WFS-a")

    assert who_is_active(root) == "WFS-b"


def test_several_markers_made_during_a_listing_of_many_sessions_are_all_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path)
    for number in range(5000):
        (root / f"WFS-{number}").mkdir()
    settle(root)

    def touch_three() -> None:
        for number, age_s in ((7, 30), (4999, 20), (70, 10)):
            path = root / f".active-WFS-{number}"
            path.touch()
            ns = time.time_ns() - age_s * SECOND_NS
            os.utime(path, ns=(ns, ns))

    real = Folder.list_names
    calls = 0

    def list_names(self: Folder) -> list[str]:
        nonlocal calls
        calls += 1
        names = real(self)
        if calls == 1:
            touch_three()
            return [*names, ".active-WFS-7"]
        return names

    monkeypatch.setattr(Folder, "list_names", list_names)

    assert who_is_active(root) == "WFS-70"
    assert calls > 1
