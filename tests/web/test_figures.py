"""The figures on the pages are the command's, on trees of transcripts that are generated."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.transcript_tree import make_tree
from tests.figures import count
from tests.web.server import Place, Server, make_place, serving
from wfsession.core.binding import bind
from wfsession.web.text import tell_cost
from wfsession.words import tell_tokens

THREADS = 80
SESSIONS = ("WFS-user-profile", "WFS-oauth-integration")
_COUNTS = ("responses", "tool_calls", "errors")
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


@pytest.fixture(scope="module", params=[1, 4])
def drawn(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Serve a project of a drawn tree, with some of its threads bound to sessions."""
    place = make_place(tmp_path_factory.mktemp("drawn"))
    home = place.home / ".claude"
    base = str(place.project.parent.resolve())
    make_tree(home, THREADS, request.param, base, 0.05)
    rows = ask(place, "usage", "--by", "thread")["rows"]
    for number, row in enumerate(rows[:6]):
        session = SESSIONS[number % len(SESSIONS)]
        bind(str(place.root), f"claude-code--{row['key']}", session)
    with serving(place) as server:
        yield server


def ask(place: Place, *words: str) -> Any:
    return json.loads(place.wf(*words, "--json"))["data"]


def read_text(markup: str) -> str:
    """Return what is read, elements apart by one space."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def read_rows(page: str, region: str) -> list[list[str]]:
    """Return the cells of each row of a table, the headings first."""
    table = re.findall(rf'aria-label="{region}">\s*<table>(.*?)</table>', page, re.DOTALL)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
    return [[read_text(cell) for cell in row] for row in cells]


def read_facts(page: str) -> dict[str, str]:
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page, re.DOTALL)
    return {read_text(name): read_text(value) for name, value in pairs}


def tell(row: dict[str, Any]) -> list[str]:
    """Return what a row of the usage says."""
    counts = [str(row[name]) for name in _COUNTS]
    return [*counts, *(tell_tokens(row[name]) for name in _TOKENS), tell_cost(row["cost_usd"])]


def tell_counts(row: dict[str, Any]) -> str:
    told = []
    for name, word in zip(_COUNTS, ("response", "tool call", "error"), strict=True):
        told.append(f"{row[name]:,} {word}{'' if row[name] == 1 else 's'}")
    return f"{', '.join(told)}, {tell_cost(row['cost_usd'])} at list prices."


@pytest.mark.parametrize("by", ["day", "session", "thread", "model", "agent", "project", "run"])
def test_each_row_of_the_usage_by_any_key_is_the_commands(drawn: Server, by: str) -> None:
    data = ask(drawn.place, "usage", "--by", by)
    expected = [[row["key"] or "none", *tell(row)] for row in data["rows"]]
    found: list[list[str]] = []
    for piece in range(1, len(expected) // 50 + 2):
        found += read_rows(drawn.read(f"/usage?by={by}&piece={piece}"), "Usage")[1:-1]
    assert found == expected
    assert read_rows(drawn.read(f"/usage?by={by}"), "Usage")[-1] == ["in all", *tell(data["total"])]
    count("figures on pages that are the command's", len(expected) * 8)


def test_now_tells_what_everything_used_and_each_session_and_each_thread(drawn: Server) -> None:
    page = drawn.read("/")
    data = ask(drawn.place, "usage", "--by", "thread")
    threads = {row["key"]: row for row in data["rows"]}
    assert tell_counts(data["total"]) in read_text(page)
    bound = {one["id"]: one for one in ask(drawn.place, "threads", "--all")["threads"]}
    sessions = {one["name"]: one for one in ask(drawn.place, "list")["sessions"]}
    cards = re.findall(r"<article.*?</article>", page, re.DOTALL)
    assert len(cards) == sum(one["state"] in ("active", "paused") for one in sessions.values())
    for card in cards:
        name = read_text(re.findall(r"<h3>.*?<a [^>]*>(.*?)</a>", card, re.DOTALL)[0])
        mine = [id for id, one in bound.items() if one["session"] == name]
        facts, tasks = read_facts(card), sessions[name]["tasks"]
        costs = [threads[id]["cost_usd"] for id in mine if id in threads]
        known = tell_cost(None if None in costs else sum(costs))
        assert facts["Cost"] == (known if costs else "none")
        if tasks["total"]:
            assert facts["Tasks"].endswith(f" {tasks['done']}/{tasks['total']}")
        for id, words in re.findall(r'href="/thread/([^"]+)".*?<span class="faint">(.*?)<', card):
            assert words == f"claude-code, {tell_cost(threads[id]['cost_usd'])}"
            assert id in mine
    loose = re.findall(r'<tr>\s*<td>[^\n]*href="/thread/([^"]+)"(.*?)</tr>', page, re.DOTALL)
    assert {id for id, _ in loose} == set(threads) - set(bound)
    for id, rest in loose:
        row = threads[id]
        assert read_text(rest).endswith(f" {row['tool_calls']} {tell_cost(row['cost_usd'])}")
    count("figures on pages that are the command's", len(loose) * 2 + len(cards) * 2)


def test_a_run_tells_of_each_agent_what_the_command_does(drawn: Server) -> None:
    runs = ask(drawn.place, "runs")["runs"]
    assert runs
    page = drawn.read("/runs")
    assert set(re.findall(r'href="/run/([^"]+)"', page)) == {one["run_id"] for one in runs}
    for run in runs:
        agents = ask(drawn.place, "runs", "show", run["run_id"])["agents"]
        rows = read_rows(drawn.read(f"/run/{run['run_id']}"), "Agents")[1:]
        assert sorted((row[1], row[2].rstrip("?"), *row[3:]) for row in rows) == sorted(
            (
                one["phase"] or "",
                one["status"],
                one["model"],
                str(one["tool_calls"]),
                str(one["errors"]),
                tell_cost(one["cost_usd"]),
            )
            for one in agents
        )
        count("figures on pages that are the command's", len(rows) * 3)


def test_a_thread_tells_what_its_story_does(drawn: Server) -> None:
    rows = ask(drawn.place, "usage", "--by", "thread")["rows"]
    for row in sorted(rows, key=lambda one: one["responses"])[-3:]:
        story = ask(drawn.place, "story", row["key"])["story"]
        page = drawn.read(f"/thread/{row['key']}")
        facts, totals = read_facts(page), story["totals"]
        assert facts["Responses"] == str(totals["responses"]) == str(row["responses"])
        assert facts["Errors"] == str(totals["errors"])
        assert facts["Cost with all agents"] == tell_cost(totals["cost_usd"])
        steps = re.findall(r'id="s-main-(\d+)"', page)
        assert steps == [str(one["n"]) for one in story["steps"]][::-1][:50]
        count("figures on pages that are the command's", 3)
