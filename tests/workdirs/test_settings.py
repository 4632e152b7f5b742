"""The user's settings: defaults, what a file says, and what is wrong with it."""

from pathlib import Path

import pytest

from wfsession.errors import InvalidValue, WfError
from wfsession.settings import Settings, find_settings_file, list_settings, read_settings


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return str(path)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert read_settings(str(tmp_path / "none.toml")) == Settings()
    assert read_settings(write(tmp_path, "")) == Settings()
    assert Settings().workdirs.trash_days == 14


def test_the_users_own_file_is_read_where_none_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "wfsession").mkdir()
    path = write(tmp_path / "wfsession", "[workdirs]\ntrash_days = 3\n")
    assert find_settings_file() == path
    assert read_settings().workdirs.trash_days == 3


def test_what_a_file_says_stands_beside_the_defaults(tmp_path: Path) -> None:
    text = '[workdirs]\nallowed_ignored = ["dist/"]\nname = "Robot {agent}"\n'
    found = read_settings(write(tmp_path, text)).workdirs
    assert found.allowed_ignored == ("dist/",)
    assert found.name == "Robot {agent}"
    assert found.thread_days == 30


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("[workdirs", "is no TOML", ""),
        ("[workdir]", "there is no such setting", "did you mean workdirs?"),
        ("[workdirs]\ntrash_dys = 1", "workdirs.trash_dys", "did you mean workdirs.trash_days?"),
        ("[workdirs]\nzzz = 1", "workdirs.zzz", "docs/settings.md"),
        ("workdirs = 1", "workdirs is no table", "[workdirs]"),
        ("[workdirs]\ntrash_days = '3'", "workdirs.trash_days must be a whole number", "14"),
        ("[workdirs]\ntrash_days = -1", "0 or more, and is -1", "14"),
        ("[workdirs]\ntrash_days = true", "a whole number", "14"),
        ("[workdirs]\naskpass = 1", "must be a text", "''"),
        ("[workdirs]\nallowed_ignored = 'a'", "must be a list of texts", "__pycache__"),
        ("[workdirs]\nallowed_ignored = [1]", "must be a list of texts", "__pycache__"),
    ],
)
def test_what_is_wrong_is_said_with_the_file_and_the_key(
    tmp_path: Path, text: str, said: str, hint: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InvalidValue) as caught:
        read_settings(path)
    assert said in str(caught.value)
    assert path in str(caught.value)
    assert hint in caught.value.hint


def test_a_file_that_cannot_be_read_is_no_file_that_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(WfError):
        read_settings(str(tmp_path))


def test_each_setting_has_a_name_a_type_and_a_meaning() -> None:
    names = [one.name for one in list_settings()]
    assert "workdirs.allowed_ignored" in names
    assert len(set(names)) == len(names)
    assert all(one.meaning and one.type for one in list_settings())
