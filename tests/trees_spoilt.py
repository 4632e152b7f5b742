"""Roots in any state that people, scripts, crashes and older tools could leave; drawn and built.

A drawn tree is a value, so that one that broke something is printed and can be built again. Each
file of a user holds bytes that no other file has. Holds no opinion on what is right.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar
from unicodedata import normalize

import attrs
from hypothesis import strategies as st

from tests.trees_disk import OLD_NS, RECORD, SECOND_NS
from wfsession.core.journal import encode_intent
from wfsession.core.model import LogEntry
from wfsession.core.names import is_session_name
from wfsession.core.recording import Moves
from wfsession.core.times import parse_time

Kind = Literal["file", "directory", "link", "twin", "fifo", "hole"]

NAMES = (
    "WFS-a",
    "WFS-a-2",
    "WFS-b",
    "wfs-B",
    "plain",
    normalize("NFC", "WFS-ü"),
    normalize("NFD", "WFS-ü"),
    "WFS-d-20250905100000",
    # Has no room for a number.
    "WFS-" + "x" * 196,
)
STATUSES = ("active", "paused", "completed", "archived", "failed", "planning", "on hold", "")
STRAYS = ("", "WFS-a~", "WFS-a (1)", "WFS-a.sync-conflict-20250905", "\udcff", "-x", "a ")
# One larger than any that Linux gives out.
NOBODYS_PID = 2**22 + 1
_TOO_LARGE = 8_000_001


_RECORD_KINDS = (
    *["good"] * 6,
    *["wrong", "wrong", "torn", "torn", "bytes", "newer", "missing", "odd", "odd"],
)


@attrs.frozen
class Entry:
    """One entry of a root: `data` is a file's bytes or a link's target, `age_s` seconds.

    A twin is a second name of the file that `data` names; a hole is a file of as many bytes as a
    record may not have.
    """

    path: str
    kind: Kind = "file"
    data: bytes = b""
    age_s: int = 7200


@attrs.frozen
class SpoiltTree:
    """Entries in the order in which they are made, and what no file can hold."""

    entries: tuple[Entry, ...]
    unwritable: frozenset[str] = frozenset()
    has_stale_lock: bool = False


T = TypeVar("T")


@cache
def _among(*values: T) -> st.SearchStrategy[T]:
    """Return the strategy that draws one of them, made once: that costs more than to draw."""
    return st.sampled_from(values)


class _Painter:
    """Draws the entries of one tree."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.entries: list[Entry] = []
        # What the records of sessions in the root say that they are.
        self.ids: dict[str, str] = {}

    def pick(self, *values: T) -> T:
        """Draw one of some values; what shrinks is the first."""
        return self.draw(_among(*values))

    def rarely(self, of: int) -> bool:
        """Draw a yes, once in so many times."""
        return self.draw(_among(*range(of))) == of - 1

    def put(self, path: str, kind: Kind = "file", data: bytes = b"", age_s: int = 7200) -> None:
        self.entries.append(Entry(path, kind, data, age_s))

    def write_mine(self, path: str, age_s: int = 7200) -> None:
        """Put a file of the user's: its bytes are found nowhere else."""
        self.put(path, data=f"mine {len(self.entries)}".encode(), age_s=age_s)

    def place(self, place: str, name: str) -> None:
        """Put something where a session goes."""
        where = f"{place}{name}"
        kind = self.pick(*["session"] * 12, "link", "file", "empty")
        if kind == "link":
            self.put(where, "link", b"../elsewhere")
        elif kind == "file":
            self.write_mine(where)
        elif kind == "empty":
            self.put(where, "directory")
        else:
            self.write_mine(f"{where}/PLAN.md")
            self.write_mine(f"{where}/.task/IMPL-1.json")
            self.record(where, name)
            if self.rarely(6):
                self.put(f"{where}/.archiving", data=self.pick(b"", b"sign"))
            if self.rarely(40):
                self.write_mine(f"{where}/.threads/claude--1.json")

    def record(self, where: str, name: str) -> None:
        path = f"{where}/{RECORD}"
        kind = self.pick(*_RECORD_KINDS)
        if kind == "missing":
            return
        if kind == "odd":
            odd: Kind = self.pick("directory", "link", "fifo", "hole")
            self.put(path, odd, b"PLAN.md")
            if odd == "directory":
                self.write_mine(f"{path}/inside")
            return
        if kind == "bytes":
            some = [b"", b"\x00\xff", b"[1]", b"null", b"<<<<<<< HEAD", b'"text"', b"{" * 2000]
            self.put(path, data=self.pick(*some))
            return
        self.put(path, data=self.text(kind, name, where))

    def text(self, kind: str, name: str, where: str) -> bytes:
        """Draw a record's text; `their_own` is unlike that of any other."""
        known = normalize("NFC", name)
        ids = [known] * 6 + ["WFS-was"] * 5 + ["no name/at all", name, ""]
        record: dict[str, object] = {
            "session_id": self.pick(*ids),
            "their_own": len(self.entries),
            "project": "P",
            "status": self.pick(*STATUSES),
        }
        if "/" not in where:
            self.ids[where] = str(record["session_id"])
        if kind == "wrong":
            for key in sorted(self.draw(_SOME_WRONG)):
                record[key] = _WRONG[key]
        if kind == "newer":
            record[self.pick("schema", "schema_version")] = 2
        text = json.dumps(record, ensure_ascii=False).encode()
        before = self.pick(b"", b"\xef\xbb\xbf", b"\n ")
        if kind == "torn":
            text = text[: self.draw(st.integers(1, len(text) - 1))]
        return before + text

    def marker(self, name: str) -> None:
        path = f".active-{name}"
        kind = self.pick(*["plain"] * 8, "bytes", "directory", "link", "twin")
        others = [one for one in self.entries if one.path.startswith(".active-") and not one.data]
        # Of few values, so that some are equal.
        age_s = self.pick(7200, 3600, 3600, 60, -30, -7200)
        if kind == "plain":
            self.put(path, age_s=age_s)
        elif kind == "bytes":
            self.write_mine(path, age_s)
        elif kind == "directory":
            self.write_mine(f"{path}/inside")
        elif kind == "twin" and others:
            self.put(path, "twin", os.fsencode(others[0].path), age_s)
        else:
            self.put(path, "link", b"WFS-a")

    def journal(self) -> None:
        """Put the journal of an operation that was cut short, about a session that may be there."""
        where = self.pick(*self.ids)
        name = normalize("NFC", where)
        renamed = {
            one: old
            for one, old in self.ids.items()
            if is_session_name(old) and normalize("NFC", old) != normalize("NFC", one)
        }
        op = self.pick(*["completed"] * 3, *["renamed"] * 8 * bool(renamed), "archived", "switched")
        moves: Moves = ((where, f"completed/{where}"),) if op == "archived" else ()
        if op == "completed" and self.rarely(2):
            moves = ((where, f"completed/{where}"),)
        if op == "renamed":
            where = self.pick(*renamed)
            name, moves = normalize("NFC", where), ((renamed[where], where),)
        entry = LogEntry("1a", op, parse_time("2026-01-02T03:04:05Z"), name, (name, None), moves)
        self.put(".wf/journal.jsonl", data=encode_intent(entry))

    def rubbish(self) -> None:
        """Put what is no session and no marker: ours, other tools', and that of older ones."""
        line = json.dumps({"id": "WFS-b", "description": f"line {len(self.entries)}"}).encode()
        if self.rarely(8):
            self.put("session_status.jsonl", data=line)
        if self.rarely(8):
            older = self.pick("sessions", "active", "archives", ".archives")
            self.write_mine(f"{older}/WFS-older/{RECORD}")
        if self.rarely(6):
            self.write_mine(".wf/tmp/record-1-a", self.pick(60, 7200))
        if self.rarely(8):
            self.write_mine(".wf/tmp/session-1-a/PLAN.md")
        if self.rarely(8):
            self.write_mine(".wf/tmp/workspace-1/notes")
        if self.rarely(5):
            bound = self.pick(b"WFS-a", b"WFS-gone", b"", b"\xff")
            self.put(".threads/codex--1", data=bound + b"\n" + str(len(self.entries)).encode())
        if self.rarely(4):
            self.write_mine("notes.txt")
            self.write_mine(".lite-plan/x/plan.md")


_WRONG: dict[str, object] = {
    "type": 5,
    "status": ["active"],
    "progress": 5,
    "meta": {"created": "yesterday", "updated": 7},
    "transitions": [{"completed_at": 3}],
    "renamed_from": ["WFS-first", 1],
    "checkpoint": {"at": 1, "tasks": "x"},
    "created_at": False,
    "task_system": {"task_count": {"total": "3"}},
}


_PLACES = [(place, name) for place in ("", "completed/") for name in NAMES]
_SOME_PLACES = st.lists(st.sampled_from(_PLACES), unique=True, max_size=6)
_MARKED = [*NAMES, "WFS-gone", "WFS-gone-too", *STRAYS]
_SOME_MARKED = st.lists(st.sampled_from(_MARKED), unique=True, max_size=3)
_SOME_CLOSED = st.sets(st.sampled_from([".", ".wf", *NAMES[:3]]))
_SOME_WRONG = st.sets(st.sampled_from(sorted(_WRONG)), min_size=1)


@st.composite
def spoilt_trees(draw: st.DrawFn) -> SpoiltTree:
    """Roots with sessions, markers and rubbish in any state."""
    painter = _Painter(draw)
    has_completed = not painter.rarely(20)
    if not has_completed:
        painter.place("", "completed")
    marked = draw(_SOME_MARKED)
    for place, name in draw(_SOME_PLACES):
        if has_completed or not place:
            painter.place(place, name)
        if name not in marked and painter.pick(False, True):
            marked.append(name)
    for name in marked:
        painter.marker(name)
    painter.rubbish()
    if painter.ids and not painter.rarely(2):
        painter.journal()
    unwritable = draw(_SOME_CLOSED) if painter.rarely(6) else ()
    is_locked = painter.rarely(12)
    # Both together, nothing can be done: the lock cannot be set aside.
    if not is_locked and painter.rarely(40):
        painter.write_mine(".attic")
    return SpoiltTree(tuple(painter.entries), frozenset(unwritable), is_locked)


@contextmanager
def build_spoilt(tree: SpoiltTree, root: Path) -> Iterator[None]:
    """Make the tree at `root`, which must not exist; it goes, and its lock, as one leaves."""
    root.mkdir()
    try:
        _build(tree, root)
        with _hold_lock(root) if tree.has_stale_lock else nullcontext():
            os.utime(root, ns=(OLD_NS, OLD_NS))
            yield
    finally:
        shutil.rmtree(root)


def _build(tree: SpoiltTree, root: Path) -> None:
    now_ns = time.time_ns()
    for entry in tree.entries:
        path = root / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path, entry)
        stamp_ns = now_ns - entry.age_s * SECOND_NS
        os.utime(path, ns=(stamp_ns, stamp_ns), follow_symlinks=False)
    for staged in root.glob(".wf/tmp/*/"):
        os.utime(staged, ns=(OLD_NS, OLD_NS))


@contextmanager
def _hold_lock(root: Path) -> Iterator[None]:
    """Hold the lock in the name of nobody, by an open file of its own, as another process does."""
    (root / ".wf").mkdir(exist_ok=True)
    lock = root / ".wf" / "lock"
    lock.write_text(f"process {NOBODYS_PID} on {os.uname().nodename}\n")
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _make(path: Path, entry: Entry) -> None:
    if entry.kind == "directory":
        path.mkdir()
    elif entry.kind == "link":
        path.symlink_to(os.fsdecode(entry.data))
    elif entry.kind == "twin":
        os.link(path.with_name(os.fsdecode(entry.data)), path)
    elif entry.kind == "fifo":
        os.mkfifo(path)
    else:
        path.write_bytes(entry.data)
        if entry.kind == "hole":
            os.truncate(path, _TOO_LARGE)
