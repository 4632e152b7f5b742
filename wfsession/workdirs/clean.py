"""One workdir: keep it or remove it? And the act, after another look. For `sweep` and `reset`.

Waits for nobody who works in it: whoever holds its lock keeps it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from attrs import evolve, frozen

from wfsession.errors import GitFailed, LockTimeout, WfError
from wfsession.git import Access, Git
from wfsession.workdirs.evidence import Evidence, gather
from wfsession.workdirs.locks import DEFAULT_WAIT_S, hold, is_held
from wfsession.workdirs.places import Places
from wfsession.workdirs.reasons import Kind, Reason
from wfsession.workdirs.record import WorkdirRecord, read_record
from wfsession.workdirs.removal import Removed, remove

Action = Literal["keep", "remove"]


@frozen
class Cleaner:
    """What all looks and acts of one run have in common.

    `may_lose` are the kinds of work that somebody said may go to the trash.
    """

    places: Places
    access: Access
    allowed_ignored: Sequence[str]
    at: datetime
    may_lose: frozenset[Kind] = frozenset()
    timeout_s: float = DEFAULT_WAIT_S


@frozen
class Decision:
    """What is to be done with a workdir, and the reasons that keep it.

    `why` says why it may go. `removed` is where it went, once that is done.
    """

    record: WorkdirRecord
    path: str
    action: Action
    reasons: tuple[Reason, ...]
    why: str
    size_bytes: int = 0
    removed: Removed | None = None


def decide(evidence: Evidence, why: str, may_lose: frozenset[Kind] = frozenset()) -> Decision:
    """Return what is to be done, by what was found alone: anything that may be lost keeps it."""
    reasons = tuple(one for one in evidence.reasons if not _may_go(one.kind, may_lose))
    elsewhere = f"; {_ELSEWHERE[evidence.elsewhere]}" if evidence.elsewhere else ""
    action: Action = "keep" if reasons else "remove"
    return Decision(evidence.record, evidence.path, action, reasons, f"{why}{elsewhere}")


_ELSEWHERE = {
    "on-remote": "on the remote",
    "squash-merged": "merged as one commit",
    "rebase-merged": "merged as other commits",
}


def _may_go(kind: Kind, may_lose: frozenset[Kind]) -> bool:
    return kind in may_lose or (kind == "both" and may_lose >= {"dirty", "unpushed"})


def look(cleaner: Cleaner, record: WorkdirRecord, why: str, *also: Reason) -> Decision:
    """Look at a workdir, and decide; `also` are reasons that are known already."""
    found = gather(cleaner.places, record, cleaner.access, cleaner.allowed_ignored)
    busy = (Reason("busy"),) if is_held(cleaner.places.lock(record.key)) else ()
    return decide(evolve(found, reasons=(*also, *busy, *found.reasons)), why, cleaner.may_lose)


def act(cleaner: Cleaner, decision: Decision) -> Decision:
    """Remove a workdir that is to be removed, if nothing has changed since that was decided.

    Returns:
        The decision, with where it is now; or to keep it, with what came up.

    On crash: as `removal.remove`.
    """
    record, places = decision.record, cleaner.places
    try:
        with hold(places.lock(record.key), 0):
            if read_record(places, record.key) != record:
                return _keep(decision, Reason("taken-up"))
            # Waited for before the second look, which is worth nothing when it is old.
            with hold(places.bare_lock(record.key.repository_name), cleaner.timeout_s):
                return _look_and_remove(cleaner, decision)
    except LockTimeout as error:
        return _keep(decision, Reason("busy", error.holder))
    except GitFailed as error:
        return _keep(decision, Reason("cannot-tell", error.reason))
    except WfError as error:
        return _keep(decision, Reason("cannot-move", str(error)))


def _look_and_remove(cleaner: Cleaner, decision: Decision) -> Decision:
    record, places = decision.record, cleaner.places
    found = gather(places, record, cleaner.access, cleaner.allowed_ignored)
    again = decide(found, decision.why, cleaner.may_lose)
    if again.reasons:
        return _keep(decision, *again.reasons)
    cache = Git(cleaner.access, git_dir=places.bare(record.key.repository_name))
    return evolve(decision, removed=remove(places, found, cache, decision.why, cleaner.at))


def _keep(decision: Decision, *reasons: Reason) -> Decision:
    return evolve(decision, action="keep", reasons=reasons)
