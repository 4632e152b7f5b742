"""Where an overview of this project is made from: what `serve` and `status --watch` share."""

import os

from wfsession.cli.asking import open_desk
from wfsession.cli.call import Call
from wfsession.errors import RootNotFound
from wfsession.index.desk import Desk
from wfsession.overview.site import Site
from wfsession.workspace import Workspace


def make_site(call: Call, *, is_read_only: bool = False) -> Site:
    """Return where to look; what every look would complain of is raised now.

    Raises:
        RootNotFound: a root was named, and there is none.
        InvalidValue: there is no home, or the settings or the prices cannot be used.
    """
    from wfsession.workdirs.places import find_places

    _open_workspace(call)
    _open_desk(call, False)
    options = call.options
    return Site(
        # A call of its own each, as the project may change while somebody looks on.
        open_workspace=lambda: _open_workspace(Call(options)),
        open_desk=lambda with_git: _open_desk(Call(options), with_git),
        places=find_places(),
        directory=os.getcwd(),
        is_read_only=is_read_only,
    )


def _open_workspace(call: Call) -> Workspace | None:
    try:
        return call.workspace
    except RootNotFound:
        if call.is_pinned:
            raise
        return None


def _open_desk(call: Call, with_git: bool) -> Desk:
    """Return where to ask about the project here, or about all there are where it is none."""
    return open_desk(call, everywhere=_open_workspace(call) is None, with_git=with_git)
