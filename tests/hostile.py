"""What a hostile tree is made of, what lies outside of it, and every operation to try on it.

`guard` lets something run where it can hang without harm; `Outside` tells whether anything there
was read, written, moved or removed.
"""

import json
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import cast

import attrs
import pytest

import wfsession
from tests.cli.wf import wf
from tests.hands import run_in_child
from tests.hook import Player
from tests.trees_disk import OLD_NS, RECORD, add_session, make_usual_root, write_old
from wfsession.core.locate import Environment
from wfsession.core.selfheal import arrive
from wfsession.errors import WfError
from wfsession.workspace import Workspace

# Stands in everything that lies outside.
SECRET = "never to be read"
FUTURE_NS = 4_000_000_000_123_456_789
_PATIENCE_S = 60
THREAD = "claude--1"


def guard(act: Callable[[], object]) -> None:
    """Run something in a process of its own, which is ended if it hangs; see `go_on`."""

    def watched() -> None:
        # Nobody handles it, so that it ends whatever hangs, in whatever call.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        go_on()
        act()

    run_in_child(watched)


def go_on() -> None:
    """Say that it does not hang, which is believed for another while."""
    signal.alarm(_PATIENCE_S)


class Outside:
    """A directory beside a root that must stay as it is; `twin` has all that a root could have."""

    def __init__(self, top: Path) -> None:
        self.top = top / "outside"
        self.twin = self.top / "twin"
        self.file = self.top / "file.json"
        self.future = self.top / "future"
        for name in ("WFS-a", "WFS-b", "WFS-old", "WFS-done", "item"):
            self._add_session(self.twin / name)
        self._add_session(self.twin)
        for name in ("tmp", "empty"):
            (self.twin / name).mkdir()
        (self.twin / "lock").touch()
        (self.twin / "tmp" / "record-1").touch()
        journal = {"id": "1", "op": SECRET, "session": SECRET}
        (self.twin / "journal.jsonl").write_text(json.dumps(journal))
        (self.twin / THREAD).write_text("WFS-b\n")
        self.file.write_text(json.dumps({"id": SECRET, "project": SECRET, "status": "active"}))
        for folder, names, files in os.walk(self.top, topdown=False):
            for name in (*names, *files, "."):
                os.utime(os.path.join(folder, name), ns=(OLD_NS, OLD_NS))
        self.future.touch()
        os.utime(self.future, ns=(FUTURE_NS, FUTURE_NS))
        self._before = self._see()

    def _add_session(self, place: Path) -> None:
        (place / ".task").mkdir(parents=True)
        task = json.dumps({"id": SECRET, "title": SECRET, "status": "active"})
        (place / ".task" / "IMPL-1.json").write_text(task)
        (place / "IMPL-1.json").write_text(task)
        record = {"session_id": place.name, "project": SECRET, "status": "active"}
        (place / RECORD).write_text(json.dumps(record))
        (place / f"{SECRET}.md").write_text(SECRET)

    def _see(self) -> dict[str, tuple[int, ...]]:
        """Return what a change of any entry would change, its bytes included."""
        seen: dict[str, tuple[int, ...]] = {}
        for folder, names, files in os.walk(self.top):
            for path in (os.path.join(folder, name) for name in (*names, *files, ".")):
                status = os.lstat(path)
                seen[path] = (
                    status.st_ino,
                    status.st_mode,
                    status.st_uid,
                    status.st_gid,
                    status.st_size,
                    status.st_mtime_ns,
                )
        return seen

    def check(self, told: str, what: object) -> None:
        """Hold that nothing outside was changed, and nothing of it is in what was told."""
        after = self._see()
        assert after == self._before, what
        assert SECRET not in told, (what, told)


Put = Callable[[Path, Outside], object]


def _put_socket(path: Path, outside: Outside) -> None:
    here = os.getcwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)


def _put_directory(path: Path, outside: Outside) -> None:
    path.mkdir()
    (path / "kept").write_text("kept\n")


def put_link_to_directory(path: Path, outside: Outside) -> None:
    path.symlink_to(outside.twin)


def put_link_to_file(path: Path, outside: Outside) -> None:
    path.symlink_to(outside.file)


# What may stand where something else belongs.
KINDS: dict[str, Put] = {
    "a link to a directory": put_link_to_directory,
    "a link to a file": put_link_to_file,
    "a link to nothing": lambda path, outside: path.symlink_to(outside.top / "nothing"),
    "a link to itself": lambda path, outside: path.symlink_to(path),
    "a fifo": lambda path, outside: os.mkfifo(path),
    "a socket": _put_socket,
    "a directory": _put_directory,
    "a file": lambda path, outside: path.write_text("kept\n"),
    "a second name": lambda path, outside: os.link(outside.file, path),
    "a second name of the future": lambda path, outside: os.link(outside.future, path),
}
if os.geteuid() == 0:
    for number, name in ((3, "a device that is empty"), (5, "a device without end")):
        KINDS[name] = lambda path, outside, number=number: os.mknod(  # type: ignore[misc]
            path, stat.S_IFCHR | 0o666, os.makedev(1, number)
        )


def put(path: Path, kind: str, outside: Outside) -> None:
    """Put something of a kind in the place of what is there, which is moved out of the way.

    In the path, `@BOX@` stands for one thing in the attic, if there is any.
    """
    if "@BOX@" in str(path):
        attic = Path(str(path).partition("@BOX@")[0])
        names = sorted(os.listdir(attic)) if attic.is_dir() else []
        path = Path(str(path).replace("@BOX@", names[0] if names else "box"))
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(path):
        os.rename(path, outside.top.parent / f"moved-{os.urandom(6).hex()}")
    KINDS[kind](path, outside)


Act = Callable[[Workspace], object]
_ENVIRONMENTS = (
    Environment(),
    Environment(session="WFS-b"),
    Environment(session="WFS-old"),
    Environment(thread=THREAD),
)


def _read_all(workspace: Workspace) -> Iterable[Callable[[], object]]:
    """Give every question there is, in Python and on the command line."""
    root = workspace.root
    for environment in _ENVIRONMENTS:
        yield Workspace(root, environment).resolve
    for name in ("WFS-a", "WFS-b", "WFS-done", "WFS-old", "WFS-new"):
        yield lambda name=name: workspace.get(name)  # type: ignore[misc]
        yield lambda name=name: wf("show", name, "--json", "--root", root).out  # type: ignore[misc]
        yield lambda name=name: workspace.log(name)  # type: ignore[misc]
    verbs = ("status", "doctor", "log", "current", "path", "phase", "attic")
    for verb in ("list --all", "task list", *verbs):
        yield lambda verb=verb: wf(*verb.split(), "--json", "--root", root).out  # type: ignore[misc]
    yield workspace.attic
    yield workspace.snapshot
    yield workspace.active
    yield workspace.threads
    yield lambda: workspace.threads(archived=True)
    yield workspace.previous
    yield workspace.diagnose
    yield workspace.log


def read_everything(workspace: Workspace) -> str:
    """Ask every question there is, and return all that was answered."""
    return "\n".join(ask(question) for question in _read_all(workspace))


def ask(question: Callable[[], object]) -> str:
    """Return an answer as a text with everything that is in it, be it an error of ours."""
    try:
        return spell(question())
    except WfError as error:
        return f"{error} {error.hint}"


def spell(value: object) -> str:
    """Return a value as a text, with what its representation leaves out."""
    if isinstance(value, tuple):
        return " ".join(map(spell, value))
    if attrs.has(type(value)):
        kind = cast("type[attrs.AttrsInstance]", type(value))
        return " ".join(spell(getattr(value, field.name)) for field in attrs.fields(kind))
    if hasattr(value, "__slots__"):
        return repr([getattr(value, name) for name in value.__slots__])
    return repr(value)


def _look(workspace: Workspace) -> object:
    shown = [wf("show", name, "--json", "--root", workspace.root).out for name in ("WFS-a", "old")]
    return workspace.snapshot(), workspace.resolve(), *shown


def _enter(workspace: Workspace) -> object:
    with wfsession.enter("look", workspace.root) as context:
        return context


def _adopt(workspace: Workspace) -> object:
    work = Path(workspace.root).parent / "work"
    work.mkdir()
    (work / "notes.md").write_text("notes\n")
    return workspace.create("adopted", adopt=work)


def _as_thread(workspace: Workspace) -> Workspace:
    return Workspace(workspace.root, Environment(thread=THREAD))


def _hook(workspace: Workspace) -> object:
    """Play a whole conversation of an agent."""
    events = ("SessionStart", "UserPromptSubmit", "PostToolUse", "PreCompact", "Stop", "SessionEnd")
    project = Path(workspace.root).parent
    with pytest.MonkeyPatch.context() as patch:
        player = Player(patch, project, "1", "claude-code")
        return tuple(player.hear(event) for event in events)


@attrs.frozen
class Change:
    """An operation, and what is done before the tree becomes hostile."""

    act: Act
    before: Act = lambda workspace: None


def _make_boxes(workspace: Workspace) -> None:
    """Set a session, a marker and a record aside."""
    root = Path(workspace.root)
    workspace.create("new", switch=False)
    workspace.undo()
    (root / ".active-WFS-x~").write_text("kept\n")
    write_old(root / "WFS-done" / RECORD, b'{"project": "x"')
    workspace.heal()
    assert len(workspace.attic()) == 3


def _restore_all(workspace: Workspace) -> object:
    told = [ask(workspace.attic)]
    attic = os.path.join(workspace.root, ".attic")
    names = os.listdir(attic) if os.path.isdir(attic) else []
    for box in (name for name in names if name.startswith("2")):
        told.append(wf("attic", "show", box, "--json", "--root", workspace.root).out)
        told.append(ask(partial(workspace.restore, box)))
    return told


def _make_legacy(workspace: Workspace) -> None:
    """Add what older layouts had: a registry, sessions in other places, a manifest."""
    root = Path(workspace.root)
    lines = [{"id": "WFS-leg", "status": "paused"}, {"id": "WFS-made", "description": "made"}]
    (root / "session_status.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    for place in ("sessions/WFS-leg", "archives/WFS-arc"):
        add_session(root, place)
    manifest = [{"session_id": "WFS-arc", "description": "archived"}]
    (root / "archives" / "manifest.json").write_text(json.dumps(manifest))


def _undo_of(act: Act) -> Change:
    return Change(lambda workspace: workspace.undo(), act)


CHANGES: dict[str, Change] = {
    "read": Change(read_everything),
    "snapshot": Change(_look),
    "create": Change(lambda ws: ws.create("new")),
    "create aside": Change(lambda ws: ws.create("new", switch=False)),
    "adopt": Change(_adopt),
    "switch": Change(lambda ws: ws.switch("WFS-b")),
    "resume": Change(lambda ws: ws.resume("WFS-b")),
    "pause": Change(lambda ws: ws.pause("WFS-a")),
    "complete": Change(lambda ws: ws.complete("WFS-a")),
    "complete and archive": Change(lambda ws: ws.complete("WFS-a", archive=True)),
    "archive": Change(lambda ws: ws.archive("WFS-done")),
    "reopen": Change(lambda ws: ws.reopen("WFS-done")),
    "reopen archived": Change(lambda ws: ws.reopen("WFS-old")),
    "rename": Change(lambda ws: ws.rename("WFS-a", "WFS-z")),
    "rename aside": Change(lambda ws: ws.rename("WFS-b", "WFS-z")),
    "next phase": Change(lambda ws: ws.next_phase("WFS-a")),
    "set phase": Change(lambda ws: ws.set_phase("REVIEW", "WFS-b")),
    "checkpoint": Change(lambda ws: ws.checkpoint("WFS-a", note="here")),
    "add task": Change(lambda ws: ws.add_task("impl-1", "WFS-a")),
    "finish task": Change(lambda ws: ws.finish_task("impl-1", "WFS-b")),
    "update": Change(lambda ws: ws.update("WFS-b", {"x": 1})),
    "bind": Change(lambda ws: _as_thread(ws).bind("WFS-a")),
    "switch as a thread": Change(lambda ws: _as_thread(ws).switch("WFS-c")),
    "unbind": Change(lambda ws: ws.unbind(THREAD), lambda ws: ws.bind("WFS-b", thread=THREAD)),
    "close a thread": Change(
        lambda ws: ws.close_thread(THREAD), lambda ws: ws.bind("WFS-b", thread=THREAD)
    ),
    "hook": Change(_hook),
    "heal": Change(lambda ws: ws.heal()),
    "enter": Change(_enter),
    "arrive": Change(lambda ws: arrive(ws.root, "WFS-b", Environment())),
    "restore": Change(_restore_all, _make_boxes),
    "empty attic": Change(lambda ws: ws.empty_attic(apply=True), _make_boxes),
    "migrate": Change(lambda ws: ws.migrate(), _make_legacy),
    "undo switch": _undo_of(lambda ws: ws.switch("WFS-b")),
    "undo create": _undo_of(lambda ws: ws.create("new")),
    "undo create aside": _undo_of(lambda ws: ws.create("new", switch=False)),
    "undo archive": _undo_of(lambda ws: ws.archive("WFS-done")),
    "undo reopen": _undo_of(lambda ws: ws.reopen("WFS-old")),
    "undo rename": _undo_of(lambda ws: ws.rename("WFS-a", "WFS-z")),
    "undo update": _undo_of(lambda ws: ws.update("WFS-b", {"x": 1})),
    "undo undo": _undo_of(lambda ws: (ws.create("new"), ws.undo())),
}


def build(project: Path, change: Change) -> Path:
    """Make the usual root, with a task, a binding and a registry, in which a change was made."""
    root = make_usual_root(project)
    (root / "WFS-a" / ".task").mkdir()
    (root / "WFS-a" / ".task" / "IMPL-0.json").write_text('{"id": "IMPL-0", "status": "completed"}')
    (root / ".threads").mkdir()
    (root / ".threads" / THREAD).write_text("WFS-b\n")
    change.before(wfsession.open(root))
    return root
