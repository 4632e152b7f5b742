"""The page of what is going on: what is on it, how it stays true, and how the server ends."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.transcripts import THREAD
from tests.web.server import (
    ACTIVE,
    COMMAND,
    PAUSED,
    Place,
    Stream,
    make_place,
    read_text,
    serving,
)


def test_what_is_active_who_is_on_it_and_what_is_stuck_are_on_the_first_page(place: Place) -> None:
    place.wf("bind", PAUSED, WF_THREAD=f"claude-code--{THREAD}")
    (place.root / ".active-WFS-gone").touch()
    os.utime(place.root / ".active-WFS-gone", (1, 1))
    with serving(place) as server:
        page = read_text(server.read("/"))
    assert page.index(f"active {ACTIVE}") < page.index(f"paused {PAUSED}")
    assert "1/2" in page
    assert f"active {THREAD[:8]} claude-code, $" in page
    assert "orphaned-marker" in page
    assert "Repair: remove the marker" in page
    assert "Done. Shall I commit?" in page
    assert "paused with tasks in hand: impl-2" in page


def test_the_cost_on_the_page_is_the_commands(place: Place) -> None:
    said = place.wf("usage", "--by", "thread", "--json")
    cost = json.loads(said)["data"]["total"]["cost_usd"]
    with serving(place) as server:
        page = read_text(server.read("/"))
    assert f"${cost:.4f} at list prices" in page


def test_what_is_over_is_folded_and_what_left_nothing_is_not_there(place: Place) -> None:
    empty = "77777777-0000-4000-8000-000000000000"
    place.put(f"{empty}.jsonl", {"type": "summary", "cwd": str(place.project)})
    with serving(place) as server:
        page = server.read("/")
    assert empty not in page
    assert "WFS-old-thing" in page.partition("<details")[2]
    assert "WFS-old-thing" not in page.partition("<details")[0]


def test_every_open_page_hears_of_a_touch_in_the_root(place: Place) -> None:
    with serving(place) as server, contextlib.ExitStack() as stack:
        streams = [stack.enter_context(contextlib.closing(Stream(server))) for _ in range(10)]
        told = [one.wait_for("hello") for one in streams]
        (place.root / f".active-{PAUSED}").touch()
        assert all(one.wait_for("change") > old for one, old in zip(streams, told, strict=True))
        assert f"active {PAUSED}" in read_text(server.read("/"))


def test_a_root_that_is_made_later_is_news(tmp_path: Path) -> None:
    place = make_place(tmp_path, has_root=False)
    with serving(place) as server, contextlib.closing(Stream(server)) as stream:
        stream.wait_for("hello")
        place.wf("new", "the first one")
        stream.wait_for("change")
        assert "WFS-the-first-one" in server.read("/")


def test_without_a_root_it_shows_the_transcripts_and_how_to_begin_and_writes_nothing(
    tmp_path: Path,
) -> None:
    place = make_place(tmp_path, has_root=False)
    with serving(place) as server:
        page = read_text(server.read("/"))
    assert 'To begin: wf new "what it is about"' in page
    assert THREAD[:8] in page
    assert list(place.project.iterdir()) == []


def test_without_transcripts_either_it_says_so(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path / "home")
    place.home.mkdir()
    with serving(place) as server:
        assert "No transcript of an agent is on this machine either" in server.read("/")


def test_ctrl_c_ends_it_cleanly_with_open_pages(place: Place) -> None:
    with serving(place) as server, contextlib.closing(Stream(server)) as stream:
        stream.wait_for("hello")
        assert server.stop(signal.SIGINT) == (0, "")
        assert stream.is_over()


@pytest.mark.parametrize(
    "words", [("--port", "70000"), ("--host", "192.0.2.1"), ("--host", "a..b"), ("--port", "x")]
)
def test_an_address_that_cannot_be_listened_on_is_one_sentence(
    place: Place, words: tuple[str, ...]
) -> None:
    done = run(place, *words)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("wf: ")
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_one_sentence_with_a_way_out(place: Place) -> None:
    with serving(place) as server:
        done = run(place, "--port", str(server.port))
    assert done.returncode == 1
    assert "hint: wf serve --port 0" in done.stderr


def test_without_the_extra_it_says_what_to_install(place: Place) -> None:
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from wfsession.cli.main import main; sys.exit(main(['serve']))"
    )
    done = subprocess.run(
        [COMMAND[0], "-P", "-c", code],
        cwd=place.project,
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "wf: wf serve needs uvicorn, which is not installed\n"
        f"hint: {COMMAND[0]} -m pip install 'wfsession[web]'\n"
    )


def run(place: Place, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, "serve", *words],
        cwd=place.project,
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
