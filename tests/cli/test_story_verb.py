"""What a conversation did, as `wf story` tells it."""

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wf import run_in_terminal, strip_colour, wf
from tests.talks import EXPECT, MAIN, OTHER, transcript_of
from tests.transcripts import answer, call, encode
from wfsession.core.binding import bind
from wfsession.core.model import ThreadFacts
from wfsession.core.times import now
from wfsession.threads.story_json import parse_story
from wfsession.trace.book import Patience
from wfsession.trace.stories import keep_story

pytestmark = pytest.mark.usefixtures("talks")


def tell(*words: str) -> Any:
    return wf("story", MAIN, *words, "--json").data


def test_its_steps_are_told_with_their_sums(talks: Path) -> None:
    data = tell()
    assert (data["thread"], data["transcript"]) == (MAIN, str(transcript_of(talks, MAIN)))
    story = data["story"]
    assert [step["n"] for step in story["steps"]] == [*range(1, 10)]
    assert [step["ask"] for step in story["steps"] if step.get("ask")] == EXPECT["asks"]
    (subagent,) = [one for step in story["steps"] for one in step.get("subagents", [])]
    assert (subagent["agent"], subagent["type"]) == ("d4e5f60718293a4b", "Explore")
    assert story["totals"]["responses"] == wf("usage", "--json").data["total"]["responses"]


def test_one_whose_transcript_is_gone_is_told_as_it_was_kept(
    talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wf("new", "cart").code == 0
    thread = f"claude-code--{MAIN}"
    monkeypatch.setenv("WF_THREAD", thread)
    assert wf("bind").code == 0
    path = transcript_of(talks, MAIN)
    told = tell()["story"]
    root = wf("list", "--json").data["root"]
    kept = keep_story(root, thread, "WFS-cart", str(path), Patience())
    assert kept.outcome == "kept"
    for one in (path, path.with_suffix("")):
        shutil.rmtree(one) if one.is_dir() else one.unlink()

    done = wf("story", MAIN, "--json")

    assert (done.data["transcript"], done.data["story"]) == (None, told)
    assert "is gone; this is what was kept" in wf("story", MAIN).err


def test_its_approach_is_that_of_the_sample() -> None:
    counts = tell("--approach")["counts"]
    expected = {key: count for key, count in EXPECT["approach_main"].items() if key != "why"}
    assert {key: counts[key] for key in expected} == expected
    assert "2 verify (1 failed)" in wf("story", MAIN, "--approach").out


def test_its_map_has_phases_context_and_files() -> None:
    drawn = tell("--map")["map"]
    assert drawn["categories"]["error"] == 1
    assert {Path(file["path"]).name for file in drawn["files"]} == {"cart.py", "discount.py"}
    assert max(one["context"] for one in drawn["calls"]) == 12_160
    (window,) = drawn["windows"]
    assert window["agent"] == "d4e5f60718293a4b"


def test_what_failed_is_said_and_subagents_stand_further_in() -> None:
    lines = wf("story", MAIN).out.splitlines()
    (failed,) = [line for line in lines if "Bash" in line and ": failed" in line]
    assert failed.startswith("  3 ")
    assert lines[1] == f"> {EXPECT['asks'][0]}"
    place = next(number for number, line in enumerate(lines) if line.startswith("    + Explore"))
    assert lines[place + 1] == "    > Find why"
    assert lines[place + 2].startswith("      1 ")


def test_a_thread_is_named_by_its_whole_name_its_beginning_or_its_label(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WF_THREAD", f"claude-code--{MAIN}")
    wf("bind")
    wf("threads", "label", MAIN, "the fixer")
    for name in (MAIN, f"claude-code--{MAIN}", MAIN[:5], "the fixer"):
        assert wf("story", name, "--json").data["thread"] == MAIN


def test_a_thread_of_another_project_is_told_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert wf("story", OTHER, "--json").data["thread"] == OTHER


@pytest.mark.parametrize(
    ("name", "code"), [("zz", "thread-not-found"), ("", "thread-not-found"), ("0b", "")]
)
def test_a_name_that_means_none_is_a_sentence(name: str, code: str) -> None:
    done = wf("story", name, "--json")
    if code:
        assert done.error["code"] == code
    else:
        assert done.code == 0


def test_a_beginning_that_several_have_is_a_sentence(talks: Path) -> None:
    path = transcript_of(talks, OTHER)
    path.with_name(f"{MAIN[:8]}-twin.jsonl").write_bytes(path.read_bytes())
    assert wf("story", MAIN[:8], "--json").error["code"] == "ambiguous-name"


def test_a_transcript_with_a_broken_line_is_told_without_it(talks: Path) -> None:
    before = tell()
    path = transcript_of(talks, MAIN)
    path.write_bytes(b'{"type":"assistant", \xff\n\0\0\n[1]\n' + path.read_bytes())
    assert tell() == before


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize(
    ("view", "word"),
    [("--timeline", "discount.py"), ("--approach", "dead end"), ("--map", "discount.py")],
)
def test_it_fits_on_a_terminal(columns: int, view: str, word: str) -> None:
    done = run_in_terminal("story", MAIN, view, columns=columns)
    assert done.code == 0
    lines = strip_colour(done.out).splitlines()
    assert max(map(len, lines)) <= columns
    assert word in "".join(line.strip() for line in lines)


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("view", ["--timeline", "--approach", "--map"])
def test_of_a_path_that_is_too_long_its_end_is_shown(talks: Path, columns: int, view: str) -> None:
    deep = f"/srv/{'deep/' * 30}app.py"
    with transcript_of(talks, MAIN).open("ab") as file:
        file.write(encode([answer("r-new", call("t-new", "Read", file_path=deep))]))
    told = strip_colour(run_in_terminal("story", MAIN, view, columns=columns).out)
    assert "/deep/app.py" in "".join(line.strip() for line in told.splitlines())
    assert "/srv/" not in told


@pytest.fixture
def bound(talks: Path) -> Path:
    """Let the conversation be bound to a session, and return where its story goes."""
    assert wf("new", "cart").code == 0
    path = transcript_of(talks, MAIN)
    root = wf("list", "--json").data["root"]
    bind(root, f"claude-code--{MAIN}", "WFS-cart", ThreadFacts(transcript=str(path)))
    return Path(root, "WFS-cart", ".stories", f"claude-code--{MAIN}.json")


def take_transcript_away(talks: Path) -> None:
    path = transcript_of(talks, MAIN)
    path.unlink()
    shutil.rmtree(path.with_suffix(""))


def test_it_is_kept_on_request_and_what_became_of_that_is_said(talks: Path, bound: Path) -> None:
    assert "Nothing was done." in wf("story", MAIN, "--keep", "--dry-run").out
    assert not bound.exists()
    done = wf("story", MAIN[:8], "--keep", "--json")
    assert (done.code, done.data["outcome"], done.data["session"]) == (0, "kept", "WFS-cart")
    assert parse_story(bound.read_bytes()) is not None
    told = wf("story", MAIN, "--keep").out.splitlines()
    assert told == ["SESSION_ID: WFS-cart", f"The story of {MAIN[:8]} is kept in WFS-cart already."]
    take_transcript_away(talks)
    gone = wf("story", MAIN, "--keep")
    assert (gone.code, gone.out.startswith("Nothing was kept")) == (1, True)


def test_where_less_is_left_than_was_kept_what_was_kept_is_told(talks: Path, bound: Path) -> None:
    assert wf("story", MAIN, "--keep").code == 0
    whole = tell()
    path = transcript_of(talks, MAIN)
    path.write_bytes(b"".join(path.read_bytes().splitlines(True)[:8]))
    done = wf("story", MAIN, "--json")
    assert (done.data["transcript"], done.data["story"]) == (None, whole["story"])
    (note,) = list_notes(done.err)
    assert note == (f"wf: the transcript tells less than what was kept, which this is: {bound}")


def test_a_transcript_that_lies_elsewhere_is_not_said_to_be_gone(
    talks: Path, bound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tell()
    assert not bound.exists()
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "another"))
    done = wf("story", MAIN, "--json")
    assert (done.code, list_notes(done.err)) == (0, [])
    assert done.data == whole


def test_it_is_kept_in_a_session_that_can_be_written_only(bound: Path) -> None:
    assert wf("story", OTHER, "--keep", "--json").error["code"] == "thread-not-found"
    assert wf("complete", "WFS-cart", "--archive").code == 0
    assert wf("story", MAIN, "--keep", "--json").error["code"] == "session-archived"


def list_notes(err: str) -> list[str]:
    """Return what was said beside an answer, but for how long it takes on a busy machine."""
    return [line for line in err.splitlines() if "takes a moment" not in line]


def age_transcripts(talks: Path, days: int) -> None:
    for path in talks.rglob("*.jsonl"):
        moment = (now() - timedelta(days=days)).timestamp()
        os.utime(path, (moment, moment))


def test_a_question_keeps_once_what_is_about_to_be_deleted(talks: Path, bound: Path) -> None:
    age_transcripts(talks, 19)
    assert wf("search", "discount").code == 0
    assert not bound.exists()
    age_transcripts(talks, 21)
    done = wf("search", "discount")
    assert (done.code, list_notes(done.err)) == (0, [])
    assert parse_story(bound.read_bytes()) is not None
    bound.unlink()
    assert wf("index", "refresh").code == 0
    assert not bound.exists()
    age_transcripts(talks, 22)
    assert wf("index", "refresh").code == 0
    assert bound.exists()


def test_what_is_in_no_session_or_cannot_be_kept_fails_no_question(
    talks: Path, bound: Path
) -> None:
    age_transcripts(talks, 21)
    bound.parent.write_text("in the way")
    done = wf("search", "discount")
    assert (done.code, list_notes(done.err)) == (0, [])
    root = bound.parents[2]
    assert bound.parent.read_text() == "in the way"
    assert [*root.rglob(f"*{OTHER}*")] == []


def test_the_page_of_a_session_tells_what_it_kept_of_transcripts_that_are_gone(
    talks: Path, bound: Path
) -> None:
    assert wf("story", MAIN, "--keep").code == 0
    assert wf("show", "cart", "--json").data["kept_stories"] == []
    assert "gone" not in wf("show", "cart").out
    steps = len(tell()["story"]["steps"])
    usage = wf("usage", "--json").data["total"]
    take_transcript_away(talks)
    (kept,) = wf("show", "cart", "--json").data["kept_stories"]
    assert (kept["thread"], kept["steps"], kept["path"]) == (
        f"claude-code--{MAIN}",
        steps,
        str(bound),
    )
    assert f"its transcript is gone: wf story {MAIN}" in wf("show", "cart").out
    # The index goes on with what was kept, and says so.
    done = wf("usage", "--json")
    assert (done.data["total"], done.data["from_stories"]) == (usage, 1)
    assert "of 1 conversation the transcripts are gone" in wf("usage").err
    hits = wf("search", "total", "cart", "--json").data["hits"]
    assert {(hit["source"], hit["transcript"]) for hit in hits} == {("story", str(bound))}


def test_of_a_transcript_that_nobody_told_nobody_says_that_it_is_gone() -> None:
    assert wf("new", "cart").code == 0
    bind(wf("list", "--json").data["root"], f"claude-code--{MAIN}", "WFS-cart")
    # It is looked for where the agent keeps its transcripts.
    assert wf("story", MAIN, "--keep", "--json").data["outcome"] == "kept"
    assert wf("show", "cart", "--json").data["kept_stories"] == []
