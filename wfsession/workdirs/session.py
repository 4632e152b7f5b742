"""The root of a repository, beside its worktrees, and the session in it for an issue or a branch.

A session is found again by what its record says under `workdir`, so it may be renamed. All agents
that work on one issue share it.
"""

import os
from collections.abc import ItemsView
from datetime import datetime
from typing import Any

from wfsession.core import creation, lifecycle
from wfsession.core.disk import make_directories
from wfsession.core.model import Session
from wfsession.core.operation import DEFAULT_TIMEOUT_S
from wfsession.core.snapshot import read_snapshot
from wfsession.errors import as_wf_error
from wfsession.workdirs.key import name_repository
from wfsession.workdirs.locks import hold
from wfsession.workdirs.places import Places
from wfsession.workdirs.thread import ThreadKey

KEY = "workdir"


def open_session(places: Places, key: ThreadKey) -> tuple[str, Session, tuple[str, ...]]:
    """Return the root of a repository, the session for a thread in it, and what there is to say.

    Both are made where they are missing. A session that was completed or archived is reopened: the
    work on its matter goes on.

    Raises:
        LockTimeout: somebody else held the root for long.
        UnsafePath, DiskFailed, RecordUnusable: what is there cannot be used.

    On crash: as before, or a root without the session, or the session.
    """
    name = name_repository(key.repository)
    path = places.root(name)
    try:
        make_directories(os.path.dirname(path)).close()
    except OSError as error:
        raise as_wf_error(path, error) from None
    root, _ = creation.create_root(os.path.dirname(path))
    # Or two agents on a new issue would make a session each.
    with hold(os.path.join(places.threads(name), "sessions.lock"), DEFAULT_TIMEOUT_S):
        found = _find(root, key)
        if found is None:
            made = creation.create(
                root, _make_title(key), switch=False, more={KEY: _describe_matter(key)}
            )
            return root, made.session, ()
        if found.location == "root" and found.state != "completed":
            return root, found, ()
        note = f"{found.name} was {found.state}, and is open again"
        return root, lifecycle.reopen(root, found.name).session, (note,)


def _find(root: str, key: ThreadKey) -> Session | None:
    """Return the session for a thread: an open one before others, and of those the newest."""
    wanted = _describe_matter(key).items()
    mine = [one for one in read_snapshot(root, archived=True).sessions if wanted <= _read(one)]
    return max(mine, key=_rank, default=None)


def _read(session: Session) -> ItemsView[str, Any]:
    found = session.record.data.get(KEY) if session.record is not None else None
    return found.items() if isinstance(found, dict) else {}.items()


def _rank(session: Session) -> tuple[bool, bool, datetime]:
    is_here = session.location == "root"
    return is_here, session.state != "completed", session.created


def _describe_matter(key: ThreadKey) -> dict[str, str]:
    matter = {"issue": key.issue} if key.issue else {"branch": key.branch}
    return {"repository": key.repository, **matter}


def _make_title(key: ThreadKey) -> str:
    repository = os.path.basename(key.repository.rstrip("/")).removesuffix(".git")
    return f"{repository} {key.matter}"
