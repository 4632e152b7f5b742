"""Tells open pages that something changed: one watch of the disk for all of them.

Imports `overview` for what is news. Whoever makes it is told first, so that a page that is asked
for upon the news has it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from watchfiles import awatch

from wfsession.overview.changes import Stamps, find_present, is_news, look_around

# What happens within it is one change.
_GATHER_MS = 100
_STEP_MS = 20
# How long until it is looked whether what is watched is still what is there.
_LOOK_AGAIN_MS = 1_000
# So often an open stream gets a line, by which a browser that went away is noticed.
_PULSE_S = 15.0


class Live:
    """The streams that are open, and the watch that serves them.

    Args:
        list_places: gives the directories whose changes are news, and that are there now.
        hear: is told of each change before the pages are.
    """

    def __init__(
        self, list_places: Callable[[], tuple[str, ...]], hear: Callable[[], None]
    ) -> None:
        self._list_places = list_places
        self._hear = hear
        self._streams: set[asyncio.Event] = set()
        self._changes = 0
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """End the watch and every stream."""
        self._stop.set()
        for one in self._streams:
            one.set()

    async def watch(self) -> None:
        """Watch until `stop`."""
        known: tuple[tuple[str, int], ...] | None = None
        while not self._stop.is_set():
            places = await asyncio.to_thread(self._look)
            if known is not None and places != known:
                self._tell()
            known = places
            if not places:
                await _wait(self._stop, _LOOK_AGAIN_MS / 1000)
                continue
            try:
                await self._watch_places(places)
            except OSError:
                # The system watches no more files for this user, or one went away: look again.
                await _wait(self._stop, _LOOK_AGAIN_MS / 1000)
                self._tell()

    def _look(self) -> tuple[tuple[str, int], ...]:
        return find_present(self._list_places())

    async def _watch_places(self, places: tuple[tuple[str, int], ...]) -> None:
        """Pass changes on, for as long as the same directories are there."""
        paths = tuple(path for path, _ in places)
        before: Stamps | None = await asyncio.to_thread(look_around, paths)
        async for changes in awatch(
            *paths,
            watch_filter=lambda _, path: is_news(path),
            debounce=_GATHER_MS,
            step=_STEP_MS,
            stop_event=self._stop,
            rust_timeout=_LOOK_AGAIN_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            # What happened before anybody listened was heard by nobody.
            is_missed = before is not None and await asyncio.to_thread(look_around, paths) != before
            before = None
            if changes or is_missed:
                self._tell()
            if await asyncio.to_thread(self._look) != places:
                return

    def _tell(self) -> None:
        self._hear()
        self._changes += 1
        for one in self._streams:
            one.set()

    async def stream(self) -> AsyncIterator[str]:
        """Yield the lines of one open page: how many changes there were, each time that grows."""
        wake = asyncio.Event()
        self._streams.add(wake)
        try:
            told = self._changes
            yield f"retry: 1000\nevent: hello\ndata: {told}\n\n"
            while not self._stop.is_set():
                await _wait(wake, _PULSE_S)
                wake.clear()
                if self._changes == told:
                    yield ": still here\n\n"
                    continue
                told = self._changes
                yield f"event: change\ndata: {told}\n\n"
        finally:
            self._streams.discard(wake)


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return
