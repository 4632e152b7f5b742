"""What takes room is what the disk says: allocated blocks, each file once."""

import os
import subprocess
from pathlib import Path

from tests.workdirs.workshop import Workshop
from wfsession.workdirs.du import measure_usage

AGENTS = [("dev", "main"), ("dev", "feature/a"), ("reviewer", "main")]


def du(*paths: str | Path) -> list[int]:
    """Return what `du` says of each path, of all in one count."""
    said = subprocess.run(
        ["du", "-s", "--block-size=1", *map(str, paths)], capture_output=True, text=True, check=True
    ).stdout
    return [int(line.split("\t")[0]) for line in said.splitlines()]


def test_caches_and_workdirs_are_told_apart_and_agree_with_du(shop: Workshop) -> None:
    paths = [shop.acquire(branch, agent).path for agent, branch in AGENTS]
    (Path(paths[0]) / "large").write_bytes(b"x" * 300_000)
    found = measure_usage(shop.places)
    assert [(one.kind, one.agent, one.branch) for one in found if one.kind != "workdir"] == [
        ("cache", "", "")
    ]
    assert {(one.agent, one.branch) for one in found if one.kind == "workdir"} == set(AGENTS)
    assert {one.repository for one in found} == {shop.remote.identity}
    assert sum(one.size_bytes for one in found) == sum(du(shop.bare, *paths))
    assert {one.path: one.size_bytes for one in found}[paths[0]] == du(paths[0])[0]


def test_a_file_with_two_names_counts_once_and_a_hole_counts_nothing(shop: Workshop) -> None:
    first, second = (Path(shop.acquire(branch).path) for branch in ("main", "feature/a"))
    before = sum(one.size_bytes for one in measure_usage(shop.places))
    (first / "large").write_bytes(b"x" * 300_000)
    os.link(first / "large", second / "large")
    with (first / "sparse").open("wb") as file:
        file.truncate(10_000_000)
    grown = sum(one.size_bytes for one in measure_usage(shop.places)) - before
    assert 300_000 <= grown < 400_000


def test_links_are_not_followed_and_what_was_set_aside_is_told(
    shop: Workshop, tmp_path: Path
) -> None:
    path = Path(shop.acquire().path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "large").write_bytes(b"x" * 1_000_000)
    (path / "link").symlink_to(tmp_path / "elsewhere")
    (shop.bare / "HEAD").unlink()
    shop.acquire()
    found = {one.kind: one for one in measure_usage(shop.places)}
    assert set(found) == {"cache", "workdir", "trash"}
    assert found["workdir"].size_bytes < 1_000_000


def test_without_anything_nothing_takes_room(shop: Workshop) -> None:
    assert measure_usage(shop.places) == ()
