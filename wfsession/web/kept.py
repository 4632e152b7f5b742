"""Pages that were made are given again for as long as nothing changed, to however many ask.

Imports `overview`. Ages on a page are as they were when it was made: after a few seconds it is made
anew.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from attrs import frozen
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from wfsession.overview.site import Site, Stamp

_MOST_PAGES = 64
_KEPT_FOR_S = 5.0
_Key = tuple[str, str, str]


@frozen
class _Page:
    """A page, and when and after which change it was made."""

    body: bytes
    stamp: Stamp
    at: float


class Kept:
    """The pages that were asked for last."""

    def __init__(self, site: Site, zone_of: Callable[[Request], str]) -> None:
        self._site = site
        self._zone_of = zone_of
        self._pages: OrderedDict[_Key, _Page] = OrderedDict()
        self._making: dict[_Key, threading.Lock] = {}
        self._lock = threading.Lock()

    def keep(self, make: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """Return what answers as `make` does, and keeps its pages."""

        def answer(request: Request) -> Response:
            key = request.url.path, request.url.query, self._zone_of(request)
            with self._lock:
                making = self._making.setdefault(key, threading.Lock())
            # Of those who ask for the same page at once, one makes it.
            with making:
                stamp = self._site.stamp()
                page = self._pages.get(key)
                if page and page.stamp == stamp and time.monotonic() - page.at < _KEPT_FOR_S:
                    return HTMLResponse(page.body)
                at = time.monotonic()
                try:
                    response = make(request)
                    self._pages[key] = _Page(bytes(response.body), stamp, at)
                    self._pages.move_to_end(key)
                    return response
                finally:
                    self._tidy(key)

        return answer

    def _tidy(self, key: _Key) -> None:
        with self._lock:
            if key not in self._pages:
                # Of several that wait for the same page, another may have been here.
                self._making.pop(key, None)
            while len(self._pages) > _MOST_PAGES:
                gone, _ = self._pages.popitem(last=False)
                self._making.pop(gone, None)
