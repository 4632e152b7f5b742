"""A conversation to be read: its messages with their parts, from what was kept, or the transcript.

Imports core, threads and this room; reads only. What is kept of a message in several lines is put
together: the first that tells something counts, later ones add what it lacks.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import FileIO
from typing import Any, Literal

from attrs import define, evolve, field, frozen

from wfsession.core import layout
from wfsession.core.attic import open_below
from wfsession.core.disk import Folder
from wfsession.core.locate import find_session, open_root
from wfsession.core.times import now
from wfsession.errors import UnsafePath, as_wf_error
from wfsession.threads.bindings import Thread
from wfsession.threads.claude_code import READER
from wfsession.threads.events import Response, ToolCall
from wfsession.threads.history import read_history
from wfsession.threads.lines import read_batches
from wfsession.threads.tools import make_label
from wfsession.trace.item import PATCH, SUFFIX, TEXT
from wfsession.trace.parts import KeptMessage, parse_line
from wfsession.trace.stories import list_thread_files

Source = Literal["kept", "transcript", "both", "none"]


@frozen
class Part:
    """A part of a message. `path` is the file of a patch, where it is told apart from the text."""

    type: str
    text: str
    at: datetime | None = None
    path: str = ""
    is_known_type: bool = True


@frozen
class Turn:
    """A message with its parts. `role` is empty where only parts of it are known."""

    message_id: str
    role: str
    at: datetime | None
    model: str
    parts: tuple[Part, ...]


@frozen
class Told:
    """A thread's conversation, in the order of its times.

    `source` says where it is from: kept in a session, the agent's transcript, or both: the words
    from the transcript, and the patches kept. `paths` are the files.
    """

    thread: str
    source: Source
    turns: tuple[Turn, ...]
    paths: tuple[str, ...] = ()


@define
class _Draft:
    message_id: str
    role: str = ""
    at: datetime | None = None
    model: str = ""
    parts: list[Part] = field(factory=list)


def read_conversation(root_path: str, thread: Thread) -> Told:
    """Return the conversation of a thread.

    Returns:
        What was kept of it in all its sessions, and held for none; where no words were kept, those
        of its transcript, if that is there still.

    Raises:
        UnsafePath, DiskFailed: what was kept cannot be read.
    """
    turns, paths = _read_kept(root_path, thread)
    if any(part.type != PATCH for turn in turns for part in turn.parts):
        return Told(thread.name, "kept", turns, paths)
    transcript = thread.facts.transcript
    words = tuple(_read_transcript(thread)) if transcript else ()
    if not words:
        return Told(thread.name, "kept" if turns else "none", turns, paths)
    source: Source = "both" if turns else "transcript"
    merged = sorted((*words, *turns), key=_find_order)
    return Told(thread.name, source, tuple(merged), (transcript, *paths))


def _find_order(turn: Turn) -> datetime:
    return turn.at or datetime.max.replace(tzinfo=UTC)


def _read_kept(root_path: str, thread: Thread) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
    drafts: dict[str, _Draft] = {}
    seen: set[str] = set()
    paths = []
    with open_root(root_path) as root:
        homes = [find_session(root, name).directory for name in thread.sessions]
        for home in ("", *homes):
            try:
                with open_below(root, home) as folder, folder.child(layout.CONVERSATION) as kept:
                    path = kept.join(thread.name + SUFFIX)
                    for line in _read_lines(kept, thread.name + SUFFIX):
                        _take(line, drafts, seen)
                    paths.append(path)
            except FileNotFoundError:
                continue  # nothing was kept there
            except UnsafePath:
                raise
            except OSError as error:
                raise as_wf_error(root_path, error) from None
    turns = (_make_turn(one) for one in drafts.values())
    return tuple(sorted(turns, key=_find_order)), tuple(paths)


def _read_lines(folder: Folder, name: str) -> Iterator[Mapping[str, Any]]:
    with FileIO(folder.open_file(name)[0]) as stream:
        for batch in read_batches(stream):
            yield from batch.objects


def _take(line: Mapping[str, Any], drafts: dict[str, _Draft], seen: set[str]) -> None:
    found = parse_line(line)
    if found is None:
        return
    draft = drafts.setdefault(found.message_id, _Draft(found.message_id))
    draft.model = draft.model or found.model
    if isinstance(found, KeptMessage):
        draft.role = draft.role or found.role
        draft.at = draft.at or found.at
    elif found.key not in seen:
        seen.add(found.key)
        draft.parts.append(Part(found.type, found.text, found.at, found.path, found.is_known_type))


def _make_turn(draft: _Draft) -> Turn:
    far = datetime.max.replace(tzinfo=UTC)
    parts = tuple(sorted(draft.parts, key=lambda part: part.at or far))
    at = draft.at or (parts[0].at if parts else None)
    return Turn(draft.message_id, draft.role, at, draft.model, parts)


def _read_transcript(thread: Thread) -> Iterable[Turn]:
    files = list_thread_files(thread.name, thread.facts.transcript)
    if not files:
        return
    history = read_history(READER, thread.id, files, now())
    turns: dict[str, Turn] = {}
    for row in history.main.order:
        if isinstance(row, Response):
            continue
        key = row.response or row.key
        turn = turns.get(key)
        if isinstance(row, ToolCall):
            part = Part("tool", f"{row.name} {make_label(row)}".strip(), row.at)
            turn = turn or Turn(key, "assistant", row.at, "", ())
            turns[key] = evolve(turn, parts=(*turn.parts, part))
        else:
            part = Part("error" if row.role == "error" else TEXT, row.text, row.at)
            role = "assistant" if row.role in ("assistant", "error") else "user"
            turn = turn or Turn(key, role, row.at, "", ())
            # What was said stands before what was done, as the agent said it.
            said = tuple(one for one in turn.parts if one.type != "tool")
            done = turn.parts[len(said) :]
            turns[key] = evolve(turn, model=row.model, parts=(*said, part, *done))
    yield from turns.values()
