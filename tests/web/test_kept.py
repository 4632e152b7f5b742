"""A page is made once for all who ask, and anew after each change."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tests.web.server import ACTIVE, PAUSED, Place, read_text, serving
from wfsession.index.desk import Desk
from wfsession.overview.site import Site
from wfsession.web import kept
from wfsession.web.kept import Kept
from wfsession.workdirs.places import Places


def test_a_change_in_the_root_is_on_the_very_next_page(place: Place) -> None:
    with serving(place) as server:
        assert f"active {ACTIVE}" in read_text(server.read("/"))
        (place.root / f".active-{PAUSED}").touch()
        assert f"active {PAUSED}" in read_text(server.read("/"))


def test_an_action_is_on_the_very_next_page(place: Place) -> None:
    with serving(place) as server:
        key = server.key
        path = f"/session/{key}/{ACTIVE}"
        assert "Pause" in server.read(path)
        server.act(f"/do/pause/{key}/{ACTIVE}")
        assert "Pause" not in server.read(path)


def test_one_page_is_not_given_for_another(place: Place) -> None:
    with serving(place) as server:
        pages = [server.read(f"/usage?by={by}") for by in ("day", "model", "day")]
        assert server.ask("/session/none/none").status == 404
        assert server.ask("/session/none/none").status == 404
    assert pages[0] != pages[1]
    assert pages[0] == pages[2]


def test_all_who_ask_at_once_for_a_page_that_is_not_there_hear_so(place: Place) -> None:
    with serving(place) as server, ThreadPoolExecutor(8) as pool:
        got = pool.map(lambda _: server.ask("/thread/none").status, range(24))
        assert set(got) == {404}


def refuse(with_git: bool) -> Desk:
    raise AssertionError("nobody asks the index here")


def ask_for(path: str) -> Request:
    about = {"type": "http", "method": "GET", "server": ("127.0.0.1", 80), "headers": []}
    return Request({**about, "path": path, "query_string": b""})


def test_a_page_is_made_once_until_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else a machine that is slow would have it made anew in between.
    monkeypatch.setattr(kept, "_KEPT_FOR_S", float("inf"))
    site = Site(lambda: None, refuse, Places("c", "d", "s"), str(tmp_path))
    made: list[str] = []

    def make(request: Request) -> Response:
        made.append(request.url.path)
        return HTMLResponse(f"{request.url.path} {len(made)}")

    answer = Kept(site, lambda request: "").keep(make)
    bodies = [answer(ask_for(path)).body for path in ("/a", "/b", "/a", "/b")]
    assert bodies == [b"/a 1", b"/b 2", b"/a 1", b"/b 2"]
    site.tell_change()
    assert answer(ask_for("/a")).body == b"/a 3"
    assert made == ["/a", "/b", "/a"]
