"""What sessions keep of conversations is found as transcripts are, and is told to be kept."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import wfsession
from tests.index.test_search_index import find
from tests.indexing import Home, age, ask_for, say
from tests.stories import tell
from tests.transcripts import answer, encode, text, user
from wfsession.index.search import Hit, SearchFilter
from wfsession.index.threads import Scope, find_thread, read_catalog
from wfsession.index.usage import sum_usage
from wfsession.index.verify import read_status, verify_index
from wfsession.threads.claude_code import READER
from wfsession.threads.prices import read_prices
from wfsession.threads.story_json import encode_story
from wfsession.workspace import Workspace

AT_MS = 1_789_000_000_000
MINE, OTHER = "claude-code--one", "opencode--s1"


@pytest.fixture
def workspace(home: Home, tmp_path: Path) -> Workspace:
    (tmp_path / "shop").mkdir()
    workspace = wfsession.init(tmp_path / "shop")
    workspace.create("One")
    workspace.create("Two")
    home.with_roots(workspace.root)
    return workspace


def part(words: str, message_id: str = "m1", **more: Any) -> dict[str, Any]:
    told = {"message_id": message_id, "generated_at_unix_ms": AT_MS, "part_type": "text", **more}
    digest = f"{message_id} {words} {told['part_type']}"
    return {"v": 1, "kind": "part", **told, "text": words, "hash": digest}


def message(role: str, message_id: str = "m1", **more: Any) -> dict[str, Any]:
    told = {"message_id": message_id, "generated_at_unix_ms": AT_MS, "role": role, **more}
    return {"v": 1, "kind": "message", **told}


def put(workspace: Workspace, place: str, thread: str, *lines: dict[str, Any]) -> Path:
    """Put lines behind those that a session keeps of a thread; `.` is where nobody's are held."""
    path = Path(workspace.root, place, ".conversation", f"{thread}.jsonl")
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as file:
        file.write(encode(lines))
    return age(path)


def put_story(workspace: Workspace, session: str, thread: str = MINE) -> Path:
    told = tell(
        user("Why so green?", 1),
        answer("m1", text("It is the lamp."), usage={"input": 5, "output": 7}, second=2),
        user("And now?", 3),
    )
    path = Path(workspace.root, session, ".stories", f"{thread}.json")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encode_story(told))
    return age(path)


def only(found: list[Hit]) -> Hit:
    (hit,) = found
    return hit


def test_a_traced_message_is_found_with_its_session_its_role_and_its_file(
    home: Home, workspace: Workspace
) -> None:
    told = message("assistant", model_id="glm")
    path = put(workspace, "WFS-one", OTHER, told, part("A green lamp."))
    hit = only(find(home, "green"))
    assert (hit.thread, hit.session, hit.role, hit.model) == (OTHER, "WFS-one", "assistant", "glm")
    assert (hit.path, hit.source, hit.snippet) == (str(path), "kept", "A green lamp.")
    assert hit.at == datetime.fromtimestamp(AT_MS / 1000, UTC)
    assert hit.snippet[slice(*hit.matches[0])] == "green"


def test_the_root_the_archived_sessions_and_what_is_held_are_all_looked_through(
    home: Home, workspace: Workspace
) -> None:
    put(workspace, "WFS-one", OTHER, part("a lamp in one"))
    put(workspace, "WFS-two", OTHER, part("a lamp in two"))
    put(workspace, ".", "pi--7", part("a lamp for nobody"))
    workspace.complete("WFS-two", archive=True)
    found = {hit.snippet: hit.session for hit in find(home, "lamp")}
    assert found == {
        "a lamp in one": "WFS-one",
        "a lamp in two": "WFS-two",
        "a lamp for nobody": "",
    }


def test_only_what_is_meant_is_found_of_what_is_kept(home: Home, workspace: Workspace) -> None:
    put(workspace, "WFS-one", MINE, message("user"), part("a lamp in one"))
    put(workspace, "WFS-two", MINE, message("assistant"), part("a lamp in two"))
    workspace.bind("WFS-two", thread=MINE)
    later = datetime.fromtimestamp(AT_MS / 1000 + 1, UTC)
    shop = str(Path(workspace.root).parent)
    for wanted, snippets in (
        # It is bound to the other session by now, and said this in that one.
        (SearchFilter(Scope(session="WFS-one")), ["a lamp in one"]),
        (SearchFilter(Scope(session="WFS-two")), ["a lamp in two"]),
        (SearchFilter(role="user"), ["a lamp in one"]),
        (SearchFilter(Scope(thread="one", session="WFS-one")), ["a lamp in one"]),
        (SearchFilter(Scope(since=later)), []),
        (SearchFilter(Scope(project=shop, session="WFS-one")), ["a lamp in one"]),
        (SearchFilter(Scope(project="/elsewhere")), []),
        (SearchFilter(agent="main", role="assistant"), ["a lamp in two"]),
        (SearchFilter(run="wf_1-a"), []),
    ):
        assert [hit.snippet for hit in find(home, "lamp", wanted)] == snippets, wanted


def test_a_message_that_is_in_the_transcript_and_traced_is_found_once_while_both_are_there(
    home: Home, workspace: Workspace
) -> None:
    transcript = home.put("one.jsonl", [ask_for("Why so green?", 1), say("r1", "green  lamps")])
    traced = [message("user"), part("Why so green?"), message("assistant", "m2")]
    put(workspace, "WFS-one", MINE, *traced, part("green lamps", "m2"), part("green again", "m2"))
    hits = {hit.snippet: hit.source for hit in find(home, "green")}
    assert hits == {
        "Why so green?": "transcript",
        "green lamps": "transcript",
        "green again": "kept",
    }
    assert len(find(home, "green")) == 3
    # What the agent says twice in its own words is no reason to lose what the user said.
    put(workspace, "WFS-one", MINE, message("user", "m3"), part("green lamps", "m3"))
    assert len(find(home, "green")) == 4
    transcript.unlink()
    assert {hit.source for hit in find(home, "green")} == {"kept"}
    assert len(find(home, "green")) == 4


def test_a_part_that_two_sessions_keep_of_one_thread_is_found_once(
    home: Home, workspace: Workspace
) -> None:
    for place in ("WFS-one", "WFS-two", "."):
        put(workspace, place, OTHER, part("a lamp"))
    assert len(find(home, "lamp")) == 1
    put(workspace, "WFS-one", "opencode--s2", part("a lamp"))
    assert len(find(home, "lamp")) == 2


def test_a_part_may_come_before_its_message_and_the_first_that_tells_it_counts(
    home: Home, workspace: Workspace
) -> None:
    put(workspace, "WFS-one", OTHER, part("a lamp"))
    assert only(find(home, "lamp")).role == ""
    put(workspace, "WFS-one", OTHER, message("user"))
    put(workspace, "WFS-one", OTHER, message("assistant", model_id="glm"))
    hit = only(find(home, "lamp"))
    assert (hit.role, hit.model) == ("user", "glm")


def test_patches_and_what_says_nothing_are_no_messages_and_unknown_kinds_are(
    home: Home, workspace: Workspace
) -> None:
    path = put(
        workspace,
        "WFS-one",
        OTHER,
        part("+a lamp", part_type="patch"),
        part("  ", part_type="text"),
        part("lamp of a kind", part_type="novel", unknown_type=True),
        part("lamp at no time", generated_at_unix_ms=2**62),
        {"kind": "part", "text": "lamp without anything"},
        {"kind": "novel", "text": "lamp"},
    )
    with path.open("ab") as file:
        file.write(b"\xff lamp\n[]\n")
    age(path)
    found = [hit.snippet for hit in find(home, "lamp")]
    assert sorted(found) == ["lamp at no time", "lamp of a kind", "lamp without anything"]
    assert home.ask(read_status).value.skipped == 2


def test_only_what_was_appended_is_read(home: Home, workspace: Workspace) -> None:
    path = put(workspace, "WFS-one", OTHER, *(part(f"lamp {n}") for n in range(50)))
    assert home.ask(lambda _: None).refreshed.size_bytes == path.stat().st_size
    assert home.ask(lambda _: None).refreshed.read == 0
    put(workspace, "WFS-one", OTHER, part("lamp more"))
    assert 0 < home.ask(lambda _: None).refreshed.size_bytes < 300
    assert len(find(home, "lamp", most=100)) == 51


def test_what_is_set_aside_deleted_or_of_another_root_is_found_no_more(
    home: Home, workspace: Workspace
) -> None:
    one = put(workspace, "WFS-one", OTHER, part("a lamp"))
    two = put(workspace, "WFS-two", "pi--7", part("a lamp"))
    assert len(find(home, "lamp")) == 2
    attic = Path(workspace.root, ".attic")
    attic.mkdir()
    one.rename(attic / one.name)
    assert len(find(home, "lamp")) == 1
    two.unlink()
    assert find(home, "lamp") == []
    put(workspace, "WFS-one", OTHER, part("a lamp"))
    assert len(find(home, "lamp")) == 1
    home.with_roots()
    assert find(home, "lamp") == []


def test_what_is_no_file_of_the_session_is_not_read_and_the_rest_is(
    home: Home, workspace: Workspace, tmp_path: Path
) -> None:
    path = put(workspace, "WFS-one", OTHER, part("a lamp"))
    path.with_name("pi--7.jsonl").symlink_to(path)
    path.with_name("nobody.jsonl").write_bytes(path.read_bytes())
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "pi--8.jsonl").write_bytes(path.read_bytes())
    Path(workspace.root, "WFS-two", ".conversation").symlink_to(outside)
    answer = home.ask(lambda _: None)
    assert [one.path for one in answer.refreshed.problems] == [str(path.with_name("pi--7.jsonl"))]
    assert len(find(home, "lamp")) == 1


def test_a_thread_of_another_agent_goes_by_its_whole_name_its_id_or_how_that_begins(
    home: Home, workspace: Workspace
) -> None:
    put(workspace, "WFS-one", "opencode--ses_1234", part("a lamp"))
    workspace.bind("WFS-one", thread="opencode--ses_1234")
    for wanted in ("opencode--ses_1234", "ses_1234", "ses_1"):
        name = home.ask(lambda i, one=wanted: find_thread(read_catalog(i), one)).value.name  # type: ignore[misc]  # bound at once
        assert name == "opencode--ses_1234"
    found = home.ask(lambda i: read_catalog(i).threads["opencode--ses_1234"]).value
    assert (found.session, found.label, found.path) == ("WFS-one", "ses_1234", "")


def test_the_index_counts_what_is_kept_and_verify_finds_where_it_differs(
    home: Home, workspace: Workspace
) -> None:
    path = put(workspace, "WFS-one", OTHER, part("a lamp"), part("+x", part_type="patch"))
    put(workspace, "WFS-one", OTHER, part("a lamp"), part("two lamps"))
    rows = dict(home.ask(read_status).value.rows)
    assert (rows["kept messages"], rows["messages"], rows["files"]) == (2, 2, 1)

    def verify() -> list[tuple[str, str, int, int]]:
        found = home.ask(
            lambda i: verify_index(i, READER, str(home.path), home.sources.roots), refresh=False
        ).value
        return [(one.path, one.what, one.indexed, one.counted) for one in found]

    assert verify() == []
    with path.open("ab") as file:
        file.write(encode([part("three lamps")]))
    assert verify() == [(str(path), "messages", 2, 3)]


def test_a_kept_story_counts_where_the_transcript_is_gone(home: Home, workspace: Workspace) -> None:
    transcript = home.put("one.jsonl", [ask_for("Why so green?", 1), say("m1", "The lamp.")])
    path = put_story(workspace, "WFS-one")
    put_story(workspace, "WFS-two")
    workspace.bind("WFS-one", thread=MINE)
    assert only(find(home, "green")).source == "transcript"

    def count() -> tuple[list[tuple[str | None, int, int]], int]:
        usage = home.ask(lambda i: sum_usage(i, read_catalog(i), read_prices(), "session")).value
        rows = [(row.key, row.sums.responses, row.sums.output_tokens) for row in usage.rows]
        return rows, usage.from_stories

    assert count() == ([("WFS-one", 1, 1)], 0)
    transcript.unlink()
    assert count() == ([("WFS-one", 1, 7)], 1)
    hit = only(find(home, "green", SearchFilter(Scope(session="WFS-one"))))
    assert (hit.thread, hit.role, hit.source) == ("one", "user", "story")
    assert len(find(home, "lamp")) == len(find(home, "now")) == 1
    put(workspace, "WFS-one", MINE, message("user"), part("Why so green?"))
    assert len(find(home, "green")) == 1
    path.write_bytes(b"{}")
    assert home.ask(lambda _: None).refreshed.problems[0].path == str(path)
    assert only(find(home, "lamp")).path.startswith(f"{workspace.root}/WFS-two/")
