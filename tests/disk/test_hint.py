"""The hint: when it is written, when it is believed, and that it is never believed wrongly (R3)."""

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import wfsession
from tests.hands import CHANGING, LOOKING, fail, play, play_at
from tests.stamps import Stamps
from tests.trees_disk import SECOND_NS, list_leftovers, make_root, mark, photograph
from wfsession.core.disk import Folder
from wfsession.core.hint import encode_hint, find_active, read_hint, renew_hint
from wfsession.core.markers import Listing

TICK_NS = 4_000_000
QUIET_NS = 2 * SECOND_NS


@pytest.fixture
def stamps(monkeypatch: pytest.MonkeyPatch) -> Stamps:
    return Stamps(TICK_NS).install(monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_private_root(tmp_path, "WFS-a")


def make_private_root(project: Path, active: str = "") -> Path:
    root = make_root(project, "WFS-a", "WFS-b", active=active)
    (root / ".wf" / "tmp").mkdir(parents=True)
    return root


def ask(root: Path) -> str:
    with Folder.open(str(root)) as folder:
        return find_active(folder)


def believe(root: Path) -> str | None:
    with Folder.open(str(root)) as folder:
        return read_hint(folder)


def look(root: Path) -> str:
    """Find who is active by a listing."""
    with Folder.open(str(root)) as folder:
        winner = Listing(folder).winner
        return winner.dirname if winner else ""


def put_hint(root: Path, name: str, entries: int = 5) -> Path:
    """Write the hint that holds for a root as it is now; nothing in it is checked."""
    path = root / ".wf" / "active"
    path.write_bytes(encode_hint(name, root.stat(), entries))
    stamp_ns = root.stat().st_mtime_ns
    os.utime(path, ns=(stamp_ns, stamp_ns))
    return path


def list_hints(root: Path) -> list[str]:
    assert list_leftovers(root) == []
    return [name for name in os.listdir(root / ".wf") if name != "tmp"]


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


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_by_symlink(path: Path) -> None:
    path.rename(path.with_name("x"))
    path.symlink_to("x")


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


# That it is never believed wrongly

Act = Callable[[Path], object]
BY_HAND: dict[str, Act] = {
    "another marker": lambda root: (root / ".active-WFS-b").touch(),
    "a marker renamed": lambda root: (root / ".active-WFS-a").rename(root / ".active-WFS-b"),
    "a marker removed": lambda root: (root / ".active-WFS-a").unlink(),
    "a session moved away": lambda root: (root / "WFS-a").rename(root / "notes"),
    "a session removed": lambda root: shutil.rmtree(root / "WFS-a"),
    "a marker replaced": lambda root: replace_by_directory(root / ".active-WFS-a"),
}


def list_moments(grain_ns: int) -> Iterator[tuple[int, int]]:
    """Yield how old the root is, and how long a call takes: in quarters of a grain."""
    for quarters in (0, 3, 4, 5, 8, 12):
        for pace in (0, grain_ns // 4, grain_ns):
            yield quarters * grain_ns // 4, pace


@pytest.mark.parametrize("grain_ns", [TICK_NS, 2 * SECOND_NS], ids=["4 ms", "2 s"])
@pytest.mark.parametrize("how", BY_HAND)
def test_no_change_between_any_two_calls_is_missed_however_coarse_the_stamps(
    tmp_path: Path, how: str, grain_ns: int
) -> None:
    written = 0
    for number, (age_ns, pace_ns) in enumerate(list_moments(grain_ns)):
        project = tmp_path / str(number)
        at, calls = 0, [""]
        while at <= len(calls):
            at += 1
            root = make_private_root(project / str(at), "WFS-a")
            with pytest.MonkeyPatch.context() as patch:
                stamps = Stamps(grain_ns).install(patch)
                ask(root)
                stamps.wait(QUIET_NS - grain_ns + age_ns)
                with pytest.MonkeyPatch.context() as inner:
                    calls = take_time(inner, stamps, pace_ns, at, partial(change, root, how))
                    ask(root)
                if at > len(calls):
                    written += believe(root) == "WFS-a"
                    change(root, how)
                # At once, and when the next tick came.
                assert believe(root) in (None, look(root)), (age_ns, pace_ns, at, calls)
                stamps.wait(2 * grain_ns)
                assert believe(root) in (None, look(root)), (age_ns, pace_ns, at, calls)
            shutil.rmtree(root)
    # Or the whole would hold because nothing is ever believed.
    assert written > 10


def change(root: Path, how: str) -> None:
    """Let somebody act, and the disk take down the time."""
    BY_HAND[how](root)
    with Folder.open(str(root)) as folder:
        folder.read_status()


def take_time(
    patch: pytest.MonkeyPatch, stamps: Stamps, pace_ns: int, at: int, act: Callable[[], object]
) -> list[str]:
    """Let each call of Folder take its time, and somebody act before the one with a number."""
    calls = play_at(patch, at, act)
    for verb in (*CHANGING, *LOOKING):
        real = getattr(Folder, verb)

        def hand(self: Folder, *args: Any, real: Any = real, **options: Any) -> Any:
            stamps.wait(pace_ns)
            return real(self, *args, **options)

        patch.setattr(Folder, verb, hand)
    return calls


@pytest.mark.parametrize("how", BY_HAND)
def test_a_hint_that_is_replaced_between_reading_and_comparing_is_not_believed_wrongly(
    root: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_hint(root, "WFS-a")

    def move_on() -> None:
        BY_HAND[how](root)
        put_hint(root, look(root))

    play(monkeypatch, "read_status", move_on)
    assert believe(root) in (None, look(root))


COPIES: dict[str, tuple[str, ...]] = {
    "cp": ("cp", "-a", "p/.", "q"),
    "rsync": ("rsync", "-a", "p/", "q"),
    "tar": ("sh", "-c", "tar -C p -cf - . | tar -C q -xpf -"),
    "links": ("cp", "-al", "p/.", "q"),
}


@pytest.mark.parametrize(
    "how", [pytest.param(name, marks=pytest.mark.needs(COPIES[name][0])) for name in COPIES]
)
def test_a_hint_that_was_copied_with_its_root_is_removed_before_anything_is_answered(
    tmp_path: Path, how: str
) -> None:
    root = make_private_root(tmp_path / "p", "WFS-a")
    put_hint(root, "WFS-a")
    (tmp_path / "q").mkdir()
    subprocess.run(COPIES[how], cwd=tmp_path, check=True)
    copy = tmp_path / "q" / ".workflow"
    assert (copy / ".wf" / "active").exists()
    if how != "tar":
        assert copy.stat().st_mtime_ns == root.stat().st_mtime_ns
    assert believe(copy) is None
    assert ask(copy) == "WFS-a"
    assert believe(root) == "WFS-a"


@pytest.mark.parametrize(
    "how", [pytest.param(name, marks=pytest.mark.needs(COPIES[name][0])) for name in COPIES]
)
def test_a_root_that_is_put_back_over_a_live_one_with_its_time_is_listed(
    tmp_path: Path, how: str
) -> None:
    root = make_private_root(tmp_path / "q", "WFS-a")
    put_hint(root, "WFS-a")
    kept_ns = root.stat().st_mtime_ns
    shutil.copytree(tmp_path / "q", tmp_path / "p", symlinks=True)
    (root / ".active-WFS-b").touch()
    if how == "links":
        (tmp_path / "q" / ".workflow" / "WFS-b" / "PLAN.md").unlink()
        shutil.rmtree(tmp_path / "p" / ".workflow" / "WFS-b")
        for left in (tmp_path / "p").rglob("*"):
            if left.is_file():
                (root / left.relative_to(tmp_path / "p" / ".workflow")).unlink(missing_ok=True)
    subprocess.run(COPIES[how], cwd=tmp_path, check=True)
    os.utime(root, ns=(kept_ns, kept_ns))
    assert believe(root) is None
    assert ask(root) == "WFS-b"


@pytest.mark.needs("git")
def test_a_checkout_brings_no_hint(tmp_path: Path) -> None:
    workspace = wfsession.init(tmp_path)
    workspace.create("One")
    root = Path(workspace.root)
    put_hint(root, "WFS-one")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "x")):
        subprocess.run((*git, *words), cwd=tmp_path, check=True)
    listed = subprocess.run(
        (*git, "ls-files"), cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert ".workflow/WFS-one/workflow-session.json" in listed
    assert ".wf" not in listed.replace(".workflow", "")


def test_a_crash_while_it_is_written_leaves_what_the_next_reader_can_use(
    root: Path, stamps: Stamps
) -> None:
    ask(root)
    stamps.wait(QUIET_NS)
    at, calls = 0, [""]
    while at < len(calls):
        at += 1
        with pytest.MonkeyPatch.context() as patch:
            calls = play_at(patch, at, die)
            with pytest.raises(Died):
                ask(root)
        assert ask(root) == "WFS-a"
        assert believe(root) in (None, "WFS-a")
        (root / ".wf" / "active").unlink(missing_ok=True)


class Died(BaseException):
    pass


def die() -> None:
    raise Died


def test_renewing_in_a_root_that_has_gone_is_no_matter(root: Path) -> None:
    with Folder.open(str(root)) as folder:
        shutil.rmtree(root)
        renew_hint(folder)
