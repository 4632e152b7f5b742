"""All hypothesis strategies: names, titles, JSON texts in many styles, records of shapes A to D."""

import json
import unicodedata
from typing import Any

import attrs
from hypothesis import strategies as st

NAME_LETTERS = "abzABZ0189-_.éßİ集成ж\u0301ا\u093f٣"
# What is in titles and what breaks names: controls, bidi, emoji and their selectors, slashes.
ODD_SIGNS = ' /\\:*?"<>|~()\t\n\0\x7f\u200b\u202e\u2066\ufeff🎉✨\ufe0f\u200d½²Ⅷ€'


def names() -> st.SearchStrategy[str]:
    """Texts most of which are valid names, and the others nearly."""
    body = st.text(st.sampled_from(NAME_LETTERS), max_size=30)
    plain = st.text(st.sampled_from("abcXYZ019-_."), min_size=1, max_size=12)
    return st.builds("".join, st.tuples(st.sampled_from(["WFS-", "", "a"]), plain | body)).map(
        lambda name: unicodedata.normalize("NFC", name)
    )


def titles() -> st.SearchStrategy[str]:
    """Any text, with more of what people type and of what breaks names."""
    odd = st.text(st.sampled_from(NAME_LETTERS + ODD_SIGNS), max_size=40)
    long = st.text(st.sampled_from("a集 é-"), min_size=50, max_size=300)
    return odd | long | st.text(max_size=40) | st.text(st.characters(), max_size=20)


KEYS = ("a", "b", "meta", "phases", 'q"k', "é集", "new\nline", "", "x.y")
# As they are written; most would not survive decoding and encoding.
ODD_NUMBERS = ("-0", "1.50", "1e400", "-2E+07", "123456789012345678901234567890")
paths = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3).map(tuple)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.sampled_from(["", "text", 'with "quotes"', "é集🎉", "a\\b\n\t", '": {', "}", "]", ","])
)
values: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=6,
)
objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(KEYS), values, min_size=1, max_size=5
)


@attrs.frozen
class Dumps:
    """A style in which `json.dumps` writes a whole text, so that one knows what it would write."""

    indent: str | None
    separators: tuple[str, str]
    newline: str
    before: str
    after: str

    def write(self, value: object) -> str:
        """Write a value in this style."""
        text = json.dumps(value, ensure_ascii=False, indent=self.indent, separators=self.separators)
        return self.before + text.replace("\n", self.newline) + self.after


@st.composite
def dumps_styles(draw: st.DrawFn) -> Dumps:
    """Uniform styles: indented by blanks, tabs or nothing, on one line, or without a blank."""
    indent = draw(st.sampled_from([None, "", " ", "  ", "    ", "\t"]))
    tight = draw(st.booleans())
    comma = "," if tight or indent is not None else ", "
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return Dumps(
        indent=indent,
        separators=(comma, ":" if tight else ": "),
        newline=newline,
        before=draw(st.sampled_from(["", "\ufeff", f"\ufeff{newline} "])),
        after=draw(st.sampled_from(["", newline, f"{newline * 2} "])),
    )


@attrs.frozen
class JsonText:
    """A text, and where the value of each path of keys stands in it (of duplicates the last)."""

    text: str
    spans: dict[tuple[str, ...], tuple[int, int]]


class _Writer:
    """Writes one JSON text with a style of its own at every place, and notes where values are."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.parts: list[str] = []
        self.size = 0
        self.spans: dict[tuple[str, ...], tuple[int, int]] = {}
        self.newline = draw(st.sampled_from(["\n", "\r\n"]))
        self.unit = draw(st.sampled_from(["  ", "\t", ""]))

    def put(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text)

    def blank(self) -> None:
        self.put(self.draw(st.sampled_from(["", "", "", " ", "\t ", self.newline, "\r"])))

    def string(self, text: str) -> None:
        self.put(json.dumps(text, ensure_ascii=self.draw(st.booleans())))

    def value(self, path: tuple[str, ...] | None, depth: int) -> None:
        """Write a value; `path` is None inside of lists, where nothing has a path."""
        start = self.size
        kind = self.draw(st.sampled_from("oolsn0" if depth < 3 else "sn0"))
        if kind == "o":
            self.object(path, depth)
        elif kind == "l":
            self.items("[", "]", depth, lambda: self.value(None, depth + 1))
        elif kind == "s":
            self.string(self.draw(st.sampled_from(["", "x", 'é"\\', '{"a": 1}', "\n", "🎉"])))
        elif kind == "n":
            self.put(self.draw(st.sampled_from(ODD_NUMBERS)))
        else:
            self.put(self.draw(st.sampled_from(["null", "true", "false", "0", "17"])))
        if path is not None:
            self.spans[path] = (start, self.size)

    def object(self, path: tuple[str, ...] | None, depth: int) -> None:
        def member() -> None:
            key = self.draw(st.sampled_from(KEYS))
            inner = None if path is None else (*path, key)
            if inner is not None:
                # A later duplicate hides what is in the earlier one.
                for other in [known for known in self.spans if known[: len(inner)] == inner]:
                    del self.spans[other]
            self.string(key)
            self.put(self.draw(st.sampled_from([":", ": ", " : ", ":\n"])))
            self.value(inner, depth + 1)

        self.items("{", "}", depth, member)

    def items(self, opening: str, closing: str, depth: int, write: Any) -> None:
        on_lines = self.draw(st.sampled_from(["lines", "one line", "wild"]))
        count = self.draw(st.integers(0, 3))
        self.put(opening)
        for number in range(count):
            if number:
                self.put(",")
            self._gap(on_lines, depth + 1, number > 0)
            write()
        self._gap(on_lines if count else "wild", depth, False)
        self.put(closing)

    def _gap(self, on_lines: str, depth: int, after_comma: bool) -> None:
        if on_lines == "lines":
            self.put(self.newline + self.unit * depth)
        elif on_lines == "one line":
            self.put(" " if after_comma else "")
        else:
            self.blank()


@st.composite
def json_texts(draw: st.DrawFn) -> JsonText:
    """JSON texts of an object: odd spacing, mixed styles, escapes, huge numbers, duplicate keys."""
    writer = _Writer(draw)
    writer.put(draw(st.sampled_from(["", "\ufeff", " ", "\r\n"])))
    start = writer.size
    writer.object((), 0)
    writer.spans[()] = (start, writer.size)
    writer.put(draw(st.sampled_from(["", "\n", "\r\n", "  "])))
    return JsonText("".join(writer.parts), writer.spans)


_stamps = st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds") + "Z")
_texts = st.sampled_from(["", "active", "paused", "PLAN", "IMPLEMENT", "集成", "on hold"])
_unknown = st.dictionaries(st.sampled_from(["x-tool", "notes", "owner"]), values, max_size=2)


def _some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    known = st.fixed_dictionaries(required, optional=optional)
    return st.builds(lambda record, more: record | more, known, _unknown)


_counts = st.integers(0, 10**6)
_ids = st.lists(st.sampled_from(["IMPL-1", "IMPL-1.2", "任务"]), max_size=3)
_HEAD: dict[str, Any] = {"session_id": _texts, "type": _texts, "status": _texts}
shape_a = _some(
    _HEAD | {"created_at": _stamps, "description": _texts},
    {
        "current_phase": _texts,
        "phases": _some({}, {"INIT": values, "PLAN": values}),
        "documents": _some({}, {"planning": values}),
        "task_system": _some({"task_count": _counts}, {"enabled": st.booleans()}),
    },
)
shape_b = _some(
    _HEAD | {"project": _texts, "created": _stamps},
    {
        "directory": _texts,
        "task_system": _some({"task_count": _some({"total": _counts}, {})}, {}),
    },
)
shape_c = _some(
    _HEAD | {"project": _texts, "meta": _some({"created": _stamps}, {"updated": _stamps})},
    {
        "current_phase": _texts,
        "progress": _some({"completed_phases": _ids, "current_tasks": _ids}, {}),
    },
)
shape_d = _some(
    _HEAD | {"created_at": _stamps, "updated_at": _stamps},
    {
        "tags": st.lists(_texts, max_size=3),
        "paused_at": _stamps | st.none(),
        "completed_at": _stamps | st.none(),
        "workflow_type": _texts,
        "progress": _some({"total": _counts, "completed": _counts}, {"percentage": _counts}),
    },
)
records = shape_a | shape_b | shape_c | shape_d


# What a transcript, a journal, a meta and a snapshot mean something by; any value may stand there.
_TRANSCRIPT_KEYS = (
    "type uuid leafUuid timestamp cwd gitBranch version isMeta isSidechain isApiErrorMessage "
    "isCompactSummary message summary content toolUseResult id role model usage stop_reason text "
    "name input command file_path description tool_use_id is_error agentId taskId runId "
    "input_tokens output_tokens cache_read_input_tokens cache_creation_input_tokens cache_creation "
    "ephemeral_5m_input_tokens ephemeral_1h_input_tokens service_tier key label phase result "
    "agentType toolUseId parentAgentId spawnDepth status startTime durationMs workflowName phases "
    "title detail workflowProgress phaseTitle state error"
).split()
_TRANSCRIPT_TEXTS = (
    "assistant user summary text tool_use tool_result started completed killed workflow_agent "
    "workflow_phase Task Bash m1 m2 t1 t2 u1 a/../b d4e5f60718293a4b claude-sonnet-5 "
    "2026-09-14T09:00:00Z 9999-12-31T23:59:59Z 2026-09-14T09:07:00"
).split()
_in_transcripts: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(_TRANSCRIPT_TEXTS)
    | values
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["<system-reminder>", "Task ID: w1 wf_1-2", "x" * 5000, -1, 10**13, True]),
    lambda inner: (
        st.dictionaries(st.sampled_from(_TRANSCRIPT_KEYS), inner, max_size=6)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=14,
)
any_transcript_lines: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(_TRANSCRIPT_KEYS), _in_transcripts, max_size=8
)


def _lines_of(kind: str, content: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    message = st.fixed_dictionaries(
        {"content": content},
        optional={
            "id": st.sampled_from(["m1", "m2", "m3"]),
            "usage": st.dictionaries(
                st.sampled_from(["input_tokens", "output_tokens"]), st.integers(0, 99)
            ),
        },
    )
    return st.fixed_dictionaries(
        {"type": st.just(kind), "message": message},
        optional={
            "uuid": st.sampled_from(["u1", "u2", "u3"]),
            "timestamp": st.integers(0, 3599).map(
                lambda second: f"2026-09-14T09:{second // 60:02}:{second % 60:02}Z"
            ),
            "cwd": st.sampled_from(["/a", "/b"]),
            "gitBranch": st.sampled_from(["main", "x", ""]),
            "version": st.sampled_from(["2.1", "2.2"]),
        },
    )


_texts_said = st.sampled_from(["Fix it", "Done?", "集成"]).map(
    lambda said: {"type": "text", "text": said}
)
_calls = st.builds(
    lambda key, name: {"type": "tool_use", "id": key, "name": name, "input": {"command": name}},
    st.sampled_from(["t1", "t2", "t3"]),
    st.sampled_from(["Bash", "Read", "Task"]),
)
_results = st.builds(
    lambda key, error: {"type": "tool_result", "tool_use_id": key, "is_error": error},
    st.sampled_from(["t1", "t2", "t3"]),
    st.booleans(),
)
# Such as an agent writes, in any order, some of them twice.
transcript_lines = (
    _lines_of("assistant", st.lists(_texts_said | _calls, max_size=3))
    | _lines_of("user", st.lists(_results, max_size=2) | st.just("Go on"))
    | any_transcript_lines
)
