"""From a session into a thread: the same figures as the command's, in pieces, and nothing else."""

import json
import os
import re
import subprocess
from typing import Any

import pytest

from tests.transcripts import THREAD, answer, call, result, text, user
from tests.web.server import PAUSED, Place, Server, read_text, serving

LONG = "6f6f6f6f-1111-4222-8333-444455556666"


def test_a_session_tells_its_record_tasks_threads_files_and_cost(place: Place) -> None:
    place.wf("bind", PAUSED, WF_THREAD=f"claude-code--{THREAD}")
    place.wf("checkpoint", "--session", PAUSED, "-m", "half <i>done</i>")
    with serving(place) as server:
        raw = server.read(f"/session/{server.key}/{PAUSED}")
    page = read_text(raw)
    assert "OAuth2 authentication implementation" in page
    assert "1 of 2 done" in page
    assert "impl-2 Callback route" in page
    assert "half &lt;i&gt;done&lt;/i&gt;" in page
    assert "IMPL_PLAN.md" in page
    assert "claude-sonnet-5 3" in page
    assert f'href="/thread/{THREAD}"' in raw
    assert "&#34;session_id&#34;" in page


def test_a_record_of_any_depth_leaves_the_rest_of_the_page(place: Place) -> None:
    record = place.root / PAUSED / "workflow-session.json"
    data = json.loads(record.read_text("utf-8"))
    for depth in (300, 700):
        nested = json.loads("[" * depth + "]" * depth)
        record.write_text(json.dumps(data | {"mine": nested}), "utf-8")
        with serving(place) as server:
            page = read_text(server.read(f"/session/{server.key}/{PAUSED}"))
        assert "OAuth2 authentication implementation" in page, depth


@pytest.mark.parametrize(
    "path",
    [
        "/session/{key}/WFS-none",
        "/session/{key}/..",
        "/session/{key}/.wf",
        "/session/{key}/%2e%2e%2f%2e%2e",
        "/session/000000000000/WFS-user-profile",
        "/session/{key}/" + "x" * 5000,
        "/thread/none",
        "/thread/..%2f..%2f..%2fetc%2fpasswd",
        "/thread/0b7e",
    ],
)
def test_what_is_not_there_is_a_sentence_and_no_path(server: Server, path: str) -> None:
    got = server.ask(path.format(key=server.key))
    assert got.status in (404, 409)
    assert "<h1>" in got.body
    assert "Traceback" not in got.body


def test_a_threads_figures_are_the_commands(server: Server) -> None:
    said = json.loads(server.place.wf("story", THREAD, "--json"))["data"]["story"]
    page = read_text(server.read(f"/thread/{THREAD}"))
    assert f"Responses {said['totals']['responses']} " in page
    assert f"Errors {said['totals']['errors']} " in page
    assert f"Cost with all agents ${said['totals']['cost_usd']:.4f}" in page
    assert len(said["steps"]) == 3


def test_a_timeline_is_newest_first_with_asks_errors_and_retries(server: Server) -> None:
    page = read_text(server.read(f"/thread/{THREAD}")).partition("the newest first")[2]
    order = [
        "Done. Shall I commit?",
        "tried again",
        "Once more.",
        "I look at it.",
        "failed Bash pytest 1 failed",
        "Please fix the &lt;b&gt;basket&lt;/b&gt;",
    ]
    places = [page.index(one) for one in order]
    assert places == sorted(places)


def test_an_approach_tells_each_move_and_where_its_words_are_from(server: Server) -> None:
    page = read_text(server.read(f"/thread/{THREAD}?view=approach"))
    assert "1 dead end, 1 verify, 1 act, 1 verify failed" in page
    assert "in the agent&#39;s words" in page or "in the agent's words" in page


@pytest.mark.parametrize("axis", ["time", "step", "nonsense"])
def test_a_map_has_lanes_and_says_the_same_in_words(server: Server, axis: str) -> None:
    page = server.read(f"/thread/{THREAD}?view=map&axis={axis}")
    for lane in ("phases", "tools", "context", "cost"):
        assert f">{lane}</text>" in page
    assert 'class="error"' in page
    assert "1 error, 1 tried again" in page


def test_a_long_thread_comes_in_pieces_that_leave_nothing_out(place: Place) -> None:
    lines = [user("go", 0, uuid="u", cwd=str(place.project))]
    for n in range(120):
        second = 10 + n
        lines += [
            answer(f"m{n}", text(f"word-{n}-end"), call(f"c{n}", "Read"), second=second),
            result(f"c{n}", second=second),
        ]
    place.put(f"{LONG}.jsonl", *lines)
    with serving(place) as server:
        pieces = [server.read(f"/thread/{LONG}?piece={n}") for n in (1, 2, 3)]
        assert server.read(f"/thread/{LONG}?piece=99") == pieces[2]
        assert server.read(f"/thread/{LONG}?piece=-1&view=zzz") == pieces[0]
    told = [re.findall(r"word-(\d+)-end", piece) for piece in pieces]
    # Phases are told in words above each piece, which are the first of the story.
    steps = [n for piece in pieces for n in re.findall(r'id="s-main-(\d+)"', piece)]
    assert steps == [str(n) for n in range(120, 0, -1)]
    assert told[0][-1] == "70"
    assert all(len(piece) < 100_000 for piece in pieces)


def test_what_was_left_out_of_a_story_says_so(place: Place) -> None:
    lines = [user("go", 0, uuid="u", cwd=str(place.project))]
    lines += [answer(f"m{n}", text(f"w{n}"), second=n + 1) for n in range(450)]
    place.put(f"{LONG}.jsonl", *lines)
    with serving(place) as server:
        assert "50 steps in the middle are left out" in read_text(server.read(f"/thread/{LONG}"))


def test_a_hostile_thread_is_text_on_each_view(place: Place) -> None:
    hostile = "</title><script>alert(1)</script>\x1b[2J\u202e"
    spot: dict[str, Any] = {"cwd": str(place.project)}
    place.put(
        f"{LONG}.jsonl",
        user(hostile, 0, uuid="u", **spot),
        answer(
            "m", text(hostile), call("c", "Edit", file_path=f"/x/{hostile}.py"), second=4, **spot
        ),
        result("c", hostile, error=True, second=5),
    )
    with serving(place) as server:
        pages = [
            server.read(f"/thread/{LONG}?view={view}") for view in ("timeline", "approach", "map")
        ]
    for page in pages:
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
        assert not {"\x1b", "\u202e"} & set(page)


def test_a_commit_is_on_the_page_when_it_was_made(place: Place) -> None:
    where = {**place.environment, "GIT_CONFIG_GLOBAL": os.devnull}

    def commit(subject: str, second: int) -> None:
        at = f"2026-09-14T00:00:{second:02}Z"
        moment = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        words = ["git", *who, "commit", "--allow-empty", "-m", subject]
        subprocess.run(
            words, cwd=place.project, env={**where, **moment}, check=True, capture_output=True
        )

    subprocess.run(["git", "init", "-b", "main"], cwd=place.project, env=where, check=True)
    commit("First basket", 10)
    place.wf("bind", PAUSED, WF_THREAD=f"claude-code--{THREAD}")
    with serving(place) as server:
        path = f"/session/{server.key}/{PAUSED}"
        page = server.read(path)
        assert "First basket" in page
        assert "Second basket" not in page
        commit("Second basket", 15)
        place.wf("switch", PAUSED)
        assert "Second basket" in server.read(path)
