"""Whatever is the matter with an event, with us or with the disk, no agent is hindered."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, make_environment, see_tree, wf
from tests.hook import MORE, Player, hear, make_event
from wfsession.cli.main import main
from wfsession.hooks import frame

BAD_INPUT = {
    "nothing": b"",
    "blanks": b" \n",
    "no JSON": b'{"session_id": ',
    "no object": b"[]",
    "no UTF-8": b'{"session_id": "\xff"}',
    "too deep": b"[" * 100_000,
    "no event": b'{"session_id": "a"}',
    "an unknown event": b'{"session_id": "a", "hook_event_name": "Nonsense"}',
    "an event that is no text": b'{"session_id": "a", "hook_event_name": {}}',
    "no id": b'{"hook_event_name": "Stop"}',
    "an id that is no text": b'{"session_id": 3, "hook_event_name": "Stop"}',
    "an id with a path": b'{"session_id": "../../x", "hook_event_name": "Stop"}',
    "an id of 10 kB": b'{"session_id": "%s", "hook_event_name": "Stop"}' % (b"x" * 10_000),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_what_is_no_event_is_one_line_and_changes_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = see_tree(project)

    heard = hear(monkeypatch, ("claude-code",), BAD_INPUT[name])

    assert heard.answer == {}
    (note,) = heard.notes
    assert len(note) < 300
    assert see_tree(project) == before


@pytest.mark.parametrize(
    "words",
    [(), ("nobody",), ("claude-code", "Stop", "more"), ("--root", "x", "codex"), ("--json",)],
)
def test_what_is_typed_wrongly_is_one_line_and_no_failure(
    project: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert main(["hook", *words]) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("wf hook: ")


def test_its_help_is_a_help(project: Path) -> None:
    assert "usage: wf hook" in wf("hook", "--help").out


@pytest.mark.parametrize("event", sorted(MORE))
def test_no_event_fails_where_there_is_no_root_and_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.chdir(tmp_path)
    player = Player(monkeypatch, tmp_path)

    heard = player.hear(event)

    assert heard.answer == {}
    assert len(heard.notes) == (event != "SubagentStop")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("event", sorted(MORE))
def test_no_event_fails_where_home_is_unset_or_a_part_of_us_does(
    player: Player, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    monkeypatch.delenv("HOME")
    assert player.hear(event).notes == ()

    def fail(*_: object) -> None:
        raise RuntimeError("a bug\nof ours")

    monkeypatch.setattr(frame, "_perform", fail)
    notes = player.hear(event).notes
    assert notes == (() if event == "SubagentStop" else ("wf hook: RuntimeError: a bug of ours",))


@pytest.mark.parametrize("event", sorted(MORE))
def test_no_event_fails_where_nothing_can_be_written(
    player: Player, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    (player.project / ".workflow" / ".threads").write_text("in the way")

    heard = player.hear(event)

    assert player.session == ACTIVE
    assert len(heard.notes) <= 2


def test_a_pipe_that_nobody_closes_is_read_as_far_as_it_is_an_event(project: Path) -> None:
    raw = json.dumps(make_event("SessionEnd", "x", project, reason="clear")).encode()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "wfsession", "hook", "claude-code"],
        stdin=subprocess.PIPE,
        cwd=project,
        env=make_environment(),
    )
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(raw)
        pipe.flush()
        assert process.wait(60) == 0


def test_what_is_too_large_is_read_to_its_end_and_told_of(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "wfsession", "hook", "claude-code"],
        input=b'{"x": "' + b"x" * 20_000_000 + b'"}',
        cwd=project,
        env=make_environment(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"20,000,009 bytes" in done.stderr


HEAVY = "argparse attr attrs dataclasses filelock inspect logging orjson pathlib subprocess".split()
ASK = """
import sys
from wfsession.cli.main import main
main(["hook", "claude-code"])
print(*sorted({*sys.argv[1:]} & {*sys.modules}), file=sys.stderr)
"""


def ask(player: Player, event: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the hook for an event, and then tell on standard error which heavy modules it loaded."""
    return subprocess.run(
        [sys.executable, "-c", ASK, *HEAVY],
        input=json.dumps(make_event(event, player.id, player.project)).encode(),
        cwd=player.project,
        env=make_environment(),
        capture_output=True,
        check=True,
    )


def test_a_question_loads_nothing_heavy_whether_or_not_there_is_news(player: Player) -> None:
    player.hear("SessionStart")
    for _ in range(2):
        done = ask(player, "PostToolUse")
        assert done.stderr == b"\n"
        wf("phase", "set", "REVIEW")
    assert b"REVIEW" in done.stdout


@pytest.mark.parametrize("event", ["Stop", "PreCompact", "SessionEnd"])
def test_what_is_put_down_in_each_turn_loads_little(player: Player, event: str) -> None:
    player.hear("SessionStart")
    loaded = set(ask(player, event).stderr.decode().split())
    assert loaded <= {"filelock"}
