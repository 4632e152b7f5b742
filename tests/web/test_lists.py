"""Runs, usage, search and workdirs: the command's figures, and what is asked for is only data."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from tests.conftest import copy_fixture
from tests.transcripts import THREAD, answer, text
from tests.web.server import ACTIVE, PAUSED, Place, Server, make_place, read_text, serving


def test_hints_about_sizes_come_with_their_caveat(place: Place) -> None:
    spot: dict[str, Any] = {"cwd": str(place.project), "isSidechain": True, "agentId": "a1b2"}
    usage = {"input": 90_000, "output": 100}
    place.put(
        f"{THREAD}/subagents/agent-a1b2.jsonl",
        answer("m", text("short"), second=5, model="claude-opus-4-7", usage=usage, **spot),
    )
    with serving(place) as server:
        page = read_text(server.read("/usage"))
    assert "little was written and few tools were called, by a premium model" in page
    assert "They say nothing of how good the work was" in page


def test_a_search_finds_what_was_said_and_marks_the_words(server: Server) -> None:
    page = server.read("/search?q=basket+fix")
    assert "1 message" in page
    assert "<mark>fix</mark>" in page
    assert f'href="/thread/{THREAD}"' in page
    assert "&lt;b&gt;" in page


def test_what_was_found_is_of_a_thread_by_its_label(place: Place) -> None:
    place.wf("bind", PAUSED, WF_THREAD=f"claude-code--{THREAD}", WF_LABEL="the basket's keeper")
    with serving(place) as server:
        assert "the basket&#39;s keeper</a>" in server.read("/search?q=basket")


@pytest.mark.parametrize(
    "words",
    ["", "%22", "%27%29%3B+DROP+TABLE+messages", "*+OR+NEAR(", "%00", "x" * 5000, "%3Cscript%3E"],
)
def test_no_words_break_a_search(server: Server, words: str) -> None:
    page = server.read(f"/search?q={words}")
    assert "<script>" not in page
    assert len(page) < 100_000


def test_runs_tell_what_became_of_each_agent(place: Place) -> None:
    fixture = copy_fixture("claude-home", place.home / "copy")
    for path in (fixture / ".claude" / "projects" / "-home-sam-shop").rglob("*"):
        if path.is_file():
            there = str(place.project)
            path.write_text(path.read_text().replace("/home/sam/shop", there))
    (place.home / "copy" / ".claude").rename(place.home / "other")
    with serving(Place(place.project, place.home, str(place.home / "other"))) as server:
        assert "wf_7c3d21aa-0f9" in server.read("/runs")
        page = read_text(server.read("/run/wf_7c3d21aa-0f9"))
    assert "check invoices Check completed" in page
    assert "check refunds Check running?" in page
    assert "Only the times of files tell what became of it." in page


def test_threads_of_several_terminals_are_a_tree_that_loses_nobody(place: Place) -> None:
    names = {"root": "", "child": "claude-code--root", "orphan": "claude-code--gone"}
    for name, parent in names.items():
        more = {"WF_PARENT_THREAD": parent} if parent else {}
        place.wf("bind", WF_THREAD=f"claude-code--{name}", WF_RUN="fan-out", **more)
    with serving(place) as server:
        raw = server.read("/runs")
        told = read_text(server.read("/runs"))
    assert "fan-out 3 threads on WFS-user-profile . In all 0 responses" in told
    assert 'class="depth-1"><a href="/thread/child">' in raw
    assert raw.count('class="depth-0"') == 2


def test_a_declared_run_tells_its_sessions_and_its_total(place: Place) -> None:
    run = {"WF_RUN": "fan-out"}
    place.wf("bind", PAUSED, WF_THREAD=f"claude-code--{THREAD}", **run)
    child = {**run, "WF_PARENT_THREAD": f"claude-code--{THREAD}"}
    place.wf("bind", ACTIVE, WF_THREAD="claude-code--child", **child)
    total = json.loads(place.wf("usage", "--by", "thread", "--json"))["data"]["total"]
    with serving(place) as server:
        raw = server.read("/runs")
        key = server.key
    told = read_text(raw)
    for name in (ACTIVE, PAUSED):
        assert f'<a href="/session/{key}/{name}">{name}</a>' in raw
    assert f"In all {total['responses']} responses, {total['tool_calls']} tool calls, " in told
    assert f"{total['errors']} error, ${total['cost_usd']:.4f}." in told
    assert f"on {ACTIVE}, run by {THREAD[:8]}, 0 responses" in told


# Half past midnight in Berlin on both days, which UTC does not see: in summer, and in winter.
EVES = {"2026-07-14T22:30:00Z": "2026-07-15", "2026-12-14T23:30:00Z": "2026-12-15"}


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a project in which something was said on each of these days."""
    place = make_place(tmp_path_factory.mktemp("late"))
    spot: dict[str, Any] = {"cwd": str(place.project)}
    for n, moment in enumerate(EVES):
        said = answer(f"e{n}", text("late"), usage={"output": 5}, timestamp=moment, **spot)
        place.put(f"{n}b7e4c1a-9d52-4f0e-b6a3-2c9f1d7e8a91.jsonl", said)
    with serving(place) as server:
        yield server


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Europe/Berlin", ["2026-07-15", "2026-12-15"]),
        ("Europe%2FBerlin", ["2026-07-15", "2026-12-15"]),
        ("UTC", ["2026-07-14", "2026-12-14"]),
        ("America/New_York", ["2026-07-14", "2026-12-14"]),
    ],
)
def test_a_day_is_the_readers_in_summer_and_in_winter(
    late: Server, zone: str, days: list[str]
) -> None:
    page = late.ask("/usage?by=day", Cookie=f"{late.cookie}; wf-zone={zone}").body
    told = [day for day in re.findall(r'<th scope="row">([0-9-]+)</th>', page) if day[5:7] != "09"]
    assert sorted(told) == days
    assert f'data-zone="{unquote(zone)}"' in page


@pytest.mark.parametrize(
    "zone", ["", "Europe", "../../etc/passwd", "/etc/localtime", "%00", "x" * 5000, "Mars/Base"]
)
def test_a_zone_that_is_none_is_this_machines(server: Server, zone: str) -> None:
    got = server.ask("/usage?by=day", Cookie=f"{server.cookie}; wf-zone={zone}")
    assert got.status == 200
    assert 'data-zone=""' in got.body


def test_without_workdirs_the_page_says_so(server: Server) -> None:
    assert "There is none." in server.read("/workdirs")


@pytest.mark.parametrize("path", ["/run/none", "/run/..%2f..", "/usage/x", "/search/", "/runs/1/2"])
def test_what_no_index_knows_is_a_sentence(server: Server, path: str) -> None:
    got = server.ask(path)
    assert got.status in (307, 404)
    assert "Traceback" not in got.body
