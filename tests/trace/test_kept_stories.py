"""What a thread did is kept in its session; what tells more never gives way to less."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.hands import enumerate_deaths, fail
from tests.trace.talk import PATIENCE
from tests.transcripts import THREAD, answer, call, result, text, user, write
from wfsession.core.binding import bind
from wfsession.core.model import ThreadFacts
from wfsession.errors import DiskFailed, SessionNotFound
from wfsession.threads.bindings import Thread, find_thread
from wfsession.threads.story_json import encode_story, parse_story
from wfsession.trace.stories import (
    KeptStory,
    keep_stories,
    keep_story,
    read_story,
)
from wfsession.trace.telling import read_conversation

NAME = f"claude-code--{THREAD}"


def step(number: int) -> list[dict[str, Any]]:
    edit = call(f"t{number}", "Edit", file_path="a.py")
    said = text(f"step {number}")
    return [
        user(f"ask {number}", second=3 * number),
        answer(f"m{number}", said, edit, second=3 * number + 1, usage={"output": 1}),
        result(f"t{number}", second=3 * number + 2),
    ]


def steps(count: int) -> list[dict[str, Any]]:
    return [line for number in range(count) for line in step(number)]


@attrs.frozen
class Place:
    """A thread with a transcript, bound to a session of a root."""

    root: Path
    transcript: Path

    @property
    def story(self) -> Path:
        return self.root / "WFS-a" / ".stories" / f"{NAME}.json"

    def keep(self, count: int, **more: Any) -> KeptStory:
        """Keep the story of so many steps."""
        write(self.transcript, steps(count))
        return keep_story(str(self.root), NAME, "WFS-a", str(self.transcript), PATIENCE, **more)

    def find(self) -> Thread:
        return find_thread(str(self.root), NAME)


@pytest.fixture
def place(root: Path, tmp_path: Path) -> Place:
    return make_place(root, tmp_path / "home" / "projects" / "p" / f"{THREAD}.jsonl")


def make_place(root: Path, transcript: Path) -> Place:
    (root / "WFS-a").mkdir(exist_ok=True)
    (root / "WFS-a" / "workflow-session.json").write_text("{}")
    bind(str(root), NAME, "WFS-a", ThreadFacts(transcript=str(transcript)))
    return Place(root, transcript)


def count_steps(path: Path) -> int:
    story = parse_story(path.read_bytes())
    assert story is not None
    return len(story.steps) + story.omitted


def test_a_story_is_written_once_and_grows(place: Place) -> None:
    assert place.keep(2).outcome == "kept"
    assert place.keep(2).outcome == "same"
    assert place.keep(3).outcome == "kept"
    assert count_steps(place.story) == 3
    assert not (place.root / ".attic").exists()


def test_what_tells_less_replaces_nothing(place: Place) -> None:
    place.keep(3)
    assert place.keep(2).outcome == "less"
    assert count_steps(place.story) == 3
    place.transcript.write_bytes(b"")
    assert keep_stories(str(place.root), "WFS-a", PATIENCE)[0].outcome == "gone"
    place.transcript.unlink()
    assert keep_stories(str(place.root), "WFS-a", PATIENCE)[0].outcome == "gone"
    assert count_steps(place.story) == 3


def test_where_each_of_two_tells_something_of_its_own_the_older_one_is_set_aside(
    place: Place,
) -> None:
    place.keep(2)
    story = parse_story(place.story.read_bytes())
    assert story is not None
    other = attrs.evolve(story, totals=attrs.evolve(story.totals, tool_calls=99))
    place.story.write_bytes(encode_story(other))
    assert place.keep(3).outcome == "kept"
    (item,) = (place.root / ".attic").glob("*-story-*/item")
    assert item.read_bytes() == encode_story(other)


def test_what_is_no_story_is_set_aside(place: Place) -> None:
    place.keep(1)
    place.story.write_bytes(b"theirs")
    assert place.keep(1).outcome == "kept"
    (item,) = (place.root / ".attic").glob("*-story-*/item")
    assert item.read_bytes() == b"theirs"


def test_a_transcript_that_is_too_large_is_left_for_later(place: Place) -> None:
    assert place.keep(1, most_bytes=10).outcome == "large"
    assert not place.story.exists()


def test_of_an_agent_that_no_reader_knows_there_is_no_story(place: Place) -> None:
    write(place.transcript, steps(1))
    kept = keep_story(str(place.root), "codex--1", "WFS-a", str(place.transcript), PATIENCE)
    assert kept.outcome == "gone"
    with pytest.raises(SessionNotFound):
        keep_story(str(place.root), NAME, "WFS-none", str(place.transcript), PATIENCE)


def test_a_story_is_read_from_the_transcript_or_as_it_was_kept_and_says_which(
    place: Place,
) -> None:
    assert read_story(str(place.root), place.find()) is None
    place.keep(2)
    found = read_story(str(place.root), place.find())
    assert found is not None
    assert (found.source, found.path) == ("transcript", str(place.transcript))
    write(place.transcript, steps(1))
    for _ in range(2):
        shorter = read_story(str(place.root), place.find())
        assert shorter is not None
        assert (shorter.source, shorter.path) == ("kept", str(place.story))
        assert shorter.story == found.story
        place.transcript.unlink(missing_ok=True)


def test_what_was_kept_is_found_in_an_archived_session(place: Place) -> None:
    place.keep(2)
    place.transcript.unlink()
    (place.root / "completed").mkdir()
    (place.root / "WFS-a").rename(place.root / "completed" / "WFS-a")
    found = read_story(str(place.root), place.find())
    assert found is not None
    assert found.path.endswith(f"completed/WFS-a/.stories/{NAME}.json")


def test_whichever_call_a_process_dies_at_there_is_the_old_story_or_the_new_one(
    tmp_path: Path, root: Path
) -> None:
    transcript = tmp_path / "elsewhere" / f"{THREAD}.jsonl"
    write(transcript, steps(3))

    def build(top: Path) -> Path:
        made = top / ".workflow"
        made.mkdir(parents=True)
        make_place(made, transcript).keep(2)
        write(transcript, steps(3))
        return made

    def operate(root: str) -> None:
        keep_story(root, NAME, "WFS-a", str(transcript), PATIENCE)

    seen = set()
    for death in enumerate_deaths(tmp_path / "trial", build, operate):
        there = Place(death.root, transcript)
        seen.add(count_steps(there.story))
        operate(str(death.root))
        assert count_steps(there.story) == 3
    assert seen == {2, 3}


def test_a_disk_that_fails_leaves_the_old_story(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.keep(2)
    for verb in ("create", "replace"):
        with monkeypatch.context() as patch:
            fail(patch, 28, verb)
            with pytest.raises(DiskFailed):
                place.keep(3)
        assert count_steps(place.story) == 2


def test_a_conversation_of_which_no_words_were_kept_is_told_from_the_transcript(
    place: Place,
) -> None:
    write(place.transcript, steps(1))
    told = read_conversation(str(place.root), place.find())
    assert told.source == "transcript"
    texts = [part.text for turn in told.turns for part in turn.parts]
    assert texts == ["ask 0", "step 0", "Edit a.py"]
    folder = place.root / "WFS-a" / ".conversation"
    folder.mkdir()
    patch = {
        "v": 1,
        "kind": "part",
        "message_id": "m0",
        "part_type": "patch",
        "text": "+x",
        "generated_at_unix_ms": 1_800_000_000_000,
        "hash": "h",
    }
    (folder / f"{NAME}.jsonl").write_text(json.dumps(patch) + "\n" + json.dumps(patch) + "\n{")
    told = read_conversation(str(place.root), place.find())
    assert told.source == "both"
    assert [part.type for turn in told.turns for part in turn.parts][-1] == "patch"
    assert sum(part.type == "patch" for turn in told.turns for part in turn.parts) == 1
    place.transcript.unlink()
    assert read_conversation(str(place.root), place.find()).source == "kept"


def test_parts_may_come_before_their_message_and_at_any_time(place: Place) -> None:
    folder = place.root / "WFS-a" / ".conversation"
    folder.mkdir()
    lines = [
        {"kind": "part", "message_id": "m", "part_type": "text", "text": "late", "hash": "1"},
        {"kind": "part", "message_id": "m", "part_type": "text", "text": "x", "hash": "2"},
        {"kind": "message", "message_id": "m", "role": "user"},
        {"kind": "message", "message_id": "m", "role": "assistant", "model_id": "z"},
    ]
    times = [2**62, 5, 7, 9]
    data = [
        {"v": 1, **line, "generated_at_unix_ms": at} for line, at in zip(lines, times, strict=True)
    ]
    (folder / f"{NAME}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in data))
    (turn,) = read_conversation(str(place.root), place.find()).turns
    assert (turn.role, turn.model) == ("user", "z")
    assert turn.at == datetime.fromtimestamp(0.007, UTC)
    assert [part.text for part in turn.parts] == ["x", "late"]
