"""The private directory `.wf` of a root, which every writer makes where it is missing."""

from wfsession.core import layout
from wfsession.core.disk import Folder


def make_private(root: Folder) -> None:
    """Make `.wf`, `.wf/tmp`, and before the former the root's `.gitignore`."""
    if root.find(layout.PRIVATE) is None:
        try:
            root.create(layout.IGNORE, layout.IGNORED)
        except FileExistsError:
            pass  # somebody's own: it stays
        root.make_if_missing(layout.PRIVATE)
    try:
        with root.child(layout.PRIVATE) as private:
            private.make_if_missing(layout.STAGING)
    except FileNotFoundError:
        make_private(root)
