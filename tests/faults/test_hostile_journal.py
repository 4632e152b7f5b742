"""A journal that somebody wrote who wants undo, the log or the doctor to leave the root."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import wfsession
from tests.cli.wf import wf
from tests.hostile import Change, Outside, ask, build, go_on, guard
from tests.trees_disk import RECORD, add_session, check_sound, list_files, states
from wfsession.core.journal import JOURNAL
from wfsession.workspace import Workspace

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced

NOTHING_DONE = Change(lambda workspace: None)
# Paths as they stand in a journal, that lead out of the root or into what is not a session's.
PATHS = (
    "../outside/twin",
    "../outside/twin/WFS-a",
    "completed/../../outside/twin",
    "completed/../../outside/twin/WFS-a",
    ".attic/../../outside/twin",
    ".attic/../../outside/twin/item",
    ".attic/..",
    ".attic/../item",
    ".attic/./item",
    ".attic//item",
    ".attic/../WFS-b",
    ".attic/box/item/../../../WFS-b",
    "WFS-b/../../outside/twin/WFS-a",
    "@TOP@/outside/twin/WFS-a",
    "/WFS-b",
    "..",
    ".",
    "./WFS-b",
    "../.workflow/WFS-b",
    "completed/..",
    "completed/../..",
    "completed",
    ".attic",
    ".wf",
    ".wf/tmp",
    ".threads",
    ".gitignore",
    "WFS-b/.task",
    "completed/WFS-old/",
    "completed//WFS-old",
    "WFS-b\0",
    "WFS-b\n",
    "WFS-b~",
    "x" * 5000,
    "/".join("x" * 5000),
)
NAMES = ("../outside/twin", "..", ".", "", "completed/WFS-old", "WFS-b\0", "@TOP@/outside/twin")


def line(op: str = "created", **intent: Any) -> dict[str, Any]:
    """Return the two lines of an operation in one; an unfinished one has no `post`."""
    whole: dict[str, Any] = {
        "id": "1",
        "op": op,
        "at": "2026-01-02T03:04:05Z",
        "session": "WFS-b",
        "undoes": "",
        "intent": {"active": ["WFS-a", "WFS-a"], "moves": [], "changes": [], **intent},
    }
    return whole


def change_of(directory: str) -> dict[str, Any]:
    return {"directory": directory, "path": ["status"], "before": "no", "after": "active"}


def list_lines(path: str) -> Iterator[dict[str, Any]]:
    """Give operations that put a path wherever one can stand."""
    yield line("created", moves=[["", path]])
    yield line("renamed", moves=[[path, "WFS-b"]])
    yield line("renamed", moves=[["WFS-b", path]])
    yield line("reopened", moves=[["completed/WFS-old", path]])
    yield line("completed", moves=[["WFS-b", path]])
    yield line("archived", moves=[[path, "completed/WFS-old"]])
    yield line("undone", moves=[[path, path]])
    yield line("changed", changes=[change_of(path)])
    yield line("renamed", moves=[["WFS-b", "WFS-a"]], changes=[change_of(path)])


def list_names(name: str) -> Iterator[dict[str, Any]]:
    """Give operations that put a text wherever the name of a session can stand."""
    for active in ([name, "WFS-a"], ["WFS-a", name], [name, name], [name, None], [None, name]):
        yield {**line("switched", active=active), "session": name}
    yield {**line("changed", changes=[change_of("WFS-a")]), "session": name}
    yield {**line("undone"), "undoes": name, "op": name, "id": name}


def write_journal(root: Path, top: Path, intent: dict[str, Any], is_done: bool) -> None:
    intent = json.loads(json.dumps(intent).replace("@TOP@", str(top)))
    lines = [intent]
    if is_done:
        post = {"active": intent["intent"]["active"][1]}
        lines.append({"id": intent["id"], "done": True, "post": post})
    path = root / ".wf" / JOURNAL
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))


def _print_log(workspace: Workspace) -> object:
    return wf("log", "--json", "--root", workspace.root).out


ACTS: dict[str, Callable[[Workspace], object]] = {
    "log": lambda workspace: (workspace.log(), workspace.diagnose(), _print_log(workspace)),
    "dry undo": lambda workspace: workspace.undo(dry_run=True),
    "undo": lambda workspace: workspace.undo(),
    "heal": lambda workspace: workspace.heal(),
    "undo after healing": lambda workspace: workspace.undo(),
}


@pytest.mark.parametrize(
    ("text", "make"),
    [*((path, list_lines) for path in PATHS), *((name, list_names) for name in NAMES)],
    ids=lambda value: value[:40].replace("\0", "NUL") if isinstance(value, str) else "",
)
def test_no_text_in_it_leads_out_of_the_root_or_to_what_is_no_session(
    tmp_path: Path,
    text: str,
    make: Callable[[str], Iterator[dict[str, Any]]],
    is_soak: bool,
) -> None:
    root = build(tmp_path, NOTHING_DONE)
    # What `.attic/../item` leads to.
    add_session(root, "item")
    outside = Outside(tmp_path)
    (root.parent / RECORD).write_bytes((root / "WFS-b" / RECORD).read_bytes())
    texts, seen = sorted(list_files(tmp_path).values()), states(root)

    def play() -> None:
        for number, (intent, is_done) in enumerate(product(make(text), (True, False))):
            # By turns in the ordinary run: an operation that was ended, and one that was not.
            if not is_soak and number % 4 not in (0, 3):
                continue
            go_on()
            write_journal(root, tmp_path, intent, is_done)
            for name, act in ACTS.items():
                told = ask(partial(act, wfsession.open(root)))
                outside.check(told, (name, intent))
            # Nothing of it is believed, so that nothing is done.
            assert states(root) == seen, intent
            assert sorted(list_files(tmp_path).values()) == texts, intent
            check_sound(root)

    guard(play)
