"""`wf verify-fs`: which promises hold on a disk, for people and for scripts."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wf import run, run_in_terminal, see_tree, strip_colour, wf
from wfsession.core.verify import ASSUMPTIONS, Check

GOOD = Check("locks-hold", True, "nobody else took it", "two writers never work at once")
BAD = Check("times-are-kept", False, "it was 1 s away", "of two markers, the later one counts")
UNKNOWN = Check("files-are-synced", None, "it could not be tried", "a command survives")
ODD = Check("case-is-distinguished", False, "they are one", "")


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return a function that puts checks in place of the real ones, and gives where they ran."""

    def put_them(*checks: Check, kind: str = "ext4") -> list[str]:
        places: list[str] = []

        def verify(directory: str) -> Iterator[Check]:
            places.append(directory)
            yield from checks

        monkeypatch.setattr("wfsession.cli.verify.verify", verify)
        monkeypatch.setattr("wfsession.cli.verify.read_kind", lambda path: kind)
        return places

    return put_them


def test_a_disk_that_keeps_every_promise_is_0(empty: Path, put: Any) -> None:
    put(GOOD, ODD)
    done = wf("verify-fs")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"Every promise holds on {empty} (ext4).\n"
        "holds\tlocks-hold\ttwo writers never work at once\tnobody else took it\n"
        "no\tcase-is-distinguished\t-\tthey are one\n"
    )


@pytest.mark.parametrize(("check", "word"), [(BAD, "fails"), (UNKNOWN, "unknown")])
def test_a_promise_that_does_not_hold_or_may_not_is_3_and_told_first(
    empty: Path, put: Any, check: Check, word: str
) -> None:
    put(GOOD, check, kind="nfs4")
    done = wf("verify-fs")
    assert done.code == 3
    lines = done.out.splitlines()
    assert lines[:3] == [
        f"1 promise may not hold on {empty} (nfs4):",
        f"{word}: {check.promise}",
        f"  {check.name}: {check.seen}",
    ]
    assert lines[3].startswith("nfs4: between machines the lock is as good as the server's")
    assert [line.split("\t")[0] for line in lines[4:]] == ["holds", word]


def test_json_has_the_keys_of_the_contract(empty: Path, put: Any) -> None:
    put(BAD, UNKNOWN, ODD, kind="")
    done = wf("verify-fs", "--json")
    assert done.code == 3
    assert done.data == {
        "directory": str(empty),
        "filesystem": None,
        "hint": None,
        "checks": [
            {"name": one.name, "holds": one.holds, "seen": one.seen, "promise": one.promise or None}
            for one in (BAD, UNKNOWN, ODD)
        ],
    }


def test_without_a_directory_it_is_the_project_or_the_current_one(
    project: Path, put: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    places = put(GOOD)
    below = project / "below"
    below.mkdir()
    (tmp_path / "link").symlink_to(below)
    monkeypatch.chdir(below)
    for words in ([], ["."], [str(tmp_path / "link")], ["--root", str(project / ".workflow")]):
        assert wf("verify-fs", *words).code == 0
    monkeypatch.chdir("/")
    assert wf("verify-fs").code == 0
    assert places == [str(project), str(below), str(below), str(project), "/"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([""], 2, "the directory is an empty text"),
        (["x", "--root", "y"], 2, "the directory is named twice"),
        (["--root", "/nowhere"], 1, "no .workflow directory in /nowhere"),
        (["/nowhere"], 1, "/nowhere: No such file or directory"),
        (["/proc"], 1, "/proc/"),
        ([os.devnull], 1, "is no directory"),
    ],
)
def test_what_cannot_be_tried_out_is_one_sentence_and_a_hint(
    empty: Path, words: list[str], code: int, sentence: str
) -> None:
    done = wf("verify-fs", *words)
    assert (done.code, done.out) == (code, "")
    told, hint = done.err.splitlines()
    assert sentence in told
    assert hint.startswith("hint: ")


def test_for_real_it_answers_for_each_assumption_and_leaves_everything_as_it_was(
    project: Path,
) -> None:
    seen = see_tree(project)
    done = run("verify-fs", "--json", cwd=project)
    assert (done.code, done.err) == (0, "")
    assert done.data["directory"] == str(project)
    assert [one["name"] for one in done.data["checks"]] == [one.name for one in ASSUMPTIONS]
    assert all(one["holds"] for one in done.data["checks"] if one["promise"])
    assert see_tree(project) == seen


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_whoever_ends_it_nothing_stays(
    empty: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    def end(self: Any, trial: Any) -> None:
        trial.folder.create_marker("left")
        signal.raise_signal(number)

    before = signal.getsignal(number)
    monkeypatch.setattr("wfsession.core.verify._try", lambda one, trial: end(None, trial))
    if number is signal.SIGINT:
        assert wf("verify-fs").code == code
    else:
        with pytest.raises(SystemExit) as caught:
            wf("verify-fs")
        assert caught.value.code == code
    assert os.listdir(empty) == []
    assert signal.getsignal(number) is before


def test_a_signal_that_is_ignored_stays_ignored(
    empty: Path, put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(GOOD)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert wf("verify-fs").code == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("patience_s", "told"), [(-1, True), (1e9, False)])
def test_who_waits_long_is_told_how_far_it_is(
    empty: Path, put: Any, monkeypatch: pytest.MonkeyPatch, patience_s: float, told: bool
) -> None:
    put(BAD)
    monkeypatch.setattr("wfsession.cli.verify._QUIET_S", patience_s)
    assert wf("verify-fs").err == ""
    monkeypatch.setattr("wfsession.cli.verify.is_terminal", lambda stream: True)
    line = f"wf: 1 of {len(ASSUMPTIONS)}: times-are-kept\n"
    assert wf("verify-fs").err == (line if told else "")


@pytest.mark.parametrize("columns", [40, 200])
def test_on_a_terminal_the_promises_are_there_however_narrow_it_is(
    empty: Path, columns: int
) -> None:
    done = run_in_terminal("verify-fs", columns=columns)
    table = [line for line in strip_colour(done.out).splitlines() if line.startswith("holds")]
    assert max(map(len, table)) <= columns
    assert sum("a switch never shows none" in line for line in table) == 1
    assert ("was always there" in done.out) is (columns == 200)
