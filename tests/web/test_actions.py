"""What can be done from a page does what the command does, and for nobody else."""

import contextlib
import json
import shutil

import pytest

from tests.cli.wf import see_tree
from tests.transcripts import THREAD
from tests.web.server import ACTIVE, PAUSED, Place, Server, read_text, serving
from wfsession.core.binding import bind
from wfsession.core.model import ThreadFacts

NAME = f"claude-code--{THREAD}"


def find_states(place: Place) -> dict[str, str]:
    sessions = json.loads(place.wf("list", "--all", "--json"))["data"]["sessions"]
    return {one["name"]: one["state"] for one in sessions}


def test_switch_pause_complete_and_undo_are_the_commands(place: Place) -> None:
    with serving(place) as server:
        key = server.key
        got = server.act(f"/do/switch/{key}/{PAUSED}")
        assert (got.status, got.headers["location"]) == (303, f"/session/{key}/{PAUSED}")
        assert find_states(place)[PAUSED] == "active"
        assert "Last done: " in read_text(server.read("/"))
        assert server.act(f"/do/undo/{key}").status == 303
        assert find_states(place)[ACTIVE] == "active"
        assert server.act(f"/do/pause/{key}/{ACTIVE}").status == 303
        assert "active" not in find_states(place).values()
        assert server.act(f"/do/resume/{key}/{ACTIVE}").status == 303
        assert find_states(place)[ACTIVE] == "active"
        assert server.act(f"/do/complete/{key}/{ACTIVE}").status == 303
        assert find_states(place)[ACTIVE] == "completed"


def test_what_the_library_refuses_is_a_sentence_with_a_hint_and_changes_nothing(
    place: Place,
) -> None:
    place.wf("checkpoint", "-m", "a first write, which makes what a root lacks")
    with serving(place) as server:
        key = server.key
        before = see_tree(place.root)
        got = server.act(f"/do/complete/{key}/{PAUSED}")
        assert got.status == 409
        assert "unfinished task" in got.body
        assert "wf complete --force" in got.body
        for path in (f"/do/switch/{key}/WFS-none", f"/do/switch/{key}/WFS-old-thing"):
            assert server.act(path).status in (404, 409)
        for path in (f"/do/explode/{key}/{ACTIVE}", f"/do/switch/{key}", f"/do/undo/{'0' * 12}"):
            assert server.act(path).status in (404, 409)
        assert see_tree(place.root) == before


def test_a_label_is_kept_and_a_blank_one_taken_away(place: Place) -> None:
    place.wf("bind", PAUSED, WF_THREAD=NAME)
    with serving(place) as server:
        path = f"/do/label/{server.key}/{NAME}"
        assert server.act(path, {"label": "the <b>reviewer</b>"}).status == 303
        page = server.read("/")
        assert "the &lt;b&gt;reviewer&lt;/b&gt;" in page
        server.act(path, {"label": ""})
        assert "reviewer" not in server.read("/")


def test_a_repair_is_shown_before_it_is_made(place: Place) -> None:
    orphan = place.root / ".active-WFS-gone"
    orphan.touch()
    with serving(place) as server:
        shown = read_text(server.read(f"/repair/{server.key}"))
        assert "Nothing was done yet" in shown
        assert "orphaned-marker" in shown
        assert orphan.exists()
        assert server.act(f"/do/repair/{server.key}").status == 303
        assert not orphan.exists()
        assert "orphaned-marker" not in server.read("/")


def test_the_command_that_goes_on_with_a_thread_is_shown(place: Place) -> None:
    with serving(place) as server:
        assert f"claude --resume {THREAD}" in server.read(f"/thread/{THREAD}")


@pytest.mark.parametrize("form", [{"key": ""}, {"key": "0" * 64}, {"key": "é"}])
def test_a_form_with_another_key_is_refused(place: Place, form: dict[str, str]) -> None:
    with serving(place) as server:
        assert server.act(f"/do/pause/{server.key}/{ACTIVE}", form).status == 403
        other = {"Origin": "http://evil.example"}
        assert server.act(f"/do/pause/{server.key}/{ACTIVE}", None, **other).status == 403
        bare = server.ask(f"/do/pause/{server.key}/{ACTIVE}", "POST", b"", True, Origin=server.base)
        assert bare.status == 403
    assert find_states(place)[ACTIVE] == "active"


def test_an_action_is_never_a_link(server: Server) -> None:
    for path in ("/do/pause/{}/WFS-user-profile", "/do/undo/{}", "/do/repair/{}"):
        assert server.ask(path.format(server.key)).status == 405
    assert find_states(server.place)[ACTIVE] == "active"


def test_a_body_that_says_no_length_is_cut_off(server: Server) -> None:
    with contextlib.closing(server.connect()) as connection:
        given = {"Cookie": server.cookie, "Origin": server.base}
        chunks = (b"key=" + b"x" * 50_000 for _ in range(4))
        path = f"/do/pause/{server.key}/{ACTIVE}"
        connection.request("POST", path, chunks, given, encode_chunked=True)
        assert connection.getresponse().status == 413
    assert find_states(server.place)[ACTIVE] == "active"


def test_read_only_has_no_forms_and_does_nothing(place: Place) -> None:
    shutil.rmtree(place.root / ".wf", ignore_errors=True)
    with serving(place, "--read-only") as server:
        assert "<form" not in server.read("/") + server.read(f"/session/{server.key}/{ACTIVE}")
        before = see_tree(place.root)
        got = server.act(f"/do/pause/{server.key}/{ACTIVE}", {"key": "x"})
        assert got.status == 403
        assert "--read-only" in got.body
        assert see_tree(place.root) == before


def test_completing_keeps_the_stories_of_its_threads_as_the_command_does(place: Place) -> None:
    transcript = place.home / ".claude" / "projects" / "-shop" / f"{THREAD}.jsonl"
    bind(str(place.root), NAME, ACTIVE, ThreadFacts(transcript=str(transcript)))
    with serving(place) as server:
        assert server.act(f"/do/complete/{server.key}/{ACTIVE}").status == 303
    assert (place.root / ACTIVE / ".stories" / f"{NAME}.json").is_file()
