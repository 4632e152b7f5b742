"""bin/wf is silent for a hook exactly where Python has nothing to say, in each shell."""

import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import pytest

import wfsession
from tests.cli.shim import in_most_shells, make_shim
from tests.hook import Player, make_event
from wfsession.core.locate import Environment
from wfsession.hooks import quiet
from wfsession.workspace import Workspace

REPOSITORY = Path(__file__).parents[2]
OLD_NS = 1_700_000_000_123_456_789
LATER_NS = 10_000_000_000
PROMPT, TOOL = "UserPromptSubmit", "PostToolUse"


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bin/wf that hands over to a script which reads all, and only says so."""
    return make_shim(tmp_path_factory.mktemp("program"), "cat >/dev/null; echo handed over")


@attrs.frozen
class Scene:
    """Two conversations in a project, one bound to `a` and one to `b`."""

    first: Player
    second: Player
    shim: Path

    @property
    def root(self) -> Path:
        return self.first.project / ".workflow"

    def is_silent(
        self, shell: Sequence[str], event: str = TOOL, agent: str = "claude-code"
    ) -> bool:
        """Ask a shell, and tell whether it said nothing, and read all that there was."""
        raw = json.dumps(make_event(event, self.first.id, self.first.project)).encode()
        done = subprocess.run(
            [*shell, str(self.shim), "hook", agent, event],
            input=raw,
            cwd=self.first.project,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout in (b"", b"handed over\n")
        return not done.stdout

    def let_time_pass(self) -> None:
        """Make everything long past."""
        for folder, _, names in os.walk(self.root, topdown=False):
            for name in (*names, "."):
                os.utime(os.path.join(folder, name), ns=(OLD_NS, OLD_NS))

    def settle(self) -> None:
        """Let everybody be told, and long after that one ask again."""
        for player in (self.first, self.second):
            player.hear(PROMPT)
        self.let_time_pass()
        self.first.hear(PROMPT)


@pytest.fixture
def scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shim: Path, _sync_nothing: None
) -> Scene:
    """Return a scene in which nothing is to be told."""
    real = quiet._read_clock
    monkeypatch.setattr(quiet, "_read_clock", lambda private: real(private) + LATER_NS)
    project = tmp_path / "project"
    project.mkdir()
    workspace = wfsession.init(project)
    first = Player(monkeypatch, project.resolve(), "one")
    second = Player(monkeypatch, project.resolve(), "two", "codex")
    for name, player in (("a", first), ("b", second)):
        workspace.create(name, name=name)
        player.hear("SessionStart")
    workspace.create("c", name="c")
    made = Scene(first, second, shim)
    made.settle()
    return made


def as_thread(player: Player) -> Workspace:
    return Workspace(str(player.project / ".workflow"), Environment(thread=player.thread))


def _edit_in_place(scene: Scene) -> None:
    record = scene.root / "b" / "workflow-session.json"
    record.write_text(record.read_text().replace("PLAN", "REVIEW"))


def _put_back(scene: Scene) -> None:
    """Restore an older record, with the time that it had then, as backups and `cp -p` do."""
    record = scene.root / "b" / "workflow-session.json"
    _edit_in_place(scene)
    os.utime(record, ns=(OLD_NS - 5_000_000_000, OLD_NS - 5_000_000_000))


def _rebind_by_hand(scene: Scene) -> None:
    (scene.root / ".threads" / scene.second.thread).write_text("c\n")


CHANGES: dict[str, Callable[[Scene], object]] = {
    "a phase": lambda scene: wfsession.open(scene.root).set_phase("REVIEW", "b"),
    "a record in place": _edit_in_place,
    "a record of before": _put_back,
    "a completion": lambda scene: wfsession.open(scene.root).complete("b", unfinished="allow"),
    "a renaming": lambda scene: wfsession.open(scene.root).rename("b", "z"),
    "a deletion": lambda scene: shutil.rmtree(scene.root / "b"),
    "a switch of a thread": lambda scene: as_thread(scene.second).switch("c"),
    "a binding by hand": _rebind_by_hand,
    "an unbinding": lambda scene: as_thread(scene.second).unbind(),
}


@in_most_shells
def test_it_is_silent_where_nothing_is_to_be_told(scene: Scene, shell: Sequence[str]) -> None:
    for event in (PROMPT, TOOL, "PreToolUse", "SubagentStop"):
        assert scene.is_silent(shell, event)
        assert scene.is_silent(shell, event, "codex")
    (scene.root / "a" / "IMPL_PLAN.md").write_text("work")
    wfsession.open(scene.root).checkpoint("c")
    assert scene.is_silent(shell)


@in_most_shells
@pytest.mark.parametrize("name", CHANGES)
def test_it_hands_over_as_soon_as_anybody_is_to_be_told(
    scene: Scene, shell: Sequence[str], name: str
) -> None:
    CHANGES[name](scene)

    assert not scene.is_silent(shell)
    assert not scene.is_silent(shell, PROMPT)
    # Asking for the one who is not meant does not make the other miss it.
    assert scene.first.hear(TOOL).context == ""
    scene.let_time_pass()
    assert scene.first.hear(TOOL).context == ""
    assert not scene.is_silent(shell)
    assert scene.second.hear(TOOL).context != ""
    scene.settle()
    assert scene.is_silent(shell)


@in_most_shells
@pytest.mark.parametrize("event", ["SessionStart", "Stop", "PreCompact", "SessionEnd", "Nonsense"])
def test_it_hands_over_what_is_more_than_a_question(
    scene: Scene, shell: Sequence[str], event: str
) -> None:
    assert not scene.is_silent(shell, event)
    assert not scene.is_silent(shell, PROMPT, "nobody")


@in_most_shells
def test_it_hands_over_where_the_stamps_are_not_as_they_were_written(
    scene: Scene, shell: Sequence[str]
) -> None:
    stamps = scene.root / ".wf" / "quiet"
    names = sorted(os.listdir(stamps))
    threads = {f"b-{scene.first.thread}", f"b-{scene.second.thread}"}
    assert {*names} == {"root", "threads", "told", "r-a", "r-b", *threads}
    for name in names:
        os.utime(stamps / name, ns=(OLD_NS + 3_000_000_000, OLD_NS + 3_000_000_000))
        assert not scene.is_silent(shell), name
        os.utime(stamps / name, ns=(OLD_NS - 3_000_000_000, OLD_NS - 3_000_000_000))
        assert not scene.is_silent(shell), name
        os.utime(stamps / name, ns=(OLD_NS, OLD_NS))
    assert scene.is_silent(shell)
    (stamps / "more").write_text("")
    assert not scene.is_silent(shell)
    (stamps / "more").unlink()
    stamps.rename(scene.root / "elsewhere")
    stamps.symlink_to(scene.root / "elsewhere")
    assert not scene.is_silent(shell)


@in_most_shells
def test_it_is_silent_without_a_root_and_hands_over_where_that_is_not_sure(
    scene: Scene, shell: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("nowhere", "doubtful"):
        (tmp_path / name).mkdir()
    assert attrs.evolve(scene, first=Player(monkeypatch, tmp_path / "nowhere")).is_silent(shell)
    (tmp_path / "doubtful" / ".workflow").write_text("")
    doubtful = attrs.evolve(scene, first=Player(monkeypatch, tmp_path / "doubtful"))
    assert not doubtful.is_silent(shell)
    monkeypatch.setenv("WF_ROOT", str(scene.root))
    assert doubtful.is_silent(shell)


@in_most_shells
def test_one_who_does_not_ask_for_an_hour_holds_the_others_up_at_prompts_only(
    scene: Scene, shell: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wfsession.open(scene.root).set_phase("REVIEW", "b")
    scene.first.hear(TOOL)
    assert not scene.is_silent(shell)
    real = quiet._read_clock
    monkeypatch.setattr(quiet, "_read_clock", lambda private: real(private) + 7_200_000_000_000)
    scene.let_time_pass()
    scene.first.hear(TOOL)

    assert scene.is_silent(shell, TOOL)
    assert not scene.is_silent(shell, PROMPT)
    assert "REVIEW" in scene.second.hear(PROMPT).context
    scene.settle()
    assert scene.is_silent(shell, PROMPT)


@in_most_shells
def test_a_conversation_that_ends_holds_nobody_up(scene: Scene, shell: Sequence[str]) -> None:
    third = attrs.evolve(scene.first, id="three")
    third.hear("SessionStart")
    wfsession.open(scene.root).set_phase("REVIEW")
    third.hear("SessionEnd")
    scene.settle()

    assert scene.is_silent(shell)


def test_a_conversation_that_is_new_is_asked_after_at_once(scene: Scene) -> None:
    third = attrs.evolve(scene.first, id="three")

    third.hear("Stop")

    assert not scene.is_silent(("sh",))
    assert "c" in third.hear(TOOL).context


def test_stamps_are_not_written_while_anything_may_still_change_in_the_same_moment(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    wfsession.open(scene.root).set_phase("REVIEW", "b")
    monkeypatch.setattr(quiet, "_read_clock", lambda private: time.time_ns())
    scene.second.hear(TOOL)
    scene.first.hear(TOOL)

    assert not (scene.root / ".wf" / "quiet" / "root").exists()
    assert not scene.is_silent(("sh",))


def test_where_several_markers_compete_and_one_follows_them_nothing_is_sure(
    scene: Scene,
) -> None:
    as_thread(scene.second).unbind()
    (scene.root / ".active-a").touch()
    scene.settle()

    assert not scene.is_silent(("sh",))


def test_an_agent_can_write_an_event_of_any_size(scene: Scene) -> None:
    process = subprocess.Popen(
        ["sh", str(scene.shim), "hook", "claude-code", TOOL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=scene.first.project,
    )
    assert process.stdin is not None
    left = b"x" * 2_000_000
    while left:
        # What `communicate` does, which swallows a broken pipe, would prove nothing.
        left = left[os.write(process.stdin.fileno(), left) :]
    process.stdin.close()
    assert process.stdout is not None
    with process.stdout as out:
        assert out.read() == b""
    assert process.wait(60) == 0


ACTS: list[Callable[[Scene, random.Random], object]] = [
    lambda scene, draw: wfsession.open(scene.root).switch(draw.choice("abc")),
    lambda scene, draw: as_thread(scene.second).switch(draw.choice("abc")),
    lambda scene, draw: as_thread(scene.first).bind(draw.choice("abc")),
    lambda scene, draw: as_thread(scene.first).unbind(),
    lambda scene, draw: wfsession.open(scene.root).next_phase(draw.choice("abc")),
    lambda scene, draw: wfsession.open(scene.root).complete(draw.choice("abc"), unfinished="allow"),
    lambda scene, draw: wfsession.open(scene.root).reopen(draw.choice("abc")),
    lambda scene, draw: (scene.root / f".active-{draw.choice('abc')}").touch(),
    lambda scene, draw: wfsession.open(scene.root).pause(),
    lambda scene, draw: scene.first.hear(draw.choice([TOOL, "Stop", "PreCompact"])),
    lambda scene, draw: scene.second.hear(draw.choice([TOOL, "Stop", "SessionStart"])),
    lambda scene, draw: scene.settle(),
]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_it_is_never_silent_where_python_would_speak(
    scene: Scene, seed: int
) -> None:
    draw = random.Random(seed)
    silent = 0
    for _ in range(40):
        try:
            draw.choice(ACTS)(scene, draw)
        except wfsession.WfError:
            continue  # not in this state
        if scene.is_silent(("sh",)):
            silent += 1
            for player in (scene.first, scene.second):
                assert player.hear(PROMPT).context == ""
    assert silent
