"""Which `wf` this is. Loads no parser."""

from wfsession.cli.answer import Told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def find_version() -> str:
    """Return which wfsession this is."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("wfsession")
    except PackageNotFoundError:
        return "(from a checkout that is not installed)"


def tell_version() -> "NoReturn":
    """Raise the version of what is installed."""
    raise Told("wf", f"wf {find_version()}")
