"""How often each operation waits for the drive: as its promises need, and no more."""

from collections.abc import Callable
from pathlib import Path

import pytest

import wfsession
from tests.trees_disk import settle
from wfsession.core import disk
from wfsession.workspace import Workspace


@pytest.fixture
def workspace(root: Path) -> Workspace:
    """Return the usual root, with all that the first write makes."""
    workspace = wfsession.open(root)
    workspace.checkpoint()
    settle(root)
    return workspace


def count_syncs(act: Callable[[], object]) -> int:
    """Return how often an act waits for the drive."""
    synced: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "_sync_descriptor", synced.append)
        act()
    return len(synced)


# A record that changes is two: its file, then the directory that it is renamed into. A marker is
# one, the root. A directory that moves is one for each side. An intent that the doctor may need is
# one, the journal.
Operation = Callable[[Workspace], object]
SYNCS: dict[str, tuple[int, Operation]] = {
    "switch: two records, the marker": (5, lambda ws: ws.switch("WFS-b")),
    "resume: two records, the marker": (5, lambda ws: ws.resume("WFS-b")),
    "pause: a record, the marker": (3, lambda ws: ws.pause()),
    "reopen: two records, the marker": (5, lambda ws: ws.reopen("WFS-done")),
    "reopen what is archived: two sides besides": (7, lambda ws: ws.reopen("WFS-old")),
    "complete: a record, the marker, the intent": (4, lambda ws: ws.complete()),
    "archive: a record, the intent, two sides": (5, lambda ws: ws.archive("WFS-done")),
    "rename: a record, the intent, a side": (4, lambda ws: ws.rename("WFS-b", "WFS-z")),
    "rename the active one: its marker besides": (5, lambda ws: ws.rename("WFS-a", "WFS-z")),
    "create: a record more, the marker, a new record in a new directory, two sides": (
        7,
        lambda ws: ws.create("New"),
    ),
    "create paused: a new record in a new directory, two sides": (
        4,
        lambda ws: ws.create("New", switch=False),
    ),
    "a phase: a record": (2, lambda ws: ws.next_phase()),
    "a checkpoint: a record": (2, lambda ws: ws.checkpoint(note="x")),
    "a task: a record": (2, lambda ws: ws.add_task("t")),
    "an update: a record": (2, lambda ws: ws.update("WFS-b", {"x": 1})),
    "nothing to do": (0, lambda ws: ws.switch("WFS-a")),
    "to look": (0, lambda ws: (ws.snapshot(), ws.active(), ws.diagnose())),
    "a dry run": (0, lambda ws: ws.switch("WFS-b", dry_run=True)),
}


@pytest.mark.parametrize("what", SYNCS)
def test_an_operation_waits_for_the_drive_as_often_as_its_promises_need(
    what: str, workspace: Workspace
) -> None:
    expected, operation = SYNCS[what]
    assert count_syncs(lambda: operation(workspace)) == expected
