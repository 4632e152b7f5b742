"""A ready workdir for an agent and a branch: made, used again, or put right.

Two locks: the workdir's, which whoever works in it holds all the while; and within it, for a
moment, the cache's.
"""

from attrs import evolve, frozen

from wfsession.core.times import now
from wfsession.errors import GitFailed, RecordUnusable
from wfsession.workdirs.aside import set_aside
from wfsession.workdirs.cache import is_fault_of_cache, open_cache
from wfsession.workdirs.git import Access
from wfsession.workdirs.key import Key, make_key
from wfsession.workdirs.locks import DEFAULT_WAIT_S, hold
from wfsession.workdirs.places import Places, find_places
from wfsession.workdirs.record import (
    BadRecord,
    WorkdirRecord,
    read_record,
    write_record,
)
from wfsession.workdirs.remote import Remote
from wfsession.workdirs.worktree import (
    State,
    Worktree,
    fill,
    make_worktree,
    open_worktree,
    update,
)

# A record that says so anyway need not be written for every use.
_USED_S = 60.0
_NO_ACCESS = Access()


@frozen
class Acquired:
    """A workdir that can be worked in.

    `head` is the commit that it is at, empty in a repository without any; `notes` are sentences
    for people.
    """

    path: str
    key: Key
    record: WorkdirRecord
    state: State
    head: str
    notes: tuple[str, ...] = ()


def find_path(places: Places, agent: str, remote: Remote, branch: str) -> str:
    """Return where the workdir of a key is, or would be. Asks neither the disk nor git.

    Raises:
        InvalidValue: the agent or the branch cannot have that name.
    """
    return places.workdir(make_key(agent, remote, branch))


def acquire(
    places: Places | None,
    agent: str,
    remote: Remote,
    branch: str,
    *,
    base: str | None = None,
    filter_blobs: bool = False,
    access: Access = _NO_ACCESS,
    timeout_s: float = DEFAULT_WAIT_S,
) -> Acquired:
    """Make a workdir ready. Its lock is held meanwhile; to go on holding it: `acquire_held`.

    Args:
        places: where workdirs lie; None for the user's own.
        agent: who works in it.
        remote: the repository.
        branch: the branch, which the remote need not have yet.
        base: where such a branch begins; None for the remote's default branch.
        filter_blobs: whether a cache that is made leaves out the contents of files until they
            are asked for.
        access: how git is run and the remote is opened.
        timeout_s: how long to wait for each of the two locks, in seconds.

    Raises:
        InvalidValue: a name cannot be one, or `base` names nothing, or is needed.
        LockTimeout: somebody works in it, or in the cache, all that time.
        GitFailed: the repository cannot be fetched, and there is no cache of it.
        UnsafePath, DiskFailed: something cannot be written.

    On crash: a workdir as before or as after, or an unfinished one, which the next call finishes.
    """
    places = find_places() if places is None else places
    key = make_key(agent, remote, branch)
    with hold(places.lock(key), timeout_s) as descriptor:
        return acquire_held(
            places,
            key,
            remote,
            descriptor,
            base=base,
            filter_blobs=filter_blobs,
            access=access,
            timeout_s=timeout_s,
        )


def acquire_held(
    places: Places,
    key: Key,
    remote: Remote,
    descriptor: int,
    *,
    base: str | None = None,
    filter_blobs: bool = False,
    access: Access = _NO_ACCESS,
    timeout_s: float = DEFAULT_WAIT_S,
) -> Acquired:
    """Do what `acquire` does, for whoever holds the workdir's lock by a descriptor already."""
    record, notes = _read(places, key)

    def prepare(is_broken: bool) -> "tuple[Worktree, tuple[str, ...]]":
        return _prepare(
            places, key, remote, record, descriptor, access, base,
            filter_blobs=filter_blobs, is_broken=is_broken, timeout_s=timeout_s,
        )  # fmt: skip

    try:
        tree, said = prepare(is_broken=False)
    except GitFailed as error:
        if not is_fault_of_cache(error):
            raise
        tree, said = prepare(is_broken=True)
    branch = _choose_branch(key, record, tree)
    head, left = update(tree, key, branch, descriptor)
    record = _note_use(places, key, remote, branch)
    return Acquired(tree.path, key, record, tree.state, head, (*notes, *said, *left))


def _prepare(
    places: Places,
    key: Key,
    remote: Remote,
    record: WorkdirRecord | None,
    descriptor: int,
    access: Access,
    base: str | None,
    *,
    filter_blobs: bool,
    is_broken: bool,
    timeout_s: float,
) -> tuple[Worktree, tuple[str, ...]]:
    """Return the worktree of a key with its files, and what there is to say."""
    with open_cache(
        places,
        remote,
        access,
        timeout_s=timeout_s,
        filter_blobs=filter_blobs,
        is_broken=is_broken,
    ) as cache:
        tree = open_worktree(cache, places.workdir(key))
        if tree is not None:
            return tree, cache.notes
        former = record.local_branch if record is not None else ""
        tree = make_worktree(places, cache, key, base, former)
    # The longest part, with which others need not wait.
    return tree, (*cache.notes, *tree.notes, *fill(tree, descriptor))


def _choose_branch(key: Key, record: WorkdirRecord | None, tree: Worktree) -> str:
    """Return the local branch that is the agent's own, whichever the worktree is on."""
    former = record.local_branch if record is not None else key.local_branches[0]
    return tree.link.branch if tree.link.branch in key.local_branches else former


def _read(places: Places, key: Key) -> tuple[WorkdirRecord | None, tuple[str, ...]]:
    """Return the record of a workdir; one that is none is set aside, as it will be written anew.

    Raises:
        RecordUnusable: it is from a newer version.
    """
    found = read_record(places, key)
    if not isinstance(found, BadRecord):
        return found, ()
    if found.is_newer:
        raise RecordUnusable(found.path, "record-newer-schema", found.reason)
    aside = set_aside(places, found.path)
    return None, (f"its record was of no use ({found.reason}), and is set aside: {aside}",)


def _note_use(places: Places, key: Key, remote: Remote, branch: str) -> WorkdirRecord:
    """Write down that a workdir is used now, into what its record says by now."""
    moment, path = now(), places.workdir(key)
    record = read_record(places, key)
    if not isinstance(record, WorkdirRecord):
        record = WorkdirRecord(
            agent=key.agent,
            repository=key.repository,
            url=remote.url,
            branch=key.branch,
            local_branch=branch,
            path=path,
            created_at=moment,
            used_at=moment,
        )
        write_record(places, record)
        return record
    used = evolve(record, used_at=moment, url=remote.url, local_branch=branch, path=path)
    is_recent = abs((moment - record.used_at).total_seconds()) < _USED_S
    if is_recent and evolve(used, used_at=record.used_at) == record:
        return record
    write_record(places, used)
    return used
