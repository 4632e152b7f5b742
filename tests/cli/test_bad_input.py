"""Names, titles, roots and records that are not as they should be: a sentence, and nothing lost."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, PAUSED, forget_moments, list_markers, run, see_tree, wf

NAMES = {
    "with a slash": "a/b",
    "up": "../x",
    "dots": "..",
    "a dot": ".",
    "hidden": ".hid",
    "ends with a dot": "a.",
    "begins with a hyphen": "--name=-x",
    "a NUL": "a\0b",
    "an escape": "\x1b[31m",
    "a line end": "a\nb",
    "a tab": "a\tb",
    "an override": "WFS-\u202eevil",
    "too long": "x" * 300,
    "200 letters, 400 bytes": "é" * 200,
    "only hyphens": "---",
    "reserved": "completed",
    "reserved, folded": "Active",
    "a Windows device": "CON",
    "a Windows device with an ending": "aux.txt",
    "empty": "",
    "not composed": "e\u0301",
    "no UTF-8": "a\udcff",
    "a space": "a b",
}
TITLES = {
    "Chinese": ("修复登录", "WFS-修复登录"),
    "from the right": ("تسجيل الدخول", "WFS-تسجيل-الدخول"),
    "mixed": ("OAuth 集成: phase 2", "WFS-oauth-集成-phase-2"),
    "punctuation": ("  Fix: login/logout bug!! ", "WFS-fix-login-logout-bug"),
    "long": ("a" * 10_000, "WFS-" + "a" * 60),
    "looks like a path": ("../../etc/passwd", "WFS-etc-passwd"),
    "looks like markup": ("[bold]x[/bold]", "WFS-bold-x-bold"),
}


def as_option(name: str) -> str:
    return name if name.startswith("--name=") else f"--name={name}"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_that_no_session_may_have_is_refused(project: Path, name: str) -> None:
    before = see_tree(project.parent)
    for words in (("new", "t", as_option(name)), ("rename", PAUSED, name.removeprefix("--name="))):
        done = wf(*words)
        assert done.code in (1, 2)
        message, hint = done.err.splitlines()
        assert message.startswith("wf: ")
        assert hint.startswith("hint: ")
        assert not set(done.err) & set("\x1b\u202e\t\0")
        assert wf(*words, "--json").error["hint"]
    assert see_tree(project.parent) == before


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("verb", ["switch", "show", "archive", "complete"])
def test_a_name_that_no_session_has_is_not_found(project: Path, verb: str, name: str) -> None:
    before = see_tree(project.parent)
    done = wf(verb, "--", name.removeprefix("--name="))
    assert (done.code, done.out) == (1, "")
    assert "hint: " in done.err
    assert see_tree(project.parent) == before


@pytest.mark.parametrize(("title", "name"), TITLES.values(), ids=TITLES)
def test_a_title_of_any_text_makes_a_name_and_is_kept_whole(
    project: Path, title: str, name: str
) -> None:
    assert wf("new", title, "--json").data["session"] == name
    assert wf("show", "--json").data["title"] == title
    assert wf("switch", PAUSED).code == 0
    assert wf("switch", name).code == 0


def test_titles_without_a_letter_get_different_dated_names(project: Path) -> None:
    names = [wf("new", title, "--json").data["session"] for title in ("🎉🎉", "!!!", "🎉🎉")]
    assert len(set(names)) == 3
    for name in names:
        assert name.removeprefix("WFS-")[:8].isdigit()


@pytest.mark.parametrize("title", ["", " ", "\n\t ", "\u3000"])
def test_a_blank_title_is_refused(project: Path, title: str) -> None:
    before = see_tree(project)
    done = wf("new", title)
    assert (done.code, done.out) == (1, "")
    assert "hint: wf new " in done.err
    assert see_tree(project) == before


Make = Callable[[Path], None]
LOOKING = [("list",), ("current",), ("path",), (), ("show", "x")]
WRITING = [("new", "x"), ("pause",), ("switch", "x"), ("task", "add", "x"), ("init",)]


def make_file(root: Path) -> None:
    root.write_text("somebody's")


def make_link(root: Path) -> None:
    root.symlink_to(".")


def make_loop(root: Path) -> None:
    root.symlink_to(".workflow")


def make_dangling(root: Path) -> None:
    root.symlink_to("nowhere")


def make_fifo(root: Path) -> None:
    os.mkfifo(root)


@pytest.mark.parametrize("make", [make_file, make_link, make_loop, make_dangling, make_fifo])
@pytest.mark.parametrize("words", [*LOOKING, *WRITING, ("exec", "true")])
def test_a_root_that_is_no_directory_is_a_sentence(
    empty: Path, make: Make, words: tuple[str, ...]
) -> None:
    make(empty / ".workflow")
    before = see_tree(empty)
    done = wf(*words)
    assert (done.code, done.out) == (1, "")
    assert str(empty / ".workflow") in done.err
    assert "hint: " in done.err
    assert see_tree(empty) == before


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root"
)
@pytest.mark.parametrize("mode", [0o000, 0o555], ids=["unreadable", "read-only"])
def test_a_root_that_is_closed_to_us_is_a_sentence(project: Path, mode: int) -> None:
    root = project / ".workflow"
    root.chmod(mode)
    try:
        for words in [*WRITING, *(LOOKING if mode == 0 else [])]:
            done = wf(*words)
            assert (done.code, done.out) == (1, "") or words == ("init",)
            assert "Traceback" not in done.err
        if mode:
            assert wf("current").out == f"{ACTIVE}\n"
            assert wf("list").code == 0
    finally:
        root.chmod(0o755)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes somebody else"
)
@pytest.mark.needs("setpriv")
@pytest.mark.parametrize("mode", [0o700, 0o755], ids=["unreadable", "read-only"])
def test_a_root_that_is_closed_to_somebody_else_is_a_sentence(seed_tree: Path, mode: int) -> None:
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    if run("--version", cwd=Path("/"), prefix=nobody).code != 0:
        pytest.skip("nobody else may run this Python")
    # Not below the tests' own directory, which nobody else may enter.
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        shutil.copytree(seed_tree, project, symlinks=True)
        for path in (Path(folder), project):
            path.chmod(0o755)
        (project / ".workflow").chmod(mode)
        before = see_tree(project)
        for words in (*WRITING[:4], *(LOOKING[:3] if mode == 0o700 else ())):
            done = run(*words, cwd=project, prefix=nobody)
            assert (done.code, done.out) == (1, ""), words
            assert "Permission denied" in done.err
            assert "hint: " in done.err
            assert "Traceback" not in done.err
        if mode == 0o755:
            assert run("current", cwd=project, prefix=nobody).out == f"{ACTIVE}\n"
            assert run("list", cwd=project, prefix=nobody).code == 0
        assert see_tree(project) == before


DEEP = "[" * 100_000 + "]" * 100_000
RECORDS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "record-corrupt"),
    "blank": (b" \n\n", "record-corrupt"),
    "truncated": (b'{"session_id": "WFS-odd", "pro', "record-corrupt"),
    "a list": (b"[1, 2]", "record-corrupt"),
    "text": (b'"x"', "record-corrupt"),
    "null": (b"null", "record-corrupt"),
    "no JSON": (b"session: x", "record-corrupt"),
    "binary": (bytes(range(256)), "record-corrupt"),
    "no UTF-8": (b'{"project": "\xff\xfe"}', "record-corrupt"),
    "NaN": (b'{"session_id": "WFS-odd", "progress": {"total": NaN}}', "record-corrupt"),
    "deeply nested": (f'{{"x": {DEEP}}}'.encode(), "record-corrupt"),
    "a future schema": (b'{"schema_version": 99, "project": "x"}', "record-newer-schema"),
    "merge markers": (b"<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n", "record-corrupt"),
}


def put_record(project: Path, data: bytes) -> Path:
    path = project / ".workflow" / "WFS-odd" / "workflow-session.json"
    path.parent.mkdir()
    path.write_bytes(data)
    forget_moments(project)
    return path


@pytest.mark.parametrize(("data", "finding"), RECORDS.values(), ids=RECORDS)
def test_a_record_that_cannot_be_used_is_listed_and_never_written(
    project: Path, data: bytes, finding: str
) -> None:
    put_record(project, data)
    before = see_tree(project)
    rows = {row["name"]: row for row in wf("list", "--json").data["sessions"]}
    assert (rows["WFS-odd"]["state"], rows["WFS-odd"]["problems"]) == ("bad", [finding])
    assert set(rows) >= {ACTIVE, PAUSED}
    assert wf("show", "WFS-odd").code == wf("--session", "WFS-odd").code == 0
    for words in (
        ("switch", "WFS-odd"),
        ("complete", "WFS-odd", "--force"),
        ("archive", "WFS-odd"),
        ("reopen", "WFS-odd"),
        ("rename", "WFS-odd", "WFS-other"),
        ("--session", "WFS-odd", "phase", "next"),
        ("--session", "WFS-odd", "checkpoint"),
        ("--session", "WFS-odd", "task", "add", "T"),
    ):
        done = wf(*words)
        assert (done.code, done.out) == (1, ""), words
        message, hint = done.err.splitlines()
        assert "workflow-session.json" in message or "WFS-odd" in message
        assert hint.startswith("hint: ")
    assert see_tree(project) == before
    assert list_markers(project) == [f".active-{ACTIVE}"]


def test_a_record_of_100_megabytes_is_not_read(project: Path) -> None:
    path = put_record(project, b"{")
    os.truncate(path, 100_000_000)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (600_000_000,) * 2); "
    script = limit + "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
    done = run("list", cwd=project, prefix=(sys.executable, "-c", script))
    assert done.code == 0
    assert "100,000,000 bytes" in done.out
    assert wf("switch", "WFS-odd").code == 1
    assert path.stat().st_size == 100_000_000


def test_a_byte_order_mark_and_double_keys_are_read_and_kept(project: Path) -> None:
    data = b'\xef\xbb\xbf{"session_id": "WFS-odd", "status": "paused", "x": 1, "x": 2}'
    path = put_record(project, data)
    assert wf("show", "WFS-odd", "--json").data["state"] == "paused"
    assert wf("switch", "WFS-odd").code == 0
    changed = path.read_bytes()
    assert changed.startswith(b'\xef\xbb\xbf{"session_id": "WFS-odd", "status": "active"')
    assert b'"x": 1, "x": 2' in changed


FIELDS = {
    "session_id": 1,
    "project": ["x"],
    "type": {},
    "current_phase": 7,
    "status": True,
    "progress": "much",
    "meta": [],
    "checkpoint": "yesterday",
    "transitions": {"a": 1},
    "renamed_from": "WFS-x",
}


@pytest.mark.parametrize(("field", "value"), FIELDS.items(), ids=FIELDS)
def test_a_field_of_a_wrong_type_is_told_and_stays(
    project: Path, field: str, value: object
) -> None:
    record = {"session_id": "WFS-odd", "project": "x", "current_phase": "PLAN", field: value}
    path = put_record(project, json.dumps(record).encode())
    row = {row["name"]: row for row in wf("list", "--json").data["sessions"]}["WFS-odd"]
    assert "record-wrong-type" in row["problems"]
    told = wf("show", "WFS-odd", "--json").data["wrong_fields"]
    assert any(one["path"].startswith(field) for one in told)
    for words in (
        ("switch", "WFS-odd"),
        ("--session", "WFS-odd", "checkpoint"),
        ("--session", "WFS-odd", "task", "add", "T"),
        ("--session", "WFS-odd", "phase", "next"),
        ("complete", "WFS-odd", "--force"),
    ):
        done = wf(*words)
        assert done.code in (0, 1)
        assert (done.code == 0) is (done.err == "" or "left as it is" in done.err), done
        assert json.loads(path.read_bytes())[field] == value


@pytest.mark.parametrize("make", [make_loop, make_dangling, make_file, make_fifo])
def test_what_stands_in_the_place_of_a_record_is_left_alone(project: Path, make: Make) -> None:
    folder = project / ".workflow" / "WFS-odd"
    folder.mkdir()
    make(folder / "workflow-session.json")
    forget_moments(project)
    before = see_tree(project)
    assert wf("switch", "WFS-odd").code == 1
    row = {row["name"]: row for row in wf("list", "--json").data["sessions"]}["WFS-odd"]
    assert row["state"] == "bad"
    assert see_tree(project) == before


def test_a_session_that_is_a_link_out_of_the_root_is_never_followed(
    project: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    record = {"session_id": "WFS-odd", "project": "secret", "status": "paused"}
    (outside / "workflow-session.json").write_text(json.dumps(record))
    (project / ".workflow" / "WFS-odd").symlink_to(outside)
    forget_moments(tmp_path)
    before = see_tree(tmp_path)
    row = {row["name"]: row for row in wf("list", "--json").data["sessions"]}["WFS-odd"]
    assert (row["state"], row["problems"]) == ("bad", ["unsafe-session"])
    assert "secret" not in wf("show", "WFS-odd").out
    for words in (
        ("switch", "WFS-odd"),
        ("complete", "WFS-odd"),
        ("rename", "WFS-odd", "WFS-x"),
        ("archive", "WFS-odd"),
        ("--session", "WFS-odd", "checkpoint"),
        ("--session", "WFS-odd", "exec", "true"),
    ):
        done = wf(*words)
        assert (done.code, done.out) == (1, ""), words
        assert "hint: " in done.err
    assert see_tree(tmp_path) == before


@pytest.mark.needs("prlimit")
def test_a_disk_that_takes_no_more_is_a_sentence_and_nothing_is_lost(project: Path) -> None:
    # A limit on the size of files is what stands in for a full disk without being root.
    before = see_tree(project)
    for words in (("new", "x"), ("switch", PAUSED), ("checkpoint", "-m", "x")):
        done = run(*words, cwd=project, prefix=("prlimit", "--fsize=0:0"))
        assert (done.code, done.out) == (1, ""), done
        assert "hint: " in done.err
        assert "Traceback" not in done.err
    assert see_tree(project) == before
