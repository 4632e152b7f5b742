"""What a user set."""

from pathlib import Path

import pytest

from wfsession.errors import InvalidValue
from wfsession.settings import Settings, read_settings


def test_without_a_file_the_defaults_count(tmp_path: Path) -> None:
    assert read_settings(str(tmp_path / "none")) == Settings()


def test_what_is_set_counts_and_what_is_not_known_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('projects = ["~/shop"]\nlater = 1\n[table]\nx = 2\n')
    (tmp_path / "prices.toml").write_text("")
    assert read_settings(str(tmp_path)) == Settings(("~/shop",), str(tmp_path / "prices.toml"))


@pytest.mark.parametrize("text", ["projects = 3", "projects = [1]", "projects", "x = \xff"])
def test_what_cannot_be_used_names_the_file_and_says_what_to_type(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidValue) as caught:
        read_settings(str(tmp_path))
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_a_file_that_cannot_be_read_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(InvalidValue, match=r"Is a directory"):
        read_settings(str(tmp_path))
