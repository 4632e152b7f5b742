"""How alive threads are, what to call them, of which kind they are, and which belong together.

Pure: values and the present as arguments. Imports the lenient readers' `shorten` only.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from attrs import frozen

from wfsession.threads.ancestry import find_cycles
from wfsession.threads.loose import shorten
from wfsession.threads.prices import Prices

Tier = Literal["active", "idle", "stale", "closed", "completed"]
Kind = Literal["coding", "service"]
Liveness = Literal["live", "quiet", "dormant"]
Hint = Literal["over_powered", "over_provisioned"]

ACTIVE_S = 300
IDLE_S = 4 * 3600
_QUIET_S = 30 * 60
_DORMANT_S = 7 * 24 * 3600
_LABEL_CHARACTERS = 120
_SHORT_ID = 8
_CODING = ("claude-code", "codex")
_LEAST_COST_USD = 0.05
_SMALL_OUTPUT = 2_000
_FEW_CALLS = 5
_LARGE_CONTEXT = 50_000


def find_tier(
    last_activity: datetime | None,
    now: datetime,
    *,
    touched: datetime | None = None,
    said: Literal["closed", "completed"] | None = None,
    idle_s: float = IDLE_S,
) -> Tier:
    """Return how alive a thread is.

    Args:
        last_activity: when it last did something; None where that is not known. That somebody
            closed it is no activity.
        now: the present.
        touched: when its transcript was written last.
        said: what was said of it explicitly, which counts before all else.
        idle_s: until when a thread is idle and not stale, in seconds, inclusive.
    """
    if said is not None:
        return said
    for moment in (last_activity, touched):
        if moment is not None and _age_s(moment, now) <= ACTIVE_S:
            return "active"
    if last_activity is not None and _age_s(last_activity, now) <= idle_s:
        return "idle"
    return "stale"


def is_end(started: datetime, ended: datetime) -> bool:
    """Tell whether a turn is the end of what it is about: only one that took any time is."""
    return ended > started


def choose_label(id: str, renames: Mapping[str, str], declared: str = "") -> str:
    """Return what to call a thread, in at most 120 characters.

    Args:
        id: the agent's id of it.
        renames: what the user calls threads, by their ids or by how these begin; of several
            beginnings the longest counts, and what is blank was cleared.
        declared: what its spawner calls it.
    """
    beginnings = sorted((key for key in renames if key and id.startswith(key)), key=len)
    for text in (*(renames[key] for key in reversed(beginnings)), declared):
        label = shorten(text, _LABEL_CHARACTERS)
        if label:
            return label
    return id[:_SHORT_ID]


def find_kind(agent: str) -> Kind:
    """Tell whether an agent writes code in its threads, or is a service."""
    return "coding" if agent.startswith(_CODING) else "service"


def find_liveness(last_seen: datetime, now: datetime) -> Liveness | None:
    """Return how alive a service is; None where it was not seen for seven days."""
    age = _age_s(last_seen, now)
    if age <= ACTIVE_S:
        return "live"
    if age <= _QUIET_S:
        return "quiet"
    return "dormant" if age <= _DORMANT_S else None


def _age_s(moment: datetime, now: datetime) -> float:
    return (now - moment) / timedelta(seconds=1)


@frozen
class Declared:
    """What a spawner declared of a thread; empty where it did not."""

    thread: str
    run: str = ""
    parent: str = ""


@frozen
class Past:
    """A thread that may be in the archive: its tier, when it was last active, what it left."""

    thread: str
    tier: Tier
    last: datetime | None
    tokens: int = 0
    tool_calls: int = 0
    cost_usd: float | None = None

    @property
    def left_something(self) -> bool:
        """Tell whether it used tokens or tools, or cost anything."""
        return bool(self.tokens or self.tool_calls or self.cost_usd)


@frozen
class Member:
    """A thread in a run: `depth` is 0 for a root, and one more than that of `parent` else."""

    thread: str
    parent: str
    depth: int


def group_by_run(threads: Iterable[Declared]) -> dict[str, tuple[Member, ...]]:
    """Return the threads of each declared run as a tree: each before its children.

    One whose parent is itself, in a cycle with it, or in no such run is a root; nobody disappears.
    """
    runs: dict[str, dict[str, str]] = {}
    for one in threads:
        if one.run:
            runs.setdefault(one.run, {})[one.thread] = one.parent
    return {run: _make_tree(parents) for run, parents in runs.items()}


def _make_tree(declared: Mapping[str, str]) -> tuple[Member, ...]:
    in_cycle = find_cycles(declared)
    children: dict[str, list[str]] = {}
    for thread, parent in declared.items():
        is_root = parent not in declared or thread in in_cycle
        children.setdefault("" if is_root else parent, []).append(thread)
    members = []
    waiting = [Member(root, "", 0) for root in reversed(children.get("", []))]
    while waiting:
        member = waiting.pop()
        members.append(member)
        for child in reversed(children.get(member.thread, [])):
            waiting.append(Member(child, member.thread, member.depth + 1))
    return tuple(members)


def find_archive(threads: Iterable[Past]) -> tuple[Past, ...]:
    """Return what is over and left something: closed or stale, the newest first."""
    over = [one for one in threads if one.tier in ("closed", "stale") and one.left_something]
    return tuple(
        sorted(over, key=lambda one: one.last.timestamp() if one.last else 0, reverse=True)
    )


def right_size(
    prices: Prices,
    model: str,
    cost_usd: float | None,
    *,
    input_tokens: int,
    cache_read_tokens: int,
    output_tokens: int,
    tool_calls: int,
) -> tuple[Hint, ...]:
    """Return where a subagent may have been given more than it needed: hints, and no judgement.

    Args:
        prices: which models are premium ones.
        model: the subagent's.
        cost_usd: what it cost; nothing is said below $0.05, nor where that is not known.
        input_tokens: of all its responses, as are the others.
        cache_read_tokens: what was read from the cache.
        output_tokens: what it wrote.
        tool_calls: how many.
    """
    if cost_usd is None or cost_usd < _LEAST_COST_USD or output_tokens >= _SMALL_OUTPUT:
        return ()
    hints: list[Hint] = []
    if prices.is_premium(model) and tool_calls <= _FEW_CALLS:
        hints.append("over_powered")
    if input_tokens + cache_read_tokens >= _LARGE_CONTEXT:
        hints.append("over_provisioned")
    return tuple(hints)
