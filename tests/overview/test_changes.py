"""What counts as a change, to whoever looks at the disk now and then."""

import itertools
import os
from pathlib import Path

import pytest

from wfsession.overview.changes import find_present, is_news, look_around


@pytest.mark.parametrize(
    ("path", "is_told"),
    [
        ("/p/.workflow/.active-WFS-a", True),
        ("/p/.workflow/WFS-a/workflow-session.json", True),
        ("/p/.workflow/WFS-a.wf/plan.md", True),
        ("/p/.workflow/.wf", False),
        ("/p/.workflow/.wf/active", False),
        ("/p/.workflow/.wf/tmp/x", False),
    ],
)
def test_what_a_reader_may_write_is_no_news(path: str, is_told: bool) -> None:
    assert is_news(path) is is_told


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / ".workflow"
    (made / "WFS-a" / ".task").mkdir(parents=True)
    (made / ".wf").mkdir()
    (made / "WFS-a" / "workflow-session.json").write_text("{}")
    (made / "WFS-a" / ".task" / "impl-1.json").write_text("{}")
    return made


def test_a_look_sees_markers_records_tasks_and_what_went_away(root: Path) -> None:
    def look() -> object:
        return look_around((str(root), str(root / "gone")))

    seen = [look()]
    (root / ".active-WFS-a").touch()
    seen.append(look())
    (root / "WFS-a" / "workflow-session.json").write_text('{"status": "paused"}')
    seen.append(look())
    (root / "WFS-a" / ".task" / "impl-1.json").write_text('{"status": "done"}')
    seen.append(look())
    (root / ".active-WFS-a").unlink()
    seen.append(look())
    for before, after in itertools.pairwise(seen):
        assert before != after
    assert look() == seen[-1]


def test_a_look_passes_over_what_is_private_and_follows_no_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (root / "WFS-a" / "link").symlink_to(tmp_path / "other")
    before = look_around((str(root),))
    (root / ".wf" / "active").write_text("WFS-a")
    (tmp_path / "other" / "file").touch()
    assert look_around((str(root),)) == before


def test_a_directory_that_was_made_anew_is_another_one(root: Path) -> None:
    places = (str(root), str(root / "gone"))
    assert [path for path, _ in find_present(places)] == [str(root)]
    before = find_present(places)
    os.rename(root, root.parent / "moved")
    assert find_present(places) == ()
    root.mkdir()
    assert find_present(places) != before
