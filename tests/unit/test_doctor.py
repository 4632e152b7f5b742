"""What is found in a survey, how grave it is, and in which order."""

from datetime import UTC, datetime
from typing import Any

import pytest

from wfsession.core.doctor import KINDS, diagnose
from wfsession.core.model import Marker, Snapshot
from wfsession.core.survey import Leftover, Stray, Survey

NOW_NS = 1_800_000_000_000_000_000
# Scripts know these; see the contract of `wf doctor --json`.
IDS = """
    orphaned-marker several-markers stray-marker record-missing record-unreadable record-corrupt
    record-wrong-type record-newer-schema id-mismatch status-mismatch completion-cut-short
    archive-cut-short rename-cut-short duplicate-session name-collision abandoned-staging
    abandoned-binding unsafe-session unwritable time-in-future stale-lock legacy-registry
    legacy-layout
""".split()
INFO = """
    stray-marker status-mismatch abandoned-binding time-in-future stale-lock legacy-registry
    legacy-layout
""".split()


def make_survey(*markers: Marker, **fields: Any) -> Survey:
    active = next((marker.name for marker in markers if marker.is_candidate), None)
    snapshot = Snapshot("/p/.workflow", active, (), markers, datetime(2026, 1, 1, tzinfo=UTC))
    usual: dict[str, Any] = {
        "snapshot": snapshot,
        "strays": (),
        "leftovers": (),
        "lost_bindings": (),
        "stale_holder": "",
        "unfinished": (),
        "cut_short": (),
        "has_registry": False,
        "legacy": (),
        "unwritable": (),
        "taken_ns": NOW_NS,
    }
    return Survey(**{**usual, **fields})


def make_marker(name: str, mtime_ns: int = 0, is_candidate: bool = True) -> Marker:
    return Marker(f".active-{name}", name, mtime_ns, 0, 1, is_candidate)


def test_the_ids_and_their_severities_are_those_of_the_contract() -> None:
    assert list(KINDS) == IDS
    assert [name for name, kind in KINDS.items() if kind.severity == "info"] == INFO


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert diagnose(make_survey(make_marker("WFS-a"))) == ()


def test_the_gravest_comes_first_and_then_the_paths_decide() -> None:
    found = diagnose(
        make_survey(
            make_marker("WFS-z", is_candidate=False),
            make_marker("WFS-y", is_candidate=False),
            unwritable=(".",),
            has_registry=True,
        )
    )
    assert [one.severity for one in found] == ["error", "warning", "warning", "info"]
    assert [one.paths[0].rpartition("/")[2] for one in found] == [
        ".workflow",
        ".active-WFS-y",
        ".active-WFS-z",
        "session_status.jsonl",
    ]


def test_a_time_is_in_the_future_from_a_minute_on() -> None:
    near, far = NOW_NS + 59_000_000_000, NOW_NS + 61_000_000_000
    assert diagnose(make_survey(make_marker("WFS-a", near))) == ()
    (found,) = diagnose(make_survey(make_marker("WFS-a", far)))
    assert (found.id, found.paths) == ("time-in-future", ("/p/.workflow/.active-WFS-a",))
    assert "61 s ahead" in found.message


def test_what_was_prepared_within_the_hour_may_still_be_used() -> None:
    survey = make_survey(leftovers=(Leftover("young", 3599), Leftover("old", 7200)))
    (found,) = diagnose(survey)
    assert found.paths == ("/p/.workflow/.wf/tmp/old",)
    assert found.id == "abandoned-staging"


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("", "file", "has no name behind it"),
        ("WFS-a~", "file", "is an editor's backup"),
        ("WFS-a (1)", "file", "is a conflict copy"),
        ("WFS-a (Ada's conflicted copy)", "file", "is a conflict copy"),
        ("WFS-a copy", "file", "is a conflict copy"),
        ("WFS-a copy 2", "file", "is a conflict copy"),
        ("WFS-a.sync-conflict~1", "file", "is a conflict copy"),
        ("WFS-a", "directory", "is a directory"),
        ("WFS-a", "symlink", "is a symlink"),
        ("WFS-a~", "special", "is no regular file"),
        ("a b", "file", "names nothing that could be a session: it contains ' '"),
        ("completed", "file", "names nothing that could be a session: that name is reserved"),
    ],
)
def test_a_stray_is_told_by_what_it_is(name: str, kind: str, said: str) -> None:
    (found,) = diagnose(make_survey(strays=(Stray(f".active-{name}", kind),)))
    assert found.message.startswith(f".active-{name} begins like a marker and {said}")


def test_a_stale_lock_is_named_with_its_process_and_host() -> None:
    (found,) = diagnose(make_survey(stale_holder="process 5 on here"))
    assert found.message == "the lock is held by process 5 on here, which is gone"


def test_each_finding_says_what_its_repair_will_do() -> None:
    survey = make_survey(
        strays=(Stray(".active-", "file"),),
        lost_bindings=(("a--1", "WFS-x"),),
        stale_holder="process 5 on here",
        legacy=("sessions",),
        unwritable=("WFS-a",),
    )
    found = diagnose(survey)
    assert {one.id for one in found} == {
        "stray-marker",
        "abandoned-binding",
        "stale-lock",
        "legacy-layout",
        "unwritable",
    }
    assert all(one.repair == KINDS[one.id].repair and one.message for one in found)
