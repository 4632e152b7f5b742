"""How a thread went about its work, and where the work went."""

import json

import pytest

from tests.stories import A, B, bash, chain, start, tell
from tests.transcripts import Line, answer, call, result, text, user
from wfsession.threads.approach import count_moves, find_approach
from wfsession.threads.events import ToolCall
from wfsession.threads.story_json import to_data
from wfsession.threads.story_map import MapEvent, StoryMap, draw_map
from wfsession.threads.timeline import Limits
from wfsession.threads.tools import find_sign

TESTS = [
    "pytest -q",
    "cd /a && .venv/bin/pytest tests",
    "python -m unittest",
    "npm test",
    "npm run test -- x",
    "go test ./...",
    "cargo test",
    "make test",
    "tox -e py311",
    "npx jest",
    "vitest run",
]
REVERTS = [
    "git checkout -- cart.py",
    "git checkout HEAD -- cart.py",
    "git restore .",
    "git revert abc",
    "git -C /a reset --hard",
    "pytest; git reset",
]
NEITHER = [
    "cat pytest.ini",
    "git checkout main",
    "git status",
    "contest",
    "go build",
    "",
    "ls -- x",
]


@pytest.mark.parametrize("command", [*TESTS, *REVERTS, *NEITHER])
def test_a_command_tests_or_takes_back_or_neither(command: str) -> None:
    sign = "verify" if command in TESTS else "revert" if command in REVERTS else ""
    assert find_sign(ToolCall("t", None, "Bash", command, "")) == sign
    assert find_sign(ToolCall("t", None, "Grep", command, "")) == ""


def kinds(*lines: Line) -> list[str]:
    return [one.kind for one in find_approach(tell(*lines))]


def test_to_delegate_counts_before_a_dead_end_before_a_test_before_an_act() -> None:
    failed = bash("1", "pytest", True)
    spawn = [answer("m2", call("t2", "Agent"), call("t3", "Bash", command="git reset"))]
    assert kinds(*failed, *bash("2", "pytest"), *spawn, *bash("3", "ls")) == [
        "verify",
        "dead_end",
        "delegate",
        "act",
    ]


def test_a_step_with_a_child_delegates_whatever_its_tool_is() -> None:
    lines = [answer("m1", call(f"to-{A}", "Launch")), result(f"to-{A}")]
    (move,) = find_approach(tell(*lines, children=chain(A, B)))
    assert move.kind == "delegate"
    (branch,) = move.branches
    assert (branch.agent, branch.label, branch.cut) == (A, "look", "")
    assert [one.kind for one in branch.moves] == ["delegate"]
    assert branch.moves[0].branches[0].moves[0].label == "Done."


def test_a_branch_that_was_cut_says_why() -> None:
    story = tell(*start(A), children=chain(A), limits=Limits(depth=0))
    (branch,) = find_approach(story)[0].branches
    assert (branch.moves, branch.cut) == ((), "depth_capped")


def test_a_test_failed_where_its_own_call_did() -> None:
    both = [answer("m1", call("t1", "Bash", command="pytest"), call("t2", "Read", file_path="/a"))]
    for failing, failed in (("t1", True), ("t2", False)):
        (move,) = find_approach(tell(*both, result(failing, error=True)))
        assert (move.kind, move.has_failed) == ("verify", failed)


def test_a_label_is_the_agents_words_or_made_from_the_structure() -> None:
    story = tell(
        answer("m1", text("\nFirst I look.\nThen more."), call("t1", "Read", file_path="/a")),
        answer("m2", call("t2", "Read", file_path="/a")),
        answer("m3", call("t3", "Read"), call("t4", "Read"), call("t5", "Bash", command="ls")),
        answer("m4", text("x" * 100)),
        answer("m5", call("t6", "Edit", file_path=f"/home/{'deep/' * 20}app.py")),
        answer("m6", text(f"I change /home/{'deep/' * 20}app.py so that it counts.")),
    )
    told = [(one.label, one.source) for one in find_approach(story)]
    assert told[:3] == [
        ("First I look.", "agent_words"),
        ("Read /a", "structure"),
        ("Read × 2, Bash × 1", "structure"),
    ]
    assert len(told[3][0]) == 80
    for label, _ in told[4:]:
        assert "/deep/app.py" in label
        assert len(label) <= 80


def test_moves_are_counted_by_kind() -> None:
    story = tell(*bash("1", "pytest", True), *bash("2", "ls"))
    assert count_moves(find_approach(story)) == {
        "delegate": 0,
        "dead_end": 0,
        "verify": 1,
        "act": 1,
        "verify_failed": 1,
    }


def draw(*lines: Line) -> StoryMap:
    return draw_map(tell(*lines))


def test_each_tool_has_its_category_and_an_error_counts_over_all() -> None:
    names = (
        "Read Edit Write NotebookEdit MultiEdit Grep Glob Bash Task Agent WebFetch WebSearch Skill"
    ).split()
    calls = [call(f"t{number}", name) for number, name in enumerate(names)]
    drawn = draw(answer("m1", *calls), result("t0", error=True))
    assert [one.category for one in drawn.events] == [
        "error",
        *["edit"] * 4,
        *["search"] * 2,
        "bash",
        *["task"] * 2,
        *["web"] * 2,
        "other",
    ]
    assert drawn.categories == {
        "error": 1,
        "edit": 4,
        "search": 2,
        "bash": 1,
        "task": 2,
        "web": 2,
        "other": 1,
    }


def test_context_is_that_of_each_call_and_no_running_sum() -> None:
    drawn = draw(
        answer("m1", text("a"), usage={"input": 5, "read": 100, "written": 20, "output": 9}),
        answer("m2", text("b"), usage={"input": 7, "read": 30}, model="gpt-9"),
        answer("m3", text("without usage")),
    )
    assert [(one.n, one.context) for one in drawn.calls] == [(1, 125), (2, 37)]
    assert drawn.calls[0].cost_usd is not None
    assert drawn.calls[1].cost_usd is None
    assert drawn.totals.cost_usd is None


def test_a_phase_begins_with_words_or_with_an_ask() -> None:
    drawn = draw(
        *bash("1", "ls"),
        answer("m2", text("Now the cart.\nIt is wrong."), call("t2", "Read"), second=5),
        answer("m3", call("t3", "Edit"), second=9),
        user("And the rest?"),
        *bash("4", "ls"),
    )
    assert [(one.title, one.first, one.last) for one in drawn.phases] == [
        ("", 1, 1),
        ("Now the cart.", 2, 3),
        ("And the rest?", 4, 4),
    ]
    started, ended = drawn.phases[1].started, drawn.phases[1].ended
    assert started is not None
    assert ended is not None
    assert (ended - started).total_seconds() == 4


def test_files_are_ordered_with_edits_over_reads_also_those_of_subagents() -> None:
    def touch(name: str, path: str, key: str) -> Line:
        return answer(f"m-{key}", call(key, name, file_path=path))

    children = chain(A)
    children[A] = (children[A][0], [touch("Read", "/b", "c1"), touch("Read", "/b", "c2")])
    long = "/" + "deep/" * 100
    reads = [touch("Read", "/a", f"r{number}") for number in range(2)]
    story = tell(
        *reads, touch("Write", "/b", "w1"), touch("Edit", long, "e1"), *start(A), children=children
    )
    files = [(one.path, one.reads, one.edits, one.weight) for one in draw_map(story).files]
    assert files == [("/b", 2, 1, 5), (long, 0, 1, 3), ("/a", 2, 0, 2)]


def test_windows_are_of_all_agents_that_are_told_of() -> None:
    children = chain(A, B)
    children[B] = (
        children[B][0],
        [user("x", 30), answer("c", text("y"), second=40, usage={"output": 1_000_000})],
    )
    drawn = draw_map(tell(*start(A), children=children))
    assert [(one.agent, one.label) for one in drawn.windows] == [(A, "look"), (B, "look")]
    last = drawn.windows[1]
    assert last.started is not None
    assert last.ended is not None
    assert (last.ended - last.started).total_seconds() == 10
    assert drawn.windows[0].cost_usd == last.cost_usd == pytest.approx(15)


def test_a_map_says_what_its_story_left_out() -> None:
    lines = [one for number in range(9) for one in bash(str(number), f"run {number}")]
    drawn = draw_map(tell(*lines, limits=Limits(steps=4, tail=1)))
    assert (drawn.omitted, len(drawn.events), drawn.totals.tool_calls) == (5, 4, 9)


def test_approach_and_map_have_their_json() -> None:
    story = tell(*start(A), children=chain(A))
    assert json.loads(json.dumps(to_data(find_approach(story))))[0]["branches"][0]["agent"] == A
    data = json.loads(json.dumps(to_data(draw_map(story))))
    assert data["categories"] == {"task": 1}
    assert data["events"] == [
        {"n": 1, "ts": "2026-09-14T00:00:00Z", "category": "task", "label": "x", "is_retry": False}
    ]
    assert isinstance(draw_map(story).events[0], MapEvent)
