"""Every public operation that writes, stopped after each call of the system, and without power.

One run is recorded; each tree that a crash in it may leave is made, read and healed.
"""

import inspect
import shutil
from pathlib import Path

import pytest

import wfsession
from tests.faults.test_crashes import look_at, without_several
from tests.outage import Outcome, list_different
from tests.recording import Recording, plant, record
from tests.system import Fault, watch_system
from tests.trees_disk import make_usual_root
from tests.writers import ELSEWHERE, READERS, WRITERS, Crash, Writer, list_texts
from wfsession.core.layout import IGNORED
from wfsession.workspace import Workspace

# Thousands of trees, of which each line of the core has been covered by others already.
pytestmark = pytest.mark.untraced


def record_writer(writer: Writer, top: Path) -> tuple[Recording, Crash]:
    """Watch an operation in a fresh tree; returns what it did, and a crash that did not happen."""
    root = writer.build(top)
    crash = Crash(root.relative_to(top), list_texts(root), "")
    return record(top, lambda: writer.run(root)), crash


def list_public() -> set[str]:
    methods = {name for name in vars(Workspace) if not name.startswith("_")}
    functions = {
        name
        for name in wfsession.__all__
        if inspect.isfunction(getattr(wfsession, name)) and name[0].islower()
    }
    return methods | functions


def test_each_public_operation_is_listed_as_a_writer_or_a_reader() -> None:
    writers = {writer.method for writer in WRITERS.values()}
    assert writers.isdisjoint(READERS)
    assert writers | set(ELSEWHERE) | set(READERS) == list_public()
    for name, module in ELSEWHERE.items():
        assert (Path(__file__).parent / module).is_file(), name
    for name in (list_public() & set(vars(Workspace))) - set(ELSEWHERE):
        takes_dry_run = "dry_run" in inspect.signature(getattr(Workspace, name)).parameters
        assert takes_dry_run == (name in writers), name


@pytest.mark.parametrize("name", READERS)
def test_what_is_listed_as_a_reader_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    workspace = wfsession.open(make_usual_root(tmp_path))
    fault = Fault()
    watch_system(monkeypatch, fault)
    READERS[name](workspace) if name != "get" else workspace.get("WFS-old")
    assert not fault.has_changed


@pytest.mark.parametrize("name", WRITERS)
def test_wherever_a_process_dies_or_the_power_fails_a_known_state_is_left_and_nothing_is_lost(
    tmp_path: Path, name: str
) -> None:
    writer = WRITERS[name]
    recording, crash = record_writer(writer, tmp_path / "run")
    assert recording.changes
    for outcome, is_over in list_different(recording):
        check(writer, outcome, crash, tmp_path / "left", is_over)


def check(writer: Writer, outcome: Outcome, crash: Crash, top: Path, is_over: bool = False) -> None:
    plant(outcome.tree, top)
    root = top / crash.root
    if is_over and writer.states:
        # What was answered as done stays done.
        assert without_several(look_at(root)) == writer.states[-1], outcome
    writer.check_crash(Crash(root, crash.texts, f"{outcome.how}, after change {outcome.at}"))
    shutil.rmtree(top)


@pytest.mark.parametrize(
    ("data", "is_finished"),
    [
        (b"", True),
        (IGNORED[:5], True),
        (bytes(len(IGNORED)), True),
        (b"theirs\n", False),
        (b"theirs\n" * 100, False),
    ],
)
def test_a_gitignore_that_was_cut_off_is_finished_and_somebodys_own_stays(
    tmp_path: Path, data: bytes, is_finished: bool
) -> None:
    (tmp_path / ".workflow").mkdir()
    path = tmp_path / ".workflow" / ".gitignore"
    path.write_bytes(data)

    wfsession.init(tmp_path)

    assert path.read_bytes().startswith(data)
    assert path.read_bytes().endswith(IGNORED) == is_finished
