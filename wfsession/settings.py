"""What a user set in `config.toml`, in wfsession's directory among the user's configuration.

Imports errors only, and takes the directory as an argument. Every setting has a default; what is
not known here is passed over, as a later version may know it.
"""

import os
import tomllib

from attrs import frozen

from wfsession.errors import InvalidValue

FILE = "config.toml"
PRICES = "prices.toml"


@frozen
class Settings:
    """The settings. `projects` are directories that are projects whatever else is.

    `prices` is the path of a table of prices, empty where the user has none of his own.
    """

    projects: tuple[str, ...] = ()
    prices: str = ""


def read_settings(directory: str) -> Settings:
    """Return the settings in a directory; the defaults where there is no file.

    Raises:
        InvalidValue: the file is no TOML, or a setting is of a wrong type; says which.
    """
    path, prices = os.path.join(directory, FILE), os.path.join(directory, PRICES)
    try:
        with open(path, "rb") as file:
            data = tomllib.load(file)
    except FileNotFoundError:
        data = {}
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidValue("settings", path, f"{path}: {reason}", "mend it as TOML") from None
    projects = data.get("projects", [])
    if not isinstance(projects, list) or not all(isinstance(one, str) for one in projects):
        reason = f"{path}: projects is no list of directories"
        raise InvalidValue("settings", path, reason, 'projects = ["~/work/shop"]')
    return Settings(tuple(projects), prices if os.path.lexists(prices) else "")
