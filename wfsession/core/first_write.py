"""What comes before the first write in a root: a registry of the older kind is brought over.

A session may be meant that only the registry names, or that only the registry says is active, so
this has to come before anybody looks for one. Loads nothing heavy.
"""

import os
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from wfsession.core.disk import is_regular
from wfsession.core.layout import REGISTRY
from wfsession.errors import WfError

P = ParamSpec("P")
T = TypeVar("T")


class Writer(Protocol):
    """What has methods that write."""

    def bring_over(self) -> object:
        """Bring over what there is."""


W = TypeVar("W", bound=Writer)


def after_bringing_over(
    method: Callable[Concatenate[W, P], T],
) -> Callable[Concatenate[W, P], T]:
    """Let a method that writes call `bring_over` first, unless it is a dry run.

    Where that fails it is logged (logger `wfsession`), and the method goes on.
    """

    @wraps(method)
    def writing(self: W, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not kwargs.get("dry_run"):
            try:
                self.bring_over()
            except WfError as error:
                import logging

                text = "the older layout was left as it is: %s"
                logging.getLogger("wfsession").warning(text, error)
        return method(self, *args, **kwargs)

    return writing


def has_registry(root_path: str) -> bool:
    """Tell whether a root holds a registry: one call, as every write asks this."""
    try:
        return is_regular(os.lstat(os.path.join(root_path, REGISTRY)))
    except OSError:
        # None, or a root that cannot be read, of which the write itself will tell.
        return False
