"""The private directory `.wf` of a root, which every writer makes where it is missing."""

from wfsession.core import layout
from wfsession.core.disk import Folder
from wfsession.errors import UnsafePath


def make_private(root: Folder) -> None:
    """Make `.wf`, `.wf/tmp`, and before the former the root's `.gitignore`.

    On crash: any of them may be missing, or a part of the last; the next call goes on.
    """
    if root.find(layout.PRIVATE) is None:
        try:
            root.create(layout.IGNORE, layout.IGNORED)
        except FileExistsError:
            _finish_ignore(root)
        root.make_if_missing(layout.PRIVATE)
    try:
        with root.child(layout.PRIVATE) as private:
            private.make_if_missing(layout.STAGING)
    except FileNotFoundError:
        make_private(root)


def _finish_ignore(root: Folder) -> None:
    """Say again what a crash left only a part of; a `.gitignore` of somebody's own stays."""
    try:
        data = root.read(layout.IGNORE, len(layout.IGNORED)).data
    except UnsafePath:
        return
    # A drive without power may leave zeros for what was not synced.
    if data != layout.IGNORED and layout.IGNORED.startswith(data.rstrip(b"\0")):
        root.append(layout.IGNORE, layout.IGNORED, durable=True)
