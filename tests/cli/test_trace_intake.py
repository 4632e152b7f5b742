"""`wf trace ingest` and `wf trace claim` as they are typed, and `wf conversation`."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wf import ACTIVE, Done, run, run_in_terminal, strip_colour, wf
from tests.trace.talk import encode, kept, message, mix, part

THREAD = "opencode--s1"
TALK = mix(message(), part("hello"), message("m2", role="assistant"), part("hi", "m2"))


def ingest(patch: pytest.MonkeyPatch, envelope: Any, *words: str) -> Done:
    with patch.context() as inner:
        inner.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(encode(envelope))))
        return wf("trace", "ingest", *words)


def test_it_tells_what_became_of_the_items_as_the_contract_says(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = ingest(monkeypatch, mix(message(), part(text=None)), "--json")
    assert done.code == 0
    assert done.data == {
        "attempted": 2,
        "persisted": 1,
        "duplicate": 0,
        "skipped": 1,
        "problems": [{"index": 1, "reason": "text is missing", "session_id": "s1"}],
        "error": None,
        "dry_run": False,
    }


def test_people_see_one_line_and_the_problems_on_standard_error(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = ingest(monkeypatch, mix(message(), part(text=None)))
    assert done.out == "2 items: 1 kept, 0 known already, 1 skipped\n"
    assert done.err == "wf: item 1 was skipped: text is missing\n"


BAD: dict[str, Any] = {"nothing": b"", "no JSON": b"x", "no kind": {"payloads": []}}


@pytest.mark.parametrize("envelope", BAD.values(), ids=BAD)
def test_whatever_comes_in_the_exit_code_is_0_and_the_sentence_on_standard_error(
    project: Path, monkeypatch: pytest.MonkeyPatch, envelope: Any
) -> None:
    done = ingest(monkeypatch, envelope, "--json")
    assert done.code == 0
    assert done.data["attempted"] == 0
    assert "it is no envelope" in done.data["error"]
    assert "it is no envelope" in done.err


@pytest.mark.parametrize("words", [(), ("--session", "WFS-nobody")])
def test_where_nothing_can_be_kept_the_exit_code_is_0_too(
    empty: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    if words:
        assert wf("init").code == 0
    done = ingest(monkeypatch, TALK, *words)
    assert done.code == 0
    assert done.out == "0 items: 0 kept, 0 known already, 0 skipped\n"
    assert done.err.startswith("wf: ")


def test_a_terminal_is_told_to_pipe_something_in(project: Path) -> None:
    done = run_in_terminal("trace", "ingest")
    assert done.code == 0
    assert "pipe an envelope into it" in done.out


def test_a_flag_and_a_pin_beat_the_binding(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(monkeypatch, TALK, "--session", ACTIVE)
    assert len(kept(project / ".workflow" / ACTIVE)) == 4
    monkeypatch.setenv("WF_SESSION", "WFS-oauth-integration")
    ingest(monkeypatch, TALK)
    assert len(kept(project / ".workflow" / "WFS-oauth-integration")) == 4


def test_a_dry_run_counts_and_writes_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = ingest(monkeypatch, TALK, "--dry-run")
    assert done.out == "4 items: 4 would be kept, 0 known already, 0 skipped\n"
    assert not (project / ".workflow" / ".conversation").exists()


def test_by_the_settings_only_what_they_allow_is_kept(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert ingest(monkeypatch, TALK, "--by-settings", "--json").data["skipped"] == 4
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "wfsession").mkdir(parents=True)
    settings = tmp_path / "config" / "wfsession" / "config.toml"
    settings.write_text("[trace]\nmessages = true\n")
    assert ingest(monkeypatch, TALK, "--by-settings", "--json").data["persisted"] == 4
    settings.write_text("[trace]\nmessages = 7\n")
    done = ingest(monkeypatch, TALK, "--by-settings", "--json")
    assert done.data["attempted"] == 0
    assert "trace.messages must be true or false" in done.err


def test_claiming_gives_what_was_held_to_a_session(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(monkeypatch, TALK)
    dry = wf("trace", "claim", "--dry-run")
    assert "This would give opencode--s1" in dry.out
    assert wf("trace", "claim", "nobody").code == 1
    done = wf("trace", "claim", "s1", "--session", ACTIVE)
    assert done.out == f"SESSION_ID: {ACTIVE}\nGave {THREAD} to {ACTIVE}: 4 lines.\n"
    assert len(kept(project / ".workflow" / ACTIVE)) == 4
    again = wf("trace", "claim", "--json")
    assert again.data["threads"] == []


def test_large_bodies_are_taken_as_they_come(project: Path) -> None:
    reader, writer = os.pipe()
    item = json.dumps({"type": "message.part", **part("x" * 50_000)}).encode()
    child = os.fork()
    if not child:
        os.close(reader)
        with open(writer, "wb") as stream:
            stream.write(b'{"tool_name":"opencode","payloads":[' + item)
            for number in range(200):
                text = "y" * 49_990 + str(number)
                one = json.dumps({"type": "message.part", **part(text)}).encode()
                stream.write(b"," + one)
            stream.write(b"]}")
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as stream:
        done = run("trace", "ingest", "--json", stdin=stream, cwd=project)
    os.waitpid(child, 0)
    assert done.data["persisted"] == 201


def test_a_conversation_is_told_with_its_parts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(monkeypatch, TALK, "--session", ACTIVE)
    assert wf("conversation", ACTIVE).out == "No thread worked on it.\n"
    monkeypatch.setenv("WF_THREAD", THREAD)
    wf("bind", ACTIVE)
    done = wf("conversation", "s1")
    assert done.out == (
        f"{THREAD}: 2 messages, as it was kept\n"
        "\n[user, 2023-11-14 22:13:20Z]\nhello\n"
        "\n[assistant, 2023-11-14 22:13:20Z]\nhi\n"
    )
    assert wf("conversation", ACTIVE).out == done.out
    data = wf("conversation", THREAD, "--json").data
    (told,) = data["conversations"]
    assert (told["thread"], told["source"]) == (THREAD, "kept")
    assert [one["parts"][0]["text"] for one in told["messages"]] == ["hello", "hi"]


def test_what_is_held_is_told_too_and_nothing_is_exit_code_1(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(monkeypatch, mix(part("odd", part_type="x")))
    done = wf("conversation", THREAD)
    assert done.code == 0
    assert "(x, an unknown kind)\nodd\n" in done.out
    assert wf("conversation", "opencode--nobody").code == 1
    assert wf("conversation", ACTIVE).code == 1


def test_in_markdown_a_patch_is_fenced_whatever_is_in_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-```\n+````\n"
    ingest(monkeypatch, mix(part(patch, part_type="patch", path="x")))
    done = wf("conversation", THREAD, "--md")
    assert f"\n*patch x*\n\n`````diff\n{patch}`````\n" in done.out
    assert "`````" not in patch


def test_on_a_terminal_what_agents_wrote_moves_no_cursor(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(monkeypatch, mix(message(), part("a\x1b[2Jb")))
    assert "\x1b[2J" not in run_in_terminal("conversation", THREAD).out


@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_terminal_long_lines_break_between_words_and_code_stays(
    project: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    words = [f"word{number:03}" for number in range(40)]
    code = "\tif lamp:\n\t\treturn 1\n\u202ereversed"
    ingest(monkeypatch, mix(message(), part(" ".join(words)), part(code)))
    lines = strip_colour(run_in_terminal("conversation", THREAD, columns=columns).out).splitlines()
    assert max(map(len, lines)) <= columns
    assert [one for line in lines for one in line.split() if one.startswith("word")] == words
    assert [one.rstrip() for one in lines if "  " in one] == ["    if lamp:", "        return 1"]
    assert "\u202e" not in "".join(lines)
