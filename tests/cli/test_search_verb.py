"""What was said, and what has no end, as `wf search` and `wf unfinished` tell it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wf import ACTIVE, PAUSED, run_in_terminal, strip_colour, wf
from tests.talks import EXPECT, MAIN, OTHER, RUN, transcript_of
from tests.transcripts import encode, user
from wfsession.cli.asking import parse_since
from wfsession.errors import InvalidValue

pytestmark = pytest.mark.usefixtures("talks")


def find(*words: str) -> list[Any]:
    done = wf("search", *words, "--json")
    hits: list[Any] = done.data["hits"]
    assert done.code == (0 if hits else 1)
    return hits


def test_what_was_asked_is_found_with_where_it_stands() -> None:
    (hit,) = find("cart", "TOTAL")
    assert (hit["snippet"], hit["role"], hit["thread"]) == (EXPECT["asks"][0], "user", MAIN)
    assert [hit["snippet"][start:end] for start, end in hit["matches"]] == ["Total", "cart"]
    assert hit["snippet"] in Path(hit["transcript"]).read_text()


def test_what_nobody_said_is_1_and_no_error() -> None:
    done = wf("search", "xylophone")
    assert (done.code, done.out, done.err) == (1, "", "")


def test_what_was_said_is_narrowed_by_who_said_it_and_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything = find("cart")
    assert {hit["role"] for hit in everything} > {"user"}
    assert {hit["role"] for hit in find("cart", "--role", "user")} == {"user"}
    assert {hit["run_id"] for hit in find("invoices", "--run", RUN)} == {RUN}
    assert {hit["label"] for hit in find("invoices", "--agent", "check invoices")} == {
        "check invoices"
    }
    assert find("discounts", "--agent", "main") == []
    assert find("discounts", "--agent", "Explore") != []
    assert find("cart", "--since", "2026-09-15") == []
    assert find("cart", "--since", "2026-09-13T00:00:00Z") == everything
    assert find("cart", "--session", PAUSED) == []
    monkeypatch.setenv("WF_THREAD", f"claude-code--{MAIN}")
    wf("bind", PAUSED)
    assert len(find("cart", "--session", "oauth")) == len(everything)


def test_other_projects_are_searched_where_all_are_meant() -> None:
    assert find("notes") == []
    assert {hit["thread"] for hit in find("notes", "--all-projects")} == {OTHER}


def test_signs_are_words_and_nothing_else(talks: Path) -> None:
    with transcript_of(talks, MAIN).open("ab") as file:
        file.write(encode([user('try --force AND "quoted" NEAR(x)', 9, uuid="u-signs")]))
    for words in ("--force", '"quoted"', "NEAR(x)", "AND NEAR"):
        done = wf("search", "--json", "--", words)
        assert [hit["key"] for hit in done.data["hits"]] == ["u-signs"]


@pytest.mark.parametrize(
    ("text", "age"),
    [("90min", timedelta(minutes=90)), ("12h", timedelta(hours=12)), ("2w", timedelta(weeks=2))],
)
def test_an_age_is_counted_from_now(text: str, age: timedelta) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert before - age <= parse_since(text) <= datetime.now(UTC) - age


@pytest.mark.usefixtures("_in_berlin")
def test_a_day_begins_where_the_user_is() -> None:
    assert parse_since("2026-09-14") == datetime(2026, 9, 13, 22, tzinfo=UTC)
    assert parse_since("2026-09-14T10:00:00Z") == datetime(2026, 9, 14, 10, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "gestern", "7", "-1d", "2026-02-30", "9" * 30 + "d"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_since(text)
    assert caught.value.hint


@pytest.mark.parametrize(("colour", "shown"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_shows_what_was_looked_for(colour: dict[str, str], shown: bool) -> None:
    done = run_in_terminal("search", "cart", env=colour)
    assert ("\x1b[1;33mcart\x1b[0m" in done.out) is shown
    assert "I will look at the cart." in strip_colour(done.out)


def test_what_is_unfinished_is_listed_with_what_shows_it() -> None:
    found = wf("unfinished", "--json").data["unfinished"]
    by_kind = {one["kind"]: one for one in found}
    assert by_kind["run"]["name"] == EXPECT["unfinished"][0]
    assert by_kind["thread"]["status"] == "question"
    assert by_kind["thread"]["evidence"].endswith("?")
    assert (by_kind["agent"]["name"], by_kind["agent"]["status"]) == ("check refunds", "crashed")
    for one in found:
        assert Path(one["path"]).exists()
        assert one["evidence"]


def test_a_session_that_was_paused_with_a_task_in_hand_is_unfinished() -> None:
    wf("task", "add", "IMPL-7")
    wf("pause")
    (found,) = wf("unfinished", "--session", ACTIVE, "--json").data["unfinished"]
    assert (found["kind"], found["name"]) == ("session", ACTIVE)
    assert "IMPL-7" in found["evidence"]


def test_a_pipe_gets_a_line_for_each_with_as_many_tabs() -> None:
    for words in (("search", "cart"), ("unfinished",)):
        lines = wf(*words).out.splitlines()
        assert lines
        assert {line.count("\t") for line in lines} == {6}


@pytest.mark.parametrize("columns", [80, 40])
def test_they_fit_on_a_terminal(columns: int) -> None:
    for words in (("search", "cart"), ("unfinished",)):
        done = run_in_terminal(*words, columns=columns)
        assert max(map(len, strip_colour(done.out).splitlines())) <= columns


def test_what_is_no_utf_8_is_a_word_that_nobody_said() -> None:
    assert find("\udcff") == []
