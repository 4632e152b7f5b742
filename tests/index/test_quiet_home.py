"""Directories that rest are not listed again, and nothing that comes, goes or changes is missed."""

import os
from pathlib import Path

import pytest
from attrs import evolve, field, frozen

from tests.indexing import Home, age, dump_rebuilt, say
from wfsession.index import ahead
from wfsession.index.refresh import Progress
from wfsession.threads import folders
from wfsession.threads.claude_code import ClaudeCode
from wfsession.threads.reader import Files


@frozen
class Counting(ClaudeCode):
    """The reader, with each time that it was asked for all files."""

    listings: list[str] = field(factory=list)

    def list_files(self, home: str) -> Files:
        self.listings.append(home)
        return super().list_files(home)


@pytest.fixture
def listings(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the listings of a home whose directories rest whenever it is asked."""
    monkeypatch.setattr(folders, "GRAIN_NS", 0)
    reader = Counting()
    home.sources = evolve(home.sources, reader=reader)
    home.rests = True
    return reader.listings


def read_keys(home: Home) -> list[str]:
    sql = "SELECT key FROM responses WHERE counts = 1 ORDER BY key"
    return [key for (key,) in home.ask(lambda index: index.execute(sql).fetchall()).value]


def test_directories_that_rest_are_not_listed_again(home: Home, listings: list[str]) -> None:
    home.put("one.jsonl", [say("m1")])
    home.put("one/subagents/agent-a1.jsonl", [say("m2")])
    assert read_keys(home) == ["m1", "m2"]
    assert len(listings) == 1
    assert read_keys(home) == ["m1", "m2"]
    assert len(listings) == 1


def test_a_file_that_grew_shrank_or_was_written_over_is_seen_without_a_listing(
    home: Home, listings: list[str]
) -> None:
    path = home.put("one.jsonl", [say("m1")])
    read_keys(home)
    home.append("one.jsonl", [say("m2")])
    assert read_keys(home) == ["m1", "m2"]
    path.write_bytes(b"")
    assert read_keys(home) == []
    path.write_bytes(path.read_bytes() + b"{}\n")
    age(path)
    read_keys(home)
    assert len(listings) == 1
    assert home.dump() == dump_rebuilt(home)


@pytest.mark.parametrize(
    "name",
    [
        "two.jsonl",
        "one/subagents/agent-a2.jsonl",
        "one/subagents/workflows/wf_1-a/agent-a3.jsonl",
        "two/subagents/agent-a2.jsonl",
        "../-home-sam-copy/one.jsonl",
    ],
)
def test_what_comes_or_goes_is_seen_wherever_it_lies(
    home: Home, listings: list[str], name: str
) -> None:
    home.put("one.jsonl", [say("m1")])
    home.put("one/subagents/agent-a1.jsonl", [say("m2")])
    read_keys(home)
    path = home.put(name, [say("m3")])
    assert read_keys(home) == ["m1", "m2", "m3"]
    path.unlink()
    assert read_keys(home) == ["m1", "m2"]
    assert len(listings) == 3


def test_the_time_of_a_directory_may_be_set_back_as_archives_do(
    home: Home, listings: list[str]
) -> None:
    home.put("one.jsonl", [say("m1")])
    read_keys(home)
    home.rests = False
    before = home.project.stat()
    home.put("two.jsonl", [say("m2")])
    while home.project.stat().st_ctime_ns == before.st_ctime_ns:
        os.utime(home.project, ns=(before.st_mtime_ns, before.st_mtime_ns))
    os.utime(home.project, ns=(before.st_mtime_ns, before.st_mtime_ns))
    assert read_keys(home) == ["m1", "m2"]


def test_a_directory_that_changed_just_now_is_listed_again(
    home: Home, listings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "GRAIN_NS", 3_600_000_000_000)
    home.put("one.jsonl", [say("m1")])
    assert read_keys(home) == read_keys(home) == ["m1"]
    assert len(listings) == 2


def test_a_home_that_appears_is_seen(home: Home, listings: list[str]) -> None:
    home.project.rmdir()
    home.project.parent.rmdir()
    assert read_keys(home) == read_keys(home) == []
    assert len(listings) == 1
    home.put("one.jsonl", [say("m1")])
    assert read_keys(home) == ["m1"]


@pytest.mark.parametrize("link", ["one.jsonl", "../-linked", "one/subagents"])
def test_what_a_link_leads_to_may_go_and_come_again(
    home: Home, listings: list[str], tmp_path: Path, link: str
) -> None:
    home.put("two.jsonl", [say("m2")])
    # As a disk that is mounted and unmounted: what is on it has the times that it had.
    disk, place = tmp_path / "disk", tmp_path / "disk" / "place"
    disk.mkdir()
    if link.endswith(".jsonl"):
        place.write_bytes(home.put("elsewhere", [say("m1")]).read_bytes())
    else:
        home.put("elsewhere/agent-a1.jsonl", [say("m1")]).parent.rename(place)
    home.file(link).parent.mkdir(exist_ok=True)
    home.file(link).symlink_to(place)
    # A file that cannot be read keeps its rows.
    left = ["m1", "m2"] if link.endswith(".jsonl") else ["m2"]
    for _ in range(2):
        assert read_keys(home) == ["m1", "m2"]
        disk.rename(tmp_path / "aside")
        for _ in range(2):
            problems = home.ask(lambda _: None).refreshed.problems
            assert [one.path for one in problems] == [str(home.file(link))] * (len(left) - 1)
            assert read_keys(home) == left
        (tmp_path / "aside").rename(disk)
    assert read_keys(home) == ["m1", "m2"]


def test_what_was_broken_off_is_not_taken_for_read(
    home: Home, listings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_BATCH_FILES", 1)
    for number in range(3):
        home.put(f"{number}.jsonl", [say(f"m{number}")])

    def interrupt(progress: Progress) -> None:
        if progress.files == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        home.ask(lambda _: None, watch=interrupt)
    assert read_keys(home) == ["m0", "m1", "m2"]


def test_what_cannot_be_used_is_told_of_each_time(home: Home, listings: list[str]) -> None:
    os.mkfifo(home.file("one.jsonl"))
    snapshot = home.put("one/workflows/wf_1-a.json", b"{")
    for _ in range(2):
        problems = home.ask(lambda _: None).refreshed.problems
        assert {one.path for one in problems} == {str(home.file("one.jsonl")), str(snapshot)}
    home.file("one.jsonl").unlink()
    for _ in range(2):
        assert len(home.ask(lambda _: None).refreshed.problems) == 1
    assert len(listings) == 3
    with open(os.fsencode(home.project) + b"/\xff.jsonl", "wb"):
        pass
    for _ in range(2):
        assert len(home.ask(lambda _: None).refreshed.problems) == 2


def test_names_that_are_no_utf_8_are_kept_apart_too(home: Home, listings: list[str]) -> None:
    home.put("one.jsonl", [say("m1")])
    folder = os.fsencode(home.project) + b"/\xff\n"
    os.mkdir(folder)
    assert read_keys(home) == read_keys(home) == ["m1"]
    assert len(listings) == 1
    os.mkdir(folder + b"/subagents")
    read_keys(home)
    assert len(listings) == 2
