"""Several processes at one attic: each thing comes back once, and nobody gets a traceback."""

import os
from pathlib import Path

import wfsession
from tests.boxes import add_box
from tests.hands import run_together
from tests.trees_disk import check_sound, make_usual_root
from wfsession.errors import NotInAttic

BOX = "20250905-100000-stray-0a1b2c"


def watch_nothing(_: object) -> None:
    pass


def test_of_two_processes_that_restore_one_box_one_does_and_the_other_gets_a_sentence(
    tmp_path: Path,
) -> None:
    for turn in range(10):
        root = make_usual_root(tmp_path / str(turn))
        add_box(root, BOX, b"kept\n", **{"from": "WFS-b/notes"})

        def act(root: Path = root) -> None:
            try:
                wfsession.open(root).restore(BOX)
                outcome = "won"
            except NotInAttic:
                outcome = "lost"
            (root.parent / f"{outcome}-{os.getpid()}").touch()

        run_together([act, act], watch_nothing)

        words = sorted(path.name.partition("-")[0] for path in root.parent.glob("*-*"))
        assert words == ["lost", "won"]
        assert (root / "WFS-b" / "notes").read_bytes() == b"kept\n"
        assert os.listdir(root / ".attic") == []


def test_restoring_beside_emptying_brings_back_the_whole_or_nothing(tmp_path: Path) -> None:
    seen = set()
    for turn in range(20):
        root = make_usual_root(tmp_path / str(turn))
        box = add_box(root, BOX, None, **{"from": "WFS-new"})
        for number in range(5):
            (box / "item" / str(number) / "deep").mkdir(parents=True)
            (box / "item" / str(number) / "deep" / "file").write_bytes(b"x")

        def bring_back(root: Path = root) -> None:
            try:
                wfsession.open(root).restore(BOX)
            except NotInAttic:
                pass

        def let_go(root: Path = root) -> None:
            wfsession.open(root).empty_attic(apply=True)

        run_together([bring_back, let_go], watch_nothing)

        assert os.listdir(root / ".attic") == []
        files = list((root / "WFS-new").rglob("file"))
        assert len(files) in (0, 5)
        seen.add(len(files))
        if not files:
            assert not (root / "WFS-new").exists()
            check_sound(root)
    assert seen <= {0, 5}
