"""How the server is started: where it listens, what it opens, and two beside each other."""

import contextlib
import signal
import socket
from pathlib import Path

import attrs
import pytest

from tests.cli.test_watch import Screen
from tests.web.server import ACTIVE, COMMAND, PAUSED, Place, Stream, read_text, serving
from wfsession.core import layout


def find_free_port() -> int:
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert isinstance(port, int)
        return port


def test_it_answers_at_the_port_that_was_asked_for_and_on_this_machine_only(place: Place) -> None:
    port = find_free_port()
    with serving(place, "--port", str(port)) as server:
        assert server.port == port
        assert server.address.startswith(f"http://127.0.0.1:{port}/?token=")
        assert ACTIVE in server.read("/")
        listening = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""
        assert f"00000000:{port:04X} 00000000:0000 0A" not in listening


def test_open_gives_the_address_with_its_token_to_the_browser(place: Place) -> None:
    seen = place.home / "seen"
    browser = place.home / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" >"{seen}.new" && mv "{seen}.new" "{seen}"\n')
    browser.chmod(0o755)
    with serving(attrs.evolve(place, browser=str(browser)), "--open") as server:
        # Once it answers, it has opened the browser.
        server.read("/")
        assert seen.read_text() == server.address


def test_it_opens_no_browser_unasked(place: Place) -> None:
    seen = place.home / "seen"
    browser = place.home / "browser"
    browser.write_text(f'#!/bin/sh\n: >"{seen}"\n')
    browser.chmod(0o755)
    with serving(attrs.evolve(place, browser=str(browser))) as server:
        server.read("/")
        assert not seen.exists()


def test_where_others_may_reach_it_it_says_so(place: Place) -> None:
    with serving(place, "--host", "0.0.0.0") as server:
        assert server.address.startswith("http://127.0.0.1:")
        assert ACTIVE in server.read("/")
        assert server.ask("/", Host=f"evil.example:{server.port}").status == 421
        code, said = server.stop(signal.SIGINT)
    assert code == 0
    assert said.startswith("wf: whoever reaches 0.0.0.0 and has this address sees everything")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
def test_another_name_of_this_machine_is_listened_on_without_a_word(
    place: Place, host: str
) -> None:
    with serving(place, "--host", host) as server:
        assert server.address.startswith(f"http://{host}:{server.port}/?token=")
        assert server.stop(signal.SIGTERM)[1] == ""


def test_two_servers_of_one_project_do_not_mind_each_other(place: Place) -> None:
    with serving(place) as one, serving(place) as other:
        assert one.port != other.port
        with contextlib.closing(Stream(one)) as stream:
            stream.wait_for("hello")
            assert other.act(f"/do/pause/{other.key}/{ACTIVE}").status == 303
            stream.wait_for("change")
        assert one.stop(signal.SIGINT) == (0, "")
        assert ACTIVE in other.read("/")


def test_a_project_that_is_gone_while_it_is_shown_is_told(place: Place) -> None:
    with serving(place) as started:
        place.root.rename(place.root.with_name("elsewhere"))
        assert "There is no session here yet" in started.read("/")
        place.root.with_name("elsewhere").rename(place.root)
        assert ACTIVE in started.read("/")


def test_what_we_keep_in_a_session_is_no_file_of_the_users(place: Place) -> None:
    for name in layout.IN_SESSION - {layout.RECORD}:
        (place.root / PAUSED / name).mkdir(exist_ok=True)
    (place.root / PAUSED / "plan.md").touch()
    with serving(place) as server:
        page = read_text(server.read(f"/session/{server.key}/{PAUSED}"))
    files = page.partition(" Files ")[2].partition(" The record ")[0].split()
    assert "plan.md" in files
    assert not {f"{name}/" for name in layout.IN_SESSION} & {*files}


def test_on_a_terminal_it_says_how_to_end_it(place: Place) -> None:
    with contextlib.closing(Screen(place, (*COMMAND, "serve"))) as screen:
        address, rest = screen.wait_for("Ctrl-C ends it.").splitlines()[:2]
        assert address.startswith("http://127.0.0.1:")
        assert rest == "It answers there until Ctrl-C ends it."
