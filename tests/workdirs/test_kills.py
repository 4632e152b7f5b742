"""Killed at any step, an acquire leaves what the next one finishes; and nobody's work is touched.

The steps are the calls of git and those of the system that change the disk. The process is really
killed, before a step or right after it; a git that runs by then runs to its end.
"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.figures import count
from tests.hands import run_in_child
from tests.system import System
from tests.workdirs.repositories import Repository, git
from tests.workdirs.workshop import Workshop, read, tell_status
from wfsession.core import disk
from wfsession.workdirs import aside, cache, links
from wfsession.workdirs import git as git_module
from wfsession.workdirs.places import Places

# In the ordinary run, at most so many of each kind.
_SAMPLED = 20
_CHANGING = frozenset({"replace", "rename", "mkdir", "unlink", "utime"})


class Steps:
    """Counts steps, and kills this process before or after the `at`-th; 0 kills nobody."""

    def __init__(self, at: int = 0, *, after: bool = False) -> None:
        self.at = at
        self.after = after
        self.names: list[str] = []

    def take(self, name: str, act: Callable[[], Any]) -> Any:
        self.names.append(name)
        is_it = len(self.names) == self.at
        if is_it and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return act()
        finally:
            # A step may fail, and that be fine.
            if is_it:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Let all steps of the library go through here; what is only made durable is none."""

        def see(name: str, real: Callable[..., Any], args: Any, options: Any) -> Any:
            if name == "fsync":
                return None
            if name == "create" or name in _CHANGING:
                return self.take(name, lambda: real(*args, **options))
            return real(*args, **options)

        for module in (disk, cache, aside, links):
            patch.setattr(module, "os", System(see))
        patch.setattr(disk, "_sync_descriptor", lambda descriptor: None)
        real_call = git_module._call
        patch.setattr(
            git_module,
            "_call",
            lambda *args: self.take(f"git {args[1][0]}", lambda: real_call(*args)),
        )


def make_nothing(shop: Workshop) -> None:
    """The first acquire of all."""


def make_cache(shop: Workshop) -> None:
    shop.acquire("main")


def make_workdir(shop: Workshop) -> None:
    shop.acquire("main")
    shop.acquire()
    shop.repository.commit("feature/a", "three\n")


def lose_directory(shop: Workshop) -> None:
    shop.acquire("main")
    shutil.rmtree(shop.acquire().path)


def lose_entry(shop: Workshop) -> None:
    shop.acquire("main")
    made = shop.acquire()
    shutil.rmtree(shop.bare / "worktrees" / Path(made.path).name)


def break_cache(shop: Workshop) -> None:
    shop.acquire("main")
    shop.acquire()
    (shop.bare / "HEAD").unlink()


BEFORE = {
    "create all": make_nothing,
    "create": make_cache,
    "reuse": make_workdir,
    "repair the directory": lose_directory,
    "repair the entry": lose_entry,
    "rebuild": break_cache,
}


def make_shops(template: Path, tmp_path: Path) -> Iterator[Workshop]:
    number = 0
    while True:
        number += 1
        top = tmp_path / str(number)
        top.mkdir()
        places = Places(*(str(top / name) for name in ("cache", "data", "state")))
        yield Workshop(places, Repository.copy(template, top / "remote"))
        shutil.rmtree(top)


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_a_kill_at_each_step_leaves_what_the_next_acquire_finishes(
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: Callable[[Workshop], None],
    is_soak: bool,
) -> None:
    shops = make_shops(template, tmp_path)
    shop = next(shops)
    before(shop)
    steps = Steps()
    with monkeypatch.context() as patch:
        steps.watch(patch)
        shop.acquire()
    names = steps.names
    assert any(name.startswith("git") for name in names)
    deaths = [(at, after) for at in range(1, len(names) + 1) for after in (False, True)]
    # After a step is before the next, but for what is not counted; git's are worth both.
    if not is_soak:
        deaths = [one for one in deaths if not one[1] or names[one[0] - 1].startswith("git")]
        deaths = deaths[:: len(deaths) // _SAMPLED + 1]
    for at, after in deaths:
        shop = next(shops)
        before(shop)
        _die(shop, Steps(at, after=after))
        count("kills while a workdir is acquired")
        _check_mended(shop, f"{'after' if after else 'before'} {at}: {names[at - 1]}")


def _die(shop: Workshop, steps: Steps) -> None:
    def act() -> None:
        patch = pytest.MonkeyPatch()
        steps.watch(patch)
        shop.acquire()

    other = shop.path("dev", "main")
    if other.exists():
        (other / "file.txt").write_text("mine\n")
    run_in_child(act, expected=(-signal.SIGKILL,))


def _check_mended(shop: Workshop, step: str) -> None:
    made = shop.acquire()
    assert made.head == shop.repository.head("feature/a"), step
    assert git("rev-parse", "HEAD", at=made.path) == made.head, step
    assert tell_status(made.path) == "", step
    again = shop.acquire()
    assert (again.state, again.notes) == ("reused", ()), step
    other = shop.path("dev", "main")
    if other.exists():
        assert tell_status(other) == " M file.txt", step
        assert read(other, "file.txt") == "mine\n", step
    shop.check()


def test_a_git_that_outlives_us_keeps_others_out_until_it_is_done(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two of them would write the files of one worktree at once."""
    shop.acquire("main")
    os.mkfifo(tmp_path / "begun")
    os.mkfifo(tmp_path / "go")
    slow = f"echo begun >{tmp_path}/begun; cat {tmp_path}/go; cat"
    git("config", "--global", "filter.slow.smudge", slow, at=tmp_path)
    work = shop.repository.bare.with_name("work")
    git("clone", "-q", "-b", "feature/a", str(shop.repository.bare), str(work), at="/")
    (work / ".gitattributes").write_text("file.txt filter=slow\n")
    git("add", "-A", at=work)
    git("commit", "-qm", "Slow", at=work)
    git("push", "-q", at=work)
    child = os.fork()
    if not child:
        try:
            shop.acquire()
        finally:
            os._exit(1)
    with (tmp_path / "begun").open() as begun:
        begun.read()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    from wfsession.workdirs.key import make_key
    from wfsession.workdirs.locks import hold, is_held

    lock = shop.places.lock(make_key("dev", shop.remote, "feature/a"))
    assert is_held(lock)
    (tmp_path / "go").write_text("")
    with hold(lock):
        git("config", "--global", "--unset", "filter.slow.smudge", at=tmp_path)
    assert shop.acquire().state == "created"
    assert read(shop.path("dev", "feature/a"), "file.txt") == "one\ntwo\n"
    shop.check()
