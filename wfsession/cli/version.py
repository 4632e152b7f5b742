"""Which `wf` this is. Loads no parser."""

from wfsession.cli.answer import Told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def tell_version() -> "NoReturn":
    """Raise the version of what is installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("wfsession")
    except PackageNotFoundError:
        number = "(from a checkout that is not installed)"
    raise Told("wf", f"wf {number}")
