"""Which session people mean by a part of its name, or by the one before."""

from datetime import UTC, datetime, timedelta

import pytest

from wfsession.core.choose import find_previous, match_session
from wfsession.core.model import Location, Record, Session, Snapshot, State, TaskCounts
from wfsession.errors import AmbiguousName, SessionNotFound

NOON = datetime(2025, 9, 7, 12, 0, 0, tzinfo=UTC)


def make_session(
    name: str,
    state: State = "paused",
    location: Location = "root",
    updated: datetime = NOON,
    paused_at: datetime | None = None,
    mtime_ns: int = 0,
    is_readable: bool = True,
) -> Session:
    return Session(
        name=name,
        dirname=name,
        path=f"/r/{name}",
        location=location,
        state=state,
        title=name,
        type="",
        phase="",
        tasks=TaskCounts(),
        threads=0,
        created=NOON,
        updated=updated,
        record=Record(paused_at=paused_at) if is_readable else None,
        record_mtime_ns=mtime_ns,
    )


def make_snapshot(*sessions: Session) -> Snapshot:
    return Snapshot("/r", None, sessions, (), NOON)


def of_names(*names: str) -> Snapshot:
    return make_snapshot(*(make_session(name) for name in names))


ALL = of_names(
    "WFS-oauth",
    "WFS-oauth-2",
    "WFS-OAuth",
    "WFS-profile",
    "WFS-my-profile",
    "WFS-\xfcben",
    "WFS-\xdcBEN",
    "notes-wfs-plan",
    "WFS-planning",
    "plain",
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        # The very name goes before all, then the name but for case and Unicode form.
        ("WFS-oauth", "WFS-oauth"),
        ("WFS-OAuth", "WFS-OAuth"),
        ("WFS-U\u0308BEN", "WFS-\xdcBEN"),
        ("WFS-u\u0308ben", "WFS-\xfcben"),
        ("wfs-PROFILE", "WFS-profile"),
        # Then the name without its prefix.
        ("profile", "WFS-profile"),
        ("Plain", "plain"),
        # Then the beginning, with the prefix and without.
        ("my", "WFS-my-profile"),
        ("plan", "WFS-planning"),
        ("wfs-pl", "WFS-planning"),
        # Then any part.
        ("auth-", "WFS-oauth-2"),
        ("y-pro", "WFS-my-profile"),
        ("ning", "WFS-planning"),
    ],
)
def test_a_text_names_a_session_whole_else_by_its_beginning_else_by_a_part(
    text: str, name: str
) -> None:
    assert match_session(ALL, text).name == name


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("oauth", ("WFS-oauth", "WFS-OAuth")),
        ("wfs-OAUTH", ("WFS-oauth", "WFS-OAuth")),
        ("oa", ("WFS-oauth", "WFS-oauth-2", "WFS-OAuth")),
        ("WFS-p", ("WFS-profile", "WFS-planning")),
        ("file", ("WFS-profile", "WFS-my-profile")),
    ],
)
def test_a_text_that_several_share_lists_them(text: str, matches: tuple[str, ...]) -> None:
    with pytest.raises(AmbiguousName) as caught:
        match_session(ALL, text)
    assert caught.value.matches == matches
    assert caught.value.name == text


@pytest.mark.parametrize("text", ["", "nothing", "WFS-profiles", "*", "\ud800"])
def test_a_text_that_none_has_is_not_found(text: str) -> None:
    with pytest.raises(SessionNotFound) as caught:
        match_session(ALL, text)
    assert (caught.value.name, caught.value.root) == (text, "/r")


def test_archived_sessions_are_found_only_where_they_are_asked_for() -> None:
    snapshot = make_snapshot(
        make_session("WFS-a1"), make_session("WFS-a2", "archived", "completed")
    )
    assert match_session(snapshot, "a").name == "WFS-a1"
    with pytest.raises(SessionNotFound):
        match_session(snapshot, "WFS-a2")
    assert match_session(snapshot, "WFS-a2", archived=True).name == "WFS-a2"
    with pytest.raises(AmbiguousName):
        match_session(snapshot, "a", archived=True)


def test_of_two_sessions_of_one_name_the_one_in_the_root_is_meant() -> None:
    snapshot = make_snapshot(make_session("WFS-a"), make_session("WFS-a", "archived", "completed"))
    for text in ("WFS-a", "wfs-A", "a"):
        assert match_session(snapshot, text, archived=True).location == "root"


def test_none_is_the_one_before_where_none_is_paused() -> None:
    states: list[State] = ["active", "completed", "bad", "archived"]
    assert find_previous(make_snapshot()) is None
    assert find_previous(make_snapshot(*(make_session(s, s) for s in states))) is None


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        pytest.param(
            make_session("a", paused_at=NOON, updated=NOON - HOUR, mtime_ns=1),
            make_session("b", paused_at=NOON - HOUR, updated=NOON, mtime_ns=2),
            id="when it was paused goes before all else",
        ),
        pytest.param(
            make_session("a", updated=NOON + HOUR),
            make_session("b", paused_at=NOON, updated=NOON + HOUR),
            id="the last change stands in where nobody said when",
        ),
        pytest.param(
            make_session("a", paused_at=NOON, updated=NOON + HOUR, mtime_ns=1),
            make_session("b", paused_at=NOON, updated=NOON, mtime_ns=2),
            id="then the last change",
        ),
        pytest.param(
            make_session("a", paused_at=NOON, mtime_ns=2),
            make_session("b", paused_at=NOON, mtime_ns=1),
            id="then the time of the record",
        ),
        pytest.param(make_session("b"), make_session("a"), id="then the name"),
        pytest.param(
            make_session("a", updated=NOON + HOUR, is_readable=False),
            make_session("b"),
            id="without a record too",
        ),
        pytest.param(
            make_session("a"),
            make_session("b", "completed", updated=NOON + HOUR),
            id="but only of those that are paused",
        ),
    ],
)
def test_the_one_before_is_the_one_paused_last(later: Session, earlier: Session) -> None:
    assert find_previous(make_snapshot(later, earlier)) is later
    assert find_previous(make_snapshot(earlier, later)) is later


def test_only_the_active_state_is_active() -> None:
    states: list[State] = ["active", "paused", "completed", "archived", "bad"]
    assert [make_session("a", state).is_active for state in states] == [True] + [False] * 4
