"""`wf mcp`, asked over standard streams by a client of the SDK, as an agent asks it."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.cli.wf import ACTIVE, COMMAND, PAUSED, make_environment, wf
from tests.conftest import copy_fixture
from tests.talks import BRANCH, EXPECT, MAIN, RUN, commit_meanwhile, plant_talks, transcript_of
from tests.transcripts import encode, user
from wfsession.cli.extras import tell_install
from wfsession.mcp.trimming import BUDGET

_MANY = 200
# Where it is the next day already when the conversations take place.
_FAR_EAST = "Pacific/Kiritimati"
_FIFO = "no-transcript.jsonl"
_CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "current": ("current", {}),
    "list": ("list", {"archived": True}),
    "checkpoint": ("checkpoint", {"note": "The route is missing.", "session": "oauth"}),
    "runs": ("runs", {}),
    "runs of a branch": ("runs", {"branch": BRANCH}),
    "runs of another": ("runs", {"branch": "main"}),
    "runs of a session": ("runs", {"session": "oauth"}),
    "one run": ("runs", {"run_id": RUN[:5]}),
    "one agent": ("runs", {"run_id": RUN, "agent": "check invoices"}),
    "search": ("search", {"words": "cart total", "role": "user"}),
    "search much": ("search", {"words": "repeated"}),
    "search more": ("search", {"words": "repeated", "skip": 10}),
    "unfinished": ("unfinished", {}),
    "usage": ("usage", {"all_projects": True}),
    "usage by day": ("usage", {"all_projects": True, "by": "day"}),
}
# What is wrong, by a call, and words of what is said of it.
_WRONG: dict[tuple[str, str], tuple[str, ...]] = {
    ("runs", '{"run_id": "wf_nope"}'): ("hint: wf runs",),
    ("runs", '{"agent": "x"}'): ("hint: give its run_id",),
    ("runs", '{"commit": "abc"}'): ("too short", "4 characters"),
    ("runs", '{"commit": "HEAD"}'): ("'HEAD' is no commit", "hint: git log"),
    ("runs", '{"run_id": 7}'): ("run_id: 7 is not a text", "hint: one run: its id"),
    ("runs", '{"runid": "wf_1"}'): ("runid", "no such argument", "run_id, agent, session"),
    ("search", '{"words": "x", "session": "nobody"}'): ("'nobody'", "hint: wf list --all"),
    ("search", "{}"): ("words: it has to be given", "hint: all must be in"),
    ("search", '{"words": ""}'): ("words: it is empty",),
    ("search", '{"words": "x", "role": "robot"}'): ('"robot" is none of user, prompt,',),
    ("search", '{"words": ["a", "b"]}'): ('words: ["a", "b"] is not a text',),
    ("usage", '{"by": "colour"}'): ('"colour" is none of day, session,', "hint: what to sum by"),
    ("usage", '{"by": null}'): ("by: null is none of",),
    ("usage", '{"skip": -1}'): ("skip: -1 is less than 0", "hint: how many rows"),
    ("usage", '{"skip": "many"}'): ('skip: "many" is not a whole number',),
    ("usage", '{"skip": 1.5}'): ("skip: 1.5 is not a whole number",),
    ("usage", '{"all_projects": "maybe"}'): ('"maybe" is not true or false',),
    ("unfinished", '{"session": {}}'): ("session: {} is not a text",),
    ("list", '{"archived": []}'): ("archived: [] is not true or false",),
    ("current", '{"session": "x"}'): ("session: the tool has no such argument", "takes none"),
    ("checkpoint", "{}"): ("note: it has to be given", "where the work stands"),
    ("checkpoint", '{"note": ""}'): ("note: it is empty",),
    ("launch", "{}"): ("'launch'", "hint: current, list, runs"),
    ("runs", json.dumps({"run_id": "x" * 9_000})): ("no run 'xxx", "9,0", "hint: wf runs"),
    ("search", json.dumps({"words": ["x" * 9_000]})): ('words: ["xxx', "not a text"),
}


class Talk:
    """What a client heard: the tools, and the answer to each call, by its name."""

    def __init__(self) -> None:
        self.tools: dict[str, Any] = {}
        self.heard: dict[str, Any] = {}

    def text(self, name: str) -> str:
        (content,) = self.heard[name].content
        text: str = content.text
        return text

    def data(self, name: str) -> Any:
        assert not self.heard[name].is_error, self.text(name)
        return json.loads(self.text(name))


def _make_place(top: Path) -> tuple[Path, Path, Path]:
    project, home = top / "project", top / "home"
    copy_fixture("01-seed-markers", project)
    home.mkdir()
    return project, home, plant_talks(home, project)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a project in which two conversations took place, and the home of its user."""
    project, home, agent = _make_place(tmp_path_factory.mktemp("mcp"))
    lines = [user(f"repeated {number} " + "x" * 300, uuid=f"u-{number}") for number in range(_MANY)]
    with transcript_of(agent, MAIN).open("ab") as file:
        file.write(encode(lines))
    os.mkfifo(transcript_of(agent, MAIN).with_name(_FIFO))
    return project, home


async def _hold(place: tuple[Path, Path], calls: dict[str, tuple[str, dict[str, Any]]]) -> Talk:
    project, home = place
    talk = Talk()
    server = StdioServerParameters(
        command=COMMAND[0],
        args=[*COMMAND[1:], "mcp"],
        env=make_environment({"HOME": str(home), "TZ": _FAR_EAST}),
        cwd=project,
    )
    async with Client(server) as client:
        talk.tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        for name, (tool, given) in calls.items():
            talk.heard[name] = await client.call_tool(tool, given)
    return talk


@pytest.fixture(scope="module")
def talk(place: tuple[Path, Path]) -> Talk:
    wrong = {"".join(call): (call[0], json.loads(call[1])) for call in _WRONG}
    return asyncio.run(_hold(place, _CALLS | wrong))


def test_the_tools_are_these_and_say_what_they_are_for(talk: Talk) -> None:
    assert set(talk.tools) == set("current list checkpoint runs search unfinished usage".split())
    for name, tool in talk.tools.items():
        assert len(tool.description) > 60
        assert tool.annotations.read_only_hint is (name != "checkpoint")
        assert tool.annotations.destructive_hint is False
        for about in tool.input_schema["properties"].values():
            assert about["description"]


def test_the_session_is_known_with_its_place(talk: Talk, place: tuple[Path, Path]) -> None:
    data = talk.data("current")
    assert (data["session"], data["source"]) == (ACTIVE, "marker")
    assert data["path"] == str(place[0] / ".workflow" / ACTIVE)


def test_sessions_are_listed(talk: Talk) -> None:
    data = talk.data("list")
    assert data["active"] == ACTIVE
    states = {one["session"]: one["state"] for one in data["sessions"]}
    assert (len(states), states[PAUSED]) == (4, "paused")


def test_a_checkpoint_is_kept(talk: Talk, place: tuple[Path, Path]) -> None:
    assert talk.data("checkpoint")["session"] == PAUSED
    told = wf("show", PAUSED, "--root", str(place[0]), "--json").data
    assert told["checkpoint"]["note"] == "The route is missing."


def test_runs_are_those_of_the_sample(talk: Talk) -> None:
    (run,) = talk.data("runs")["runs"]
    assert (run["run_id"], run["status"]) == (RUN, "crashed")
    assert talk.data("runs of a branch")["runs"] == [run]
    assert talk.data("runs of another")["runs"] == talk.data("runs of a session")["runs"] == []
    shown = talk.data("one run")
    assert {agent["label"] for agent in shown["agents"]} == set(EXPECT["runs"][RUN]["agents"])
    agent = talk.data("one agent")
    assert agent["result"] == "invoices are right"
    assert Path(agent["agents"][0]["transcript"]).is_file()


def test_what_was_said_what_is_open_and_what_it_cost(talk: Talk) -> None:
    (hit,) = talk.data("search")["hits"]
    assert hit["snippet"] == EXPECT["asks"][0]
    assert RUN in [one["name"] for one in talk.data("unfinished")["unfinished"]]
    total = talk.data("usage")["total"]
    assert total["cost_usd"] == pytest.approx(EXPECT["total"]["cost_usd"], abs=1e-9)


def test_a_day_of_the_usage_is_that_of_the_users_clock(talk: Talk) -> None:
    days = {row["key"] for row in talk.data("usage by day")["rows"]}
    assert max(days) == "2026-09-15"


def test_a_file_that_cannot_be_read_is_said_beside_the_answer(talk: Talk) -> None:
    for name in ("runs", "one run", "search", "unfinished", "usage"):
        (note,) = talk.data(name)["notes"]
        assert _FIFO in note


def test_what_is_long_is_cut_and_says_how_to_go_on(talk: Talk) -> None:
    first = talk.data("search much")
    assert len(talk.text("search much")) <= BUDGET * 1.05
    kept = len(first["hits"])
    assert first["cut"] == f"hits 1 to {kept} of 100; for more call again with skip={kept}"
    more = talk.data("search more")
    assert more["hits"][0]["key"] == first["hits"][10]["key"]


@pytest.mark.parametrize("call", _WRONG, ids=lambda call: " ".join(call)[:40])
def test_what_is_wrong_is_a_sentence_of_ours_with_what_to_do(
    talk: Talk, call: tuple[str, str]
) -> None:
    name = "".join(call)
    assert talk.heard[name].is_error
    told = talk.text(name)
    for word in _WRONG[call]:
        assert word in told
    for word in ("Traceback", "pydantic", "Error executing", "\n"):
        assert word not in told
    assert len(told) < 1_700


@pytest.mark.needs("git")
def test_a_commit_is_known_by_what_git_knows_it_by(tmp_path: Path) -> None:
    project, home, _ = _make_place(tmp_path)
    before, during = commit_meanwhile(project)
    names = ("HEAD", BRANCH, during[:7], during, before)
    heard = asyncio.run(
        _hold((project, home), {name: ("runs", {"commit": name}) for name in names})
    )
    for name in names:
        found = [run["run_id"] for run in heard.data(name)["runs"]]
        assert found == ([] if name == before else [RUN])


def test_standard_output_carries_the_protocol_and_nothing_else(
    place: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / ".cache").write_text("where the index would be")
    about = {"protocolVersion": "2025-06-18", "capabilities": {}}
    about["clientInfo"] = {"name": "test", "version": "1"}
    asked: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": about},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "usage", "arguments": {}}},
        {"id": 3, "method": "tools/call", "params": {"name": "runs", "arguments": {"agent": "x"}}},
    ]
    process = subprocess.Popen(
        [*COMMAND, "mcp"],
        cwd=place[0],
        env=make_environment({"HOME": str(tmp_path)}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        heard = []
        for message in asked:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
            if "id" in message:
                heard.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        rest = process.stdout.read()
        assert (process.wait(), rest) == (0, "")
    assert [one["id"] for one in heard] == [1, 2, 3]
    assert "the index cannot be used" in heard[1]["result"]["content"][0]["text"]
    assert heard[2]["result"]["isError"]


def test_without_the_extra_it_is_a_sentence_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("wfsession.mcp.server")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    done = wf("mcp")
    assert (done.code, done.out) == (1, "")
    hint = f"hint: {sys.executable} -m pip install 'wfsession[mcp]'"
    assert done.err.splitlines()[1] == hint


def test_where_pip_is_missing_too_uv_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setattr(sys, "executable", "/opt/a b/python")
    hint = "uv pip install --python '/opt/a b/python' 'wfsession[mcp]'"
    assert tell_install("mcp") == hint


def test_a_word_too_many_is_refused(tmp_path: Path) -> None:
    assert wf("mcp", "now").code == 2
