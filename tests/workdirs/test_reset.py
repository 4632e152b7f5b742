"""The reset: one workdir or all of an agent, and only those kinds of work that were given up."""

import pytest
from attrs import evolve

from tests.workdirs.repositories import git
from tests.workdirs.workshop import my_access
from tests.workdirs.yard import AT, Yard
from wfsession.errors import InvalidValue
from wfsession.settings import WorkdirSettings
from wfsession.workdirs.key import Key
from wfsession.workdirs.locks import hold
from wfsession.workdirs.reasons import Kind
from wfsession.workdirs.record import Hold
from wfsession.workdirs.reset import reset
from wfsession.workdirs.sweep import Swept

KINDS: list[Kind] = ["dirty", "unpushed"]


def do(yard: Yard, *may_lose: Kind, key: Key | None = None, apply: bool = True) -> Swept:
    return reset(
        yard.places, my_access(), WorkdirSettings(),
        agent="dev", key=key, may_lose=frozenset(may_lose), apply=apply, at=AT,
    )  # fmt: skip


def gone(swept: Swept) -> set[str]:
    return {one.record.branch for one in swept.decisions if one.removed}


@pytest.fixture
def soiled(yard: Yard) -> Yard:
    for branch in ("clean", "dirty", "unpushed", "nested", "locked", "busy"):
        yard.acquire(branch)
    yard.acquire("clean", "reviewer")
    (yard.workdir("dirty") / "new").write_text("work\n")
    yard.commit("unpushed", "new")
    git("init", "-q", "inside", at=yard.workdir("nested"))
    yard.change(evolve(yard.record("locked"), locked=Hold(AT)))
    return yard


@pytest.mark.parametrize(
    ("may_lose", "expected"),
    [
        ([], {"clean"}),
        (["dirty"], {"clean", "dirty"}),
        (["unpushed"], {"clean", "unpushed"}),
        (KINDS, {"clean", "dirty", "unpushed", "nested"}),
    ],
)
def test_each_kind_of_work_goes_only_when_it_is_given_up(
    soiled: Yard, may_lose: list[Kind], expected: set[str]
) -> None:
    with hold(soiled.places.lock(soiled.key("busy")), 0):
        assert gone(do(soiled, *may_lose, apply=False)) == set()
        assert gone(do(soiled, *may_lose)) == expected
    left = {branch for branch in ("clean", "dirty", "unpushed", "nested", "locked", "busy")
            if soiled.workdir(branch).exists()}  # fmt: skip
    assert left == {"clean", "dirty", "unpushed", "nested", "locked", "busy"} - expected
    assert soiled.workdir("clean", "reviewer").exists()


def test_one_key_is_one_workdir(yard: Yard) -> None:
    yard.acquire("a")
    yard.acquire("b")
    assert gone(do(yard, key=yard.key("a"))) == {"a"}
    assert yard.workdir("b").exists()


def test_commits_may_be_given_up_without_a_network(yard: Yard) -> None:
    """Without one, what was pushed may not be on the remote any more."""
    yard.acquire("a")
    yard.commit("a", "new")
    yard.acquire("b")
    yard.repository.bare.rename(yard.repository.bare.with_name("away"))
    assert gone(do(yard, "dirty")) == set()
    assert gone(do(yard, "unpushed")) == {"a", "b"}


def test_what_was_reset_can_be_acquired_anew(yard: Yard) -> None:
    yard.acquire("a")
    yard.commit("a", "new")
    do(yard, *KINDS)
    made = yard.acquire("a")
    assert made.state == "created"
    assert made.head == yard.repository.head("main")


def test_a_workdir_that_there_is_not_is_told(yard: Yard) -> None:
    with pytest.raises(InvalidValue, match="dev has no workdir for a of"):
        do(yard, key=yard.key("a"))
    with pytest.raises(InvalidValue, match="dev has no workdir"):
        do(yard)
