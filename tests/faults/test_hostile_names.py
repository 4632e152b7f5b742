"""Names that try to leave the root, wherever a name can come from."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import wfsession
from tests.cli.wf import wf
from tests.hostile import THREAD, Change, Outside, ask, build, guard
from tests.trees_disk import RECORD, states, write_old
from wfsession.core.locate import Environment
from wfsession.workspace import Workspace

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

NAMES = (
    "../outside/twin",
    "../outside/twin/WFS-a",
    "WFS-a/../../outside/twin",
    "completed/../../outside/twin",
    "@TOP@/outside/twin",
    "..",
    ".",
    "",
    "/",
    "~",
    "WFS-a/",
    "WFS-a/.task",
    "completed/WFS-old",
    ".wf",
    ".attic",
    "x" * 10_000,
    "WFS-a\n../outside",
)
Use = Callable[[Workspace, str], object]


def bind(workspace: Workspace, name: str) -> object:
    (Path(workspace.root) / ".threads" / THREAD).write_text(name)
    return Workspace(workspace.root, Environment(thread=THREAD)).resolve()


def register(workspace: Workspace, name: str) -> object:
    line = json.dumps({"id": "WFS-a", "directory": name, "path": name, "description": name})
    other = json.dumps({"id": name, "directory": name})
    (Path(workspace.root) / "session_status.jsonl").write_text(f"{line}\n{other}\n")
    (Path(workspace.root) / "WFS-a" / RECORD).unlink()
    workspace.heal()
    return workspace.get("WFS-a")


def note_down(workspace: Workspace, name: str) -> object:
    """Say in a record, and in a note of the attic, that the session was called so."""
    path = Path(workspace.root) / "WFS-b" / RECORD
    record = {**json.loads(path.read_bytes()), "session_id": name, "renamed_from": [name]}
    write_old(path, json.dumps(record).encode())
    box = Path(workspace.root) / ".attic" / "box"
    box.mkdir(parents=True, exist_ok=True)
    (box / "note.json").write_text(json.dumps({"from": name}))
    workspace.heal()
    return workspace.get("WFS-b"), workspace.snapshot(), workspace.diagnose()


def leave(workspace: Workspace, name: str) -> object:
    workspace.pause("WFS-a")
    with wfsession.enter(name, workspace.root) as context:
        assert os.path.dirname(context.path) == os.path.join(workspace.root, ".wf", "tmp")
        return context


def bring_back(workspace: Workspace, name: str) -> object:
    """Say in a note of the attic that a thing came from there."""
    box = Path(workspace.root) / ".attic" / "20260102-030405-session-0a1b2c"
    (box / "item").mkdir(parents=True)
    (box / "note.json").write_text(json.dumps({"from": name}))
    before = ask(workspace.attic)
    return before, ask(partial(workspace.restore, box.name)), ask(workspace.snapshot)


USES: dict[str, Use] = {
    "flag": lambda ws, name: ws.resolve(name),
    "WF_SESSION": lambda ws, name: Workspace(ws.root, Environment(session=name)).resolve(),
    "WF_THREAD": lambda ws, name: Workspace(ws.root, Environment(thread=name)).resolve(),
    "binding": bind,
    "registry": register,
    "record": note_down,
    "attic": bring_back,
    "get": lambda ws, name: ws.get(name),
    "log": lambda ws, name: ws.log(name),
    "enter": lambda ws, name: wfsession.enter("x", ws.root, name).__enter__(),
    "switch": lambda ws, name: ws.switch(name),
    "complete": lambda ws, name: ws.complete(name, archive=True),
    "reopen": lambda ws, name: ws.reopen(name),
    "archive": lambda ws, name: ws.archive(name),
    "rename": lambda ws, name: ws.rename(name, "WFS-z"),
    "rename to": lambda ws, name: ws.rename("WFS-c", name),
    "create": lambda ws, name: ws.create("x", name=name),
    "title": lambda ws, name: ws.create(name or "x"),
    "update": lambda ws, name: ws.update(name, {"x": 1}),
    "show": lambda ws, name: wf("show", name, "--json", "--root", ws.root).out,
    "--session": lambda ws, name: wf("path", "--session", name, "--json", "--root", ws.root).out,
    "command": leave,
}


@pytest.mark.parametrize("use", USES)
def test_no_name_leads_out_of_the_root(tmp_path: Path, use: str) -> None:
    outside = Outside(tmp_path)

    def play() -> None:
        for number, text in enumerate(NAMES):
            project = tmp_path / str(number)
            root = build(project, Change(lambda workspace: None))
            # From here as well, the same words lead there.
            (project / "outside").symlink_to(outside.top)
            name = text.replace("@TOP@", str(tmp_path))
            before = set(states(root))
            told = ask(partial(USES[use], wfsession.open(root), name))
            outside.check(told, (use, name))
            added = set(states(root)) - before
            assert all(one.startswith(("WFS-", "completed/WFS-")) for one in added)
            assert set(os.listdir(project)) == {".workflow", "outside"}

    guard(play)
