"""The story of a thread: steps, retries, asks, subagents in them, and what was cut."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.stories import A, B, C, D, bash, chain, start, tell
from tests.transcripts import Line, answer, call, converse, line, result, text, user
from wfsession.threads.loose import shorten_path
from wfsession.threads.story import Story, Subagent
from wfsession.threads.story_json import encode_story, parse_story
from wfsession.threads.subagents import Meta
from wfsession.threads.timeline import Limits


def retries(*lines: Line) -> list[bool]:
    return [step.is_retry for step in tell(*lines).steps]


def test_the_lines_of_a_response_are_one_step() -> None:
    usage = {"input": 10, "output": 61, "read": 1000, "written": 200}
    story = tell(
        user("Fix the total", 1),
        answer("m1", text("I will look."), second=4, usage={"input": 10, "output": 3}),
        answer("m1", call("t1", "Grep", pattern="def total"), second=5, usage=usage),
        result("t1", "cart.py", second=6),
        answer("m1", call("t2", "Read", file_path="/a.py"), second=7, usage=usage),
        result("t2", "<tool_use_error>gone</tool_use_error>", error=True, second=8),
        answer("m2", text("Done."), second=9, model="gpt-9", usage={"output": 1}),
    )
    first, second = story.steps
    assert (first.n, first.ask, first.text) == (1, "Fix the total", "I will look.")
    assert first.ts == datetime(2026, 9, 14, 0, 0, 4, tzinfo=UTC)
    assert [(one.name, one.label, one.status) for one in first.tools] == [
        ("Grep", "def total", "ok"),
        ("Read", "/a.py", "error"),
    ]
    assert (first.tools[1].path, first.tools[1].error) == (
        "/a.py",
        "<tool_use_error>gone</tool_use_error>",
    )
    assert (first.is_error, first.is_retry, first.model) == (True, False, "claude-sonnet-5")
    assert first.usage is not None
    assert (first.usage.context, first.usage.output) == (1210, 61)
    assert (second.n, second.ask, second.is_error) == (2, "", False)
    assert second.usage is not None
    assert second.usage.cost_usd is None
    assert story.totals.cost_usd is None
    assert (story.active_s, story.omitted, story.open_ask) == (8.0, 0, "")


def test_a_call_without_a_result_is_pending() -> None:
    (step,) = tell(answer("m1", call("t1", "Bash", command="make"))).steps
    assert (step.tools[0].status, step.is_error) == ("pending", False)


def test_a_result_that_comes_before_its_call_counts() -> None:
    (step,) = tell(result("t1", error=True), answer("m1", call("t1", "Bash"))).steps
    assert step.tools[0].status == "error"


def test_an_error_of_the_api_is_a_step_that_failed() -> None:
    (step,) = tell(answer("m1", text("Overloaded"), isApiErrorMessage=True)).steps
    assert (step.text, step.is_error) == ("Overloaded", True)


def test_a_retry_is_the_same_again_after_it_failed() -> None:
    assert retries(*bash("1", "make", True), *bash("2", "make")) == [False, True]
    assert retries(*bash("1", "make"), *bash("2", "make")) == [False, False]
    assert retries(*bash("1", "make", True), *bash("2", "make x")) == [False, False]
    again = retries(*bash("1", "make", True), *bash("2", "make", True), *bash("3", "make"))
    assert again == [False, True, True]


def test_a_step_between_makes_it_no_retry_though_it_has_no_tools() -> None:
    between = bash("2", "ls")
    assert not any(retries(*bash("1", "make", True), *between, *bash("3", "make")))
    words = [answer("m", text("Once more."))]
    assert retries(*bash("1", "make", True), *words, *bash("3", "make")) == [False, False, False]


def test_retries_of_subagents_are_in_the_sums() -> None:
    rows = [*bash("c1", "make", True), *bash("c2", "make")]
    story = tell(*bash("1", "ls"), children={A: (Meta(), rows)})
    assert story.totals.retries == 1
    assert story.strays[0].totals.retries == 1


def test_what_was_asked_last_is_open() -> None:
    story = tell(user("One"), user("Two"), answer("m1", text("ok")), user("Three"))
    assert (story.steps[0].ask, story.open_ask) == ("One\n\nTwo", "Three")


@pytest.mark.parametrize(
    ("path", "most", "left"),
    [
        ("src/app.py", 48, "src/app.py"),
        ("/home/sam/customers/north/app.py", 20, "…/north/app.py"),
        ("/home/sam/" + "x" * 30, 20, "…" + "x" * 19),
        ("/home/sam/a/directory/", 12, "…/directory/"),
    ],
)
def test_of_a_long_path_the_end_is_left(path: str, most: int, left: str) -> None:
    assert shorten_path(path, most) == left
    assert len(left) <= most


def test_in_a_label_a_path_keeps_its_end_and_all_else_its_start() -> None:
    folder = "/home/sam/projects/customers/north-european-shop/services/checkout/src/main/python"
    long_path = f"{folder}/checkout_service/discounts/volume_discounts.py"
    address = "https://example.com/" + "x" * 60
    story = tell(
        answer(
            "m1",
            call("t1", "Read", file_path=long_path),
            call("t2", "Bash", command=f"cd {folder} && make\n{'x' * 200}"),
            call("t3", "WebFetch", url=address),
        )
    )
    read, ran, fetched = story.steps[0].tools
    assert (len(read.label) <= 120, read.path) == (True, long_path)
    assert read.label.startswith("…/customers/north-european-shop/")
    assert read.label.endswith("/volume_discounts.py")
    assert ran.label.startswith("cd …/services/checkout/src/main/python && make xx")
    assert fetched.label == address


def test_labels_carry_one_short_argument_and_never_a_whole_input() -> None:
    secret = "x" * 5_000
    story = tell(
        answer(
            "m1",
            call("t1", "Bash", command=f"first line\n{secret}"),
            call("t2", "Write", file_path="/a", content=secret),
            call("t3", "Workflow", script=secret),
        ),
        result("t1", secret, error=True),
        result("t2", secret),
    )
    tools = story.steps[0].tools
    assert [len(one.label) for one in tools] == [120, 2, 0]
    assert len(tools[0].error) == 600
    assert len(encode_story(story)) < 2_000


def find_child(story: Story, number: int = 0) -> Subagent:
    return story.steps[number].subagents[0]


def test_subagents_are_told_in_the_step_that_started_them() -> None:
    story = tell(*start(A), children=chain(A, B))
    child = find_child(story)
    assert (child.agent, child.label, child.type, child.cut) == (A, "look", "Explore", "")
    assert child.story is not None
    grandchild = find_child(child.story)
    assert grandchild.agent == B
    assert grandchild.story is not None
    assert grandchild.story.steps[0].text == "Done."
    assert (story.strays, story.totals.responses) == ((), 1)
    assert (child.totals.responses, grandchild.totals.responses) == (1, 1)


def test_what_is_too_deep_is_cut_and_said_and_counts_all_the_same() -> None:
    story = tell(*start(A), children=chain(A, B, C, D), limits=Limits(depth=2))
    child = find_child(story).story
    assert child is not None
    grandchild = find_child(child).story
    assert grandchild is not None
    cut = find_child(grandchild)
    assert (cut.agent, cut.cut, cut.story) == (C, "depth_capped", None)
    assert (cut.totals.responses, story.strays) == (1, ())


def test_a_budget_that_is_used_up_is_said() -> None:
    children = chain(A) | chain(B) | chain(C)
    story = tell(*start(A), *start(B, 9), *start(C, 20), children=children, limits=Limits(budget=2))
    assert [find_child(story, number).cut for number in range(3)] == ["", "", "budget_capped"]


def test_a_cycle_is_told_once_and_said() -> None:
    children = chain(A, B)
    children[B] = (children[B][0], [answer("m9", call("to-back", "Task")), result("to-back")])
    children[A] = (Meta("Explore", "look", "to-back"), children[A][1])
    story = tell(*bash("1", "ls"), children=children)
    (stray,) = story.strays
    assert stray.story is not None
    below = find_child(stray.story)
    assert below.story is not None
    assert (stray.agent, below.agent) == (A, B)
    assert (find_child(below.story).agent, find_child(below.story).cut) == (A, "cycle")


def test_whom_nobody_is_known_to_have_started_is_a_stray() -> None:
    children = {A: (Meta("Explore"), chain(A)[A][1])}
    story = tell(*bash("1", "ls"), children=children)
    assert [(one.agent, one.type) for one in story.strays] == [(A, "Explore")]
    assert story.totals.responses == 1


def test_the_middle_of_a_long_story_is_left_out_and_said() -> None:
    lines = [one for number in range(10) for one in bash(str(number), f"run {number}")]
    story = tell(*lines, limits=Limits(steps=5, tail=2))
    assert [step.n for step in story.steps] == [1, 2, 3, 9, 10]
    assert (story.omitted, story.totals.tool_calls) == (5, 10)


def test_agents_of_runs_count_in_the_sums_and_the_time() -> None:
    agent = converse(answer("r1", text("x"), second=200, usage={"output": 7}))
    story = tell(answer("m1", text("x"), second=0, usage={"output": 1}), run_agents=(agent,))
    assert (story.totals.responses, story.totals.output_tokens) == (2, 8)
    assert (story.active_s, story.steps[-1].n) == (200.0, 1)


def test_time_counts_on_every_line_also_where_it_says_nothing_else() -> None:
    lines = [user("x", 0), line("system", 250), answer("m1", text("x"), second=500)]
    assert tell(*lines).active_s == 500
    assert tell(lines[0], lines[2]).active_s == 30


def test_a_story_reads_back_as_it_was_written() -> None:
    lines = [user("Fix", 0), *start(A, 3), *bash("1", "make", True), *bash("2", "make")]
    for story in (
        tell(),
        tell(*lines, children=chain(A, B, C, D) | {"e" * 16: (Meta(), [])}),
        tell(*lines, children=chain(A, B), limits=Limits(steps=2, tail=1, depth=0)),
    ):
        assert parse_story(encode_story(story)) == story


def test_the_json_of_a_story_is_this() -> None:
    story = tell(
        user("Fix", 0),
        answer("m1", text("Look."), call("t1", "Read", file_path="/a"), second=1),
        result("t1", "gone", error=True),
    )
    data: dict[str, Any] = json.loads(encode_story(story))
    assert data.pop("totals")["tool_calls"] == 1
    assert data == {
        "version": 1,
        "steps": [
            {
                "n": 1,
                "ts": "2026-09-14T00:00:01Z",
                "text": "Look.",
                "tools": [
                    {
                        "name": "Read",
                        "label": "/a",
                        "status": "error",
                        "category": "read",
                        "path": "/a",
                        "error": "gone",
                    }
                ],
                "is_error": True,
                "is_retry": False,
                "model": "claude-sonnet-5",
                "ask": "Fix",
                "usage": None,
            }
        ],
        "omitted": 0,
        "started": "2026-09-14T00:00:00Z",
        "ended": "2026-09-14T00:00:01Z",
        "active_s": 1.0,
    }


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"steps": 5}, {"steps": [5]}, {"totals": None}, {"omitted": "1"}]
)
def test_what_is_no_story_of_ours_is_none(change: dict[str, Any]) -> None:
    data = json.loads(encode_story(tell(user("Fix", 0))))
    assert parse_story(json.dumps(data | {"new": 1}).encode()) is not None
    assert parse_story(json.dumps(data | change).encode()) is None


def test_a_story_nested_deeper_than_any_is_none() -> None:
    data = json.loads(encode_story(tell(*start(A), children=chain(A))))
    inner = data
    for _ in range(30):
        child = json.loads(json.dumps(data["steps"][0]["subagents"][0]))
        inner["steps"][0]["subagents"] = [child]
        inner = child["story"]
        inner["steps"] = json.loads(json.dumps(data["steps"][:1]))
        inner["steps"][0].pop("subagents", None)
    assert parse_story(json.dumps(data).encode()) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("responses", 2**64 - 1), ("input_tokens", -1), ("cost_usd", 1e308), ("cost_usd", -0.5)],
)
def test_a_story_with_sums_that_no_thread_has_is_none(name: str, value: float) -> None:
    """They would go beyond what the index holds, or beyond all numbers when they are added."""
    told = json.loads(encode_story(tell(answer("m1", text("Done."), usage={"output": 1}))))
    assert parse_story(json.dumps(told).encode()) is not None
    told["totals"][name] = value
    assert parse_story(json.dumps(told).encode()) is None
