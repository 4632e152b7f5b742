"""Keeps a page on a terminal as it is now, until Ctrl-C: drawn anew whenever something changes.

The screen is rich's work: another one than the shell's, which is there again afterwards. Changes
are heard of from `watchfiles` where that is installed, and looked for each second where it is not.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator

from wfsession.cli.render import has_colour, lay_out_for_terminal
from wfsession.errors import WfError
from wfsession.overview.changes import find_present, is_news, look_around
from wfsession.words import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text

    from wfsession.cli.answer import Block

_GATHER_MS, _STEP_MS, _WAIT_MS = 100, 20, 500
_LOOK_AGAIN_S = 1.0
# Ages and tiers go on where nothing happens.
_DRAW_AGAIN_S = 30.0

Places = Callable[[], tuple[str, ...]]


def keep_showing(make: "Callable[[], Iterable[Block]]", list_places: Places) -> None:
    """Show a page, and show it again after each change; returns upon Ctrl-C.

    Args:
        make: makes the page, as it is now.
        list_places: gives the directories whose changes are news.
    """
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False, markup=False, emoji=False, no_color=not has_colour())
    page, resized = _Page(make), threading.Event()
    handlers = {
        signal.SIGWINCH: lambda *_: resized.set(),
        # Ends it as Ctrl-C does, which gives the shell's screen back.
        signal.SIGTERM: signal.default_int_handler,
    }
    before = {one: signal.signal(one, handler) for one, handler in handlers.items()}
    try:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            page.read()
            live.update(page.fit(*console.size), refresh=True)
            for is_changed in wait_for_changes(list_places, resized):
                if is_changed:
                    page.read()
                live.update(page.fit(*console.size), refresh=True)
    except KeyboardInterrupt:
        return  # how one ends it
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


class _Page:
    """What was read last, laid out for each size of the terminal."""

    def __init__(self, make: "Callable[[], Iterable[Block]]") -> None:
        self._make = make
        self._blocks: list[Block] = []

    def read(self) -> None:
        try:
            self._blocks = list(self._make())
        except WfError as error:
            # It may go away again: somebody moves the directory, say.
            self._blocks = [f"wf: {error}", f"hint: {error.hint}"]

    def fit(self, width: int, height: int) -> "Text":
        from rich.text import Text

        lines = lay_out_for_terminal(self._blocks, width).splitlines()
        if len(lines) > height:
            left_out = count(len(lines) - height + 1, "line")
            lines = [*lines[: height - 1], f"… {left_out} more than fit here"]
        return Text.from_ansi("\n".join(lines), no_wrap=True, overflow="crop")


def wait_for_changes(list_places: Places, woken: threading.Event) -> Iterator[bool]:
    """Yield whether something changed, each time that there is something to draw.

    Args:
        list_places: gives the directories whose changes are news.
        woken: is set by whoever wants it drawn without a change.
    """
    drawn = time.monotonic()
    for is_changed in _hear(list_places, woken):
        is_old = time.monotonic() - drawn > _DRAW_AGAIN_S
        if is_changed or is_old or woken.is_set():
            woken.clear()
            drawn = time.monotonic()
            yield is_changed or is_old


def _hear(list_places: Places, woken: threading.Event) -> Iterator[bool]:
    """Yield whether something changed, now and then."""
    try:
        from watchfiles import watch
    except ModuleNotFoundError:
        yield from _look(list_places, woken)
        return
    while present := find_present(list_places()):
        # What happened before anybody listened was heard by nobody.
        is_first = True
        try:
            for changes in watch(
                *(path for path, _ in present),
                watch_filter=lambda _, path: is_news(path),
                debounce=_GATHER_MS,
                step=_STEP_MS,
                rust_timeout=_WAIT_MS,
                yield_on_timeout=True,
                ignore_permission_denied=True,
            ):
                yield is_first or bool(changes)
                is_first = False
                if find_present(list_places()) != present:
                    yield True
                    break
        except OSError:
            break  # the system watches no more files for this user
    yield from _look(list_places, woken)


def _look(list_places: Places, woken: threading.Event) -> Iterator[bool]:
    before = None
    while True:
        after = look_around(list_places())
        yield after != before
        before = after
        woken.wait(_LOOK_AGAIN_S)
