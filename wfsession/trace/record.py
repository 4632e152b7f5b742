"""Agent Trace records <-> JSON, and the lines of ours that tell who wrote each. Pure.

Ours are like all others, and have in `metadata.wfsession` what the format has no place for: the
author of each line, where several wrote in one hunk, and of the lines that were removed. Records of
other tools are read as far as they are understood. Source: Agent Trace 0.1.0.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from attrs import field, frozen

from wfsession.core.jsontext import encode_json, parse_json
from wfsession.errors import InvalidValue
from wfsession.trace.patch import Author

Contributor = Literal["human", "ai", "mixed", "unknown"]

VERSION = "0.1.0"
TOOL = "wfsession"
MOST_MODEL_CHARACTERS = 250
_TYPES = get_args(Contributor)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")


@frozen
class Range:
    """Lines of a file in the recorded revision, the first and the last, from 1."""

    start_line: int
    end_line: int
    content_hash: str = ""
    contributor: Contributor | None = None
    model_id: str = ""


@frozen
class Conversation:
    """Who wrote a hunk. Texts that are not known are empty; `related` are links to sessions."""

    contributor: Contributor
    ranges: tuple[Range, ...]
    url: str = ""
    model_id: str = ""
    related: tuple[str, ...] = ()


@frozen
class TracedFile:
    """What is known of the lines of one file."""

    path: str
    conversations: tuple[Conversation, ...]


@frozen
class Span:
    """Lines of one author, the first and the last, in the old file those that were removed."""

    kind: Literal["added", "removed"]
    start: int
    end: int
    author: Author


@frozen
class Record:
    """A trace record. `lines` are the spans of each file, or None in other tools' records.

    `id` is a UUID, `timestamp` RFC 3339; `tool` is name and version, empty where not known. `data`
    is all of it as it was read, with what we do not know.
    """

    id: str
    timestamp: str
    revision: str
    files: tuple[TracedFile, ...]
    tool: tuple[str, str] = ("", "")
    lines: Mapping[str, tuple[Span, ...]] | None = None
    data: Mapping[str, Any] = field(factory=dict, repr=False, eq=False)

    @property
    def is_ours(self) -> bool:
        """Tell whether wfsession wrote it."""
        return self.tool[0] == TOOL


def find_author(spans: Iterable[Span], kind: str, number: int) -> Author | None:
    """Return whoever wrote a line of a file, given the spans of that file."""
    for span in spans:
        if span.kind == kind and span.start <= number <= span.end:
            return span.author
    return None


def encode_record(record: Record) -> bytes:
    """Return a record as one line of JSON.

    Raises:
        InvalidValue: the format does not allow it.
    """
    _check(record)
    data: dict[str, Any] = {
        "version": VERSION,
        "id": record.id,
        "timestamp": record.timestamp,
        "vcs": {"type": "git", "revision": record.revision},
        "tool": {"name": record.tool[0], "version": record.tool[1]},
        "files": [
            {
                "path": file.path,
                "conversations": list(map(_encode_conversation, file.conversations)),
            }
            for file in record.files
        ],
    }
    if record.lines:
        data["metadata"] = {TOOL: _encode_lines(record.lines)}
    return encode_json(data)


def _check(record: Record) -> None:
    for file in record.files:
        for one in file.conversations:
            ends = [(span.start_line, span.end_line) for span in one.ranges]
            if not ends or any(start < 1 or end < start for start, end in ends):
                raise InvalidValue("ranges", ends, f"{file.path}: no lines of a file are {ends}")
            if len(one.model_id) > MOST_MODEL_CHARACTERS:
                reason = f"{file.path}: it has {len(one.model_id)} characters, 250 is the most"
                raise InvalidValue("model_id", one.model_id, reason)
            for url in filter(None, (one.url, *one.related)):
                if not _URI.fullmatch(url):
                    raise InvalidValue("url", url, f"{file.path}: {url!r} is no URI")


def _encode_conversation(one: Conversation) -> dict[str, Any]:
    contributor = {"type": one.contributor, **({"model_id": one.model_id} if one.model_id else {})}
    related = [{"type": "session", "url": url} for url in one.related]
    return {
        **({"url": one.url} if one.url else {}),
        "contributor": contributor,
        "ranges": list(map(_encode_range, one.ranges)),
        **({"related": related} if related else {}),
    }


def _encode_range(span: Range) -> dict[str, Any]:
    ends: dict[str, Any] = {"start_line": span.start_line, "end_line": span.end_line}
    return {**ends, "content_hash": span.content_hash} if span.content_hash else ends


def _encode_lines(lines: Mapping[str, tuple[Span, ...]]) -> dict[str, Any]:
    authors = list(dict.fromkeys(span.author for spans in lines.values() for span in spans))
    place = {author: number for number, author in enumerate(authors)}
    return {
        "authors": [_encode_author(author) for author in authors],
        "files": [
            {
                "path": path,
                **{
                    kind: [
                        [span.start, span.end, place[span.author]]
                        for span in spans
                        if span.kind == kind
                    ]
                    for kind in ("added", "removed")
                },
            }
            for path, spans in lines.items()
        ],
    }


def _encode_author(author: Author) -> dict[str, str]:
    known = {"session": author.session, "thread": author.thread}
    return {**known, "model_id": author.model_id} if author.model_id else known


def parse_records(data: bytes) -> tuple[Record, ...]:
    """Return the records of a note: one a line, or the note as one; the rest is passed over."""
    found = [parse_record(line) for line in data.split(b"\n") if line.strip()]
    if not any(found):
        found = [parse_record(data)]
    return tuple(record for record in found if record is not None)


def parse_record(data: bytes) -> Record | None:
    """Return the record that a JSON text is, or None. What is of a wrong type is left out."""
    try:
        found = parse_json(data)
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("files"), list):
        return None
    tool, vcs = _object(found.get("tool")), _object(found.get("vcs"))
    metadata = _object(_object(found.get("metadata")).get(TOOL))
    files = [_parse_file(file) for file in found["files"] if isinstance(file, dict)]
    return Record(
        id=_text(found.get("id")),
        timestamp=_text(found.get("timestamp")),
        revision=_text(vcs.get("revision")),
        files=tuple(files),
        tool=(_text(tool.get("name")), _text(tool.get("version"))),
        lines=_parse_lines(metadata) if metadata else None,
        data=found,
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _items(value: object) -> Iterable[dict[str, Any]]:
    return (one for one in _list(value) if isinstance(one, dict))


def _type(value: object, usual: Contributor | None) -> Contributor | None:
    return next((one for one in _TYPES if one == value), usual)


def _parse_file(data: dict[str, Any]) -> TracedFile:
    conversations = []
    for one in _items(data.get("conversations")):
        contributor = _object(one.get("contributor"))
        related = [_text(other.get("url")) for other in _items(one.get("related"))]
        conversations.append(
            Conversation(
                contributor=_type(contributor.get("type"), None) or "unknown",
                ranges=tuple(
                    span for item in _items(one.get("ranges")) if (span := _parse_range(item))
                ),
                url=_text(one.get("url")),
                model_id=_text(contributor.get("model_id")),
                related=tuple(filter(None, related)),
            )
        )
    return TracedFile(_text(data.get("path")), tuple(conversations))


def _parse_range(data: dict[str, Any]) -> Range | None:
    start, end = data.get("start_line"), data.get("end_line")
    if type(start) is not int or type(end) is not int:
        return None
    contributor = _object(data.get("contributor"))
    return Range(
        start,
        end,
        _text(data.get("content_hash")),
        _type(contributor.get("type"), None),
        _text(contributor.get("model_id")),
    )


def _parse_lines(data: dict[str, Any]) -> dict[str, tuple[Span, ...]]:
    authors = [
        Author(_text(one.get("session")), _text(one.get("thread")), _text(one.get("model_id")))
        for one in _items(data.get("authors"))
    ]
    lines: dict[str, tuple[Span, ...]] = {}
    kinds: tuple[Literal["added", "removed"], ...] = ("added", "removed")
    for file in _items(data.get("files")):
        spans = [
            Span(kind, item[0], item[1], authors[item[2]])
            for kind in kinds
            for item in _list(file.get(kind))
            if _is_span(item, len(authors))
        ]
        lines[_text(file.get("path"))] = tuple(spans)
    return lines


def _is_span(item: object, authors: int) -> bool:
    return (
        isinstance(item, list)
        and len(item) == 3
        and all(type(number) is int for number in item)
        and 0 <= item[2] < authors
    )
