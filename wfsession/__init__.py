"""wfsession: switch between the sessions of work that agents and people do in one project.

    import wfsession

    wfsession.current()                 # the active session's name, or None
    workspace = wfsession.open()        # the nearest `.workflow`
    workspace.switch("WFS-oauth")

The names here are loaded when they are first used, so that importing costs next to nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from wfsession.context import Context, enter
    from wfsession.core.model import Checkpoint, Event, Record, Session, Snapshot
    from wfsession.errors import WfError
    from wfsession.workspace import Workspace
    from wfsession.workspace import init_workspace as init
    from wfsession.workspace import open_workspace as open

__all__ = [
    "Checkpoint",
    "Context",
    "Event",
    "Record",
    "Session",
    "Snapshot",
    "WfError",
    "Workspace",
    "current",
    "enter",
    "init",
    "open",
]

_HOMES = {
    "Checkpoint": ("wfsession.core.model", "Checkpoint"),
    "Event": ("wfsession.core.model", "Event"),
    "Record": ("wfsession.core.model", "Record"),
    "Session": ("wfsession.core.model", "Session"),
    "Snapshot": ("wfsession.core.model", "Snapshot"),
    "WfError": ("wfsession.errors", "WfError"),
    "Context": ("wfsession.context", "Context"),
    "Workspace": ("wfsession.workspace", "Workspace"),
    "enter": ("wfsession.context", "enter"),
    "init": ("wfsession.workspace", "init_workspace"),
    "open": ("wfsession.workspace", "open_workspace"),
}


def current(path: "str | os.PathLike[str] | None" = None) -> str | None:
    """Return the name of the session that is meant here, or None where none is active.

    Args:
        path: where to look for the root; the current directory if None.

    Returns:
        What WF_SESSION, the thread's binding or the marker give, in this order.

    Raises:
        SessionNotFound: WF_SESSION names no session.
        UnsafePath, DiskFailed: what is there for a root cannot be read.
    """
    from wfsession.core.locate import find_current

    return find_current(path).session


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    home, real_name = _HOMES[name]
    value = getattr(importlib.import_module(home), real_name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
