"""Records as notes of git, beside those of others."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.cli.wf import make_environment
from tests.trace.repository import Repository
from tests.trace.test_golden import SCHEMA
from wfsession.errors import GitFailed, InvalidValue
from wfsession.git import Git
from wfsession.trace.notes import put_record, read_notes, write_records
from wfsession.trace.patch import Author
from wfsession.trace.record import (
    Conversation,
    Range,
    Record,
    Span,
    TracedFile,
    encode_record,
    parse_record,
    parse_records,
)

pytestmark = pytest.mark.needs("git")

ID = "01a20442-cb40-79f3-b8c8-1d20b3214dcb"


def make(revision: str, number: int = 1, **fields: object) -> Record:
    one = Conversation("ai", (Range(number, number),), **fields)  # type: ignore[arg-type] # any
    files = (TracedFile("f", (one,)),)
    lines = {"f": (Span("added", number, number, Author("WFS-a", "codex--1", "m")),)}
    return Record(ID, "2026-11-21T10:00:00Z", revision, files, ("wfsession", "1"), lines)


OTHER = b'{"version":"0.1.0","tool":{"name":"another","version":"1"},"files":[]}\n'


def test_a_record_is_the_same_after_it_was_written_and_read() -> None:
    made = make("a" * 40, url="wfsession:a/b", model_id="m", related=("wfsession:a/b",))
    data = encode_record(made)
    assert data.count(b"\n") == 1
    assert parse_record(data) == made
    jsonschema.validate(json.loads(data), SCHEMA)


@pytest.mark.parametrize(
    "record",
    [
        make("a", 0),
        make("a", -1),
        make("a", model_id="m" * 251),
        make("a", url="no link"),
        make("a", related=("wfsession:é",)),
    ],
)
def test_what_the_format_does_not_allow_is_not_written(record: Record) -> None:
    with pytest.raises(InvalidValue):
        encode_record(record)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"files": None}, "files"),
        ({"id": "x"}, "id"),
        ({"version": "1"}, "version"),
        ({"extra": 1}, "extra"),
        ({"vcs": {"type": "cvs", "revision": "1"}}, "vcs"),
        ({"tool": {"name": "x"}}, "tool"),
    ],
)
def test_the_schema_objects_to_what_the_format_does_not_allow(
    change: dict[str, object], what: str
) -> None:
    data = {**json.loads(encode_record(make("a"))), **change}
    with pytest.raises(jsonschema.ValidationError) as caught:
        jsonschema.validate(data, SCHEMA)
    assert what in f"{caught.value.json_path} {caught.value.message}"


@pytest.mark.fuzz
@example({"authors": [], "files": [{"path": "f", "added": 1}]})
@given(st.recursive(st.sampled_from([None, "x", 1, -1, True, 10**15]), lambda inner: st.one_of(
    st.lists(inner, max_size=3),
    st.dictionaries(st.sampled_from(
        "files path conversations ranges start_line end_line contributor type metadata wfsession"
        " authors added removed session thread url related tool name vcs revision".split()
    ), inner, max_size=4),
)))  # fmt: skip
def test_no_note_breaks_a_reader(value: object) -> None:
    for shape in (value, {"files": value, "metadata": {"wfsession": value}}):
        for record in parse_records(json.dumps(shape).encode()):
            assert isinstance(record, Record)


def test_what_others_wrote_stays_and_ours_takes_the_place_of_ours() -> None:
    first, second = make("a"), make("a", 2)
    text = b"a line of a person, without an end"
    note = put_record(put_record(OTHER + text, first), second)
    assert note == OTHER + text + b"\n" + encode_record(second)
    assert put_record(note, second) == note
    pretty = json.dumps(json.loads(OTHER), indent=2).encode()
    assert put_record(pretty, first) == pretty + b"\n" + encode_record(first)


def test_notes_are_those_that_git_shows(repository: Repository, git_there: Git) -> None:
    head = repository.head()
    repository.git("notes", "--ref=agent-trace", "add", "-m", OTHER.decode().strip())
    assert write_records(git_there, {head: make(head)})
    assert repository.note() == (OTHER + encode_record(make(head))).decode()
    assert not write_records(git_there, {head: make(head)})
    (other, ours) = read_notes(git_there).read_records([head])[head]
    assert (other.tool[0], ours) == ("another", make(head))


def test_a_note_that_was_copied_from_another_commit_says_nothing(
    repository: Repository, git_there: Git
) -> None:
    first = repository.head()
    write_records(git_there, {first: make(first)})
    repository.write("b.py", "x\n")
    second = repository.commit()
    repository.git("notes", "--ref=agent-trace", "copy", first, second)
    assert read_notes(git_there).read_records([second]) == {second: ()}


def test_many_notes_are_written_at_once_and_found_again(
    repository: Repository, git_there: Git
) -> None:
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    made = [repository.git("commit-tree", tree, "-m", f"{n}").strip() for n in range(40)]
    assert write_records(git_there, {one: make(one) for one in made})
    found = read_notes(git_there).read_records(made)
    assert found == {one: (make(one),) for one in made}
    assert repository.git("rev-list", "--count", "refs/notes/agent-trace").strip() == "1"
    repository.git("fsck", "--strict")


WRITER = """
import os, sys
from tests.trace.test_notes import make
from wfsession.git import Git, make_access
from wfsession.trace.notes import write_records
sys.stdin.readline()
for revision in sys.argv[1:]:
    write_records(Git(make_access(os.environ)), {revision: make(revision)})
"""


def test_two_that_write_notes_at_once_lose_none(repository: Repository, git_there: Git) -> None:
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    made = [repository.git("commit-tree", tree, "-m", f"{n}").strip() for n in range(12)]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, *made[start::2]],
            stdin=subprocess.PIPE,
            env=make_environment(
                {"PYTHONPATH": ":".join([str(Path(__file__).parents[2]), *sys.path])}
            ),
        )
        for start in (0, 1)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    assert set(read_notes(git_there).blobs) == set(made)


def test_where_nothing_can_be_written_it_is_an_error(
    repository: Repository, git_there: Git
) -> None:
    head = repository.head()
    (repository.path / ".git/refs/notes").mkdir()
    lock = repository.path / ".git/refs/notes/agent-trace.lock"
    lock.write_text("")
    with pytest.raises(GitFailed):
        write_records(git_there, {head: make(head)})
    assert not list((repository.path / ".git").glob("fast_import_crash*"))
    lock.unlink()
    assert write_records(git_there, {head: make(head)})


def test_the_link_to_a_conversation_is_a_link_whatever_the_names() -> None:
    assert Author("WFS-é", "codex--1/2 3").url == "wfsession:WFS-%C3%A9/codex--1%2F2%203"
