"""A thread beyond its own transcript: other terminals, kept stories, how its context grew."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.transcripts import THREAD, answer, call, encode, result, text, user
from tests.web.server import PAUSED, Place, read_text, serving
from wfsession.core import binding
from wfsession.core.model import ThreadFacts
from wfsession.threads.story import Step, Usage
from wfsession.trace.book import Patience
from wfsession.trace.stories import keep_story
from wfsession.web.growth import draw_growth

CHILD = "6f6f6f6f-1111-4222-8333-444455556666"
LATER = "7a7a7a7a-1111-4222-8333-444455556666"
PARENT = f"claude-code--{THREAD}"


def put_child(place: Place, thread: str, number: int = 1, begin: int = 7) -> Path:
    spot = {"cwd": os.path.realpath(place.project)}
    lines = [user("Look at <i>refunds</i>", begin, uuid=f"u-{thread}", **spot)]
    for n in range(number):
        lines.append(
            answer(
                f"{thread}-{n}",
                text(f"refund-{n}-seen"),
                call(f"{thread}-c{n}", "Bash", command="pytest"),
                second=begin + 1 + n,
                usage={"input": 500, "output": 50},
                **spot,
            )
        )
    lines.append(result(f"{thread}-c0", "1 failed", error=True, second=begin + 1))
    return place.put(f"{thread}.jsonl", *lines)


def bind(place: Place, thread: str, **facts: str) -> None:
    binding.bind(str(place.root), f"claude-code--{thread}", PAUSED, ThreadFacts(**facts))


def test_what_another_terminal_ran_is_spliced_in_where_it_began(place: Place) -> None:
    put_child(place, CHILD)
    bind(place, THREAD)
    bind(place, CHILD, parent=PARENT, declared_label="the reviewer")
    with serving(place) as server:
        pages = {
            view: server.read(f"/thread/{THREAD}?view={view}")
            for view in ("timeline", "approach", "map")
        }
    for view in ("timeline", "approach"):
        page = read_text(pages[view])
        assert "In another terminal: the reviewer claude-code, 1 response, 1 error, $0.0" in page
        assert "declared by its spawner, with WF_PARENT_THREAD" in page
        assert "All that it did is told here, from the transcript" in page
        assert "refund-0-seen" in page
        assert f'<a href="/thread/{CHILD}">Its page</a>' in pages[view]
    # It began after the first of three steps, and before the second.
    order = [
        pages["timeline"].index(one) for one in ("s-main-2", "s-main-1", f"x-claude-code--{CHILD}")
    ]
    assert order == sorted(order)
    assert "the reviewer, in another terminal: $0.0" in pages["map"]


def test_one_that_is_not_told_of_whole_says_so(place: Place) -> None:
    put_child(place, CHILD, number=40)
    bind(place, THREAD)
    bind(place, CHILD, parent=THREAD)
    bind(place, LATER, parent=THREAD)
    with serving(place) as server:
        page = read_text(server.read(f"/thread/{THREAD}"))
    assert "The last of what it did is told here" in page
    assert "refund-39-seen" in page
    assert "refund-9-seen" not in page
    assert "What it did is not known: there is neither a transcript nor a kept story" in page


def test_those_of_the_same_run_are_listed_with_who_says_so(place: Place) -> None:
    put_child(place, CHILD)
    bind(place, THREAD, run="fan-out")
    bind(place, CHILD, run="fan-out", parent=PARENT)
    bind(place, LATER, run="fan-out")
    with serving(place) as server:
        parent = read_text(server.read(f"/thread/{THREAD}"))
        child = read_text(server.read(f"/thread/{CHILD}"))
    assert f"{LATER[:8]} claude-code: declared to be of the same run, with WF_RUN=fan-out" in parent
    assert f"{THREAD[:8]} claude-code: declared as the one that ran this" in child
    assert f"{LATER[:8]} claude-code: declared to be of the same run" in child


def test_two_that_each_declare_the_other_as_their_parent_are_told_of(place: Place) -> None:
    put_child(place, CHILD)
    bind(place, THREAD, parent=CHILD)
    bind(place, CHILD, parent=THREAD)
    with serving(place) as server:
        assert "In another terminal" in server.read(f"/thread/{THREAD}")
        assert "In another terminal" in server.read(f"/thread/{CHILD}")


def test_a_thread_whose_transcript_is_gone_is_told_as_it_was_kept(place: Place) -> None:
    bind(place, THREAD)
    transcript = place.home / ".claude" / "projects" / "-shop" / f"{THREAD}.jsonl"
    kept = keep_story(str(place.root), PARENT, PAUSED, str(transcript), Patience())
    assert kept.outcome == "kept"
    with serving(place) as server:
        before = server.read(f"/thread/{THREAD}")
        assert f"the transcript: <code>{transcript}</code>" in before
        assert "claude --resume" in before
    transcript.unlink()
    with serving(place) as server:
        page = server.read(f"/thread/{THREAD}")
        link = server.read(f"/session/{server.key}/{PAUSED}")
        found, usage = server.read("/search?q=commit"), server.read("/usage")
    assert "from its kept story, the transcript is gone" in found
    assert f'href="/thread/{THREAD}"' in found
    assert "Of 1 conversation the transcripts are gone" in read_text(usage)
    told = read_text(page)
    assert "Its transcript is gone. What it did was kept in its session." in told
    assert f".stories/{PARENT}.json" in told
    assert "Done. Shall I commit?" in told
    assert "claude --resume" not in page
    assert f'href="/thread/{THREAD}"' in link
    assert re.search(r"\$\d\S* kept story", read_text(link))


def test_a_thread_of_which_only_words_are_kept_costs_nothing_that_is_known(place: Place) -> None:
    bind(place, CHILD)
    kept = place.root / PAUSED / ".conversation" / f"claude-code--{CHILD}.jsonl"
    kept.parent.mkdir()
    lines = (
        {"v": 1, "kind": "message", "message_id": "m1", "generated_at_unix_ms": 1, "role": "user"},
        {
            "v": 1, "kind": "part", "message_id": "m1", "generated_at_unix_ms": 1, "hash": "h",
            "part_type": "text", "text": "Look at refunds",
        },
    )  # fmt: skip
    kept.write_bytes(encode(lines))
    with serving(place) as server:
        pages = [server.read("/"), server.read(f"/session/{server.key}/{PAUSED}")]
        assert "Look at refunds" in read_text(server.read("/search?q=refunds"))
    for page in pages:
        assert "Cost not known" in read_text(page)
        assert "no transcript" in read_text(page)
        assert f"/thread/{CHILD}" not in page


def test_a_thread_that_left_nothing_is_a_sentence(place: Place) -> None:
    bind(place, CHILD)
    with serving(place) as server:
        got = server.ask(f"/thread/{CHILD}")
    assert got.status == 404
    assert "the stories that were kept" in got.body


def test_a_resume_begins_where_the_transcript_did(place: Place) -> None:
    with serving(place) as server:
        page = read_text(server.read(f"/thread/{THREAD}"))
    where = os.path.realpath(place.project)
    assert f"cd {where} && claude --resume {THREAD}" in page.replace("&amp;", "&")


def test_the_model_mix_is_that_of_the_usage(place: Place) -> None:
    rows = json.loads(place.wf("usage", "--by", "model", "--json"))["data"]["rows"]
    with serving(place) as server:
        raw = server.read(f"/thread/{THREAD}")
    for row in rows:
        assert f"{row['key']} {row['responses']} responses (100 %)" in read_text(raw)
    assert len(re.findall("<polyline", raw)) == 1


def step(n: int, context: int, model: str = "a") -> Step:
    return Step(n, None, "", (), False, False, model, usage=Usage(context, 1, None))


def test_a_curve_is_broken_where_steps_were_left_out() -> None:
    whole = draw_growth((step(1, 10), step(2, 20), step(3, 15)))
    cut = draw_growth((step(1, 10), step(2, 20), step(9, 15)))
    assert whole is not None
    assert cut is not None
    assert (len(whole.lines), whole.omitted) == (1, False)
    assert (len(cut.lines), cut.omitted) == (2, True)
    assert whole.largest == 20


def test_a_strip_has_each_models_share_and_nothing_is_outside() -> None:
    drawn = draw_growth((step(1, 10, "a"), step(2, 20, "b"), step(3, 0, "b"), step(4, 5, "a")))
    assert drawn is not None
    assert {one.name: one.share for one in drawn.shades} == {"a": 0.5, "b": 0.5}
    assert [(one.first, one.last) for one in drawn.stretches] == [(1, 1), (2, 3), (4, 4)]
    assert drawn.stretches[-1].x + drawn.stretches[-1].width == pytest.approx(drawn.width)
    for line in drawn.lines:
        for pair in line.split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= drawn.width
            assert 0 <= y <= drawn.strip_y


def test_there_is_no_curve_where_nothing_tells_of_a_context() -> None:
    assert draw_growth(()) is None
    assert draw_growth((Step(1, None, "", (), False, False, ""),)) is None
