"""A healing that dies at any of its calls is finished by the next, and loses no byte."""

from pathlib import Path

from tests.hands import Death, enumerate_deaths
from tests.trees_disk import (
    RECORD,
    add_session,
    check_sound,
    list_files,
    list_markers,
    make_usual_root,
    mark,
    settle,
    states,
    write_old,
)
from wfsession.core.repair import heal

CUT = b'{"project": "Kept", "status": "paus'
WRONG = b'{"session_id": "WFS-c", "status": "paused", "progress": 5}'


def build(project: Path) -> Path:
    """Make a root with an orphan, two markers, bad records, twins and two unfinished moves."""
    root = make_usual_root(project)
    mark(root, "WFS-gone", data=b"a note of mine")
    mark(root, "WFS-b", age_s=7200)
    write_old(root / "WFS-b" / RECORD, CUT)
    write_old(root / "WFS-c" / RECORD, WRONG)
    add_session(root, "completed/WFS-a", "completed")
    add_session(root, "WFS-cut", "archived")
    write_old(add_session(root, "WFS-signed") / ".archiving", b"signed")
    return settle(root)


def check(death: Death) -> None:
    kept = list(list_files(death.root).values())
    for data in (CUT, WRONG, b"a note of mine", b"signed"):
        assert data in kept, (death, data)
    settle(death.root)
    report = heal(str(death.root))
    assert (report.findings, report.failed) == ((), ()), death
    assert heal(str(death.root)).applied == (), death
    assert list_markers(death.root) == [".active-WFS-a"]
    seen = states(death.root)
    # Once its sign is in the attic, it is a completed session, in its place or archived.
    signed = seen.pop("WFS-signed", None) or seen.pop("completed/WFS-signed")
    assert signed in ("completed", "archived"), death
    assert seen == {
        "WFS-a": "active",
        "WFS-b": "paused",
        "WFS-c": "paused",
        "WFS-done": "completed",
        "completed/WFS-a-2": "archived",
        "completed/WFS-cut": "archived",
        "completed/WFS-old": "archived",
    }, death
    check_sound(death.root)


def test_a_healing_that_dies_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    for death in enumerate_deaths(tmp_path, build, heal):
        check(death)
