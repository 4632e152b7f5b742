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
# Narrower terminals have no room for the sizes.
_WIDE = 70


class _Bar:
    """What is shown; nothing before `begin`."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._progress: progress.Progress | None = None
        self._last: Progress | None = None

    def begin(self) -> None:
        if not is_terminal(sys.stderr):
            print_line(f"wf: {self._what}, which takes a moment")
            return
        self._progress = _make_progress()
        self._progress.add_task(self._what, total=None, sizes="")
        self._progress.start()
        self._draw()

    def tell(self, progress: Progress) -> None:
        self._last = progress
        self._draw()

    def _draw(self) -> None:
        if self._progress is None:
            return
        if self._last is not None:
            (task,) = self._progress.tasks
            done, total = self._last.size_bytes, self._last.all_bytes
            self._progress.update(task.id, completed=done, total=total)
            rate = f", {tell_size(int(task.speed))}/s" if task.speed else ""
            self._progress.update(task.id, sizes=f"{tell_size(done)} of {tell_size(total)}{rate}")
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
