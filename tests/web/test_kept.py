"""A page is made once for all who ask, and anew after each change."""

from concurrent.futures import ThreadPoolExecutor

from tests.web.server import ACTIVE, PAUSED, Place, serving
from tests.web.test_now import read_text


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
