"""What hooks keep of a conversation: patches always, words where the settings say so, its story."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cli.wf import ACTIVE, wf
from tests.hook import Player, hear, make_event, run_hook
from tests.trace.talk import kept, mix, part, take
from tests.transcripts import answer, text, user, write
from wfsession.core.locate import open_root
from wfsession.hooks import quiet, tracing
from wfsession.settings import find_settings_file

EDIT: dict[str, Any] = {
    "tool_name": "Edit",
    "tool_use_id": "toolu_1",
    "tool_input": {"file_path": "/p/a.py", "old_string": "a", "new_string": "b"},
    "tool_response": {},
}


def home(player: Player) -> Path:
    return player.project / ".workflow" / ACTIVE


def edit(player: Player, **more: Any) -> tuple[str, ...]:
    """Let an edit happen, which has a hook of its own."""
    event = make_event("PostToolUse", player.id, player.project, **{**EDIT, **more})
    raw = json.dumps(event).encode()
    heard = hear(player.patch, (player.agent, "KeepPatch"), raw)
    assert heard.answer == {}
    return heard.notes


def allow_messages(player: Player, tmp_path: Path, is_on: bool = True) -> None:
    player.patch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "wfsession"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f"[trace]\nmessages = {str(is_on).lower()}\n")


def test_an_edit_becomes_a_patch_of_the_session(player: Player) -> None:
    player.hear("SessionStart")
    assert edit(player) == ()
    assert edit(player) == ()
    (line,) = kept(home(player), player.thread)
    assert (line["part_type"], line["path"]) == ("patch", "/p/a.py")
    assert "\n-a\n+b\n" in line["text"]


def test_the_transcript_tells_the_message_and_the_model_of_an_edit(
    player: Player, tmp_path: Path
) -> None:
    player.hear("SessionStart")
    call = {"type": "tool_use", "id": "toolu_1", "name": "Edit", "input": {}}
    lines = [answer("msg_7", call, model="claude-opus-5", usage={"output": 3}, uuid="u1")]
    edit(player, transcript_path=str(write(tmp_path / "t.jsonl", lines)))
    (line,) = kept(home(player), player.thread)
    assert (line["message_id"], line["model_id"]) == ("msg_7", "claude-opus-5")


def test_words_are_not_kept_unless_the_settings_say_so(player: Player, tmp_path: Path) -> None:
    player.hear("SessionStart")
    player.hear("UserPromptSubmit", prompt="secret")
    player.hear("Stop", last_assistant_message="secret")
    assert kept(home(player), player.thread) == []

    allow_messages(player, tmp_path)
    player.hear("SessionStart")
    player.hear("UserPromptSubmit", prompt="go on")
    player.hear("Stop", last_assistant_message="done")
    texts = [line["text"] for line in kept(home(player), player.thread) if "text" in line]
    assert texts == ["go on", "done"]

    allow_messages(player, tmp_path, is_on=False)
    player.hear("UserPromptSubmit", prompt="secret")
    player.hear("SessionStart")
    player.hear("UserPromptSubmit", prompt="secret")
    assert len(kept(home(player), player.thread)) == 4


def test_the_same_words_said_again_are_kept_again(player: Player, tmp_path: Path) -> None:
    allow_messages(player, tmp_path)
    transcript = tmp_path / "t.jsonl"
    player.hear("SessionStart")
    for said in range(2):
        write(transcript, [user("go on", second=n) for n in range(said)])
        for _ in range(2):
            player.hear("UserPromptSubmit", prompt="go on", transcript_path=str(transcript))
    texts = [line for line in kept(home(player), player.thread) if "text" in line]
    assert [line["text"] for line in texts] == ["go on", "go on"]


def test_prompts_go_to_python_while_words_are_kept_and_tools_do_not(
    player: Player, tmp_path: Path
) -> None:
    allow_messages(player, tmp_path)
    root = player.project / ".workflow"
    player.hear("SessionStart")
    player.hear("UserPromptSubmit", prompt="one")
    for path in (root, *root.rglob("*")):
        os.utime(path, ns=(10**18, 10**18), follow_symlinks=False)
    assert (root / ".wf" / "traced").exists()
    with open_root(str(root)) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(quiet, "_SETTLED_NS", -(10**19))
        quiet.refresh(folder)
    assert (root / ".wf" / "quiet" / "late").exists()
    raw = json.dumps(make_event("UserPromptSubmit", player.id, player.project, prompt="two"))
    run_hook(("wf", "hook", "claude-code", "UserPromptSubmit"), raw.encode(), player.project)
    texts = [line["text"] for line in kept(home(player), player.thread) if "text" in line]
    assert texts == ["one", "two"]


def test_what_was_held_comes_to_the_session_when_the_thread_is_bound(player: Player) -> None:
    root = player.project / ".workflow"
    take(root, mix(part("early", session_id=player.id), tool="claude-code"))
    player.hear("SessionStart")
    assert [line["text"] for line in kept(home(player), player.thread)] == ["early"]


def test_what_goes_wrong_is_a_note_and_the_agent_goes_on(player: Player) -> None:
    player.hear("SessionStart")
    (home(player) / ".conversation").write_text("in the way")
    (note,) = edit(player)
    assert ".conversation" in note
    assert edit(player, tool_name="Bash") == ()


def test_a_conversation_that_ends_leaves_its_story(
    player: Player, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcript = tmp_path / "p" / f"{player.id}.jsonl"
    lines = [user("do it", second=0), answer("m1", text("Done."), second=1, usage={"output": 1})]
    write(transcript, lines)
    told = {"transcript_path": str(transcript)}
    player.hear("SessionStart", **told)
    monkeypatch.setattr(tracing, "MOST_AT_END_BYTES", 10)
    player.hear("SessionEnd", **told)
    story = home(player) / ".stories" / f"{player.thread}.json"
    assert not story.exists()
    monkeypatch.setattr(tracing, "MOST_AT_END_BYTES", 10_000)
    player.hear("SessionEnd", **told)
    assert json.loads(story.read_bytes())["steps"][0]["text"] == "Done."


@pytest.mark.parametrize("verb", [("threads", "close", "11111111"), ("complete", ACTIVE)])
def test_a_thread_that_is_closed_and_a_session_that_completes_leave_stories(
    player: Player, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    transcript = tmp_path / "p" / f"{player.id}.jsonl"
    write(transcript, [user("do it"), answer("m1", text("Done."), usage={"output": 1})])
    player.hear("SessionStart", transcript_path=str(transcript))
    words = (*verb, "--force") if verb[0] == "complete" else verb
    assert wf(*words, "--dry-run").code == 0
    story = home(player) / ".stories" / f"{player.thread}.json"
    assert not story.exists()
    assert wf(*words).code == 0
    assert story.exists()


@pytest.mark.needs("node")
def test_the_plugin_of_opencode_binds_its_conversations_and_hands_over_what_is_allowed(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert wf("install", "opencode").code == 0
    plugin = project / ".opencode" / "plugins" / "wfsession.js"
    # By its name node knows what kind of module it is.
    shutil.copy(plugin, tmp_path / "plugin.mjs")
    diff = {"file": "a.py", "patch": "@@ -1 +1 @@\n-a\n+b\n"}
    info = {"id": "m1", "sessionID": "ses_1", "role": "user", "time": {"created": 5}}
    said = {"id": "p1", "messageID": "m1", "sessionID": "ses_1", "type": "text", "text": "hello"}
    events = [
        {"type": "message.updated", "properties": {"info": {**info, "summary": {"diffs": [diff]}}}},
        {"type": "message.part.updated", "properties": {"part": said}},
        {"type": "session.idle", "properties": {"sessionID": "ses_1"}},
    ]
    script = tmp_path / "play.mjs"
    script.write_text(
        f'import {{ WfSession }} from "{tmp_path / "plugin.mjs"}";\n'
        f"const hooks = await WfSession({{ directory: {json.dumps(str(project))} }});\n"
        f"for (const event of {json.dumps(events)}) await hooks.event({{ event }});\n"
    )
    done = run_hook(("node", str(script)), b"", project)
    assert done.returncode == 0, done.stderr
    home = project / ".workflow" / ACTIVE
    (line,) = kept(home, "opencode--ses_1")
    assert (line["part_type"], line["path"], line["generated_at_unix_ms"]) == ("patch", "a.py", 5)
    folder = tmp_path / "config" / "wfsession"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[trace]\nmessages = true\n")
    run_hook(("node", str(script)), b"", project, XDG_CONFIG_HOME=str(tmp_path / "config"))
    assert [one.get("text") for one in kept(home, "opencode--ses_1")][-1] == "hello"
    before = plugin.read_bytes()
    assert wf("uninstall", "opencode").code == 0
    assert not (project / ".opencode").exists()
    plugin.parent.mkdir(parents=True)
    plugin.write_bytes(before + b"// mine\n")
    assert "is in the way" in wf("install", "opencode").err


def test_the_hook_keeps_an_edit_byte_for_byte_as_the_intake_does(player: Player) -> None:
    player.hear("SessionStart")
    said = 'é集\U0001f600 \u2028 "\\" \x00\x01\x1f\x7f\t\f\b \\u0041 </script>\n'
    given = {"file_path": f"/p/{said[:3]}.py", "content": said}
    raw = json.dumps(
        make_event(
            "PostToolUse",
            player.id,
            player.project,
            tool_name="Write",
            tool_use_id="toolu_1",
            tool_input=given,
            model="claude-opus-5",
        )
    ).encode()
    done = run_hook(("wf", "hook", "claude-code", "KeepPatch"), raw, player.project)
    assert (done.returncode, done.stderr) == (0, b"")
    (file,) = home(player).glob(".conversation/*.jsonl")
    before = file.read_bytes()
    assert before == orjson.dumps(orjson.loads(before)) + b"\n"
    again = run_hook(("wf", "trace", "ingest", "--json"), raw, player.project)
    counts = json.loads(again.stdout)["data"]
    assert (counts["persisted"], counts["duplicate"]) == (0, 1)
    assert file.read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs is asked")
@pytest.mark.parametrize(
    ("environment", "is_told"),
    [
        ({}, True),
        ({"HOME": "/home/ada/"}, True),
        ({"HOME": "/"}, True),
        ({"XDG_CONFIG_HOME": ""}, True),
        ({"XDG_CONFIG_HOME": "/etc/ada"}, True),
        ({"XDG_CONFIG_HOME": "/etc/ada//"}, True),
        ({"XDG_CONFIG_HOME": "/etc/ada "}, True),
        ({"XDG_CONFIG_HOME": "/etc/ada", "HOME": ""}, True),
        ({"XDG_CONFIG_HOME": "ada"}, False),
        ({"XDG_CONFIG_HOME": " "}, False),
        ({"XDG_CONFIG_HOME": "~/ada"}, False),
        ({"HOME": "ada"}, False),
        ({"HOME": ""}, False),
        ({"ANDROID_ROOT": "/system"}, False),
    ],
)
def test_the_hook_finds_the_settings_where_platformdirs_does_or_asks_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], is_told: bool
) -> None:
    for name in ("XDG_CONFIG_HOME", "ANDROID_ROOT", "ANDROID_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ada")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert tracing.find_settings_quickly() == (find_settings_file() if is_told else None)
