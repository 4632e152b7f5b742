"""Words are data: whatever is typed is looked for, and the best comes first."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.indexing import Home, ask_for, say
from tests.transcripts import answer as respond
from tests.transcripts import call
from wfsession.index.search import Hit, SearchFilter, search
from wfsession.index.threads import Scope, read_catalog

AGENT = "a1a1a1a1a1a1a1a1"
RUN = "wf_1-a"
EVERYTHING = SearchFilter()


def find(home: Home, words: str, wanted: SearchFilter = EVERYTHING, **more: Any) -> list[Hit]:
    return [
        *home.ask(lambda index: search(index, read_catalog(index), words, wanted, **more)).value
    ]


def texts(home: Home, words: str, wanted: SearchFilter = EVERYTHING) -> list[str]:
    return [hit.snippet for hit in find(home, words, wanted)]


@pytest.fixture
def home(home: Home) -> Home:
    home.put(
        "one.jsonl",
        [
            ask_for("Why is the invoice wrong?", 1),
            say("m1", "The invoice and the refund.", second=2),
            say("m2", "更新集成测试 is done: a_b src/cart.py", second=3),
        ],
    )
    home.put("two.jsonl", [ask_for("Naïve refunds", 4)])
    folder = f"one/subagents/workflows/{RUN}"
    home.put(f"{folder}/agent-{AGENT}.jsonl", [ask_for("check refunds", 5, isSidechain=True)])
    told = {"agentId": AGENT, "key": "1", "label": "check:refunds"}
    home.put(f"{folder}/journal.jsonl", [{"type": "started", **told}])
    return home


def test_all_words_must_be_in_a_message(home: Home) -> None:
    assert texts(home, "invoice refund") == ["The invoice and the refund."]
    assert texts(home, "invoice nothing") == []


def test_a_word_is_found_where_one_begins_with_it(home: Home) -> None:
    assert len(texts(home, "refund")) == 3
    assert texts(home, "fund") == []


@pytest.mark.parametrize(
    "words", ["集成", "a_b", "src/cart.py", "naive", "NAÏVE", "?", "集成 cart"]
)
def test_what_is_no_plain_word_is_found_too(home: Home, words: str) -> None:
    assert len(texts(home, words)) == 1


@pytest.mark.parametrize("words", ["", " ", "\t\n"])
def test_no_words_find_nothing(home: Home, words: str) -> None:
    assert texts(home, words) == []


@pytest.mark.parametrize(
    "words",
    [
        *('"', "NOT invoice", "a OR", "NEAR(a b)", "text:invoice", "{text}:"),
        *("(", "*", "\0", "'; DROP TABLE words", "+", "%", "_" * 9),
    ],
)
def test_no_sign_has_a_meaning(home: Home, words: str) -> None:
    assert texts(home, words) == []
    # A word as any other, and in this text.
    assert texts(home, "invoice AND") == ["The invoice and the refund."]


@pytest.mark.parametrize("words", ["^invoice", "-invoice", "invoice*", "invoice\0"])
def test_a_sign_beside_a_word_changes_nothing_of_it(home: Home, words: str) -> None:
    assert texts(home, words) == texts(home, "invoice") != []


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=30))
def test_any_text_is_a_valid_search(home: Home, words: str) -> None:
    for hit in find(home, words):
        assert all(0 <= start < end <= len(hit.snippet) for start, end in hit.matches)


def test_the_matches_are_what_was_looked_for(home: Home) -> None:
    for words in ("集成", "invoice"):
        for hit in find(home, words):
            assert {hit.snippet[start:end].lower() for start, end in hit.matches} == {words}


def test_only_what_is_meant_is_found(home: Home) -> None:
    assert len(texts(home, "refund", SearchFilter(run=RUN))) == 1
    for agent in (AGENT, "check:refunds"):
        assert texts(home, "refund", SearchFilter(agent=agent)) == ["check refunds"]
    assert len(texts(home, "refund", SearchFilter(agent="main"))) == 2
    assert len(texts(home, "refund", SearchFilter(role="user"))) == 1
    assert len(texts(home, "refund", SearchFilter(role="prompt"))) == 1
    assert len(texts(home, "refund", SearchFilter(Scope(thread="two")))) == 1
    assert texts(home, "refund", SearchFilter(Scope(session="WFS-none"))) == []
    since = datetime(2026, 9, 14, 0, 0, 4, tzinfo=UTC)
    assert len(texts(home, "refund", SearchFilter(Scope(since=since)))) == 2


def test_a_hit_says_where_it_is(home: Home) -> None:
    (hit,) = find(home, "refund", SearchFilter(run=RUN))
    assert (hit.thread, hit.run, hit.agent, hit.label) == ("one", RUN, AGENT, "check:refunds")
    assert hit.path.endswith(f"agent-{AGENT}.jsonl")


def test_the_order_is_the_same_whenever_files_were_read(home: Home) -> None:
    names = [f"{number}.jsonl" for number in range(6)]
    for number, name in enumerate(names):
        home.put(name, [ask_for("alike words", number)])
        first = find(home, "alike")
    for name in reversed(names):
        home.put(name, home.file(name).read_bytes())
        find(home, "alike")
    assert find(home, "alike") == first
    assert [hit.thread for hit in find(home, "alike", most=2)] == ["5", "4"]


def test_what_a_thread_says_twice_is_found_once(home: Home) -> None:
    home.put("../-home-sam-copy/two.jsonl", home.file("two.jsonl").read_bytes())
    assert len(texts(home, "Naïve")) == 1


def test_calls_are_no_messages(home: Home) -> None:
    home.put("three.jsonl", [respond("m9", call("t1", "Bash", command="unheard"))])
    assert texts(home, "unheard") == []


@pytest.mark.parametrize("before", ["ßßßß", "ﬁﬃ", "İİ", "ΐ" * 9])
def test_what_was_found_is_marked_where_it_stands(home: Home, before: str) -> None:
    """Some letters become two or three when they are compared without regard to case."""
    home.put("three.jsonl", [ask_for(f"{before} 漢字ß? rest", 6)])
    for words, marked in (("漢字", "漢字"), ("漢字SS", "漢字ß")):
        (hit,) = find(home, words)
        assert [hit.snippet[slice(*match)] for match in hit.matches] == [marked]
