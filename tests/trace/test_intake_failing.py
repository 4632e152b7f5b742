"""Writers that are killed, disks that are full, locks that are held, and many at once."""

import errno
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.figures import count
from tests.hands import enumerate_deaths, fail, fork, play, run_in_child, run_together, wait
from tests.trace.talk import PATIENCE, bind, kept, message, mix, part, read, take, tell
from wfsession.core import disk
from wfsession.core.locate import open_root
from wfsession.errors import Conflict, DiskFailed, LockTimeout
from wfsession.trace.book import Patience, hold_conversation
from wfsession.trace.intake import Intake

ALL = mix(message(), part("a"), part("b"))
HASTY = Patience(attempts=3, timeout_s=0.0, first_wait_s=0.0)


def test_four_writers_at_once_lose_nothing_and_double_nothing(root: Path, is_soak: bool) -> None:
    home = bind(root)
    number, batch = (100_000, 500) if is_soak else (1_000, 50)

    def write(writer: int) -> None:
        # Half of what each writes another one writes too.
        first = writer * number // 8
        for start in range(first, first + number // 4, batch):
            said = [message(f"m{n}") for n in range(start, start + batch)]
            parts = (part(f"p{n}", f"m{n}") for n in range(start, start + batch))
            counts = take(root, mix(*said, *parts), patience=Patience(attempts=9, timeout_s=60.0))
            assert counts.skipped == 0

    run_together([partial(write, writer) for writer in range(4)])
    lines = kept(home)
    assert len(lines) == 2 * (number // 4 + 3 * number // 8)
    names = [(line["kind"], line["message_id"]) for line in lines]
    assert len(set(names)) == len(names)
    count("messages by four writers at once", number)


def test_a_writer_killed_in_the_middle_of_a_line_leaves_whole_ones_and_the_rest_comes_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = bind(root)
    take(root, mix(part("first")))
    real = os.write
    whole = mix(*(part(f"p{n}") for n in range(10)))
    for cut in (0, 1, 300, 700, 1_500):

        def die(descriptor: int, data: bytes, cut: int = cut) -> int:
            real(descriptor, data[:cut])
            os.kill(os.getpid(), signal.SIGKILL)
            return 0

        def write(die: Any = die) -> None:
            with monkeypatch.context() as patch:
                patch.setattr(disk, "_write", die)
                take(root, whole)

        path = home / ".conversation" / "opencode--s1.jsonl"
        before = path.read_bytes()
        assert run_in_child(write, expected=(-signal.SIGKILL,)) == -signal.SIGKILL
        assert path.read_bytes().startswith(before)
        counts = take(root, whole)
        assert counts.persisted + counts.duplicate == 10
        texts = [line for line in path.read_bytes().split(b"\n") if line.endswith(b"}")]
        assert len({*texts}) == len(texts) == 11
        path.write_bytes(before)


def test_whichever_call_a_process_dies_at_the_next_one_adds_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(top: Path) -> Path:
        root = top / ".workflow"
        root.mkdir(parents=True)
        take(root, mix(part("held")))
        bind(root)
        return root

    def operate(root: str) -> None:
        take(Path(root), ALL)

    for death in enumerate_deaths(tmp_path, build, operate):
        counts = take(death.root, ALL)
        assert counts.persisted + counts.duplicate == 3
        texts = [line.get("text") for line in kept(death.root / "WFS-a", is_torn=True)]
        assert sorted(filter(None, texts)) == ["a", "b", "held"]


def test_on_a_full_disk_there_are_whole_lines_and_the_items_are_skipped(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = bind(root)
    take(root, mix(part("first")))
    path = home / ".conversation" / "opencode--s1.jsonl"
    before = path.read_bytes()
    real = os.write

    def run_full(descriptor: int, data: bytes) -> None:
        real(descriptor, data[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(disk, "_write", run_full)
        counts = take(root, ALL)
    assert tell(counts) == (0, 0, 3)
    (error,) = counts.errors
    assert isinstance(error, DiskFailed)
    assert error.errno == errno.ENOSPC
    assert path.read_bytes() == before
    assert tell(take(root, ALL)) == (3, 0, 0)


@pytest.mark.parametrize("verb", ["create", "append", "make", "open_file", "child", "stat"])
def test_whichever_call_fails_the_items_are_counted_as_skipped_or_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    home = bind(root)
    take(root, mix(part("first")))
    for at in range(1, 12):
        with monkeypatch.context() as patch:
            fail(patch, errno.EIO, verb, at=at, times=1)
            try:
                counts = take(root, ALL)
            except (OSError, DiskFailed):
                continue  # the root itself cannot be opened
        assert sum(tell(counts)) == 3
    assert tell(take(root, ALL))[2] == 0
    assert len(kept(home)) == 4


def test_a_busy_conversation_is_tried_as_often_as_the_policy_says_and_then_told(root: Path) -> None:
    home = bind(root)
    with open_root(str(root)) as folder, hold_conversation(folder, "opencode--s1", HASTY):
        counts = take(root, mix(part(), part(session_id="s2")), patience=HASTY)
    assert tell(counts) == (1, 0, 1)
    (error,) = counts.errors
    assert isinstance(error, LockTimeout)
    assert "writing to the conversation opencode--s1" in str(error)
    assert "3 attempts of 0 s" in str(error)
    assert "trace.attempts" in error.hint
    assert kept(home) == []


def test_the_root_s_own_lock_is_not_waited_for(root: Path) -> None:
    reader, writer = os.pipe()
    done, told = os.pipe()

    def hold() -> None:
        from wfsession.core.lock import Lock

        os.close(writer)
        with open_root(str(root)) as folder:
            lock = Lock(folder, ".wf", "lock")
            lock.acquire(0)
            os.write(told, b"x")
            os.read(reader, 1)

    take(root, mix(part()))
    child = fork(hold)
    os.read(done, 1)
    counts = take(root, mix(part("b")))
    os.close(writer)
    assert wait(child) == 0
    assert tell(counts) == (1, 0, 0)


@pytest.mark.parametrize("verb", ["append", "make_if_missing", "open_lock_file"])
def test_what_failed_once_is_new_to_the_same_intake_when_it_comes_again(
    root: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    home = bind(root)
    intake = Intake(str(root), PATIENCE)
    (batch,) = read(ALL)
    intake.take(read(mix(part("first")))[0])
    with monkeypatch.context() as patch:
        fail(patch, errno.EIO, verb)
        intake.take(batch)
    assert tell(intake.counts) == (1, 0, 3)
    intake.take(batch)
    assert tell(intake.counts) == (4, 0, 3)
    assert len(kept(home)) == 4


def test_a_lock_that_somebody_deletes_keeps_a_writer_from_writing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = bind(root)
    lock = root / ".wf" / "trace-opencode--s1"
    play(monkeypatch, "make_if_missing", lambda: None)
    # The first time the lock is not held yet.
    played = play(monkeypatch, "child", lock.unlink, name="WFS-a", after=True, at=2)
    counts = take(root, mix(part()))
    assert played
    assert isinstance(counts.errors[0], Conflict)
    assert kept(home) == []


@pytest.mark.parametrize("kind", ["symlink", "directory", "link"])
def test_a_conversation_that_is_no_file_of_its_own_is_refused(
    root: Path, tmp_path: Path, kind: str
) -> None:
    home = bind(root)
    (home / ".conversation").mkdir()
    path, other = home / ".conversation" / "opencode--s1.jsonl", tmp_path / "other"
    other.write_bytes(b"theirs\n")
    if kind == "symlink":
        path.symlink_to(other)
    elif kind == "link":
        os.link(other, path)
    else:
        path.mkdir()
    counts = take(root, ALL)
    assert tell(counts) == (0, 0, 3)
    assert other.read_bytes() == b"theirs\n"
