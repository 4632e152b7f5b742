"""The hint is never believed wrongly: changes at any moment, copies, crashes (R3)."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import wfsession
from tests.hands import CHANGING, LOOKING, play, play_at
from tests.hints import ask, believe, look, make_private_root, put_hint, replace_by_directory
from tests.stamps import Stamps
from tests.trees_disk import SECOND_NS, settle
from wfsession.core.disk import Folder
from wfsession.core.hint import renew_hint

# Thousands of moments, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

TICK_NS = 4_000_000
QUIET_NS = 2 * SECOND_NS


@pytest.fixture
def stamps(monkeypatch: pytest.MonkeyPatch) -> Stamps:
    return Stamps(TICK_NS).install(monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_private_root(tmp_path, "WFS-a")


Act = Callable[[Path], object]
BY_HAND: dict[str, Act] = {
    "another marker": lambda root: (root / ".active-WFS-b").touch(),
    "a marker renamed": lambda root: (root / ".active-WFS-a").rename(root / ".active-WFS-b"),
    "a marker removed": lambda root: (root / ".active-WFS-a").unlink(),
    "a session moved away": lambda root: (root / "WFS-a").rename(root / "notes"),
    "a session removed": lambda root: shutil.rmtree(root / "WFS-a"),
    "a marker replaced": lambda root: replace_by_directory(root / ".active-WFS-a"),
}


def list_moments(grain_ns: int) -> list[tuple[int, int]]:
    """Return how old the root is, and how long a call takes: in quarters of a grain."""
    paces = (0, grain_ns // 4, grain_ns)
    return [(age * grain_ns // 4, pace) for age in (0, 3, 4, 5, 8, 12) for pace in paces]


@pytest.mark.parametrize("grain_ns", [TICK_NS, 2 * SECOND_NS], ids=["4 ms", "2 s"])
@pytest.mark.parametrize("how", BY_HAND)
def test_no_change_between_any_two_calls_is_missed_however_coarse_the_stamps(
    tmp_path: Path, how: str, grain_ns: int, is_soak: bool
) -> None:
    written = 0
    # In the ordinary run each change has every other of them.
    first, every = (0, 1) if is_soak else (list(BY_HAND).index(how) % 2, 2)
    for number, (age_ns, pace_ns) in enumerate(list_moments(grain_ns)[first::every]):
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
    assert written > 4


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
    # To rsync, two times in one second are one.
    settle(root)
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
