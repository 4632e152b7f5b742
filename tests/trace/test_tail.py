"""The end of a transcript, read on its own, against all that a transcript says."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import transcript_lines
from tests.transcripts import Line, answer, call, result, text, user, write
from wfsession.threads.events import Message, Response, ToolCall
from wfsession.threads.transcript import parse_lines
from wfsession.trace import tail
from wfsession.trace.tail import Source, Tail

CALLS, SAID = ["t1", "t2", "t3"], ["Done.", " Done. ", "Done?", "集成"]
_blocks = st.sampled_from(SAID).map(text) | st.sampled_from(CALLS).map(
    lambda key: call(key, "Edit")
)
_answers = st.builds(
    lambda key, blocks, is_error: answer(
        key, *blocks, model=f"model-of-{key}", usage={"output": 1}, isApiErrorMessage=is_error
    ),
    st.sampled_from(["m1", "m2", "m3"]),
    st.lists(_blocks, max_size=3),
    st.booleans(),
)
_asked = st.sampled_from([user("Done."), result("t1", "Done.")])


def read_tail(lines: list[Any]) -> Tail:
    with TemporaryDirectory() as place:
        return Tail(str(write(Path(place) / "t.jsonl", lines)))


@given(st.lists(_answers | _asked, max_size=8))
def test_it_tells_what_the_whole_transcript_tells(lines: list[Line]) -> None:
    rows = parse_lines(lines).rows
    found = read_tail(lines)
    models = {row.key: row.model for row in rows if isinstance(row, Response)}
    # Of all keys the one that answered last, whichever began first.
    last = next((row.model for row in reversed(rows) if isinstance(row, Response)), "")
    for key in CALLS:
        made = [row for row in rows if isinstance(row, ToolCall) and row.key == key]
        message = made[-1].response if made else ""
        assert found.find_call(key) == Source(message, models.get(message, last))
    for words in SAID:
        said = [
            Source(row.response, row.model)
            for row in rows
            if isinstance(row, Message)
            and row.role == "assistant"
            and row.text.strip() == words.strip()
        ]
        assert found.find_answer(words) == (said[-1] if said else Source())


@given(st.lists(transcript_lines | st.sampled_from(["", "{", "[1]", '"assistant"']), max_size=6))
def test_no_line_is_in_the_way(lines: list[Any]) -> None:
    found = read_tail(lines)
    for words in (*CALLS, *SAID):
        assert all(isinstance(one, str) for one in found.find_call(words))
        assert all(isinstance(one, str) for one in found.find_answer(words))


def test_a_model_that_used_nothing_did_not_answer(tmp_path: Path) -> None:
    lines = [
        answer("m1", text("Done."), model="claude-opus-5", usage={"output": 3}),
        answer("m2", text("API Error"), model="<synthetic>", usage={"output": 0}),
    ]
    found = Tail(str(write(tmp_path / "t.jsonl", lines)))
    assert found.find_call("toolu_1") == Source("", "claude-opus-5")


def test_only_the_end_is_read_and_a_line_that_is_cut_off_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [answer(f"m{n}", call(f"t{n}", "Edit"), usage={"output": 3}) for n in (1, 2)]
    path = write(tmp_path / "t.jsonl", lines)
    monkeypatch.setattr(tail, "_TAIL_BYTES", path.stat().st_size - 1)
    found = Tail(str(path))
    assert found.size_bytes == path.stat().st_size
    assert found.find_call("t1").message == ""
    assert found.find_call("t2").message == "m2"


@pytest.mark.parametrize("path", [None, "", 7, "/nowhere/t.jsonl", "/", "/dev/zero", "a\0b"])
def test_where_there_is_no_transcript_nothing_is_known(path: object) -> None:
    found = Tail(path)
    assert (found.size_bytes, found.find_call("t1"), found.find_answer("x")) == (
        0,
        Source(),
        Source(),
    )
