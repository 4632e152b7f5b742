"""Lanes and treemaps: where things lie, and that all of it is within the drawing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.threads.story_map import TouchedFile
from wfsession.web.drawing import Axis
from wfsession.web.treemap import HEIGHT, WIDTH, draw_territory, is_scratch

BEGIN = datetime(2026, 9, 14, tzinfo=UTC)
weights = st.lists(st.integers(1, 10_000), min_size=1, max_size=80)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def test_a_pause_is_folded_only_when_it_is_longer_than_five_minutes() -> None:
    assert Axis([at(0), at(300)]).length == 300
    axis = Axis([at(0), at(301), at(311)])
    assert axis.length == 40
    assert axis.folds == [15]
    assert axis.place(at(311)) == 40


@given(st.lists(st.integers(0, 100_000), min_size=1))
def test_what_is_later_is_never_further_left(seconds: list[int]) -> None:
    axis = Axis(map(at, seconds))
    places = [axis.place(at(one)) for one in sorted(seconds)]
    assert places == sorted(places)
    assert places[0] == 0
    assert places[-1] <= axis.length


@given(weights)
def test_every_file_has_its_share_of_the_treemap_and_none_lies_outside(sizes: list[int]) -> None:
    files = tuple(TouchedFile(f"/p/f{n}", size, 0, size) for n, size in enumerate(sizes))
    cells = draw_territory(files, "/p").cells
    assert sum(one.width * one.height for one in cells) == pytest.approx(WIDTH * HEIGHT)
    for one in cells:
        assert one.x >= 0
        assert one.y >= 0
        assert one.x + one.width <= WIDTH + 0.01
        assert one.y + one.height <= HEIGHT + 0.01


def test_scratch_files_are_one_cell_whatever_their_number() -> None:
    scratch = tuple(TouchedFile(f"/tmp/s{n}", 1, 0, 1) for n in range(9))
    cells = draw_territory((TouchedFile("/p/a.py", 0, 1, 3), *scratch), "/p").cells
    assert [one.label for one in cells] == ["9 scratch files", "a.py"]
    assert [one.is_edited for one in cells] == [False, True]


def test_a_project_that_lies_in_a_scratch_directory_has_files_of_its_own() -> None:
    assert is_scratch("/tmp/x.py")
    assert not is_scratch("/tmp/p/x.py", "/tmp/p")
