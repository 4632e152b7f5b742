"""What is wrong is found by looking alone, and put right by what makes workdirs; files stay."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workdirs.repositories import git
from tests.workdirs.workshop import Workshop, my_access, read, tell_status
from wfsession.workdirs.check import check, check_and_fix
from wfsession.workdirs.key import make_key
from wfsession.workdirs.listing import read_workdirs
from wfsession.workdirs.locks import hold
from wfsession.workdirs.record import read_records

Harm = Callable[[Workshop], object]


def _path(shop: Workshop) -> Path:
    return shop.path("dev", "feature/a")


def _entry(shop: Workshop) -> Path:
    return shop.bare / "worktrees" / _path(shop).name


def _record(shop: Workshop) -> Path:
    return Path(shop.places.record(make_key("dev", shop.remote, "feature/a")))


def lose_workdir(shop: Workshop) -> None:
    shutil.rmtree(_path(shop))


def lose_link(shop: Workshop) -> None:
    (_path(shop) / ".git").unlink()


def lead_elsewhere(shop: Workshop) -> None:
    (_path(shop) / ".git").write_text(f"gitdir: {shop.bare}/worktrees/other\n")


def lose_entry(shop: Workshop) -> None:
    shutil.rmtree(_entry(shop))


def interrupt(shop: Workshop) -> None:
    (_entry(shop) / "wf-unfinished").touch()
    (_path(shop) / "folder" / "inner.txt").unlink()


def lose_record(shop: Workshop) -> None:
    _record(shop).unlink()


def tear_record(shop: Workshop) -> None:
    _record(shop).write_text("{")


def make_half_entry(shop: Workshop) -> None:
    (shop.bare / "worktrees" / "half").mkdir()


def abandon_entry(shop: Workshop) -> None:
    path = f"{shop.places.data}/by-hand"
    git("worktree", "add", "-q", "-b", "by-hand", path, "origin/main", at=shop.bare)
    shutil.rmtree(path)


def break_cache(shop: Workshop) -> None:
    (shop.bare / "HEAD").unlink()


def abandon_clone(shop: Workshop) -> None:
    shutil.copytree(shop.bare, f"{shop.bare}.new-7")


def keep_old_cache(shop: Workshop) -> None:
    shop.bare.rename(f"{shop.bare}.old")


HARMS: dict[str, tuple[Harm, set[str]]] = {
    "the directory is gone": (lose_workdir, {"workdir-missing"}),
    "its link is gone": (lose_link, {"workdir-unlinked"}),
    "it leads elsewhere": (lead_elsewhere, {"workdir-unlinked"}),
    "its entry is gone": (lose_entry, {"workdir-unlinked"}),
    "its files were never written": (interrupt, {"workdir-unfinished"}),
    "its record is gone": (lose_record, {"record-missing"}),
    "its record is torn": (tear_record, {"record-bad", "record-missing"}),
    "half an entry": (make_half_entry, {"entry-broken"}),
    "an entry of nothing": (abandon_entry, {"entry-abandoned"}),
    "a broken cache": (break_cache, {"cache-broken"}),
    "an abandoned clone": (abandon_clone, {"cache-unfinished"}),
    "a cache half replaced": (keep_old_cache, {"cache-unfinished", "workdir-unlinked"}),
}


@pytest.mark.parametrize(("harm", "ids"), HARMS.values(), ids=HARMS)
def test_each_harm_is_found_and_put_right_and_the_next_look_finds_nothing(
    shop: Workshop, harm: Harm, ids: set[str]
) -> None:
    shop.acquire("main")
    shop.acquire()
    (shop.path("dev", "main") / "file.txt").write_text("mine\n")
    (shop.path("dev", "main") / ".env").write_text("mine\n")
    harm(shop)
    before = {path: path.lstat().st_mtime_ns for path in Path(shop.places.cache).parent.rglob("*")}
    assert {one.id for one in check(shop.places).findings} == ids
    after = {path: path.lstat().st_mtime_ns for path in Path(shop.places.cache).parent.rglob("*")}
    assert after == before
    done = check_and_fix(shop.places, my_access())
    assert (done.findings, done.failed) == ((), ())
    assert {one.id for one in done.fixed} == ids
    assert tell_status(shop.path("dev", "main")) == " M file.txt\n!! .env"
    assert tell_status(_path(shop)) == ""
    assert check(shop.places).findings == ()
    shop.check()


def test_where_all_is_well_nothing_is_found(shop: Workshop) -> None:
    assert check(shop.places).findings == ()
    shop.acquire()
    assert check(shop.places).findings == ()
    assert check_and_fix(shop.places, my_access()).fixed == ()


def test_what_somebody_is_at_work_on_is_passed_over(shop: Workshop) -> None:
    made = shop.acquire()
    interrupt(shop)
    with hold(shop.places.lock(made.key)):
        assert check(shop.places).findings == ()
        assert read_workdirs(shop.places)[0].in_use
    assert len(check(shop.places).findings) == 1


def test_what_cannot_be_put_right_is_said_and_nothing_is_lost(shop: Workshop) -> None:
    shop.acquire()
    break_cache(shop)
    shop.repository.bare.rename(shop.repository.bare.with_name("away.git"))
    done = check_and_fix(shop.places, my_access())
    assert [one.id for one in done.findings] == ["cache-broken"]
    assert "does not appear to be a git repository" in done.failed[0]
    assert read(_path(shop), "file.txt") == "one\ntwo\n"


def test_a_directory_that_nobody_knows_stays(shop: Workshop) -> None:
    made = shop.acquire()
    stranger = Path(made.path).parent / "mine"
    stranger.mkdir()
    (stranger / "x").touch()
    done = check_and_fix(shop.places, my_access())
    assert [(one.id, one.paths) for one in done.findings] == [("record-missing", (str(stranger),))]
    assert (stranger / "x").exists()


def test_a_record_of_a_newer_version_is_information(shop: Workshop) -> None:
    shop.acquire()
    text = _record(shop).read_text().replace('"schema_version": 1', '"schema_version": 9')
    _record(shop).write_text(text)
    found = {one.id: one.severity for one in check_and_fix(shop.places, my_access()).findings}
    assert found["record-newer"] == "info"
    assert _record(shop).read_text() == text


def test_a_listing_has_each_workdir_and_how_it_is(shop: Workshop) -> None:
    for branch in ("main", "feature/a", "new"):
        shop.acquire(branch)
    lose_workdir(shop)
    (shop.path("dev", "main") / ".git").unlink()
    found = {one.record.branch: one for one in read_workdirs(shop.places)}
    assert {branch: one.state for branch, one in found.items()} == {
        "main": "unlinked",
        "feature/a": "missing",
        "new": "ready",
    }
    assert found["new"].path == str(shop.path("dev", "new"))
    assert os.path.isdir(found["new"].git_dir)
    assert not any(one.in_use for one in found.values())
    assert len(read_records(shop.places)[0]) == 3
