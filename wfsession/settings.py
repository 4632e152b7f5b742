"""The user's settings: `config.toml`, and what holds where it says nothing.

The classes below are the table of all settings: their names, defaults, types and meanings. Named
tuples, as hooks read them at every edit: a default stands for a type, so there is none but those of
`_TYPES`. Reads one file; imports only errors.
"""

import os
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, get_type_hints

from wfsession.errors import InvalidValue, as_wf_error

FILE = "config.toml"


class WorkdirSettings(NamedTuple):
    """What stands in the table `workdirs`."""

    allowed_ignored: Annotated[
        tuple[str, ...],
        "Patterns of `.gitignore` for ignored files that can be made again, and may go with a "
        "workdir",
    ] = (
        "__pycache__/",
        "*.pyc",
        ".pytest_cache/",
        ".mypy_cache/",
        ".ruff_cache/",
        ".tox/",
        ".venv/",
        "node_modules/",
        ".DS_Store",
    )
    trash_days: Annotated[int, "For how many days a removed workdir stays in the trash"] = 14
    thread_days: Annotated[
        int,
        "For how many days a thread that did nothing can be resumed; agents delete transcripts",
    ] = 30
    askpass: Annotated[
        str, "The program that git asks for passwords where GIT_ASKPASS names none"
    ] = ""
    name: Annotated[str, "Whose commits an agent makes; {agent} is its name"] = "{agent}"
    email: Annotated[str, "The address in an agent's commits"] = "{agent}@localhost"


class IndexSettings(NamedTuple):
    """What stands in the table `index`."""

    projects: Annotated[
        tuple[str, ...],
        "Directories that are projects though they have no `.workflow`; `~` is your home",
    ] = ()


class TraceSettings(NamedTuple):
    """What stands in the table `trace`."""

    messages: Annotated[
        bool, "Whether agents' hooks keep what is said: prompts, answers, reasoning"
    ] = False
    patches: Annotated[bool, "Whether agents' hooks keep the patches that they make"] = True
    attempts: Annotated[int, "How often it is tried to write to a conversation that is busy"] = 3
    timeout_ms: Annotated[int, "How long each of these tries waits, in milliseconds"] = 5_000
    first_wait_ms: Annotated[
        int, "How long to wait after the first try, in milliseconds; doubled after each"
    ] = 100
    longest_wait_ms: Annotated[int, "The longest of these waits, in milliseconds"] = 1_000


class Settings(NamedTuple):
    """All settings, each table an attribute."""

    workdirs: WorkdirSettings = WorkdirSettings()
    # A table's name comes before what tuples call so, which nobody asks of this one.
    index: IndexSettings = IndexSettings()  # type: ignore[assignment]
    trace: TraceSettings = TraceSettings()


class Setting(NamedTuple):
    """A setting as people read of it: its dotted name, type, default and meaning."""

    name: str
    type: str
    default: Any
    meaning: str


_TYPES = {
    bool: "true or false",
    int: "a whole number, 0 or more",
    str: "a text",
    tuple: "a list of texts",
}


def list_settings() -> Iterator[Setting]:
    """Yield every setting, in the order of the tables."""
    for table, defaults in Settings()._asdict().items():
        hints = get_type_hints(type(defaults), include_extras=True)
        for name, default in defaults._asdict().items():
            (meaning,) = hints[name].__metadata__
            yield Setting(f"{table}.{name}", _TYPES[type(default)], default, meaning)


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
            found = _parse(file.read())
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise as_wf_error(path, error) from None
    except ValueError as error:
        raise InvalidValue(
            "settings", path, f"{path} is no TOML: {error}", "put it right"
        ) from None
    defaults = Settings()
    _check_keys(path, found, defaults._fields, "")
    tables = {
        name: _read_table(path, name, getattr(defaults, name), table)
        for name, table in found.items()
    }
    return defaults._replace(**tables)


def _parse(data: bytes) -> dict[str, Any]:
    # Most users have no such file, and it takes long to load what reads it.
    import tomllib

    return tomllib.loads(data.decode())


def _check_keys(path: str, found: dict[str, Any], known: tuple[str, ...], before: str) -> None:
    for key in found:
        if key not in known:
            from difflib import get_close_matches

            near = get_close_matches(key, known, 1)
            hint = f"did you mean {before}{near[0]}?" if near else "docs/settings.md lists them"
            reason = f"{path} has {before}{key}, and there is no such setting"
            raise InvalidValue("settings", f"{before}{key}", reason, hint)


def _read_table(path: str, name: str, defaults: Any, table: object) -> Any:
    if not isinstance(table, dict):
        reason = f"{path}: {name} is no table"
        raise InvalidValue("settings", name, reason, f"write it as: [{name}]")
    _check_keys(path, table, defaults._fields, f"{name}.")
    values = {
        key: _read_value(path, f"{name}.{key}", getattr(defaults, key), value)
        for key, value in table.items()
    }
    return defaults._replace(**values)


def _read_value(path: str, name: str, default: Any, value: object) -> Any:
    wanted = type(default)
    if wanted is tuple and isinstance(value, list) and all(isinstance(x, str) for x in value):
        return tuple(value)
    if wanted is not tuple and type(value) is wanted and (not isinstance(value, int) or value >= 0):
        return value
    shown = list(default) if wanted is tuple else repr(default)
    reason = f"{path}: {name} must be {_TYPES[wanted]}, and is {value!r}"
    raise InvalidValue("settings", name, reason, f"its default is {shown}")
