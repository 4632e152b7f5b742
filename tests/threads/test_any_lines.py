"""Whatever lines say, no reader raises; and what they say does not depend on when they are read."""

import json
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import any_transcript_lines, transcript_lines, values
from tests.transcripts import encode, read_pieces
from wfsession.threads.approach import find_approach
from wfsession.threads.conversation import Conversation, gather, sum_up
from wfsession.threads.events import Response
from wfsession.threads.facts import Facts, join
from wfsession.threads.prices import read_prices
from wfsession.threads.runfiles import parse_journal, parse_snapshot
from wfsession.threads.runs import RunFiles, build_run
from wfsession.threads.story_json import encode_story, parse_story, to_data
from wfsession.threads.story_map import draw_map
from wfsession.threads.subagents import Meta, Spawner, link_subagents, parse_meta
from wfsession.threads.timeline import Child, Limits, build_story
from wfsession.threads.transcript import parse_lines

pytestmark = pytest.mark.fuzz
PRICES = read_prices()
NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)
_trees = st.dictionaries(st.sampled_from("abc"), st.lists(transcript_lines, max_size=4), max_size=3)


def talk(lines: list[Any]) -> Conversation:
    parsed = parse_lines(lines)
    return gather(parsed.rows, parsed.facts)


@given(st.lists(transcript_lines, max_size=10), st.lists(st.integers(0, 3000), max_size=3))
def test_lines_read_in_pieces_say_what_they_say_at_once(
    lines: list[dict[str, Any]], cuts: list[int]
) -> None:
    data = encode(lines)
    # Where the lines end, too: there each piece is parsed on its own.
    ends = list(accumulate(len(row) for row in data.splitlines(keepends=True)))
    places = [min(cut, len(data)) for cut in cuts] + ends[::2]
    assert read_pieces(data, places) == read_pieces(data)


@given(st.lists(transcript_lines, max_size=6), st.data())
def test_duplicated_lines_change_no_sum(lines: list[dict[str, Any]], data: st.DataObject) -> None:
    twice = [line for line in lines for _ in range(data.draw(st.integers(1, 2)))]
    assert sum_up([talk(twice)], PRICES.cost_of) == sum_up([talk(lines)], PRICES.cost_of)


@given(st.lists(st.lists(any_transcript_lines, max_size=3), min_size=3, max_size=3))
def test_facts_may_be_joined_in_any_grouping(pieces: list[list[dict[str, Any]]]) -> None:
    one, two, three = (parse_lines(lines).facts for lines in pieces)
    assert join(join(one, two), three) == join(one, join(two, three))
    assert join(Facts(), one) == join(one, Facts()) == one


@given(_trees, st.dictionaries(st.sampled_from("abc"), any_transcript_lines))
def test_any_lines_make_a_story_that_reads_back(
    tree: dict[str, list[dict[str, Any]]], told: dict[str, dict[str, Any]]
) -> None:
    talks = {agent: talk(lines) for agent, lines in tree.items()}
    metas = {agent: parse_meta(json.dumps(told.get(agent, {})).encode()) for agent in talks}
    spawners = [Spawner(agent, one.calls, one.results) for agent, one in talks.items()]
    links = link_subagents(metas, [Spawner("", talk([]).calls, {}), *spawners])
    assert [link.agent for link in links] == list(metas)
    children = {link.agent: Child(metas[link.agent], link, talks[link.agent]) for link in links}
    story = build_story(talk([]), children, PRICES.cost_of, limits=Limits(steps=3, tail=1))
    assert parse_story(encode_story(story)) == story
    json.dumps([to_data(find_approach(story)), to_data(draw_map(story))])
    for response in (row for one in talks.values() for row in one.responses.values()):
        assert isinstance(response, Response)
        assert response.context_tokens >= 0


@given(st.lists(any_transcript_lines, max_size=6), any_transcript_lines | values, st.booleans())
def test_any_journal_and_any_snapshot_make_a_run(
    lines: list[dict[str, Any]], value: Any, has_files: bool
) -> None:
    journal = parse_journal(lines)
    snapshot = parse_snapshot(json.dumps(value).encode())
    files = RunFiles(NOW, NOW, {"d4e5f60718293a4b": NOW}) if has_files else RunFiles()
    run = build_run("wf_1-2", "t", journal, snapshot, files, None, NOW)
    assert {one.agent for one in journal} <= {one.agent for one in run.agents}
    assert run.certain in (True, False)


@given(st.binary(max_size=40) | values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_meta_a_snapshot_and_a_story_or_none(data: bytes) -> None:
    assert isinstance(parse_meta(data), Meta)
    parse_snapshot(data)
    assert parse_story(data) is None


@given(st.data())
def test_a_story_that_somebody_edited_is_a_story_or_none(data: st.DataObject) -> None:
    lines = data.draw(st.lists(transcript_lines, min_size=2, max_size=4))
    story = build_story(talk(lines), {}, PRICES.cost_of)
    value = json.loads(encode_story(story))
    place: Any = value
    for _ in range(data.draw(st.integers(0, 3))):
        inner = list(place.values()) if isinstance(place, dict) else place
        deeper = [one for one in inner if isinstance(one, dict | list) and one]
        place = data.draw(st.sampled_from(deeper)) if deeper else place
    keys = list(place) if isinstance(place, dict) else range(len(place))
    place[data.draw(st.sampled_from(list(keys)))] = data.draw(values)
    read = parse_story(json.dumps(value).encode())
    assert read is None or parse_story(encode_story(read)) == read
