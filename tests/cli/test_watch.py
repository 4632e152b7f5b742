"""`wf status --watch`: the page Now on a terminal, kept as it is; and what it is without one."""

import codecs
import contextlib
import fcntl
import os
import pty
import queue
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.wf import strip_colour
from tests.transcripts import THREAD
from tests.web.server import ACTIVE, COMMAND, PATIENCE_S, PAUSED, Place, make_place
from wfsession.cli import live

# A name that is not there, to the import of it.
WITHOUT = """
import sys
sys.modules["watchfiles"] = None
from wfsession.cli.main import main
sys.exit(main(["status", "--watch"]))
"""
WAYS = {
    "with watchfiles": (*COMMAND, "status", "--watch"),
    "without watchfiles": (COMMAND[0], "-P", "-c", WITHOUT),
}
OTHER_SCREEN, SHELLS_SCREEN = "\x1b[?1049h", "\x1b[?1049l"


class Screen:
    """A terminal in which the command runs; `said` is all that it wrote."""

    def __init__(self, place: Place, command: tuple[str, ...], width: int = 80) -> None:
        self._outer, inner = pty.openpty()
        self.resize(width)
        environment = {**place.environment, "TERM": "xterm", "NO_COLOR": "1"}
        for name in ("COLUMNS", "LINES"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            command, cwd=place.project, env=environment, stdin=inner, stdout=inner, stderr=inner
        )
        os.close(inner)
        # A piece may end in the midst of a character.
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self.said = ""

    def resize(self, width: int, height: int = 40) -> None:
        fcntl.ioctl(self._outer, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        if hasattr(self, "process"):
            # The system says so only to those whose controlling terminal it is.
            self.process.send_signal(signal.SIGWINCH)

    def wait_for(self, words: str) -> str:
        """Return what was written since the last time, up to when it has these words."""
        end, start = time.monotonic() + PATIENCE_S, len(self.said)
        while words not in strip_colour(self.said[start:]):
            assert time.monotonic() < end, self.said[start:]
            if select.select([self._outer], [], [], 1.0)[0]:
                self.said += self._decode(self._read())
        return self.said[start:]

    def _read(self) -> bytes:
        try:
            return os.read(self._outer, 65_536)
        except OSError:
            return b""  # the other side is gone

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        while more := self._read():
            self.said += self._decode(more)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._outer)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = make_place(tmp_path)
    made.wf("bind", PAUSED, WF_THREAD=f"claude-code--{THREAD}", WF_LABEL="the basket")
    return made


@contextlib.contextmanager
def watching(place: Place, way: str, width: int = 80) -> Iterator[Screen]:
    with contextlib.closing(Screen(place, WAYS[way], width)) as screen:
        yield screen


def run(place: Place, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, "status", "--watch", *words],
        cwd=place.project,
        env={**place.environment, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_touch_in_the_root_is_drawn_and_ctrl_c_gives_the_screen_back(
    place: Place, way: str
) -> None:
    with watching(place, way) as screen:
        screen.wait_for(f"active  {ACTIVE}")
        (place.root / f".active-{PAUSED}").touch()
        screen.wait_for(f"active  {PAUSED}")
        assert screen.said.count(OTHER_SCREEN) == 1
        assert SHELLS_SCREEN not in screen.said
        assert screen.end(signal.SIGINT) == 0
        assert screen.said.count(SHELLS_SCREEN) == 1
        assert "Traceback" not in screen.said


@pytest.mark.parametrize("way", WAYS)
def test_what_happened_before_anybody_listened_is_drawn(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else it would be drawn again before long whatever happened.
    monkeypatch.setattr(live, "_DRAW_AGAIN_S", float("inf"))
    if way == "without watchfiles":
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    changes = live.wait_for_changes(lambda: (str(tmp_path),), threading.Event())
    (tmp_path / ".active-WFS-a").touch()
    heard: queue.Queue[bool] = queue.Queue()
    # One that never hears of it would never end.
    threading.Thread(target=lambda: heard.put(next(changes)), daemon=True).start()
    assert heard.get(timeout=PATIENCE_S)


def test_it_is_ended_from_elsewhere_as_cleanly(place: Place) -> None:
    with watching(place, "with watchfiles") as screen:
        screen.wait_for(ACTIVE)
        assert screen.end(signal.SIGTERM) == 0
        assert "\x1b[?25h" in screen.said.rpartition("\x1b[?25l")[2]


def test_a_terminal_that_is_made_narrow_gets_lines_that_fit(place: Place) -> None:
    with watching(place, "with watchfiles", width=100) as screen:
        screen.wait_for(f"active  {ACTIVE}")
        screen.resize(40, 12)
        drawn = screen.wait_for("more than fit here")
    # Each drawing begins at the upper left; the one before may not have been read to its end.
    last = strip_colour(drawn.rpartition("\x1b[H")[2])
    assert max(len(line) for line in last.replace("\r", "").split("\n")) <= 40


def test_a_root_that_goes_away_is_a_sentence_and_comes_back(place: Place) -> None:
    with watching(place, "with watchfiles") as screen:
        screen.wait_for(f"active  {ACTIVE}")
        place.root.rename(place.project / "elsewhere")
        screen.wait_for("There is no .workflow directory here")
        (place.project / "elsewhere").rename(place.root)
        screen.wait_for(f"active  {ACTIVE}")


def test_without_a_terminal_it_is_told_once_and_says_so(place: Place) -> None:
    done = run(place)
    assert done.returncode == 0
    assert done.stderr == "wf: there is no terminal to watch on, so this is told once\n"
    assert f"active\t{ACTIVE}\t" in done.stdout
    assert f"\tthe basket\tclaude-code\t{PAUSED}\t$0." in done.stdout
    assert "Done. Shall I commit?" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_cost_is_that_of_the_usage(place: Place) -> None:
    total = place.wf("usage", "--by", "thread").splitlines()[-1].split("\t")[-1]
    assert f"${float(total):.4f} at list prices" in run(place).stdout


@pytest.mark.parametrize("words", [("--json",), ("--session", PAUSED)])
def test_what_is_not_to_be_watched_is_one_sentence(place: Place, words: tuple[str, ...]) -> None:
    done = run(place, *words)
    assert done.returncode == 2
    assert "--watch" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_root_it_tells_what_the_transcripts_do(tmp_path: Path) -> None:
    place = make_place(tmp_path, has_root=False)
    done = run(place)
    assert "To begin one here" in done.stdout
    assert THREAD[:8] in done.stdout
    assert list(place.project.iterdir()) == []


def test_a_status_that_is_not_watched_loads_no_index(place: Place) -> None:
    code = (
        "import sys; from wfsession.cli.main import main; main(['status']);"
        "assert not {'sqlite3', 'wfsession.overview'} & set(sys.modules)"
    )
    subprocess.run(
        [COMMAND[0], "-P", "-c", code],
        cwd=place.project,
        env=place.environment,
        check=True,
        capture_output=True,
    )
