"""The sweep, kind by kind: exactly what is safely elsewhere goes, all else stays and says why."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from tests.workdirs.dirt import DIRT, hold_open
from tests.workdirs.merges import MERGED, UNMERGED
from tests.workdirs.yard import Yard
from wfsession.workdirs.sweep import Swept


@frozen
class Outcome:
    yard: Yard
    swept: Swept
    before: dict[str, frozenset[str]]


def _list_files(path: Path) -> frozenset[str]:
    return frozenset(str(one.relative_to(path)) for one in path.rglob("*"))


EXPECTED: dict[str, frozenset[str]] = {
    **dict.fromkeys(MERGED, frozenset()),
    **dict.fromkeys(UNMERGED, frozenset({"unpushed"})),
    **{name: codes for name, (_, codes) in DIRT.items()},
}


@pytest.fixture(scope="module")
def outcome(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    yard = Yard.make(template, tmp_path_factory.mktemp("table"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(yard.person.parent))
        for name, make in {**MERGED, **UNMERGED}.items():
            yard.acquire(name)
            make(yard, name)
            yard.mark(name)
        for name, (soil, _) in DIRT.items():
            yard.acquire(name)
            soil(yard, name)
            yard.mark(name)
        yard.acquire("unmarked")
        before = {name: _list_files(yard.workdir(name)) for name in EXPECTED}
        with hold_open(yard):
            swept = yard.sweep()
        yield Outcome(yard, swept, before)


def _codes(swept: Swept) -> dict[str, frozenset[str]]:
    return {
        one.record.branch: frozenset(reason.code for reason in one.reasons)
        for one in swept.decisions
    }


def test_each_is_kept_for_exactly_its_reason_and_the_rest_goes(outcome: Outcome) -> None:
    assert _codes(outcome.swept) == EXPECTED


def test_what_is_removed_is_what_is_merged_and_nothing_else(outcome: Outcome) -> None:
    gone = {name for name in EXPECTED if not outcome.yard.workdir(name).exists()}
    assert gone == set(MERGED)
    assert {one.record.branch for one in outcome.swept.decisions if one.removed} == set(MERGED)


def test_what_is_kept_is_as_it_was_in_every_file(outcome: Outcome) -> None:
    kept = set(EXPECTED) - set(MERGED)
    assert {name: _list_files(outcome.yard.workdir(name)) for name in kept} == {
        name: outcome.before[name] for name in kept
    }


def test_what_is_removed_lies_in_the_trash_in_every_file(outcome: Outcome) -> None:
    boxes = {one.record.branch: one.removed for one in outcome.swept.decisions if one.removed}
    assert {name: _list_files(Path(box.box) / "worktree") for name, box in boxes.items()} == {
        name: outcome.before[name] for name in MERGED
    }


def test_one_that_nobody_marked_is_no_candidate(outcome: Outcome) -> None:
    assert outcome.yard.workdir("unmarked").is_dir()
    assert "unmarked" not in _codes(outcome.swept)
    assert outcome.swept.others == 1
