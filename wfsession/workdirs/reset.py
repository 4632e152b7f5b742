"""The reset: workdirs that somebody wants away, whether or not they are done with.

The same looks and the same act as the sweep's. What is unsaved keeps a workdir unless that kind is
given up, and then too it goes to the trash; whoever works in it keeps it always.
"""

from datetime import datetime

from wfsession.errors import InvalidValue
from wfsession.git import Access
from wfsession.settings import WorkdirSettings
from wfsession.workdirs.cache import is_sound
from wfsession.workdirs.clean import Cleaner, Decision, act, look
from wfsession.workdirs.key import Key, check_agent
from wfsession.workdirs.locks import DEFAULT_WAIT_S
from wfsession.workdirs.places import Places
from wfsession.workdirs.reasons import Kind, Reason
from wfsession.workdirs.record import WorkdirRecord, read_records
from wfsession.workdirs.sweep import Swept, collect, keep_without_cache, measured, refresh

_WHY = "reset"


def reset(
    places: Places,
    access: Access,
    settings: WorkdirSettings,
    *,
    agent: str,
    key: Key | None,
    may_lose: frozenset[Kind],
    apply: bool,
    at: datetime,
    timeout_s: float = DEFAULT_WAIT_S,
) -> Swept:
    """Move an agent's workdirs to the trash; without `apply` tell what that would be.

    Args:
        places: where the workdirs are.
        access: how remotes are opened.
        settings: what may be ignored.
        agent: whose workdirs.
        key: the one that is meant; None for all of the agent.
        may_lose: the kinds of unsaved work that do not keep one: "dirty", "unpushed".
        apply: whether to do it.
        at: the present.
        timeout_s: how long to wait for the lock of a cache, in seconds.

    Raises:
        InvalidValue: there is no such workdir.
        UnsafePath, DiskFailed: the records cannot be read.

    On crash: as `sweep`.
    """
    check_agent(agent)
    cleaner = Cleaner(places, access, settings.allowed_ignored, at, may_lose, timeout_s)
    records, bad = read_records(places)
    meant = [one for one in records if one.agent == agent and key in (None, one.key)]
    if not meant:
        what = f"no workdir for {key.branch} of {key.repository}" if key else "no workdir"
        raise InvalidValue("workdir", agent, f"{agent} has {what}", "wf workdir list")
    groups: dict[str, list[WorkdirRecord]] = {}
    for record in meant:
        groups.setdefault(record.repository, []).append(record)
    decisions, notes = list[Decision](), list[str]()
    for group in groups.values():
        found = _reset_all(cleaner, group, apply=apply)
        decisions += found
        if any(one.removed for one in found):
            notes += collect(cleaner, group[0], settings.trash_days)
    return Swept(apply, tuple(decisions), 0, (), tuple(bad), tuple(notes))


def _reset_all(cleaner: Cleaner, group: list[WorkdirRecord], *, apply: bool) -> list[Decision]:
    """Decide about the workdirs of one repository, and act."""
    if not is_sound(cleaner.places.bare(group[0].key.repository_name)):
        return keep_without_cache(cleaner, group)
    trouble: tuple[Reason, ...] = refresh(cleaner, group) if apply else ()
    decisions = [measured(look(cleaner, one, _WHY, *trouble)) for one in group]
    if not apply:
        return decisions
    return [act(cleaner, one) if one.action == "remove" else one for one in decisions]
