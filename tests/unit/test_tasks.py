"""The tasks of a session, from its files and else from its record."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wfsession.core.disk import Folder
from wfsession.core.model import Record, Task, TaskCounts
from wfsession.core.records import parse_record
from wfsession.core.tasks import (
    LIMIT_BYTES,
    count_tasks,
    list_unfinished,
    name_in_hand,
    order_key,
    read_tasks,
)

ids = st.text(st.sampled_from("IMPL-.0129²½٣೨Ⅷ a")) | st.text()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Folder]:
    with Folder.open(str(tmp_path)) as folder:
        yield folder


def put(session: Folder, name: str, content: Any) -> None:
    folder = Path(session.path, ".task")
    folder.mkdir(exist_ok=True)
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / name).write_bytes(data)


def test_ids_are_sorted_by_their_numbers() -> None:
    in_order = ["IMPL-1", "IMPL-1.2", "IMPL-1.10", "IMPL-2", "IMPL-002a", "IMPL-10", "TEST-1"]
    by_name = sorted(in_order)
    assert by_name != in_order
    assert sorted(by_name, key=order_key) == in_order
    assert sorted(["b", "10", "", "9", "a-1", "a"], key=order_key) == [
        "",
        "9",
        "10",
        "a",
        "a-1",
        "b",
    ]


@given(ids, ids)
@example("²", "2")
@example("٣", "3")
@example("9" * 5000, "9" * 5001)
@example("a", "1")
def test_any_two_ids_can_be_sorted(one: str, other: str) -> None:
    first, second = order_key(one), order_key(other)
    assert (first < second) + (second < first) + (first == second) == 1


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.sampled_from(["", "IMPL-", "²"]))
def test_numbers_count_as_numbers(one: int, other: int, prefix: str) -> None:
    assert (order_key(f"{prefix}{one}") < order_key(f"{prefix}{other}")) == (one < other)
    assert order_key(f"{prefix}{one}") == order_key(f"{prefix}000{one}")


@pytest.mark.parametrize("backwards", [False, True])
def test_of_one_id_the_files_are_in_the_order_of_their_names(
    session: Folder, backwards: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.json", "b.json"):
        put(session, name, {"id": "IMPL-1", "status": "pending"})
    names = sorted(("a.json", "b.json"), reverse=backwards)
    monkeypatch.setattr(Folder, "list_names", lambda _: names)
    found = [os.path.basename(task.source) for task in read_tasks(session, None)]
    assert found == ["a.json", "b.json"]


STATUSES = {
    "pending": 0,
    "active": 1,
    "in_progress": 1,
    "completed": 0,
    "blocked": 0,
    "cancelled": 0,
    "container": 0,
    "someday": 0,
}
UNFINISHED = {"pending", "active", "in_progress", "blocked", "someday"}


def test_tasks_are_counted_by_their_status(session: Folder) -> None:
    for number, status in enumerate(STATUSES):
        put(session, f"IMPL-{number}.json", {"id": f"IMPL-{number}", "status": status})
    put(session, "IMPL-90.json", b"{")
    put(session, "notes.md", b"no task")
    counts = count_tasks(session, True, Record(current_tasks=("x",), tasks_total=99))
    assert counts == TaskCounts(done=1, total=len(STATUSES) + 1, in_progress=2, unreadable=1)


@pytest.mark.parametrize("status", STATUSES)
def test_what_is_completed_cancelled_or_a_container_is_not_unfinished(
    session: Folder, status: str
) -> None:
    put(session, "IMPL-1.json", {"id": "IMPL-1", "status": status})
    expected = ("IMPL-1",) if status in UNFINISHED else ()
    assert list_unfinished(session, Record()) == expected
    # In hand in the record or not: a file that says it is done counts.
    assert list_unfinished(session, Record(current_tasks=("IMPL-1",))) == expected


def test_tasks_in_hand_that_have_no_file_are_unfinished_too(session: Folder) -> None:
    put(session, "IMPL-10.json", {"id": "IMPL-10", "status": "pending"})
    put(session, "IMPL-3.json", b"")
    found = list_unfinished(session, Record(current_tasks=("IMPL-2", "IMPL-10")))
    assert found == ("IMPL-2", "IMPL-3", "IMPL-10")


def test_of_two_files_of_one_id_an_unfinished_one_counts(session: Folder) -> None:
    put(session, "a.json", {"id": "IMPL-1", "status": "completed"})
    put(session, "b.json", {"id": "IMPL-1", "status": "pending"})
    assert list_unfinished(session, Record(current_tasks=("IMPL-1",))) == ("IMPL-1",)


def test_tasks_are_read_in_the_order_of_their_numbers(session: Folder) -> None:
    put(session, "b.json", {"id": "IMPL-10", "title": "Ten", "status": "pending"})
    put(session, "c.json", {"id": "IMPL-2", "status": "completed", "title": 5, "more": [1]})
    put(session, "a.json", {"id": "IMPL-2", "status": "active"})
    put(session, "IMPL-1.json", {"id": 7, "status": "active"})
    put(session, "IMPL-3.json", {"id": "", "status": "active"})
    folder = os.path.join(session.path, ".task")
    assert read_tasks(session, Record(current_tasks=("x",))) == (
        Task("IMPL-1", "", "active", f"{folder}/IMPL-1.json"),
        Task("IMPL-2", "", "active", f"{folder}/a.json"),
        Task("IMPL-2", "", "completed", f"{folder}/c.json"),
        Task("IMPL-3", "", "active", f"{folder}/IMPL-3.json"),
        Task("IMPL-10", "Ten", "pending", f"{folder}/b.json"),
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[]", b"5", b"null", b"{}", b'{"status": 5}', b"[" * 100_000, b"NaN"],
)
def test_a_file_that_is_no_task_is_listed_as_unreadable(session: Folder, content: bytes) -> None:
    put(session, "IMPL-2.json", {"status": "pending"})
    put(session, "IMPL-1.json", content)
    unreadable, readable = read_tasks(session, None)
    assert (unreadable.id, unreadable.status) == ("IMPL-1", "unreadable")
    assert readable.id == "IMPL-2"
    assert list_unfinished(session, Record()) == ("IMPL-1", "IMPL-2")


def test_a_task_that_is_no_regular_file_is_unreadable(session: Folder) -> None:
    put(session, "IMPL-1.json", {"status": "completed"})
    folder = Path(session.path, ".task")
    (folder / "IMPL-2.json").symlink_to("IMPL-1.json")
    (folder / "IMPL-3.json").mkdir()
    (folder / "IMPL-4.json").symlink_to("gone")
    counts = count_tasks(session, True, None)
    assert counts == TaskCounts(done=1, total=4, unreadable=3)


def test_a_file_larger_than_any_task_is_unreadable(session: Folder) -> None:
    task = b'{"status": "pending"}'
    put(session, "IMPL-1.json", task.ljust(LIMIT_BYTES))
    put(session, "IMPL-2.json", task.ljust(LIMIT_BYTES + 1))
    assert [task.status for task in read_tasks(session, None)] == ["pending", "unreadable"]
    assert LIMIT_BYTES == 8_000_000


def test_where_there_is_said_to_be_no_file_none_is_looked_for(session: Folder) -> None:
    put(session, "IMPL-1.json", {"status": "pending"})
    assert count_tasks(session, False, Record(tasks_total=5)) == TaskCounts(total=5)


def test_without_files_the_record_counts(session: Folder) -> None:
    in_hand = Record(current_tasks=("IMPL-2", "IMPL-1"))
    in_progress = "in_progress"
    assert read_tasks(session, in_hand) == (
        Task("IMPL-1", "", in_progress),
        Task("IMPL-2", "", in_progress),
    )
    assert read_tasks(session, None) == ()
    assert list_unfinished(session, in_hand) == ("IMPL-1", "IMPL-2")
    assert count_tasks(session, False, None) == TaskCounts()
    assert count_tasks(session, False, in_hand) == TaskCounts(0, 2, 2)


@pytest.mark.parametrize("make", ["nothing", "directory", "file", "link"])
def test_a_task_directory_without_tasks_leaves_it_to_the_record(
    session: Folder, make: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = Path(session.path, ".task")
    if make == "directory":
        path.mkdir()
    elif make == "file":
        path.write_bytes(b"")
    elif make == "link":
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        (elsewhere / "IMPL-1.json").write_bytes(b'{"status": "pending"}')
        path.symlink_to(elsewhere)
    record = Record(current_tasks=("IMPL-1",), tasks_done=3)
    assert count_tasks(session, True, record) == TaskCounts(done=3, total=4, in_progress=1)


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        (Record(), TaskCounts()),
        (Record(tasks_total=5), TaskCounts(total=5)),
        (Record(tasks_total=0, current_tasks=("a",)), TaskCounts(0, 0, 1)),
        (Record(tasks_total=5, tasks_done=2, current_tasks=("a",)), TaskCounts(2, 5, 1)),
        (Record(tasks_done=2), TaskCounts(2, 2, 0)),
    ],
)
def test_a_record_counts_by_its_totals_and_else_by_what_is_in_hand(
    session: Folder, record: Record, counts: TaskCounts
) -> None:
    assert count_tasks(session, False, record) == counts


def test_in_hand_is_what_the_record_names_and_what_was_begun_but_nothing_finished(
    session: Folder,
) -> None:
    for number, status in enumerate(("in_progress", "completed", "active", "pending")):
        put(session, f"IMPL-{number}.json", {"id": f"IMPL-{number}", "status": status})
    record = parse_record(b'{"progress": {"current_tasks": ["IMPL-1", "IMPL-9", "IMPL-2"]}}')
    assert isinstance(record, Record)
    tasks = read_tasks(session, record)
    assert name_in_hand(tasks, record) == ("IMPL-9", "IMPL-2", "IMPL-0")
    assert name_in_hand(tasks, None) == ("IMPL-0", "IMPL-2")
