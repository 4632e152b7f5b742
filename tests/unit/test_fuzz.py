"""Whatever stands in a file, a name or the environment: a value or a WfError, and never a hang.

The small budget is part of the ordinary run, the large one of a soak:
`pytest -m fuzz --hypothesis-profile=soak`. What once failed stays here as an example.
"""

import json
import os
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import wfsession
from tests.figures import count
from tests.samples import MOMENT, SHAPES
from tests.strategies import NAME_LETTERS, ODD_SIGNS, json_texts, names, titles, values
from tests.trees_disk import make_usual_root
from wfsession.core.attic import Note, parse_note
from wfsession.core.edits import become_active, become_completed, become_paused, become_renamed
from wfsession.core.journal import parse_journal
from wfsession.core.manifest import Manifest, parse_manifest
from wfsession.core.model import Fault, LogEntry, Record
from wfsession.core.names import check_name, find_fault, make_slug, parse_marker
from wfsession.core.records import Edit, apply_edit, parse_record
from wfsession.core.registry import parse_registry
from wfsession.core.salvage import read_first_keys, rebuild
from wfsession.core.splice import splice
from wfsession.core.times import parse_name_suffix, parse_time
from wfsession.errors import InvalidName, WfError

pytestmark = pytest.mark.fuzz
# The inputs here are large; a share of what the profile says is enough in the ordinary run.
few = settings(
    max_examples=settings.get_profile(settings.get_current_profile_name()).max_examples // 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

DEEP = b'{"a":' * 3000
DIGITS = b'{"progress": {"total": ' + b"9" * 5000 + b"}}"

# Any value that JSON knows at the keys that mean something to us.
_odd = values | st.floats() | st.integers() | st.text(st.characters(), max_size=20)
_KEYS = (
    "session_id status type project description current_phase progress meta created updated "
    "created_at updated_at paused_at completed_at renamed_from transitions checkpoint "
    "task_system schema_version schema phases total completed completed_phases current_tasks "
    "task_count at tasks artifacts"
).split()
_known: st.SearchStrategy[Any] = st.recursive(
    _odd,
    lambda inner: (
        st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6) | st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)
_objects = st.dictionaries(st.sampled_from(_KEYS), _known, max_size=10)


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes of some text, most of the time with a piece taken out, doubled or replaced."""
    data = draw(whole)
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 40)))
    piece = draw(st.sampled_from([b"", data[start:end] * 2, b"\0"]) | st.binary(max_size=6))
    return data[:start] + piece + data[end:]


_record_bytes = (
    st.binary(max_size=200)
    | damaged(st.sampled_from(list(SHAPES.values())).map(str.encode))
    | damaged(json_texts().map(lambda made: made.text.encode()))
    | _objects.map(lambda data: json.dumps(data).encode())
)
_names = names() | titles() | st.text(st.sampled_from(NAME_LETTERS + ODD_SIGNS + "\udcff"))


@few
@given(_record_bytes)
@example(DEEP)
@example(DIGITS)
@example(b"\xef\xbb\xbf" * 2 + b"{}")
@example(b'{"schema": true, "schema_version": NaN}')
def test_any_bytes_are_a_record_or_say_why_not(data: bytes) -> None:
    count("fuzz inputs")
    assert isinstance(parse_record(data), Record | Fault)


@few
@given(
    _record_bytes, st.sampled_from(["active", "paused", "completed", "renamed", "any"]), _objects
)
@example(DEEP + b"1" + b"}" * 3000, "any", {"status": 1})
@example(DIGITS, "any", {"progress": 1})
def test_any_edit_of_any_bytes_gives_a_record_or_an_error_of_ours(
    data: bytes, kind: str, changes: dict[str, Any]
) -> None:
    count("fuzz inputs")
    edits: dict[str, Edit] = {
        "active": become_active(MOMENT),
        "paused": become_paused(MOMENT),
        "completed": become_completed(MOMENT),
        "renamed": become_renamed(MOMENT, "WFS-a", "WFS-b"),
        "any": lambda _: {(key,): value for key, value in changes.items()},
    }
    with suppress(WfError):
        changed = apply_edit(data, edits[kind], "/r/workflow-session.json")
        assert isinstance(parse_record(changed), Record)


@few
@given(json_texts(), st.lists(st.sampled_from(_KEYS), min_size=1, max_size=4), _known)
def test_any_value_goes_into_any_text_or_is_refused(made: Any, path: list[str], value: Any) -> None:
    count("fuzz inputs")
    try:
        changed = splice(made.text, {tuple(path): value})
    except (TypeError, ValueError):
        return
    json.loads(changed.lstrip("\ufeff"))


@few
@given(_names)
@example("\udcff")
@example("WFS-" + "\u0301" * 300)
def test_any_name_is_valid_or_is_refused_with_a_reason(name: str) -> None:
    count("fuzz inputs")
    fault = find_fault(name)
    if fault:
        with pytest.raises(InvalidName):
            check_name(name)
    else:
        check_name(name)
    if name.strip():
        assert find_fault(make_slug(name, "20250907-100000")) == ""


@few
@given(st.binary(max_size=255))
@example(b".active-")
@example(b".active-\xff")
@example(b".active-" + "e\u0301".encode() * 80)
def test_any_entry_of_a_directory_is_a_marker_or_none(entry: bytes) -> None:
    count("fuzz inputs")
    name = parse_marker(os.fsdecode(entry))
    assert name is None or os.fsencode(f".active-{name}") == entry


_lines = st.lists(
    st.binary(max_size=60)
    | _objects.map(lambda data: json.dumps(data).encode())
    | st.fixed_dictionaries(
        {"id": st.sampled_from(["a", "b"]) | _odd},
        optional={
            "op": _odd,
            "at": _odd,
            "session": st.sampled_from(["WFS-a", ""]) | _odd,
            "intent": st.fixed_dictionaries(
                {"active": st.lists(_odd, min_size=2, max_size=2), "moves": _odd, "changes": _odd}
            )
            | _odd,
            "done": _odd,
            "post": st.fixed_dictionaries({"active": _odd}, optional={"holds": _odd}) | _odd,
            "settled": _odd,
            "withdrawn": _odd,
            "status": _odd,
            "description": _odd,
            "created": _odd,
            "complexity": _odd,
        },
    ).map(lambda data: json.dumps(data).encode()),
    max_size=6,
).map(b"\n".join)


@few
@given(_lines | damaged(_lines))
@example(b'{"id": "a", "op": "x", "session": "", "intent": {"active": [null, 1]}}')
@example(DEEP)
def test_any_lines_are_a_journal(data: bytes) -> None:
    count("fuzz inputs")
    assert all(isinstance(entry, LogEntry) for entry in parse_journal(data))


@few
@given(_lines | damaged(_lines))
@example(DEEP)
def test_any_lines_are_a_registry(data: bytes) -> None:
    count("fuzz inputs")
    registry = parse_registry(data)
    lines = data.count(b"\n") + 1
    assert len(registry.entries) + len(registry.rejected) <= lines


_notes = st.fixed_dictionaries(
    {}, optional={"at": _odd, "from": _odd, "from_hex": _odd | st.just("c3"), "reason": _odd}
).map(lambda data: json.dumps(data).encode())


@few
@given(_notes | damaged(_notes))
@example(DEEP)
def test_any_bytes_are_a_note(data: bytes) -> None:
    count("fuzz inputs")
    assert isinstance(parse_note(data), Note)


_manifest_items = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("session_id", "id", "tags", "description", "archived_at"), _odd)
)
_manifests = (st.lists(_manifest_items | _odd, max_size=4) | _objects).map(
    lambda data: json.dumps(data).encode()
)


@few
@given(_manifests | damaged(_manifests))
@example(DEEP)
def test_any_bytes_are_a_manifest(data: bytes) -> None:
    count("fuzz inputs")
    assert isinstance(parse_manifest(data), Manifest)


@few
@given(_record_bytes)
@example(DEEP)
@example(DIGITS)
@example(b'{"a": {"b": 1e400')
def test_of_any_bytes_a_record_can_be_put_together(data: bytes) -> None:
    count("fuzz inputs")
    found = read_first_keys(data)
    made = rebuild("WFS-a", "paused", found, {}, MOMENT, MOMENT)
    assert isinstance(parse_record(json.dumps(made.data).encode()), Record)


@few
@given(_odd | st.datetimes().map(str) | damaged(st.datetimes().map(lambda at: str(at).encode())))
@example("0001-01-01T00:00:00+23:59")
@example("9999-12-31T23:59:59-23:59")
@example("2025-W01-1T00")
def test_any_value_is_a_time_or_none(value: Any) -> None:
    count("fuzz inputs")
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    moment = parse_time(text)
    assert moment is None or moment.tzinfo is UTC
    suffix = parse_name_suffix(f"WFS-{text}")
    assert suffix is None or suffix.tzinfo is UTC


_variables = st.binary(max_size=300).map(lambda value: value.replace(b"\0", b"")) | st.sampled_from(
    [b"WFS-a", b"../WFS-a", b".", b"/", b"claude--1", b"WFS-old", b".workflow", b"~", b"a" * 5000]
)


@few
@given(_variables, _variables, _variables, st.booleans())
@example(b"\xff", b"", b"\xff--\xff", True)
@example(b"", b"a" * 5000, b"", False)
@example(b"a" * 5000, b"", b"a--" + b"b" * 5000, True)
def test_any_environment_gives_a_session_or_an_error_of_ours(
    fuzzed_root: Path, session: bytes, root: bytes, thread: bytes, is_given: bool
) -> None:
    count("fuzz inputs")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("WF_SESSION", session), ("WF_ROOT", root), ("WF_THREAD", thread)):
            patch.setenv(name, os.fsdecode(value))
        with suppress(WfError):
            found = wfsession.current(fuzzed_root if is_given else None)
            assert found in (None, "WFS-a", "WFS-old")


@pytest.fixture
def fuzzed_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_usual_root(tmp_path)
    monkeypatch.chdir(tmp_path)
    return root
