"""Lines -> rows: usage once for each response, results, asks, and what is passed over."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.transcripts import answer, call, converse, line, only, parse, result, text, user
from wfsession.threads.events import Message, Response, ToolCall, ToolResult
from wfsession.threads.facts import Stretch


def at(second: int) -> datetime:
    return datetime(2026, 9, 14, 0, 0, second, tzinfo=UTC)


def test_of_a_response_in_several_lines_the_last_usage_counts() -> None:
    found = converse(
        answer("m1", text("a"), usage={"input": 9, "output": 3}, second=1),
        answer("m1", call("t1", "Read"), usage={"input": 9, "output": 61}, second=2),
        answer("m2", text("b"), usage={"output": 1}),
    )
    assert [one.output_tokens for one in found.responses.values()] == [61, 1]
    assert found.responses["m1"].at == at(2)


def test_a_line_without_usage_takes_nothing_away_and_is_no_response() -> None:
    zero = {"input": 0, "output": 0, "read": 0, "written": 0}
    found = converse(
        answer("m1", usage={"output": 5}), answer("m1", usage=zero), answer("m2", usage=zero)
    )
    assert {key: one.output_tokens for key, one in found.responses.items()} == {"m1": 5}


def test_a_response_without_an_id_goes_by_its_line() -> None:
    lines = [answer("", usage={"output": 5}, uuid=uuid) for uuid in ("u1", "u2", "u1")]
    assert list(converse(*lines).responses) == ["u1", "u2"]
    assert parse(answer("", usage={"output": 5})).facts.unusable == 1


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"cache_creation_input_tokens": 9}, (9, 0)),
        (
            {
                "cache_creation_input_tokens": 9,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 5,
                    "ephemeral_1h_input_tokens": 4,
                },
            },
            (5, 4),
        ),
        ({"cache_creation": {"ephemeral_1h_input_tokens": 4}}, (0, 4)),
        (
            {
                "cache_creation_input_tokens": 3,
                "cache_creation": {"ephemeral_1h_input_tokens": 4},
            },
            (0, 3),
        ),
        ({"cache_creation_input_tokens": 9, "cache_creation": [7]}, (9, 0)),
    ],
)
def test_what_was_written_to_the_cache_is_split_by_how_long_it_lives(
    usage: dict[str, Any], expected: tuple[int, int]
) -> None:
    one = line("assistant", message={"id": "m1", "content": [], "usage": usage})
    (found,) = only(parse(one).rows, Response)
    assert (found.cache_write_5m_tokens, found.cache_write_1h_tokens) == expected
    assert found.cache_write_tokens == sum(expected)


@pytest.mark.parametrize("count", ["400", -1, 10**13, 2**70, 1.5, True, None, [1], {}])
def test_tokens_that_are_no_count_are_none(count: Any) -> None:
    usage = {"input_tokens": count, "output_tokens": 7}
    parsed = parse(line("assistant", message={"id": "m1", "content": [], "usage": usage}))
    (found,) = only(parsed.rows, Response)
    assert (found.input_tokens, found.output_tokens) == (0, 7)
    assert parsed.facts.unusable == (count is not None)


def test_a_batch_is_told_by_its_tier() -> None:
    usage = {"output_tokens": 7, "service_tier": "batch"}
    (found,) = only(
        parse(line("assistant", message={"id": "m", "content": [], "usage": usage})).rows, Response
    )
    assert found.is_batch


def test_an_error_of_the_api_is_a_message_and_no_response() -> None:
    zero = {"input": 0, "output": 0}
    rows = parse(
        answer("m", text("Overloaded"), model="<synthetic>", usage=zero, isApiErrorMessage=True)
    ).rows
    assert [(type(one), one.role) for one in rows if isinstance(one, Message)] == [
        (Message, "error")
    ]
    assert only(rows, Response) == []


@pytest.mark.parametrize(
    ("error", "failed"),
    [(True, True), (False, False), (None, False), ("true", False), (1, False)],
)
def test_a_call_failed_exactly_where_is_error_is_true(error: Any, failed: bool) -> None:
    (found,) = only(parse(result("t1", "Exit code 1", error=error)).rows, ToolResult)
    assert (found.key, found.is_error) == ("t1", failed)


def test_the_argument_that_tells_most_stands_for_a_call() -> None:
    calls = [
        call("1", "Bash", description="say", command="  ls -l\n"),
        call("2", "Grep", path="src", pattern="x"),
        call("3", "Edit", old_string="a", file_path="/a b"),
        call("4", "Task", prompt="long", description="look"),
        call("5", "Workflow", script="export"),
        call("6", "Bash", command=["ls"]),
        call("7", "Bash", command="x" * 9_000),
    ]
    found = only(parse(answer("m", *calls)).rows, ToolCall)
    assert [one.argument for one in found[:-1]] == ["ls -l", "x", "/a b", "look", "", ""]
    assert len(found[-1].argument) == 2_000


def test_what_a_result_started_is_told_by_its_line_or_its_text() -> None:
    launched = "launched. Task ID: wt77\nTranscript dir: workflows/wf_7c3d21aa-0f9"
    rows = parse(
        result("t1", told={"agentId": "d4e5f60718293a4b", "isAsync": True}),
        result("t2", launched),
        result("t3", told={"taskId": "w1", "runId": "wf_1-2"}),
        result("t4", "wf_7c3d21aa-0f9 is running", told="Error: agentId"),
    ).rows
    told = [(one.agent, one.task, one.run) for one in only(rows, ToolResult)]
    assert told == [
        ("d4e5f60718293a4b", "", ""),
        ("", "wt77", "wf_7c3d21aa-0f9"),
        ("", "w1", "wf_1-2"),
        ("", "", ""),
    ]


def test_what_stands_beside_two_results_belongs_to_neither() -> None:
    blocks = [{"type": "tool_result", "tool_use_id": key} for key in ("t1", "t2")]
    rows = parse(user(blocks, toolUseResult={"agentId": "d4e5f60718293a4b"})).rows
    assert [one.agent for one in only(rows, ToolResult)] == ["", ""]


@pytest.mark.parametrize(
    ("content", "ask"),
    [
        ("  Fix it\n", "Fix it"),
        ("<system-reminder>\nbe nice\n</system-reminder>\nFix it", "Fix it"),
        ("<system-reminder>be nice</system-reminder>", None),
        ("<task-notification><task-id>a</task-id></task-notification>", None),
        ("a<system-reminder>1</system-reminder>b<system-reminder>2</system-reminder>c", "abc"),
        (
            "<command-name>/go</command-name>\n<command-args>now </command-args>",
            "/go now",
        ),
        ("<command-name>go</command-name><command-args></command-args>", "/go"),
        ("<command-name>/go</command-name> and this", "and this"),
        ("<local-command-stdout>done</local-command-stdout>", None),
        (
            "<system-reminder><command-name>/go</command-name></system-reminder>",
            None,
        ),
        ("a <system-reminder> that nothing closes", "a <system-reminder> that nothing closes"),
        ("</system-reminder>x<system-reminder>", "</system-reminder>x<system-reminder>"),
        ("if a < b", "if a < b"),
        ("", None),
        ([text("Fix"), {"type": "image"}, text("it")], "Fix\nit"),
        ([{"type": "image"}], None),
        ([{"type": "tool_result", "tool_use_id": "t1", "content": "no ask"}], None),
        (
            [{"type": "tool_result", "tool_use_id": "t1"}, text("Go on")],
            "Go on",
        ),
    ],
)
def test_an_ask_is_what_a_person_said(content: Any, ask: str | None) -> None:
    found = [(one.role, one.text) for one in only(parse(user(content)).rows, Message)]
    assert found == ([("user", ask)] if ask is not None else [])


def test_what_the_program_says_for_itself_is_no_ask() -> None:
    assert only(parse(user("Caveat", isMeta=True)).rows, Message) == []
    (prompt,) = only(parse(user("Find why", isSidechain=True)).rows, Message)
    (summary,) = only(parse(user("So far", isCompactSummary=True)).rows, Message)
    assert (prompt.role, summary.role) == ("prompt", "summary")


def test_stripping_takes_time_in_proportion_to_the_text() -> None:
    # Quadratic, this would take minutes.
    for hostile in ("<system-reminder>", "<command-a>", "</task-notification>", "<"):
        assert only(parse(user(hostile * 100_000)).rows, Message)[0].text


def test_the_same_line_twice_has_the_same_key_also_without_an_id() -> None:
    lines = [user("Fix it", 1), user("Fix it", 1), user("Fix it", 2), user("Fix it", 1, uuid="u")]
    assert len(converse(*lines).messages) == 3
    summary = line("summary", summary="The cart", leafUuid="u")
    assert len(converse(*lines, summary, summary).messages) == 4


def test_where_lines_were_written_is_told_in_stretches() -> None:
    places = [("/a", "x"), ("/a", "x"), ("/b", "x"), ("/b", None), ("/a", "x")]
    lines = [
        user("x", second, cwd=cwd, gitBranch=branch, version=f"2.{second}")
        for second, (cwd, branch) in enumerate(places)
    ]
    lines.insert(2, line("summary", 1, summary="s"))
    facts = parse(*lines).facts
    assert facts.stretches == (
        Stretch("/a", "x", at(0), at(1)),
        Stretch("/b", "x", at(2), at(2)),
        Stretch("/b", "", at(3), at(3)),
        Stretch("/a", "x", at(4), at(4)),
    )
    assert (facts.first, facts.last, facts.version) == (at(0), at(4), "2.4")


@pytest.mark.parametrize(
    ("cwd", "branch", "stretches", "unusable"),
    [
        (None, "x", (), 0),
        (5, "x", (), 1),
        ("", "x", (), 1),
        ("/a" * 9_000, "x", (), 1),
        ("/a", None, (Stretch("/a", "", None, None),), 0),
        ("/a", ["x"], (Stretch("/a", "", None, None),), 1),
    ],
)
def test_a_place_that_is_none_is_left_out(
    cwd: Any, branch: Any, stretches: tuple[Stretch, ...], unusable: int
) -> None:
    facts = parse({"type": "system", "cwd": cwd, "gitBranch": branch}).facts
    assert (facts.stretches, facts.unusable) == (stretches, unusable)


def test_types_that_are_not_known_are_counted_by_name() -> None:
    kinds: list[Any] = ["new", "new", "system", "ai-title", None, 5, ["user"], "x" * 99, "a\nb"]
    parsed = parse(*({"type": kind} for kind in kinds), {})
    assert (parsed.rows, parsed.facts.unknown) == ([], {"new": 2, "?": 6})
    assert (parsed.facts.lines, parsed.facts.unusable) == (10, 0)


@pytest.mark.parametrize(
    ("stamped", "known", "unusable"),
    [
        ("2026-09-14T00:00:05.000Z", at(5), 0),
        ("2026-09-14T02:00:05+02:00", at(5), 0),
        ("2026-09-14T00:00:05", at(5), 0),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999000, UTC), 0),
        ("9999-12-31T23:59:59-14:00", None, 1),
        ("yesterday", None, 1),
        (1789344005, None, 1),
        (None, None, 0),
        ([], None, 1),
    ],
)
def test_a_time_is_aware_or_none(stamped: Any, known: datetime | None, unusable: int) -> None:
    parsed = parse(user("Fix it") | {"timestamp": stamped})
    assert [one.at for one in parsed.rows] == [known]
    assert (parsed.facts.last, parsed.facts.unusable) == (known, unusable)
