"""`wf attic`: what people read, what scripts hold on to, and what is refused."""

import json
import os
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.boxes import add_box
from tests.cli.wf import PAUSED, forget_moments, run_in_terminal, see_tree, strip_colour, wf
from wfsession.core.disk import Folder
from wfsession.core.locate import open_root

RECORD = "workflow-session.json"
FILE, TREE, BLANK = (
    "20250905-100000-record-0a1b2c",
    "20250906-100000-created-0a1b2d",
    "20250907-100000-stray-marker-0a1b2e",
)
ORIGIN = f"{PAUSED}/{RECORD}"
REASON = "it is no valid JSON (unexpected end of data: line 1 column 35 (char 34))"


@pytest.fixture
def root(project: Path) -> Path:
    """Return a root whose attic has a record, a session's directory, and a box without a note."""
    root = project / ".workflow"
    add_box(root, FILE, b'{"project":\n  "\x1b[31mred"', **{"from": ORIGIN, "reason": REASON})
    tree = add_box(root, TREE, None, **{"from": "WFS-new", "at": "2025-09-06T10:00:00Z"})
    (tree / "item" / ".task").mkdir(parents=True)
    (tree / "item" / RECORD).write_text("{}")
    (add_box(root, BLANK, b"\0\xff") / "note.json").unlink()
    forget_moments(project)
    return root


@pytest.mark.parametrize("words", [("attic",), ("attic", "list")])
def test_a_pipe_gets_whole_names_and_where_things_came_from_the_newest_first(
    root: Path, words: tuple[str, ...]
) -> None:
    done = wf(*words)
    assert (done.code, done.err) == (0, "")
    blank, tree, record = (line.split("\t") for line in done.out.splitlines())
    assert (blank[0], blank[2:]) == (BLANK, ["stray-marker", "-", "2 B", "-"])
    assert (tree[0], tree[2:]) == (TREE, ["created", "WFS-new", "2 B", "-"])
    assert (record[0], record[2:]) == (FILE, ["record", ORIGIN, "24 B", REASON])


def test_json_has_the_keys_of_the_contract(root: Path) -> None:
    data = wf("attic", "--json").data
    assert list(data) == ["boxes"]
    assert [box["name"] for box in data["boxes"]] == [BLANK, TREE, FILE]
    assert data["boxes"][2] == {
        "name": FILE,
        "at": "2025-09-05T10:00:00Z",
        "from": ORIGIN,
        "reason": REASON,
        "kind": "file",
        "size_bytes": 24,
        "path": f"{root}/.attic/{FILE}",
    }
    assert (data["boxes"][0]["from"], data["boxes"][0]["at"]) == (None, "2025-09-07T10:00:00Z")


def test_an_empty_attic_is_said_to_people_and_is_nothing_to_scripts(project: Path) -> None:
    assert wf("attic").out == ""
    assert wf("attic", "--json").data == {"boxes": []}
    assert "nothing in the attic" in run_in_terminal("attic").out
    assert wf("attic", "empty", "--apply").out.startswith("Nothing was deleted")


@pytest.mark.parametrize("columns", [200, 80, 40, 20])
def test_a_terminal_of_any_width_shows_what_to_type(root: Path, columns: int) -> None:
    done = run_in_terminal("attic", columns=columns)
    head, *lines, hint = strip_colour(done.out).splitlines()
    assert head.split()[:1] == ["NAME"]
    assert [line.split()[0] for line in lines] == ["0a1b2e", "0a1b2d", "0a1b2c"]
    assert max(map(cell_len, [head, *lines])) <= columns
    assert ("REASON" in head) is (columns == 200)
    assert hint == "To bring something back: wf attic restore NAME"
    assert wf("attic", "show", "0a1b2e").out.startswith(BLANK)


def test_a_file_is_shown_with_its_note_and_its_text_made_harmless(root: Path) -> None:
    done = wf("attic", "show", "record")
    assert done.out.splitlines()[0] == FILE
    for label, value in {"from": ORIGIN, "reason": REASON, "kind": "file"}.items():
        assert f"  {label:9}  {value}\n" in done.out
    assert "2025-09-05T10:00:00Z\n" in done.out
    assert done.out.endswith('\n\n{"project":\n  "\ufffd[31mred"\n')
    data = wf("attic", "show", "record", "--json").data
    assert (data["name"], data["entries"]) == (FILE, None)
    assert data["text"] == '{"project":\n  "\x1b[31mred"'


def test_a_box_with_nothing_in_it_is_shown_as_empty(root: Path) -> None:
    (root / ".attic" / FILE / "item").unlink()
    assert wf("attic").out.splitlines()[2].split("\t")[4] == "empty"
    assert "  size       empty\n" in wf("attic", "show", FILE).out
    done = wf("attic", "restore", FILE)
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith(f" is empty\nhint: wf attic empty {FILE}\n")


def test_a_directory_is_shown_with_its_top_entries(root: Path) -> None:
    assert f"  holds      .task, {RECORD}\n" in wf("attic", "show", TREE).out
    data = wf("attic", "show", TREE, "--json").data
    assert (data["entries"], data["text"]) == ([".task", RECORD], None)


@pytest.mark.parametrize("item", [b"a\0b", b"\xff", b"x" * 5000])
def test_what_is_no_short_text_is_not_shown(root: Path, item: bytes) -> None:
    name = "20250908-100000-record-ffffff"
    add_box(root, name, item)
    assert wf("attic", "show", name, "--json").data["text"] is None
    assert "from       not known\n" in wf("attic", "show", name).out


def test_a_thing_is_brought_back_and_what_stood_there_is_named(root: Path) -> None:
    before = (root / ORIGIN).read_bytes()
    done = wf("attic", "restore", "0a1b2c")
    assert (done.code, done.err) == (0, "")
    back, aside = done.out.splitlines()
    assert back == f"Brought back {root}/{ORIGIN}"
    box = Path(aside.rpartition(": ")[2])
    assert (box / "item").read_bytes() == before
    data = wf("attic", "restore", box.name, "--json").data
    assert (data["name"], data["path"]) == (box.name, f"{root}/{ORIGIN}")
    assert data["replaced"].startswith(f"{root}/.attic/")
    assert (root / ORIGIN).read_bytes() == before


def test_what_replaces_nothing_says_so(root: Path) -> None:
    assert wf("attic", "restore", TREE, "--json").data["replaced"] is None
    assert wf("list", "--json").data["active"] != "WFS-new"


@pytest.mark.parametrize(
    "words",
    [
        ("restore", FILE, "--dry-run"),
        ("empty",),
        ("empty", FILE),
        ("empty", "--dry-run"),
        ("list",),
        ("show", TREE),
    ],
)
def test_nothing_is_touched_by_looking_or_trying(root: Path, words: tuple[str, ...]) -> None:
    before = see_tree(root)
    assert wf("attic", *words).code == wf("attic", *words, "--json").code == 0
    assert see_tree(root) == before


def test_a_dry_run_tells_the_steps(root: Path) -> None:
    done = wf("attic", "restore", FILE, "--dry-run")
    assert done.out.splitlines() == [
        f"Nothing was done. For {FILE} this would:",
        f"  set aside  {ORIGIN} -> .attic",
        f"  move       .attic/{FILE}/item -> {ORIGIN}",
    ]
    data = wf("attic", "restore", FILE, "--dry-run", "--json").data
    assert (data["dry_run"], data["replaced"], len(data["steps"])) == (True, None, 2)


def test_emptying_tells_first_what_would_go_and_what_to_type(root: Path) -> None:
    done = wf("attic", "empty", "0a1b2c", "created")
    assert done.code == 0
    assert done.out.splitlines() == [
        "Nothing was deleted. This would delete 2 boxes, 26 B in all, for good:",
        f"  {TREE}  WFS-new",
        f"  {FILE}  {ORIGIN}",
        "To delete: wf attic empty --apply 0a1b2c created",
    ]
    assert "  from where is not known" in wf("attic", "empty").out
    assert wf("attic", "empty", "--json").data == {
        "boxes": [BLANK, TREE, FILE],
        "size_bytes": 28,
        "applied": False,
    }


def test_emptying_deletes_what_is_named_or_all(root: Path) -> None:
    assert wf("attic", "empty", "--apply", FILE).out == "Deleted 1 box, 24 B in all.\n"
    assert sorted(os.listdir(root / ".attic")) == [TREE, BLANK]
    data = wf("attic", "empty", "--apply", "--json").data
    assert data == {"boxes": [BLANK, TREE], "size_bytes": 4, "applied": True}
    assert os.listdir(root / ".attic") == []


def test_to_apply_and_to_try_at_once_is_no_command(root: Path) -> None:
    before = see_tree(root)
    done = wf("attic", "empty", "--apply", "--dry-run")
    assert (done.code, done.out) == (2, "")
    assert "hint: " in done.err
    assert see_tree(root) == before


BAD = {
    "none": (("show", "nothing"), 1, "no box 'nothing' is in "),
    "none to restore": (("restore", "../x"), 1, "no box '../x' is in "),
    "none to empty": (("empty", FILE, "nothing", "--apply"), 1, "no box 'nothing' is in "),
    "several": (("restore", "2025"), 1, "'2025' is part of 3 names: "),
    "an empty text": (("show", ""), 1, "no box '' is in "),
    "no name": (("restore",), 2, "attic restore: "),
    "no such action": (("burn",), 2, "attic: "),
    "no origin": (("restore", BLANK), 1, "note.json does not say where it came from"),
}


@pytest.mark.parametrize(("words", "code", "sentence"), BAD.values(), ids=BAD)
def test_a_mistake_gets_a_sentence_and_a_hint_and_nothing_is_done(
    root: Path, words: tuple[str, ...], code: int, sentence: str
) -> None:
    before = see_tree(root)
    done = wf("attic", *words)
    assert (done.code, done.out) == (code, "")
    message, hint = done.err.splitlines()
    assert sentence in message
    assert hint.startswith("hint: ")
    assert see_tree(root) == before


def test_a_note_with_controls_in_it_reaches_no_terminal(root: Path) -> None:
    note = {"from": "\x1b[31m\u202eevil", "reason": "a\nb\rc"}
    add_box(root, "20250909-100000-record-eeeeee", b"x", **note)
    words = (("attic",), ("attic", "show", "eeeeee"), ("attic", "empty", "eeeeee"))
    for out in (wf(*typed).out for typed in words):
        assert not set(out) & set("\x1b\u202e\r")
    assert wf("attic", "restore", "eeeeee", "--dry-run").code == 0


def test_what_the_doctor_set_aside_is_brought_back_by_the_name_that_it_told(root: Path) -> None:
    (root / ORIGIN).write_bytes(b'{"project": "Kept", "st')
    forget_moments(root)
    (box,) = (
        Path(one["attic"])
        for one in wf("doctor", "--fix", "--json").data["applied"]
        if one["finding"] == "record-corrupt"
    )
    assert json.loads((root / ORIGIN).read_bytes())["project"] == "Kept"
    assert wf("attic", "restore", box.name).code == 0
    assert (root / ORIGIN).read_bytes() == b'{"project": "Kept", "st'


@pytest.mark.parametrize("place", [".attic", f".attic/{FILE}", f".attic/{FILE}/item"])
def test_showing_follows_no_link_that_was_put_on_the_way_meanwhile(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    outside = tmp_path / "outside"
    (outside / FILE).mkdir(parents=True)
    for path in (outside / "item", outside / FILE / "item"):
        path.write_text("never to be read")

    def swap(root_path: str) -> Folder:
        (root / place).rename(tmp_path / "moved")
        (root / place).symlink_to(outside / "item" if place.endswith("item") else outside)
        return open_root(root_path)

    monkeypatch.setattr("wfsession.cli.attic.open_root", swap)

    done = wf("attic", "show", FILE, "--json")

    assert (root / place).is_symlink()
    assert (done.code, done.data["text"]) == (0, None)
