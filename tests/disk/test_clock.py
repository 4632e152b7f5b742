"""A clock that is set back an hour between two operations, with the stamps that follow it."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wfsession
from tests.hands import CHANGING
from tests.trees_disk import SECOND_NS, check_sound, list_markers, make_usual_root
from wfsession.core.disk import Folder
from wfsession.workspace import Workspace

BIN = Path(__file__).parents[2] / "bin" / "wf"
HOUR_NS = 3600 * SECOND_NS
# Those that stamp what they make; the others stamp only the directory.
_MAKING = ("create", "create_marker", "append", "make")


def set_clock(patch: pytest.MonkeyPatch, behind_ns: int) -> None:
    """Let this process, and the disk as far as we change it, live in another time."""
    real_time = time.time_ns
    patch.setattr(time, "time_ns", lambda: real_time() - behind_ns)
    for verb in CHANGING:
        if verb == "set_mtime":
            continue  # it is told the time
        real = getattr(Folder, verb)

        def hand(
            self: Folder, *args: Any, verb: str = verb, real: Any = real, **options: Any
        ) -> Any:
            result = real(self, *args, **options)
            now_ns = time.time_ns()
            os.utime(self.path, ns=(now_ns, now_ns))
            if verb in _MAKING:
                os.utime(self.join(args[0]), ns=(now_ns, now_ns))
            return result

        patch.setattr(Folder, verb, hand)


Act = Callable[[Workspace], object]
# What is done, and which session is active then.
ACTS: dict[str, tuple[Act, str | None]] = {
    "switch": (lambda ws: ws.switch("WFS-b"), "WFS-b"),
    "create": (lambda ws: ws.create("new"), "WFS-new"),
    "rename": (lambda ws: ws.rename("WFS-a", "WFS-z"), "WFS-z"),
    "reopen archived": (lambda ws: ws.reopen("WFS-old"), "WFS-old"),
    "pause": (lambda ws: ws.pause("WFS-a"), None),
    "pause and resume": (lambda ws: (ws.pause("WFS-a"), ws.resume("WFS-c")), "WFS-c"),
    "switch and undo": (lambda ws: (ws.switch("WFS-b"), ws.undo()), "WFS-a"),
    "switch there and back": (lambda ws: (ws.switch("WFS-b"), ws.switch("WFS-a")), "WFS-a"),
}


def ask_shell(root: Path) -> str | None:
    done = subprocess.run(
        ["sh", str(BIN), "current"], cwd=root.parent, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.strip() or None


@pytest.mark.parametrize("others", [(), ("WFS-b", "WFS-c")])
@pytest.mark.parametrize(("before_ns", "after_ns"), [(0, HOUR_NS), (HOUR_NS, 0)])
@pytest.mark.parametrize("name", ACTS)
def test_after_an_operation_its_session_is_active_and_stays_so_whatever_the_clock_did(
    tmp_path: Path, name: str, before_ns: int, after_ns: int, others: tuple[str, ...]
) -> None:
    root = make_usual_root(tmp_path)
    workspace = wfsession.open(root)
    act, active = ACTS[name]
    with pytest.MonkeyPatch.context() as patch:
        set_clock(patch, before_ns)
        workspace.switch("WFS-c")
        workspace.switch("WFS-a")
        stamp_ns = time.time_ns()
        # Markers that lose, by a second.
        for other in others:
            (root / f".active-{other}").touch()
            os.utime(root / f".active-{other}", ns=(0, stamp_ns - SECOND_NS))
    with pytest.MonkeyPatch.context() as patch:
        set_clock(patch, after_ns)
        assert workspace.resolve().session == "WFS-a"
        act(workspace)
        assert workspace.resolve().session == active
        markers = list_markers(root)
    assert wfsession.current(root) == ask_shell(root) == active
    if name != "rename":
        # Which has nothing to do with those that lose.
        assert markers == ([f".active-{active}"] if active else [])
    assert check_sound(root).active == active


def test_a_marker_of_the_later_time_that_was_is_told_once_it_is_ahead(tmp_path: Path) -> None:
    root = make_usual_root(tmp_path)
    workspace = wfsession.open(root)
    workspace.switch("WFS-b")

    with pytest.MonkeyPatch.context() as patch:
        set_clock(patch, HOUR_NS)
        assert [one.id for one in workspace.diagnose()] == ["time-in-future"]
        workspace.heal()
        assert workspace.diagnose() == ()
        # Now who touches a marker by hand is heard again.
        (root / ".active-WFS-c").touch()
        later_ns = time.time_ns() + SECOND_NS
        os.utime(root / ".active-WFS-c", ns=(later_ns, later_ns))
        assert workspace.resolve().session == "WFS-c"
