"""The sweep: which workdirs are done with, and away with those whose work is safely elsewhere.

Candidates are those that were marked, and those whose branch was on the remote and is not any
more. Without `apply` nothing is written and nobody is asked, the remote neither.
"""

from collections.abc import Iterable
from datetime import datetime

from attrs import evolve, frozen

from wfsession.core.times import encode_time
from wfsession.errors import GitFailed, LockTimeout, WfError
from wfsession.git import Access, Git
from wfsession.settings import WorkdirSettings
from wfsession.workdirs.cache import is_sound, open_cache, update_default
from wfsession.workdirs.clean import Cleaner, Decision, act, look
from wfsession.workdirs.du import measure
from wfsession.workdirs.locks import DEFAULT_WAIT_S, hold
from wfsession.workdirs.merged import ORIGIN
from wfsession.workdirs.places import Places
from wfsession.workdirs.reasons import Reason
from wfsession.workdirs.record import (
    BadRecord,
    WorkdirRecord,
    read_record,
    read_records,
    write_record,
)
from wfsession.workdirs.remote import Remote
from wfsession.workdirs.trash import Expired, expire

# When the branch of a workdir was first seen on the remote: a key of the record.
SEEN = "upstream_seen_at"
_WHY = {
    "branch_deleted": "branch deleted",
    "pull_request_merged": "pull request merged",
    "pull_request_closed": "pull request closed",
}
_GONE = "branch gone from the remote"


@frozen
class Swept:
    """What a sweep did, or (`applied` False) would do.

    `others` counts the workdirs that are not done with. `notes` tell what went wrong on the way.
    """

    applied: bool
    decisions: tuple[Decision, ...]
    others: int
    expired: tuple[Expired, ...]
    bad: tuple[BadRecord, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def freed_bytes(self) -> int:
        """How much of the disk is (would be) given back: what leaves the trash."""
        return sum(one.size_bytes for one in self.expired if not one.problem)


def sweep(
    places: Places,
    access: Access,
    settings: WorkdirSettings,
    *,
    apply: bool,
    at: datetime,
    repository: Remote | None = None,
    timeout_s: float = DEFAULT_WAIT_S,
) -> Swept:
    """Remove what is done with and safely elsewhere; without `apply` tell what that would be.

    Args:
        places: where the workdirs are.
        access: how remotes are opened.
        settings: what may be ignored, and how long the trash keeps.
        apply: whether to do it.
        at: the present.
        repository: only workdirs of this one; None for all.
        timeout_s: how long to wait for the lock of a cache, in seconds.

    Raises:
        UnsafePath, DiskFailed: the records or the trash cannot be read.

    On crash: some workdirs are in the trash, one may be half-way; the next sweep goes on.
    """
    cleaner = Cleaner(places, access, settings.allowed_ignored, at, timeout_s=timeout_s)
    records, bad = read_records(places)
    groups: dict[str, list[WorkdirRecord]] = {}
    for record in records:
        if repository is None or record.repository == repository.identity:
            groups.setdefault(record.repository, []).append(record)
    decisions, notes = list[Decision](), list[str]()
    for group in groups.values():
        found = _decide_all(cleaner, group, apply=apply)
        if apply:
            found = [act(cleaner, one) if one.action == "remove" else one for one in found]
            if any(one.removed for one in found):
                notes += collect(cleaner, group[0], settings.trash_days)
        decisions += found
    expired = expire(places, settings.trash_days, at, apply=apply)
    others = sum(map(len, groups.values())) - len(decisions)
    return Swept(apply, tuple(decisions), others, tuple(expired), tuple(bad), tuple(notes))


def _decide_all(cleaner: Cleaner, group: list[WorkdirRecord], *, apply: bool) -> list[Decision]:
    """Decide about the workdirs of one repository that may be done with."""
    bare = cleaner.places.bare(group[0].key.repository_name)
    if not is_sound(bare):
        return keep_without_cache(cleaner, [one for one in group if one.marked])
    cache = Git(cleaner.access, git_dir=bare)
    before = list_branches(cache)
    trouble = refresh(cleaner, group) if apply else ()
    now = list_branches(cache) if apply else before
    if apply:
        group = [_note_seen(cleaner, one) if one.branch in now else one for one in group]
    decisions = []
    for record in group:
        was_there = record.branch in before or SEEN in record.data
        is_gone = was_there and record.branch not in now
        if record.marked or is_gone:
            why = _WHY[record.marked.reason] if record.marked else _GONE
            decisions.append(measured(look(cleaner, record, why, *trouble)))
    return decisions


def measured(decision: Decision) -> Decision:
    """Return a decision with what the workdir takes of the disk."""
    return evolve(decision, size_bytes=measure(decision.path))


def keep_without_cache(cleaner: Cleaner, records: Iterable[WorkdirRecord]) -> list[Decision]:
    """Decide about workdirs whose cache cannot tell anything."""
    reasons = (Reason("cache-missing"),)
    return [Decision(one, cleaner.places.workdir(one.key), "keep", reasons, "") for one in records]


def list_branches(cache: Git) -> frozenset[str]:
    """Return the branches that the remote had when it was last asked."""
    told = cache.ask("for-each-ref", "--format=%(refname)", f"{ORIGIN}/")
    return frozenset(line.removeprefix(f"{ORIGIN}/") for line in told.split("\n"))


def refresh(cleaner: Cleaner, group: Iterable[WorkdirRecord]) -> tuple[Reason, ...]:
    """Ask the remote of a repository; return why what is known of it may be old, if it is."""
    latest = max(group, key=lambda one: one.used_at)
    remote = Remote(latest.repository, latest.url)
    try:
        with open_cache(
            cleaner.places, remote, cleaner.access, timeout_s=cleaner.timeout_s
        ) as cache:
            if not cache.is_fresh:
                return (Reason("remote-unreachable", "; ".join(cache.notes)),)
            update_default(cache.git)
            return ()
    except LockTimeout as error:
        return (Reason("busy", str(error)),)
    except WfError as error:
        return (Reason("remote-unreachable", str(error)),)


def _note_seen(cleaner: Cleaner, record: WorkdirRecord) -> WorkdirRecord:
    """Put down that a branch is on the remote, so that its end is seen whoever fetches it."""
    if SEEN in record.data:
        return record
    places = cleaner.places
    try:
        with hold(places.lock(record.key), 0):
            found = read_record(places, record.key)
            if found != record or not isinstance(found, WorkdirRecord):
                return record
            data = {**found.data, SEEN: encode_time(cleaner.at)}
            write_record(places, evolve(found, data=data))
            return evolve(found, data=data)
    except WfError:
        return record  # somebody works in it, or the disk is full: it is as before


def collect(cleaner: Cleaner, record: WorkdirRecord, trash_days: int) -> tuple[str, ...]:
    """Let git pack a cache, and drop what nothing leads to for longer than the trash keeps."""
    name = record.key.repository_name
    cache = Git(cleaner.access, git_dir=cleaner.places.bare(name))
    never = ("-c", "gc.worktreePruneExpire=never")
    try:
        with hold(cleaner.places.bare_lock(name), cleaner.timeout_s) as lock:
            cache.run(
                *never, "gc", "--quiet", f"--prune={max(trash_days, 14) + 1}.days.ago", keep=(lock,)
            )
    except (GitFailed, LockTimeout) as error:
        return (f"the cache of {record.repository} was not packed: {error}",)
    return ()
