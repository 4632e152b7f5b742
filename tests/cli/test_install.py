"""`wf install` and `wf uninstall`: what is somebody else's stays, to the byte."""

import importlib.resources
import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wf import run_in_terminal, see_tree, wf
from wfsession.cli.parser import HOMES
from wfsession.errors import WfError
from wfsession.hooks import install
from wfsession.hooks.frame import load_agent

FILES = Path(str(importlib.resources.files("wfsession.hooks") / "files"))
PLUGIN = FILES / "claude-code"
COMMANDS = ["wf-complete", "wf-list", "wf-resume", "wf-start", "wf-status", "wf-switch"]
AGENTS = {"claude-code": ".claude/settings.json", "codex": ".codex/hooks.json"}
each_agent = pytest.mark.parametrize("agent", AGENTS)

THEIRS = {
    "nothing": None,
    "an empty file": b"",
    "an empty object": b"{}",
    "no hooks": b'{"model":"opus"}',
    "hooks that are null": b'{"hooks": null, "x": 1e2}\n',
    "hooks that are empty": b'{"hooks": {}}',
    "an event that is empty": b'{"hooks": {"Stop": []}}',
    "hooks of theirs": (
        b'{\n\t"hooks": {\n\t\t"Stop": [{"hooks": [{"type": "command", "command" : "say"}]}],\n'
        b'\t\t"Notification": [ ]\n\t},\n\t"n": 1.50\n}'
    ),
    "a byte order mark and Windows' lines": b'\xef\xbb\xbf{\r\n  "a": "\\u00e9"\r\n}\r\n',
}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def put(path: Path, data: bytes | None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if data is not None:
        path.write_bytes(data)
    return path


def list_commands(settings: Path) -> list[str]:
    found = json.loads(settings.read_text("utf-8-sig"))["hooks"]
    return [
        hook["command"] for groups in found.values() for group in groups for hook in group["hooks"]
    ]


@each_agent
@pytest.mark.parametrize("name", THEIRS)
def test_install_uninstall_and_install_again_leave_the_same_bytes(
    project: Path, agent: str, name: str
) -> None:
    settings = put(project / AGENTS[agent], THEIRS[name])
    before = see_tree(project)

    assert wf("install", agent).code == 0
    installed = see_tree(project)
    assert installed != before
    assert {one for one in list_commands(settings) if one.startswith("wf ")} == {
        f"wf hook {agent} {event}"
        for event in json.loads(settings.read_text("utf-8-sig"))["hooks"]
        if event != "Notification"
    } | {f"wf hook {agent} KeepPatch"}
    assert wf("install", agent).code == 0
    assert see_tree(project) == installed
    assert wf("uninstall", agent).code == 0
    assert see_tree(project) == before
    assert wf("uninstall", agent).code == 0
    assert see_tree(project) == before
    assert wf("install", agent).code == 0
    assert see_tree(project) == installed


@each_agent
def test_what_was_not_there_goes_again_with_its_directory(project: Path, agent: str) -> None:
    before = see_tree(project)
    wf("install", agent)
    wf("uninstall", agent)
    assert see_tree(project) == before


def test_what_is_theirs_stands_as_it_stood(project: Path) -> None:
    settings = put(project / ".claude" / "settings.json", THEIRS["hooks of theirs"])

    wf("install", "claude-code")

    text = settings.read_text()
    assert '[{"hooks": [{"type": "command", "command" : "say"}]}, {' in text
    assert text.endswith('\t},\n\t"n": 1.50\n}')
    assert '"Notification": [ ]' in text


def test_what_others_change_in_between_stays_when_ours_goes(project: Path) -> None:
    settings = put(project / ".claude" / "settings.json", THEIRS["hooks of theirs"])
    wf("install", "claude-code")
    changed = settings.read_text().replace("1.50", "2.50")
    settings.write_text(changed)
    wf("install", "claude-code")

    wf("uninstall", "claude-code")

    assert THEIRS["hooks of theirs"] is not None
    found = json.loads(settings.read_text())
    assert found == {**json.loads(THEIRS["hooks of theirs"]), "n": 2.5}


def test_what_a_colleague_installed_can_be_taken_out_without_a_note(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = put(project / ".claude" / "settings.json", b'{"a": 1}')
    wf("install", "claude-code")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))

    wf("uninstall", "claude-code")

    assert json.loads(settings.read_text()) == {"a": 1}
    assert not (project / ".claude" / "commands").exists()


def test_an_older_form_of_ours_is_replaced_and_one_that_is_no_more_goes(project: Path) -> None:
    def group(command: str) -> dict[str, Any]:
        return {"hooks": [{"type": "command", "command": command}]}

    old = {
        "Stop": [group("wf hook claude-code Stop"), group("say")],
        "PreToolUse": [group("wf hook claude-code PreToolUse")],
        "Setup": [group("wf hook codex Stop")],
    }
    settings = put(project / ".claude" / "settings.json", json.dumps({"hooks": old}).encode())

    wf("install", "claude-code")

    found = json.loads(settings.read_text())["hooks"]
    assert "PreToolUse" not in found
    assert found["Setup"] == old["Setup"]
    assert [one["hooks"][0]["command"] for one in found["Stop"]] == [
        "say",
        "wf hook claude-code Stop",
    ]
    assert found["Stop"][1]["hooks"][0]["timeout"] == 10
    wf("uninstall", "claude-code")
    assert "wf hook claude-code" not in settings.read_text()


BAD = {
    "comments": b'{\n  // mine\n  "a": 1\n}',
    "a trailing comma": b'{"a": 1,}',
    "broken": b'{"a": ',
    "a list": b"[]",
    "hooks that are a list": b'{"hooks": []}',
    "an event that is no list": b'{"hooks": {"Stop": {}}}',
    "no UTF-8": b'{"a": "\xff"}',
}


@each_agent
@pytest.mark.parametrize("verb", ["install", "uninstall"])
@pytest.mark.parametrize("name", BAD)
def test_settings_that_cannot_be_read_are_one_sentence_and_nothing_is_written(
    project: Path, agent: str, verb: str, name: str
) -> None:
    put(project / AGENTS[agent], BAD[name])
    before = see_tree(project)

    done = wf(verb, agent)

    assert (done.code, done.out) == (1, "")
    sentence, hint = done.err.splitlines()[:2]
    assert str(project / AGENTS[agent]) in sentence
    assert hint.startswith("hint: ")
    assert see_tree(project) == before


def test_a_command_of_somebody_elses_is_refused_and_a_changed_one_of_ours_stays(
    project: Path,
) -> None:
    mine = put(project / ".claude" / "commands" / "wf-list.md", b"mine")
    before = see_tree(project)
    done = wf("install", "claude-code")
    assert done.code == 1
    assert "is in the way" in done.err
    assert see_tree(project) == before

    mine.unlink()
    wf("install", "claude-code")
    mine.write_bytes(b"mine now")
    done = wf("uninstall", "claude-code")
    assert "was changed since, and stays" in done.err
    assert mine.read_bytes() == b"mine now"
    assert sorted(os.listdir(mine.parent)) == ["wf-list.md"]


def test_a_command_of_an_older_version_is_replaced(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = install._list_copies
    older = [(name, b"older") for name, _ in real(install.TARGETS["claude-code"])]
    with monkeypatch.context() as before:
        before.setattr(install, "_list_copies", lambda target: iter(older))
        wf("install", "claude-code")

    assert wf("install", "claude-code").code == 0

    path = project / ".claude" / "commands" / "wf-list.md"
    assert path.read_bytes() == (PLUGIN / "commands" / "wf-list.md").read_bytes()


def test_a_dry_run_writes_nothing_and_tells_each_file(project: Path, tmp_path: Path) -> None:
    before = see_tree(tmp_path)
    data = wf("install", "claude-code", "--dry-run", "--json").data
    assert see_tree(tmp_path) == before
    assert [one["action"] for one in data["files"]] == ["create"] * 8
    assert (data["scope"], data["changed"], data["dry_run"]) == ("project", False, True)
    wf("install", "claude-code")
    assert "remove" in wf("uninstall", "claude-code", "--dry-run").out
    assert (project / ".claude" / "settings.json").exists()


def test_settings_behind_a_link_stay_behind_it_and_keep_their_mode(
    project: Path, tmp_path: Path
) -> None:
    real = put(tmp_path / "dotfiles" / "settings.json", b"{}")
    real.chmod(0o600)
    link = project / ".claude" / "settings.json"
    link.parent.mkdir()
    link.symlink_to(real)

    wf("install", "claude-code")

    assert link.is_symlink()
    assert "wf hook" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o600


@each_agent
def test_a_users_own_settings_are_where_the_agent_says_or_at_home(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agent: str
) -> None:
    home = Path(os.environ["HOME"])
    assert wf("install", agent, "--user").code == 0
    assert (home / AGENTS[agent]).is_file()
    variable = {"claude-code": "CLAUDE_CONFIG_DIR", "codex": "CODEX_HOME"}[agent]
    monkeypatch.setenv(variable, str(tmp_path / "else where"))
    assert wf("install", agent, "--user").code == 0
    assert (tmp_path / "else where" / Path(AGENTS[agent]).name).is_file()
    assert not (project / AGENTS[agent]).exists()


def test_without_a_home_there_is_a_sentence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    done = wf("install", "claude-code", "--user")
    assert done.code == 1
    assert "hint: export CLAUDE_CONFIG_DIR=" in done.err


def test_a_note_that_cannot_be_kept_is_said_and_ours_goes_all_the_same(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    before = see_tree(project)

    assert "could not be kept" in wf("install", "codex").err
    wf("uninstall", "codex")

    assert not [
        name
        for name in see_tree(project).keys() - before.keys()
        if "hooks.json" in name and "wf hook" in (project / name).read_text()
    ]


def test_what_somebody_changes_meanwhile_is_a_conflict(project: Path) -> None:
    target = install.TARGETS["codex"]
    plan = install.plan_install(target, str(project / ".codex"))
    put(project / ".codex" / "hooks.json", b'{"a": 1}')

    with pytest.raises(WfError, match="was changed by somebody else"):
        install.apply(plan, is_install=True)

    assert (project / ".codex" / "hooks.json").read_bytes() == b'{"a": 1}'


def test_outside_a_project_it_is_for_the_current_directory(empty: Path) -> None:
    assert wf("install", "codex").code == 0
    assert (empty / ".codex" / "hooks.json").is_file()


def test_codex_is_said_to_need_trust(project: Path) -> None:
    assert "only after you trusted it" in wf("install", "codex").out
    assert "only after you trusted it" in wf("install", "codex").out


@pytest.mark.parametrize("words", [("install",), ("install", "nobody"), ("install", "codex", "-x")])
def test_what_is_typed_wrongly_is_a_usage_error(project: Path, words: tuple[str, ...]) -> None:
    assert wf(*words).code == 2


@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_terminal_it_reads_well(project: Path, columns: int) -> None:
    out = run_in_terminal("install", "claude-code", "--dry-run", columns=columns).out
    assert "Nothing was done. In " in out


# What is shipped.


def test_what_is_shipped_is_a_plugin() -> None:
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())
    assert manifest["name"] == "wfsession"
    assert os.listdir(PLUGIN / ".claude-plugin") == ["plugin.json"]
    assert sorted(path.stem for path in (PLUGIN / "commands").iterdir()) == COMMANDS


def test_the_marketplace_of_the_repository_leads_to_the_plugin() -> None:
    repository = Path(__file__).parents[2]
    found = json.loads((repository / ".claude-plugin" / "marketplace.json").read_text())
    (plugin,) = found["plugins"]
    assert (repository / plugin["source"]).resolve() == PLUGIN.resolve()
    assert set(found) == {"name", "owner", "plugins"}


@each_agent
def test_each_hook_that_is_shipped_names_its_event_and_one_that_is_answered(agent: str) -> None:
    source = FILES / install.TARGETS[agent].source
    for event, groups in json.loads(source.read_text())["hooks"].items():
        assert event in load_agent(agent).acts
        words = [event, "KeepPatch"] if event == "PostToolUse" else [event]
        for word, group in zip(words, groups, strict=True):
            (hook,) = group["hooks"]
            assert hook == {"type": "command", "command": f"wf hook {agent} {word}", "timeout": 10}


def list_pages() -> list[Path]:
    return sorted(PLUGIN.rglob("*.md"))


@pytest.mark.parametrize("page", list_pages(), ids=lambda page: page.stem)
def test_each_page_has_front_matter_and_names_verbs_that_there_are(page: Path) -> None:
    text = page.read_text()
    head = text.split("---\n")[1]
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    assert fields["description"]
    assert set(fields) <= {"name", "description", "argument-hint", "allowed-tools"}
    for command in re.findall(r"`(wf [^`]*)`", text):
        assert shlex.split(command)[1] in HOMES, command
    for tool in re.findall(r"Bash\(wf ([\w-]+):\*\)", head):
        assert tool in HOMES


def test_what_pages_run_at_once_succeeds(project: Path) -> None:
    for page in list_pages():
        for command in re.findall(r"^!`wf (.*)`$", page.read_text(), re.MULTILINE):
            assert wf(*shlex.split(command)).code == 0
