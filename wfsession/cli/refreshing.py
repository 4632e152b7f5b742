"""Says on standard error that the index is brought up to date, where that takes a moment.

On a terminal it is a bar with rate and remaining time, which is taken away again. A timer of the
system shows it and no thread, as the index reads in several processes only where there is none.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wfsession.cli.render import is_terminal, print_line
from wfsession.index.refresh import Progress, Watch
from wfsession.words import tell_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich import progress

_MOMENT_S = 0.5
_WAITING = "waiting for another process"
# Narrower terminals have no room for the sizes.
_WIDE = 70


class _Bar:
    """What is shown; nothing before `begin`."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._has_begun = False
        self._said = ""
        self._progress: progress.Progress | None = None
        self._last = Progress()

    def begin(self) -> None:
        self._has_begun = True
        if is_terminal(sys.stderr):
            self._progress = _make_progress()
            self._progress.add_task(self._what, total=None, sizes="")
            self._progress.start()
        self._draw()

    def tell(self, progress: Progress) -> None:
        self._last = progress
        if self._has_begun:
            self._draw()

    def _draw(self) -> None:
        what = _WAITING if self._last.is_waiting else self._what
        if self._progress is None:
            if not self._said or (self._last.is_waiting and what != self._said):
                print_line(f"wf: {what}, which takes a moment")
                self._said = what
            return
        (task,) = self._progress.tasks
        done, total = self._last.size_bytes, self._last.all_bytes
        rate = f", {tell_size(int(task.speed))}/s" if task.speed else ""
        sizes = f"{tell_size(done)} of {tell_size(total)}{rate}" if total else ""
        self._progress.update(
            task.id, completed=done, total=total or None, description=what, sizes=sizes
        )
        self._progress.refresh()

    def end(self) -> None:
        if self._progress is not None:
            self._progress.stop()


def _make_progress() -> "progress.Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    # With room for the `^C` that a terminal shows, or the line would break and a part of it stay.
    console.width = max(console.width - 3, 1)
    sizes = [TextColumn("{task.fields[sizes]}")] if console.width >= _WIDE else []
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        *sizes,
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        auto_refresh=False,
        expand=True,
    )


@contextmanager
def show_refresh(what: str = "reading transcripts") -> Iterator[Watch]:
    """Give what tells how far a refresh is, and take away what it showed.

    Args:
        what: is done, in two words.
    """
    bar = _Bar(what)
    is_timed = threading.current_thread() is threading.main_thread()
    if is_timed:
        before = signal.signal(signal.SIGALRM, lambda *_: bar.begin())
        signal.setitimer(signal.ITIMER_REAL, _MOMENT_S)
    try:
        yield bar.tell
    finally:
        if is_timed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        bar.end()
