"""The user's settings: `config.toml`, and what holds where it says nothing.

The classes below are the table of all settings: their names, defaults, types and meanings. Reads
one file; imports only errors.
"""

import os
import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

from attrs import Attribute, Factory, field, fields, frozen

from wfsession.errors import InvalidValue, as_wf_error

FILE = "config.toml"
_T = TypeVar("_T")


def _setting(default: _T, meaning: str) -> _T:
    made: _T = field(default=default, metadata={"meaning": meaning})
    return made


@frozen
class WorkdirSettings:
    """What stands in the table `workdirs`."""

    allowed_ignored: tuple[str, ...] = _setting(
        (
            "__pycache__/",
            "*.pyc",
            ".pytest_cache/",
            ".mypy_cache/",
            ".ruff_cache/",
            ".tox/",
            ".venv/",
            "node_modules/",
            ".DS_Store",
        ),
        "Patterns of `.gitignore` for ignored files that can be made again, and may go with a "
        "workdir",
    )
    trash_days: int = _setting(14, "For how many days a removed workdir stays in the trash")
    thread_days: int = _setting(
        30, "For how many days a thread that did nothing can be resumed; agents delete transcripts"
    )
    askpass: str = _setting(
        "", "The program that git asks for passwords where GIT_ASKPASS names none"
    )
    name: str = _setting("{agent}", "Whose commits an agent makes; {agent} is its name")
    email: str = _setting("{agent}@localhost", "The address in an agent's commits")


@frozen
class IndexSettings:
    """What stands in the table `index`."""

    projects: tuple[str, ...] = _setting((), "Directories that are projects whatever else is")
    prices: str = _setting("", "A table of prices in place of the one that comes with wfsession")


@frozen
class Settings:
    """All settings, each table an attribute."""

    index: IndexSettings = Factory(IndexSettings)
    workdirs: WorkdirSettings = Factory(WorkdirSettings)


@frozen
class Setting:
    """A setting as people read of it: its dotted name, type, default and meaning."""

    name: str
    type: str
    default: Any
    meaning: str


_TYPES = {int: "a whole number, 0 or more", str: "a text", tuple: "a list of texts"}


def list_settings() -> Iterator[Setting]:
    """Yield every setting, in the order of the tables."""
    for table in fields(Settings):
        for one in fields(type(getattr(Settings(), table.name))):
            name = f"{table.name}.{one.name}"
            yield Setting(name, _TYPES[type(one.default)], one.default, one.metadata["meaning"])


def find_settings_file() -> str:
    """Return the path of the user's settings, which need not exist."""
    from platformdirs import user_config_dir

    return os.path.join(user_config_dir("wfsession", appauthor=False), FILE)


def read_settings(path: str | None = None) -> Settings:
    """Return the settings of a file; the defaults where there is none.

    Args:
        path: the file; the user's own if None.

    Raises:
        InvalidValue: it is no TOML, or a key in it is unknown or of another type.
        DiskFailed: it cannot be read.
    """
    path = find_settings_file() if path is None else path
    try:
        with open(path, "rb") as file:
            found = tomllib.load(file)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise as_wf_error(path, error) from None
    except ValueError as error:
        raise InvalidValue(
            "settings", path, f"{path} is no TOML: {error}", "put it right"
        ) from None
    tables = {one.name: one for one in fields(Settings)}
    _check_keys(path, found, tables, "")
    return Settings(**{name: _read_table(path, name, table) for name, table in found.items()})


def _check_keys(path: str, found: dict[str, Any], known: "dict[str, Any]", before: str) -> None:
    for key in found:
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"did you mean {before}{near[0]}?" if near else "docs/settings.md lists them"
            reason = f"{path} has {before}{key}, and there is no such setting"
            raise InvalidValue("settings", f"{before}{key}", reason, hint)


def _read_table(path: str, name: str, table: object) -> Any:
    kind = type(getattr(Settings(), name))
    if not isinstance(table, dict):
        reason = f"{path}: {name} is no table"
        raise InvalidValue("settings", name, reason, f"write it as: [{name}]")
    known = {one.name: one for one in fields(kind)}
    _check_keys(path, table, known, f"{name}.")
    return kind(
        **{key: _read_value(path, f"{name}.{key}", known[key], table[key]) for key in table}
    )


def _read_value(path: str, name: str, one: "Attribute[Any]", value: object) -> Any:
    default: Any = one.default
    wanted = type(default)
    if wanted is tuple and isinstance(value, list) and all(isinstance(x, str) for x in value):
        return tuple(value)
    if wanted is not tuple and type(value) is wanted and (not isinstance(value, int) or value >= 0):
        return value
    shown = list(default) if wanted is tuple else repr(default)
    reason = f"{path}: {name} must be {_TYPES[wanted]}, and is {value!r}"
    raise InvalidValue("settings", name, reason, f"its default is {shown}")
