"""The journal: what was done in a root, one line before and one line after each operation.

`encode_` and `parse_` are pure. The file `.wf/journal.jsonl` is private, bounded and deletable:
no answer but those of the log, of undo and of the doctor rests on it. A line that was cut off is
skipped, and what comes after it starts on a line of its own. Source: protocol.md, 7.
"""

import os
from collections.abc import Collection, Iterator
from typing import Any

from wfsession.core import layout
from wfsession.core.attic import ITEM
from wfsession.core.disk import Folder
from wfsession.core.jsontext import encode_json, parse_json
from wfsession.core.model import ABSENT, Change, LogEntry
from wfsession.core.names import is_session_name
from wfsession.core.times import encode_time, parse_time

JOURNAL = "journal.jsonl"
LIMIT_BYTES = 1_000_000
# What a line may hold: beyond, an operation is told but cannot be taken back.
LINE_BYTES = LIMIT_BYTES // 4
_READ_BYTES = 16 * LIMIT_BYTES


def encode_intent(entry: LogEntry) -> bytes:
    """Return the line that is written before an operation's first visible call."""
    assert entry.at is not None
    intent = {
        "active": entry.active,
        "moves": entry.moves,
        "changes": [_encode_change(change) for change in entry.changes],
    }
    head = {
        "id": entry.id,
        "op": entry.op,
        "at": encode_time(entry.at),
        "session": entry.session,
        "undoes": entry.undoes,
    }
    line = encode_json({**head, "intent": intent})
    if len(line) > LINE_BYTES:
        return encode_json({**head, "intent": {**intent, "changes": [], "is_whole": False}})
    return line


def encode_done(intent: LogEntry, done: LogEntry) -> bytes:
    """Return the line that is written after an operation: the state that it left.

    Args:
        intent: what `encode_intent` was given.
        done: the same operation as it came out; only what differs is written.
    """
    post: dict[str, Any] = {"active": done.active[1]}
    if done.moves != intent.moves:
        post["moves"] = done.moves
    if done.changes != intent.changes:
        post["changes"] = [_encode_change(change) for change in done.changes]
    if done.holds:
        post["holds"] = done.holds
    line = encode_json({"id": done.id, "done": True, "post": post})
    if len(line) > LINE_BYTES:
        post = {"active": done.active[1], "is_whole": False}
        return encode_json({"id": done.id, "done": True, "post": post})
    return line


def encode_settled(entry_id: str) -> bytes:
    """Return the line which says that the doctor has seen to an unfinished operation."""
    return encode_json({"id": entry_id, "settled": True})


def encode_withdrawn(entry_id: str) -> bytes:
    """Return the line which says that an operation did nothing after all."""
    return encode_json({"id": entry_id, "withdrawn": True})


def _encode_change(change: Change) -> dict[str, Any]:
    data: dict[str, Any] = {"directory": change.directory, "path": change.path}
    for key, value in (("before", change.before), ("after", change.after)):
        if value is not ABSENT:
            data[key] = value
    return data


def parse_journal(data: bytes) -> tuple[LogEntry, ...]:
    """Return the operations that a journal's bytes tell of, the oldest first."""
    entries: dict[str, LogEntry] = {}
    # Not the empty one behind the last newline, for which orjson would be loaded, to refuse it.
    for line in filter(None, data.split(b"\n")):
        item = _parse_line(line)
        entry_id = item.get("id")
        if not isinstance(entry_id, str):
            continue
        try:
            if "intent" in item:
                entries[entry_id] = _parse_intent(entry_id, item)
            elif item.get("withdrawn") is True:
                entries.pop(entry_id, None)
            elif entry_id in entries:
                entries[entry_id] = _close(entries[entry_id], item)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            # A line that somebody edited is as good as one that was cut off.
            continue
    return tuple(entries.values())


def _parse_line(line: bytes) -> dict[str, Any]:
    try:
        item = parse_json(line)
    except ValueError:
        return {}
    return item if isinstance(item, dict) else {}


def _parse_intent(entry_id: str, item: dict[str, Any]) -> LogEntry:
    intent = item["intent"]
    before, after = (_as_name(name) for name in intent["active"])
    return LogEntry(
        id=entry_id,
        op=_as_text(item["op"]),
        at=parse_time(item.get("at")),
        session=_as_text(item["session"]),
        active=(before, after),
        moves=_parse_moves(intent["moves"], item["op"]),
        changes=tuple(_parse_changes(intent["changes"])),
        undoes=_as_text(item.get("undoes", "")),
        is_whole=intent.get("is_whole", True) is True,
    )


def _close(entry: LogEntry, item: dict[str, Any]) -> LogEntry:
    if item.get("settled") is True:
        return entry._replace(state="settled")
    post = item["post"]
    closed = entry._replace(state="done", active=(entry.active[0], _as_name(post["active"])))
    closed = closed._replace(moves=_parse_moves(post.get("moves", entry.moves)))
    if "changes" in post:
        closed = closed._replace(changes=tuple(_parse_changes(post["changes"])))
    holds = {
        _as_text(name): (int(size), int(at)) for name, (size, at) in post.get("holds", {}).items()
    }
    is_whole = entry.is_whole and post.get("is_whole", True) is True
    return closed._replace(holds=holds, is_whole=is_whole)


def _parse_moves(moves: list[list[str]], op: str = "") -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            _as_directory(source) if source else "",
            # What an undoing sets aside has no box yet when that is intended.
            target if op == "undone" and target == layout.ATTIC else _as_directory(target),
        )
        for source, target in moves
    )


def _parse_changes(changes: list[dict[str, Any]]) -> Iterator[Change]:
    for change in changes:
        yield Change(
            directory=_as_directory(change["directory"]),
            path=tuple(_as_text(key) for key in change["path"]),
            before=change.get("before", ABSENT),
            after=change.get("after", ABSENT),
        )


def _as_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _as_directory(value: object) -> str:
    """Accept the path of a session, in its place or in the attic: nothing else is ever moved."""
    path = _as_text(value)
    match path.split("/"):
        case [name] | [layout.COMPLETED, name] if is_session_name(name):
            return path
        case [layout.ATTIC, box, item] if item == ITEM and is_session_name(box):
            return path
    raise ValueError(path)


def _as_name(value: object) -> str | None:
    return None if value is None else _as_text(value)


def read_journal(root: Folder) -> tuple[LogEntry, ...]:
    """Return the operations in a root's journal, the oldest first; () where there is none.

    Raises:
        UnsafePath: it is no regular file, or larger than any of ours.
    """
    try:
        with root.child(layout.PRIVATE) as private:
            return parse_journal(private.read(JOURNAL, _READ_BYTES).data)
    except FileNotFoundError:
        return ()


def settle(root: Folder, still: Collection[str]) -> None:
    """Say that the unfinished operations have been seen to, but for those with an id in `still`.

    The lock is held, so that none of them is still at work.
    """
    for entry in read_journal(root):
        if entry.state == "unfinished" and entry.id not in still:
            append_line(root, encode_settled(entry.id))


def append_line(root: Folder, line: bytes, durable: bool = False) -> None:
    """Write one line at the end of the journal; drop its older half where it has grown too long.

    Args:
        root: the open root, whose lock is held.
        line: what one of the `encode_` functions returned.
        durable: whether it must be on the disk before this returns.

    On crash: the line is there, or a part of it, or nothing of it.
    """
    with root.child(layout.PRIVATE) as private:
        status = private.find(JOURNAL)
        if status is not None and status.st_size > LIMIT_BYTES:
            _drop_older_half(private)
        private.append(JOURNAL, line, durable)


def _drop_older_half(private: Folder) -> None:
    data = private.read(JOURNAL, _READ_BYTES).data
    kept = data[-LIMIT_BYTES // 2 :].partition(b"\n")[2]
    name = f"journal-{os.urandom(6).hex()}"
    with private.child(layout.STAGING) as staging:
        staging.create(name, kept)
        staging.replace(name, JOURNAL, private)
