"""Temporary workspaces: where a command works while no session is active.

They lie in the root's `.wf/tmp`, or among the user's own state where there is no root. One that
stayed empty is removed; one in which something was written is kept, and can be adopted by
`create(..., adopt=path)`. Source: protocol.md, 6.
"""

import os

from wfsession.core import layout
from wfsession.core.attic import open_parent
from wfsession.core.disk import Folder, make_directories
from wfsession.core.names import make_slug
from wfsession.core.private import make_private
from wfsession.core.times import make_stamp, now
from wfsession.errors import as_wf_error


def make_workspace(root_path: str | None, command: str) -> str:
    """Create a temporary workspace, and return its absolute path.

    Args:
        root_path: the root, or None where there is none.
        command: what will work in it, in a word or two, for its name.

    Raises:
        DiskFailed, UnsafePath: it cannot be made.
    """
    word = make_slug(command, "command").removeprefix("WFS-")
    name = f"workspace-{make_stamp(now())}-{word}-{os.urandom(3).hex()}"
    where = root_path if root_path is not None else _find_state_directory()
    try:
        with _open_parent(root_path, where) as parent:
            parent.make(name)
            return parent.join(name)
    except OSError as error:
        raise as_wf_error(where, error) from None


def _open_parent(root_path: str | None, where: str) -> Folder:
    if root_path is None:
        return make_directories(where)
    with Folder.open(root_path) as root:
        make_private(root)
        with root.child(layout.PRIVATE) as private:
            return private.child(layout.STAGING)


def _find_state_directory() -> str:
    from platformdirs import user_state_dir

    return os.path.join(user_state_dir("wfsession", appauthor=False), "workspaces")


def remove_if_empty(root_path: str | None, path: str) -> bool:
    """Remove a temporary workspace in which nothing was written.

    Args:
        root_path: the root that it was made for, or None.
        path: what `make_workspace` returned.

    Returns:
        Whether it is gone.
    """
    above, name = os.path.split(path)
    base = above if root_path is None else root_path
    try:
        # Whoever worked there may have put a link in the place of what is on the way.
        with Folder.open(base) as top, open_parent(top, os.path.relpath(path, base)) as parent:
            parent.remove(name)
    except FileNotFoundError:
        return True
    except OSError:
        # Something is in it; or it cannot be told, and then it is kept as well.
        return False
    return True
