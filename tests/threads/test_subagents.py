"""Who started whom: three ways, best first; cycles and strangers lose nobody."""

from typing import Any

import pytest

from tests.transcripts import Line, answer, call, converse, result, text
from wfsession.threads.subagents import MAIN, Link, Meta, Spawner, link_subagents, parse_meta

A, B, C = "d4e5f60718293a4b", "0123456789abcdef0", "00000000000000cc"


def spawner(agent: str, *lines: Line) -> Spawner:
    found = converse(*lines)
    return Spawner(agent, found.calls, found.results)


def spawn(key: str, told: Any = None, said: str = "", name: str = "Task") -> list[Line]:
    return [answer(f"m-{key}", call(key, name)), result(key, [text(said)], told=told)]


def test_the_call_that_its_meta_names_counts_first() -> None:
    lines = spawn("t1", {"agentId": A}, A) + spawn("t2")
    assert link_subagents({A: Meta(call="t2")}, [spawner(MAIN, *lines)]) == (
        Link(A, MAIN, "t2", 1),
    )


def test_then_the_call_whose_result_names_it_by_itself() -> None:
    lines = spawn("t1", None, f"agentId: {A}") + spawn("t2", {"agentId": A}, B)
    meta = Meta(call="gone")
    assert link_subagents({A: meta}, [spawner(MAIN, *lines)]) == (Link(A, MAIN, "t2", 1),)


def test_then_the_first_id_in_the_text_that_names_a_file() -> None:
    said = f"commit {'f' * 40}, of {C}; agentId: {A}, not {B}"
    links = link_subagents({A: Meta(), B: Meta()}, [spawner(MAIN, *spawn("t1", None, said))])
    assert links == (Link(A, MAIN, "t1", 1), Link(B, None, "", 1))


def test_an_id_in_the_text_of_another_tool_says_nothing() -> None:
    lines = spawn("t1", None, f"agentId: {A}", name="Bash")
    assert link_subagents({A: Meta()}, [spawner(MAIN, *lines)]) == (Link(A, None, "", 1),)


def test_a_subagent_of_a_subagent_is_below_it() -> None:
    metas = {C: Meta(call="t3"), B: Meta(call="t2"), A: Meta(call="t1")}
    spawners = [
        spawner(MAIN, *spawn("t1")),
        spawner(A, *spawn("t2")),
        spawner(B, *spawn("t3")),
    ]
    assert link_subagents(metas, spawners) == (
        Link(C, B, "t3", 3),
        Link(B, A, "t2", 2),
        Link(A, MAIN, "t1", 1),
    )


def test_without_a_call_the_parent_that_its_meta_names_counts() -> None:
    metas = {A: Meta(), B: Meta(parent=A), C: Meta(parent="../../etc")}
    assert link_subagents(metas, []) == (
        Link(A, None, "", 1),
        Link(B, A, "", 2),
        Link(C, None, "", 1),
    )


def test_nobody_starts_himself_and_cycles_have_no_parents() -> None:
    metas = {A: Meta(call="t1", parent=A), B: Meta(call="t2"), C: Meta(call="t3")}
    spawners = [spawner(A, *spawn("t1")), spawner(B, *spawn("t3")), spawner(C, *spawn("t2"))]
    links = link_subagents(metas, spawners)
    assert [(one.agent, one.parent, one.depth) for one in links] == [
        (A, None, 1),
        (B, None, 1),
        (C, None, 1),
    ]


def test_what_it_says_of_itself_is_no_sign_of_who_started_it() -> None:
    metas = {A: Meta(parent=B), B: Meta(call="t1"), C: Meta()}
    own = spawn("t2", None, f"I am {A}; agentId: {C}")
    spawners = [spawner(MAIN, *spawn("t1")), spawner(A, *own)]
    assert link_subagents(metas, spawners)[0] == Link(A, B, "", 2)


def test_ten_thousand_in_a_row_are_linked_at_once() -> None:
    names = [f"{number:016x}" for number in range(10_000)]
    metas = {name: Meta(parent=above) for name, above in zip(names[1:], names, strict=False)}
    links = link_subagents({names[0]: Meta()} | metas, [])
    assert [one.depth for one in links] == list(range(1, 10_001))


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b'{"agentType":5}'])
def test_a_meta_that_says_nothing_is_empty(data: bytes) -> None:
    assert parse_meta(data) == Meta()


def test_a_meta_is_read_for_what_it_says() -> None:
    data = b'{"agentType":"Explore","description":"why","toolUseId":"t1","spawnDepth":2}'
    assert parse_meta(data) == Meta("Explore", "why", "t1", 2, "")
