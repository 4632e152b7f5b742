"""Which files a home has, and what each is, whatever else lies among them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from wfsession.threads.claude_code import READER
from wfsession.threads.reader import Reader

FOLDER = "-home-sam-shop"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "projects" / FOLDER).mkdir(parents=True)
    return tmp_path


def make(home: Path, *paths: str) -> None:
    for name in paths:
        path = home / "projects" / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def kinds(home: Path) -> list[tuple[str, ...]]:
    files = READER.list_files(str(home)).files
    assert [one.path for one in files] == sorted(one.path for one in files)
    return sorted((one.kind, one.thread, one.agent, one.run, one.name) for one in files)


def test_each_file_is_known_by_where_it_lies(home: Path) -> None:
    make(
        home,
        "s1.jsonl",
        "s1/subagents/agent-a1.jsonl",
        "s1/subagents/agent-a1.meta.json",
        "s1/subagents/workflows/wf_1-2/agent-b1.jsonl",
        "s1/subagents/workflows/wf_1-2/agent-b1.meta.json",
        "s1/subagents/workflows/wf_1-2/journal.jsonl",
        "s1/workflows/wf_1-2.json",
        "s1/workflows/scripts/check-totals-wf_1-2.js",
        "s1/tool-results/x.txt",
    )
    assert kinds(home) == [
        ("journal", "s1", "", "wf_1-2", ""),
        ("output", "s1", "", "", ""),
        ("run-agent", "s1", "b1", "wf_1-2", ""),
        ("run-agent-meta", "s1", "b1", "wf_1-2", ""),
        ("script", "s1", "", "wf_1-2", "check-totals"),
        ("snapshot", "s1", "", "wf_1-2", ""),
        ("subagent", "s1", "a1", "", ""),
        ("subagent-meta", "s1", "a1", "", ""),
        ("thread", "s1", "", "", ""),
    ]


def test_what_a_thread_left_is_found_without_its_transcript(home: Path) -> None:
    make(home, "s1/workflows/wf_1-2.json")
    assert kinds(home) == [("snapshot", "s1", "", "wf_1-2", "")]


def test_what_is_none_of_it_is_passed_over(home: Path) -> None:
    make(home, "notes.md", "memory/a.jsonl", "s1/x.jsonl", "s1/subagents/a1.jsonl")
    make(home, "s1/subagents/agent-a1.txt", "s1/subagents/journal.jsonl", "s1/workflows/a.js")
    (home / "projects" / "a-file").write_bytes(b"")
    assert kinds(home) == []
    assert READER.list_files(str(home)).problems == ()
    assert READER.list_files(str(home / "nowhere")).files == ()


def test_what_cannot_be_read_is_told_and_the_rest_listed(home: Path) -> None:
    make(home, "s1.jsonl", "s2.jsonl/inside")
    os.mkfifo(home / "projects" / FOLDER / "s3.jsonl")
    (home / "projects" / FOLDER / "s4.jsonl").symlink_to("gone")
    (home / "projects" / FOLDER / "loop").symlink_to("loop")
    found = READER.list_files(str(home))
    assert [one.thread for one in found.files] == ["s1"]
    assert sorted(os.path.basename(one.path) for one in found.problems) == [
        "loop",
        "s2.jsonl",
        "s3.jsonl",
        "s4.jsonl",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_the_right_to_read_is_told(home: Path) -> None:
    folder = home / "projects" / "secret"
    folder.mkdir(mode=0)
    assert [one.path for one in READER.list_files(str(home)).problems] == [str(folder)]


def test_folders_may_be_linked_to_other_disks(home: Path) -> None:
    make(home, "s1.jsonl")
    (home / "elsewhere").mkdir()
    (home / "elsewhere" / "s2.jsonl").write_bytes(b"")
    (home / "projects" / "-linked").symlink_to(home / "elsewhere")
    found = READER.list_files(str(home)).files
    assert [(one.folder, one.thread) for one in found] == [(FOLDER, "s1"), ("-linked", "s2")]


def test_another_agent_needs_no_more_than_the_reader_has(
    copy_tree: Callable[[str], Path],
) -> None:
    reader: Reader = READER
    assert reader.agent == "claude-code"
    files = reader.list_files(str(copy_tree("claude-home") / ".claude")).files
    assert len(files) == 9
    assert all(os.path.isfile(one.path) for one in files)
