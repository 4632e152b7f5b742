"""Names that collide, and names that Unicode or the disk spell in two ways."""

import os
from pathlib import Path
from unicodedata import normalize

import pytest

import wfsession
from tests.hands import play
from tests.trees_disk import (
    RECORD,
    add_session,
    get,
    list_markers,
    make_root,
    mark,
    read,
    read_json,
    states,
)
from wfsession.core import locate
from wfsession.core.disk import Folder
from wfsession.core.names import fold
from wfsession.errors import Conflict, NameCollision, SessionNotFound

NFC, NFD = normalize("NFC", "WFS-für"), normalize("NFD", "WFS-für")


def test_a_name_in_either_unicode_form_finds_the_directory_in_either(tmp_path: Path) -> None:
    for number, (on_disk, asked) in enumerate([(NFC, NFD), (NFD, NFC), (NFD, NFD)]):
        project = tmp_path / str(number)
        root = make_root(project, "WFS-a", on_disk, active="WFS-a")
        workspace = wfsession.open(project)

        session = workspace.switch(asked)

        assert (session.name, session.dirname) == (NFC, on_disk)
        assert list_markers(root) == [f".active-{on_disk}"]
        assert wfsession.current(project) == NFC
        assert workspace.pause(asked).state == "paused"


def test_a_marker_in_the_other_unicode_form_names_the_session(tmp_path: Path) -> None:
    root = make_root(tmp_path, NFD, "WFS-b")
    mark(root, NFC)
    workspace = wfsession.open(tmp_path)

    assert read(root).active == NFC
    assert get(root, NFC).state == "active"
    workspace.switch("WFS-b")
    assert list_markers(root) == [".active-WFS-b"]


def test_twins_in_two_unicode_forms_are_two_sessions_and_both_are_told_of(tmp_path: Path) -> None:
    root = make_root(tmp_path, NFC, NFD)
    mark(root, NFD)

    rows = {row.dirname: row for row in read(root).sessions}

    assert rows[NFD].state == "active"
    assert rows[NFC].state == "paused"
    assert all("name-collision" in row.problems for row in rows.values())


def test_both_forms_of_a_marker_count_as_one_sessions(tmp_path: Path) -> None:
    root = make_root(tmp_path, NFD, "WFS-b")
    mark(root, NFC, age_s=10)
    mark(root, NFD, age_s=20)

    assert get(root, NFC).state == "active"
    wfsession.open(tmp_path).pause()
    assert list_markers(root) == []


def test_the_other_form_of_an_orphaned_marker_does_not_activate_a_new_session(
    tmp_path: Path,
) -> None:
    root = make_root(tmp_path, "WFS-a", active="WFS-a")
    mark(root, NFD, age_s=0)

    wfsession.open(tmp_path).create("x", name=NFC, switch=False)

    assert read(root).active == "WFS-a"


def test_a_session_in_the_decomposed_form_may_take_a_former_name_again(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    add_session(root, NFD, renamed_from=["WFS-before"])

    wfsession.open(tmp_path).rename(NFC, "WFS-before")

    assert read_json(root / "WFS-before")["renamed_from"] == [NFC]


@pytest.mark.parametrize("place", ["", "completed/"])
@pytest.mark.parametrize("name", ["wfs-x", "WFS-X", "WFS-x"])
def test_a_name_that_differs_only_in_case_is_taken_in_every_location(
    tmp_path: Path, place: str, name: str
) -> None:
    root = make_root(tmp_path)
    add_session(root, place + "WFS-x")
    workspace = wfsession.open(tmp_path)

    with pytest.raises(NameCollision):
        workspace.create("y", name=name)
    assert workspace.create("X").name == "WFS-x-2"
    assert workspace.create("x!").name == "WFS-x-3"


def test_names_that_differ_only_in_case_are_told_of(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-x", "wfs-x", "WFS-y")
    workspace = wfsession.open(tmp_path)

    assert [row.problems for row in read(root).sessions] == [
        ("name-collision",),
        (),
        ("name-collision",),
    ]
    assert workspace.switch("wfs-x").dirname == "wfs-x"
    assert workspace.switch("WFS-x").dirname == "WFS-x"


@pytest.mark.parametrize("place", ["", "completed/"])
def test_a_name_that_a_session_had_before_is_taken(tmp_path: Path, place: str) -> None:
    root = make_root(tmp_path, "WFS-other")
    add_session(root, place + "WFS-now", renamed_from=["WFS-x", 7])
    workspace = wfsession.open(tmp_path)

    with pytest.raises(NameCollision, match="renamed from"):
        workspace.create("y", name="wfs-X")
    with pytest.raises(NameCollision, match="renamed from"):
        workspace.rename("WFS-other", "WFS-x")
    assert workspace.create("x").name == "WFS-x-2"


def test_anything_that_has_the_name_takes_it(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    (root / "WFS-file").touch()
    (root / "notes").mkdir()
    (root / "WFS-link").symlink_to("nowhere")
    workspace = wfsession.open(tmp_path)

    for name in ["WFS-file", "notes", "WFS-link"]:
        with pytest.raises(NameCollision):
            workspace.create("x", name=name)
    assert sorted(os.listdir(root)) == [".gitignore", ".wf", "WFS-file", "WFS-link", "notes"]


def test_former_names_are_read_only_of_what_can_be_read(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-corrupt", "WFS-none")
    (root / "WFS-corrupt" / RECORD).write_text('{"renamed_from": ["WFS-x"]')
    (root / "WFS-none" / RECORD).unlink()
    (root / "a-file").touch()

    assert wfsession.open(tmp_path).create("x").name == "WFS-x"


def test_a_former_name_leads_to_its_session_wherever_it_is(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-a")
    add_session(root, "WFS-b", renamed_from=["WFS-was-b"])
    add_session(root, "completed/WFS-c", renamed_from=["WFS-was-c"])
    workspace = wfsession.open(tmp_path)

    assert workspace.get("WFS-was-b").name == "WFS-b"
    assert workspace.get("WFS-was-c").name == "WFS-c"
    with pytest.raises(SessionNotFound) as caught:
        workspace.get("WFS-was-bb")
    assert caught.value.nearest == ()


def test_a_session_of_that_very_name_comes_before_one_that_had_it(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-a")
    add_session(root, "WFS-b", renamed_from=["WFS-a"])

    assert wfsession.open(tmp_path).get("WFS-a").name == "WFS-a"


@pytest.mark.parametrize("numbered", [True, False])
def test_a_name_that_is_taken_while_a_session_is_created_gets_a_number_or_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numbered: bool
) -> None:
    root = make_root(tmp_path)
    workspace = wfsession.open(tmp_path)
    play(monkeypatch, "move", lambda: add_session(root, "WFS-x", "paused"), name="WFS-x")

    if numbered:
        assert workspace.create("x").name == "WFS-x-2"
    else:
        with pytest.raises(NameCollision):
            workspace.create("x", name="WFS-x")
        assert states(root) == {"WFS-x": "paused"}
    assert os.listdir(root / ".wf" / "tmp") == []


def test_a_name_that_is_taken_each_time_is_a_conflict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path)
    names = iter(["WFS-x", "WFS-x-2", "WFS-x-3", "WFS-x-4", "WFS-x-5"])

    def take_the_next() -> None:
        (root / next(names)).mkdir()

    play(monkeypatch, "move", take_the_next, times=99)

    with pytest.raises(Conflict):
        wfsession.open(tmp_path).create("x")
    assert os.listdir(root / ".wf" / "tmp") == []


def test_on_a_disk_that_ignores_case_a_session_has_the_name_that_the_disk_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path, "WFS-X")
    real_stat, real_child = Folder.stat, Folder.child

    def on_disk(self: Folder, name: str) -> str:
        return next((other for other in self.list_names() if fold(other) == fold(name)), name)

    monkeypatch.setattr(Folder, "stat", lambda self, name: real_stat(self, on_disk(self, name)))
    monkeypatch.setattr(Folder, "child", lambda self, name: real_child(self, on_disk(self, name)))

    with Folder.open(str(root)) as folder:
        place = locate.find_place(folder, "wfs-x")
        assert place is not None
        assert place.dirname == "WFS-X"
        assert locate.find_place(folder, "WFS-y") is None


def test_a_file_in_the_other_unicode_form_is_no_directory_of_that_name(tmp_path: Path) -> None:
    root = make_root(tmp_path, "WFS-a", active="WFS-a")
    (root / NFD).touch()
    mark(root, NFC, age_s=0)

    assert read(root).active == "WFS-a"
