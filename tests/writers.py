"""Every public operation that writes, each with a tree to do it in and what holds after a crash.

A new one is a line in WRITERS; tests/faults/test_every_writer.py fails until it is there. What
only reads is in READERS.
"""

import os
from collections.abc import Callable
from pathlib import Path

import attrs

import wfsession
from tests.faults import test_healing_crashes
from tests.faults.test_crashes import (
    NOT_YET,
    OLD,
    OPERATIONS,
    TOO_ACTIVE,
    State,
    build,
    build_with_losers,
    look_at,
    state,
    without_several,
)
from tests.hands import Death
from tests.hints import put_hint
from tests.trees_disk import settle
from wfsession.core.binding import parse_thread
from wfsession.core.layout import IGNORED
from wfsession.core.locate import Environment, open_root, read_binding
from wfsession.workspace import Workspace


@attrs.frozen
class Crash:
    """What a crash left: the root (or the project), the bytes of users' files before, a story.

    In what is half healed, any finding may be mended already.
    """

    root: Path
    texts: tuple[bytes, ...]
    what: str
    is_half_healed: bool = False


@attrs.frozen
class Writer:
    """An operation: its public name, what it does and where, and the states that it may leave.

    `states` are in their order, the one before first and the finished one last. `check` holds
    all that is to hold after a crash, and heals it; None is what holds for most.
    """

    method: str
    act: Callable[[Workspace], object]
    states: tuple[State, ...] = (OLD,)
    build: Callable[[Path], Path] = build_with_losers
    check: Callable[[Crash], None] | None = None

    def run(self, root: Path) -> object:
        """Do it in a root; an `init` in a project."""
        return wfsession.init(root) if self.method == "init" else self.act(wfsession.open(root))

    def check_crash(self, crash: Crash) -> None:
        """Hold all that is to hold after a crash, and heal it."""
        if self.check is not None:
            self.check(crash)
        else:
            check_states(self.states, crash)


def check_states(states: tuple[State, ...], crash: Crash) -> None:
    """Hold that readers answer one of the states, that healing mends the rest, that all is kept.

    After a power failure the parts of several states may be there at once: each session is as
    some state has it, and all of them together are in the places of one.
    """
    assert list_texts(crash.root) == crash.texts, crash
    seen = without_several(look_at(crash.root))
    active = [name for name, (word, _) in seen.items() if word == "active"]
    assert wfsession.current(crash.root) == (active[0] if active else None), crash
    assert _to_words(seen) in map(_to_words, states), (crash, seen)
    for name, (word, problems) in seen.items():
        known = [one[name][1] for one in states if one.get(name, ("",))[0] == word]
        assert problems in known or (crash.is_half_healed and not problems), (crash, name, problems)
    check_healing(crash)
    healed = _to_words(look_at(crash.root))
    assert healed in map(_to_words, states), (crash, healed)
    assert list_texts(crash.root) == crash.texts, crash


def list_texts(root: Path) -> tuple[bytes, ...]:
    """The bytes of the users' own files in a project, wherever they are."""
    texts = []
    for folder, _, names in os.walk(root.parent):
        texts += [Path(folder, name).read_bytes() for name in names if name.endswith(".md")]
    return tuple(sorted(texts))


def _to_words(seen: State) -> dict[str, str]:
    return {name: word for name, (word, _) in seen.items()}


def check_healing(crash: Crash) -> None:
    """Heal a root: nothing grave is left, and a second healing has nothing to do."""
    settle(crash.root)
    report = wfsession.open(crash.root).heal()
    grave = [one for one in report.findings if one.severity != "info"]
    assert (grave, report.failed) == ([], ()), crash
    again = wfsession.open(crash.root).heal()
    assert again.applied == (), (crash, again)


def _check_healed(crash: Crash) -> None:
    test_healing_crashes.check(Death(0, "before", crash.what, crash.root))


def _check_made(crash: Crash) -> None:
    """Hold that the next `init` ends the work, wherever the first one stopped."""
    project = crash.root
    workspace = wfsession.init(project)
    root = project / ".workflow"
    assert sorted(os.listdir(root)) == [".gitignore", ".wf"], crash
    assert (root / ".gitignore").read_bytes().endswith(IGNORED), crash
    check_healing(attrs.evolve(crash, root=root))
    workspace.create("first")
    assert wfsession.current(root) == "WFS-first"


def _make_project(place: Path) -> Path:
    place.mkdir(parents=True)
    return place


def _after(act: Callable[[Workspace], object]) -> Callable[[Path], Path]:
    """Build the root, and let something be done in it first."""

    def build(place: Path) -> Path:
        root = build_with_losers(place)
        act(wfsession.open(root))
        return settle(root)

    return build


def _build_with_work(place: Path) -> Path:
    """Make the root, and beside it a directory that is to become a session's."""
    root = build_with_losers(place)
    (place / "work").mkdir()
    (place / "work" / "kept.md").write_bytes(b"kept\n")
    return root


def _build_rested(place: Path) -> Path:
    """Make the root without losers, and the hint of who is active in it."""
    root = build(place)
    (root / ".wf" / "tmp").mkdir(parents=True, exist_ok=True)
    put_hint(settle(root), "a")
    return root


def _adopt(workspace: Workspace) -> object:
    work = os.path.join(os.path.dirname(workspace.root), "work")
    return workspace.create("new", name="new", adopt=work)


def _enter(workspace: Workspace) -> None:
    with wfsession.enter("look", path=workspace.root):
        pass


def _table(name: str) -> tuple[State, ...]:
    return OPERATIONS[name].states


def _as_thread(root: str) -> Workspace:
    """Open a root as the thread `shell--1` does."""
    return Workspace(root, Environment(thread="shell--1"))


def _check_bound(crash: Crash) -> None:
    """Hold that the thread is bound before or after, that its files are whole, and what is else."""
    states = _table("switch") if "switch" in crash.what else (OLD,)
    with open_root(str(crash.root)) as root:
        held = read_binding(root, "shell--1")
    assert held in (None, "", "a", "b"), crash
    for path in crash.root.glob("*/.threads/*.json"):
        kept = parse_thread(path.read_bytes())
        assert kept is not None, (crash, path)
        # The binding comes first, so only the file of the session before may lag behind.
        is_working = kept["spans"][-1]["until"] is None
        assert not is_working or path.parent.parent.name in ("a", held), crash
    check_states(states, crash)
    bound = _as_thread(str(crash.root)).bind("b")
    spans = {one.home: one.spans for one in _as_thread(str(crash.root)).threads()}
    assert (bound.session, spans["b"][-1].until) == ("b", None), crash


def _check_followed(crash: Crash) -> None:
    _check_bound(attrs.evolve(crash, what=f"switch {crash.what}"))


_BOUND = _after(lambda ws: ws.bind("a", thread="shell--1"))
_AT_WORK = _after(lambda ws: ws.add_task("impl-0", "a"))
_PAUSED = state(a="paused")

WRITERS: dict[str, Writer] = {
    "init": Writer("init", lambda _: None, (), _make_project, _check_made),
    "create": Writer("create", lambda ws: ws.create("new", name="new"), _table("create")),
    "create aside": Writer(
        "create",
        lambda ws: ws.create("new", name="new", switch=False),
        _table("create aside"),
    ),
    "adopt": Writer("create", _adopt, _table("create"), _build_with_work),
    "switch": Writer("switch", lambda ws: ws.switch("b"), _table("switch")),
    "resume": Writer(
        "resume",
        lambda ws: ws.resume("b"),
        (_PAUSED, state(a="paused", b=NOT_YET), state(a="paused", b="active")),
        _after(lambda ws: ws.pause("a")),
    ),
    "switch by the hint": Writer(
        "switch", lambda ws: ws.switch("b"), _table("switch"), _build_rested
    ),
    "pause by the hint": Writer("pause", lambda ws: ws.pause("a"), _table("pause"), _build_rested),
    "pause": Writer("pause", lambda ws: ws.pause("a"), _table("pause")),
    "complete": Writer("complete", lambda ws: ws.complete("a"), _table("complete")),
    "complete and archive": Writer(
        "complete",
        lambda ws: ws.complete("a", archive=True),
        _table("complete and archive"),
    ),
    "archive": Writer("archive", lambda ws: ws.archive("done"), _table("archive")),
    "reopen": Writer("reopen", lambda ws: ws.reopen("done"), _table("reopen")),
    "reopen archived": Writer("reopen", lambda ws: ws.reopen("old"), _table("reopen archived")),
    "rename": Writer("rename", lambda ws: ws.rename("a", "z"), _table("rename")),
    "rename aside": Writer("rename", lambda ws: ws.rename("b", "z"), _table("rename aside")),
    "set phase": Writer("set_phase", lambda ws: ws.set_phase("REVIEW", "a")),
    "next phase": Writer("next_phase", lambda ws: ws.next_phase("a")),
    "checkpoint": Writer("checkpoint", lambda ws: ws.checkpoint("a", note="here")),
    "add task": Writer("add_task", lambda ws: ws.add_task("impl-1", "a")),
    "finish task": Writer("finish_task", lambda ws: ws.finish_task("impl-0", "a"), build=_AT_WORK),
    "update": Writer("update", lambda ws: ws.update("a", {"x": 1})),
    "undo a switch": Writer(
        "undo",
        lambda ws: ws.undo(),
        (state(a="paused", b="active"), state(a=NOT_YET, b=TOO_ACTIVE), OLD),
        _after(lambda ws: ws.switch("b")),
    ),
    "undo a creation": Writer(
        "undo",
        lambda ws: ws.undo(),
        (
            state(a="paused", new="active"),
            state(a=NOT_YET, new=TOO_ACTIVE),
            state(a=NOT_YET),
            OLD,
        ),
        _after(lambda ws: ws.create("new", name="new")),
    ),
    "undo an archiving": Writer(
        "undo",
        lambda ws: ws.undo(),
        (state(done="", completed__done="archived"), OLD),
        _after(lambda ws: ws.archive("done")),
    ),
    "undo a renaming": Writer(
        "undo",
        lambda ws: ws.undo(),
        (state(a="", z="active"), state(a="active id-mismatch"), OLD),
        _after(lambda ws: ws.rename("a", "z")),
    ),
    "bind": Writer(
        "bind", lambda ws: ws.bind("b", thread="shell--1"), build=_BOUND, check=_check_bound
    ),
    "bind for the first time": Writer(
        "bind", lambda ws: ws.bind("b", thread="shell--1"), check=_check_bound
    ),
    "switch as a bound thread": Writer(
        "switch",
        lambda ws: _as_thread(ws.root).switch("b"),
        _table("switch"),
        _BOUND,
        _check_followed,
    ),
    "unbind": Writer("unbind", lambda ws: ws.unbind("shell--1"), (OLD,), _BOUND, _check_bound),
    "label a thread": Writer(
        "label_thread",
        lambda ws: ws.label_thread("shell--1", "mine"),
        (OLD,),
        _BOUND,
        _check_bound,
    ),
    "close a thread": Writer(
        "close_thread", lambda ws: ws.close_thread("shell--1"), (OLD,), _BOUND, _check_bound
    ),
    "enter": Writer("enter", _enter, (_PAUSED,), _after(lambda ws: ws.pause("a"))),
    "heal": Writer("heal", lambda ws: ws.heal(), (), test_healing_crashes.build, _check_healed),
}

# Writers whose crash points are enumerated by tests of their own.
ELSEWHERE = {
    "restore": "test_attic_crashes.py",
    "empty_attic": "test_attic_crashes.py",
    "migrate": "test_migration_crashes.py",
    "bring_over": "test_migration_crashes.py",
    "arrive": "test_selfheal_failing.py",
}

# Public names that only read, each as it is called with a workspace.
READERS: dict[str, Callable[[Workspace], object]] = {
    "resolve": lambda ws: ws.resolve(),
    "snapshot": lambda ws: ws.snapshot(),
    "sessions": lambda ws: ws.sessions(),
    "active": lambda ws: ws.active(),
    "get": lambda ws: ws.get("old"),
    "previous": lambda ws: ws.previous(),
    "log": lambda ws: ws.log(),
    "attic": lambda ws: ws.attic(),
    "threads": lambda ws: ws.threads(),
    "diagnose": lambda ws: ws.diagnose(),
    "listen": lambda ws: ws.listen(print),
    "open": lambda ws: wfsession.open(ws.root),
    "current": lambda ws: wfsession.current(ws.root),
}
